/** A queue on a simulated disk, and what tests do to it: hold calls, look at the log, let everything settle. */

import { assertEquals } from "@std/assert";
import {
  type Handler,
  MiniQueue,
  type ProcessOptions,
  type QueueOptions,
} from "../../mod.ts";
import {
  type DiskImage,
  FakeClock,
  type OperationKind,
  SimulatedFileSystem,
} from "../../src/testing/mod.ts";

/** The directory of the queue. */
export const DIR = "jobs";
/** Its log. */
export const LOG: string = `${DIR}/queue.jsonl`;

/** A queue in use. */
export interface Jobs<P> {
  readonly fileSystem: SimulatedFileSystem;
  readonly clock: FakeClock;
  readonly queue: MiniQueue<P>;
}

/** Opens the queue; chance is always 0, so that delays are as long as they can be. */
export async function openJobs<P = unknown>(
  options: QueueOptions<P> = {},
  fileSystem: SimulatedFileSystem = new SimulatedFileSystem(),
  clock: FakeClock = new FakeClock(),
): Promise<Jobs<P>> {
  const queue = await MiniQueue.open<P>(DIR, {
    fileSystem,
    clock,
    random: () => 0,
    ...options,
  });
  return { fileSystem, clock, queue };
}

/** Opens the queue of a program that has ended, with its clock. */
export function reopen<P>(
  { fileSystem, clock }: Jobs<P>,
  options: QueueOptions<P> = {},
): Promise<Jobs<P>> {
  fileSystem.restart();
  return openJobs(options, fileSystem, clock);
}

/**
 * Lets everything go on that waits for nothing but other promises. Files in
 * memory are nothing else, so one turn of the loop is enough, however long it is.
 */
export function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Whether a promise has neither resolved nor rejected when everything else has. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let isSettled = false;
  const settle = () => void (isSettled = true);
  promise.then(settle, settle);
  await turn();
  return !isSettled;
}

/** The code of the error with which a promise rejects; `"none"` if it resolves. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "none";
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

/** Holds calls of some kinds back until they are let through. */
export class Gate {
  readonly #fileSystem: SimulatedFileSystem;
  readonly #waiting: (() => void)[] = [];

  /** Holds calls from here on. */
  constructor(
    fileSystem: SimulatedFileSystem,
    kinds: readonly OperationKind[] = ["dataSync"],
    most: number = Infinity,
  ) {
    this.#fileSystem = fileSystem;
    let held = 0;
    fileSystem.onOperation = ({ kind }) => {
      if (!kinds.includes(kind) || held >= most) return undefined;
      held++;
      return new Promise<void>((resolve) => this.#waiting.push(resolve));
    };
  }

  /** How many calls are held. */
  get size(): number {
    return this.#waiting.length;
  }

  /** Lets the calls through that are held, and holds the next ones. */
  release(): void {
    for (const go of this.#waiting.splice(0)) go();
  }

  /** Lets all calls through, from here on. */
  open(): void {
    this.#fileSystem.onOperation = () => {};
    this.release();
  }
}

/** How often the data of a file was synced. */
export function syncsOf({ operations }: SimulatedFileSystem): number {
  return operations.filter(({ kind }) => kind === "dataSync").length;
}

/** All files, byte by byte, as text. */
export function bytesOf(fileSystem: SimulatedFileSystem): string {
  return imageText(fileSystem.visible);
}

function imageText({ files, directories }: DiskImage): string {
  const decoder = new TextDecoder("latin1");
  const texts = [...files].map(([path, bytes]) =>
    `${path}=${decoder.decode(bytes)}`
  );
  return [...directories, ...texts].sort().join("\n");
}

/** The segments of the log as text, oldest first. */
export function segmentsOf({ visible }: SimulatedFileSystem): string[] {
  const decoder = new TextDecoder();
  const paths = [...visible.files.keys()].filter((path) =>
    path.startsWith(`${LOG}.0`)
  ).sort();
  return [...paths, LOG].map((path) => decoder.decode(visible.files.get(path)));
}

/** The records of the log of one kind. */
export function recordsOf(
  fileSystem: SimulatedFileSystem,
  kind: string,
): Record<string, unknown>[] {
  const start = `{"${kind}":`;
  return segmentsOf(fileSystem).flatMap((text) =>
    text.split("\n").filter((line) => line.startsWith(start)).map((line) =>
      JSON.parse(line)[kind]
    )
  );
}

/** Asserts how many messages there are of each kind. */
export function assertCounts<P>(
  queue: MiniQueue<P>,
  expected: Partial<Record<"ready" | "delayed" | "leased" | "dead", number>>,
): void {
  const { ready, delayed, leased, dead } = queue.stats();
  assertEquals(
    { ready, delayed, leased, dead },
    { ready: 0, delayed: 0, leased: 0, dead: 0, ...expected },
  );
}

/** Everything an async iterable yields. */
export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** Damages the only place of the log where a text stands, without changing its length. */
export async function damage(
  fileSystem: SimulatedFileSystem,
  text: string,
): Promise<void> {
  const decoder = new TextDecoder("latin1");
  for (const [path, bytes] of fileSystem.visible.files) {
    const at = decoder.decode(bytes).indexOf(text);
    if (!path.startsWith(`${DIR}/queue`) || at < 0) continue;
    await using file = await fileSystem.open(path, { mode: "write" });
    await file.write(new TextEncoder().encode("#".repeat(text.length)), at);
    return;
  }
  throw new Error(`${text} is nowhere in the log`);
}

/** A handler that never ends. */
export const never: () => Promise<void> = () => new Promise<void>(() => {});

/** Works until `end` is called, which resolves when all is done. */
export function start<P>(
  { queue }: Jobs<P>,
  handler: Handler<P>,
  options: ProcessOptions<P> = {},
): { readonly done: Promise<void>; end(): Promise<void> } {
  const stop = new AbortController();
  const done = queue.process(handler, { signal: stop.signal, ...options });
  done.catch(() => {}); // the test looks
  return {
    done,
    end() {
      stop.abort();
      return done;
    },
  };
}

/** Everything that can be read of a queue. */
export async function viewOf<P>(queue: MiniQueue<P>): Promise<unknown> {
  return {
    messages: await all(queue.list()),
    dead: await all(queue.deadLetters.list()),
    stats: queue.stats(),
    size: queue.size,
    next: await queue.peek(),
  };
}

/** A queue with messages in every state, and many that are gone. */
export async function mixed(
  options: QueueOptions<unknown> = {},
): Promise<Jobs<unknown>> {
  const jobs = await openJobs<unknown>({ maxSegmentBytes: 300, ...options });
  const { clock, queue } = jobs;
  await queue.enqueue({ kind: "leased" }, { priority: 9 });
  await queue.enqueue({ kind: "dead" }, { priority: 8, group: "g" });
  await queue.enqueue({ kind: "expired" }, { priority: 7, expiresIn: 1 });
  await queue.enqueue({ kind: "retried" }, { priority: 6, backoff: [5000] });
  await queue.enqueue({ kind: "delayed" }, { delay: 10_000 });
  await queue.enqueue({ kind: "keyed" }, { id: "own", dedupeKey: "key" });
  await queue.enqueue({ kind: "group 1" }, { group: "g" });
  await queue.enqueue({ kind: "group 2" }, { group: "g" });
  clock.advance(1);
  const [, dead, retried] = await queue.claim(3);
  await dead.fail(new Error("bad"));
  await retried.retry({ reason: "busy" });
  for (let n = 0; n < 30; n++) {
    await queue.enqueue(n, { priority: 50 });
    await (await queue.dequeue()).ack();
  }
  return jobs;
}
