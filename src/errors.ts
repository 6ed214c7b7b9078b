/**
 * The one error class of this package and its codes.
 *
 * Misuse (a negative size, a record that JSON cannot hold) throws the built-in
 * `TypeError` or `RangeError`. Everything a program may want to catch is a
 * {@linkcode DurableError}: branch on its `code`, not on `instanceof`, because
 * two copies of a package can be installed side by side.
 *
 * @module
 */

/**
 * What went wrong, as a stable code. Each code defends one contract:
 *
 * | code | the contract |
 * |---|---|
 * | `NOT_FOUND` | a path that must exist does not |
 * | `EXISTS` | a path that must be free is taken |
 * | `PERMISSION` | the operating system or the runtime refused access |
 * | `NO_SPACE` | the disk, the quota or the file size limit is used up |
 * | `READ_ONLY` | the file system is mounted read-only |
 * | `IS_DIRECTORY` | a directory stands where a file must be |
 * | `NOT_DIRECTORY` | a file stands where a directory must be |
 * | `NOT_A_FILE` | a FIFO, a socket or a device is where a file must be; it is not opened |
 * | `TOO_MANY_FILES` | the process or the system is out of descriptors |
 * | `IO` | any other failure of the file system |
 * | `LOCKED` | one writer at a time, and somebody else is it |
 * | `UNSUPPORTED_RUNTIME` | nothing is written without the lock, and this version of the runtime has no SQLite for it |
 * | `NOT_A_JOURNAL` | a file is never overwritten unless it is a journal |
 * | `UNSUPPORTED_VERSION` | a format this version cannot read is left alone |
 * | `CORRUPT` | damage is reported with its position, never skipped |
 * | `INVALID_RECORD` | a record the caller's own validation refuses is neither written nor handed out |
 * | `FAILED` | after a failed write or sync nothing more is written; see `cause` |
 * | `CLOSED` | a closed store takes no more calls |
 * | `BUSY` | a blocking call cannot wait for a running rotation, nor a reader list segments that change all the time |
 * | `TRUNCATED` | records that were removed on request cannot be read |
 * | `REJECTED` | a mutation that the reducer refuses, or a snapshot that `migrate` refuses, changes nothing, on disk or in memory |
 * | `CONFLICT` | a mutation that expects another state than the newest is refused |
 * | `LEASE_LOST` | a message is settled only under the lease that holds it |
 */
export type DurableErrorCode =
  | "NOT_FOUND"
  | "EXISTS"
  | "PERMISSION"
  | "NO_SPACE"
  | "READ_ONLY"
  | "IS_DIRECTORY"
  | "NOT_DIRECTORY"
  | "NOT_A_FILE"
  | "TOO_MANY_FILES"
  | "IO"
  | "LOCKED"
  | "UNSUPPORTED_RUNTIME"
  | "NOT_A_JOURNAL"
  | "UNSUPPORTED_VERSION"
  | "CORRUPT"
  | "INVALID_RECORD"
  | "FAILED"
  | "CLOSED"
  | "BUSY"
  | "TRUNCATED"
  | "REJECTED"
  | "CONFLICT"
  | "LEASE_LOST";

/** Where an error happened and what caused it. */
export interface DurableErrorDetails {
  /** The file or directory concerned. */
  readonly path?: string | undefined;
  /** Byte offset in `path` at which the trouble begins, from 0. */
  readonly offset?: number | undefined;
  /** Line in `path` at which the trouble begins, from 1. */
  readonly line?: number | undefined;
  /** Sequence number of the record concerned, or of the last one known good. */
  readonly sequence?: number | undefined;
  /** The error behind this one. */
  readonly cause?: unknown;
}

/**
 * An error of the file system or of a store, with a stable
 * {@linkcode DurableErrorCode}.
 *
 * @example Branch on the code
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { DurableError } from "@mini-ts/durable";
 *
 * const error = new DurableError("NO_SPACE", 'Cannot write to "a": no space', {
 *   path: "a",
 * });
 * assertEquals(error.code, "NO_SPACE");
 * assertEquals(error.path, "a");
 * ```
 */
export class DurableError extends Error {
  /** Always `"DurableError"`. */
  override readonly name = "DurableError";
  /** What went wrong. */
  readonly code: DurableErrorCode;
  /** The file or directory concerned, where one is. */
  readonly path: string | undefined;
  /** Byte offset in `path`, from 0, where a position is known. */
  readonly offset: number | undefined;
  /** Line in `path`, from 1, where a position is known. */
  readonly line: number | undefined;
  /** Sequence number concerned, where one is. */
  readonly sequence: number | undefined;

  /**
   * Makes an error.
   *
   * @param code What went wrong.
   * @param message What was tried, and what the state is.
   * @param details Where it happened and why.
   */
  constructor(
    code: DurableErrorCode,
    message: string,
    details: DurableErrorDetails = {},
  ) {
    super(message, "cause" in details ? { cause: details.cause } : undefined);
    this.code = code;
    this.path = details.path;
    this.offset = details.offset;
    this.line = details.line;
    this.sequence = details.sequence;
  }
}

const BY_ERRNO: ReadonlyMap<string, readonly [DurableErrorCode, string]> =
  new Map([
    ["ENOENT", ["NOT_FOUND", "no such file or directory"]],
    ["EEXIST", ["EXISTS", "it exists already"]],
    ["EACCES", ["PERMISSION", "permission denied"]],
    ["EPERM", ["PERMISSION", "operation not permitted"]],
    ["ENOSPC", ["NO_SPACE", "no space left on the device"]],
    ["EDQUOT", ["NO_SPACE", "the disk quota is used up"]],
    ["EFBIG", ["NO_SPACE", "the file size limit is reached"]],
    ["EROFS", ["READ_ONLY", "the file system is read-only"]],
    ["EISDIR", ["IS_DIRECTORY", "it is a directory"]],
    ["ENOTDIR", ["NOT_DIRECTORY", "a part of the path is not a directory"]],
    ["ENXIO", ["NOT_A_FILE", "it is not a regular file"]],
    ["EMFILE", ["TOO_MANY_FILES", "the process has too many open files"]],
    ["ENFILE", ["TOO_MANY_FILES", "the system has too many open files"]],
  ]);

/**
 * Turns what a runtime threw into a {@linkcode DurableError}; a `DurableError`
 * passes through as it is. Adapters call it with the POSIX error name.
 *
 * @param action What was tried, such as `write to`.
 * @param path The file or directory concerned.
 * @param errno The POSIX name, such as `ENOSPC`, if known.
 * @param cause What the runtime threw.
 * @returns The error to throw.
 */
export function fileSystemError(
  action: string,
  path: string,
  errno: string | undefined,
  cause: unknown,
): DurableError {
  if (cause instanceof DurableError) return cause;
  const [code, reason] = BY_ERRNO.get(errno ?? "") ??
    ["IO", cause instanceof Error ? cause.message : String(cause)];
  return new DurableError(code, `Cannot ${action} "${path}": ${reason}`, {
    path,
    cause,
  });
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
