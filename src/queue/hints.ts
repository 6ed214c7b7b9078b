/**
 * When to look at which message again.
 *
 * @module
 */

import { Heap } from "./heap.ts";

/** So many entries more than are needed do not matter. */
const FEW = 64;

/**
 * Times by the numbers of messages, the earliest first. Of a message only the
 * earliest time is kept: whoever looks at it then sees whether there is a later one.
 */
export class Hints {
  readonly #heap = new Heap<number>();
  readonly #times = new Map<number, number>();
  readonly #isNeeded: (number: number) => boolean;
  /** How many entries there were when those that are not needed were removed. */
  #swept = 0;

  /** @param isNeeded Whether a message is still worth looking at. */
  constructor(isNeeded: (number: number) => boolean) {
    this.#isNeeded = isNeeded;
  }

  /** The earliest time; `Infinity` for none. */
  get least(): number {
    for (;;) {
      const { first, least } = this.#heap;
      if (first === undefined) return Infinity;
      if (this.#isCurrent(first, least) && this.#isNeeded(first)) return least;
      this.#pop();
    }
  }

  /** Adds a time, unless there is an earlier one. */
  push(number: number, time: number): void {
    if ((this.#times.get(number) ?? Infinity) <= time) return;
    this.#times.set(number, time);
    this.#heap.push(time, number);
    if (this.#heap.size > 2 * this.#swept + FEW) this.#sweep();
  }

  /** Takes out a message whose time has come. */
  pop(now: number): number | undefined {
    while (this.#heap.size > 0 && this.#heap.least <= now) {
      const number = this.#pop();
      if (number !== undefined) return number;
    }
    return undefined;
  }

  /** Removes everything. */
  clear(): void {
    this.#heap.clear();
    this.#times.clear();
    this.#swept = 0;
  }

  /** Takes the first entry out, and gives its number if it counts. */
  #pop(): number | undefined {
    const time = this.#heap.least;
    const number = this.#heap.pop();
    if (number === undefined || !this.#isCurrent(number, time)) {
      return undefined;
    }
    this.#times.delete(number);
    return number;
  }

  #isCurrent(number: number, time: number): boolean {
    return this.#times.get(number) === time;
  }

  #sweep(): void {
    this.#heap.keep((number, time) => {
      if (!this.#isCurrent(number, time)) return false;
      if (this.#isNeeded(number)) return true;
      this.#times.delete(number);
      return false;
    });
    this.#swept = this.#heap.size;
  }
}
