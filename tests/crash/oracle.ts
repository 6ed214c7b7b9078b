/**
 * What a log owes, known without looking at its files.
 */

import type { MiniStoreOptions } from "../../mod.ts";

/** How a log is written. */
export type Settings = Omit<MiniStoreOptions<string>, "fileSystem">;

/** What must come back after a crash. */
export interface Owed {
  /** The records in order, submitted or acknowledged, from number 1 on. */
  readonly records: readonly string[];
  /** Numbers of records that a group may end with. */
  readonly ends: readonly number[];
  /** Up to which number records were acknowledged. */
  readonly acknowledged: number;
  /** Up to which number records may be gone, as somebody asked for it. */
  readonly droppable: number;
  /** Up to which number records must be gone. */
  readonly dropped: number;
  /** How the log is written. */
  readonly settings: Settings;
  /** Whether a sync reported success and had lost what it was to save: then a refusal is right too. */
  readonly lied: boolean;
}

/** The oracle of a log: told of each call, it says what is owed. */
export class Oracle {
  #records: readonly string[] = [];
  #ends: readonly number[] = [0];
  #acknowledged = 0;
  #droppable = 0;
  #dropped = 0;
  #lied = false;
  #settings: Settings;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** A record's text: what its number makes of it, so that equal histories give equal files. */
  static text(number: number): string {
    const padding = number % 3 === 0 ? "x".repeat(40) : "";
    return number % 4 === 2
      ? `// commit ${number} 00000000`
      : `r${number}${padding}`;
  }

  get settings(): Settings {
    return this.#settings;
  }

  /** From here on the log is written in format v0.2. */
  upgrades(): void {
    this.#settings = { ...this.#settings, format: "v0.2" };
  }

  get submitted(): number {
    return this.#records.length;
  }

  /** Hands in `count` records as one group that may not be parted. */
  submit(count: number): string[] {
    const texts = Array.from(
      { length: count },
      (_, n) => Oracle.text(this.#records.length + n + 1),
    );
    this.#records = [...this.#records, ...texts];
    const first = this.#records.length - count + 1;
    // Batches of v0.1 can be parted, and its records are the ends of groups.
    const ends = this.#settings.format === "v0.1"
      ? texts.map((_, n) => first + n)
      : [this.#records.length];
    this.#ends = [...this.#ends, ...ends];
    return texts;
  }

  /** The last submission was refused, and has no number. */
  withdraw(): void {
    this.#ends = this.#ends.slice(0, -1);
    this.#records = this.#records.slice(0, this.#ends.at(-1));
  }

  /** A record was acknowledged under this number. */
  acknowledge(sequence: number): void {
    if (sequence <= this.#acknowledged || sequence > this.#records.length) {
      throw new Error(
        `W2: ${sequence} was acknowledged behind ${this.#acknowledged} of ${this.#records.length}`,
      );
    }
    if (!this.#lied) this.#acknowledged = sequence;
  }

  /** From here on records up to `sequence` may be gone. */
  mayDrop(sequence: number): void {
    this.#droppable = Math.max(this.#droppable, sequence);
  }

  /** Records up to `sequence` are gone. */
  hasDropped(sequence: number): void {
    if (sequence > this.#droppable) {
      throw new Error(`W1: ${sequence} was removed`);
    }
    this.#dropped = sequence;
  }

  /** What comes now is acknowledged by syncs that lie. */
  lies(): void {
    this.#lied = true;
  }

  /** The log was opened again: what it shows is all there is. */
  shows(sequence: number): void {
    this.#records = this.#records.slice(0, sequence);
    this.#ends = this.#ends.filter((end) => end <= sequence);
    if (!this.#lied) this.#acknowledged = sequence;
  }

  get owed(): Owed {
    return {
      records: this.#records,
      ends: this.#ends,
      acknowledged: this.#acknowledged,
      droppable: this.#droppable,
      dropped: this.#dropped,
      settings: this.#settings,
      lied: this.#lied,
    };
  }
}
