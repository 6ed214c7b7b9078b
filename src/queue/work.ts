/**
 * Works messages off with a handler.
 *
 * @module
 */

import type { DurableError } from "../errors.ts";
import { checkBoolean, checkCount, checkFunction } from "../wal/options.ts";
import { checkTime } from "./backoff.ts";
import type { Consumers } from "./consumers.ts";
import type { Core } from "./core.ts";
import { type Message, reveal } from "./message.ts";
import {
  DEQUEUE_KEYS,
  type DequeueOptions,
  resolveDequeue,
  type WaitOptions,
} from "./options.ts";

/**
 * How messages are worked off.
 *
 * @typeParam P The type of the payloads.
 */
export interface ProcessOptions<P = unknown> extends DequeueOptions {
  /** How many messages are worked on at a time. Range: 1 and up. @default {1} */
  readonly concurrency?: number | undefined;
  /**
   * Whether messages are held for as long as the handler runs, by extending their
   * leases at half of their time: one write for each. Without it a handler has to
   * be done within `visibilityTimeout`; else its message is handed out again, its
   * result does not count, and it is not waited for.
   *
   * @default {true}
   */
  readonly autoExtend?: boolean | undefined;
  /**
   * When to end, unless the signal or the end of the queue comes first: with
   * `"idle"` when `queue.idle()` resolves, which is when there is no message left
   * but dead letters: none ready, none delayed, by a retry either, and none that is
   * held, by this call or any other.
   *
   * @default {never}
   */
  readonly until?: "idle" | undefined;
  /**
   * Called with whatever a handler throws, {@linkcode RetryAfter} and
   * {@linkcode DeadLetter} included, after the message was given back; and if it
   * cannot be recorded what a handler has done, so that the message comes back:
   * `LEASE_LOST`, `CLOSED`, `FAILED`. Without a message for a payload that is
   * damaged: `CORRUPT`, with the position; that message is a dead letter.
   *
   * What it throws itself ends `process`, which rejects with it; messages are settled
   * as ever. If it returns a promise, `process` waits for it before it ends. Without
   * `onError` nothing is printed: the last error is the `reason` of the message.
   *
   * @default {none}
   */
  readonly onError?:
    | ((error: unknown, message: Message<P> | undefined) => unknown)
    | undefined;
}

/**
 * Works on a message. When it has ended, the message is acknowledged, unless it was
 * settled by the handler itself. When it throws, the message is tried again later.
 *
 * @typeParam P The type of the payload.
 */
export type Handler<P> = (message: Message<P>) => unknown;

/**
 * Thrown by a handler: try again later, and do not count this attempt. For a
 * service that asks to be left alone for a while.
 */
export class RetryAfter extends Error {
  /** Always `"RetryAfter"`. */
  override readonly name = "RetryAfter";
  /** How long the message is not handed out, in milliseconds. */
  readonly delay: number;

  /**
   * Makes one.
   *
   * @param delay How long to wait, in milliseconds. Range: 0 and up.
   * @throws {RangeError | TypeError} If it is no length of time.
   */
  constructor(delay: number) {
    checkTime("delay", delay);
    super(`Try again after ${delay} ms`);
    this.delay = delay;
  }
}

/** Thrown by a handler: the message cannot be worked on, and becomes a dead letter at once. */
export class DeadLetter extends Error {
  /** Always `"DeadLetter"`. */
  override readonly name = "DeadLetter";
}

const PROCESS_KEYS = [
  ...DEQUEUE_KEYS,
  "concurrency",
  "autoExtend",
  "until",
  "onError",
];

/**
 * Checks the options, and works until the signal, or the end of the queue.
 *
 * @param core The queue.
 * @param consumers Hands its messages out.
 * @param handler Works on each.
 * @param options How.
 * @param idle Waits until there is nothing more to do.
 */
export async function work(
  core: Core,
  consumers: Consumers,
  handler: Handler<unknown>,
  options: ProcessOptions<unknown>,
  idle: (options: WaitOptions) => Promise<void>,
): Promise<void> {
  if (typeof handler !== "function") {
    throw new TypeError("Cannot process: the handler is not a function");
  }
  const standard = core.settings.visibilityTimeout;
  const visibilityTimeout = resolveDequeue(options, standard, PROCESS_KEYS);
  const { concurrency = 1, signal, ref = true, autoExtend = true } = options;
  const { until, onError } = options;
  checkCount("concurrency", concurrency, 1, 1_000_000);
  checkBoolean("autoExtend", autoExtend);
  if (until !== undefined && until !== "idle") {
    throw new RangeError(
      `Cannot use ${
        JSON.stringify(until)
      } as the option until: it is not "idle"`,
    );
  }
  checkFunction("onError", onError);
  const stop = new AbortController();
  const onAbort = () => stop.abort(signal?.reason);
  if (signal?.aborted) return;
  core.state.commits.checkOpen("read from");
  signal?.addEventListener("abort", onAbort);
  const reports = new Reports(onError, () => stop.abort());
  const worker = new Worker(core, consumers, handler, {
    visibilityTimeout,
    renewal: autoExtend ? visibilityTimeout / 2 : Infinity,
    signal: stop.signal,
    reports,
  });
  // For as long as it works, too: a handler may wait for what keeps nothing alive.
  const letGo = ref ? core.holds.take() : () => {};
  try {
    if (until === "idle") {
      const end = () => stop.abort();
      idle({ signal: stop.signal, ref: false }).then(end, () => {}); // the loops are told
    }
    const loops = Array.from({ length: concurrency }, () => worker.run());
    // The first that fails ends the others; they are waited for.
    for (const loop of loops) loop.catch((error) => stop.abort(error));
    const ends = await Promise.allSettled(loops);
    await reports.done();
    for (const end of ends) if (end.status === "rejected") throw end.reason;
  } finally {
    letGo();
    stop.abort(); // nobody waits for idle any more
    signal?.removeEventListener("abort", onAbort);
  }
}

interface WorkSettings {
  readonly visibilityTimeout: number;
  /** After what time of a lease it is extended. */
  readonly renewal: number;
  readonly signal: AbortSignal;
  readonly reports: Reports;
}

/** Tells `onError`, and keeps the first error of its own. */
class Reports {
  readonly #onError: ProcessOptions["onError"];
  readonly #fail: () => void;
  #failure: { readonly error: unknown } | undefined;
  /** Resolves when all calls so far have ended. */
  #running: Promise<unknown> = Promise.resolve();

  /**
   * @param onError Is told.
   * @param fail Called if it throws.
   */
  constructor(onError: ProcessOptions["onError"], fail: () => void) {
    this.#onError = onError;
    this.#fail = fail;
  }

  tell(error: unknown, message: Message<unknown> | undefined): void {
    try {
      const result = this.#onError?.(error, message);
      if (!isPromise(result)) return;
      const ended = Promise.resolve(result).catch((e) => this.#keep(e));
      this.#running = Promise.all([this.#running, ended]);
    } catch (error) {
      this.#keep(error);
    }
  }

  /** Waits for all calls; throws the first error of theirs. */
  async done(): Promise<void> {
    await this.#running;
    if (this.#failure) throw this.#failure.error;
  }

  #keep(error: unknown): void {
    this.#failure ??= { error };
    this.#fail();
  }
}

/** One handler, with all that run it. */
class Worker {
  readonly #core: Core;
  readonly #consumers: Consumers;
  readonly #handler: Handler<unknown>;
  readonly #settings: WorkSettings;

  constructor(
    core: Core,
    consumers: Consumers,
    handler: Handler<unknown>,
    settings: WorkSettings,
  ) {
    this.#core = core;
    this.#consumers = consumers;
    this.#handler = handler;
    this.#settings = settings;
  }

  /** Works on one message after the other. */
  async run(): Promise<void> {
    const { signal, visibilityTimeout } = this.#settings;
    const wanted = { signal, visibilityTimeout, ref: false }; // all of it is held
    let last: Promise<void> = Promise.resolve();
    while (!signal.aborted) {
      let message: Message<unknown>;
      try {
        message = await this.#consumers.next(wanted);
      } catch (error) {
        const { code } = error as DurableError;
        if (signal.aborted || code === "CLOSED") break;
        if (code !== "CORRUPT") throw error;
        // It is a dead letter now, with the position.
        this.#settings.reports.tell(error, undefined);
        continue;
      }
      // Not waited for: the next claim shares its sync.
      last = (await this.#handle(message)).settled;
    }
    await last;
  }

  /** Works on a message; that it is settled is under way then. */
  async #handle(
    message: Message<unknown>,
  ): Promise<{ readonly settled: Promise<void> }> {
    const { reports } = this.#settings;
    let failure: { readonly error: unknown } | undefined;
    try {
      const result = this.#handler(message);
      if (isPromise(result)) await this.#hold(message, result);
    } catch (error) {
      failure = { error };
    }
    const { isUnsettled } = reveal(message);
    const settling = failure
      ? settleFailed(message, failure.error)
      : message.ack();
    // If the lease is lost, or nothing can be written any more, it comes back.
    const settled = settling.catch((error) => {
      const isTold = failure && codeOf(failure.error) === codeOf(error);
      if (isUnsettled && !isTold) reports.tell(error, message);
    });
    if (failure) reports.tell(failure.error, message);
    return { settled };
  }

  /** Holds a message while its handler runs, and gives up if the lease is lost. */
  async #hold(
    message: Message<unknown>,
    result: PromiseLike<unknown>,
  ): Promise<void> {
    const renewal = this.#renew(message);
    const lost = lostOf(message, this.#settings.renewal === Infinity);
    try {
      await Promise.race([result, lost.promise]);
    } finally {
      renewal.stop();
      lost.stop();
    }
  }

  /** Sees to it, at half of its time, that the lease of a message goes on. */
  #renew(message: Message<unknown>): { stop(): void } {
    const { visibilityTimeout, renewal } = this.#settings;
    const core = this.#core;
    if (renewal === Infinity) return { stop() {} };
    let isOver = false;
    let giveUp = () => {};
    const arm = () => {
      if (isOver) return;
      giveUp = core.alarms.set(core.time() + renewal, () => {
        const until = core.heldUntil(reveal(message).held) ?? Infinity;
        // The handler may hold it for longer than that.
        if (until >= core.time() + visibilityTimeout) return arm();
        message.extend(visibilityTimeout).then(arm, () => {}); // its signal tells
      });
    };
    arm();
    return {
      stop() {
        isOver = true;
        giveUp();
      },
    };
  }
}

/**
 * Rejects when a message is not held any more.
 *
 * @param message The message.
 * @param orClosed Also when the queue is closed.
 */
function lostOf(message: Message<unknown>, orClosed: boolean): {
  readonly promise: Promise<never>;
  stop(): void;
} {
  const { signal } = message;
  let onAbort = () => {};
  const promise = new Promise<never>((_, reject) => {
    onAbort = () => {
      const { code } = signal.reason as DurableError;
      if (orClosed || code !== "CLOSED") reject(signal.reason);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort);
  });
  promise.catch(() => {}); // the handler may have ended
  return { promise, stop: () => signal.removeEventListener("abort", onAbort) };
}

/** What is done with a message whose handler has thrown, whatever that is. */
async function settleFailed(
  message: Message<unknown>,
  error: unknown,
): Promise<void> {
  const verdict = verdictOf(error);
  if (verdict?.delay !== undefined) return await message.release(verdict.delay);
  if (verdict) return await message.fail(verdict.reason);
  await message.retry({ reason: error ?? String(error) });
}

/** What a handler asks for by what it has thrown; also if that is of another copy of this package. */
function verdictOf(
  error: unknown,
): { readonly delay?: number; readonly reason?: string } | undefined {
  try {
    const { name, delay, message } = error as Partial<RetryAfter>;
    if (name === "RetryAfter" && delay !== undefined) {
      checkTime("delay", delay);
      return { delay };
    }
    if ((name as string) === "DeadLetter") return { reason: String(message) };
  } catch {
    // It is something else.
  }
  return undefined;
}

/** The code of an error of this package, whatever was thrown. */
function codeOf(error: unknown): unknown {
  try {
    return (error as Partial<DurableError> | null | undefined)?.code;
  } catch {
    return undefined; // it is something else
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null)?.then === "function";
}
