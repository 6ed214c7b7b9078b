/**
 * A campaign in pieces, which can be run in any order and anywhere: what a piece
 * finds depends on nothing but its number.
 *
 * Within a piece a state that was seen before is not checked again; in another
 * piece it is, so that the pieces need nothing of each other. It counts once all
 * the same: a piece gives the fingerprints of its states, and who runs all of them
 * counts the distinct ones.
 */

import {
  type Effort,
  type Part,
  PARTS,
  runCases,
  type Scope,
  units,
} from "./campaign.ts";
import { type Subject, Tally } from "./explore.ts";

/** How many units there are in a piece: enough that few states are seen twice, and that one ends soon. */
const UNITS: Readonly<Record<Part, number>> = {
  "all histories": 4,
  "all histories of format v0.1": 8,
  "all syncs that fail": 2,
  "random histories": 2,
};

/** What a piece has found. */
export interface PieceResult {
  readonly number: number;
  readonly part: Part;
  /** How many histories, or failing ones, there were in it. */
  readonly units: number;
  /** How many times a history was run. */
  readonly histories: number;
  /** How many of them with a sync that failed. */
  readonly faults: number;
  /** A fingerprint of each state. */
  readonly states: Float64Array;
  /** How many states each model gave first, in this piece. */
  readonly byModel: readonly (readonly [string, number])[];
}

/** The pieces of a campaign; random histories go on for ever. */
export interface Pieces {
  readonly effort: Effort;
  /** How many pieces there are in what the effort plans. */
  readonly planned: number;
  /** How many units there are in each part of it. */
  readonly plan: ReadonlyMap<Part, number>;
  /**
   * Runs a piece; a violation is thrown. Each call asks for a later piece than the
   * one before.
   */
  run(number: number): Promise<PieceResult>;
}

/** Cuts the campaign of a subject into pieces. */
export function cut<S, T>(
  subject: Subject<S, T>,
  scope: Scope<S>,
  effort: Effort,
): Pieces {
  const plan = new Map<Part, number>(PARTS.map((part) => [part, 0]));
  for (const { part } of units(scope, effort)) {
    plan.set(part, (plan.get(part) ?? 0) + 1);
  }
  let planned = 0;
  for (const [part, count] of plan) planned += Math.ceil(count / UNITS[part]);
  const all = units(scope, effort, { endless: true });
  let next = all.next();
  let at = 0;
  /** Takes the units of the next piece. */
  const take = () => {
    const taken = [];
    const first = next.value;
    if (!first) throw new Error("Random histories have come to an end");
    while (
      next.value?.part === first.part && taken.length < UNITS[first.part]
    ) {
      taken.push(next.value);
      next = all.next();
    }
    at++;
    return { part: first.part, taken };
  };
  return {
    effort,
    planned,
    plan,
    run: async (number) => {
      if (number < at) throw new RangeError(`Piece ${number} is past`);
      while (at < number) take();
      const { part, taken } = take();
      const tally = new Tally(subject);
      for (const { cases } of taken) await runCases(tally, cases());
      const { histories, faults, byModel, seen } = tally;
      const states = Float64Array.from(seen);
      const counts = [...byModel];
      return {
        number,
        part,
        units: taken.length,
        histories,
        faults,
        states,
        byModel: counts,
      };
    },
  };
}
