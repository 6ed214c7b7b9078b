/**
 * The writer lock, for the adapters that stand on an operating system.
 *
 * SQLite's exclusive lock on an empty database is the lock: all three runtimes
 * ship SQLite, its locking excludes between processes of any of them and within
 * one process, and the kernel drops it with the process. The file stays 0 bytes
 * long. Who holds the lock stands beside it in `PATH.holder`, for the message of
 * a second opener only.
 *
 * @module
 */

import { DurableError, fileSystemError } from "../errors.ts";
import type { FileLock } from "../file_system.ts";

/** What the lock needs of a runtime. */
export interface LockHost {
  /** Name and version of the runtime, for the message. */
  readonly runtime: string;
  /** Process id, for the message. */
  readonly pid: number;
  /** Opens a SQLite database; {@linkcode LOCK_STATEMENTS} are then run one by one. */
  openDatabase(path: string): Promise<LockDatabase>;
  /** Replaces a small text file. */
  writeText(path: string, text: string): void;
  /** Reads a small text file. */
  readText(path: string): string;
  /** Removes a file. */
  removeFile(path: string): void;
  /** Maps what the runtime threw. */
  mapError(action: string, path: string, cause: unknown): DurableError;
}

/** The part of a SQLite connection that a lock needs. */
export interface LockDatabase {
  /** Runs a statement. */
  exec(sql: string): unknown;
  /** Closes the connection, and so lets go. */
  close(): unknown;
}

const LOCK_STATEMENTS = [
  "PRAGMA busy_timeout=0",
  "PRAGMA locking_mode=EXCLUSIVE",
  "PRAGMA journal_mode=MEMORY",
  "BEGIN EXCLUSIVE",
];

/**
 * Takes the lock without waiting.
 *
 * @param host The runtime.
 * @param path The lock file.
 * @returns The lock, held.
 * @throws {DurableError} `LOCKED` if somebody holds it.
 */
export async function acquireLock(
  host: LockHost,
  path: string,
): Promise<FileLock> {
  const holder = `${path}.holder`;
  let database: LockDatabase | undefined;
  try {
    database = await host.openDatabase(path);
    for (const sql of LOCK_STATEMENTS) database.exec(sql);
  } catch (error) {
    database?.close();
    if (isBusy(error)) {
      throw new DurableError(
        "LOCKED",
        `Cannot lock "${path}": it is held by ${readHolder(host, holder)}`,
        { path, cause: error },
      );
    }
    throw explain(host, path, error);
  }
  try {
    host.writeText(
      holder,
      `${JSON.stringify({ pid: host.pid, runtime: host.runtime })}\n`,
    );
  } catch {
    // Only the message of a second opener is poorer for it.
  }
  return new SqliteLock(host, database, holder);
}

/** SQLite only says that it cannot open the file: reading it and writing beside it say why. */
function explain(host: LockHost, path: string, error: unknown): DurableError {
  let content = "";
  try {
    const probe = `${path}.probe`;
    host.writeText(probe, "");
    host.removeFile(probe);
    content = host.readText(path);
  } catch (reason) {
    return host.mapError("lock", path, reason);
  }
  if (content === "") return fileSystemError("lock", path, undefined, error);
  return new DurableError(
    "IO",
    `Cannot lock "${path}": it is not empty, so it is not a lock of this package`,
    { path, cause: error },
  );
}

/** Whether somebody else holds the lock; node:sqlite, Deno's and bun:sqlite say it in three ways. */
function isBusy(error: unknown): boolean {
  const { code, errcode, message } = error as {
    code?: unknown;
    errcode?: unknown;
    message?: unknown;
  };
  return code === "SQLITE_BUSY" || errcode === 5 ||
    String(message).startsWith("database is locked");
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
  /** Referenced as long as the lock is held: a collected connection lets go. */
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
      try {
        this.#host.removeFile(this.#holder);
      } catch {
        // A stale name is overwritten by the next holder.
      }
      database.close();
    }
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}
