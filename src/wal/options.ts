/**
 * Options of the log, their defaults and their checks.
 *
 * @module
 */

import { DurableError } from "../errors.ts";
import type { FileSystem } from "../file_system.ts";
import { defaultFileSystem } from "../runtime.ts";
import {
  checkForRust,
  checkLine,
  type Codec,
  encodeExactly,
  type ExactRecord,
  strictJson,
} from "./codec.ts";
import type { LogSettings } from "./log.ts";
import type { Recovery } from "./recovery.ts";
import { type Check, compileCheck, Refusal, type Validate } from "./schema.ts";

/** How records are read. */
export interface ReadOptions<R = unknown> {
  /** Where the files are. @default {defaultFileSystem()} */
  readonly fileSystem?: FileSystem | undefined;
  /** How a record becomes a line and back. @default {JSON that refuses what JSON would change} */
  readonly codec?: Codec<R> | undefined;
  /** A rule that runs on each record before it is written, and again when it is read. @default {none} */
  readonly validate?: Validate<R> | undefined;
}

/** How a log is replayed. */
export interface ReplayOptions<R = unknown> extends ReadOptions<R> {
  /**
   * Refuses a log that is not there with `NOT_FOUND`, in place of reading it as one
   * without records. Set it where the log was written before: in tools, backups and
   * reports, which should not take a mistyped path for an empty log. Leave it out
   * where the first run finds nothing yet.
   *
   * @default {false}
   */
  readonly mustExist?: boolean | undefined;
}

/** How a log is streamed. */
export interface StreamOptions<R = unknown> extends ReplayOptions<R> {
  /** Sequence number of the first record wanted. @default {the first that the log has} */
  readonly from?: number | undefined;
  /** Ends the stream with the signal's reason. @default {none} */
  readonly signal?: AbortSignal | undefined;
}

/** How a log is opened for writing. */
export interface MiniStoreOptions<R = unknown> extends ReadOptions<R> {
  /**
   * Size in bytes at which a segment is sealed and the next one begun, before the
   * next group is written; `appendSync` does not rotate. Opening reads the newest
   * segment, so this bounds how long that takes. Range: 1 and up, `Infinity` for
   * never.
   *
   * @default {67_108_864} 64 MiB
   */
  readonly maxSegmentBytes?: number | undefined;
  /**
   * How many sealed segments to keep at a rotation; older ones are deleted, with
   * their records. Range: 0 and up.
   *
   * @default {Infinity} all of them
   */
  readonly retain?: number | undefined;
  /**
   * The format to write. `"v0.1"` is what the Rust crates read: it has no
   * checksums, no atomic groups and no durable sequence numbers.
   *
   * @default {"v0.2"}
   */
  readonly format?: "v0.1" | "v0.2" | undefined;
  /**
   * The longest record in bytes of UTF-8 text. Range: 1 to 268_435_456.
   *
   * @default {16_777_216} 16 MiB
   */
  readonly maxRecordBytes?: number | undefined;
  /**
   * Called once, with {@linkcode MiniStore.recovery}, before `open` resolves, if a
   * torn tail was cut off: bytes that a crash had left of what was never
   * acknowledged. Not for an undisturbed open, nor after a crash that left nothing.
   * `open` waits for a promise that it returns. What it throws rejects `open`, which
   * lets everything go; what was recovered stays as it is, and the next `open` does
   * not report it again.
   *
   * @default {none: only `recovery` tells}
   */
  readonly onRecovery?: ((recovery: Recovery) => unknown) | undefined;
}

/** Options with everything filled in. */
export interface Settings<R> extends LogSettings {
  readonly fileSystem: FileSystem;
  /** How lines become records. */
  readonly reading: Reading<R>;
  /** The record that a rule makes of a value; throws `INVALID_RECORD` if it refuses. */
  readonly check: Check<R>;
  /** A valid record as text; throws before anything is written. */
  readonly encode: (record: R) => string;
  /** The same, with what a replay would give; each member is read once for both. */
  readonly encodeExactly: (record: R) => ExactRecord<R>;
}

/** How lines become records. */
export interface Reading<R> {
  readonly decode: (text: string) => R;
  readonly check: Check<R>;
}

/** The options of `MiniStore.verify`. */
const READ_KEYS: readonly string[] = ["fileSystem", "codec", "validate"];
/** The options of `MiniStore.replay`. */
export const REPLAY_KEYS: readonly string[] = [...READ_KEYS, "mustExist"];
/** The options of `MiniStore.stream`. */
export const STREAM_KEYS: readonly string[] = [
  ...REPLAY_KEYS,
  "from",
  "signal",
];
/** The options of `MiniStore.open`. */
const OPEN_KEYS = [
  ...READ_KEYS,
  "maxSegmentBytes",
  "retain",
  "format",
  "maxRecordBytes",
  "onRecovery",
];
const MAX_RECORD_BYTES = 268_435_456;
const encoder = new TextEncoder();

/** Checks the path of a log. */
export function checkPath(path: unknown): asserts path is string {
  if (typeof path !== "string" || path === "" || path.includes("\0")) {
    throw new TypeError(
      `Cannot use ${
        JSON.stringify(path)
      } as the path of a journal: it is not a path`,
    );
  }
  if (/(?:^|[/\\])\.{0,2}$/.test(path)) {
    throw new TypeError(
      `Cannot use "${path}" as a journal: it names a directory`,
    );
  }
  // On POSIX, closing any descriptor of a lock file ends the locks of this process on it.
  if (path.endsWith(".lock")) {
    throw new TypeError(
      `Cannot use "${path}" as a journal: another log uses it as its lock, and reading it could end that lock`,
    );
  }
}

/**
 * Checks the options for reading and fills in what is missing.
 *
 * @param options The options.
 * @param known The names they may have.
 * @returns How lines become records.
 */
export function resolveReading<R>(
  options: StreamOptions<R>,
  known: readonly string[] = READ_KEYS,
): Reading<R> {
  checkKeys(options, known);
  checkBoolean("mustExist", options.mustExist);
  checkCount("from", options.from, 1, Number.MAX_SAFE_INTEGER);
  const { signal } = options;
  if (signal !== undefined && typeof signal?.throwIfAborted !== "function") {
    throw new TypeError(
      `Cannot use the option signal: it is not an AbortSignal`,
    );
  }
  return compileReading(options);
}

/**
 * Checks the options for writing and fills in what is missing; the schema version
 * is 1.
 *
 * @param options The options.
 * @param known The names they may have.
 * @returns What a log is written with.
 */
export async function resolveSettings<R>(
  options: MiniStoreOptions<R>,
  known: readonly string[] = OPEN_KEYS,
): Promise<Settings<R>> {
  checkKeys(options, known);
  const {
    maxSegmentBytes = 67_108_864,
    retain = Infinity,
    format = "v0.2",
    maxRecordBytes = 16_777_216,
  } = options;
  checkCount("maxSegmentBytes", maxSegmentBytes, 1, Infinity);
  checkCount("retain", retain, 0, Infinity);
  checkCount("maxRecordBytes", maxRecordBytes, 1, MAX_RECORD_BYTES);
  checkFunction("onRecovery", options.onRecovery);
  if (format !== "v0.1" && format !== "v0.2") {
    throw new RangeError(
      `Cannot use ${
        JSON.stringify(format)
      } as the option format: it is neither "v0.1" nor "v0.2"`,
    );
  }
  const { codec } = options;
  const reading = compileReading(options);
  const check = (value: unknown) => checkToAppend(reading.check, value);
  const checkText = (text: string): string => {
    if (codec !== undefined) checkLine(text);
    // A UTF-16 unit takes one to three bytes: count only where it may matter.
    if (
      text.length * 3 > maxRecordBytes &&
      (text.length > maxRecordBytes ||
        encoder.encode(text).length > maxRecordBytes)
    ) {
      throw new RangeError(
        `Cannot append the record: its text of ${text.length} characters is longer than maxRecordBytes, ${maxRecordBytes}`,
      );
    }
    if (format === "v0.1") checkForRust(text);
    return text;
  };
  const encode = (record: R): string =>
    checkText((codec ?? strictJson).encode(record));
  const exactly = (record: R): ExactRecord<R> => {
    if (codec !== undefined) {
      const text = encode(record);
      return { exact: codec.decode(text), text };
    }
    const encoded = encodeExactly(record);
    checkText(encoded.text);
    return encoded;
  };
  return {
    fileSystem: options.fileSystem ?? await defaultFileSystem(),
    maxSegmentBytes,
    retain,
    format,
    schema: 1,
    reading,
    check,
    encode,
    encodeExactly: exactly,
  };
}

function checkToAppend<R>(check: Check<R>, value: unknown): R {
  try {
    return check(value);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new DurableError(
      "INVALID_RECORD",
      `Cannot append the record: it is not valid: ${error.message}`,
      { cause: error.cause },
    );
  }
}

function compileReading<R>(options: ReadOptions<R>): Reading<R> {
  const codec = options.codec ?? strictJson as Codec<R>;
  if (
    typeof codec.encode !== "function" || typeof codec.decode !== "function"
  ) {
    throw new TypeError(
      "Cannot use the option codec: it needs the functions encode and decode",
    );
  }
  return {
    decode: (text) => codec.decode(text),
    check: compileCheck(options.validate),
  };
}

/** Refuses options whose names are not known. */
export function checkKeys(options: object, known: readonly string[]): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError("Cannot use the options: they are not an object");
  }
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) {
      throw new TypeError(
        `Cannot use the option ${key}: it is not one of ${known.join(", ")}`,
      );
    }
  }
}

/** Refuses an option that is there and not a function. */
export function checkFunction(name: string, value: unknown): void {
  if (value === undefined || typeof value === "function") return;
  throw new TypeError(`Cannot use the option ${name}: it is not a function`);
}

/** Refuses an option that is there and neither true nor false. */
export function checkBoolean(name: string, value: boolean | undefined): void {
  if (value === undefined || typeof value === "boolean") return;
  throw new TypeError(
    `Cannot use the option ${name}: it is neither true nor false`,
  );
}

/** Refuses an option that is there and not a whole number within its range. */
export function checkCount(
  name: string,
  value: number | undefined,
  least: number,
  most: number,
): void {
  if (value === undefined) return;
  if (typeof value !== "number") {
    throw new TypeError(`Cannot use the option ${name}: it is not a number`);
  }
  const whole = Number.isSafeInteger(value) || value === Infinity;
  if (!whole || value < least || value > most) {
    throw new RangeError(
      `Cannot use ${value} as the option ${name}: it is not a whole number from ${least} to ${most}`,
    );
  }
}
