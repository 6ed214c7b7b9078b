/**
 * Rows for a queue that is opened again, so that all payloads are in its log: how
 * many messages a second many handlers side by side get through, compared with one.
 * Each run is a process of its own.
 *
 * @module
 */

import { rm } from "node:fs/promises";
import { type Bench, freshDirectory } from "./bench.ts";
import { runChild } from "./child.ts";
import { ROUNDS } from "./jobs.ts";
import { comparison } from "./measure.ts";
import type { ReopenReport } from "./reopen_child.ts";
import { SHORT } from "./queue_peers.ts";

/** How many handlers, and the least ratio that will do. */
const CONCURRENCY = [[64, 1], [1000, 1]] as const;

/** All rows for queues that were opened again. */
export async function reopenRows(bench: Bench): Promise<void> {
  const count = bench.quick ? 4000 : 20_000;
  const rounds = bench.quick ? 1 : ROUNDS;
  const alone: number[] = [];
  const others = CONCURRENCY.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    alone.push(await rate(bench, count, 1));
    for (const [n, [concurrency]] of CONCURRENCY.entries()) {
      others[n].push(await rate(bench, count, concurrency));
    }
  }
  for (const [n, [concurrency, floor]] of CONCURRENCY.entries()) {
    bench.report({
      what: `reopen with ${
        count.toLocaleString("en-US")
      } messages, ${concurrency} handlers`,
      peer: "1 handler",
      unit: "jobs/s",
      figures: comparison(others[n], alone),
      floor,
    });
  }
}

async function rate(
  bench: Bench,
  count: number,
  concurrency: number,
): Promise<number> {
  const directory = await freshDirectory(bench);
  const args = [directory, ...[count, SHORT, concurrency].map(String)];
  const report = await runChild<ReopenReport>("./reopen_child.ts", args);
  await rm(directory, { recursive: true });
  return report.rate;
}
