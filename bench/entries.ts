/**
 * The state that is measured, and its mutations: about 75 bytes of JSON text each.
 *
 * @module
 */

import { mutators, type Reduce } from "../mod.ts";

/** What stands behind a key. */
export interface Entry {
  readonly n: number;
  readonly text: string;
}

/** What a small program would keep: entries by key. */
export interface Entries {
  readonly entries: Record<string, Entry>;
}

/** A key gets an entry. */
export interface Put {
  readonly put: Entry & { readonly key: string };
}

/** Options of a state with entries. */
export const entriesOptions: {
  readonly initial: Entries;
  readonly apply: Reduce<Entries, Put>;
} = {
  initial: { entries: {} },
  apply: mutators({
    put: ({ entries }: Entries, { key, n, text }: Put["put"]) => {
      entries[key] = { n, text };
    },
  }),
};

/** The n-th key. */
export function keyOf(n: number): string {
  return `user-${String(n).padStart(7, "0")}`;
}

/** A mutation for the n-th key; all have the same length. Another pass gives the key another number. */
export function putOf(n: number, pass: number = 0): Put {
  const number = 100_000 + (n + pass) % 900_000;
  return { put: { key: keyOf(n), n: number, text: "what a program keeps" } };
}

/** Yields mutations for keys from `from` on. */
export function* puts(count: number, from: number = 0): Generator<Put> {
  for (let n = from; n < from + count; n++) yield putOf(n);
}

/** Yields the same in batches of 10,000, each of which is one commit. */
export function* batches(count: number): Generator<Put[]> {
  const size = Math.min(10_000, count);
  for (let n = 0; n < count; n += size) {
    yield [...puts(Math.min(size, count - n), n)];
  }
}

/** Numbers below `count`, each once, in an order without a pattern that is the same every time. */
export function scattered(count: number): number[] {
  const numbers = Array.from({ length: count }, (_, n) => n);
  let seed = 1;
  for (let n = count - 1; n > 0; n--) {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    const other = seed % (n + 1);
    [numbers[n], numbers[other]] = [numbers[other], numbers[n]];
  }
  return numbers;
}

/**
 * Mutations for `count` keys in a scattered order, twice around, to be used again
 * and again. None gives a key what it has already: SQLite would not write that.
 */
export function rewrites(count: number): Put[] {
  const order = scattered(count);
  return [1, 2].flatMap((pass) => order.map((n) => putOf(n, pass)));
}
