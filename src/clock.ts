/**
 * Time, as whatever waits for it needs it.
 *
 * @module
 */

/**
 * Tells the time, and calls back when some of it has passed. Tests use the
 * `FakeClock` of `@mini-ts/durable/testing`.
 */
export interface Clock {
  /** The time in milliseconds since 1970. It may jump, as clocks of computers do. */
  now(): number;
  /**
   * Calls back once, when some time has passed. A timer should not keep the program
   * alive by itself: {@linkcode Clock.hold} does that for as long as a caller waits.
   *
   * @param callback What to call.
   * @param delay How long to wait, in milliseconds.
   * @returns Gives it up; harmless afterwards.
   */
  setTimer(callback: () => void, delay: number): () => void;
  /**
   * Keeps the program alive, though it may have nothing else to do, until what is
   * returned is called.
   *
   * @default {a timer of the runtime that does nothing}
   * @returns Lets go; harmless afterwards.
   */
  hold?(): () => void;
}

/** The longest delay that all runtimes have for a timer, in milliseconds: 24 days. */
const LONGEST_DELAY = 2 ** 31 - 1;

/** The clock of the computer. */
export const systemClock: Required<Clock> = {
  now: () => Date.now(),
  setTimer(callback, delay) {
    const timer = setTimeout(callback, delay);
    // Where a timer is a mere number, no timer keeps a program alive.
    (timer as { unref?(): unknown }).unref?.();
    return () => clearTimeout(timer);
  },
  hold() {
    const timer = setInterval(() => {}, LONGEST_DELAY);
    return () => clearInterval(timer);
  },
};
