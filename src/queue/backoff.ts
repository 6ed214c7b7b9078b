/**
 * How long a message waits before it is tried again.
 *
 * @module
 */

import { checkCount, checkKeys } from "../wal/options.ts";

/** Delays that grow from attempt to attempt: `base`, `base * factor`, `base * factor ** 2` … */
export interface ExponentialBackoff {
  /** The delay after the first attempt, in milliseconds. */
  readonly base: number;
  /** What each delay is longer by than the one before it. Range: 1 and up. @default {2} */
  readonly factor?: number | undefined;
  /** The longest delay, in milliseconds. @default {3_600_000} one hour */
  readonly max?: number | undefined;
  /**
   * The part of a delay that is left to chance, so that messages that failed
   * together do not come back together: 0.5 gives something between half of the
   * delay and all of it. Range: 0 to 1.
   *
   * @default {0.5}
   */
  readonly jitter?: number | undefined;
}

/**
 * How long a message waits before it is tried again: always the same, in
 * milliseconds; a list, by the number of the attempt that failed, whose last item
 * serves all others; or growing.
 */
export type Backoff = number | readonly number[] | ExponentialBackoff;

/** The longest time that can be asked for, in milliseconds: a hundred years. */
export const LONGEST = 3_155_760_000_000;

/**
 * The delay after an attempt.
 *
 * @param backoff The rule.
 * @param attempt The number of the attempt that failed, from 1.
 * @param random A number from 0 up to but not including 1.
 * @returns Milliseconds, a whole number.
 */
export function delayAfter(
  backoff: Backoff,
  attempt: number,
  random: () => number,
): number {
  if (typeof backoff === "number") return Math.ceil(backoff);
  if (isList(backoff)) {
    return Math.ceil(backoff[Math.min(attempt, backoff.length) - 1]);
  }
  const { base, factor = 2, max = 3_600_000, jitter = 0.5 } = backoff;
  if (base === 0) return 0; // nothing grows to nothing, not to more than there are numbers
  const delay = Math.min(base * factor ** (attempt - 1), max);
  return Math.ceil(delay * (1 - jitter * random()));
}

/**
 * Checks a backoff.
 *
 * @returns A copy, of plain data.
 * @throws {TypeError | RangeError} If it is none.
 */
export function checkBackoff(name: string, backoff: Backoff): Backoff {
  if (typeof backoff === "number") {
    checkTime(name, backoff);
    return backoff;
  }
  if (typeof backoff !== "object" || backoff === null) {
    throw new TypeError(
      `Cannot use the option ${name}: it is neither a number, nor a list, nor an object`,
    );
  }
  if (isList(backoff)) {
    checkCount(`${name}.length`, backoff.length, 1, 1000);
    for (const [n, delay] of backoff.entries()) {
      checkTime(`${name}[${n}]`, delay);
    }
    return [...backoff];
  }
  checkKeys(backoff, ["base", "factor", "max", "jitter"]);
  const { base, factor, max, jitter } = backoff;
  checkTime(`${name}.base`, base);
  checkTime(`${name}.max`, max ?? 0);
  checkNumber(`${name}.factor`, factor ?? 1, 1, 1e6);
  checkNumber(`${name}.jitter`, jitter ?? 0, 0, 1);
  return {
    base,
    ...(factor !== undefined && { factor }),
    ...(max !== undefined && { max }),
    ...(jitter !== undefined && { jitter }),
  };
}

/** Refuses what is no length of time in milliseconds. */
export function checkTime(name: string, value: number, least = 0): void {
  checkNumber(name, value, least, LONGEST);
}

/** Refuses what is not a number within a range. */
export function checkNumber(
  name: string,
  value: number,
  least: number,
  most: number,
): void {
  if (typeof value !== "number") {
    throw new TypeError(`Cannot use the option ${name}: it is not a number`);
  }
  if (value >= least && value <= most) return;
  throw new RangeError(
    `Cannot use ${value} as the option ${name}: it is not a number from ${least} to ${most}`,
  );
}

function isList(backoff: Backoff): backoff is readonly number[] {
  return Array.isArray(backoff);
}
