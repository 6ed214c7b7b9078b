/**
 * What becomes of a damaged queue: how it opens, and what those find who use it.
 */

import { DurableError, MiniQueue } from "../../mod.ts";
import { SimulatedFileSystem } from "../../src/testing/mod.ts";
import type { Files } from "../support/journals.ts";
import { type After, type Cells, expect } from "./cells.ts";
import { newQueueRun, queueOf, type QueueRun } from "./queue_calls.ts";
import type { QueueDamage, QueueDamages } from "./queue_damages.ts";
import { payloadAt, QUEUE } from "./queue_model.ts";
import { QUEUE_DIR, QUEUE_LOG, QueueOracle } from "./queue_oracle.ts";

/** Opens the damaged queues, and notes what becomes of them. */
export async function openDamagedQueues(
  damages: QueueDamages,
  cells: Cells,
  stride: number,
): Promise<void> {
  for await (const damage of damages(stride)) {
    await cells.attempt("reopen", damage.what, async () => {
      cells.after("reopen", await opened(damage, cells));
    });
  }
}

async function opened(damage: QueueDamage, cells: Cells): Promise<After> {
  const { files, owed, refusable } = damage;
  const run = newQueueRun(boot(files), new QueueOracle(owed));
  const refused = await openAt(run, owed.now).catch(refusal);
  if (refused) {
    expect(refusable, `R: refused: ${refused.message}`);
    const { visible } = run.fileSystem;
    const same = [...files].every(([path, bytes]) =>
      String(visible.files.get(path)) === String(bytes)
    );
    expect(same, "R: a refusal changes files");
    return "R";
  }
  const queue = queueOf(run);
  const { damage: fallback, log: { torn } } = queue.recovery;
  run.oracle.sees(queue);
  run.oracle.isOpened();
  const met = await run.oracle.lists(queue, true).catch(refusal);
  await queue.close();
  if (met) {
    cells.during("queue", await workOff(damage));
    cells.during("carry", await compactDamaged(damage));
  }
  return fallback ? "F" : torn ? "T" : "O";
}

async function openAt(run: QueueRun, time: number): Promise<void> {
  const { fileSystem, oracle } = run;
  oracle.clock.set(time);
  const options = { ...QUEUE, clock: oracle.clock, fileSystem };
  run.queue = await MiniQueue.open<string>(QUEUE_DIR, options);
}

/** D: what is damaged is refused with its position when it is met, and becomes a dead letter; all else is handed out. */
async function workOff({ files, owed }: QueueDamage): Promise<"D"> {
  const run = newQueueRun(boot(files), new QueueOracle(owed));
  await openAt(run, owed.now + 10_000); // all leases have run out
  const { model } = run.oracle;
  const queue = queueOf(run);
  const missing = new Set(
    model.items.filter((item) => item.attempts < QUEUE.maxAttempts)
      .filter(({ expiresAt = Infinity }) => expiresAt > run.oracle.now)
      .map(({ n }) => payloadAt(n)),
  );
  let met = 0;
  while (queue.size > 0) {
    const message = await queue.tryDequeue().catch(refusal);
    if (message === undefined) break;
    if (message instanceof DurableError) {
      met++;
      continue;
    }
    const { payload } = message;
    expect(missing.delete(payload), `Q3: ${payload} was handed out`);
    await message.ack();
  }
  expect(queue.size === 0, `Q1: ${queue.size} messages are never handed out`);
  expect(missing.size === met, `Q1: ${missing.size} are lost, ${met} damaged`);
  const { dead } = queue.stats();
  const least = model.dead.length + met;
  expect(dead >= least, `Q1: ${dead} dead letters of ${least}`);
  await queue.close();
  return "D";
}

/** K: a compaction that meets damage removes nothing, and carries nothing damaged; O: it does not meet it. */
async function compactDamaged(
  { files, owed }: QueueDamage,
): Promise<"K" | "O"> {
  const run = newQueueRun(boot(files), new QueueOracle(owed));
  await openAt(run, owed.now);
  const queue = queueOf(run);
  const failed = await queue.compact().then(() => undefined, refusal);
  await queue.close();
  const before = linesOf(files);
  const after = linesOf(run.fileSystem.visible.files);
  const needed = [...run.oracle.model.items, ...run.oracle.model.dead]
    .map(({ n }) => payloadAt(n));
  const missing = failed
    ? before.filter((line) => !after.includes(line))
    : needed.filter((payload) =>
      holds(before, payload) && !holds(after, payload)
    );
  expect(missing.length === 0, `Q6: removed: ${missing.join()}`);
  for (const line of after) {
    if (before.includes(line) || !line.startsWith('{"carry"')) continue;
    const { carry: { payload } } = JSON.parse(line);
    expect(needed.includes(payload), `Q6: ${payload} was carried`);
  }
  return failed ? "K" : "O";
}

/** The records in the log, those that are damaged included. */
function linesOf(files: Files): readonly string[] {
  return [...files].filter(([path]) => path.startsWith(QUEUE_LOG))
    .flatMap(([, bytes]) => decoder.decode(bytes).split("\n"))
    .filter((line) => !line.startsWith("//"));
}

/** Whether a payload is in one of the records. */
function holds(lines: readonly string[], payload: string): boolean {
  return lines.some((line) => line.endsWith(`"payload":"${payload}"}}`));
}

/** A refusal has a code and a position. */
function refusal(error: unknown): DurableError {
  const isRefusal = error instanceof DurableError &&
    ["CORRUPT", "NOT_A_JOURNAL", "UNSUPPORTED_VERSION"].includes(error.code);
  if (!isRefusal) throw error;
  const { path, offset, sequence } = error;
  const isPlaced = path !== undefined &&
    (offset !== undefined || sequence !== undefined ||
      path.startsWith("q/snapshot"));
  expect(isPlaced, `R: without a position: ${error.message}`);
  return error;
}

function boot(files: Files): SimulatedFileSystem {
  return new SimulatedFileSystem({
    image: { files, directories: [QUEUE_DIR] },
  });
}

const decoder = new TextDecoder("latin1");
