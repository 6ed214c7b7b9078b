/**
 * A log that is open for writing, as lines of text: the lock, what opening found,
 * and the writer. What the lines mean is the business of whoever opens it.
 *
 * @module
 */

import type { FileLock } from "../file_system.ts";
import { checkPathLengths } from "../path_limits.ts";
import type { LogFiles } from "./active.ts";
import {
  type LogEdition,
  openLog,
  type Recovery,
  refuseForeign,
} from "./recovery.ts";
import { Writer, type WriterOptions } from "./writer.ts";

const LOCK = ".lock";
/**
 * How many bytes the longest name of a file beside a log is longer than its own:
 * `.torn-`, an offset of up to 16 digits, `-`, a time of up to 27 characters, and up
 * to five `+`.
 */
const LONGEST_SUFFIX = 55;

/** What a log is written with. */
export interface LogSettings extends WriterOptions, LogEdition {}

/** A log that is open for writing. */
export interface WritableLog {
  /** Appends to it. */
  readonly writer: Writer;
  /** What opening found and did. */
  readonly recovery: Recovery;
  /**
   * Commits what is pending, marks the log as closed, and lets go of the files and
   * the lock. A second call gives the same promise.
   */
  close(): Promise<void>;
}

/**
 * Opens a log for writing, and creates it if there is none, with the missing
 * directories.
 *
 * - If the newest segment has a lower schema version, the first append begins one
 *   with the version of `settings`. Until then, a program with the lower version
 *   can still open the log.
 *
 * @param log Where it is.
 * @param settings What it is written with.
 * @param prepare Runs under the lock, before anything of the log is changed; if it
 * throws, the lock is let go and nothing was changed.
 * @returns The open log.
 * @throws {DurableError} `LOCKED` if it has a writer, `CORRUPT` if it is damaged,
 * `UNSUPPORTED_VERSION` if its format or its schema version is newer.
 * @throws {RangeError} If the schema version has no place in the format, or the
 * path is too long.
 */
export async function openForWriting(
  log: LogFiles,
  settings: LogSettings,
  prepare?: () => Promise<void>,
): Promise<WritableLog> {
  const { fileSystem, path } = log;
  const { format, schema } = settings;
  if (format === "v0.1" && schema > 1) {
    throw new RangeError(
      `Cannot open "${path}" in format v0.1: the format has no place for schema version ${schema}`,
    );
  }
  checkPathLengths(fileSystem, "open", path, {
    lock: LOCK,
    name: LONGEST_SUFFIX,
  });
  await refuseForeign(log, format);
  await fileSystem.mkdir(fileSystem.split(path).dir);
  const lock = await fileSystem.lock(`${path}${LOCK}`);
  try {
    await prepare?.();
    const open = await openLog(log, settings);
    return writable(new Writer(log, settings, open), open.recovery, lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

function writable(
  writer: Writer,
  recovery: Recovery,
  lock: FileLock,
): WritableLog {
  let closing: Promise<void> | undefined;
  const close = () => closing ??= writer.close().finally(() => lock.release());
  return { writer, recovery, close };
}
