/**
 * Runs a program again and again, until its calls were carried out in every
 * order in which calls that overlap can be.
 *
 * @module
 */

import type { SeededRandom } from "./random.ts";
import { AS_MADE, type Plan, Schedule } from "./call_schedule.ts";

/** What was tried. */
export interface OrdersReport {
  /** Orders that were tried. */
  readonly tried: number;
  /** Orders that are known and were not tried; there may be more after them. */
  readonly left: number;
}

/**
 * Tries orders: all if there are no more than the limit, else those that differ
 * least from the order in which the calls were made; among equals the random
 * numbers choose.
 */
export async function tryOrders(
  limit: number,
  random: SeededRandom,
  attempt: (schedule: Schedule) => Promise<void>,
): Promise<OrdersReport> {
  const plans: Plan[] = [AS_MADE];
  let tried = 0;
  let diverged = 0;
  for (let runs = 0; runs < limit && plans.length > 0; runs++) {
    const [plan] = plans.splice(choose(plans, limit - runs, random), 1);
    const schedule = new Schedule(plan, whenIdle);
    await attempt(schedule);
    plans.push(...schedule.others);
    if (schedule.diverged) diverged++;
    else if (!schedule.redundant) tried++;
  }
  return { tried, left: limit > 0 ? plans.length + diverged : 0 };
}

/** Which plan is next. They are in the order of their depth. */
function choose(
  plans: readonly Plan[],
  left: number,
  random: SeededRandom,
): number {
  if (plans.length <= left) return 0;
  const { depth } = plans[0];
  const end = plans.findIndex((plan) => plan.depth > depth);
  return random.below(end < 0 ? plans.length : end);
}

/** All that a program can do without an answer, it does before this calls back. */
function whenIdle(then: () => void): void {
  setImmediate(then);
}
