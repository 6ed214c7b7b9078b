/**
 * The operations of a queue: each is decided upon the newest state, with everything
 * that was handed in before, and becomes a record. The promise of each resolves when
 * that is durable.
 *
 * @module
 */

import { DurableError } from "../errors.ts";
import { ABSENT, ownMember } from "../state/history.ts";
import type { OpenState } from "../state/open_state.ts";
import { type Container, isContainer } from "../state/table.ts";
import { membersOf } from "../state/walk.ts";
import { Alarms } from "./alarms.ts";
import { delayAfter } from "./backoff.ts";
import {
  type Entry,
  type Held,
  idKey,
  type KeyEntry,
  type QueueRecord,
  type Root,
} from "./model.ts";
import { Heap } from "./heap.ts";
import type { QueueSettings } from "./options.ts";
import type { Payloads } from "./payloads.ts";
import { Records } from "./records.ts";
import type { Letter } from "./letter.ts";
import { Schedule } from "./schedule.ts";

/** A clock that is set back by less than this is taken to stand still, in milliseconds. */
const SMALL_STEP = 1000;
/** How many dedupe keys may be past their time before they are removed. */
const MANY_KEYS = 64;
/** How often messages that are to become dead letters are taken out, {@linkcode MANY} at a time, before others have their turn. */
const SWEEPS = 4;
/** How many messages one record names at most. */
export const MANY = 1000;

/** What becomes one commit. */
export class Batch {
  readonly texts: string[] = [];
  readonly mutations: QueueRecord[] = [];
  /** What to do when it was handed in. */
  readonly staged: (() => void)[] = [];
  /** What to do when it is durable. */
  readonly durable: (() => void)[] = [];
  /** The time it happens at. */
  readonly now: number;
  readonly #base: number;

  /**
   * @param now The time it happens at.
   * @param base The last sequence number in front of it.
   */
  constructor(now: number, base: number) {
    this.now = now;
    this.#base = base;
  }

  /** Adds a record, and gives its sequence number. */
  push(mutation: QueueRecord, text: string = JSON.stringify(mutation)): number {
    this.mutations.push(mutation);
    return this.#base + this.texts.push(text);
  }
}

/** Messages that were handed out together. */
export interface Claim {
  readonly numbers: readonly number[];
  readonly token: number;
  /** Resolves when it is durable. */
  readonly done: Promise<number>;
}

/** Carries operations out. */
export class Core {
  readonly state: OpenState<Root, QueueRecord>;
  readonly settings: QueueSettings<unknown>;
  readonly alarms: Alarms;
  readonly payloads: Payloads;
  readonly schedule: Schedule;
  readonly records: Records = new Records();
  /** Called when something was handed in: there may be something to hand out. */
  onChange: () => void = () => {};
  /** Called when messages are gone for good. */
  onGone: () => void = () => {};
  /** Called when nothing can be written any more. */
  onFailure: (error: unknown) => void = () => {};
  readonly #keys = new Heap<string>();
  #last = -Infinity;

  constructor(
    state: OpenState<Root, QueueRecord>,
    settings: QueueSettings<unknown>,
    payloads: Payloads,
  ) {
    this.state = state;
    this.settings = settings;
    this.payloads = payloads;
    this.alarms = new Alarms(settings.clock, () => this.time());
    this.schedule = new Schedule((number) => this.look(number));
    for (const part of ["messages", "dead"] as const) {
      for (const [number, { record = number }] of this.#all(part)) {
        this.records.add(record, number);
      }
    }
    for (const [key, entry] of membersOf(this.#part("keys"))) {
      this.#keys.push((entry as KeyEntry).until, key);
    }
    this.#last = this.#clockTime();
    this.schedule.rebuild(this.#all("messages"), this.#last);
  }

  /**
   * The time, in whole milliseconds. It stands still while the clock is a little
   * behind; if the clock was set back, everything is scheduled anew.
   */
  time(): number {
    const now = this.#clockTime();
    const back = this.#last - now;
    if (back > 0 && back < SMALL_STEP) return this.#last;
    this.#last = now;
    if (back > 0) {
      this.schedule.rebuild(this.#all("messages"), now);
      this.alarms.shift(-back);
    }
    return now;
  }

  /** A message, as it is after all that was handed in; it must not be changed. */
  look(number: number): Entry | undefined {
    return this.#member("messages", String(number)) as Entry | undefined;
  }

  /** A dead letter, likewise. */
  lookDead(number: number): Entry | undefined {
    return this.#member("dead", String(number)) as Entry | undefined;
  }

  /** The numbers of all messages, or dead letters, there are now. */
  numbers(part: "messages" | "dead"): number[] {
    return Array.from(this.#all(part), ([number]) => number);
  }

  /** The number of the message with an id, if there is one. */
  numberOf(id: string): number | undefined {
    if (/^\d{1,15}$/.test(id)) return Number(id);
    return this.#keyEntry(idKey(id))?.message;
  }

  /** Begins a commit. */
  begin(): Batch {
    const { commits } = this.state;
    commits.checkOpen("write to");
    return new Batch(this.time(), commits.staged);
  }

  /** Hands a commit in; the promise resolves when it is durable. */
  commit(batch: Batch): Promise<number> {
    if (batch.texts.length === 0) return this.state.commits.newest;
    const done = this.#stage(batch);
    this.onChange();
    return done;
  }

  /**
   * Adds a message to a commit.
   *
   * @param ids The ids of keys that are taken by messages of the same commit.
   * @returns Its id, or that of the message that has its key.
   */
  enqueue(batch: Batch, letter: Letter, ids: Map<string, string>): string {
    const { now } = batch;
    const { id, names, window } = letter;
    for (const name of names) {
      const taken = ids.get(name) ?? this.#idOf(name, now);
      if (taken !== undefined) return taken;
    }
    const { entry, text } = letter.at(now);
    const number = batch.push({ enqueue: entry }, text);
    const own = id ?? String(number);
    for (const name of names) {
      ids.set(name, own);
      batch.staged.push(() => this.#keys.push(now + window, name));
    }
    batch.staged.push(() => {
      this.records.add(number, number);
      this.payloads.add(number, text);
      this.schedule.add(number, entry, now);
    });
    batch.durable.push(() => this.schedule.count(number, entry));
    this.#forgetKeys(batch);
    return own;
  }

  /**
   * Hands out what is ready, up to a number of messages. What has expired, or has no
   * attempt left, becomes a dead letter; if there is so much of it that nothing else
   * was found, what is returned is empty, and there may be more.
   */
  claim(count: number, visibilityTimeout: number): Claim | undefined {
    const numbers: number[] = [];
    const taken = new Set<number>();
    for (let round = 1;; round++) {
      const batch = this.begin();
      const doomed = this.#take(
        count - numbers.length,
        batch.now,
        numbers,
        taken,
      );
      if (doomed.size === 0) break;
      for (const [reason, dead] of doomed) this.#bury(batch, dead, reason);
      const done = this.#stage(batch);
      if (round < SWEEPS) continue;
      if (numbers.length === 0) return { numbers, token: 0, done };
      break;
    }
    if (numbers.length === 0) return undefined;
    const batch = this.begin();
    const { now } = batch;
    const until = Math.ceil(now + visibilityTimeout);
    const token = batch.push({ claim: { at: now, messages: numbers, until } });
    const lease = { token, at: now, until };
    batch.staged.push(() => {
      for (const number of numbers) this.schedule.hold(number, lease);
    });
    batch.durable.push(() => {
      for (const number of numbers) {
        this.schedule.count(number, { at: now, lease });
      }
    });
    return { numbers, token, done: this.#stage(batch) };
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
    batch.durable.push(() =>
      this.schedule.count(message, { at: now, notBefore })
    );
    return this.commit(batch);
  }

  /** Makes a message a dead letter. */
  fail(held: Held, reason: string): Promise<number> {
    const batch = this.begin();
    this.#entry(held, "fail", batch.now);
    this.#bury(batch, [held.message], reason);
    return this.commit(batch);
  }

  /** Holds a message for longer. */
  extend(held: Held, time: number): Promise<number> {
    const batch = this.begin();
    const { now } = batch;
    const { message, lease: token } = held;
    this.#entry(held, "extend", now);
    const until = Math.ceil(now + time);
    batch.push({ extend: { ...held, at: now, until } });
    const lease = { token, at: now, until };
    batch.staged.push(() => this.schedule.hold(message, lease));
    batch.durable.push(() => this.schedule.count(message, { at: now, lease }));
    return this.commit(batch);
  }

  /** Puts dead letters back. */
  redrive(numbers: readonly number[]): Promise<number> {
    const batch = this.begin();
    const { now } = batch;
    batch.push({ redrive: { messages: numbers } });
    batch.staged.push(() => {
      for (const number of numbers) {
        const entry = this.look(number);
        if (entry) this.schedule.add(number, entry, now);
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

  /** Writes the text of a payload anew, at the end of the log; not if the message is gone meanwhile. */
  carry(batch: Batch, message: number, payload: string): void {
    const entry = this.look(message) ?? this.lookDead(message);
    if (!entry) return;
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
  }

  /** When the lease of a message runs out; `undefined` if it is not held by it. */
  heldUntil({ message, lease: token }: Held): number | undefined {
    const lease = this.look(message)?.lease;
    return lease?.token === token
      ? this.schedule.runsOut(message, lease)
      : undefined;
  }

  /** The message that somebody holds; throws `LEASE_LOST` if he does not any more. */
  #entry(held: Held, action: string, now: number): Entry {
    const { message } = held;
    const entry = this.look(message);
    const end = this.heldUntil(held) ?? -Infinity;
    if (entry && end > now) return entry;
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
    end: number,
    now: number,
  ): string {
    if (end >= 0) return `its lease ran out ${now - end} ms ago`;
    if (entry?.lease) return "it was handed out again";
    if (entry) return "it was given back";
    return this.lookDead(message)
      ? "it is a dead letter"
      : "it was acknowledged or removed";
  }

  #stage({ texts, mutations, staged, durable }: Batch): Promise<number> {
    const done = this.state.commits.stage(texts, mutations, () => {
      for (const settle of durable) settle();
    });
    done.catch(this.onFailure);
    for (const follow of staged) follow();
    return done;
  }

  /** Messages, or dead letters, as they are after all that was handed in. */
  *#all(part: "messages" | "dead"): Generator<[number, Entry]> {
    for (const [key, entry] of membersOf(this.#part(part))) {
      yield [Number(key), entry as Entry];
    }
  }

  #clockTime(): number {
    const now = this.settings.clock.now();
    if (Number.isFinite(now)) return Math.floor(now);
    throw new TypeError(`Cannot use the clock: it shows ${now}`);
  }

  #part(name: keyof Root): Container {
    const root = this.state.tree.root;
    const part = isContainer(root) ? ownMember(root, name) : undefined;
    return isContainer(part) ? part : {};
  }

  #member(part: keyof Root, key: string): unknown {
    const value = ownMember(this.#part(part), key);
    return value === ABSENT ? undefined : value;
  }

  #keyEntry(name: string): KeyEntry | undefined {
    return this.#member("keys", name) as KeyEntry | undefined;
  }

  /** The id of the message that has a key, if the key is taken. */
  #idOf(name: string, now: number): string | undefined {
    const entry = this.#keyEntry(name);
    if (!entry) return undefined;
    const { message, until } = entry;
    const isTaken = until > now || this.#isNeeded(name, message);
    if (!isTaken) return undefined;
    return name.startsWith("id:") ? name.slice(3) : entry.id ?? String(message);
  }

  /** Whether a name is a caller's id of a message that is there. */
  #isNeeded(name: string, message: number): boolean {
    return name.startsWith("id:") &&
      (this.look(message) ?? this.lookDead(message)) !== undefined;
  }

  /** Removes keys whose time is over, when there are many. */
  #forgetKeys(batch: Batch): void {
    const { now } = batch;
    if (this.#keys.size < MANY_KEYS || this.#keys.least > now) return;
    const due: string[] = [];
    const again: string[] = [];
    while (this.#keys.least <= now && due.length < MANY) {
      const name = this.#keys.pop();
      const entry = name === undefined ? undefined : this.#keyEntry(name);
      if (name === undefined || !entry || entry.until > now) continue;
      if (this.#isNeeded(name, entry.message)) again.push(name);
      else due.push(name);
    }
    // An id that is in use is looked at again later.
    for (const name of again) {
      this.#keys.push(now + this.settings.dedupeWindow + 1, name);
    }
    if (due.length > 0) batch.push({ forget: { keys: due } });
  }

  /**
   * Takes what is next.
   *
   * @param count How many messages are wanted.
   * @param now The time.
   * @param numbers Is added what may be handed out.
   * @param taken What was met before: an entry of the schedule may be there twice.
   * @returns What becomes a dead letter instead, by the reason.
   */
  #take(
    count: number,
    now: number,
    numbers: number[],
    taken: Set<number>,
  ): Map<string, number[]> {
    const doomed = new Map<string, number[]>();
    let buried = 0;
    for (let found = 0; found < count && buried < MANY;) {
      const number = this.schedule.take(now);
      const entry = number === undefined ? undefined : this.look(number);
      if (number === undefined || !entry) break;
      if (taken.has(number)) continue;
      taken.add(number);
      const reason = this.#doom(entry, now);
      if (reason === undefined) {
        numbers.push(number);
        found++;
      } else {
        buried++;
        const others = doomed.get(reason);
        if (others) others.push(number);
        else doomed.set(reason, [number]);
      }
    }
    return doomed;
  }

  /** Why a message is not to be handed out any more, though its turn has come. */
  #doom(entry: Entry, now: number): string | undefined {
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
      batch.staged.push(() => this.schedule.remove(number, entry, now));
      batch.durable.push(() => this.schedule.count(number, undefined));
    }
    batch.durable.push(() => this.onGone());
  }

  /** A message is gone with a commit, and so is its payload. */
  #gone(batch: Batch, number: number, entry: Entry): void {
    const { record = number } = entry;
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
