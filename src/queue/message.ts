/**
 * A message that was handed out, and the lease under which it is held.
 *
 * @module
 */

import { DurableError } from "../errors.ts";
import { checkKeys } from "../wal/options.ts";
import { checkTime } from "./backoff.ts";
import type { Core } from "./core.ts";
import type { Entry, Held } from "./model.ts";
import { reasonText } from "./options.ts";

/** How a message is given back. */
export interface RetryOptions {
  /** How long it is not handed out, in milliseconds. @default {what `backoff` says} */
  readonly delay?: number | undefined;
  /** Why; it is kept with the message. @default {none} */
  readonly reason?: unknown;
}

/** What stands behind a lease. */
export interface Revealed {
  readonly core: Core;
  readonly held: Held;
  /** Whether its message was neither settled by it, nor by its receipt. */
  readonly isUnsettled: boolean;
  /** Tells the lease that its message was settled. */
  settled(): void;
}

/** What stands behind a lease; for the queue only. */
export let reveal: (lease: Lease) => Revealed;

/**
 * The right to settle a message, for as long as nobody else has it.
 *
 * - It begins when the message is received, and ends when the message is settled, or
 *   when its time runs out. From then on everything here rejects with `LEASE_LOST`,
 *   and changes nothing; also after a restart of the program.
 * - After a restart it ends when the records on disk say so: its time is counted
 *   from when the claim or the extension was decided, not from when that was
 *   durable. The message may be handed out again from then on; the older lease is
 *   refused.
 * - Everything here resolves when it is on disk.
 */
export class Lease {
  readonly #core: Core;
  readonly #held: Held;

  /** For the queue only. */
  constructor(core: Core, held: Held) {
    this.#core = core;
    this.#held = held;
  }

  static {
    reveal = (lease) => ({
      core: lease.#core,
      held: lease.#held,
      isUnsettled: lease.isUnsettled(),
      settled: () => lease.settled(),
    });
  }

  /** Names the lease, to be sent elsewhere: `queue.lease(receipt)` gives it back, also after a restart. */
  get receipt(): string {
    return `${this.#held.message}.${this.#held.lease}`;
  }

  /**
   * The message was worked on: it never comes back.
   *
   * @throws {DurableError} `LEASE_LOST` if the message is not held any more, also
   * by a second call; `CLOSED`; `FAILED`: whether it comes back is unknown.
   */
  async ack(): Promise<void> {
    const batch = this.#core.begin();
    this.#core.ack(batch, this.#held);
    this.settled();
    await this.#core.commit(batch);
  }

  /**
   * Gives the message back, to be tried again. If it has no attempt left, it
   * becomes a dead letter.
   *
   * @param options When, and why.
   * @throws {DurableError | TypeError | RangeError} As `ack`, and for bad options.
   */
  async retry(options: RetryOptions = {}): Promise<void> {
    checkKeys(options, ["delay", "reason"]);
    const { delay, reason } = options;
    if (delay !== undefined) checkTime("delay", delay);
    const text = reason === undefined ? undefined : reasonText(reason);
    const done = this.#core.retry(this.#held, { delay, reason: text });
    this.settled();
    await done;
  }

  /**
   * Gives the message back, and this attempt is not counted.
   *
   * @param delay How long it is not handed out, in milliseconds.
   * @throws {DurableError | TypeError | RangeError} As `ack`, and for a bad delay.
   */
  async release(delay = 0): Promise<void> {
    checkTime("delay", delay);
    const done = this.#core.retry(this.#held, { delay, free: true });
    this.settled();
    await done;
  }

  /**
   * The message cannot be worked on: it becomes a dead letter at once.
   *
   * @param reason Why; an error, or a text. It is kept with the message.
   * @throws {DurableError} As `ack`.
   */
  async fail(reason: unknown): Promise<void> {
    const done = this.#core.fail(this.#held, reasonText(reason));
    this.settled();
    await done;
  }

  /**
   * Holds the message for another length of time, longer or shorter. Nobody else
   * gets the message while that is being written, however long it takes.
   *
   * @param time How long, in milliseconds from when this resolves. Range: 1 and up.
   * @throws {DurableError | TypeError | RangeError} As `ack`, and for a bad time.
   */
  async extend(time: number): Promise<void> {
    checkTime("time", time, 1);
    const done = this.#core.extend(this.#held, time);
    this.extended();
    await done;
  }

  /** Called when it was settled, in time. */
  protected settled(): void {}

  /** Whether its message was neither settled by it, nor elsewhere by its receipt. */
  protected isUnsettled(): boolean {
    return this.#core.heldUntil(this.#held) !== undefined;
  }

  /** Called when it ends at another time. */
  protected extended(): void {}
}

/**
 * A message that was handed out.
 *
 * @typeParam P The type of the payload.
 */
export class Message<P> extends Lease {
  /** Its id: the caller's, or its number. */
  readonly id: string;
  /** What it carries, as data of the caller's own. */
  readonly payload: P;
  /** How often it was handed out, this time included. */
  readonly attempts: number;
  /** When it was enqueued. */
  readonly enqueuedAt: Date;
  /** Its priority; higher ones come first. */
  readonly priority: number;
  /** Its group, if it has one. */
  readonly group: string | undefined;
  /** Why it failed the last time, if it did. */
  readonly reason: string | undefined;
  readonly #core: Core;
  readonly #held: Held;
  #controller: AbortController | undefined;
  #giveUpAlarm: (() => void) | undefined;
  #isSettled = false;

  /** For the queue only. */
  constructor(core: Core, held: Held, entry: Entry, payload: unknown) {
    super(core, held);
    this.#core = core;
    this.#held = held;
    this.id = entry.id ?? String(held.message);
    this.payload = payload as P;
    this.attempts = entry.attempts ?? 0;
    this.enqueuedAt = new Date(entry.at);
    this.priority = entry.priority ?? 0;
    this.group = entry.group;
    this.reason = entry.reason;
  }

  /**
   * Aborts when the message is not held any more, though it was not settled here:
   * its work is somebody else's. The reason is a `LEASE_LOST` error, or `CLOSED` if
   * the queue was closed. It does not keep the program alive.
   */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (!this.#isSettled) {
        this.#core.closing.add(this.#onClose);
        this.#watch();
      }
    }
    return this.#controller.signal;
  }

  readonly #onClose = (error: unknown): void => {
    this.#controller?.abort(error);
  };

  /** Called when it was settled, in time. */
  protected override settled(): void {
    this.#isSettled = true;
    this.#giveUpAlarm?.();
    this.#core.closing.delete(this.#onClose);
  }

  /** Whether its message was neither settled by it, nor elsewhere by its receipt. */
  protected override isUnsettled(): boolean {
    if (this.#isSettled) return false;
    const { code } = (this.#controller?.signal.reason ?? {}) as DurableError;
    return code === "LEASE_LOST" || super.isUnsettled();
  }

  /** Called when it ends at another time. */
  protected override extended(): void {
    if (this.#controller) this.#watch();
  }

  /** Looks when the lease runs out whether it was extended. */
  #watch(): void {
    this.#giveUpAlarm?.();
    if (this.#isSettled) return;
    const core = this.#core;
    if (core.closed) return this.#onClose(core.closed);
    const until = core.heldUntil(this.#held) ?? -Infinity;
    if (core.isHeld(this.#held)) {
      this.#giveUpAlarm = core.alarms.set(until, () => this.#watch());
      return;
    }
    core.closing.delete(this.#onClose);
    const { path } = core.state.plan.log;
    this.#controller?.abort(
      new DurableError(
        "LEASE_LOST",
        `Message ${this.id} in "${path}" is no longer held: its lease ran out`,
        { path, sequence: this.#held.message },
      ),
    );
  }
}
