/**
 * How peers that are built on SQLite sync what they commit, in WAL mode.
 *
 * @module
 */

/** NORMAL syncs at checkpoints only; FULL at every commit, before it returns. */
export type Synchronous = "NORMAL" | "FULL";

/** What SQLite answers to `PRAGMA synchronous`. */
const NUMBERS: Record<Synchronous, number> = { NORMAL: 1, FULL: 2 };

/**
 * Makes sure that a row's name says what holds.
 *
 * @param answer The row that `PRAGMA synchronous` gave.
 * @throws {Error} If it is not what was asked for.
 */
export function requireSynchronous(answer: unknown, wanted: Synchronous): void {
  const { synchronous } = answer as { synchronous: number };
  if (synchronous !== NUMBERS[wanted]) {
    throw new Error(`PRAGMA synchronous is ${synchronous}, not ${wanted}`);
  }
}
