// deno-lint-ignore-file no-console
/**
 * Fills a queue with jobs with texts of a length, for FILL milliseconds at most, works
 * it off for WORK milliseconds at most, and prints what that took as JSON.
 *
 * ```text
 * queue_child.ts NAME DIRECTORY COUNT LENGTH FILL WORK
 * ```
 *
 * @module
 */

import process from "node:process";
import { setImmediate } from "node:timers";
import { collect, resident } from "./memory.ts";
import type { JobQueue, QueuePeer } from "./peers/queue.ts";
import { jobs, queueNamed } from "./queue_peers.ts";

/** What happened to a queue. */
export interface BacklogReport {
  /** Why nothing did: the queue does not run here. */
  readonly note?: string | undefined;
  /** How many jobs were enqueued, and in how many seconds. */
  readonly filled: Done;
  /** How much more memory was resident then than when the queue was empty, in MiB. */
  readonly memory: number;
  /** How many jobs were worked off, and in how many seconds. */
  readonly worked: Done;
}

/** Work that was done. */
export interface Done {
  readonly amount: number;
  readonly seconds: number;
}

const CONCURRENCY = 64;
const NOTHING: Done = { amount: 0, seconds: 0 };

const [name, directory, ...numbers] = process.argv.slice(2);
const [count, length, fillTime, workTime] = numbers.map(Number);
const peer = queueNamed(name);
console.log(JSON.stringify(await report()));

async function report(): Promise<BacklogReport> {
  let queue: JobQueue;
  try {
    queue = await peer.open(directory);
  } catch (error) {
    const note = error instanceof Error ? error.message : String(error);
    return { note, filled: NOTHING, memory: 0, worked: NOTHING };
  }
  const before = await memoryOf(queue);
  const filled = await fill(queue, peer);
  const memory = (await memoryOf(queue) - before) / 2 ** 20;
  const waiting = await queue.waiting();
  if (waiting !== filled.amount) {
    throw new Error(`${waiting} of ${filled.amount} jobs wait`);
  }
  const worked = await workOff(queue, waiting);
  await queue.close();
  return { filled, memory, worked };
}

/** Enqueues all jobs, or as many as the time allows. */
async function fill(queue: JobQueue, { batch }: QueuePeer): Promise<Done> {
  const next = jobs(length);
  const start = performance.now();
  let amount = 0;
  let elapsed = 0;
  while (amount < count && elapsed < fillTime) {
    const size = Math.min(batch, count - amount);
    await queue.enqueueAll(Array.from({ length: size }, next));
    amount += size;
    // Addons free what was collected between two tasks, and some queues await no other.
    await new Promise((resolve) => setImmediate(resolve));
    elapsed = performance.now() - start;
  }
  return { amount, seconds: elapsed / 1000 };
}

/** Waits until all jobs are worked off, or until the time is over. */
async function workOff(queue: JobQueue, waiting: number): Promise<Done> {
  let amount = 0;
  let elapsed = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stop = () => Promise.resolve<unknown>(undefined);
  const start = performance.now();
  await new Promise<void>((resolve) => {
    const end = () => {
      elapsed ||= performance.now() - start;
      resolve();
    };
    // Some workers leave no time for a timer while there are jobs.
    timer = setTimeout(end, workTime);
    stop = queue.work(CONCURRENCY, {
      started() {},
      finished() {
        if (elapsed > 0) return;
        amount++;
        const isOver = performance.now() - start > workTime;
        if (amount === waiting || isOver) end();
      },
    });
  });
  clearTimeout(timer);
  await stop();
  return { amount, seconds: elapsed / 1000 };
}

/** What is resident when garbage has been collected, in bytes. */
async function memoryOf(queue: JobQueue): Promise<number> {
  for (let n = 0; n < 2; n++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return resident() + await queue.memoryElsewhere();
}
