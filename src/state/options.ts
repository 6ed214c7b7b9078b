/**
 * Options of the state manager, their defaults and their checks.
 *
 * @module
 */

import { DurableError, messageOf } from "../errors.ts";
import type { FileSystem } from "../file_system.ts";
import type { SnapshotPlace } from "../snapshot/meta.ts";
import type { LogFiles } from "../wal/active.ts";
import type { Codec } from "../wal/codec.ts";
import {
  checkCount,
  checkFunction,
  checkKeys,
  type Reading,
  resolveSettings,
  type Settings,
} from "../wal/options.ts";
import type { Validate } from "../wal/schema.ts";
import { checkOf } from "./mutators.ts";
import type { StateRecovery } from "./open_state.ts";
import { adoptState } from "./take.ts";
import type { Reduce } from "./tree.ts";

/**
 * What a state is made of, and how it is read.
 *
 * @typeParam S The type of the state: JSON data.
 * @typeParam M The type of the mutations.
 */
export interface StateOptions<S, M> {
  /** The state before the first mutation. A copy is taken. */
  readonly initial: S;
  /**
   * Carries out a mutation: changes the state in place, or returns a new one;
   * never both. It must be synchronous and deterministic: no time, no random
   * numbers, nothing but the state and the mutation. What it does to the state is
   * what it would do to an ordinary object; what JSON has no place for is refused.
   * {@linkcode mutators} makes one of a map of functions.
   */
  readonly apply: Reduce<S, M>;
  /** Name of the log's file in the directory. @default {"journal.jsonl"} */
  readonly journal?: string | undefined;
  /** A rule that runs on each mutation before it is written, and again when it is read. @default {none} */
  readonly validate?: Validate<M> | undefined;
  /**
   * Schema version of the mutations and of the state that this program writes.
   * Range: 1 and up. Older ones are read by `upcast` and `migrate`, newer ones
   * are refused. It is written with the first mutation, or the first snapshot;
   * until then a program of the older version can open the state again.
   *
   * @default {1}
   */
  readonly version?: number | undefined;
  /** Makes a mutation of this version of one that was written with version `from`: JSON data, unless there is a codec. What it throws refuses the log with `INVALID_RECORD`. @default {none: older mutations are refused} */
  readonly upcast?: ((mutation: unknown, from: number) => M) | undefined;
  /**
   * Makes a state of this version of a snapshot of version `from`: JSON data.
   * What it throws refuses the state with `REJECTED`. Without it an older snapshot
   * is not used, and the log must reach back to its first record.
   *
   * @default {none}
   */
  readonly migrate?: ((state: unknown, from: number) => S) | undefined;
  /** How a mutation becomes a line of the log and back. @default {JSON that refuses what JSON would change} */
  readonly codec?: Codec<M> | undefined;
  /** Where the files are. @default {defaultFileSystem()} */
  readonly fileSystem?: FileSystem | undefined;
}

/** How a state is opened for writing. */
export interface StateManagerOptions<S, M> extends StateOptions<S, M> {
  /** Size in bytes at which a segment of the log is sealed. @default {67_108_864} 64 MiB */
  readonly maxSegmentBytes?: number | undefined;
  /** The longest mutation in bytes of UTF-8 text. @default {16_777_216} 16 MiB */
  readonly maxRecordBytes?: number | undefined;
  /** The format of the log; `"v0.1"` is what the Rust crates read, and cannot be compacted. @default {"v0.2"} */
  readonly format?: "v0.1" | "v0.2" | undefined;
  /**
   * A snapshot is written automatically when the log has grown, since the last one,
   * by this many bytes or by the size of that snapshot, whichever is more. So opening
   * replays hardly more than that, and all snapshots together write no more bytes
   * than the log, but for the last one. It takes room on the disk for one more
   * snapshot; one that fails is reported by `snapshotError`. Range: 1 and up;
   * `Infinity` for only when `createSnapshot` is called.
   *
   * @default {4_194_304} 4 MiB
   */
  readonly snapshotAfter?: number | undefined;
  /**
   * Whether the log keeps the mutations that an automatic snapshot covers. With
   * `false` automatic snapshots also do what {@linkcode StateManager.compact} does,
   * so that the directory is bounded by the size of the state; `at` and `changes`
   * then reach back to the last snapshot only. Not with format `"v0.1"`.
   *
   * @default {true}
   */
  readonly keepHistory?: boolean | undefined;
  /** How long a snapshot may hold the event loop at a time, in milliseconds. Range: 1 and up. @default {10} */
  readonly slice?: number | undefined;
  /**
   * Called once, with {@linkcode StateManager.recovery}, before `open` resolves, if
   * a torn tail of the log was cut off, or a snapshot that is there was not used
   * because it is damaged or too old. Not for an undisturbed open, nor after a crash
   * that left nothing. `open` waits for a promise that it returns. What it throws
   * rejects `open`, which lets everything go; what was cut off stays so, and the next
   * `open` does not report it again.
   *
   * @default {none: only `recovery` tells}
   */
  readonly onRecovery?: ((recovery: StateRecovery) => unknown) | undefined;
}

/** How a mutation is applied. */
export interface ApplyOptions {
  /**
   * The sequence number that the caller has seen last: if anything was handed in
   * since, the mutation is refused with `CONFLICT`. @default {not looked at}
   */
  readonly expectedSequence?: number | undefined;
}

/** From where and for how long changes are wanted. */
export interface ChangesOptions {
  /** Sequence number of the first change wanted. @default {the next one that is committed} */
  readonly from?: number | undefined;
  /** Ends the iteration with the signal's reason. @default {none} */
  readonly signal?: AbortSignal | undefined;
  /**
   * Whether the program is kept alive while the iteration waits for the next
   * change, though it may have nothing else to do. @default {true}
   */
  readonly ref?: boolean | undefined;
}

/** What {@linkcode StateManager.compact} did. */
export interface Compaction {
  /** Sequence number of the snapshot. */
  readonly sequence: number;
  /** How many segments of the log were removed. */
  readonly removedSegments: number;
}

/** What a plan is of, as messages say it. */
export type Noun = "state" | "queue" | "outbox";

/** What has been made of the options. */
export interface Plan<S, M> extends StateOptions<S, M> {
  readonly noun: Noun;
  readonly log: LogFiles;
  readonly place: SnapshotPlace;
  readonly settings: Settings<M>;
  readonly version: number;
  readonly onRecovery?: ((recovery: StateRecovery) => unknown) | undefined;
  /** As the option, with its default. */
  readonly snapshotAfter: number;
  /** As the option, with its default. */
  readonly keepHistory: boolean;
  /** Lines as data; what they mean depends on their version. */
  readonly reading: Reading<unknown>;
  /** A mutation that may be applied, of one that a caller or a record gives; throws if it may not. */
  readonly check: (mutation: unknown) => M;
}

const STATE_KEYS = [
  "initial",
  "apply",
  "journal",
  "validate",
  "version",
  "upcast",
  "migrate",
  "codec",
  "fileSystem",
];
/** How many bytes the log grows by at least before a snapshot is written automatically. */
const SNAPSHOT_AFTER = 4_194_304;
/** The options of `StateManager.open`. */
export const MANAGER_KEYS: readonly string[] = [
  ...STATE_KEYS,
  "maxSegmentBytes",
  "maxRecordBytes",
  "format",
  "snapshotAfter",
  "keepHistory",
  "slice",
  "onRecovery",
];
/** The options of `StateManager.follow`. */
export const FOLLOW_KEYS: readonly string[] = [
  ...STATE_KEYS,
  "interval",
  "mustExist",
  "signal",
  "ref",
];
/** The options of what only reads. */
export const READ_KEYS: readonly string[] = STATE_KEYS;

/** Checks the options and fills in what is missing. */
export async function resolvePlan<S, M>(
  dir: string,
  options: StateManagerOptions<S, M>,
  known: readonly string[],
  noun: Noun = "state",
): Promise<Plan<S, M>> {
  if (typeof dir !== "string" || dir === "" || dir.includes("\0")) {
    throw new TypeError(
      `Cannot use ${
        JSON.stringify(dir)
      } as the directory of a state: it is not a path`,
    );
  }
  checkKeys(options, known);
  const { initial, apply, journal = "journal.jsonl", version = 1, slice = 10 } =
    options;
  checkCount("version", version, 1, 2 ** 31);
  checkCount("slice", slice, 1, 60_000);
  checkInitial(initial);
  const { snapshotAfter = SNAPSHOT_AFTER, keepHistory = true } = options;
  checkCount("snapshotAfter", snapshotAfter, 1, Infinity);
  checkHistory(keepHistory, options.format);
  checkFunctions(options);
  checkFunction("onRecovery", options.onRecovery);
  checkName(journal);
  const { codec, validate, fileSystem, format } = options;
  const { maxSegmentBytes, maxRecordBytes } = options;
  const resolved = await resolveSettings<M>({
    codec,
    validate,
    fileSystem,
    format,
    maxSegmentBytes,
    maxRecordBytes,
  });
  if (format === "v0.1" && version > 1) {
    throw new RangeError(
      `Cannot use version ${version} in format v0.1: the format has no place for a version`,
    );
  }
  const settings: Settings<M> = { ...resolved, schema: version };
  const root = settings.fileSystem.resolve(dir);
  const checkKnown = checkOf(apply);
  return {
    ...options,
    noun,
    version,
    snapshotAfter,
    keepHistory,
    log: {
      fileSystem: settings.fileSystem,
      path: `${trimmed(root)}/${journal}`,
    },
    place: { fileSystem: settings.fileSystem, dir: root, slice, journal },
    settings,
    reading: {
      decode: settings.reading.decode,
      check: (value: unknown) => value,
    },
    check: (mutation) => {
      const valid = settings.check(mutation);
      checkKnown(valid);
      return valid;
    },
  };
}

/** Refuses an initial state that is missing, or is not JSON data. */
export function checkInitial(initial: unknown): void {
  if (initial === undefined) {
    throw new TypeError(
      "Cannot use the option initial: it is missing, and must be the state before the first mutation, such as { count: 0 }",
    );
  }
  try {
    adoptState(initial);
  } catch (cause) {
    const Misuse = cause instanceof RangeError ? RangeError : TypeError;
    const message = `Cannot use the option initial: ${messageOf(cause)}`;
    throw new Misuse(message, { cause });
  }
}

/** Refuses options that must be functions and are not; some may be left out. */
export function checkFunctions<S, M>(
  { apply, upcast, migrate }: Pick<
    StateOptions<S, M>,
    "apply" | "upcast" | "migrate"
  >,
): void {
  const functions = {
    apply,
    ...(upcast !== undefined && { upcast }),
    ...(migrate !== undefined && { migrate }),
  };
  for (const [name, value] of Object.entries(functions)) {
    if (typeof value === "function") continue;
    throw new TypeError(`Cannot use the option ${name}: it is not a function`);
  }
}

function checkHistory(keepHistory: unknown, format: unknown): void {
  if (typeof keepHistory !== "boolean") {
    throw new TypeError(
      "Cannot use the option keepHistory: it is not true or false",
    );
  }
  if (keepHistory || format !== "v0.1") return;
  throw new TypeError(
    "Cannot use the option keepHistory: false in format v0.1: its records have no numbers of their own, so the log cannot be compacted",
  );
}

const SNAPSHOT_NAMES = /^snapshot(?:\.|_\d)/;

function checkName(journal: unknown): asserts journal is string {
  const isName = typeof journal === "string" && /^[^/\\\0]+$/.test(journal) &&
    journal !== "." && journal !== "..";
  if (isName && !SNAPSHOT_NAMES.test(journal)) return;
  throw new TypeError(
    `Cannot use ${
      JSON.stringify(journal)
    } as the option journal: it is not a file name, or it is one that snapshots use`,
  );
}

function trimmed(dir: string): string {
  return dir.length > 1 ? dir.replace(/\/+$/, "") || "/" : dir;
}

/** An error about the state of a directory. */
export function stateError(
  code: "CORRUPT" | "UNSUPPORTED_VERSION" | "REJECTED" | "INVALID_RECORD",
  { path }: LogFiles,
  what: string,
  details: { sequence?: number; cause?: unknown } = {},
): DurableError {
  return new DurableError(code, `Cannot use "${path}": ${what}`, {
    path,
    ...details,
  });
}
