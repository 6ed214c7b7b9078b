/**
 * Rows for a queue with many jobs in it: how fast they are enqueued in batches, how
 * much memory they take while they wait, how fast they are worked off. Each run is a
 * process of its own. Other queues have a limited time for each half: some would need
 * hours.
 *
 * @module
 */

import { rm } from "node:fs/promises";
import { type Bench, freshDirectory } from "./bench.ts";
import { runChild } from "./child.ts";
import { largeCount, ROUNDS } from "./jobs.ts";
import { type Comparison, comparison } from "./measure.ts";
import { miniQueue } from "./peers/mini_queue.ts";
import type { QueuePeer } from "./peers/queue.ts";
import type { BacklogReport, Done } from "./queue_child.ts";
import { QUEUES, SHORT } from "./queue_peers.ts";

/** Of the text of a job that is 1 KiB as JSON. */
const LONG = 1000;

/** For how long something goes on at most, in milliseconds. */
interface Times {
  /** For how long jobs are enqueued. */
  readonly fill: number;
  /** For how long they are worked off. */
  readonly work: number;
}

const QUICK: Times = { fill: 2000, work: 2000 };
const FULL: Times = { fill: 10_000, work: 5000 };
/** As long as it takes, within reason. */
const ALL: Times = { fill: 600_000, work: 600_000 };

/** All rows for backlogs. */
export async function backlogRows(bench: Bench): Promise<void> {
  const [rounds, times] = bench.quick ? [1, QUICK] : [ROUNDS, FULL];
  const own: BacklogReport[] = [];
  const long: BacklogReport[] = [];
  const others = QUEUES.map((): BacklogReport[] => []);
  for (let round = 0; round < rounds; round++) {
    own.push(await run(bench, miniQueue, SHORT, ALL));
    // Only their memory is looked at.
    long.push(await run(bench, miniQueue, LONG, { ...ALL, work: 0 }));
    for (const [n, peer] of QUEUES.entries()) {
      // What does not run once does not run.
      if (others[n][0]?.note !== undefined) continue;
      others[n].push(await run(bench, peer, SHORT, times));
    }
  }
  for (const [n, peer] of QUEUES.entries()) {
    peerRows(bench, peer, own, others[n]);
  }
  bench.report({
    what: `${backlog(bench)} of 1 KiB: memory`,
    peer: "of 100 bytes",
    unit: "MiB",
    figures: memories(long, own),
  });
}

function peerRows(
  bench: Bench,
  { name }: QueuePeer,
  own: readonly BacklogReport[],
  theirs: readonly BacklogReport[],
): void {
  const what = backlog(bench);
  const [{ note, filled, worked }] = theirs;
  if (note !== undefined) {
    bench.report({ what, peer: name, unit: "jobs/s", note });
    return;
  }
  const fills = [own, theirs].map((runs) => runs.map(({ filled }) => filled));
  const works = [own, theirs].map((runs) => runs.map(({ worked }) => worked));
  const isPart = filled.amount < largeCount(bench.quick);
  const amount = filled.amount.toLocaleString("en-US");
  bench.report({
    what: `${what}: enqueue in batches`,
    peer: name,
    unit: "jobs/s",
    figures: rates(fills[0], fills[1]),
    note: isPart
      ? `theirs ${amount} in ${filled.seconds.toFixed(0)} s`
      : undefined,
  });
  bench.report({
    what: `${what}: memory`,
    peer: name,
    unit: "MiB",
    figures: memories(own, theirs),
    note: isPart ? `theirs for ${amount}` : undefined,
  });
  bench.report({
    what: `${what}: work off, 64 at a time`,
    peer: name,
    unit: "jobs/s",
    figures: rates(works[0], works[1]),
    note: worked.amount < filled.amount
      ? `theirs ${worked.amount.toLocaleString("en-US")} of ${amount} in ${
        worked.seconds.toFixed(0)
      } s`
      : undefined,
  });
}

async function run(
  bench: Bench,
  { name }: QueuePeer,
  length: number,
  { fill, work }: Times,
): Promise<BacklogReport> {
  const directory = await freshDirectory(bench);
  const report = await runChild<BacklogReport>("./queue_child.ts", [
    name,
    directory,
    ...[largeCount(bench.quick), length, fill, work].map(String),
  ]);
  await rm(directory, { recursive: true });
  return report;
}

function backlog({ quick }: Bench): string {
  return `backlog of ${largeCount(quick).toLocaleString("en-US")}`;
}

function rates(ours: readonly Done[], theirs: readonly Done[]): Comparison {
  const [a, b] = [ours, theirs].map((side) =>
    side.map(({ amount, seconds }) => amount / seconds)
  );
  return comparison(a, b);
}

function memories(
  ours: readonly BacklogReport[],
  theirs: readonly BacklogReport[],
): Comparison {
  const [a, b] = [ours, theirs].map((side) => side.map(({ memory }) => memory));
  return comparison(a, b);
}
