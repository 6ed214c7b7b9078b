/**
 * The operations of a queue: each is decided upon the newest state, with everything
 * that was handed in before, and becomes a record. The promise of each resolves when
 * that is durable.
 *
 * @module
 */

import { DurableError } from "../errors.ts";
import { delayAfter } from "./backoff.ts";
import { type Batch, MANY } from "./batch.ts";
import { Ledger } from "./ledger.ts";
import type { Letter } from "./letter.ts";
import type { Entry, Held } from "./model.ts";

/** How often messages that are to become dead letters are taken out, {@linkcode MANY} at a time, before others have their turn. */
const SWEEPS = 4;
const encoder = new TextEncoder();

/** A message that was handed out. */
export interface Claimed {
  readonly held: Held;
  /** The message as it is then. */
  readonly entry: Entry;
}

/** Messages that were handed out together. */
export interface Claim {
  readonly messages: readonly Claimed[];
  /** Resolves when it is durable. */
  readonly done: Promise<number>;
  /** Whether nothing else was ready: all that was found became dead letters. */
  readonly isLast?: true;
}

/** Carries operations out. */
export class Core extends Ledger {
  /**
   * Adds messages to a commit.
   *
   * @returns The id of each, or that of the message that has its key.
   */
  enqueue(batch: Batch, letters: readonly Letter[]): string[] {
    // First, because keys may be taken anew.
    const forgotten = this.keys.due(batch.now);
    if (forgotten.length > 0) {
      batch.push({ forget: { keys: forgotten } });
      batch.refused.push(() => {
        for (const name of forgotten) this.keys.add(name, batch.now);
      });
    }
    const ids = new Map<string, string>();
    return letters.map((letter) => this.#enqueue(batch, letter, ids));
  }

  #enqueue(batch: Batch, letter: Letter, ids: Map<string, string>): string {
    const { now } = batch;
    const { id, names, window } = letter;
    for (const name of names) {
      const taken = ids.get(name) ?? this.keys.idOf(name, now, batch.gone);
      if (taken !== undefined) return taken;
    }
    const { entry, text } = letter.at(now);
    const number = batch.push({ enqueue: entry }, text);
    const own = id ?? String(number);
    for (const name of names) {
      if (window > 0 || name === names[0] && id !== undefined) {
        ids.set(name, own);
      }
      batch.staged.push(() => this.keys.add(name, now + window));
    }
    batch.staged.push(() => {
      this.records.add(number, number);
      this.payloads.add(number, text);
      this.schedule.add(number, entry, now);
    });
    batch.durable.push(() => this.schedule.count(number, entry));
    return own;
  }

  /**
   * Hands out what is ready, up to a number of messages. What has expired, or has no
   * attempt left, becomes a dead letter; if nothing else was found, what is returned
   * is empty, and there may be more unless it says that it is the last.
   */
  claim(count: number, visibilityTimeout: number): Claim | undefined {
    let batch = this.begin();
    let numbers: number[] = [];
    let done: Promise<number> | undefined;
    for (let round = 1;; round++) {
      const taken = this.#take(count, batch.now);
      numbers = taken.numbers;
      if (taken.doomed.size === 0) break;
      // What they let through may come before what was found.
      for (const number of numbers) this.#putBack(number);
      for (const [reason, dead] of taken.doomed) {
        this.#bury(batch, dead, reason);
      }
      done = this.stage(batch);
      if (round === SWEEPS) return { messages: [], done };
      batch = this.begin();
    }
    // What was buried is durable before a caller is told that nothing is ready.
    if (numbers.length === 0) {
      return done && { messages: [], done, isLast: true };
    }
    const { now } = batch;
    const until = Math.ceil(now + visibilityTimeout);
    const token = batch.push({ claim: { at: now, messages: numbers, until } });
    const lease = { token, at: now, until };
    batch.staged.push(() => {
      for (const number of numbers) this.schedule.hold(number, lease, token);
    });
    batch.durable.push(() => {
      for (const number of numbers) {
        this.schedule.count(number, { lease });
      }
    });
    done = this.stage(batch);
    const messages = numbers.map((message): Claimed => ({
      held: { message, lease: token },
      entry: { at: now, ...this.look(message) },
    }));
    return { messages, done };
  }

  /** A message that was claimed is with its consumer: its lease begins. */
  handOut({ message, lease }: Held): void {
    this.schedule.begin(message, lease, this.time());
  }

  /** Adds an acknowledgement to a commit. */
  ack(batch: Batch, held: Held): void {
    const entry = this.#entry(held, "acknowledge", batch.now);
    batch.push({ ack: held });
    this.#gone(batch, held.message, entry);
  }

  /** Gives a message back, to be tried again; one that has no attempt left becomes a dead letter. */
  retry(
    held: Held,
    { delay, reason, free }: {
      delay?: number | undefined;
      reason?: string | undefined;
      free?: true;
    },
  ): Promise<number> {
    const batch = this.begin();
    const { now } = batch;
    const { message } = held;
    const entry = this.#entry(held, "retry", now);
    const { attempts = 1, maxAttempts = this.settings.maxAttempts } = entry;
    if (!free && attempts >= maxAttempts) {
      this.#bury(
        batch,
        [message],
        reason ?? entry.reason ?? "it was given back",
      );
      return this.commit(batch);
    }
    const wait = delay ?? this.#backoff(entry);
    const notBefore = wait > 0 ? Math.ceil(now + wait) : undefined;
    batch.push({ retry: { ...held, notBefore, reason, free } });
    batch.staged.push(() => {
      const back = { ...entry, lease: undefined, notBefore };
      this.schedule.giveBack(message, back, now);
    });
    batch.durable.push(() => this.schedule.count(message, { notBefore }));
    return this.commit(batch);
  }

  /** Makes a message a dead letter. */
  fail(held: Held, reason: string): Promise<number> {
    const batch = this.begin();
    this.#entry(held, "fail", batch.now);
    this.#bury(batch, [held.message], reason);
    return this.commit(batch);
  }

  /** Holds a message for longer: for a time that begins when that is durable. */
  extend(held: Held, time: number): Promise<number> {
    const batch = this.begin();
    const { now } = batch;
    const { message, lease: token } = held;
    this.#entry(held, "extend", now);
    const until = Math.ceil(now + time);
    const record = batch.push({ extend: { ...held, at: now, until } });
    const lease = { token, at: now, until };
    batch.staged.push(() => this.schedule.hold(message, lease, record));
    batch.durable.push(() => this.schedule.count(message, { lease }));
    const done = this.commit(batch);
    // Not with what is durable, but after it: if the clock was set back, all is scheduled anew.
    const begin = () => this.schedule.begin(message, record, this.time());
    return done.then((sequence) => (begin(), sequence));
  }

  /** Puts dead letters back. */
  redrive(numbers: readonly number[]): Promise<number> {
    const batch = this.begin();
    const { now } = batch;
    batch.push({ redrive: { messages: numbers } });
    batch.staged.push(() => {
      this.schedule.advance(now); // leases that are over hold nobody up
      for (const number of numbers) {
        const entry = this.look(number);
        if (entry) this.schedule.add(number, entry, now);
        this.noteOld(number);
      }
    });
    return this.commit(batch);
  }

  /** Removes dead letters, or messages that wait. */
  remove(kind: "clear" | "purge", numbers: readonly number[]): Promise<number> {
    const batch = this.begin();
    batch.push(
      kind === "clear"
        ? { clear: { messages: numbers } }
        : { purge: { messages: numbers } },
    );
    for (const number of numbers) {
      const entry = this.look(number) ?? this.lookDead(number);
      if (entry) this.#gone(batch, number, entry);
    }
    return this.commit(batch);
  }

  /** Writes the text of a payload anew, at the end of the log; not if the message is gone meanwhile. Returns what it takes in the log, in bytes. */
  carry(batch: Batch, message: number, payload: string): number {
    const entry = this.look(message) ?? this.lookDead(message);
    if (!entry) return 0;
    const { record: from = message } = entry;
    const text = `{"carry":{"message":${message},"payload":${payload}}}`;
    const record = batch.push({ carry: { message } }, text);
    batch.staged.push(() => {
      this.records.add(record, message);
      this.payloads.add(record, text);
    });
    batch.durable.push(() => {
      this.records.remove(from);
      this.payloads.delete(from);
    });
    return encoder.encode(text).length + 1;
  }

  /** When the lease of a message runs out; `undefined` if it is not held by it. */
  heldUntil(
    { message, lease: token }: Held,
    now: number = this.time(),
  ): number | undefined {
    const lease = this.look(message)?.lease;
    return lease?.token === token
      ? this.schedule.runsOut(message, lease, now)
      : undefined;
  }

  /** Whether somebody still holds a message. */
  isHeld(held: Held): boolean {
    const now = this.time();
    return (this.heldUntil(held, now) ?? -Infinity) > now;
  }

  /** The message that somebody holds; throws `LEASE_LOST` if he does not any more. */
  #entry(held: Held, action: string, now: number): Entry {
    const { message } = held;
    const entry = this.look(message);
    const end = this.heldUntil(held, now);
    if (entry && end !== undefined && end > now) return entry;
    const { path } = this.state.plan.log;
    throw new DurableError(
      "LEASE_LOST",
      `Cannot ${action} message ${entry?.id ?? message} in "${path}": ${
        this.#whyLost(message, entry, end, now)
      }`,
      { path, sequence: message },
    );
  }

  #whyLost(
    message: number,
    entry: Entry | undefined,
    end: number | undefined,
    now: number,
  ): string {
    if (end !== undefined) return `its lease ran out ${now - end} ms ago`;
    if (entry?.lease) return "it was delivered again";
    if (entry) return "it was given back";
    return this.lookDead(message)
      ? "it is a dead letter"
      : "it was acknowledged or removed";
  }

  /** Takes what is next: what may be handed out, and what becomes a dead letter instead, by the reason. */
  #take(
    count: number,
    now: number,
  ): { numbers: number[]; doomed: Map<string, number[]> } {
    const numbers: number[] = [];
    const doomed = new Map<string, number[]>();
    const taken = new Set<number>();
    while (numbers.length < count && taken.size < count + MANY) {
      const number = this.schedule.take(now);
      const entry = number === undefined ? undefined : this.look(number);
      if (number === undefined || !entry) break;
      if (taken.has(number)) continue; // an entry of the schedule may be there twice
      taken.add(number);
      const reason = this.doom(entry, now);
      const others = reason === undefined ? numbers : doomed.get(reason);
      if (others) others.push(number);
      else if (reason !== undefined) doomed.set(reason, [number]);
    }
    return { numbers, doomed };
  }

  #putBack(number: number): void {
    const entry = this.look(number);
    if (entry) this.schedule.putBack(number, entry);
  }

  /** Why a message is not to be handed out any more, though its turn has come. */
  doom(entry: Entry, now: number): string | undefined {
    const { expiresAt = Infinity, attempts = 0, lease, reason } = entry;
    const { maxAttempts = this.settings.maxAttempts } = entry;
    if (expiresAt <= now) return "expired";
    if (attempts < maxAttempts) return undefined;
    return lease
      ? `the lease of attempt ${attempts} ran out`
      : reason ?? "no attempt is left";
  }

  #bury(batch: Batch, messages: readonly number[], reason: string): void {
    const { now } = batch;
    batch.push({ bury: { at: now, messages, reason } });
    for (const number of messages) {
      const entry = this.look(number);
      if (!entry) continue;
      const { record = number } = entry;
      batch.staged.push(() => this.schedule.remove(number, entry, now));
      batch.durable.push(() => {
        this.schedule.count(number, undefined);
        this.payloads.delete(record); // it is likely to lie for long
      });
    }
    batch.durable.push(() => this.onGone());
  }

  /** A message is gone with a commit, and so is its payload. */
  #gone(batch: Batch, number: number, entry: Entry): void {
    const { record = number } = entry;
    batch.gone.add(number);
    batch.staged.push(() => this.schedule.remove(number, entry, batch.now));
    batch.durable.push(() => {
      this.schedule.count(number, undefined);
      this.records.remove(record);
      this.payloads.delete(record);
      this.onGone();
    });
  }

  #backoff(entry: Entry): number {
    const { backoff = this.settings.backoff, attempts = 1 } = entry;
    const { random = () => this.state.plan.log.fileSystem.random() / 2 ** 32 } =
      this.settings;
    return delayAfter(backoff, attempts, random);
  }
}
