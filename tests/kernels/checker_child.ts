/**
 * Opens logs that something has happened to, on any runtime. For each line that
 * it reads, the path of a log, it prints two lines of JSON:
 *
 * 1. a {@linkcode Found}: what a plain open and a replay give; then it waits for
 *    a line, so that the one who asked can stop the clock here;
 * 2. a {@linkcode Used}: whether the log can be used from here on: append, close,
 *    verify, open again.
 *
 * @module
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { MiniStore } from "../../mod.ts";

/** What an open found, or why it was refused. */
export interface Found {
  readonly error?: string;
  readonly code?: string;
  readonly first: number;
  readonly sequence: number;
  readonly records: readonly unknown[];
  /** What the open says that it did. */
  readonly recovery?: unknown;
}

/** What using a log that was opened gave. */
export interface Used {
  /** What is wrong; empty if nothing is. */
  readonly problems: readonly string[];
}

async function find(store: MiniStore): Promise<Found> {
  const records = await MiniStore.replay(store.path);
  const { firstSequence: first, sequence, recovery } = store;
  return { first, sequence, records, recovery };
}

async function use(store: MiniStore): Promise<Used> {
  const problems: string[] = [];
  const want = store.sequence + 1;
  const sequence = await store.append({ n: want });
  if (sequence !== want) problems.push(`append gave ${sequence}, not ${want}`);
  await store.close();
  const report = await MiniStore.verify(store.path);
  if (!report.ok || !report.closed) {
    problems.push(`verify reports ${JSON.stringify(report)}`);
  }
  const again = await MiniStore.open(store.path);
  const { torn, closed, created } = again.recovery;
  if (again.sequence !== want || torn || !closed || created) {
    problems.push(
      `opened again at ${again.sequence}, not ${want}: ${
        JSON.stringify(again.recovery)
      }`,
    );
  }
  await again.close();
  return { problems };
}

/** Waits until it is written: an answer can be longer than what a pipe takes at once. */
function say(answer: Found | Used): Promise<void> {
  const text = `${JSON.stringify(answer)}\n`;
  return new Promise((resolve) => process.stdout.write(text, () => resolve()));
}

const messageOf = (error: unknown) =>
  error instanceof Error ? error.message : String(error);

const input = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
for (;;) {
  const { value: path, done } = await input.next();
  if (done) break;
  let store: MiniStore;
  try {
    store = await MiniStore.open(path);
    await say(await find(store));
  } catch (error) {
    const { code } = error as { code?: string };
    const nothing = { first: 0, sequence: 0, records: [] };
    await say({
      error: messageOf(error),
      ...nothing,
      ...(code ? { code } : {}),
    });
    continue;
  }
  await input.next();
  try {
    await say(await use(store));
  } catch (error) {
    await say({ problems: [`using it threw: ${messageOf(error)}`] });
    await store.close().catch(() => {});
  }
}
