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

import { Heap } from "./heap.ts";
import type { Entry, LeaseEntry } from "./model.ts";

/** Priorities go from minus this to this. */
export const MAX_PRIORITY = 100;
/** What one step of priority counts for, in numbers of messages; 100 of it leaves numbers exact. */
const STEP = 2 ** 45;

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
  readonly #delayed = new Heap<number>();
  readonly #leases = new Heap<number>();
  readonly #lanes = new Map<string, Lane>();
  /** Leases that began at a time that the clock has not come to yet, with when they run out by its new time. */
  readonly #rebased = new Map<number, number>();
  readonly #delayedNow = new Set<number>();
  readonly #leasedNow = new Set<number>();
  /** The last time at which delays and leases ended. */
  #advancedTo = 0;

  /** @param look The message with a number, as it is after all that was handed in. */
  constructor(look: (number: number) => Entry | undefined) {
    this.#look = look;
  }

  /** Takes a message in that was enqueued or redriven, or that is there when a queue is opened. */
  add(number: number, entry: Entry, now: number): void {
    const { group, lease } = entry;
    if (group !== undefined) {
      const lane = this.#laneOf(group);
      lane.numbers.push(number, number);
      if (lease) lane.current = number;
    }
    if (lease) this.#leases.push(this.runsOut(number, lease), number);
    else this.#offer(number, entry, now);
  }

  /** Takes a message back in that was given back. */
  giveBack(number: number, entry: Entry, now: number): void {
    this.#rebased.delete(number);
    const lane = entry.group !== undefined && this.#lanes.get(entry.group);
    if (lane) this.#passOn(lane, now);
    else this.#offer(number, entry, now);
  }

  /** A message has a lease, or a longer one. */
  hold(number: number, { until }: LeaseEntry): void {
    this.#rebased.delete(number);
    this.#leases.push(until, number);
    // One comes, two may go: so the heap stays as small as what is held.
    this.#prune(this.#leases, isHeld, 2);
  }

  /** A message is gone, and the next one of its group may come. */
  remove(number: number, { group }: Entry, now: number): void {
    this.#rebased.delete(number);
    if (group === undefined) return;
    const lane = this.#lanes.get(group);
    if (lane?.current !== number) return;
    this.#passOn(lane, now);
    if (lane.current === undefined) this.#lanes.delete(group);
  }

  /** Takes the message out that is next; the caller hands it out, or buries it. */
  take(now: number): number | undefined {
    this.advance(now);
    for (;;) {
      const number = this.#ready.pop();
      if (number === undefined) return undefined;
      const entry = this.#look(number);
      if (!entry) continue;
      const { lease, notBefore = 0 } = entry;
      if (lease && this.runsOut(number, lease) > now) continue; // its time comes
      if (!this.#isThrough(number, entry)) continue; // its turn comes
      if (notBefore > now) this.#delayed.push(notBefore, number);
      else return number;
    }
  }

  /** Puts back what was taken out. */
  putBack(number: number, entry: Entry): void {
    this.#ready.push(rank(number, entry), number);
  }

  /** The message that is next, which stays. */
  peek(now: number): number | undefined {
    const number = this.take(now);
    const entry = number === undefined ? undefined : this.#look(number);
    if (number !== undefined && entry) this.putBack(number, entry);
    return number;
  }

  /** When something may become ready by itself; `Infinity` for never. */
  get nextAt(): number {
    this.#prune(this.#delayed, isWaiting, Infinity);
    this.#prune(this.#leases, isHeld, Infinity);
    return Math.min(this.#delayed.least, this.#leases.least);
  }

  /** When a lease runs out. */
  runsOut(number: number, { until }: LeaseEntry): number {
    return Math.min(until, this.#rebased.get(number) ?? Infinity);
  }

  /**
   * Begins anew, because the queue was opened or the clock was set back: with all
   * messages there are.
   *
   * A lease of which the clock says that it began later than now runs from now on:
   * else it would be held for as long as the clock was wrong.
   */
  rebuild(messages: Iterable<readonly [number, Entry]>, now: number): void {
    for (const heap of [this.#ready, this.#delayed, this.#leases]) heap.clear();
    this.#lanes.clear();
    this.#rebased.clear();
    this.#delayedNow.clear();
    this.#leasedNow.clear();
    this.#advancedTo = now;
    const waiting: [number, Entry][] = [];
    for (const [number, entry] of messages) {
      const { lease } = entry;
      if (lease && lease.at > now) {
        this.#rebased.set(number, now + lease.until - lease.at);
      }
      this.count(number, entry);
      // Those of a group that are held come first, so that none is let through beside them.
      if (lease || entry.group === undefined) this.add(number, entry, now);
      else waiting.push([number, entry]);
    }
    for (const [number, entry] of waiting) this.add(number, entry, now);
  }

  /** Removes entries that are left over, at the front of a heap. */
  #prune(
    heap: Heap<number>,
    isNeeded: (entry: Entry) => boolean,
    most: number,
  ): void {
    for (let count = 0; count < most; count++) {
      const { first } = heap;
      const entry = first === undefined ? undefined : this.#look(first);
      if (first === undefined || (entry && isNeeded(entry))) return;
      heap.pop();
    }
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
      this.#letThrough(this.#laneOf(group), number);
    if (notBefore > now) this.#delayed.push(notBefore, number);
    else if (isNext) this.putBack(number, entry);
  }

  /** Whether a message has been let through, if it is of a group. */
  #isThrough(number: number, { group }: Entry): boolean {
    return group === undefined || this.#lanes.get(group)?.current === number;
  }

  /** Whether a message of a group may go, because it is the first, and none is being worked on. */
  #letThrough(lane: Lane, number: number): boolean {
    const { current } = lane;
    if (current !== undefined && current !== number) {
      if (current < number || this.#look(current)?.lease) return false;
    }
    lane.current = number;
    return true;
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

  /** Lets delays and leases end whose time has come. */
  advance(now: number): void {
    this.#advancedTo = now;
    while (this.#delayed.least <= now) {
      const number = this.#delayed.pop();
      const entry = number === undefined ? undefined : this.#look(number);
      if (number === undefined || !entry || entry.lease) continue;
      const { notBefore = 0 } = entry;
      if (notBefore > now) continue; // it was given back, for later
      this.#delayedNow.delete(number);
      if (this.#isThrough(number, entry)) this.putBack(number, entry);
    }
    while (this.#leases.least <= now) {
      const number = this.#leases.pop();
      const entry = number === undefined ? undefined : this.#look(number);
      if (number === undefined || !entry?.lease) continue;
      const end = this.runsOut(number, entry.lease);
      if (end > now) this.#leases.push(end, number);
      else {
        this.#leasedNow.delete(number);
        this.putBack(number, entry);
      }
    }
  }

  /**
   * A message is durable as it is now: from here on it is counted as what it is.
   *
   * @param number Its number.
   * @param entry The message; `undefined` if it is gone.
   */
  count(number: number, entry: Entry | undefined): void {
    const { lease, notBefore = 0 } = entry ?? {};
    if (lease && this.runsOut(number, lease) > this.#advancedTo) {
      this.#leasedNow.add(number);
    } else this.#leasedNow.delete(number);
    if (!lease && notBefore > this.#advancedTo) this.#delayedNow.add(number);
    else this.#delayedNow.delete(number);
  }

  /** How many durable messages are delayed. */
  get delayed(): number {
    return this.#delayedNow.size;
  }

  /** How many durable messages are held. */
  get leased(): number {
    return this.#leasedNow.size;
  }
}

function isHeld({ lease }: Entry): boolean {
  return lease !== undefined;
}

function isWaiting({ lease }: Entry): boolean {
  return lease === undefined;
}

/** The place of a message in the order: the least is next. */
function rank(number: number, { priority = 0 }: Entry): number {
  return number - priority * STEP;
}
