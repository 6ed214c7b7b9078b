/**
 * The file system of Deno, on the `Deno` namespace.
 *
 * `--allow-read=DIR --allow-write=DIR` is all it needs for files in `DIR`.
 *
 * @module
 */

import { basename, dirname } from "node:path";
import { crc32 } from "node:zlib";
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

const OPEN = {
  read: { read: true },
  write: { read: true, write: true },
  create: { read: true, write: true, createNew: true },
} as const;

/** POSIX names of errors that Deno reports by class or by number only. */
const ERRNO_BY_NAME: ReadonlyMap<string, string> = new Map([
  ["NotFound", "ENOENT"],
  ["AlreadyExists", "EEXIST"],
  ["PermissionDenied", "EACCES"],
  ["NotCapable", "EACCES"],
  ["IsADirectory", "EISDIR"],
  ["NotADirectory", "ENOTDIR"],
]);
const ERRNO_BY_NUMBER: ReadonlyMap<string, string> = new Map(
  Deno.build.os === "darwin"
    ? [["69", "EDQUOT"], ["27", "EFBIG"], ["28", "ENOSPC"], ["30", "EROFS"]]
    : [["122", "EDQUOT"], ["27", "EFBIG"], ["28", "ENOSPC"], ["30", "EROFS"]],
);

/** Maps what Deno threw. */
function denoError(action: string, path: string, cause: unknown): DurableError {
  const { code, name, message } = cause as Error & { code?: unknown };
  const number = /\(os error (\d+)\)/.exec(message)?.[1] ?? "";
  const errno = typeof code === "string"
    ? code
    : ERRNO_BY_NUMBER.get(number) ?? ERRNO_BY_NAME.get(name);
  return fileSystemError(action, path, errno, cause);
}

class DenoFileHandle implements FileHandle {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  /** Where the descriptor stands; Deno reads and writes there only. */
  #position = 0;
  #open = true;
  /** Which file it is, once that was asked for. */
  #own: Deno.FileInfo | undefined;

  constructor(path: string, file: Deno.FsFile) {
    this.#path = path;
    this.#file = file;
  }

  async read(buffer: Uint8Array, offset: number): Promise<number> {
    try {
      this.#seek(offset);
      let filled = 0;
      while (filled < buffer.length) {
        const count = await this.#file.read(buffer.subarray(filled));
        if (count === null) break;
        filled += count;
        this.#position += count;
      }
      return filled;
    } catch (error) {
      throw this.#fail("read", error);
    }
  }

  async write(bytes: Uint8Array, offset: number): Promise<void> {
    try {
      this.#seek(offset);
      for (let done = 0; done < bytes.length;) {
        const count = await this.#file.write(bytes.subarray(done));
        done += count;
        this.#position += count;
      }
    } catch (error) {
      throw this.#fail("write to", error);
    }
  }

  writeSync(bytes: Uint8Array, offset: number): void {
    try {
      this.#seek(offset);
      for (let done = 0; done < bytes.length;) {
        const count = this.#file.writeSync(
          done === 0 ? bytes : bytes.subarray(done),
        );
        done += count;
        this.#position += count;
      }
    } catch (error) {
      throw this.#fail("write to", error);
    }
  }

  truncate(size: number): Promise<void> {
    return this.#attempt("truncate", () => this.#file.truncate(size));
  }

  size(): Promise<number> {
    return this.#attempt("stat", async () => (await this.#file.stat()).size);
  }

  statSync(): OpenFileInfo {
    try {
      const own = this.#own ??= this.#file.statSync();
      const named = lstatSync(this.#path);
      if (named && named.ino === own.ino && named.dev === own.dev) {
        return { size: named.size, atPath: true };
      }
      return { size: this.#file.statSync().size, atPath: false };
    } catch (error) {
      throw this.#fail("stat", error);
    }
  }

  dataSync(): Promise<void> {
    return this.#attempt("sync", () => this.#file.syncData());
  }

  dataSyncSync(): void {
    try {
      this.#file.syncDataSync();
    } catch (error) {
      throw this.#fail("sync", error);
    }
  }

  sync(): Promise<void> {
    return this.#attempt("sync", () => this.#file.sync());
  }

  close(): Promise<void> {
    if (this.#open) {
      this.#open = false;
      this.#file.close();
    }
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #seek(offset: number): void {
    if (offset === this.#position) return;
    this.#position = NaN;
    this.#file.seekSync(offset, Deno.SeekMode.Start);
    this.#position = offset;
  }

  async #attempt<T>(action: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      throw this.#fail(action, error);
    }
  }

  #fail(action: string, cause: unknown): DurableError {
    this.#position = NaN;
    return denoError(action, this.#path, cause);
  }
}

/** What a path leads to; `undefined` if it leads nowhere. */
function lstatSync(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

const LOCK_HOST: Omit<LockHost, "stat"> = {
  runtime: `deno ${Deno.version.deno}`,
  pid: Deno.pid,
  needs: "node:sqlite, which Deno has from version 2.2",
  loadDatabase: async (): Promise<OpenDatabase> => {
    const { DatabaseSync } = await import("node:sqlite");
    return (path) => new DatabaseSync(path);
  },
  createFile: (path) =>
    Deno.openSync(path, { write: true, createNew: true }).close(),
  writeText: (path, text) => Deno.writeTextFileSync(path, text),
  readText: (path) => Deno.readTextFileSync(path),
  removeFile: (path) => Deno.removeSync(path),
  mapError: denoError,
};

/** The file system of Deno. */
export class DenoFileSystem implements FileSystem {
  readonly capabilities: FileSystemCapabilities = {
    syncDir: Deno.build.os !== "windows",
    fullFlush: true,
  };

  split(path: string): PathParts {
    return { dir: dirname(path), base: basename(path) };
  }

  resolve(path: string): string {
    return absolutePath(path, () => Deno.cwd());
  }

  async open(path: string, options: FileOpenOptions): Promise<FileHandle> {
    const { mode } = options;
    return await attempt("open", path, async () => {
      if (mode === "read") await checkRegular(path);
      return new DenoFileHandle(path, await Deno.open(path, OPEN[mode]));
    });
  }

  mkdir(path: string): Promise<void> {
    const host: MkdirHost = {
      split: (name) => this.split(name),
      stat: (name) => this.stat(name),
      syncDir: (name) => this.syncDir(name),
      make: (name) =>
        attempt("create the directory", name, () => Deno.mkdir(name)),
      mayRead: (name) =>
        Deno.permissions.querySync({ name: "read", path: name }).state ===
          "granted",
    };
    return makeDirectory(host, path);
  }

  rename(from: string, to: string): Promise<void> {
    return attempt("rename", from, () => Deno.rename(from, to));
  }

  remove(path: string): Promise<void> {
    return attempt("remove", path, async () => {
      // Deno.remove takes empty directories too.
      if ((await Deno.lstat(path)).isDirectory) {
        throw new Deno.errors.IsADirectory("EISDIR");
      }
      await Deno.remove(path);
    });
  }

  stat(path: string): Promise<FileInfo | undefined> {
    return attempt("stat", path, async () => {
      try {
        const info = await Deno.lstat(path);
        const directory = info.isDirectory ||
          (info.isSymlink && (await Deno.stat(path)).isDirectory);
        const kind = directory ? "directory" : info.isFile ? "file" : "other";
        return { kind, size: info.size };
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return undefined;
        throw error;
      }
    });
  }

  readDir(path: string): Promise<string[]> {
    return attempt("list", path, async () => {
      const names: string[] = [];
      for await (const { name } of Deno.readDir(path)) names.push(name);
      return names;
    });
  }

  async syncDir(path: string): Promise<void> {
    if (!this.capabilities.syncDir) return;
    await attempt("sync the directory", path, async () => {
      const directory = await Deno.open(path, { read: true });
      try {
        await directory.sync();
      } finally {
        directory.close();
      }
    });
  }

  lock(path: string): Promise<FileLock> {
    const stat = (name: string) => this.stat(name);
    return acquireLock({ ...LOCK_HOST, stat }, this.resolve(path));
  }

  crc32(bytes: Uint8Array, seed: number): number {
    return crc32(bytes, seed);
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
  const info = await Deno.stat(path);
  if (info.isDirectory) throw new Deno.errors.IsADirectory("EISDIR");
  if (!info.isFile) throw Object.assign(new Error("ENXIO"), { code: "ENXIO" });
}

async function attempt<T>(
  action: string,
  path: string,
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw denoError(action, path, error);
  }
}
