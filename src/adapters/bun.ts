/**
 * The file system of Bun: `Bun.file` on a descriptor for reading, `node:fs`
 * descriptors for everything that must be durable.
 *
 * `Bun.write`, `FileSink` and `appendFile({ flush })` do not sync, so nothing is
 * written through them.
 *
 * @module
 */

import process from "node:process";
import type { FileHandle, FileSystemCapabilities } from "../file_system.ts";
import type { LockDatabase, LockHost } from "./lock.ts";
import { NodeFileHandle, NodeFileSystem } from "./node.ts";

/** The part of the `Bun` global that is used here. */
interface BunGlobal {
  readonly version: string;
  file(descriptor: number): {
    slice(from: number, to: number): { bytes(): Promise<Uint8Array> };
  };
}

interface BunSqlite {
  Database: new (
    path: string,
    options: { create: boolean; readwrite: boolean },
  ) => { run(sql: string): unknown; close(): void };
}

const bun = (globalThis as unknown as { Bun: BunGlobal }).Bun;

class BunFileHandle extends NodeFileHandle {
  protected override async readOnce(
    buffer: Uint8Array,
    offset: number,
  ): Promise<number> {
    try {
      const bytes = await bun.file(this.fd)
        .slice(offset, offset + buffer.length).bytes();
      buffer.set(bytes);
      return bytes.length;
    } catch (error) {
      throw this.fail("read", error);
    }
  }
}

/** The file system of Bun. */
export class BunFileSystem extends NodeFileSystem {
  /** Bun's sync does not ask a Mac's drive to flush its cache. */
  override readonly capabilities: FileSystemCapabilities = {
    syncDir: process.platform !== "win32",
    fullFlush: process.platform !== "darwin",
  };

  protected override lockHost(): LockHost {
    return {
      ...super.lockHost(),
      runtime: `bun ${bun.version}`,
      openDatabase: async (path): Promise<LockDatabase> => {
        // Not a literal: Deno would try to resolve the scheme when it checks types.
        const specifier = "bun:sqlite";
        const { Database } = await import(specifier) as BunSqlite;
        const database = new Database(path, { create: true, readwrite: true });
        return {
          exec: (sql) => database.run(sql),
          close: () => database.close(),
        };
      },
    };
  }

  protected override handle(path: string, fd: number): FileHandle {
    return new BunFileHandle(path, fd);
  }
}
