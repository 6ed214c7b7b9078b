/**
 * What a state owes, known without looking at its files.
 */

import { type Mutation, type StateSettings, worldOf } from "./state_world.ts";

export type { StateSettings };

/** What must come back after a crash. */
export interface StateOwed {
  readonly settings: StateSettings;
  /** The version that the program writes. */
  readonly version: number;
  /** How many mutations were handed in; the number of each says what it is. */
  readonly submitted: number;
  /** Numbers of mutations that a commit may end with. */
  readonly ends: readonly number[];
  /** Up to which number mutations were acknowledged. */
  readonly acknowledged: number;
  /** The newest state that could be read. */
  readonly shown: number;
  /** Number of the last snapshot that was acknowledged. */
  readonly snapshot: number | undefined;
  /** The least number of a snapshot that was begun since, and may be there. */
  readonly begun: number | undefined;
  /** Whether records in front of a snapshot may be gone. */
  readonly compacts: boolean;
  /** Up to which number records must be gone. */
  readonly dropped: number;
  /** Whether a sync reported success and had lost what it was to save: then a refusal is right too. */
  readonly lied: boolean;
}

const NOTHING: StateOwed = {
  settings: {},
  version: 1,
  submitted: 0,
  ends: [0],
  acknowledged: 0,
  shown: 0,
  snapshot: undefined,
  begun: undefined,
  compacts: false,
  dropped: 0,
  lied: false,
};

/** The oracle of a state: told of each call, it says what is owed. */
export class StateOracle {
  #owed: StateOwed;

  constructor(known: Partial<StateOwed>) {
    const { snapshotAfter, keepHistory } = known.settings ?? {};
    const isAutomatic = snapshotAfter !== undefined;
    this.#owed = {
      ...NOTHING,
      // One may be begun at any moment, and compact.
      ...(isAutomatic && { begun: 0, compacts: keepHistory === false }),
      ...known,
    };
  }

  get owed(): StateOwed {
    return this.#owed;
  }

  /** What the state must be behind a mutation, as JSON. */
  text(sequence: number): string {
    return textOf(this.#owed, sequence);
  }

  /** Hands in `count` mutations as one commit that may not be parted. */
  submit(count: number): Mutation[] {
    const { submitted: before, version, ends, settings } = this.#owed;
    const submitted = before + count;
    this.#now({ submitted, ends: [...ends, submitted] });
    const world = worldOf(settings);
    return Array.from(
      { length: count },
      (_, n) => world.mutation(before + n + 1, version),
    );
  }

  /** A mutation that is refused after all that were submitted. */
  refused(): Mutation {
    const { submitted, version, settings } = this.#owed;
    return worldOf(settings).refused(submitted + 1, version);
  }

  /** The last commit was refused, and has no number. */
  withdraw(): void {
    const ends = this.#owed.ends.slice(0, -1);
    this.#now({ ends, submitted: ends[ends.length - 1] });
  }

  /** A mutation was acknowledged under this number. */
  acknowledge(sequence: number): void {
    const { acknowledged, submitted, lied } = this.#owed;
    if (sequence <= acknowledged || sequence > submitted) {
      throw new Error(
        `M1: ${sequence} was acknowledged behind ${acknowledged} of ${submitted}`,
      );
    }
    if (!lied) this.#now({ acknowledged: sequence });
  }

  /** The state was read as of this number. */
  shows(sequence: number): void {
    if (sequence <= this.#owed.shown || this.#owed.lied) return;
    this.#now({ shown: sequence });
  }

  /** A snapshot is begun. */
  begins(): void {
    const { begun = Infinity, shown } = this.#owed;
    this.#now({ begun: Math.min(begun, shown) });
  }

  /** A snapshot was acknowledged under this number. */
  keeps(snapshot: number): void {
    const { begun = Infinity, submitted } = this.#owed;
    if (snapshot < begun || snapshot > submitted) {
      throw new Error(
        `S1: a snapshot at ${snapshot}, begun at ${begun} of ${submitted}`,
      );
    }
    const isAutomatic = this.#owed.settings.snapshotAfter !== undefined;
    this.#now({ snapshot, begun: isAutomatic ? snapshot : undefined });
  }

  /** From here on records in front of a snapshot may be gone. */
  compacts(): void {
    this.#now({ compacts: true });
  }

  /** Records up to `dropped` are gone. */
  hasDropped(dropped: number): void {
    this.#now({ dropped });
  }

  /** From here on the program writes the next version. */
  upgrades(): void {
    this.#now({ version: this.#owed.version + 1 });
  }

  /** From here on it is kept so. */
  uses(settings: StateSettings): void {
    this.#now({ settings });
  }

  /** What comes now is acknowledged by syncs that lie. */
  lies(): void {
    this.#now({ lied: true });
  }

  /** It was opened again: what it shows is all there is; an automatic snapshot that was found is there to stay. */
  opens(sequence: number, snapshot?: number): void {
    const { ends, lied, acknowledged, shown } = this.#owed;
    if (!lied && sequence < shown) {
      throw new Error(`M2: opened at ${sequence}, ${shown} was shown`);
    }
    this.#now({
      submitted: sequence,
      ends: ends.filter((end) => end <= sequence),
      acknowledged: lied ? acknowledged : sequence,
      shown: lied ? shown : sequence,
    });
    const { settings: { snapshotAfter } } = this.#owed;
    if (snapshot === undefined || snapshotAfter === undefined || lied) return;
    this.keeps(snapshot);
  }

  #now(change: Partial<StateOwed>): void {
    this.#owed = { ...this.#owed, ...change };
  }
}

/** What the state must be behind a mutation, as JSON, in the version of the program or an older one. */
export function textOf(
  { settings, version }: StateOwed,
  sequence: number,
  written: number = version,
): string {
  return worldOf(settings).text(sequence, written);
}
