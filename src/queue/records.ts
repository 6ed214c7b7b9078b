/**
 * Which records of the log still hold a payload that is needed.
 *
 * A payload is in the record of its message's number, unless a compaction has
 * carried it on to a later one. Of the former only counts are kept, one for some
 * thousand records; so a million messages cost next to nothing here.
 *
 * @module
 */

/** How many records are counted together. */
const BLOCK = 4096;

/** Counts what is needed. */
export class Records {
  readonly #counts = new Map<number, number>();
  /** Messages by the records that they were carried to. */
  readonly #carried = new Map<number, number>();

  /** A record is needed for a message. */
  add(record: number, message: number): void {
    const block = Math.floor(record / BLOCK);
    this.#counts.set(block, (this.#counts.get(block) ?? 0) + 1);
    if (record !== message) this.#carried.set(record, message);
  }

  /** A record is not needed any more. */
  remove(record: number): void {
    const block = Math.floor(record / BLOCK);
    const count = (this.#counts.get(block) ?? 0) - 1;
    if (count > 0) this.#counts.set(block, count);
    else this.#counts.delete(block);
    this.#carried.delete(record);
  }

  /** How many records in front of one are needed; those around it may be counted in. */
  before(record: number): number {
    let total = 0;
    for (const [block, count] of this.#counts) {
      if (block * BLOCK < record) total += count;
    }
    return total;
  }

  /**
   * The messages whose payloads are in records in front of one, oldest first.
   *
   * @param record The first record that is not meant.
   * @param recordOf The record that holds the payload of a message; `undefined` if it is gone.
   */
  *messages(
    record: number,
    recordOf: (message: number) => number | undefined,
  ): Generator<number> {
    const blocks = [...this.#counts.keys()].sort((a, b) => a - b);
    for (const block of blocks) {
      const first = block * BLOCK;
      const end = Math.min(first + BLOCK, record);
      for (let message = first; message < end; message++) {
        if (recordOf(message) === message) yield message;
      }
    }
    for (const [at, message] of [...this.#carried]) {
      if (at < record && recordOf(message) === at) yield message;
    }
  }

  /**
   * The first record that is needed; `Infinity` for none.
   *
   * @param recordOf As for {@linkcode Records.messages}.
   */
  first(recordOf: (message: number) => number | undefined): number {
    let first = Infinity;
    for (const [at, message] of this.#carried) {
      if (at < first && recordOf(message) === at) first = at;
    }
    for (const message of this.messages(first, recordOf)) {
      const at = recordOf(message);
      if (at !== undefined) return Math.min(first, at);
    }
    return first;
  }
}
