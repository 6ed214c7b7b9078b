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
    separateFlushed: true;
  }): {
    put(key: number, text: string): { readonly flushed: Promise<unknown> };
    close(): Promise<unknown>;
  };
}

/**
 * Puts that wait until they are flushed. `separateFlushed` gives each put the
 * promise of its own transaction's sync: the fastest of the ways to wait for
 * durability that lmdb has with its default settings.
 */
export const lmdb: AppenderPeer = {
  name: "lmdb put + flushed",
  async open(directory) {
    // Not a literal: types are checked where the peers are not installed too.
    const specifier = "lmdb";
    const { open } = await import(specifier) as Lmdb;
    const path = join(directory, "lmdb");
    const db = open({ path, encoding: "string", separateFlushed: true });
    let key = 0;
    return {
      append: (record) => db.put(key++, JSON.stringify(record)).flushed,
      close: () => db.close(),
    };
  },
};
