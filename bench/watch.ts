/**
 * Looks at a process while something runs in it.
 *
 * @module
 */

import { collect, forgetPeak, peakOfKernel, resident } from "./memory.ts";

/** What was seen. */
export interface Watched {
  /** What the run returned. */
  readonly amount: number;
  /** How long it took. */
  readonly seconds: number;
  /** Memory that was resident before, when garbage was collected, in MiB. */
  readonly before: number;
  /** Most memory that was resident meanwhile, in MiB. */
  readonly peak: number;
  /** The longest time between two turns of a timer that is due at once, in milliseconds. */
  readonly stall: number;
}

const MIB = 2 ** 20;

/** Runs something and looks at it. */
export async function watched(
  run: () => Promise<number>,
): Promise<Watched> {
  collect();
  await new Promise((resolve) => setTimeout(resolve, 50));
  const before = resident();
  const isFresh = forgetPeak();
  let sampled = before;
  let stall = 0;
  const start = performance.now();
  let last = start;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = () => {
    const now = performance.now();
    stall = Math.max(stall, now - last);
    // Between the two looks at the clock, so that it is not taken for a stall.
    if (!isFresh) sampled = Math.max(sampled, resident());
    last = performance.now();
    timer = setTimeout(look, 0);
  };
  look();
  const amount = await run();
  const end = performance.now();
  clearTimeout(timer);
  stall = Math.max(stall, end - last);
  const peak = isFresh ? Math.max(before, peakOfKernel()) : sampled;
  return {
    amount,
    seconds: (end - start) / 1000,
    before: before / MIB,
    peak: peak / MIB,
    stall,
  };
}
