/**
 * Reads that are done once for all callers that ask for the same thing while it is
 * being read.
 *
 * @module
 */

/**
 * Shares reads that are under way.
 *
 * - **One read** for all callers that ask for the same key before it has ended.
 * - **No memory.** What was read is given to those callers and forgotten, and so is
 *   an error: the next caller reads again.
 * - **Bounded.** At most `most` reads are under way at a time; the others wait for
 *   their turn, in order, and hold neither a buffer nor an open file.
 */
export class SharedReads<K, T> {
  readonly #most: number;
  readonly #underWay = new Map<K, Promise<T>>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /**
   * No read is under way yet.
   *
   * @param most How many may be at a time, from 1.
   */
  constructor(most: number) {
    this.#most = most;
  }

  /** Gives what `read` gives, or what a read with the same key that is under way gives. */
  run(key: K, read: () => Promise<T>): Promise<T> {
    const shared = this.#underWay.get(key);
    if (shared !== undefined) return shared;
    const done = this.#inTurn(read).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, done);
    return done;
  }

  async #inTurn(read: () => Promise<T>): Promise<T> {
    if (this.#running < this.#most) this.#running++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await read();
    } finally {
      // The next one takes this one's place, so that nobody comes in between.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}
