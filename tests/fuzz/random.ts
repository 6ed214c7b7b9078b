/** Random numbers that a seed repeats, with what the fuzzer asks of them. */

import { SeededRandom } from "../../src/testing/random.ts";

/** A source of random numbers; the same seed gives the same ones. */
export class Random extends SeededRandom {
  constructor(...seed: readonly number[]) {
    super(
      seed.reduce((mixed, part) => new SeededRandom(mixed ^ part).bits(), 0),
    );
  }

  /** A whole number from 0 to `count - 1`; 0 if there is none. */
  override below(count: number): number {
    return count < 1 ? 0 : super.below(count);
  }

  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  /** Whether something with a probability of 1 in `count` happens. */
  oneIn(count: number): boolean {
    return this.below(count) === 0;
  }
}
