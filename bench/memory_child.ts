// deno-lint-ignore-file no-console
/**
 * Streams a log, or without a path does nothing, and prints how much memory
 * that took at most.
 *
 * @module
 */

import process from "node:process";
import { MiniStore } from "../mod.ts";
import { peakOfKernel, resident } from "./memory.ts";
import type { MemoryReport } from "./memory_rows.ts";

/** Between two looks at the memory, in records; where the kernel keeps no peak. */
const INTERVAL = 1 << 14;

let sampled = 0;
let records = 0;
const start = performance.now();
const path = process.argv.at(2);
if (path !== undefined) {
  for await (const { sequence } of MiniStore.stream(path)) {
    records = sequence;
    if (sequence % INTERVAL === 0) look();
  }
}
look();
const report: MemoryReport = {
  peak: Math.max(sampled, peakOfKernel()) / 2 ** 20,
  records,
  seconds: (performance.now() - start) / 1000,
};
console.log(JSON.stringify(report));

function look(): void {
  sampled = Math.max(sampled, resident());
}
