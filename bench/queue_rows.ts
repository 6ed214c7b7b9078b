/**
 * Rows for jobs that are enqueued, and for jobs that go through the whole queue:
 * enqueued, handed to a handler that does nothing, acknowledged.
 *
 * @module
 */

import { rm } from "node:fs/promises";
import {
  type Bench,
  freshDirectory,
  type Heading,
  measure,
  openPeer,
} from "./bench.ts";
import { concurrent, type Side } from "./measure.ts";
import { miniQueue } from "./peers/mini_queue.ts";
import type { JobQueue } from "./peers/queue.ts";
import { jobs, QUEUES } from "./queue_peers.ts";

/** How many at a time, and the ratio to reach then. */
const CONCURRENCY = [[1, 1], [64, 1.5]] as const;
/** For how much longer than it is measured a queue may be at work until it is given up, in milliseconds. */
const PATIENCE = 30_000;

/** A way to measure a queue, so many jobs at a time. */
type Way = (queue: JobQueue, concurrency: number) => Side;

/** All rows for jobs that are enqueued. */
export async function enqueueRows(bench: Bench): Promise<void> {
  await rows(bench, "enqueue", (queue, concurrency) => {
    const next = jobs();
    return (milliseconds) =>
      concurrent(milliseconds, concurrency, () => queue.enqueue(next()));
  });
}

/** All rows for jobs that go through the whole queue. */
export async function workRows(bench: Bench): Promise<void> {
  await rows(bench, "enqueue, handle, ack", through);
}

async function rows(bench: Bench, what: string, way: Way): Promise<void> {
  for (const [concurrency, floor] of CONCURRENCY) {
    for (const peer of QUEUES) {
      const heading: Heading = {
        what: concurrency === 1
          ? `${what}, one at a time`
          : `${what}, ${concurrency} concurrent`,
        peer: peer.name,
        unit: "jobs/s",
        floor: peer.isRival ? floor : undefined,
      };
      const directory = await freshDirectory(bench);
      const other = await openPeer(bench, heading, () => peer.open(directory));
      if (other !== undefined) {
        const own = await miniQueue.open(directory);
        const [ours, theirs] = [own, other].map((queue) =>
          way(queue, concurrency)
        );
        await measure(bench, heading, ours, theirs);
        await own.close();
        await other.close();
      }
      await rm(directory, { recursive: true });
    }
  }
}

/** A job is enqueued when the one before has been acknowledged. */
function through(queue: JobQueue, concurrency: number): Side {
  const next = jobs();
  const waiting = new Map<number, () => void>();
  const step = async () => {
    const job = next();
    const finished = new Promise<void>((resolve) =>
      waiting.set(job.n, resolve)
    );
    await queue.enqueue(job);
    await finished;
  };
  return async (milliseconds) => {
    // Not all the time: idle workers that look for jobs would slow the other side.
    const stop = queue.work(concurrency, {
      started() {},
      finished({ n }) {
        waiting.get(n)?.();
        waiting.delete(n);
      },
    });
    const rate = await within(
      milliseconds + PATIENCE,
      concurrent(milliseconds, concurrency, step),
    );
    await stop();
    return rate;
  };
}

/** The same, unless it takes too long: a queue that loses a job would stop everything. */
async function within<T>(milliseconds: number, run: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error("A job did not go through the queue")),
      milliseconds,
    );
  });
  try {
    return await Promise.race([run, late]);
  } finally {
    clearTimeout(timer);
  }
}
