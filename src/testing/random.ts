/**
 * Random numbers that a seed repeats.
 *
 * @module
 */

/** Numbers that look random, the same for the same seed. */
export class SeededRandom {
  #state: number;

  /** @param seed A whole number; its low 32 bits count. */
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 32 bits: a counter that steps by the golden ratio, mixed by two rounds of multiplication (the "lowbias32" constants of Chris Wellons). */
  bits(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let x = this.#state;
    x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
    x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
    return (x ^ (x >>> 16)) >>> 0;
  }

  /** A whole number from 0 up to but not including `end`. */
  below(end: number): number {
    return this.bits() % end;
  }

  /** One of the items. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)];
  }

  /** `count` of the items, or all if there are not so many, in their order. */
  some<T>(items: readonly T[], count: number): readonly T[] {
    if (items.length <= count) return items;
    let left = count;
    return items.filter((_, n) => {
      const chosen = this.below(items.length - n) < left;
      if (chosen) left--;
      return chosen;
    });
  }
}
