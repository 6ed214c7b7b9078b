/**
 * Measurements of a large state, each in a process of its own.
 *
 * @module
 */

import { runChild } from "./child.ts";
import { type Comparison, comparison } from "./measure.ts";
import type { Jobs } from "./state_child.ts";
import type { Watched } from "./watch.ts";

/** What a job gives. */
export type JobReport<Name extends keyof Jobs> = Awaited<
  ReturnType<Jobs[Name]>
>;

/** How often two sides of seconds each are measured. */
export const ROUNDS = 3;

/** Does a job in a process of its own. */
export function runJob<Name extends keyof Jobs>(
  name: Name,
  directory: string,
  ...numbers: readonly number[]
): Promise<JobReport<Name>> {
  return runChild("./state_child.ts", [
    name,
    directory,
    ...numbers.map(String),
  ]);
}

/** Two sides by their rates, for the same amount. */
export function compareRates(
  amount: number,
  ours: readonly Watched[],
  theirs: readonly Watched[],
): Comparison {
  const [a, b] = [ours, theirs].map((side) =>
    side.map(({ seconds }) => amount / seconds)
  );
  return comparison(a, b);
}

/** How large a state is that counts as large. */
export function largeCount(quick: boolean): number {
  return quick ? 100_000 : 1_000_000;
}
