/**
 * The writer lock, for the adapters that stand on an operating system.
 *
 * SQLite's exclusive lock on an empty database is the lock: all three runtimes
 * ship SQLite, its locking excludes between processes of any of them and within
 * one process, and the kernel drops it with the process. The file stays 0 bytes
 * long. Who holds the lock is written to `PATH.holder`, for the message of a
 * second opener only.
 *
 * @module
 */

import { DurableError, type DurableErrorCode } from "../errors.ts";
import type { FileInfo, FileLock } from "../file_system.ts";

/** What the lock needs of a runtime. */
export interface LockHost {
  /** Name and version of the runtime, for the message. */
  readonly runtime: string;
  /** Process id, for the message. */
  readonly pid: number;
  /** The module with SQLite, and which versions of the runtime have it, for the message. */
  readonly needs: string;
  /** Loads SQLite; rejects where the runtime has none. */
  loadDatabase(): Promise<OpenDatabase>;
  /** Creates an empty file with the rights that any new file gets; throws if the name is taken. */
  createFile(path: string): void;
  /** What is at a path, told without a descriptor of it. */
  stat(path: string): Promise<FileInfo | undefined>;
  /** Replaces a small text file. */
  writeText(path: string, text: string): void;
  /** Reads a small text file. */
  readText(path: string): string;
  /** Removes a file. */
  removeFile(path: string): void;
  /** Maps what the runtime threw. */
  mapError(action: string, path: string, cause: unknown): DurableError;
}

/** Opens a SQLite database; the path is absolute or begins with `./`, so that it is never taken for a URI. */
export type OpenDatabase = (path: string) => LockDatabase;

/** The part of a SQLite connection that a lock needs. */
export interface LockDatabase {
  /** Runs a statement. */
  exec(sql: string): unknown;
  /** Closes the connection, and so releases the lock. */
  close(): unknown;
}

const LOCK_STATEMENTS = [
  "PRAGMA busy_timeout=0",
  "PRAGMA locking_mode=EXCLUSIVE",
  "PRAGMA journal_mode=MEMORY",
  "BEGIN EXCLUSIVE",
  // Where the file may be read and not written, SQLite opens it for reading, and
  // BEGIN EXCLUSIVE takes a lock that two processes can share. Only a write tells.
  // It is never committed: the file stays empty.
  "PRAGMA user_version=1",
];

/**
 * The connections of the locks that are held. Without a reference from here, a
 * store that the program has dropped would lose its lock when its connection is
 * collected, while its files are still open and its last append is running.
 */
const held = new Set<LockDatabase>();

/**
 * Takes the lock without waiting. It is held until it is released or the process
 * ends, whether or not the program keeps a reference to it.
 *
 * @param host The runtime.
 * @param path The lock file; absolute, or beginning with `./`.
 * @returns The lock, held.
 * @throws {DurableError} `LOCKED` if it is held already, `PERMISSION` if the lock
 * file cannot be written, `UNSUPPORTED_RUNTIME` if the runtime has no SQLite.
 */
export async function acquireLock(
  host: LockHost,
  path: string,
): Promise<FileLock> {
  const holder = `${path}.holder`;
  const open = await loadDatabase(host, path);
  createLockFile(host, path);
  let database: LockDatabase | undefined;
  try {
    database = open(path);
    for (const sql of LOCK_STATEMENTS) database.exec(sql);
  } catch (error) {
    database?.close();
    if (isBusy(error)) {
      throw new DurableError(
        "LOCKED",
        `Cannot lock "${path}": it is held by ${
          readHolder(host, holder)
        }; close what has it open there, or end that process, and try again`,
        { path, cause: error },
      );
    }
    throw await explain(host, path, error);
  }
  held.add(database);
  announce(host, holder);
  return new SqliteLock(host, database, holder);
}

/** Says who holds the lock; only the message of a second opener is poorer without. */
function announce(host: LockHost, holder: string): void {
  const text = JSON.stringify({ pid: host.pid, runtime: host.runtime });
  try {
    host.writeText(holder, `${text}\n`);
  } catch {
    // Another user's may be left of a crash: no name is better than a wrong one.
    removeIfPossible(host, holder);
  }
}

function removeIfPossible(host: LockHost, path: string): void {
  try {
    host.removeFile(path);
  } catch {
    // The next holder replaces it.
  }
}

async function loadDatabase(
  host: LockHost,
  path: string,
): Promise<OpenDatabase> {
  try {
    return await host.loadDatabase();
  } catch (cause) {
    throw new DurableError(
      "UNSUPPORTED_RUNTIME",
      `Cannot lock "${path}": the lock needs ${host.needs}, and this is ${host.runtime}; run a version that has it`,
      { path, cause },
    );
  }
}

/**
 * Creates the lock file, if there is none: SQLite would give it other rights than
 * the journal gets. An existing one is not opened: on POSIX, closing any descriptor
 * of a file ends the locks that the process has on it.
 */
function createLockFile(host: LockHost, path: string): void {
  try {
    host.createFile(path);
  } catch (cause) {
    const error = host.mapError("lock", path, cause);
    if (error.code !== "EXISTS") throw error;
  }
}

/** SQLite only says that it cannot open or write the file; what is around it says why. */
async function explain(
  host: LockHost,
  path: string,
  cause: unknown,
): Promise<DurableError> {
  const mapped = host.mapError("lock", path, cause);
  if (mapped.code !== "IO") return mapped;
  const refuse = (code: DurableErrorCode, why: string) =>
    new DurableError(code, `Cannot lock "${path}": ${why}`, { path, cause });
  const isReadOnly = isSqlite(cause, 8, "attempt to write a readonly database");
  try {
    const probe = `${path}.probe`;
    host.writeText(probe, "");
    host.removeFile(probe);
    const info = await host.stat(path);
    if (info?.kind === "directory") {
      return refuse("IS_DIRECTORY", "it is a directory");
    }
    if (!isReadOnly && info !== undefined && info.size > 0) {
      return refuse(
        "IO",
        "it is not empty, so it is not a lock of this package",
      );
    }
  } catch (reason) {
    const error = host.mapError("lock", path, reason);
    if (error.code !== "PERMISSION" || !isReadOnly) return error;
  }
  if (isReadOnly) {
    return refuse(
      "PERMISSION",
      "this process may read the file but not write it, and such a lock would exclude nobody; give the user who runs it the right to write the file",
    );
  }
  if (isSqlite(cause, 14, "unable to open database file")) {
    return refuse(
      "PERMISSION",
      "SQLite cannot open the file, though it is there; give the user who runs this process the right to read and write it, and see that links in its path do not lead to one longer than 504 bytes",
    );
  }
  return mapped;
}

/** Whether another connection holds the lock. */
function isBusy(error: unknown): boolean {
  return isSqlite(error, 5, "database is locked");
}

/** Names of results of SQLite, as Bun has them. */
const NAMES: Readonly<Record<number, string>> = {
  5: "SQLITE_BUSY",
  8: "SQLITE_READONLY",
  14: "SQLITE_CANTOPEN",
};

/** Whether SQLite gave a result; Node says it by a number, Bun by a name, Deno by the message. */
function isSqlite(error: unknown, result: number, text: string): boolean {
  const { code, errcode, message } = error as {
    code?: unknown;
    errcode?: unknown;
    message?: unknown;
  };
  return String(code).startsWith(NAMES[result]) ||
    (typeof errcode === "number" && (errcode & 0xff) === result) ||
    String(message).startsWith(text);
}

function readHolder(host: LockHost, path: string): string {
  try {
    const { pid, runtime } = JSON.parse(host.readText(path)) as {
      pid: unknown;
      runtime: unknown;
    };
    return `process ${pid} (${runtime})`;
  } catch {
    return "another process";
  }
}

class SqliteLock implements FileLock {
  readonly #host: LockHost;
  readonly #holder: string;
  #database: LockDatabase | undefined;

  constructor(host: LockHost, database: LockDatabase, holder: string) {
    this.#host = host;
    this.#database = database;
    this.#holder = holder;
  }

  release(): Promise<void> {
    const database = this.#database;
    this.#database = undefined;
    if (database !== undefined) {
      removeIfPossible(this.#host, this.#holder);
      database.close();
      held.delete(database);
    }
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}
