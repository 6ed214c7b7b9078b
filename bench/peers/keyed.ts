/**
 * What every peer that keeps entries by key looks like.
 *
 * @module
 */

import type { Put } from "../entries.ts";

/** Something that takes changes of entries, open for writing. */
export interface Taker {
  /** Resolves when the change is durable. */
  put(change: Put): Promise<unknown>;
  /** Lets go of the files. */
  close(): Promise<unknown>;
}

/** Entries that can be read. */
export interface Keyed extends Taker {
  /** The number in the entry of a key, which must be there. */
  get(key: string): number;
}

/** Something to compare writes with. */
export interface TakerPeer<T extends Taker = Taker> {
  /** How a change is made durable, for the table. */
  readonly writes: string;
  /** Opens a fresh one in an empty directory, with entries in it; rejects where the peer does not run. */
  open(directory: string, entries: readonly Put[]): Promise<T>;
}

/** Something to compare reads with, too. */
export interface KeyedPeer extends TakerPeer<Keyed> {
  /** How an entry is read, for the table. */
  readonly reads: string;
}
