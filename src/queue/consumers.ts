/**
 * Who waits for messages, and how they get them.
 *
 * A message is handed out when the record of its claim is durable and its payload is
 * read; only then its lease begins. The claim of one that is enqueued while a
 * consumer waits is decided at once, so that both records share one sync.
 *
 * @module
 */

import type { DurableError } from "../errors.ts";
import { parseJson } from "../native_json.ts";
import { MANY } from "./batch.ts";
import type { Claim, Claimed, Core } from "./core.ts";
import { Message, reveal } from "./message.ts";
import { type DequeueOptions, resolveDequeue } from "./options.ts";

/** Somebody who waits. */
interface Consumer {
  readonly visibilityTimeout: number;
  /** Whether his wait keeps the program alive. */
  readonly holds: boolean;
  readonly resolve: (message: Message<unknown>) => void;
  readonly reject: (error: unknown) => void;
  /** Whether he has given up. */
  isGone: boolean;
}

/** What was handed out and has not arrived. */
interface Delivery {
  readonly open: Set<Claimed>;
  readonly reject: (error: unknown) => void;
}

/** Hands messages out. */
export class Consumers {
  readonly #core: Core;
  /** In the order in which they came. */
  readonly #waiting = new Set<Consumer>();
  readonly #deliveries = new Set<Delivery>();
  /** Why nobody is served any more. */
  #end: { readonly error: unknown } | undefined;
  #isPaused = false;
  #isServing = false;
  #giveUpAlarm: (() => void) | undefined;
  #alarmAt = Infinity;
  /** How many of those who wait keep the program alive. */
  #holding = 0;
  #letGo: (() => void) | undefined;

  constructor(core: Core) {
    this.#core = core;
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
    const standard = core.settings.visibilityTimeout;
    const visibilityTimeout = resolveDequeue(options, standard);
    const { signal, ref = true } = options;
    signal?.throwIfAborted();
    core.state.commits.checkOpen("read from");
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        consumer.isGone = true;
        // What is on its way to him is given back first.
        if (!this.#leave(consumer)) return;
        this.#arm();
        reject(signal?.reason);
      };
      const settled = () => signal?.removeEventListener("abort", onAbort);
      const consumer: Consumer = {
        visibilityTimeout,
        holds: ref,
        resolve(message) {
          settled();
          resolve(message);
        },
        reject(error) {
          settled();
          reject(consumer.isGone ? signal?.reason : error);
        },
        isGone: false,
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#enter(consumer);
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
      const messages = await this.#arrive(claim);
      // There may be more behind what was removed.
      if (messages.length > 0 || claim.isLast) return messages;
      core.state.commits.checkOpen("read from");
    }
  }

  /** The messages of a claim that could be read; throws if there are none, but failures. */
  #arrive(claim: Claim): Promise<Message<unknown>[]> {
    return new Promise((resolve, reject) => {
      const messages: Message<unknown>[] = [];
      let failure: { readonly error: unknown } | undefined;
      const onClose = (error: unknown) => {
        for (const message of messages) message.release().catch(() => {});
        reject(error);
      };
      this.#deliver(claim, onClose, {
        take: (message) => messages.push(message),
        fail: (error) => failure = { error },
        miss: () => {},
      }).then(
        () => {
          if (failure && messages.length === 0) return reject(failure.error);
          // All at once: while others were read, no lease was running.
          for (const message of messages) {
            this.#core.handOut(reveal(message).held);
          }
          resolve(messages);
        },
        reject,
      );
    });
  }

  /** Hands out what is ready to those who wait, and sees to it that it goes on. */
  serve(): void {
    if (this.#isServing) return; // what it does is a change too
    this.#isServing = true;
    try {
      while (this.#serveSome());
      this.#arm();
    } catch (error) {
      this.#rejectAll(error);
    } finally {
      this.#isServing = false;
    }
  }

  /** Hands out once; says whether there may be more. */
  #serveSome(): boolean {
    const core = this.#core;
    if (this.#isPaused || this.#waiting.size === 0) return false;
    core.schedule.advance(core.time());
    const most = Math.min(core.schedule.mayBeReady, MANY);
    if (most === 0) return false;
    const alike: Consumer[] = [];
    for (const consumer of this.#waiting) {
      const [{ visibilityTimeout } = consumer] = alike;
      if (
        consumer.visibilityTimeout !== visibilityTimeout ||
        alike.length === most
      ) break;
      alike.push(consumer);
    }
    const claim = core.claim(alike.length, alike[0].visibilityTimeout);
    if (!claim) return false;
    const served = alike.slice(0, claim.messages.length);
    for (const consumer of served) this.#leave(consumer);
    void this.#serveClaim(claim, served);
    return served.length > 0; // else it is gone on with when that is durable
  }

  async #serveClaim(
    claim: Claim,
    consumers: readonly Consumer[],
  ): Promise<void> {
    const rest = [...consumers];
    const back: Consumer[] = [];
    const rejectRest = (error: unknown) => {
      for (const { reject } of rest.splice(0)) reject(error);
    };
    await this.#deliver(claim, rejectRest, {
      take: (message) => this.#hand(message, rest.shift()),
      fail: (error) => rest.shift()?.reject(error),
      miss: () => back.push(...rest.splice(0, 1)),
    }).catch(rejectRest);
    for (const consumer of back) {
      if (consumer.isGone || this.#end) consumer.reject(this.#end?.error);
      else this.#enter(consumer);
    }
    this.serve();
  }

  #hand(message: Message<unknown>, consumer: Consumer | undefined): void {
    if (!consumer) return;
    if (!consumer.isGone) {
      this.#core.handOut(reveal(message).held);
      return consumer.resolve(message);
    }
    // He gave up while it was being written: the next one gets it. If it cannot be
    // given back, it comes when the lease runs out.
    message.release().catch(() => {}).then(() => consumer.reject(undefined));
  }

  /**
   * Waits until a claim is durable, and reads its payloads, one after the other.
   *
   * @param claim What was handed out.
   * @param reject Called if the queue is closed meanwhile; the messages are given back then.
   * @param to Is told of each message, in order: it is there, it cannot be read, or it was settled by its receipt.
   */
  async #deliver(
    claim: Claim,
    reject: (error: unknown) => void,
    to: {
      take(message: Message<unknown>): void;
      fail(error: unknown): void;
      miss(): void;
    },
  ): Promise<void> {
    const delivery: Delivery = { open: new Set(claim.messages), reject };
    this.#deliveries.add(delivery);
    try {
      await claim.done;
      for (const claimed of claim.messages) {
        if (!this.#deliveries.has(delivery)) return;
        const message = this.#inMemory(claimed) ??
          await this.#read(claimed).catch((error) => {
            to.fail(error);
            return null;
          });
        if (!delivery.open.delete(claimed)) return; // it was closed
        if (message) to.take(message);
        else if (message === undefined) to.miss();
      }
    } finally {
      this.#deliveries.delete(delivery);
    }
  }

  /** A message, if its payload is in memory, and it is still held. */
  #inMemory({ held, entry }: Claimed): Message<unknown> | undefined {
    const core = this.#core;
    const found = core.payloads.inMemory(entry.record ?? held.message);
    return found && core.isHeld(held)
      ? new Message(core, held, entry, found.payload)
      : undefined;
  }

  /** A message; `undefined` if it was settled by its receipt meanwhile. */
  async #read({ held, entry }: Claimed): Promise<Message<unknown> | undefined> {
    const core = this.#core;
    if (!core.isHeld(held)) return undefined;
    try {
      const text = await core.payload(held.message);
      return text !== undefined && core.isHeld(held)
        ? new Message(core, held, entry, parseJson(text))
        : undefined;
    } catch (error) {
      const { code, message } = error as DurableError;
      // Damage will not get better: nobody is to meet it again and again. Anything
      // else may, and costs no attempt.
      if (code !== "CORRUPT") {
        await this.#giveBack({ held, entry }, { free: true });
      } else if (core.isHeld(held)) {
        await quietly(() => core.fail(held, message));
      }
      throw error;
    }
  }

  /**
   * Nobody waits any more: all are told why. What is on its way to them is given
   * back, if it can still be written; the queue must not be closed yet.
   */
  end(error: unknown): void {
    this.#end ??= { error };
    this.#rejectAll(error);
    const core = this.#core;
    for (const { open, reject } of this.#deliveries) {
      for (const claimed of core.state.failure ? [] : open) {
        this.#giveBack(claimed, { free: true, delay: 0 });
      }
      open.clear();
      reject(error);
    }
    this.#deliveries.clear();
  }

  /** Gives back what has not arrived; if it cannot be written, it comes when its lease runs out. */
  async #giveBack(
    { held }: Claimed,
    how: { free: true; delay?: number },
  ): Promise<void> {
    await quietly(() => this.#core.retry(held, how));
  }

  #rejectAll(error: unknown): void {
    const waiting = [...this.#waiting];
    for (const consumer of waiting) this.#leave(consumer);
    this.#arm();
    for (const { reject } of waiting) reject(error);
  }

  #enter(consumer: Consumer): void {
    this.#waiting.add(consumer);
    if (consumer.holds) this.#holding++;
  }

  /** Says whether he was waiting. */
  #leave(consumer: Consumer): boolean {
    const wasWaiting = this.#waiting.delete(consumer);
    if (wasWaiting && consumer.holds) this.#holding--;
    return wasWaiting;
  }

  /**
   * Sets the alarm for what becomes ready by itself, if somebody waits for it, and
   * keeps the program alive, if that is wanted. What is on its way to a consumer
   * does so by itself, as it is on its way to the disk, or from there.
   */
  #arm(): void {
    if (this.#holding > 0) this.#letGo ??= this.#core.holds.take();
    else {
      this.#letGo?.();
      this.#letGo = undefined;
    }
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

/** Does what may fail because a lease is over, or nothing can be written any more. */
async function quietly(run: () => Promise<unknown>): Promise<void> {
  try {
    await run();
  } catch {
    // Whoever is concerned is told something else.
  }
}
