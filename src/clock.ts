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
   * Calls back once, when some time has passed.
   *
   * @param callback What to call.
   * @param delay How long to wait, in milliseconds.
   * @returns Gives it up; harmless afterwards.
   */
  setTimer(callback: () => void, delay: number): () => void;
}

/** The clock of the computer. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer(callback, delay) {
    const timer = setTimeout(callback, delay);
    return () => clearTimeout(timer);
  },
};
