/**
 * Which message is next, and when.
 *
 * It is made of the messages when a queue is opened, and told of every change. The
 * messages themselves say what is true; an entry here is a hint, which is looked up
 * before it is followed. So nothing is searched for and removed when a message is
 * acknowledged, and an entry that is left over does no harm.
 *
 * The order: higher priority first; within a priority that of the numbers. Of a
 * group only one message is let through, the one with the lowest number, until it is
 * gone: those behind it wait while it is being worked on, and while it is delayed.
 *
 * @module
 */

import { Census } from "./census.ts";
import { Heap } from "./heap.ts";
import { Hints } from "./hints.ts";
import { Leases } from "./leases.ts";
import type { Entry, LeaseEntry } from "./model.ts";

/** Priorities go from minus this to this. */
export const MAX_PRIORITY = 100;
/** What one step of priority counts for, in numbers of messages; 100 of it leaves numbers exact. */
const STEP = 2 ** 45;

/** So many entries more than are needed do not matter. */
const MANY = 1024;

/** The messages of a group that are waiting for each other. */
interface Lane {
  readonly numbers: Heap<number>;
  /** The one that was let through. */
  current: number | undefined;
}

/** What is next in a queue. */
export class Schedule {
  readonly #look: (number: number) => Entry | undefined;
  readonly #ready = new Heap<number>();
  readonly #delayed: Hints;
  readonly #ends: Hints;
  readonly #lanes = new Map<string, Lane>();
  readonly #leases = new Leases();
  readonly #census = new Census();
  /** How many were ready when what is gone was removed. */
  #swept = 0;
  /** The last time at which delays and leases ended. */
  #advancedTo = 0;

  /** @param look The message with a number, as it is after all that was handed in. */
  constructor(look: (number: number) => Entry | undefined) {
    this.#look = look;
    this.#delayed = new Hints((number) =>
      look(number)?.notBefore !== undefined
    );
    this.#ends = new Hints((number) => look(number)?.lease !== undefined);
  }

  /** Takes a message in that was enqueued or redriven, or that is there when a queue is opened. */
  add(number: number, entry: Entry, now: number): void {
    const { group, lease } = entry;
    if (group !== undefined) {
      const lane = this.#laneOf(group);
      lane.numbers.push(number, number);
      // One that is really held goes before one whose lease has run out.
      if (
        lease &&
        (lane.current === undefined || this.#isHeld(number, entry, now))
      ) lane.current = number;
    }
    if (lease) this.#ends.push(number, this.runsOut(number, lease, now));
    else this.#offer(number, entry, now);
  }

  /** Takes a message back in that was given back. */
  giveBack(number: number, entry: Entry, now: number): void {
    const { group, notBefore = 0 } = entry;
    this.#leases.drop(number);
    // Another one of its group may go first.
    if (notBefore > now) this.#delayed.push(number, notBefore);
    const lane = group === undefined ? undefined : this.#lanes.get(group);
    if (lane) this.#passOn(lane, now);
    else this.#offer(number, entry, now);
  }

  /**
   * A message has a lease, or another end of it, which does not run until it begins.
   *
   * @param number Its number.
   * @param lease The lease as it was decided.
   * @param record The record that says so.
   */
  hold(number: number, { token, until }: LeaseEntry, record: number): void {
    this.#leases.submit(number, token, record);
    this.#ends.push(number, until); // it ends no sooner
  }

  /** What a record says of a lease begins: the message is handed out, or the extension is durable. */
  begin(number: number, record: number, now: number): void {
    const lease = this.#look(number)?.lease;
    if (!lease || !this.#leases.begin(number, lease, record, now)) return;
    this.#ends.push(number, this.runsOut(number, lease, now));
  }

  /** A message is gone, and the next one of its group may come. */
  remove(number: number, { group }: Entry, now: number): void {
    this.#leases.drop(number);
    const lane = group === undefined ? undefined : this.#lanes.get(group);
    if (group === undefined || lane?.current !== number) return;
    this.#passOn(lane, now);
    if (lane.current === undefined) this.#lanes.delete(group);
  }

  /** Takes the message out that is next; the caller hands it out, buries it, or puts it back. */
  take(now: number): number | undefined {
    this.advance(now);
    for (;;) {
      const number = this.#ready.pop();
      if (number === undefined) return undefined;
      const entry = this.#look(number);
      if (!entry || this.#isHeld(number, entry, now)) continue;
      if (!this.#isThrough(number, entry)) continue; // its turn comes
      const { notBefore = 0 } = entry;
      if (notBefore > now) this.#delayed.push(number, notBefore);
      else return number;
    }
  }

  /** Puts back what was taken out. */
  putBack(number: number, entry: Entry): void {
    this.#ready.push(rank(number, entry), number);
    if (this.#ready.size < 2 * this.#swept + MANY) return;
    this.#ready.keep((other) => this.#look(other) !== undefined);
    this.#swept = this.#ready.size;
  }

  /** The message that is next of those that are accepted; all stay. */
  peek(
    now: number,
    accepts: (number: number) => boolean,
  ): number | undefined {
    const taken: number[] = [];
    let found: number | undefined;
    while (found === undefined) {
      const number = this.take(now);
      if (number === undefined) break;
      taken.push(number);
      if (accepts(number)) found = number;
    }
    for (const number of taken) {
      const entry = this.#look(number);
      if (entry) this.putBack(number, entry);
    }
    return found;
  }

  /** How many messages may be ready: as many, or fewer. */
  get mayBeReady(): number {
    return this.#ready.size;
  }

  /** When something may become ready by itself; `Infinity` for never. */
  get nextAt(): number {
    return Math.min(this.#delayed.least, this.#ends.least);
  }

  /** How many durable messages are delayed. */
  get delayed(): number {
    return this.#census.delayed;
  }

  /** How many durable messages are held. */
  get leased(): number {
    return this.#census.leased;
  }

  /** When a lease runs out; of one that does not run yet, the earliest time at which it could. */
  runsOut(number: number, lease: LeaseEntry, now: number): number {
    return this.#leases.end(number, lease, now);
  }

  /** When a lease runs out, to be shown. */
  shownEnd(number: number, lease: LeaseEntry): number {
    return this.#leases.shownEnd(number, lease);
  }

  /** Nothing can be written any more: what is on disk of leases that do not run yet counts. */
  fail(): void {
    this.#leases.fail();
  }

  /**
   * Begins anew, because the queue was opened or the clock was set back.
   *
   * @param messages All messages there are.
   * @param durable Those that are durable, to be counted.
   * @param now The time.
   */
  rebuild(
    messages: Iterable<readonly [number, Entry]>,
    durable: Iterable<readonly [number, Entry]>,
    now: number,
  ): void {
    this.#ready.clear();
    this.#delayed.clear();
    this.#ends.clear();
    this.#lanes.clear();
    this.#census.clear();
    this.#advancedTo = now;
    const leased: [number, Entry][] = [];
    const grouped: [number, Entry][] = [];
    for (const [number, entry] of messages) {
      if (entry.lease) leased.push([number, entry]);
      else if (entry.group !== undefined) grouped.push([number, entry]);
      else this.add(number, entry, now);
    }
    this.#leases.rebuild(leased, now);
    // Those of a group that are held come first, so that none is let through beside them.
    for (const [number, entry] of leased) this.add(number, entry, now);
    for (const [number, entry] of grouped) this.add(number, entry, now);
    for (const [number, entry] of durable) this.count(number, entry);
  }

  /** Lets delays and leases end whose time has come. */
  advance(now: number): void {
    this.#advancedTo = now;
    for (let number; (number = this.#delayed.pop(now)) !== undefined;) {
      const entry = this.#look(number);
      if (!entry) continue;
      const { notBefore = 0 } = entry;
      if (notBefore > now) this.#delayed.push(number, notBefore);
      else {
        if (!entry.lease) this.#census.end(number);
        if (this.#isThrough(number, entry)) this.putBack(number, entry);
      }
    }
    for (let number; (number = this.#ends.pop(now)) !== undefined;) {
      const entry = this.#look(number);
      if (!entry?.lease) continue;
      const end = this.runsOut(number, entry.lease, now);
      if (end > now) this.#ends.push(number, end);
      else {
        this.#census.end(number);
        this.#letBack(number, entry, now);
      }
    }
  }

  /**
   * A message is durable as it is now: from here on it is counted as what it is.
   *
   * @param number Its number.
   * @param entry The message; `undefined` if it is gone.
   */
  count(
    number: number,
    entry: Pick<Entry, "lease" | "notBefore"> | undefined,
  ): void {
    const { lease, notBefore = 0 } = entry ?? {};
    const after = this.#advancedTo;
    this.#leases.keep(number, lease);
    this.#census.count(number, {
      held: lease !== undefined && this.runsOut(number, lease, after) > after,
      delayed: lease === undefined && notBefore > after,
    });
  }

  #laneOf(group: string): Lane {
    let lane = this.#lanes.get(group);
    if (!lane) {
      lane = { numbers: new Heap(), current: undefined };
      this.#lanes.set(group, lane);
    }
    return lane;
  }

  #offer(number: number, entry: Entry, now: number): void {
    const { group, notBefore = 0 } = entry;
    const isNext = group === undefined ||
      this.#letThrough(this.#laneOf(group), number, now);
    if (notBefore > now) this.#delayed.push(number, notBefore);
    else if (isNext) this.putBack(number, entry);
  }

  #isHeld(number: number, { lease }: Entry, now: number): boolean {
    return lease !== undefined && this.runsOut(number, lease, now) > now;
  }

  /** Whether a message has been let through, if it is of a group. */
  #isThrough(number: number, { group }: Entry): boolean {
    return group === undefined || this.#lanes.get(group)?.current === number;
  }

  /** Whether a message of a group may go, because it is the first, and none is being worked on. */
  #letThrough(lane: Lane, number: number, now: number): boolean {
    const { current } = lane;
    if (current !== undefined && current !== number) {
      const entry = this.#look(current);
      if (current < number || (entry && this.#isHeld(current, entry, now))) {
        return false;
      }
    }
    lane.current = number;
    return true;
  }

  /** A lease has run out: the message comes again, or one of its group that is in front of it. */
  #letBack(number: number, entry: Entry, now: number): void {
    const { group } = entry;
    const lane = group === undefined ? undefined : this.#lanes.get(group);
    if (!lane) this.putBack(number, entry);
    else if (lane.current === number) this.#passOn(lane, now);
  }

  /** Lets the first message of a group through, behind one that is gone or was given back. */
  #passOn(lane: Lane, now: number): void {
    lane.current = undefined;
    for (;;) {
      const first = lane.numbers.first;
      const entry = first === undefined ? undefined : this.#look(first);
      if (first === undefined) return;
      if (entry) return this.#offer(first, entry, now);
      lane.numbers.pop();
    }
  }
}

/** The place of a message in the order: the least is next. */
function rank(number: number, { priority = 0 }: Entry): number {
  return number - priority * STEP;
}
