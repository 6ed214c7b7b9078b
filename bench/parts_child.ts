// deno-lint-ignore-file no-console
/**
 * The benchmarks on the runtime that this runs on. `run.ts` starts it and makes a
 * table of the lines that it prints, each as JSON: a row, the version, or how
 * long a part took.
 *
 * ```text
 * parts_child.ts DIRECTORY full|quick PART…
 * ```
 *
 * @module
 */

import process from "node:process";
import { appendRows } from "./append_rows.ts";
import { applyRows } from "./apply_rows.ts";
import { autoRows } from "./auto_rows.ts";
import { backlogRows } from "./backlog_rows.ts";
import type { Bench } from "./bench.ts";
import { growthRows } from "./growth_rows.ts";
import { latencyRows } from "./latency_rows.ts";
import { memoryRows } from "./memory_rows.ts";
import { openRows } from "./open_rows.ts";
import { type Part, partsOf } from "./parts.ts";
import { enqueueRows, workRows } from "./queue_rows.ts";
import { readRows } from "./read_rows.ts";
import { reopenRows } from "./reopen_rows.ts";
import { replayRows } from "./replay_rows.ts";
import { runtimeVersion } from "./runtime.ts";
import { snapshotRows } from "./snapshot_rows.ts";

const ROWS: Record<Part, (bench: Bench) => Promise<void>> = {
  append: appendRows,
  replay: replayRows,
  memory: memoryRows,
  growth: growthRows,
  apply: applyRows,
  read: readRows,
  open: openRows,
  snapshot: snapshotRows,
  auto: autoRows,
  enqueue: enqueueRows,
  work: workRows,
  reopen: reopenRows,
  backlog: backlogRows,
  latency: latencyRows,
};

const [directory, length, ...names] = process.argv.slice(2);
if (directory === undefined) {
  throw new TypeError("Cannot run the benchmarks: no directory is named");
}
const quick = length === "quick";
const bench: Bench = {
  directory,
  quick,
  effort: quick
    ? { rounds: 3, milliseconds: 150 }
    : { rounds: 5, milliseconds: 300 },
  report: (row) => console.log(JSON.stringify(row)),
};
console.log(JSON.stringify({ version: runtimeVersion() }));
for (const part of partsOf(names)) {
  const start = performance.now();
  await ROWS[part](bench);
  const seconds = Math.round(performance.now() - start) / 1000;
  console.log(JSON.stringify({ part, seconds }));
}
