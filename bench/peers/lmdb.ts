/**
 * The npm package lmdb.
 *
 * @module
 */

import { join } from "node:path";
import type { AppenderPeer } from "./appender.ts";

/** The part of the package that is used here. */
interface Lmdb {
  open(options: {
    path: string;
    encoding: "string";
    separateFlushed?: boolean;
  }): {
    put(
      key: number,
      text: string,
    ): Promise<unknown> & { readonly flushed: Promise<unknown> };
    readonly flushed: PromiseLike<unknown>;
    close(): Promise<unknown>;
  };
}

async function load(): Promise<Lmdb> {
  // Not a literal: types are checked where the peers are not installed too.
  const specifier = "lmdb";
  return await import(specifier);
}

/** Puts that wait until they are flushed, as lmdb's manual does it. */
export const lmdb: AppenderPeer = {
  name: "lmdb put + flushed",
  async open(directory) {
    const { open } = await load();
    const db = open({ path: join(directory, "lmdb"), encoding: "string" });
    let key = 0;
    return {
      async append(record) {
        await db.put(key++, JSON.stringify(record));
        await db.flushed;
      },
      close: () => db.close(),
    };
  },
};

/** Puts that wait for the sync of their own transaction and for none behind it. */
export const lmdbSeparate: AppenderPeer = {
  name: "lmdb put, separateFlushed",
  async open(directory) {
    const { open } = await load();
    const path = join(directory, "lmdb");
    const db = open({ path, encoding: "string", separateFlushed: true });
    let key = 0;
    return {
      append: (record) => db.put(key++, JSON.stringify(record)).flushed,
      close: () => db.close(),
    };
  },
};
