// deno-lint-ignore-file no-console
/**
 * Fills a queue, opens it again, works it off with so many handlers at a time, and
 * prints what that took as JSON.
 *
 * ```text
 * reopen_child.ts DIRECTORY COUNT LENGTH CONCURRENCY
 * ```
 *
 * @module
 */

import process from "node:process";
import { MiniQueue } from "../mod.ts";
import type { Job } from "./peers/queue.ts";
import { jobs } from "./queue_peers.ts";

/** What working a queue off took that was opened again. */
export interface ReopenReport {
  /** Messages a second. */
  readonly rate: number;
}

const [directory, ...numbers] = process.argv.slice(2);
const [count, length, concurrency] = numbers.map(Number);
console.log(JSON.stringify(await report()));

async function report(): Promise<ReopenReport> {
  const first = await MiniQueue.open<Job>(directory);
  const next = jobs(length);
  await first.enqueueAll(
    Array.from({ length: count }, () => ({ payload: next() })),
  );
  await first.close();
  const queue = await MiniQueue.open<Job>(directory);
  const end = new AbortController();
  let handled = 0;
  const start = performance.now();
  await queue.process(() => {
    if (++handled === count) end.abort();
  }, { concurrency, signal: end.signal });
  const seconds = (performance.now() - start) / 1000;
  await queue.close();
  return { rate: count / seconds };
}
