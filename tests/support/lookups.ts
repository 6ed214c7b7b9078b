/** Records that are looked up by their numbers, with what that reads. */

import { assert, assertEquals } from "@std/assert";
import {
  type FileHandle,
  type FileOpenOptions,
  MemoryFileSystem,
  MiniStore,
} from "../../mod.ts";
import { Lookup } from "../../src/wal/lookup.ts";
import { FaultyFileSystem } from "./faulty_file_system.ts";
import { readBytes, writeFile } from "./text.ts";

/** The size of a block, in bytes. */
export const BLOCK: number = 1 << 16;
/** How much of a file is read for its header at most. */
export const HEAD: number = 4096;

/** Counts the bytes that are read. */
export class Metered extends FaultyFileSystem {
  bytes = 0;

  override async open(
    path: string,
    options: FileOpenOptions,
  ): Promise<FileHandle> {
    const handle = await super.open(path, options);
    const read = handle.read.bind(handle);
    handle.read = async (buffer, offset) => {
      const count = await read(buffer, offset);
      this.bytes += count;
      return count;
    };
    return handle;
  }

  /** How many bytes a call reads. */
  async cost(run: () => Promise<unknown>): Promise<number> {
    this.bytes = 0;
    await run();
    return this.bytes;
  }

  /** How many calls of a kind there were. */
  count(kind: string): number {
    return this.calls.filter((call) => call.kind === kind).length;
  }
}

/** The log `a` in memory, open, with a lookup whose calls can be watched. */
export async function opened(): Promise<{
  inner: MemoryFileSystem;
  fileSystem: Metered;
  store: MiniStore<unknown>;
  lookup: Lookup;
}> {
  const inner = new MemoryFileSystem();
  const fileSystem = new Metered(inner);
  const store = await MiniStore.open<unknown>("a", { fileSystem: inner });
  const lookup = new Lookup({ fileSystem, path: "a" });
  return { inner, fileSystem, store, lookup };
}

/** Reads one record. */
export async function recordAt(
  lookup: Lookup,
  sequence: number,
): Promise<unknown> {
  const { first, lines } = await lookup.read(sequence);
  const line = lines.at(sequence - first);
  assert(sequence >= first && line !== undefined, `${sequence} in ${first}`);
  return JSON.parse(line);
}

/** Asserts that records of a log come back, each under its number. */
export async function assertFound(
  lookup: Lookup,
  records: readonly unknown[],
  numbers: Iterable<number> = records.map((_, n) => n + 1),
  where?: string,
): Promise<void> {
  for (const n of numbers) {
    assertEquals(await recordAt(lookup, n), records[n - 1], where);
  }
}

/** Records as long as the text of a number, many times over. */
export function texts(count: number, times: number): string[] {
  return Array.from({ length: count }, (_, n) => `${n} `.repeat(times));
}

/** Flips a bit of a file. */
export async function flip(
  fileSystem: MemoryFileSystem,
  path: string,
  offset: number,
): Promise<void> {
  const bytes = (await readBytes(fileSystem, path)).slice();
  bytes[offset] ^= 1;
  await writeFile(fileSystem, path, bytes);
}
