/**
 * A file system in memory, for tests of programs that use this package: fast,
 * alone, and gone with the process.
 *
 * @module
 */

import { crc32 } from "../crc32.ts";
import { DurableError, fileSystemError } from "../errors.ts";
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
import { normalizePath, splitPath } from "../posix_path.ts";

interface MemoryFile {
  bytes: Uint8Array;
  size: number;
}

/**
 * A file system in memory.
 *
 * - Behaves like the ones on disk, error codes and locks included.
 * - Syncs succeed and do nothing: there is no disk. To test what a power cut
 *   leaves, this is the wrong tool.
 * - `/` separates; relative paths begin at an empty working directory.
 *
 * @example A journal without a disk
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MemoryFileSystem, MiniStore } from "@mini-ts/durable";
 *
 * const fileSystem = new MemoryFileSystem();
 * const store = await MiniStore.open("journal.jsonl", { fileSystem });
 * await store.append({ Set: { value: 42 } });
 * await store.close();
 * assertEquals(await MiniStore.replay("journal.jsonl", { fileSystem }), [
 *   { Set: { value: 42 } },
 * ]);
 * ```
 */
export class MemoryFileSystem implements FileSystem {
  /** Everything is promised, for as long as the process lives. */
  readonly capabilities: FileSystemCapabilities = {
    syncDir: true,
    fullFlush: true,
  };
  readonly #files = new Map<string, MemoryFile>();
  readonly #directories = new Set(["/", "."]);
  readonly #locks = new Set<string>();

  /** Parts a path at its last slash. */
  split(path: string): PathParts {
    return splitPath(path);
  }

  /** The path as it is: there is no working directory that could change. */
  resolve(path: string): string {
    return path;
  }

  /** Opens a file. */
  open(path: string, options: FileOpenOptions): Promise<FileHandle> {
    return attempt("open", path, () => {
      const key = this.#resolve(path);
      let file = this.#files.get(key);
      if (this.#directories.has(key)) {
        throw errno(options.mode === "create" ? "EEXIST" : "EISDIR");
      }
      if (options.mode === "create") {
        if (file) throw errno("EEXIST");
        file = { bytes: new Uint8Array(0), size: 0 };
        this.#files.set(key, file);
      }
      if (!file) throw errno("ENOENT");
      const find = () => this.#files.get(key);
      return new MemoryFileHandle(path, file, options.mode !== "read", find);
    });
  }

  /** Creates a directory with its missing parents. */
  mkdir(path: string): Promise<void> {
    return attempt("create the directory", path, () => {
      const parts = normalizePath(path).split("/");
      for (let n = 1; n <= parts.length; n++) {
        const key = parts.slice(0, n).join("/") || "/";
        if (this.#files.has(key)) {
          throw errno(n === parts.length ? "EEXIST" : "ENOTDIR");
        }
        this.#directories.add(key);
      }
    });
  }

  /** Gives a file another name, in the place of a file that has it. */
  rename(from: string, to: string): Promise<void> {
    return attempt("rename", from, () => {
      const [source, target] = [this.#resolve(from), this.#resolve(to)];
      const file = this.#files.get(source);
      if (!file) throw errno("ENOENT");
      if (this.#directories.has(target)) throw errno("EISDIR");
      this.#files.delete(source);
      this.#files.set(target, file);
    });
  }

  /** Removes a file. */
  remove(path: string): Promise<void> {
    return attempt("remove", path, () => {
      const key = this.#resolve(path);
      if (this.#directories.has(key)) throw errno("EISDIR");
      if (!this.#files.delete(key)) throw errno("ENOENT");
    });
  }

  /** What stands at a path; `undefined` if nothing does. */
  stat(path: string): Promise<FileInfo | undefined> {
    return attempt("stat", path, () => {
      const key = normalizePath(path);
      if (this.#directories.has(key)) return { kind: "directory", size: 0 };
      const file = this.#files.get(key);
      if (file) return { kind: "file", size: file.size };
      if (this.#underFile(key)) throw errno("ENOTDIR");
      return undefined;
    });
  }

  /** The names in a directory. */
  readDir(path: string): Promise<string[]> {
    return attempt("list", path, () => {
      const key = normalizePath(path);
      if (this.#files.has(key)) throw errno("ENOTDIR");
      if (!this.#directories.has(key)) throw errno("ENOENT");
      return [...this.#files.keys(), ...this.#directories].filter((name) =>
        name !== key && normalizePath(splitPath(name).dir) === key
      ).map((name) => splitPath(name).base);
    });
  }

  /** Checks that the directory is there; there is no disk. */
  syncDir(path: string): Promise<void> {
    return attempt("sync the directory", path, () => {
      if (!this.#directories.has(normalizePath(path))) throw errno("ENOENT");
    });
  }

  /** Takes the lock that `path` stands for, within this object. */
  lock(path: string): Promise<FileLock> {
    return attempt("lock", path, () => {
      const key = this.#resolve(path);
      if (this.#directories.has(key)) throw errno("EISDIR");
      if (this.#locks.has(key)) {
        throw new DurableError(
          "LOCKED",
          `Cannot lock "${path}": it is held by this process (memory); close what has it open first`,
          { path },
        );
      }
      this.#locks.add(key);
      let held = true;
      const release = () => {
        if (held) this.#locks.delete(key);
        held = false;
        return Promise.resolve();
      };
      return { release, [Symbol.asyncDispose]: release };
    });
  }

  /** CRC-32 in plain TypeScript. */
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

  /** The key of a path whose directory exists. */
  #resolve(path: string): string {
    const key = normalizePath(path);
    const dir = normalizePath(splitPath(key).dir);
    if (!this.#directories.has(dir)) {
      throw errno(this.#underFile(key) ? "ENOTDIR" : "ENOENT");
    }
    return key;
  }

  #underFile(key: string): boolean {
    const parts = key.split("/");
    return parts.some((_, n) => this.#files.has(parts.slice(0, n).join("/")));
  }
}

class MemoryFileHandle implements FileHandle {
  readonly #path: string;
  readonly #writable: boolean;
  /** The file that its path leads to. */
  readonly #find: () => MemoryFile | undefined;
  #file: MemoryFile | undefined;

  constructor(
    path: string,
    file: MemoryFile,
    writable: boolean,
    find: () => MemoryFile | undefined,
  ) {
    this.#path = path;
    this.#file = file;
    this.#writable = writable;
    this.#find = find;
  }

  read(buffer: Uint8Array, offset: number): Promise<number> {
    return attempt("read", this.#path, () => {
      const { bytes, size } = this.#opened();
      const found = bytes.subarray(
        offset,
        Math.min(size, offset + buffer.length),
      );
      buffer.set(found);
      return found.length;
    });
  }

  write(bytes: Uint8Array, offset: number): Promise<void> {
    return attempt("write to", this.#path, () => this.#put(bytes, offset));
  }

  writeSync(bytes: Uint8Array, offset: number): void {
    try {
      this.#put(bytes, offset);
    } catch (error) {
      throw memoryError("write to", this.#path, error);
    }
  }

  truncate(size: number): Promise<void> {
    return attempt("truncate", this.#path, () => {
      const file = this.#opened(true);
      grow(file, size);
      file.bytes.fill(0, size);
      file.size = size;
    });
  }

  size(): Promise<number> {
    return attempt("stat", this.#path, () => this.#opened().size);
  }

  statSync(): OpenFileInfo {
    const file = this.#opened();
    return { size: file.size, atPath: this.#find() === file };
  }

  dataSync(): Promise<void> {
    return attempt("sync", this.#path, () => void this.#opened());
  }

  dataSyncSync(): void {
    this.#opened();
  }

  sync(): Promise<void> {
    return this.dataSync();
  }

  close(): Promise<void> {
    this.#file = undefined;
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #put(bytes: Uint8Array, offset: number): void {
    const file = this.#opened(true);
    grow(file, offset + bytes.length);
    file.bytes.set(bytes, offset);
    file.size = Math.max(file.size, offset + bytes.length);
  }

  #opened(toWrite = false): MemoryFile {
    if (!this.#file) {
      throw memoryError(
        "use",
        this.#path,
        new Error("the handle is closed"),
      );
    }
    if (toWrite && !this.#writable) throw errno("EBADF");
    return this.#file;
  }
}

function grow(file: MemoryFile, size: number): void {
  if (size <= file.bytes.length) return;
  const bytes = new Uint8Array(Math.max(size, file.bytes.length * 2, 256));
  bytes.set(file.bytes.subarray(0, file.size));
  file.bytes = bytes;
}

function errno(code: string): Error {
  return Object.assign(new Error(code), { code });
}

function memoryError(
  action: string,
  path: string,
  cause: unknown,
): DurableError {
  return fileSystemError(
    action,
    path,
    (cause as { code?: string }).code,
    cause,
  );
}

/** Runs `run` at once, so that what is called first happens first. */
function attempt<T>(
  action: string,
  path: string,
  run: () => T,
): Promise<T> {
  return new Promise((resolve, reject) => {
    try {
      resolve(run());
    } catch (error) {
      reject(memoryError(action, path, error));
    }
  });
}
