/**
 * How many durable messages are delayed, and how many are held.
 *
 * @module
 */

/** What a message is waiting for. */
export interface Waiting {
  readonly held?: boolean;
  readonly delayed?: boolean;
}

/** Counts messages as what they are. */
export class Census {
  readonly #delayed = new Set<number>();
  readonly #leased = new Set<number>();

  /** How many are delayed. */
  get delayed(): number {
    return this.#delayed.size;
  }

  /** How many are held. */
  get leased(): number {
    return this.#leased.size;
  }

  /**
   * A message is durable as it is now.
   *
   * @param number Its number.
   * @param waiting What it is waiting for; nothing if it is ready, or gone.
   */
  count(number: number, { held = false, delayed = false }: Waiting): void {
    if (held) this.#leased.add(number);
    else this.#leased.delete(number);
    if (delayed) this.#delayed.add(number);
    else this.#delayed.delete(number);
  }

  /** A delay, or a lease, is over. */
  end(number: number): void {
    this.count(number, {});
  }

  /** Forgets everything. */
  clear(): void {
    this.#delayed.clear();
    this.#leased.clear();
  }
}
