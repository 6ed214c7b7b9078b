/**
 * A durable local message queue.
 *
 * @module
 */

import type { DurableError } from "../errors.ts";
import type { Compaction } from "../state/options.ts";
import type { StateRecovery } from "../state/open_state.ts";
import { checkCount, checkKeys } from "../wal/options.ts";
import { Compactor } from "./compaction.ts";
import { Consumers } from "./consumers.ts";
import { MANY } from "./batch.ts";
import type { Core } from "./core.ts";
import { checkIterable, DeadLetters, portions } from "./dead_letters.ts";
import {
  listOf,
  type ListOptions,
  type QueuedMessage,
  type QueueStats,
  shown,
  sizeOf,
  statsOf,
} from "./inspect.ts";
import { Letter, letterOf } from "./letter.ts";
import { Lease, type Message } from "./message.ts";
import { openQueue } from "./open_queue.ts";
import {
  checkWait,
  type DequeueOptions,
  type EnqueueOptions,
  type EnqueueRequest,
  type QueueOptions,
  resolveDequeue,
  type WaitOptions,
} from "./options.ts";
import { type Handler, type ProcessOptions, work } from "./work.ts";

/**
 * A durable local message queue.
 *
 * - **Durable.** What was enqueued is on disk when `enqueue` resolves, and is
 *   handed out until it is acknowledged: at least once. What was acknowledged never
 *   comes back.
 * - **Leased.** A consumer holds a message for `visibilityTimeout` from when it
 *   receives it; then the message comes back, with the attempt counted. A consumer
 *   that has lost its lease cannot settle the message any more.
 * - **Counted.** An attempt is a message that a consumer has received: a disk that
 *   is slower than the leases, a consumer that gives up waiting, and `close` cost
 *   none. After a crash it is unknown whether a claim that was on disk had reached
 *   its consumer: that attempt counts.
 * - **Ordered.** Higher priority first; within a priority first in, first out, but
 *   for delays and retries. Messages of a `group` one at a time, in order.
 * - **Given up on.** After `maxAttempts`, a message becomes a dead letter, with the
 *   last reason; it stays until it is redriven or purged.
 * - **Quiet.** Nothing runs but what was asked for: one timer, while somebody waits
 *   for a message that is due later, or works on one; and a compaction, when writes
 *   have made the log grow by 4 MiB (option `snapshotAfter`). Whatever waits keeps
 *   the program alive, without looking, unless it has `ref: false`.
 * - **One process.** A second open, in this process or another, rejects with
 *   `LOCKED`. A directory holds one queue: a snapshot says everything of its
 *   directory, and queues that have nothing to do with each other do not wait for
 *   each other's syncs.
 * - **Bounded.** Payloads are in memory up to `payloadMemory`, others are read from
 *   the log when their turn comes. Of each message some 250 bytes of heap are in
 *   memory, however large its payload.
 * - **Fail-stop.** After the first failed write or sync everything rejects with the
 *   same `FAILED` error. Close it and open it again.
 *
 * @typeParam P The type of the payloads.
 *
 * @example A message that fails once
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MemoryFileSystem, MiniQueue } from "@mini-ts/durable";
 *
 * const queue = await MiniQueue.open<{ to: string }>("mails", {
 *   fileSystem: new MemoryFileSystem(), // leave it out for real files
 *   backoff: 10,
 * });
 * await queue.enqueue({ to: "ann@example.org" }); // on disk from here on
 *
 * const log: string[] = [];
 * const done = queue.process((message) => {
 *   log.push(`${message.payload.to}, attempt ${message.attempts}`);
 *   if (message.attempts === 1) throw new Error("the line is busy");
 * });
 * await queue.idle();
 * assertEquals(log, ["ann@example.org, attempt 1", "ann@example.org, attempt 2"]);
 * await queue.close();
 * await done;
 * ```
 */
export class MiniQueue<P = unknown> implements AsyncDisposable {
  /** The directory that holds the queue, from the root. */
  readonly dir: string;
  /** What opening found and did. */
  readonly recovery: StateRecovery;
  /** The messages that nobody could work on. */
  readonly deadLetters: DeadLetters<P>;
  readonly #core: Core;
  readonly #consumers: Consumers;
  readonly #compactor: Compactor;
  readonly #idle = new Set<PromiseWithResolvers<void>>();
  #closing: Promise<void> | undefined;

  /** For {@linkcode MiniQueue.open} only. */
  constructor(core: Core) {
    this.#core = core;
    this.#consumers = new Consumers(core);
    this.#compactor = new Compactor(core);
    this.deadLetters = new DeadLetters(core);
    this.dir = core.state.plan.place.dir;
    this.recovery = core.state.recovery;
    core.onChange = () => this.#consumers.serve();
    core.onGone = () => this.#tellIdle();
    core.onFailure = (error) => this.#end(error);
  }

  /**
   * Opens a queue, and creates it if there is none, with the missing directories.
   *
   * @typeParam P The type of the payloads; inferred from `validate`.
   * @param dir The directory: one for each queue.
   * @param options How it works.
   * @returns The open queue. Close it, or use `await using`; Node 22 has no syntax
   * for that: call `close()` in a `finally` there.
   * @throws {DurableError} As `StateManager.open`: `LOCKED` if it is open, `CORRUPT`
   * if it is damaged, `EXISTS` if the directory holds something else.
   * @throws {TypeError | RangeError} If an option is not what it must be.
   * @throws What `onRecovery` throws.
   */
  static async open<P = unknown>(
    dir: string,
    options: QueueOptions<P> = {},
  ): Promise<MiniQueue<P>> {
    return new MiniQueue<P>(await openQueue(dir, options));
  }

  /** How many messages there are that are not dead letters, those that are worked on included. */
  get size(): number {
    return sizeOf(this.#core);
  }

  /** Counts messages by what they are waiting for; costs next to nothing. */
  stats(): QueueStats {
    return statsOf(this.#core, this.#core.state.upkeep.auto.error);
  }

  /**
   * Puts a message into the queue. Many calls may be under way at once: they keep
   * their order, and share syncs.
   *
   * @param payload What JSON can hold without changing it.
   * @param options When and how it is handed out.
   * @returns Its id, when it is on disk; that of the message that has its
   * `dedupeKey` or its `id` already, if there is one.
   * @throws {DurableError} `INVALID_RECORD` if `validate` refuses it, `CLOSED`:
   * nothing was written. `FAILED`: whether it is on disk is unknown.
   * @throws {TypeError | RangeError} For a payload that JSON would change or that
   * is too long, and for bad options; nothing was written.
   */
  async enqueue(payload: P, options: EnqueueOptions = {}): Promise<string> {
    const core = this.#core;
    const letter = new Letter(payload, options, core.settings);
    const batch = core.begin();
    const [id] = core.enqueue(batch, [letter]);
    await core.commit(batch);
    return id;
  }

  /**
   * Puts several messages into the queue: after a crash all of them are there, or
   * none.
   *
   * @param requests The messages, each with its options; none is none.
   * @returns Their ids, as `enqueue` gives them, when all are on disk.
   * @throws {DurableError | TypeError | RangeError} As `enqueue`; none was written.
   */
  async enqueueAll(requests: Iterable<EnqueueRequest<P>>): Promise<string[]> {
    const core = this.#core;
    checkIterable(requests, "Cannot enqueue: the messages");
    const letters = Array.from(requests, (one) => letterOf(one, core.settings));
    const batch = core.begin();
    const ids = core.enqueue(batch, letters);
    await core.commit(batch);
    return ids;
  }

  /**
   * Takes the next message, and waits for one if there is none. Who waits longest
   * is served first. The wait keeps the program alive, unless `ref` is false.
   *
   * @param options How long it is held, and how to wait.
   * @returns The message, when it is on disk that it was handed out.
   * @throws {DurableError} `CLOSED`, also if the queue is closed meanwhile;
   * `FAILED`; `CORRUPT` if the payload is damaged: the message is a dead letter then,
   * with the position for its reason. Another code if it could not be read: the
   * message is given back, and the attempt is not counted.
   * @throws The reason of the signal; a message on its way here was given back.
   */
  async dequeue(options: DequeueOptions = {}): Promise<Message<P>> {
    return await this.#consumers.next(options) as Message<P>;
  }

  /**
   * Takes the next message, if one is ready.
   *
   * @param options How long it is held.
   * @returns The message; `undefined` for none, or if the queue is paused.
   * @throws {DurableError} As `dequeue`.
   */
  async tryDequeue(
    options: Omit<DequeueOptions, keyof WaitOptions> = {},
  ): Promise<Message<P> | undefined> {
    const [message] = await this.claim(1, options);
    return message;
  }

  /**
   * Takes what is ready, in one commit.
   *
   * @param count The most messages to take. Range: 1 to 1,000.
   * @param options How long they are held.
   * @returns The messages, in order; none if none is ready, or the queue is paused.
   * All their leases begin when this resolves. What was found to be expired, or to
   * have no attempt left, is a dead letter on disk by then.
   * @throws {DurableError | TypeError | RangeError} As `dequeue`, if none of the
   * messages could be read; those that could are returned. And for a bad count.
   */
  async claim(
    count: number,
    options: Omit<DequeueOptions, keyof WaitOptions> = {},
  ): Promise<Message<P>[]> {
    checkCount("count", count ?? NaN, 1, MANY);
    const standard = this.#core.settings.visibilityTimeout;
    const time = resolveDequeue(options, standard, ["visibilityTimeout"]);
    return await this.#consumers.take(count, time) as Message<P>[];
  }

  /**
   * Works messages off with a function, until a signal or the end of the queue, or,
   * with `until: "idle"`, until there is nothing left to do. It keeps the program
   * alive until then, unless `ref` is false.
   *
   * - When the handler has ended, its message is acknowledged; when it throws, or
   *   rejects, with whatever it is, the message is tried again as `backoff` says. It
   *   may throw {@linkcode RetryAfter} and {@linkcode DeadLetter}, or settle the
   *   message itself.
   * - A handler that never ends holds its message, and one of `concurrency`, for as
   *   long as the program runs; with `autoExtend: false` until its lease runs out.
   *
   * @param handler Called with each message.
   * @param options How many at a time, for how long.
   * @returns Resolves when the signal has aborted, the queue was closed, or `until`
   * has come, and all handlers that were running have ended, and what they did is on
   * disk.
   * @throws {DurableError} `FAILED`, or the code of a payload that could not be read;
   * behind one that is damaged it goes on, as that is a dead letter.
   * @throws {TypeError | RangeError} For bad options.
   */
  process(handler: Handler<P>, options: ProcessOptions<P> = {}): Promise<void> {
    return work(
      this.#core,
      this.#consumers,
      handler as Handler<unknown>,
      options as ProcessOptions<unknown>,
      (wait) => this.idle(wait),
    );
  }

  /**
   * Takes message after message, until the queue is closed. Each is to be settled by
   * who takes it. As `dequeue`, it keeps the program alive while it waits.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Message<P>, void, undefined> {
    for (;;) {
      let message: Message<P>;
      try {
        message = await this.dequeue();
      } catch (error) {
        if ((error as DurableError).code === "CLOSED") return;
        throw error;
      }
      yield message;
    }
  }

  /**
   * A lease by its receipt, as `message.receipt` gave it, to settle a message that
   * was sent elsewhere to be worked on; it need not be held any more.
   *
   * @param receipt The receipt.
   * @returns The lease.
   * @throws {TypeError} If it is no receipt.
   */
  lease(receipt: string): Lease {
    const parts = typeof receipt === "string" &&
      /^([1-9]\d{0,14})\.([1-9]\d{0,14})$/.exec(receipt);
    if (!parts) {
      throw new TypeError(
        `Cannot use ${
          JSON.stringify(receipt)
        } as the receipt of a message: it is not one that the queue gave`,
      );
    }
    const [message, lease] = parts.slice(1).map(Number);
    return new Lease(this.#core, { message, lease });
  }

  /** The first durable message that would be handed out next, which stays; `undefined` for none. */
  async peek(): Promise<QueuedMessage<P> | undefined> {
    const core = this.#core;
    core.fallBack();
    const now = core.time();
    const number = core.schedule.peek(now, (number) => {
      const entry = core.durable(number);
      return entry !== undefined && core.doom(entry, now) === undefined;
    });
    const entry = number === undefined ? undefined : core.durable(number);
    if (number === undefined || !entry) return undefined;
    return await shown(core, number, entry) as QueuedMessage<P> | undefined;
  }

  /**
   * Iterates over the messages in the order in which they came, while the queue
   * goes on; payloads that are not in memory are read.
   *
   * @param options Which ones.
   */
  list(
    options: ListOptions = {},
  ): AsyncGenerator<QueuedMessage<P>, void, undefined> {
    checkKeys(options, ["state"]);
    const { state } = options;
    if (![undefined, "ready", "delayed", "leased", "dead"].includes(state)) {
      throw new RangeError(
        `Cannot list messages that are ${state}: it is not one of ready, delayed, leased, dead`,
      );
    }
    return listOf(this.#core, state) as AsyncGenerator<
      QueuedMessage<P>,
      void,
      undefined
    >;
  }

  /** Hands nothing out from here on, until `resume`, or until the queue is opened again. What was handed out goes on. */
  pause(): void {
    this.#consumers.isPaused = true;
  }

  /** Ends {@linkcode MiniQueue.pause}. */
  resume(): void {
    this.#consumers.isPaused = false;
  }

  /** Whether nothing is handed out. */
  get isPaused(): boolean {
    return this.#consumers.isPaused;
  }

  /**
   * Waits until there is no message left but dead letters: none that waits, is
   * delayed, or is worked on. The wait keeps the program alive, unless `ref` is false.
   *
   * @param options How to wait.
   * @throws {DurableError} `CLOSED` or `FAILED`.
   * @throws The reason of the signal.
   */
  async idle(options: WaitOptions = {}): Promise<void> {
    checkWait(options);
    const { signal, ref = true } = options;
    signal?.throwIfAborted();
    const { holds, state: { commits } } = this.#core;
    commits.checkOpen("wait for");
    const letGo = ref ? holds.take() : () => {};
    const waiting = Promise.withResolvers<void>();
    const onAbort = () => waiting.reject(signal?.reason);
    signal?.addEventListener("abort", onAbort);
    this.#idle.add(waiting);
    try {
      // What was handed in may still be on its way to the disk.
      commits.newest.then(() => this.#tellIdle(), waiting.reject);
      await waiting.promise;
    } finally {
      letGo();
      this.#idle.delete(waiting);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /**
   * Removes all messages that wait, ready or delayed; not those that are worked on,
   * nor dead letters. A crash in between leaves some of them.
   *
   * @returns How many, when that is on disk.
   * @throws {DurableError} `CLOSED` or `FAILED`.
   */
  async clear(): Promise<number> {
    const core = this.#core;
    core.state.commits.checkOpen("clear");
    let count = 0;
    for (const some of portions(core.numbers("messages"))) {
      const now = core.time();
      const waiting = some.filter((number) => {
        const entry = core.look(number);
        if (!entry?.lease) return entry !== undefined;
        return core.schedule.runsOut(number, entry.lease, now) <= now;
      });
      if (waiting.length > 0) await core.remove("clear", waiting);
      count += waiting.length;
    }
    return count;
  }

  /**
   * Writes a snapshot, and removes what the log does not need any more: everything
   * but the payloads of messages that are there. Those are written anew where at
   * most half of the records in front of them are needed.
   *
   * @returns What was done.
   * @throws {DurableError} As `StateManager.compact`, and `CORRUPT` if a payload
   * that is to be moved is damaged; nothing is lost.
   */
  async compact(): Promise<Compaction> {
    return await this.#compactor.compact();
  }

  /**
   * Commits what was handed in, and lets everything go. Who waits for a message
   * gets `CLOSED`; what is on its way to him is given back. Messages that are worked
   * on have their signals aborted, and come back when their leases run out; to avoid
   * that, end `process` by its signal and await it first. A second call gives the
   * same promise.
   *
   * @throws {DurableError} `FAILED` if the log could not be marked as closed.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** {@linkcode MiniQueue.close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const { state, alarms, closing } = this.#core;
    const error = state.commits.closedError("read from");
    this.#core.closed = error;
    let closed: Promise<void>;
    try {
      this.#consumers.isPaused = true; // what is given back stays
      this.#end(error); // first, because it gives back what nobody has got
      alarms.close();
    } finally {
      closed = state.close();
    }
    for (const tell of closing) tell(error);
    await closed;
  }

  #end(error: unknown): void {
    this.#consumers.end(error);
    for (const { reject } of [...this.#idle]) reject(error);
  }

  #tellIdle(): void {
    if (this.#idle.size === 0 || this.size > 0) return;
    for (const { resolve } of [...this.#idle]) resolve();
  }
}
