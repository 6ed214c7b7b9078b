/**
 * Rows for `StateManager.open`.
 *
 * Each run of a large state is a process of its own that has done nothing else,
 * as a program is that begins. The files are in the page cache.
 *
 * @module
 */

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { StateManager } from "../mod.ts";
import { type Bench, freshDirectory, measure } from "./bench.ts";
import { batches, entriesOptions, puts } from "./entries.ts";
import { compareRates, largeCount, ROUNDS, runJob } from "./jobs.ts";
import { median, repeated, type Side } from "./measure.ts";
import type { Watched } from "./watch.ts";

/** Mutations behind the snapshot. */
const TAIL = 10_000;

/** All rows for opening. */
export async function openRows(bench: Bench): Promise<void> {
  const directory = await freshDirectory(bench);
  const count = largeCount(bench.quick);
  await runJob("make", directory, count);
  await replayRow(bench, directory, count);
  await runJob("grow", directory, TAIL);
  await snapshotRow(bench, directory, count);
  await rm(directory, { recursive: true });
  await growthRow(bench);
}

async function replayRow(
  bench: Bench,
  directory: string,
  count: number,
): Promise<void> {
  const ours: Watched[] = [];
  const theirs: Watched[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    ours.push((await runJob("open", directory)).open);
    theirs.push((await runJob("fold", directory)).fold);
  }
  bench.report({
    what: `open: replay of ${count.toLocaleString("en-US")} mutations`,
    peer: "read, split, JSON.parse each line, set in a plain object",
    unit: "records/s",
    figures: compareRates(count, ours, theirs),
    note: sizes(ours, theirs),
  });
}

async function snapshotRow(
  bench: Bench,
  directory: string,
  count: number,
): Promise<void> {
  const ours: Watched[] = [];
  const theirs: Watched[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    ours.push((await runJob("open", directory)).open);
    theirs.push((await runJob("parse", directory)).parse);
  }
  const entries = count.toLocaleString("en-US");
  bench.report({
    what: `open: snapshot of ${entries} entries, tail of ${
      TAIL.toLocaleString("en-US")
    }`,
    peer: "read, decode, JSON.parse the snapshot",
    unit: "entries/s",
    figures: compareRates(count, ours, theirs),
    floor: 0.7,
    note: sizes(ours, theirs),
  });
}

/** What was measured, in seconds and memory. */
function sizes(ours: readonly Watched[], theirs: readonly Watched[]): string {
  const [a, b] = [ours, theirs].map((side) => {
    const seconds = median(side.map(({ seconds }) => seconds));
    const above = median(side.map(({ before, peak }) => peak - before));
    return `${seconds.toFixed(2)} s, +${above.toFixed(0)} MiB`;
  });
  return `${a}; theirs ${b}`;
}

/** The same state and the same tail, behind a log that is ten times as long. */
async function growthRow(bench: Bench): Promise<void> {
  const directory = await freshDirectory(bench);
  const segment = bench.quick ? 10_000 : 100_000;
  const [ours, theirs] = await Promise.all([10, 1].map(async (segments) => {
    const path = join(directory, `${segments}`);
    const manager = await StateManager.open(path, {
      ...entriesOptions,
      // Full at once, so that each round below is a segment of its own.
      maxSegmentBytes: 1,
    });
    for (let n = 0; n < segments; n++) {
      await manager.applyAll(
        Array.from({ length: segment / 10_000 }, () => [...batches(10_000)])
          .flat(2),
      );
    }
    await manager.createSnapshot();
    await manager.applyAll(puts(1000));
    await manager.close();
    return ((milliseconds) =>
      repeated(milliseconds, async () => {
        await (await StateManager.open(path, entriesOptions)).close();
        return 1;
      })) satisfies Side;
  }));
  await measure(
    bench,
    {
      what: `open: snapshot at ${(10 * segment).toLocaleString("en-US")}`,
      peer: `at ${
        segment.toLocaleString("en-US")
      }, both of 10,000 entries, tail of 1,000`,
      unit: "opens/s",
      note: "flat: 1",
    },
    ours,
    theirs,
  );
  await rm(directory, { recursive: true });
}
