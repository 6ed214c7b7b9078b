// deno-lint-ignore-file no-console
/**
 * The benchmarks of the log on the runtime that this runs on. `run.ts` starts it
 * and makes a table of the lines that it prints, each a row or the version as
 * JSON.
 *
 * ```text
 * log.ts DIRECTORY full|quick [TOPIC…]
 * ```
 *
 * @module
 */

import process from "node:process";
import { appendRows } from "./append_rows.ts";
import type { Bench } from "./bench.ts";
import { growthRows } from "./growth_rows.ts";
import { memoryRows } from "./memory_rows.ts";
import { replayRows } from "./replay_rows.ts";
import { runtimeVersion } from "./runtime.ts";

const TOPICS = {
  append: appendRows,
  replay: replayRows,
  memory: memoryRows,
  growth: growthRows,
};

const [directory, length, ...topics] = process.argv.slice(2);
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
for (const [topic, run] of Object.entries(TOPICS)) {
  if (topics.length === 0 || topics.includes(topic)) await run(bench);
}
