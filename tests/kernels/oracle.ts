/**
 * Says what a log must hold. It knows the plan of the writer, and what it was
 * told and when; a crash state is judged by what was acknowledged before it.
 *
 * 1. Every acknowledged record is there, and is what was submitted.
 * 2. What is there is a prefix of what was submitted: numbered without a gap,
 *    nothing behind the last step that had begun.
 * 3. A batch is there as a whole or not at all.
 * 4. At the front only whole segments are gone, that a truncation which had begun
 *    asked for; what an acknowledged one removed does not come back.
 *
 * @module
 */

import type { Found } from "./checker_child.ts";
import { INNER_BATCH, type PlannedStep, planOf, recordOf } from "./workload.ts";

/** What is known of a writer at some moment. */
export interface Owed {
  /** How many steps had begun. */
  readonly steps: number;
  /** The last record that was acknowledged. */
  readonly acknowledged: number;
  /** The first record that was left by truncations that had returned. */
  readonly first: number;
}

/** How a writer ended. */
export interface Ending {
  /** The code of the rejection, its cause, and the same of one more append; absent if nothing failed. */
  failed?: string;
  again?: string;
  /** Whether it came to its end. */
  closed: boolean;
}

/** The plan of one writer, and what became of it. */
export class Oracle {
  readonly seed: number;
  readonly plan: readonly PlannedStep[];
  readonly ending: Ending = { closed: false };
  readonly #history: (Owed & { readonly at: number })[] = [];
  #now: Owed = { steps: 0, acknowledged: 0, first: 1 };

  constructor(seed: number, steps: number) {
    this.seed = seed;
    this.plan = planOf(seed, steps);
  }

  /** The arguments of a writer that this judges. */
  get args(): string[] {
    return [String(this.seed), String(this.plan.length)];
  }

  /** What is owed now. */
  get now(): Owed {
    return this.#now;
  }

  /** Takes note of a line of the writer, at a position of a clock of the caller. */
  hear(line: string, at = 0): void {
    const [word, ...rest] = line.split(" ");
    const number = Number(rest[0]);
    if (word === "ready") this.#set({ steps: this.#now.steps + 1 }, at);
    else if (word === "ack") this.#set({ acknowledged: number }, at);
    else if (word === "first") this.#set({ first: number }, at);
    else if (word === "failed") this.ending.failed = rest.join(" ");
    else if (word === "again") this.ending.again = rest.join(" ");
    else if (word === "closed") this.ending.closed = true;
    else throw new Error(`The writer printed "${line}"`);
  }

  #set(change: Partial<Owed>, at: number): void {
    this.#now = { ...this.#now, ...change };
    this.#history.push({ ...this.#now, at });
  }

  /** What was owed at a position of the clock. */
  at(position: number): Owed {
    const known = this.#history.findLast(({ at }) => at <= position);
    return known ?? { steps: 0, acknowledged: 0, first: 1 };
  }

  /** What is wrong with what an open found; empty if nothing is. */
  judge(owed: Owed, found: Found): string[] {
    if (found.error !== undefined) return [`open threw: ${found.error}`];
    const problems: string[] = [];
    const { first, sequence, records } = found;
    const begun = this.plan.slice(0, owed.steps);
    const submitted = begun.at(-1)?.last ?? 0;
    if (sequence < owed.acknowledged) {
      problems.push(
        `records ${
          sequence + 1
        } to ${owed.acknowledged} must be there, and are lost`,
      );
    }
    if (sequence > submitted) {
      problems.push(
        `${submitted} records were submitted, ${sequence} are there`,
      );
    }
    const before = Math.max(
      1,
      ...begun.map((step) => step.kind === "truncate" ? step.before : 1),
    );
    if (first > before || first < owed.first) {
      problems.push(
        `it begins at ${first}, not between ${owed.first} and ${before}`,
      );
    }
    if (records.length !== sequence - first + 1) {
      problems.push(
        `replay gives ${records.length} records for ${first} to ${sequence}`,
      );
    }
    records.forEach((record, n) => {
      const want = JSON.stringify(recordOf(this.seed, first + n));
      const got = JSON.stringify(record);
      if (got !== want) {
        problems.push(`record ${first + n} is ${got.slice(0, 80)}`);
      }
    });
    const cut = this.plan.map(batchOf).find((batch) =>
      batch && batch.first <= sequence && sequence < batch.last
    );
    if (cut) {
      problems.push(
        `it ends at ${sequence}, within the batch ${cut.first} to ${cut.last}`,
      );
    }
    return problems;
  }
}

/** The records of the batch in a step. */
function batchOf(step: PlannedStep) {
  const { kind, last } = step;
  if (kind === "batch") return { first: last - step.count + 1, last };
  if (kind !== "concurrent") return undefined;
  const first = last - step.count - INNER_BATCH + 1 + (step.count >> 1);
  return { first, last: first + INNER_BATCH - 1 };
}
