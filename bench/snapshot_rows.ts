/**
 * Rows for `StateManager.createSnapshot` and `compact` on a large state, each run
 * a process of its own.
 *
 * @module
 */

import { rm } from "node:fs/promises";
import { type Bench, freshDirectory, type Heading } from "./bench.ts";
import {
  compareRates,
  type JobReport,
  largeCount,
  ROUNDS,
  runJob,
} from "./jobs.ts";
import { comparison, median } from "./measure.ts";
import type { Watched } from "./watch.ts";

/** Twice the option `slice` by default, in milliseconds. */
const LONGEST_STALL = 20;

interface Round
  extends JobReport<"snapshot">, JobReport<"stringify">, JobReport<"compact"> {
  readonly writing: JobReport<"busy">;
}

/** All rows for snapshots. */
export async function snapshotRows(bench: Bench): Promise<void> {
  const directory = await freshDirectory(bench);
  const count = largeCount(bench.quick);
  await runJob("make", directory, count);
  const rounds: Round[] = [];
  for (let n = 0; n < ROUNDS; n++) {
    rounds.push({
      ...await runJob("snapshot", directory, count),
      ...await runJob("stringify", directory, count),
      writing: await runJob("busy", directory, count, bench.quick ? 500 : 2000),
      ...await runJob("compact", directory, count),
    });
  }
  await rm(directory, { recursive: true });
  const large = `snapshot of ${count.toLocaleString("en-US")} entries`;
  timeRows(bench, large, count, rounds);
  memoryRow(bench, `${large}, peak memory`, rounds.map((r) => r.snapshot));
  memoryRow(
    bench,
    `${large}, 64 writers, peak memory`,
    rounds.map(({ writing }) => writing.busy),
  );
  const plain = rounds.map(({ stringify }) => stringify);
  memoryRow(bench, "JSON.stringify of the same, peak memory", plain);
  stallRow(
    bench,
    { what: `${large}, longest stall`, peer: "a second without", unit: "ms" },
    rounds.map(({ snapshot }) => snapshot),
    rounds.map(({ idle }) => idle),
  );
  stallRow(
    bench,
    {
      what: `${large}, 64 writers, longest stall`,
      peer: "64 writers alone",
      unit: "ms",
    },
    rounds.map(({ writing }) => writing.busy),
    rounds.map(({ writing }) => writing.alone),
  );
}

function timeRows(
  bench: Bench,
  large: string,
  count: number,
  rounds: readonly Round[],
): void {
  const snapshots = rounds.map(({ snapshot }) => snapshot);
  const plain = rounds.map(({ stringify }) => stringify);
  bench.report({
    what: large,
    peer: "JSON.stringify of a plain object, write, fsync",
    unit: "entries/s",
    figures: compareRates(count, snapshots, plain),
    note: seconds(snapshots.map(({ seconds }) => seconds)),
  });
  const busy = rounds.map(({ writing }) => writing.snapshot);
  bench.report({
    what: `${large}, 64 writers`,
    peer: "without writers",
    unit: "entries/s",
    figures: comparison(
      busy.map((seconds) => count / seconds),
      snapshots.map(({ seconds }) => count / seconds),
    ),
    note: seconds(busy),
  });
  const compactions = rounds.map(({ compact }) => compact);
  bench.report({
    what: large.replace("snapshot", "compact"),
    peer: "a snapshot alone",
    unit: "entries/s",
    figures: compareRates(count, compactions, snapshots),
    note: seconds(compactions.map(({ seconds }) => seconds)),
  });
  const [during, alone] = (["busy", "alone"] as const).map((part) =>
    rounds.map(({ writing }) => writing[part].amount / writing[part].seconds)
  );
  bench.report({
    what: "apply, 64 concurrent, during a snapshot",
    peer: "without",
    unit: "records/s",
    figures: comparison(during, alone),
  });
}

function memoryRow(
  bench: Bench,
  what: string,
  runs: readonly Watched[],
): void {
  bench.report({
    what,
    peer: "before, without garbage",
    unit: "MiB",
    figures: comparison(
      runs.map(({ peak }) => peak),
      runs.map(({ before }) => before),
    ),
  });
}

function stallRow(
  bench: Bench,
  heading: Heading,
  ours: readonly Watched[],
  theirs: readonly Watched[],
): void {
  const [a, b] = [ours, theirs].map((runs) => runs.map(({ stall }) => stall));
  bench.report({
    ...heading,
    figures: comparison(a, b),
    limit: LONGEST_STALL,
    note: `each: ${a.map((stall) => stall.toFixed(1)).join(", ")}`,
  });
}

function seconds(values: readonly number[]): string {
  return `${median(values).toFixed(2)} s`;
}
