/**
 * The npm package lmdb, with an entry for each key in its own encoding.
 *
 * @module
 */

import { join } from "node:path";
import type { Entry } from "../entries.ts";
import type { KeyedPeer } from "./keyed.ts";

/** The part of the package that is used here. */
interface Lmdb {
  open(options: { path: string }): {
    put(key: string, value: Entry): Promise<unknown>;
    get(key: string): Entry;
    readonly flushed: PromiseLike<unknown>;
    close(): Promise<unknown>;
  };
}

/** Puts that wait until they are flushed. */
export const lmdbKeyed: KeyedPeer = {
  writes: "lmdb put + flushed",
  reads: "lmdb get",
  async open(directory, entries) {
    // Not a literal: types are checked where the peers are not installed too.
    const specifier = "lmdb";
    const { open } = await import(specifier) as Lmdb;
    const db = open({ path: join(directory, "lmdb") });
    await Promise.all(
      entries.map(({ put: { key, n, text } }) => db.put(key, { n, text })),
    );
    await db.flushed;
    return {
      async put({ put: { key, n, text } }) {
        await db.put(key, { n, text });
        await db.flushed;
      },
      get: (key) => db.get(key).n,
      close: () => db.close(),
    };
  },
};
