/**
 * The row for the memory of `MiniStore.stream`.
 *
 * @module
 */

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { MiniStore } from "../mod.ts";
import { type Bench, freshDirectory } from "./bench.ts";
import { runChild } from "./child.ts";
import { median } from "./measure.ts";
import { type Sample, samples } from "./sample.ts";

/** What the child prints. */
export interface MemoryReport {
  /** Most memory that was resident at a time, in MiB. */
  readonly peak: number;
  /** How many records went by. */
  readonly records: number;
  /** How long that took. */
  readonly seconds: number;
}

/** The row for memory. */
export async function memoryRows(bench: Bench): Promise<void> {
  const bytes = bench.quick ? 1 << 27 : 1 << 30;
  const directory = await freshDirectory(bench);
  const path = join(directory, "log.jsonl");
  const store = await MiniStore.open<Sample>(path, {
    maxSegmentBytes: Infinity,
  });
  const batch = [...samples(20_480)];
  const batchBytes = batch.reduce((n, r) => n + JSON.stringify(r).length, 0) +
    batch.length;
  for (let done = 0; done < bytes; done += batchBytes) {
    await store.appendAll(batch);
  }
  await store.close();
  const idle: number[] = [];
  for (let n = 0; n < 3; n++) idle.push((await child()).peak);
  const { peak: ours, records, seconds } = await child(path);
  const theirs = median(idle);
  bench.report({
    what: `stream of ${bytes / 2 ** 20} MiB, peak memory`,
    peer: "the runtime with the package imported",
    unit: "MiB",
    figures: {
      ours,
      theirs,
      ratio: ours / theirs,
      least: ours / Math.max(...idle),
      most: ours / Math.min(...idle),
    },
    bound: 64,
    note: `${(records / seconds / 1e6).toFixed(2)} million records/s`,
  });
  await rm(directory, { recursive: true });
}

function child(...paths: string[]): Promise<MemoryReport> {
  return runChild("./memory_child.ts", paths);
}
