/**
 * Runs a program again and again, until its calls were carried out in every
 * order in which calls that overlap can be.
 *
 * @module
 */

import type { SeededRandom } from "./random.ts";
import { AS_MADE, type Plan, Schedule } from "./schedule.ts";

/** What was tried. */
export interface OrdersReport {
  /** Orders that were tried. */
  readonly tried: number;
  /** Orders that are known and were not tried; behind them there may be more. */
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
  const plans: Plan[] = limit > 0 ? [AS_MADE] : [];
  let tried = 0;
  let diverged = 0;
  const idle = limit > 0 ? new Idle() : undefined;
  try {
    for (let runs = 0; idle && runs < limit && plans.length > 0; runs++) {
      const [plan] = plans.splice(choose(plans, limit - runs, random), 1);
      const schedule = new Schedule(plan, idle.when);
      await attempt(schedule);
      plans.push(...schedule.others);
      if (schedule.diverged) diverged++;
      else if (!schedule.redundant) tried++;
    }
  } finally {
    idle?.close();
  }
  return { tried, left: plans.length + diverged };
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

/** Tells when a program does nothing more by itself: all that it can do without an answer is done before the next message. */
class Idle {
  readonly #channel = new MessageChannel();
  readonly #callbacks: (() => void)[] = [];

  constructor() {
    const { port1 } = this.#channel;
    port1.addEventListener("message", () => this.#callbacks.shift()?.());
    port1.start();
  }

  readonly when = (then: () => void): void => {
    this.#callbacks.push(then);
    this.#channel.port2.postMessage(null);
  };

  close(): void {
    this.#channel.port1.close();
    this.#channel.port2.close();
  }
}
