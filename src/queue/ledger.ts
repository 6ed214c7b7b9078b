/**
 * What the operations of a queue stand on: the messages as they are after all that
 * was handed in, the time, and commits.
 *
 * @module
 */

import type { DurableError } from "../errors.ts";
import type { OpenState } from "../state/open_state.ts";
import { isContainer, memberOf, membersOf } from "../state/values.ts";
import { Alarms } from "./alarms.ts";
import { Batch } from "./batch.ts";
import { Heap } from "./heap.ts";
import { Holds } from "./holds.ts";
import { Keys } from "./keys.ts";
import {
  type Entry,
  idKey,
  type KeyEntry,
  type QueueRecord,
  type Root,
} from "./model.ts";
import type { QueueSettings } from "./options.ts";
import type { Payloads } from "./payloads.ts";
import { Records } from "./records.ts";
import { Schedule } from "./schedule.ts";

/** A clock that is set back by less than this is taken to stand still, in milliseconds. */
const SMALL_STEP = 1000;

type Part = "messages" | "dead";

/** A queue as its operations see it. */
export class Ledger {
  readonly state: OpenState<Root, QueueRecord>;
  readonly settings: QueueSettings<unknown>;
  readonly alarms: Alarms;
  readonly holds: Holds;
  readonly payloads: Payloads;
  readonly schedule: Schedule;
  readonly records: Records = new Records();
  /** Called when something was handed in: there may be something to hand out. */
  onChange: () => void = () => {};
  /** Called when messages are gone for good. */
  onGone: () => void = () => {};
  /** Called when nothing can be written any more. */
  onFailure: (error: unknown) => void = () => {};
  readonly keys: Keys;
  /** Called when the queue is closed, by whoever is to know. */
  readonly closing: Set<(error: DurableError) => void> = new Set();
  /** What is said when the queue is closed; `undefined` while it is open. */
  closed: DurableError | undefined;
  /** Messages that came back from the dead, behind younger ones. */
  readonly #old = new Heap<number>();
  #last = -Infinity;
  #hasFallen = false;

  constructor(
    state: OpenState<Root, QueueRecord>,
    settings: QueueSettings<unknown>,
    payloads: Payloads,
  ) {
    this.state = state;
    this.settings = settings;
    this.payloads = payloads;
    this.alarms = new Alarms(settings.clock, () => this.time());
    this.holds = new Holds(settings.clock, this);
    this.schedule = new Schedule((number) => this.look(number));
    for (const part of ["messages", "dead"] as const) {
      for (const [number, { record = number }] of this.#all(part)) {
        this.records.add(record, number);
      }
    }
    this.keys = new Keys(
      membersOf(this.#part("keys")) as Iterable<[string, KeyEntry]>,
      (name) => this.#member("keys", name) as KeyEntry | undefined,
      (number) => (this.look(number) ?? this.lookDead(number)) !== undefined,
    );
    let newest = 0;
    for (const [number] of this.#all("messages")) {
      if (number < newest) this.noteOld(number);
      else newest = number;
    }
    this.#last = this.#clockTime();
    this.#rebuild();
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
      this.#rebuild();
      this.alarms.shift(-back);
    }
    return now;
  }

  #rebuild(): void {
    this.schedule.rebuild(this.#all("messages"), this.#counted(), this.#last);
  }

  /** Behind a failure, what was handed in and is not durable counts no more. */
  fallBack(): void {
    if (this.#hasFallen || !this.state.failure) return;
    this.#hasFallen = true;
    this.schedule.fail();
    this.#rebuild();
  }

  /** A message, as it is after all that was handed in; it must not be changed. */
  look(number: number): Entry | undefined {
    if (this.#hasFallen) return this.durable(number, ["messages"]);
    return this.#member("messages", String(number)) as Entry | undefined;
  }

  /** A dead letter, likewise. */
  lookDead(number: number): Entry | undefined {
    if (this.#hasFallen) return this.durable(number, ["dead"]);
    return this.#member("dead", String(number)) as Entry | undefined;
  }

  /** The numbers of all messages, or dead letters, there are now. */
  numbers(part: Part): number[] {
    return Array.from(this.#all(part), ([number]) => number);
  }

  /** A message that is durable, or a dead letter, as it is on disk; it cannot be changed. */
  durable(
    number: number,
    parts: readonly Part[] = ["messages", "dead"],
  ): Entry | undefined {
    for (const part of parts) {
      const entry = memberOf(this.#durablePart(part), String(number));
      if (entry !== undefined) return entry as Entry;
    }
    return undefined;
  }

  /** The numbers of all durable messages, or dead letters, lowest first. */
  durableNumbers(part: Part): number[] {
    const numbers: number[] = [];
    let isSorted = true;
    for (const [key] of membersOf(this.#durablePart(part))) {
      const number = Number(key);
      isSorted &&= number > (numbers.at(-1) ?? 0);
      numbers.push(number);
    }
    return isSorted ? numbers : numbers.sort((a, b) => a - b);
  }

  /** The lowest number of a durable message. */
  oldest(): number | undefined {
    const [first] = membersOf(this.#durablePart("messages"));
    const number = first && Number(first[0]);
    while (this.#old.first !== undefined && !this.look(this.#old.first)) {
      this.#old.pop();
    }
    const old = this.#old.first;
    return old !== undefined && old < (number ?? 0) &&
        this.durable(old, ["messages"])
      ? old
      : number;
  }

  /** A message has come in that is older than others in front of it. */
  noteOld(number: number): void {
    this.#old.push(number, number);
  }

  /**
   * The text of a message's payload, which is durable, from where it is by now;
   * `undefined` if the message is gone.
   *
   * @throws {DurableError} As {@linkcode Payloads.read}.
   */
  async payload(number: number): Promise<string | undefined> {
    for (let before = 0;;) {
      const entry = this.durable(number);
      if (!entry) return undefined;
      const { record = number } = entry;
      try {
        return await this.payloads.read(record);
      } catch (error) {
        // A compaction may have carried it on, and removed it here.
        const { code } = error as DurableError;
        if (code !== "TRUNCATED" || record === before) throw error;
        before = record;
      }
    }
  }

  /** The number of the message with an id, if there is one. */
  numberOf(id: string): number | undefined {
    if (/^[1-9]\d{0,14}$/.test(id)) {
      const number = Number(id);
      const entry = this.look(number) ?? this.lookDead(number);
      return entry?.id === undefined ? number : undefined; // it has another
    }
    return this.keys.find(idKey(id))?.message;
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
    const done = this.stage(batch);
    this.onChange();
    return done;
  }

  /** As {@linkcode Ledger.commit}, but nothing is handed out because of it. */
  stage(
    { texts, mutations, staged, durable, refused }: Batch,
  ): Promise<number> {
    let done: Promise<number>;
    try {
      done = this.state.commits.stage(texts, mutations, () => {
        for (const settle of durable) settle();
      });
    } catch (error) {
      for (const undo of refused) undo();
      throw error;
    }
    done.catch((error) => {
      this.fallBack();
      this.onFailure(error);
    });
    for (const follow of staged) follow();
    return done;
  }

  /** Messages, or dead letters, as they are after all that was handed in. */
  *#all(part: Part): Generator<[number, Entry]> {
    if (this.#hasFallen) {
      for (const number of this.durableNumbers(part)) {
        const entry = this.durable(number, [part]);
        if (entry) yield [number, entry];
      }
      return;
    }
    for (const [key, entry] of membersOf(this.#part(part))) {
      yield [Number(key), entry as Entry];
    }
  }

  #clockTime(): number {
    const now = this.settings.clock.now();
    if (Number.isFinite(now)) return Math.floor(now);
    throw new TypeError(
      `Cannot use the clock: its function now returned ${now}, which is not a time in milliseconds`,
    );
  }

  /** What a durable message is waiting for. */
  *#counted(): Generator<[number, Entry]> {
    for (const [key, entry] of membersOf(this.#durablePart("messages"))) {
      const { lease, notBefore } = entry as Entry;
      yield [Number(key), { at: 0, lease, notBefore }];
    }
  }

  #durablePart(name: keyof Root): object {
    return partOf(this.state.tree.durableRoot, name);
  }

  #part(name: keyof Root): object {
    return partOf(this.state.tree.newestRoot, name);
  }

  #member(part: keyof Root, key: string): unknown {
    return memberOf(this.#part(part), key);
  }
}

/** A part of the state of a queue; an empty object if there is none. */
function partOf(root: unknown, name: keyof Root): object {
  const part = isContainer(root) ? memberOf(root, name) : undefined;
  return isContainer(part) ? part : {};
}
