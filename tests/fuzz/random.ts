/** Random numbers that a seed repeats. */

/** A source of random numbers; the same seed gives the same ones. */
export class Random {
  #state: number;

  constructor(...seed: readonly number[]) {
    this.#state = 0;
    for (const part of seed) {
      this.#state = (this.next() ^ part) | 0;
      this.next();
    }
  }

  /** 32 random bits (splitmix32). */
  next(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let bits = this.#state ^ (this.#state >>> 16);
    bits = Math.imul(bits, 0x21f0aaad);
    bits ^= bits >>> 15;
    bits = Math.imul(bits, 0x735a2d97);
    return (bits ^ (bits >>> 15)) >>> 0;
  }

  /** A whole number from 0 to `count - 1`; 0 if there is none. */
  below(count: number): number {
    return count < 1 ? 0 : this.next() % count;
  }

  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  /** Whether something with a probability of 1 in `count` happens. */
  oneIn(count: number): boolean {
    return this.below(count) === 0;
  }

  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }
}
