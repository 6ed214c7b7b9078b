/**
 * What the operations of a queue stand on: the messages as they are after all that
 * was handed in, the time, and commits.
 *
 * @module
 */

import { ABSENT, ownMember } from "../state/history.ts";
import type { OpenState } from "../state/open_state.ts";
import { type Container, isContainer } from "../state/table.ts";
import { membersOf } from "../state/walk.ts";
import { Alarms } from "./alarms.ts";
import { Batch } from "./batch.ts";
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

/** A queue as its operations see it. */
export class Ledger {
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
  readonly keys: Keys;
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
    this.keys = new Keys(
      membersOf(this.#part("keys")) as Iterable<[string, KeyEntry]>,
      (name) => this.#member("keys", name) as KeyEntry | undefined,
      (number) => (this.look(number) ?? this.lookDead(number)) !== undefined,
    );
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
  stage({ texts, mutations, staged, durable }: Batch): Promise<number> {
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
}
