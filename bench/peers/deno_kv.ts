/**
 * Deno KV, on a local file.
 *
 * @module
 */

import { join } from "node:path";
import type { AppenderPeer } from "./appender.ts";

/** The part of the `Deno` global that is used here. */
interface DenoGlobal {
  openKv?(path: string): Promise<{
    set(key: readonly (string | number)[], value: unknown): Promise<unknown>;
    close(): void;
  }>;
}

/** Sets, each of which is a transaction of its own. */
export const denoKv: AppenderPeer = {
  name: "Deno KV set",
  async open(directory) {
    const deno = (globalThis as { Deno?: DenoGlobal }).Deno;
    if (deno?.openKv === undefined) throw new Error("it is a part of Deno");
    const kv = await deno.openKv(join(directory, "kv.sqlite3"));
    let key = 0;
    return {
      append: (record) => kv.set(["log", key++], JSON.stringify(record)),
      close: () => Promise.resolve(kv.close()),
    };
  },
};
