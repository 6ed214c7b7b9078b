/**
 * Who waits for messages, and how they get them.
 *
 * A message is handed out when the record of its claim is durable. The claim of one
 * that is enqueued while somebody waits is decided at once, so that both records
 * share one sync.
 *
 * @module
 */

import type { DurableError } from "../errors.ts";
import type { Claim, Claimed, Core } from "./core.ts";
import { Message } from "./message.ts";
import { type DequeueOptions, resolveDequeue } from "./options.ts";

/** Somebody who waits. */
interface Consumer {
  readonly visibilityTimeout: number;
  readonly resolve: (message: Message<unknown>) => void;
  readonly reject: (error: unknown) => void;
  /** Whether he has given up. */
  isGone: boolean;
}

/** Hands messages out. */
export class Consumers {
  readonly #core: Core;
  /** In the order in which they came. */
  readonly #waiting = new Set<Consumer>();
  #isPaused = false;
  #isServing = false;
  #giveUpAlarm: (() => void) | undefined;
  #alarmAt = Infinity;

  constructor(core: Core) {
    this.#core = core;
    core.onChange = () => this.serve();
    core.onFailure = (error) => this.end(error);
  }

  /** Whether nothing is handed out. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  set isPaused(value: boolean) {
    this.#isPaused = value;
    this.serve();
  }

  /** Waits for a message. */
  next(options: DequeueOptions = {}): Promise<Message<unknown>> {
    const core = this.#core;
    const { signal } = options;
    const standard = core.settings.visibilityTimeout;
    const visibilityTimeout = resolveDequeue(options, standard);
    signal?.throwIfAborted();
    core.state.commits.checkOpen("read from");
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        consumer.isGone = true;
        this.#waiting.delete(consumer);
        this.#arm();
        reject(signal?.reason);
      };
      const settled = () => signal?.removeEventListener("abort", onAbort);
      const consumer: Consumer = {
        visibilityTimeout,
        resolve(message) {
          settled();
          resolve(message);
        },
        reject(error) {
          settled();
          reject(error);
        },
        isGone: false,
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#waiting.add(consumer);
      this.serve();
    });
  }

  /** Takes what is ready, without waiting for more. */
  async take(
    count: number,
    visibilityTimeout: number,
  ): Promise<Message<unknown>[]> {
    const core = this.#core;
    core.state.commits.checkOpen("read from");
    if (this.#isPaused) return [];
    for (;;) {
      const claim = core.claim(count, visibilityTimeout);
      if (!claim) return [];
      await claim.done;
      if (claim.messages.length === 0) continue; // there may be more behind what was removed
      return await Promise.all(
        claim.messages.map((claimed) => this.#message(claimed)),
      );
    }
  }

  /** Hands out what is ready to those who wait, and sees to it that it goes on. */
  serve(): void {
    if (this.#isServing) return; // what it does is a change too
    this.#isServing = true;
    try {
      while (!this.#isPaused && this.#waiting.size > 0) {
        const [{ visibilityTimeout }] = this.#waiting;
        const alike: Consumer[] = [];
        for (const consumer of this.#waiting) {
          if (consumer.visibilityTimeout !== visibilityTimeout) break;
          alike.push(consumer);
        }
        const claim = this.#core.claim(alike.length, visibilityTimeout);
        if (!claim) break;
        const served = alike.slice(0, claim.messages.length);
        for (const consumer of served) this.#waiting.delete(consumer);
        void this.#deliver(claim, served);
        if (served.length === 0) break; // it is gone on with when that is durable
      }
      this.#arm();
    } catch (error) {
      this.end(error);
    } finally {
      this.#isServing = false;
    }
  }

  /** Nobody waits any more: all are told why. */
  end(error: unknown): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    this.#arm();
    for (const { reject } of waiting) reject(error);
  }

  async #deliver(claim: Claim, consumers: readonly Consumer[]): Promise<void> {
    const { messages, done } = claim;
    try {
      await done;
    } catch (error) {
      for (const { reject } of consumers) reject(error);
      return;
    }
    if (messages.length === 0) return this.serve();
    for (const [n, consumer] of consumers.entries()) {
      const claimed = messages[n];
      const message = this.#inMemory(claimed);
      if (message) this.#hand(message, consumer);
      else {
        await this.#message(claimed).then(
          (message) => this.#hand(message, consumer),
          consumer.reject,
        );
      }
    }
  }

  #hand(message: Message<unknown>, consumer: Consumer): void {
    if (!consumer.isGone) return consumer.resolve(message);
    // He gave up while it was being written: the next one gets it.
    message.release().catch(() => {}); // else it comes back when the lease runs out
  }

  #inMemory({ held, entry }: Claimed): Message<unknown> | undefined {
    const core = this.#core;
    const found = core.payloads.inMemory(entry.record ?? held.message);
    return found && new Message(core, held, entry, found.payload);
  }

  /** A message that was handed out, with its payload. */
  async #message({ held, entry }: Claimed): Promise<Message<unknown>> {
    const core = this.#core;
    try {
      const payload = await core.payloads.read(entry.record ?? held.message);
      return new Message(core, held, entry, payload);
    } catch (error) {
      const { code, message } = error as DurableError;
      if (code === "CORRUPT") {
        // It will not get better; nobody is to meet it again and again.
        await core.fail(held, message).catch(() => {});
      }
      throw error;
    }
  }

  /** Sets the alarm for what becomes ready by itself, if somebody waits for it. */
  #arm(): void {
    const { alarms, schedule } = this.#core;
    const at = this.#isPaused || this.#waiting.size === 0
      ? Infinity
      : schedule.nextAt;
    if (at === this.#alarmAt) return;
    this.#giveUpAlarm?.();
    this.#alarmAt = at;
    this.#giveUpAlarm = at === Infinity ? undefined : alarms.set(at, () => {
      this.#alarmAt = Infinity;
      this.#giveUpAlarm = undefined;
      this.serve();
    });
  }
}
