/**
 * The file system of Bun: `node:fs` descriptors, and Bun's own SQLite for the
 * lock.
 *
 * `Bun.write`, `FileSink` and `appendFile({ flush })` do not sync, so nothing is
 * written through them. `Bun.file` is not read through either: on a descriptor a
 * slice that begins at 0 is read from wherever the descriptor stands (Bun 1.4.5,
 * oven-sh/bun#33873), and on a path it follows the name, which a rotation gives
 * to another file.
 *
 * @module
 */

import process from "node:process";
import { crc32 } from "node:zlib";
import type { FileSystemCapabilities } from "../file_system.ts";
import type { LockHost, OpenDatabase } from "./lock.ts";
import { NodeFileSystem } from "./node.ts";

/** The part of the `Bun` global that is used here. */
interface BunGlobal {
  readonly version: string;
}

interface BunSqlite {
  Database: new (
    path: string,
    options: { create: boolean; readwrite: boolean },
  ) => { run(sql: string): unknown; close(): void };
}

const bun = (globalThis as unknown as { Bun: BunGlobal }).Bun;

/** The file system of Bun. */
export class BunFileSystem extends NodeFileSystem {
  /** Bun's sync does not ask a Mac's drive to flush its cache. */
  override readonly capabilities: FileSystemCapabilities = {
    syncDir: process.platform !== "win32",
    fullFlush: process.platform !== "darwin",
  };

  override crc32(bytes: Uint8Array, seed: number): number {
    return crc32(bytes, seed);
  }

  protected override lockHost(): LockHost {
    return {
      ...super.lockHost(),
      runtime: `bun ${bun.version}`,
      needs: "bun:sqlite, which is part of Bun",
      loadDatabase: async (): Promise<OpenDatabase> => {
        // Not a literal: Deno would try to resolve the scheme when it checks types.
        const specifier = "bun:sqlite";
        const { Database } = await import(specifier) as BunSqlite;
        return (path) => {
          const database = new Database(path, {
            create: true,
            readwrite: true,
          });
          return {
            exec: (sql) => database.run(sql),
            close: () => database.close(),
          };
        };
      },
    };
  }
}
