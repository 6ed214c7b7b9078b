/**
 * The file system of Node.js, on `node:fs` descriptors.
 *
 * @module
 */

import * as fs from "node:fs";
import { promises } from "node:fs";
import { constants } from "node:os";
import { basename, dirname } from "node:path";
import process from "node:process";
import { crc32 } from "node:zlib";
import { crc32 as shortCrc32 } from "../crc32.ts";
import { type DurableError, fileSystemError } from "../errors.ts";
import type {
  FileHandle,
  FileInfo,
  FileLock,
  FileOpenOptions,
  FileSystem,
  FileSystemCapabilities,
  OpenFileInfo,
  PathParts,
} from "../file_system.ts";
import { absolutePath } from "./absolute.ts";
import { acquireLock, type LockHost, type OpenDatabase } from "./lock.ts";
import { makeDirectory, type MkdirHost } from "./mkdir.ts";

/** Up to this size in bytes Node's native checksum costs more for the call than it saves. */
const SHORT = 200;
const FLAGS = { read: "r", write: "r+", create: "wx+" } as const;

/** Maps what `node:fs` threw. */
function nodeError(
  action: string,
  path: string,
  cause: unknown,
): DurableError {
  const { code, errno: number } = cause as { code?: unknown; errno?: unknown };
  // libuv has no name for a used up quota: "Unknown system error -122".
  const errno = number === -constants.errno.EDQUOT ? "EDQUOT" : code;
  return fileSystemError(
    action,
    path,
    typeof errno === "string" ? errno : undefined,
    cause,
  );
}

class NodeFileHandle implements FileHandle {
  readonly #path: string;
  #fd: number | undefined;
  /** Which file it is, once that was asked for. */
  #own: fs.BigIntStats | undefined;

  constructor(path: string, fd: number) {
    this.#path = path;
    this.#fd = fd;
  }

  #opened(): number {
    if (this.#fd === undefined) {
      throw fileSystemError(
        "use",
        this.#path,
        undefined,
        new Error("the handle is closed"),
      );
    }
    return this.#fd;
  }

  #fail(action: string, cause: unknown): DurableError {
    return nodeError(action, this.#path, cause);
  }

  /** Reads once, which may be short. */
  protected readOnce(buffer: Uint8Array, offset: number): Promise<number> {
    return this.#call(
      "read",
      (fd, done) => fs.read(fd, buffer, 0, buffer.length, offset, done),
    );
  }

  async read(buffer: Uint8Array, offset: number): Promise<number> {
    let filled = 0;
    while (filled < buffer.length) {
      const from = filled;
      const count = await this.#call<number>(
        "read",
        (fd, done) =>
          fs.read(fd, buffer, from, buffer.length - from, offset + from, done),
      );
      if (count === 0) break;
      filled += count;
    }
    return filled;
  }

  async write(bytes: Uint8Array, offset: number): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const rest = bytes.subarray(done);
      done += await this.#call<number>(
        "write to",
        (fd, callback) =>
          fs.write(fd, rest, 0, rest.length, offset + done, callback),
      );
    }
  }

  writeSync(bytes: Uint8Array, offset: number): void {
    try {
      for (let done = 0; done < bytes.length;) {
        done += fs.writeSync(
          this.#opened(),
          bytes,
          done,
          bytes.length - done,
          offset + done,
        );
      }
    } catch (error) {
      throw this.#fail("write to", error);
    }
  }

  truncate(size: number): Promise<void> {
    return this.#call("truncate", (fd, done) => fs.ftruncate(fd, size, done));
  }

  async size(): Promise<number> {
    const info = await this.#call<fs.Stats>(
      "stat",
      (fd, done) => fs.fstat(fd, done),
    );
    return info.size;
  }

  statSync(): OpenFileInfo {
    try {
      const fd = this.#opened();
      // Inode numbers can be larger than a number holds exactly.
      const own = this.#own ??= fs.fstatSync(fd, { bigint: true });
      const named = fs.lstatSync(this.#path, {
        bigint: true,
        throwIfNoEntry: false,
      });
      if (named && named.ino === own.ino && named.dev === own.dev) {
        return { size: Number(named.size), atPath: true };
      }
      return { size: fs.fstatSync(fd).size, atPath: false };
    } catch (error) {
      throw this.#fail("stat", error);
    }
  }

  dataSync(): Promise<void> {
    return this.#call("sync", (fd, done) => fs.fdatasync(fd, done));
  }

  dataSyncSync(): void {
    try {
      fs.fdatasyncSync(this.#opened());
    } catch (error) {
      throw this.#fail("sync", error);
    }
  }

  sync(): Promise<void> {
    return this.#call("sync", (fd, done) => fs.fsync(fd, done));
  }

  async close(): Promise<void> {
    if (this.#fd === undefined) return;
    const fd = this.#fd;
    this.#fd = undefined;
    await new Promise<void>((resolve, reject) =>
      fs.close(fd, (error) => {
        if (error) reject(this.#fail("close", error));
        else resolve();
      })
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #call<T = void>(
    action: string,
    start: (
      fd: number,
      done: (error: Error | null, result?: T) => void,
    ) => void,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) =>
      start(this.#opened(), (error, result) => {
        if (error) reject(this.#fail(action, error));
        else resolve(result as T);
      })
    );
  }
}

/** The file system of Node.js. */
export class NodeFileSystem implements FileSystem {
  readonly capabilities: FileSystemCapabilities = {
    syncDir: process.platform !== "win32",
    fullFlush: true,
  };

  /** What the writer lock needs of this runtime. */
  protected lockHost(): LockHost {
    return {
      runtime: `node ${process.versions.node}`,
      pid: process.pid,
      needs:
        "node:sqlite, which Node.js has from version 22.13 (from 22.5 with --experimental-sqlite)",
      loadDatabase: async (): Promise<OpenDatabase> => {
        const { DatabaseSync } = await import("node:sqlite");
        return (path) => new DatabaseSync(path);
      },
      createFile: (path) => fs.closeSync(fs.openSync(path, "wx")),
      stat: (path) => this.stat(path),
      writeText: (path, text) => fs.writeFileSync(path, text),
      readText: (path) => fs.readFileSync(path, "utf8"),
      removeFile: (path) => fs.unlinkSync(path),
      mapError: nodeError,
    };
  }

  split(path: string): PathParts {
    return { dir: dirname(path), base: basename(path) };
  }

  resolve(path: string): string {
    return absolutePath(path, () => process.cwd());
  }

  async open(path: string, options: FileOpenOptions): Promise<FileHandle> {
    const { mode } = options;
    if (mode === "read") await attempt("open", path, () => checkRegular(path));
    return await new Promise((resolve, reject) =>
      fs.open(path, FLAGS[mode], (error, fd) => {
        if (error) return reject(nodeError("open", path, error));
        resolve(new NodeFileHandle(path, fd));
      })
    );
  }

  mkdir(path: string): Promise<void> {
    const host: MkdirHost = {
      split: (name) => this.split(name),
      stat: (name) => this.stat(name),
      syncDir: (name) => this.syncDir(name),
      make: (name) =>
        attempt("create the directory", name, () => promises.mkdir(name)),
      mayRead: () => true,
    };
    return makeDirectory(host, path);
  }

  rename(from: string, to: string): Promise<void> {
    return attempt("rename", from, () => promises.rename(from, to));
  }

  remove(path: string): Promise<void> {
    return attempt("remove", path, async () => {
      // What unlink does with a directory depends on the system.
      if ((await promises.lstat(path)).isDirectory()) throw isDirectory();
      await promises.unlink(path);
    });
  }

  async stat(path: string): Promise<FileInfo | undefined> {
    return await attempt("stat", path, async () => {
      try {
        const info = await promises.lstat(path);
        const directory = info.isDirectory() ||
          (info.isSymbolicLink() && (await promises.stat(path)).isDirectory());
        const kind = directory ? "directory" : info.isFile() ? "file" : "other";
        return { kind, size: info.size };
      } catch (error) {
        if ((error as { code?: unknown }).code === "ENOENT") return undefined;
        throw error;
      }
    });
  }

  readDir(path: string): Promise<string[]> {
    return attempt("list", path, () => promises.readdir(path));
  }

  async syncDir(path: string): Promise<void> {
    if (!this.capabilities.syncDir) return;
    await attempt("sync the directory", path, async () => {
      const handle = await promises.open(path, "r");
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    });
  }

  lock(path: string): Promise<FileLock> {
    return acquireLock(this.lockHost(), this.resolve(path));
  }

  crc32(bytes: Uint8Array, seed: number): number {
    return bytes.length < SHORT ? shortCrc32(bytes, seed) : crc32(bytes, seed);
  }

  /** The system's clock, in milliseconds since 1970. */
  now(): number {
    return Date.now();
  }

  /** 32 random bits. */
  random(): number {
    return crypto.getRandomValues(new Uint32Array(1))[0];
  }
}

/**
 * Refuses what is not a regular file before it is opened: opening a FIFO waits for
 * a writer, for good if there is none, and a device may act on being opened.
 */
async function checkRegular(path: string): Promise<void> {
  const info = await promises.stat(path);
  if (info.isDirectory()) throw isDirectory();
  if (!info.isFile()) throw withCode("ENXIO");
}

function isDirectory(): Error {
  return withCode("EISDIR");
}

function withCode(code: string): Error {
  return Object.assign(new Error(code), { code });
}

async function attempt<T>(
  action: string,
  path: string,
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw nodeError(action, path, error);
  }
}
