/**
 * A clock that stands still until a test moves it.
 *
 * @module
 */

import type { Clock } from "../clock.ts";

interface Timer {
  /** When it ends, in time that has passed. */
  readonly end: number;
  readonly callback: () => void;
}

/**
 * A clock for tests: time passes when {@linkcode FakeClock.advance} is called, and
 * the clock is set by {@linkcode FakeClock.set}, as that of a computer is.
 *
 * @example A lease that runs out
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MemoryFileSystem, MiniQueue } from "@mini-ts/durable";
 * import { FakeClock } from "@mini-ts/durable/testing";
 *
 * const clock = new FakeClock();
 * const queue = await MiniQueue.open("jobs", {
 *   fileSystem: new MemoryFileSystem(),
 *   clock,
 *   visibilityTimeout: 30_000,
 * });
 * await queue.enqueue("sweep");
 * const first = await queue.dequeue();
 * const waiting = queue.dequeue(); // there is no other message
 * clock.advance(30_000);
 * const second = await waiting;
 * assertEquals([first.attempts, second.attempts], [1, 2]);
 * await second.ack();
 * await queue.close();
 * assertEquals(clock.timers, 0);
 * ```
 */
export class FakeClock implements Clock {
  /** How much time has passed. */
  #passed = 0;
  /** What the clock shows beyond that. */
  #offset: number;
  #timers: Timer[] = [];
  readonly #holds = new Set<symbol>();
  #calls = 0;

  /**
   * Makes a clock.
   *
   * @param start What it shows at first, in milliseconds since 1970.
   */
  constructor(start = 1_000_000_000_000) {
    this.#offset = start;
  }

  /** How many timers are running. */
  get timers(): number {
    return this.#timers.length;
  }

  /** How many timers have called back. */
  get calls(): number {
    return this.#calls;
  }

  /**
   * How many holds there are that would keep a program alive. This clock keeps none
   * alive: a test that waits for what cannot come ends, and its runner says so.
   */
  get holds(): number {
    return this.#holds.size;
  }

  /** What it shows, in milliseconds since 1970. */
  now(): number {
    return this.#passed + this.#offset;
  }

  /** Begins a timer, which ends when time is let pass. */
  setTimer(callback: () => void, delay: number): () => void {
    const timer: Timer = { end: this.#passed + Math.max(0, delay), callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Counts a hold, until what is returned is called. */
  hold(): () => void {
    const hold = Symbol();
    this.#holds.add(hold);
    return () => void this.#holds.delete(hold);
  }

  /**
   * Lets time pass: timers that end meanwhile call back, in order, and so do those
   * that they begin.
   *
   * @param time How much, in milliseconds. Range: 0 and up.
   */
  advance(time: number): void {
    const to = this.#passed + time;
    for (;;) {
      const next = this.#timers.reduce<Timer | undefined>(
        (first, timer) => first && first.end <= timer.end ? first : timer,
        undefined,
      );
      if (!next || next.end > to) break;
      this.#timers = this.#timers.filter((other) => other !== next);
      this.#passed = Math.max(this.#passed, next.end);
      this.#calls++;
      next.callback();
    }
    this.#passed = to;
  }

  /**
   * Sets the clock, forward or back. No time passes by that.
   *
   * @param time What it shows from here on, in milliseconds since 1970.
   */
  set(time: number): void {
    this.#offset = time - this.#passed;
  }
}
