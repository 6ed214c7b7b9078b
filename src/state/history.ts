/**
 * What the state was: for each change the value that it replaced, for as long as
 * somebody may want to see it.
 *
 * The state in memory is the newest one, with all mutations that were handed in.
 * Readers see it as of an earlier point: the durable state is the newest one
 * without the changes that are not on disk yet, a snapshot the newest one
 * without the changes since it began. Nothing is copied for that; a change costs
 * one small object, which is dropped when it is durable and no snapshot needs it.
 *
 * @module
 */

import { setOwn } from "../native_json.ts";
import { type Container, isContainer, type Slot, Table } from "./table.ts";

/** What is used up at the front of a list is cut off when there is so much of it. */
const MANY = 4096;

/** Stands for the value of a member that is not there. */
export const ABSENT: unique symbol = Symbol("absent");

/** A change of one member, as what was there before. */
export interface Change {
  /** What was changed. */
  readonly target: Container;
  /** The member: a key, an index, or `length` of an array. */
  readonly key: string;
  /** Its value before, or {@linkcode ABSENT}. */
  readonly old: unknown;
  /** The last sequence number of the commit it belongs to. */
  readonly sequence: number;
  /** If it is the first removal from an object in its commit, the keys before, in order; of a removal from a table, an empty list. */
  readonly keys: readonly string[] | undefined;
  /** The member's slot, in a table. */
  readonly slot: Slot | undefined;
}

/** What has taken the place of a container, and when. */
interface Successor {
  readonly by: Container;
  readonly sequence: number;
}

/** The changes that somebody may still want to see undone, oldest first. */
export class History {
  #changes: Change[] = [];
  /** Changes in front of this one in the array are dropped. */
  #head = 0;
  /** How many were dropped in all. */
  #dropped = 0;
  readonly #readers: AsOf[] = [];
  /** Tables that have taken the place of objects: who holds a view of the object goes on with the table. */
  readonly #successors = new WeakMap<Container, Successor>();

  /** How many changes there ever were. */
  get end(): number {
    return this.#dropped + this.#changes.length - this.#head;
  }

  /** The number of the oldest change that is kept. */
  get start(): number {
    return this.#dropped;
  }

  /** Whether there is nothing to undo for anybody. */
  get isEmpty(): boolean {
    return this.#changes.length === this.#head;
  }

  /** Notes a change. */
  push(change: Change): void {
    this.#changes.push(change);
  }

  /** The change with this number, which must not be dropped. */
  at(number: number): Change {
    return this.#changes[number - this.#dropped + this.#head];
  }

  /** Notes that the last change has put a table in the place of an object. */
  replaced(part: Container, by: Container): void {
    const { sequence } = this.#changes[this.#changes.length - 1];
    this.#successors.set(part, { by, sequence });
  }

  /** What stands in the place of a container, as of a point. */
  current(part: Container, point: number): Container {
    const successor = this.#successors.get(part);
    return successor && successor.sequence <= point ? successor.by : part;
  }

  /** Takes changes back, newest first, until `end` is this. */
  undoTo(end: number): void {
    for (const reader of this.#readers) reader.forget(end);
    while (this.end > end) {
      const change = this.#changes.pop();
      if (!change) break;
      undo(change);
      if (isContainer(change.old)) this.#successors.delete(change.old);
    }
  }

  /** Begins to keep what was there at a point; nothing behind it is dropped before {@linkcode History.leave}. */
  join(point: number): AsOf {
    const reader = new AsOf(this, point, this.#dropped);
    this.#readers.push(reader);
    return reader;
  }

  /** Ends {@linkcode History.join}. */
  leave(reader: AsOf): void {
    this.#readers.splice(this.#readers.indexOf(reader), 1);
    this.trim();
  }

  /** Drops what no reader needs. */
  trim(): void {
    let needed = Infinity;
    for (const { point } of this.#readers) needed = Math.min(needed, point);
    const changes = this.#changes;
    while (
      this.#head < changes.length && changes[this.#head].sequence <= needed
    ) {
      const change = changes[this.#head++];
      for (const reader of this.#readers) reader.drop(change, this.#dropped);
      this.#dropped++;
      const { target, keys, slot } = change;
      if (keys && slot) (target as Table).unlink(slot);
    }
    if (this.#head === changes.length) {
      changes.length = this.#head = 0;
    } else if (this.#head > MANY && this.#head * 2 > changes.length) {
      this.#changes = changes.slice(this.#head);
      this.#head = 0;
    }
  }
}

/** Puts back what a change had replaced; all changes behind it are undone already. */
function undo({ target, key, old, keys, slot }: Change): void {
  if (slot) {
    if (keys) (target as Table).revive(slot);
    else if (old === ABSENT) (target as Table).unlink(slot);
    else slot.value = old;
  } else if (Array.isArray(target)) {
    if (key === "length") target.length = old as number;
    else if (old === ABSENT) delete target[Number(key)];
    else target[Number(key)] = old;
  } else {
    const object = target as Record<string, unknown>;
    if (old === ABSENT) delete object[key];
    else setOwn(object, key, old);
    // All that the commit has removed is back: in the order that it had.
    for (const name of keys ?? []) {
      const value = object[name];
      delete object[name];
      setOwn(object, name, value);
    }
  }
}

/** An own member of an object, or {@linkcode ABSENT}. */
export function ownMember(target: Container, key: string): unknown {
  if (target instanceof Table) {
    const slot = target.slot(key);
    return slot ? slot.value : ABSENT;
  }
  return Object.hasOwn(target, key)
    ? (target as Record<string, unknown>)[key]
    : ABSENT;
}

/** How the state is seen by whoever reads it. */
export interface Reader {
  /** What stands in the place of a container that was met before. */
  current(part: Container): Container;
  /** Whether a container may have been changed behind the point. */
  isChanged(target: Container): boolean;
  /** The value of a member, or {@linkcode ABSENT}. */
  member(target: Container, key: string): unknown;
  /** The length of an array. */
  lengthOf(target: readonly unknown[]): number;
  /** The value of a slot, or {@linkcode ABSENT}. */
  slotValue(slot: Slot): unknown;
  /** The keys of an object in the order in which its members were added. */
  keys(target: Record<string, unknown>): readonly string[];
}

/** The state as it is in memory. */
export const NEWEST: Reader = {
  current: (part) => part,
  isChanged: () => false,
  member: ownMember,
  lengthOf: (target) => target.length,
  slotValue: (slot) => slot.dead ? ABSENT : slot.value,
  keys: Object.keys,
};

/** The state as of a point: the changes behind it are undone as they are met. */
export class AsOf implements Reader {
  readonly #history: History;
  #point: number;
  /** Changes in front of this number are in the index. */
  #indexed: number;
  /** For each member the changes behind the point, oldest first; some that the point has passed may be left. */
  readonly #members = new Map<Container, Map<string, Queue>>();
  readonly #slots = new Map<Slot, Queue>();
  readonly #removals = new Map<Container, Queue>();

  constructor(history: History, point: number, dropped: number) {
    this.#history = history;
    this.#point = point;
    this.#indexed = dropped;
  }

  /** The sequence number as of which the state is seen. */
  get point(): number {
    return this.#point;
  }

  current(part: Container): Container {
    return this.#history.current(part, this.#point);
  }

  /** Goes on to a later point. */
  advance(point: number): void {
    this.#point = point;
  }

  isChanged(target: Container): boolean {
    if (this.#history.isEmpty) return false;
    this.#index();
    return this.#members.has(target);
  }

  member(target: Container, key: string): unknown {
    const change = this.#find(target, key);
    return change ? change.old : ownMember(target, key);
  }

  lengthOf(target: readonly unknown[]): number {
    const change = this.#find(target as unknown[], "length");
    return change ? change.old as number : target.length;
  }

  slotValue(slot: Slot): unknown {
    if (!this.#history.isEmpty) {
      this.#index();
      const change = this.#first(this.#slots.get(slot));
      if (change) return change.old;
    }
    return slot.dead ? ABSENT : slot.value;
  }

  keys(target: Record<string, unknown>): readonly string[] {
    if (!this.isChanged(target)) return Object.keys(target);
    const removal = this.#first(this.#removals.get(target));
    const keys = removal?.keys ?? Object.keys(target);
    return keys.filter((key) => this.member(target, key) !== ABSENT);
  }

  /** Forgets changes that are taken back. */
  forget(end: number): void {
    if (this.#indexed <= end) return;
    this.#members.clear();
    this.#slots.clear();
    this.#removals.clear();
    this.#indexed = -1;
  }

  /** Forgets a change that nobody needs. */
  drop(change: Change, number: number): void {
    if (number >= this.#indexed) return;
    const { target, key, slot, keys } = change;
    const members = this.#members.get(target);
    forgetIn(members, key, change);
    if (members?.size === 0) this.#members.delete(target);
    if (slot) forgetIn(this.#slots, slot, change);
    else if (keys) forgetIn(this.#removals, target, change);
  }

  #find(target: Container, key: string): Change | undefined {
    if (this.#history.isEmpty) return undefined;
    this.#index();
    return this.#first(this.#members.get(target)?.get(key));
  }

  /** The oldest change behind the point. */
  #first(queue: Queue | undefined): Change | undefined {
    if (!queue) return undefined;
    const { changes } = queue;
    while (changes[queue.head]?.sequence <= this.#point) queue.head++;
    return changes[queue.head];
  }

  /** Takes in the changes since it was last asked. */
  #index(): void {
    const history = this.#history;
    const end = history.end;
    for (
      let number = Math.max(this.#indexed, history.start);
      number < end;
      number++
    ) {
      const change = history.at(number);
      const { target, key, slot, keys, sequence } = change;
      if (sequence <= this.#point) continue; // it is seen
      let members = this.#members.get(target);
      if (!members) this.#members.set(target, members = new Map());
      append(members, key, change);
      if (slot) append(this.#slots, slot, change);
      else if (keys) append(this.#removals, target, change);
    }
    this.#indexed = end;
  }
}

/** Changes of one member, oldest first; those in front of `head` are seen. */
interface Queue {
  readonly changes: Change[];
  head: number;
}

function append<K>(queues: Map<K, Queue>, key: K, change: Change): void {
  const queue = queues.get(key);
  if (queue) queue.changes.push(change);
  else queues.set(key, { changes: [change], head: 0 });
}

/** Forgets a change, which is the oldest; a queue that is used up goes. */
function forgetIn<K>(
  queues: Map<K, Queue> | undefined,
  key: K,
  change: Change,
): void {
  const queue = queues?.get(key);
  if (!queue) return;
  if (queue.changes[queue.head] === change) queue.head++;
  if (queue.changes.at(-1) === change) queues?.delete(key);
  else if (queue.head > MANY && queue.head * 2 > queue.changes.length) {
    queue.changes.splice(0, queue.head);
    queue.head = 0;
  }
}
