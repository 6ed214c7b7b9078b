/**
 * Rows for the time from the call that enqueues a job to the start of its handler,
 * while there is nothing else to do: against a bare durable append of the same text,
 * and against other queues.
 *
 * @module
 */

import { rm } from "node:fs/promises";
import { type Bench, freshDirectory, type Heading, openPeer } from "./bench.ts";
import { comparison } from "./measure.ts";
import type { Appender } from "./peers/appender.ts";
import { mixedLoop } from "./peers/bare.ts";
import { miniQueue } from "./peers/mini_queue.ts";
import type { Job, JobQueue } from "./peers/queue.ts";
import { jobs, QUEUES } from "./queue_peers.ts";

/** Measures for about so many milliseconds and returns each time, in microseconds. */
type Times = (milliseconds: number) => Promise<number[]>;

/** For how long nothing happens between two jobs, in milliseconds, so that a queue that looks for jobs is idle. */
const PAUSE = 1;
/** How much longer than rates is measured against the bare append: a 99th percentile needs many. */
const LONGER = 4;

/** All rows for latencies. */
export async function latencyRows(bench: Bench): Promise<void> {
  await bareRows(bench);
  for (const peer of QUEUES) {
    const heading: Heading = {
      what: "enqueue to handler, idle queue, median",
      peer: peer.name,
      unit: "µs",
    };
    const directory = await freshDirectory(bench);
    const other = await openPeer(bench, heading, () => peer.open(directory));
    if (other !== undefined) {
      const own = await miniQueue.open(directory);
      const { milliseconds } = bench.effort;
      const sides = [own, other].map(toHandler);
      const [ours, theirs] = await inTurn(bench, milliseconds, sides);
      bench.report({ ...heading, figures: atShare(0.5, ours, theirs) });
      await own.close();
      await other.close();
    }
    await rm(directory, { recursive: true });
  }
}

async function bareRows(bench: Bench): Promise<void> {
  const directory = await freshDirectory(bench);
  const own = await miniQueue.open(directory);
  const bare = await mixedLoop.open(directory);
  const [ours, theirs] = await inTurn(
    bench,
    bench.effort.milliseconds * LONGER,
    [toHandler(own), toDisk(bare)],
  );
  for (
    const [name, share, ceiling] of [
      ["median", 0.5, 1.3],
      ["99 %", 0.99, undefined],
    ] as const
  ) {
    bench.report({
      what: `enqueue to handler, idle queue, ${name}`,
      peer: `${mixedLoop.name} of the same text`,
      unit: "µs",
      figures: atShare(share, ours, theirs),
      ceiling,
    });
  }
  await own.close();
  await bare.close();
  await rm(directory, { recursive: true });
}

/** The times of each round of each side, A B A B …, behind a warm-up of both. */
async function inTurn(
  { effort: { rounds } }: Bench,
  milliseconds: number,
  sides: readonly Times[],
): Promise<number[][][]> {
  for (const side of sides) await side(milliseconds / 2);
  const results: number[][][] = sides.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [n, side] of sides.entries()) {
      results[n].push(await side(milliseconds));
    }
  }
  return results;
}

/** Compares what so large a share of the times does not exceed, in each round. */
function atShare(
  share: number,
  ours: readonly number[][],
  theirs: readonly number[][],
): ReturnType<typeof comparison> {
  const [a, b] = [ours, theirs].map((rounds) =>
    rounds.map((times) => {
      const sorted = times.toSorted((a, b) => a - b);
      return sorted[Math.floor(share * (sorted.length - 1))];
    })
  );
  return comparison(a, b);
}

function toHandler(queue: JobQueue): Times {
  const next = jobs();
  return async (milliseconds) => {
    let began = 0;
    let finish = () => {};
    const stop = queue.work(1, {
      started: () => began = performance.now(),
      finished: () => finish(),
    });
    const times = await repeatedly(milliseconds, async () => {
      const finished = new Promise<void>((resolve) => finish = resolve);
      const job = next();
      const start = performance.now();
      await queue.enqueue(job);
      await finished;
      return began - start;
    });
    await stop();
    return times;
  };
}

function toDisk(log: Appender<Job>): Times {
  const next = jobs();
  return (milliseconds) =>
    repeatedly(milliseconds, async () => {
      const job = next();
      const start = performance.now();
      await log.append(job);
      return performance.now() - start;
    });
}

async function repeatedly(
  milliseconds: number,
  step: () => Promise<number>,
): Promise<number[]> {
  const end = performance.now() + milliseconds;
  const times: number[] = [];
  while (performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
    times.push(await step() * 1000);
  }
  return times;
}
