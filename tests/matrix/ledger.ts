/**
 * The state that faults are tried on, and what it owes.
 */

import type { StateManagerOptions } from "../../mod.ts";

/** A state in which every mutation leaves a trace, in its order. */
export interface Ledger {
  count: number;
  digest: number;
  readonly last: string[];
  readonly names: Record<string, string>;
}

/** The directory of the state. */
export const DIR = "d";
/** The path of its log. */
export const JOURNAL = "d/journal.jsonl";

/** How the state is written. */
export type StateSettings = Pick<
  StateManagerOptions<Ledger, string>,
  "maxSegmentBytes" | "snapshotAfter" | "keepHistory"
>;

/** What the state is made of. */
export const LEDGER: Pick<
  StateManagerOptions<Ledger, string>,
  "initial" | "apply"
> = {
  initial: { count: 0, digest: 7, last: [], names: {} },
  apply: (state, mutation) => {
    const number = Number(mutation.slice(1));
    state.count++;
    state.digest = (state.digest * 31 + number) % 1_000_003;
    state.last.push(mutation);
    if (state.last.length > 3) state.last.shift();
    state.names[`n${number % 5}`] = mutation;
    if (number % 4 === 0) delete state.names[`n${(number + 2) % 5}`];
  },
};

const folds: Ledger[] = [LEDGER.initial];
const texts: string[] = [];

/** What the mutation with this number is, so that equal histories give equal files. */
export function mutationAt(sequence: number): string {
  return `m${sequence}${sequence % 3 === 0 ? " ".repeat(30) : ""}`;
}

/** The state behind a mutation, made without any of the code that is tested, as text. */
export function textAt(sequence: number): string {
  for (let number = folds.length; number <= sequence; number++) {
    const state = structuredClone(folds[number - 1]);
    LEDGER.apply(state, mutationAt(number), number);
    folds.push(state);
  }
  return texts[sequence] ??= JSON.stringify(folds[sequence]);
}

/** What must come back of a state after a crash. */
export interface StateOwed {
  /** Numbers of mutations that it may end with. */
  readonly ends: readonly number[];
  /** Up to which number mutations were acknowledged, or shown. */
  readonly acknowledged: number;
  /** Where the snapshot may be; 0 for none. */
  readonly snapshots: readonly number[];
  readonly settings: StateSettings;
}

/** Told of each call, it says what is owed. */
export class StateOracle {
  readonly settings: StateSettings;
  #ends: readonly number[] = [0];
  #acknowledged = 0;
  #snapshots: readonly number[] = [0];
  /** The earliest points of the snapshots that are being written. */
  readonly #begun = new Set<{ readonly from: number }>();

  constructor(settings: StateSettings, owed?: StateOwed) {
    this.settings = settings;
    if (!owed) return;
    this.#ends = owed.ends;
    this.#acknowledged = owed.acknowledged;
    this.#snapshots = owed.snapshots;
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Hands in mutations that may not be parted. */
  submit(count: number): string[] {
    const first = (this.#ends.at(-1) ?? 0) + 1;
    this.#ends = [...this.#ends, first + count - 1];
    return Array.from({ length: count }, (_, n) => mutationAt(first + n));
  }

  acknowledge(sequence: number): void {
    if (sequence <= this.#acknowledged || !this.#ends.includes(sequence)) {
      throw new Error(
        `W2: ${sequence} was acknowledged behind ${this.#acknowledged}`,
      );
    }
    this.#acknowledged = sequence;
  }

  /**
   * A snapshot is begun.
   *
   * @returns Ends that: with where it is, whether that is not known, or neither.
   */
  begins(): (outcome: number | "unknown" | "kept") => void {
    const begun = { from: this.#acknowledged };
    this.#begun.add(begun);
    return (outcome) => {
      const possible = this.#possible;
      this.#begun.delete(begun);
      if (outcome === "unknown") this.#snapshots = possible;
      else if (outcome !== "kept") this.#snapshots = [outcome];
    };
  }

  /** The state was opened again: what it shows is all there is. */
  shows(sequence: number, snapshot: number): void {
    this.#ends = this.#ends.filter((end) => end <= sequence);
    this.#acknowledged = sequence;
    this.#snapshots = [snapshot];
  }

  get #possible(): readonly number[] {
    const last = this.#ends.at(-1) ?? 0;
    const possible = new Set(this.#snapshots);
    // An automatic one may be of any moment.
    const first = this.settings.snapshotAfter === undefined
      ? Infinity
      : Math.min(...possible);
    for (let at = first; at <= last; at++) possible.add(at);
    for (const { from } of this.#begun) {
      for (let at = from; at <= last; at++) possible.add(at);
    }
    return [...possible];
  }

  get owed(): StateOwed {
    return {
      ends: this.#ends,
      acknowledged: this.#acknowledged,
      snapshots: this.#possible,
      settings: this.settings,
    };
  }
}
