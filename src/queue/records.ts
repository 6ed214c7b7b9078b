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
   * The messages whose payloads are in records in front of one.
   *
   * @param record The first record that is not meant.
   * @param isIn Whether the payload of the message with a number is in the record of that number.
   */
  *messages(
    record: number,
    isIn: (message: number) => boolean,
  ): Generator<number> {
    const blocks = [...this.#counts.keys()].sort((a, b) => a - b);
    for (const block of blocks) {
      const first = block * BLOCK;
      const end = Math.min(first + BLOCK, record);
      for (let message = first; message < end; message++) {
        if (isIn(message)) yield message;
      }
    }
    for (const [at, message] of [...this.#carried]) {
      if (at < record) yield message;
    }
  }

  /**
   * The first record that is needed; `Infinity` for none.
   *
   * @param isIn As for {@linkcode Records.messages}.
   */
  first(isIn: (message: number) => boolean): number {
    const block = Math.min(...this.#counts.keys());
    if (block === Infinity) return Infinity;
    const start = block * BLOCK;
    const end = start + BLOCK;
    let first = end;
    for (let message = start; message < end; message++) {
      if (isIn(message)) {
        first = message;
        break;
      }
    }
    for (const at of this.#carried.keys()) first = Math.min(first, at);
    // What is counted and not found is about to go: it is needed until then.
    return first < end ? first : start;
  }
}
