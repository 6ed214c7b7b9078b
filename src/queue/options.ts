/**
 * Options of the queue, their defaults and their checks.
 *
 * @module
 */

import { type Clock, systemClock } from "../clock.ts";
import { DurableError } from "../errors.ts";
import type { FileSystem } from "../file_system.ts";
import type { StateRecovery } from "../state/open_state.ts";
import { strictJson } from "../wal/codec.ts";
import { checkBoolean, checkCount, checkKeys } from "../wal/options.ts";
import {
  type Check,
  compileCheck,
  Refusal,
  type Validate,
} from "../wal/schema.ts";
import {
  type Backoff,
  checkBackoff,
  checkNumber,
  checkTime,
} from "./backoff.ts";
import { MAX_PRIORITY } from "./schedule.ts";

/**
 * How a queue is opened.
 *
 * @typeParam P The type of the payloads.
 */
export interface QueueOptions<P> {
  /** A rule for payloads, such as a Standard Schema; runs before anything is written. @default {none} */
  readonly validate?: Validate<P> | undefined;
  /**
   * How long a consumer holds a message, in milliseconds from when it receives it,
   * unless it is extended. Range: 1 and up. The time that the disk takes to write
   * the claim is not part of it. After a restart a lease ends this long after the
   * claim was decided, which is sooner by that time.
   *
   * @default {30_000}
   */
  readonly visibilityTimeout?: number | undefined;
  /** How often a message is handed out before it becomes a dead letter. Range: 1 and up. @default {5} */
  readonly maxAttempts?: number | undefined;
  /** How long a message waits before it is tried again. @default {{ base: 1000 }} about 1 s, 2 s, 4 s … one hour at most */
  readonly backoff?: Backoff | undefined;
  /** How long a dedupe key or an id of the caller's is remembered, in milliseconds. @default {300_000} five minutes */
  readonly dedupeWindow?: number | undefined;
  /** The longest payload in bytes of UTF-8 text. @default {16_777_216} 16 MiB */
  readonly maxPayloadBytes?: number | undefined;
  /**
   * How much of the payloads is kept in memory, in bytes, about. Others are read
   * from the log when their messages are handed out.
   *
   * @default {33_554_432} 32 MiB
   */
  readonly payloadMemory?: number | undefined;
  /**
   * A snapshot is written automatically, and the log compacted, when the log has
   * grown, since the last snapshot, by this many bytes or by the size of that
   * snapshot, whichever is more. So the directory is bounded by what waits. One that
   * fails is reported by `stats().compactionError`, and tried again when the log has
   * grown by as much again. Range: 1 and up; `Infinity` for only when `compact` is
   * called.
   *
   * @default {4_194_304} 4 MiB
   */
  readonly snapshotAfter?: number | undefined;
  /** Tells the time. @default {that of the computer} */
  readonly clock?: Clock | undefined;
  /** Chance for jitter: numbers from 0 up to but not including 1. @default {random bits of the file system} */
  readonly random?: (() => number) | undefined;
  /** Size in bytes at which a segment of the log is sealed. @default {67_108_864} 64 MiB */
  readonly maxSegmentBytes?: number | undefined;
  /** Where the files are. @default {defaultFileSystem()} */
  readonly fileSystem?: FileSystem | undefined;
  /** Called when opening has cut off or passed over something, as that of `StateManager.open`. @default {none: only `recovery` tells} */
  readonly onRecovery?: ((recovery: StateRecovery) => unknown) | undefined;
}

/** How a message is enqueued. */
export interface EnqueueOptions {
  /** How long it is not handed out, in milliseconds from now; not together with `notBefore`. @default {0} */
  readonly delay?: number | undefined;
  /** It is not handed out before: a date, or milliseconds since 1970. @default {at once} */
  readonly notBefore?: Date | number | undefined;
  /**
   * How long it is worth working on, in milliseconds from now: if its turn comes
   * later, it becomes a dead letter with the reason `"expired"`. @default {for ever}
   */
  readonly expiresIn?: number | undefined;
  /** Higher ones are handed out first. Range: whole numbers from -100 to 100. @default {0} */
  readonly priority?: number | undefined;
  /** As the option of the queue, for this message. @default {that of the queue} */
  readonly maxAttempts?: number | undefined;
  /** As the option of the queue, for this message. @default {that of the queue} */
  readonly backoff?: Backoff | undefined;
  /** Of the messages with this key only the first one within the window is taken. @default {none} */
  readonly dedupeKey?: string | undefined;
  /** How long `dedupeKey` or `id` is remembered, in milliseconds from now. @default {that of the queue} */
  readonly dedupeWindow?: number | undefined;
  /** Of the messages of a group one at a time is handed out, in order. @default {none} */
  readonly group?: string | undefined;
  /**
   * An id of the caller's, so that to enqueue again is harmless: it is refused
   * while there is a message with that id, and within the window. Not made of
   * digits only. @default {the number of the message}
   */
  readonly id?: string | undefined;
}

/**
 * A message to enqueue with others.
 *
 * @typeParam P The type of the payload.
 */
export interface EnqueueRequest<P> extends EnqueueOptions {
  /** What it carries. */
  readonly payload: P;
}

/** How a caller waits. */
export interface WaitOptions {
  /** Ends the wait with the signal's reason. @default {none} */
  readonly signal?: AbortSignal | undefined;
  /**
   * Whether the program is kept alive by the wait, though it may have nothing else
   * to do. With `false` no timer of the queue keeps it alive either: a program that
   * has nothing else to do ends. Await it at the top level only with `true`; with
   * `false` Node then ends with exit code 13, Deno with 1, and Bun never.
   *
   * @default {true}
   */
  readonly ref?: boolean | undefined;
}

/** How a message is taken. */
export interface DequeueOptions extends WaitOptions {
  /** How long it is held, in milliseconds from when it is received. @default {that of the queue} */
  readonly visibilityTimeout?: number | undefined;
}

/** Options with everything filled in. */
export interface QueueSettings<P> {
  readonly visibilityTimeout: number;
  readonly maxAttempts: number;
  readonly backoff: Backoff;
  readonly dedupeWindow: number;
  readonly maxPayloadBytes: number;
  readonly payloadMemory: number;
  readonly clock: Required<Clock>;
  readonly random: (() => number) | undefined;
  readonly check: Check<P>;
}

const QUEUE_KEYS = [
  "validate",
  "visibilityTimeout",
  "maxAttempts",
  "backoff",
  "dedupeWindow",
  "maxPayloadBytes",
  "payloadMemory",
  "snapshotAfter",
  "clock",
  "random",
  "maxSegmentBytes",
  "fileSystem",
  "onRecovery",
];
const ENQUEUE_KEYS = [
  "delay",
  "notBefore",
  "expiresIn",
  "priority",
  "maxAttempts",
  "backoff",
  "dedupeKey",
  "dedupeWindow",
  "group",
  "id",
];
const WAIT_KEYS: readonly string[] = ["signal", "ref"];
/** The options of `dequeue`. */
export const DEQUEUE_KEYS: readonly string[] = [
  ...WAIT_KEYS,
  "visibilityTimeout",
];
const MAX_ATTEMPTS = 1_000_000_000;
const MAX_NAME = 1024;
const encoder = new TextEncoder();

/** Checks the options of a queue and fills in what is missing. */
export function resolveQueue<P>(options: QueueOptions<P>): QueueSettings<P> {
  checkKeys(options, QUEUE_KEYS);
  const {
    visibilityTimeout = 30_000,
    maxAttempts = 5,
    backoff = { base: 1000 },
    dedupeWindow = 300_000,
    maxPayloadBytes = 16_777_216,
    payloadMemory = 33_554_432,
    clock = systemClock,
    random,
  } = options;
  checkTime("visibilityTimeout", visibilityTimeout, 1);
  checkCount("maxAttempts", maxAttempts, 1, MAX_ATTEMPTS);
  checkTime("dedupeWindow", dedupeWindow);
  checkCount("maxPayloadBytes", maxPayloadBytes, 1, 134_217_728);
  checkNumber("payloadMemory", payloadMemory, 0, Number.MAX_SAFE_INTEGER);
  if (
    typeof clock?.now !== "function" ||
    typeof clock.setTimer !== "function" ||
    !["function", "undefined"].includes(typeof clock.hold)
  ) {
    throw new TypeError(
      "Cannot use the option clock: it needs the functions now and setTimer, and may have hold",
    );
  }
  if (random !== undefined && typeof random !== "function") {
    throw new TypeError("Cannot use the option random: it is not a function");
  }
  return {
    visibilityTimeout,
    maxAttempts,
    backoff: checkBackoff("backoff", backoff),
    dedupeWindow,
    maxPayloadBytes,
    payloadMemory,
    clock: completeClock(clock),
    random,
    check: compileCheck(options.validate),
  };
}

/** A clock with all that a clock may have. */
function completeClock(clock: Clock): Required<Clock> {
  return {
    now: () => clock.now(),
    setTimer: (callback, delay) => clock.setTimer(callback, delay),
    hold: () => clock.hold ? clock.hold() : systemClock.hold(),
  };
}

/**
 * Checks how a message is enqueued.
 *
 * @returns A copy, of plain data.
 */
export function resolveEnqueue(options: EnqueueOptions): EnqueueOptions {
  checkKeys(options, ENQUEUE_KEYS);
  const { delay, notBefore, expiresIn, priority, dedupeWindow } = options;
  if (delay !== undefined) checkTime("delay", delay);
  if (expiresIn !== undefined) checkTime("expiresIn", expiresIn);
  if (dedupeWindow !== undefined) checkTime("dedupeWindow", dedupeWindow);
  if (notBefore !== undefined) {
    const time = notBefore instanceof Date ? notBefore.getTime() : notBefore;
    checkNumber("notBefore", time, 0, 8.64e15);
    if (delay !== undefined) {
      throw new TypeError(
        "Cannot use the options delay and notBefore together: give one of them",
      );
    }
  }
  checkCount("priority", priority, -MAX_PRIORITY, MAX_PRIORITY);
  checkCount("maxAttempts", options.maxAttempts, 1, MAX_ATTEMPTS);
  checkText("dedupeKey", options.dedupeKey);
  checkText("group", options.group);
  checkText("id", options.id);
  if (options.id !== undefined && /^\d+$/.test(options.id)) {
    throw new RangeError(
      `Cannot use "${options.id}" as the option id: ids made of digits only are those that the queue gives`,
    );
  }
  return {
    ...options,
    ...(notBefore !== undefined && { notBefore: +notBefore }),
    ...(options.backoff !== undefined && {
      backoff: checkBackoff("backoff", options.backoff),
    }),
  };
}

/**
 * A payload as it is written.
 *
 * @throws {DurableError} `INVALID_RECORD` if the rule refuses it.
 * @throws {TypeError | RangeError} If JSON cannot hold it, or it is too long.
 */
export function encodePayload<P>(
  payload: unknown,
  { check, maxPayloadBytes }: QueueSettings<P>,
): string {
  let valid: P;
  try {
    valid = check(payload);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new DurableError(
      "INVALID_RECORD",
      `Cannot enqueue the payload: it is not valid: ${error.message}`,
      { cause: error.cause },
    );
  }
  const text = strictJson.encode(valid);
  // A UTF-16 unit takes one to three bytes: count only where it may matter.
  if (
    text.length * 3 > maxPayloadBytes &&
    encoder.encode(text).length > maxPayloadBytes
  ) {
    throw new RangeError(
      `Cannot enqueue the payload: its text of ${text.length} characters is longer than maxPayloadBytes, ${maxPayloadBytes}`,
    );
  }
  return text;
}

/** Refuses what is not a signal. */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal === undefined || typeof signal?.throwIfAborted === "function") {
    return;
  }
  throw new TypeError(
    "Cannot use the option signal: it is not an AbortSignal",
  );
}

/** Checks how a caller waits. */
export function checkWait(
  options: WaitOptions,
  known: readonly string[] = WAIT_KEYS,
): void {
  checkKeys(options, known);
  checkSignal(options.signal);
  checkBoolean("ref", options.ref);
}

/** Checks how a message is taken, and says how long it is held. */
export function resolveDequeue(
  options: DequeueOptions,
  standard: number,
  known: readonly string[] = DEQUEUE_KEYS,
): number {
  checkWait(options, known);
  const { visibilityTimeout = standard } = options;
  checkTime("visibilityTimeout", visibilityTimeout, 1);
  return visibilityTimeout;
}

/** A text as an option; short, because it is kept in memory. */
function checkText(name: string, value: string | undefined): void {
  if (value === undefined) return;
  if (typeof value !== "string" || !value.isWellFormed()) {
    throw new TypeError(`Cannot use the option ${name}: it is not a string`);
  }
  checkCount(`${name}.length`, value.length, 1, MAX_NAME);
}

/** What a handler gave as a reason, whatever it is, as a text that can be kept. */
export function reasonText(reason: unknown): string {
  let text: string;
  try {
    text = reason instanceof Error
      ? `${reason.name}: ${reason.message}`
      : String(reason);
  } catch {
    text = "something that cannot be shown as a string";
  }
  return text.toWellFormed().slice(0, MAX_NAME).toWellFormed();
}
