/**
 * An open file of the simulated file system.
 *
 * @module
 */

import { fileSystemError } from "../errors.ts";
import type { FileHandle, OpenFileInfo } from "../file_system.ts";
import type { DataChange, SimulatedFile } from "./disk.ts";
import { type Fault, injected, type Operation } from "./faults.ts";

type Call = Omit<Operation, "number">;

/** What an open file needs of its file system. */
export interface HandleHost {
  readonly path: string;
  readonly file: SimulatedFile;
  readonly writable: boolean;
  /** What its path leads to. */
  find(): unknown;
  /** Records a call and does it. */
  perform<T>(
    call: Call,
    action: string,
    act: (fault: Fault | undefined) => T,
  ): Promise<T>;
  /** The same for a call that blocks. */
  performSync<T>(
    call: Call,
    action: string,
    act: (fault: Fault | undefined) => T,
  ): T;
  /** Remembers bytes whose blocks are free now, and where they stood. */
  forget(bytes: Uint8Array, offset: number): void;
  /** Syncs the file, or lets that fail. */
  sync(fault: Fault | undefined): void;
}

/** An open file. */
export class SimulatedFileHandle implements FileHandle {
  readonly #host: HandleHost;
  #closed = false;
  /** How many failed syncs of the file this descriptor knows of. */
  #failures: number;

  constructor(host: HandleHost) {
    this.#host = host;
    this.#failures = host.file.failures;
  }

  read(buffer: Uint8Array, offset: number): Promise<number> {
    const { path } = this.#host;
    const opened = this.#opened();
    return this.#host.perform(
      { kind: "read", path, offset },
      "read",
      () => opened().visible.read(buffer, offset),
    );
  }

  write(bytes: Uint8Array, offset: number): Promise<void> {
    const opened = this.#opened(true);
    return this.#host.perform(
      this.#writeCall(bytes, offset),
      "write to",
      (fault) => put(opened(), bytes, offset, fault),
    );
  }

  writeSync(bytes: Uint8Array, offset: number): void {
    const opened = this.#opened(true);
    this.#host.performSync(
      this.#writeCall(bytes, offset),
      "write to",
      (fault) => put(opened(), bytes, offset, fault),
    );
  }

  truncate(size: number): Promise<void> {
    const { path } = this.#host;
    const opened = this.#opened(true);
    return this.#host.perform(
      { kind: "truncate", path, size },
      "truncate",
      () => {
        const file = opened();
        this.#host.forget(file.visible.snapshot().subarray(size), size);
        file.apply({ kind: "truncate", size });
      },
    );
  }

  size(): Promise<number> {
    const { path } = this.#host;
    const opened = this.#opened();
    return this.#host.perform(
      { kind: "size", path },
      "stat",
      () => opened().visible.size,
    );
  }

  statSync(): OpenFileInfo {
    const { path } = this.#host;
    const opened = this.#opened();
    return this.#host.performSync({ kind: "size", path }, "stat", () => {
      const file = opened();
      return { size: file.visible.size, atPath: this.#host.find() === file };
    });
  }

  dataSync(): Promise<void> {
    const { path } = this.#host;
    const opened = this.#opened();
    return this.#host.perform(
      { kind: "dataSync", path },
      "sync",
      (fault) => this.#sync(opened(), fault),
    );
  }

  dataSyncSync(): void {
    const { path } = this.#host;
    const opened = this.#opened();
    this.#host.performSync(
      { kind: "dataSync", path },
      "sync",
      (fault) => this.#sync(opened(), fault),
    );
  }

  sync(): Promise<void> {
    const { path } = this.#host;
    const opened = this.#opened();
    return this.#host.perform(
      { kind: "sync", path },
      "sync",
      (fault) => this.#sync(opened(), fault),
    );
  }

  close(): Promise<void> {
    const { path } = this.#host;
    if (this.#closed) return Promise.resolve();
    this.#closed = true;
    return this.#host.perform({ kind: "close", path }, "close", () => {});
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #writeCall(bytes: Uint8Array, offset: number): Call {
    return {
      kind: "write",
      path: this.#host.path,
      offset,
      bytes: bytes.slice(),
    };
  }

  #sync(file: SimulatedFile, fault: Fault | undefined): void {
    const missed = file.failures > this.#failures;
    try {
      this.#host.sync(fault);
    } finally {
      this.#failures = file.failures;
    }
    if (missed && !fault) throw injected("sync", this.#host.path, "EIO");
  }

  /** What gives a call that is made now the file when it is carried out: perhaps after the handle was closed. */
  #opened(toWrite = false): () => SimulatedFile {
    const { path, file, writable } = this.#host;
    const closed = this.#closed;
    return () => {
      if (closed) {
        const cause = new Error("the handle is closed");
        throw fileSystemError("use", path, undefined, cause);
      }
      if (toWrite && !writable) {
        throw Object.assign(new Error("EBADF"), { code: "EBADF" });
      }
      return file;
    };
  }
}

function put(
  file: SimulatedFile,
  bytes: Uint8Array,
  offset: number,
  fault: Fault | undefined,
): void {
  const length = fault ? fault.written ?? 0 : bytes.length;
  if (fault?.persisted) file.apply(writeOf(bytes, offset));
  else if (length > 0) file.apply(writeOf(bytes.subarray(0, length), offset));
}

function writeOf(bytes: Uint8Array, offset: number): DataChange {
  return { kind: "write", offset, bytes: bytes.slice() };
}
