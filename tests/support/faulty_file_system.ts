/**
 * A file system that records every call, and lets a test hold or fail any of
 * them.
 */

import type {
  FileHandle,
  FileInfo,
  FileLock,
  FileOpenOptions,
  FileSystem,
  FileSystemCapabilities,
  OpenFileInfo,
  PathParts,
} from "../../mod.ts";
import type { OperationKind } from "../../src/testing/mod.ts";

export { CHANGES } from "../../src/testing/mod.ts";

/** A call. */
export interface Call {
  /** Number of the call, from 1. */
  readonly number: number;
  readonly kind: OperationKind;
  readonly path: string;
  /** Bytes to be written, where some are. */
  readonly bytes: Uint8Array | undefined;
}

/**
 * What happens at a call: nothing, a failure (thrown), a wait (a promise, for
 * calls that are not blocking).
 */
export type OnCall = (call: Call) => void | Promise<void>;

/** Records, holds and fails the calls of another file system. */
export class FaultyFileSystem implements FileSystem {
  readonly calls: Call[] = [];
  /** What happens at a call. */
  onCall: OnCall = () => {};
  readonly #inner: FileSystem;

  constructor(inner: FileSystem) {
    this.#inner = inner;
  }

  get capabilities(): FileSystemCapabilities {
    return this.#inner.capabilities;
  }

  /** The calls as text, such as `rename a.jsonl`. */
  get trace(): string[] {
    return this.calls.map(({ kind, path }) => `${kind} ${path}`);
  }

  /** Notes a call; returns what the test does with it. */
  note(
    kind: OperationKind,
    path: string,
    bytes?: Uint8Array,
  ): void | Promise<void> {
    const call = { number: this.calls.length + 1, kind, path, bytes };
    this.calls.push(call);
    return this.onCall(call);
  }

  split(path: string): PathParts {
    return this.#inner.split(path);
  }

  resolve(path: string): string {
    return this.#inner.resolve(path);
  }

  async open(path: string, options: FileOpenOptions): Promise<FileHandle> {
    const kind = options.mode === "create"
      ? "create"
      : `open-${options.mode}` as const;
    await this.note(kind, path);
    return new FaultyHandle(this, path, await this.#inner.open(path, options));
  }

  async mkdir(path: string): Promise<void> {
    await this.note("mkdir", path);
    await this.#inner.mkdir(path);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.note("rename", from);
    await this.#inner.rename(from, to);
  }

  async remove(path: string): Promise<void> {
    await this.note("remove", path);
    await this.#inner.remove(path);
  }

  async stat(path: string): Promise<FileInfo | undefined> {
    await this.note("stat", path);
    return await this.#inner.stat(path);
  }

  async readDir(path: string): Promise<string[]> {
    await this.note("readDir", path);
    return await this.#inner.readDir(path);
  }

  async syncDir(path: string): Promise<void> {
    await this.note("syncDir", path);
    await this.#inner.syncDir(path);
  }

  async lock(path: string): Promise<FileLock> {
    await this.note("lock", path);
    return await this.#inner.lock(path);
  }

  crc32(bytes: Uint8Array, seed: number): number {
    return this.#inner.crc32(bytes, seed);
  }

  now(): number {
    return this.#inner.now();
  }

  random(): number {
    return this.#inner.random();
  }
}

class FaultyHandle implements FileHandle {
  readonly #owner: FaultyFileSystem;
  readonly #path: string;
  readonly #inner: FileHandle;

  constructor(owner: FaultyFileSystem, path: string, inner: FileHandle) {
    this.#owner = owner;
    this.#path = path;
    this.#inner = inner;
  }

  async read(buffer: Uint8Array, offset: number): Promise<number> {
    await this.#owner.note("read", this.#path);
    return await this.#inner.read(buffer, offset);
  }

  async write(bytes: Uint8Array, offset: number): Promise<void> {
    try {
      await this.#owner.note("write", this.#path, bytes);
    } catch (error) {
      await this.#inner.write(shortened(bytes, error), offset);
      throw error;
    }
    await this.#inner.write(bytes, offset);
  }

  writeSync(bytes: Uint8Array, offset: number): void {
    try {
      void this.#owner.note("write", this.#path, bytes);
    } catch (error) {
      this.#inner.writeSync(shortened(bytes, error), offset);
      throw error;
    }
    this.#inner.writeSync(bytes, offset);
  }

  async truncate(size: number): Promise<void> {
    await this.#owner.note("truncate", this.#path);
    await this.#inner.truncate(size);
  }

  async size(): Promise<number> {
    await this.#owner.note("size", this.#path);
    return await this.#inner.size();
  }

  statSync(): OpenFileInfo {
    return this.#inner.statSync();
  }

  async dataSync(): Promise<void> {
    await this.#owner.note("dataSync", this.#path);
    await this.#inner.dataSync();
  }

  dataSyncSync(): void {
    void this.#owner.note("dataSync", this.#path);
    this.#inner.dataSyncSync();
  }

  async sync(): Promise<void> {
    await this.#owner.note("sync", this.#path);
    await this.#inner.sync();
  }

  async close(): Promise<void> {
    await this.#owner.note("close", this.#path);
    await this.#inner.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** An error that lets the first `written` bytes of the write through. */
export class ShortWrite extends Error {
  readonly written: number;

  constructor(message: string, written: number) {
    super(message);
    this.written = written;
  }
}

function shortened(bytes: Uint8Array, error: unknown): Uint8Array {
  return bytes.subarray(0, error instanceof ShortWrite ? error.written : 0);
}
