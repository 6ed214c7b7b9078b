/**
 * A large object as the state keeps it.
 *
 * To copy an object of a million members for each change, or to list its keys in
 * one go, takes an engine too long. A table is a map of slots that are linked in
 * the order in which their members were added, so that a walk can pause anywhere;
 * a slot keeps the values that its member had before, for as long as an older
 * version of the table may be read. A version is what a state holds, and what is
 * seen of the table in that state: it never changes.
 *
 * @module
 */

import {
  HANDLER,
  inherited,
  inObjectOrder,
  type Printable,
  printAsShown,
  ReadOnlyHandler,
  readOnlyMember,
} from "./view.ts";

/** A value that a member had, or still has. */
export interface Held {
  /** The value; `undefined` if the member was removed. */
  value: unknown;
  /** The change that it came with. */
  since: number;
  /** The value before, for older versions. */
  older: Change | undefined;
}

/** A member of a table. */
export interface Slot extends Held {
  readonly key: string;
  /** The neighbours in the order in which members were added. */
  previous: Slot | undefined;
  next: Slot | undefined;
  /** The slot that the member had before it was removed and added again, for older versions. */
  before: Slot | undefined;
  /** Whether it was taken out of the order. */
  isDropped: boolean;
}

/** A change of a member: the value before, so that the change can be undone and older versions can be read. */
export interface Change extends Held {
  readonly table: Table;
  readonly slot: Slot;
  /** The value before; `undefined` if the slot was added. */
  readonly value: unknown;
  readonly since: number;
  older: Change | undefined;
  /** The value that took its place; `undefined` if no version shows this one. */
  newer: Held | undefined;
}

/** The members of a large object, and their past. */
export class Table {
  readonly #slots = new Map<string, Slot>();
  /** The slot of the oldest member, slots of removed ones included. */
  first: Slot | undefined;
  #last: Slot | undefined;
  /** The version that has the newest values. */
  newest: TableVersion;

  /** Makes an empty table, whose first version belongs to a change. */
  constructor(tick: number) {
    this.newest = new TableVersion(this, tick);
  }

  /** How many keys are known, those of removed members included. */
  get size(): number {
    return this.#slots.size;
  }

  /** The slot of a key. */
  slot(key: string): Slot | undefined {
    return this.#slots.get(key);
  }

  /** Adds a member, or gives it a value, while no state shows the table yet. */
  put(key: string, value: unknown): void {
    const known = this.#slots.get(key);
    if (known) known.value = value;
    else this.#add(key, value, this.newest.tick);
  }

  /**
   * Sets a member, or removes it (`undefined`); one that is added comes last.
   *
   * @param slot Its slot, if it is known.
   */
  set(
    key: string,
    value: unknown,
    tick: number,
    slot: Slot | undefined = this.#slots.get(key),
  ): Change {
    if (!slot || slot.value === undefined) {
      const added = this.#add(key, value, tick);
      added.before = slot;
      return {
        table: this,
        slot: added,
        value: undefined,
        since: tick,
        older: undefined,
        newer: undefined,
      };
    }
    const { value: before, since } = slot;
    // What came within the same tick is shown by no version.
    const newer = since === tick ? undefined : slot;
    const older = newer?.older;
    const change: Change = {
      table: this,
      slot,
      value: before,
      since,
      older,
      newer,
    };
    slot.value = value;
    if (newer) {
      if (older) older.newer = change;
      slot.older = change;
      slot.since = tick;
    }
    return change;
  }

  /** Undoes the last change of a slot. */
  undo(change: Change): void {
    const { slot, value, since } = change;
    if (value === undefined) {
      this.#unlink(slot);
      const { before } = slot;
      if (before && !before.isDropped) this.#slots.set(slot.key, before);
      else this.#slots.delete(slot.key);
    } else {
      slot.value = value;
      slot.since = since;
      forget(change);
    }
  }

  /** Forgets a removed member that no version can show. */
  drop(slot: Slot): void {
    const { key, before } = slot;
    const newest = this.#slots.get(key);
    // A former slot may still be read by older versions.
    if (newest === slot && before) this.#slots.set(key, before);
    else if (newest === slot) this.#slots.delete(key);
    for (let at = newest; at; at = at.before) {
      if (at.before === slot) at.before = before;
    }
    this.#unlink(slot);
  }

  #add(key: string, value: unknown, tick: number): Slot {
    const previous = this.#last;
    const slot: Slot = {
      key,
      value,
      since: tick,
      older: undefined,
      previous,
      next: undefined,
      before: undefined,
      isDropped: false,
    };
    if (previous) previous.next = slot;
    else this.first = slot;
    this.#last = slot;
    this.#slots.set(key, slot);
    return slot;
  }

  /** Takes a slot out of the order; it still leads on to the next one. */
  #unlink(slot: Slot): void {
    if (slot.isDropped) return;
    slot.isDropped = true;
    const { previous, next } = slot;
    if (previous) previous.next = next;
    else if (this.first === slot) this.first = next;
    if (next) next.previous = previous;
    else if (this.#last === slot) this.#last = previous;
  }
}

/** A table as of a change: the handler of the proxy that a state holds. */
export class TableVersion extends ReadOnlyHandler implements Printable {
  readonly table: Table;
  /** The change that made it. */
  readonly tick: number;
  /** What is seen of it. */
  readonly shown: Readonly<Record<string, unknown>>;

  constructor(table: Table, tick: number) {
    super();
    this.table = table;
    this.tick = tick;
    this.shown = new Proxy<object>(this, this) as Record<string, unknown>;
  }

  /** The value of a member, or `undefined`. */
  member(key: string): unknown {
    const slot = this.table.slot(key);
    return slot ? valueAt(slot, this.tick) : undefined;
  }

  /** The members in the order in which they were added. The table may change between two of them. */
  *members(): Generator<[string, unknown]> {
    const { tick } = this;
    for (let slot = this.table.first; slot; slot = slot.next) {
      const value = ownValueAt(slot, tick);
      if (value !== undefined) yield [slot.key, value];
    }
  }

  /** The keys in the order in which objects list them. */
  keys(): string[] {
    const { tick } = this;
    const keys: string[] = [];
    for (let slot = this.table.first; slot; slot = slot.next) {
      if (ownValueAt(slot, tick) !== undefined) keys.push(slot.key);
    }
    return inObjectOrder(keys);
  }

  printed(): Iterable<[string, unknown]> {
    return this.members();
  }

  get(_: object, key: string | symbol): unknown {
    if (typeof key === "symbol") return key === HANDLER ? this : undefined;
    const slot = this.table.slot(key);
    if (slot !== undefined) {
      const value = slot.since <= this.tick
        ? slot.value
        : valueAt(slot, this.tick);
      if (value !== undefined) return value;
    }
    return inherited(key);
  }

  has(_: object, key: string | symbol): boolean {
    return (typeof key === "string" && this.member(key) !== undefined) ||
      key in Object.prototype;
  }

  ownKeys(): string[] {
    return this.keys();
  }

  getPrototypeOf(): object {
    return Object.prototype;
  }

  getOwnPropertyDescriptor(
    _: object,
    key: string | symbol,
  ): PropertyDescriptor | undefined {
    if (typeof key === "symbol") return undefined;
    const value = this.member(key);
    return value === undefined ? undefined : readOnlyMember(value);
  }
}

printAsShown(TableVersion.prototype);

/** The version of a table that is seen as an object, if it is one. */
export function tableOf(value: object): TableVersion | undefined {
  const handler = (value as { [HANDLER]?: unknown })[HANDLER];
  return handler instanceof TableVersion && handler.shown === value
    ? handler
    : undefined;
}

/** The value of a member as of a change, wherever it had its place then. */
export function valueAt(slot: Slot, tick: number): unknown {
  for (let at: Slot | undefined = slot; at; at = at.before) {
    const value = ownValueAt(at, tick);
    if (value !== undefined) return value;
  }
  return undefined;
}

/** The value of a member as of a change, if it had its place here then. */
function ownValueAt(slot: Slot, tick: number): unknown {
  let held: Held | undefined = slot;
  while (held && held.since > tick) held = held.older;
  return held ? held.value : undefined;
}

/** Takes a value out of those that its member had. */
export function forget({ older, newer }: Change): void {
  if (newer) newer.older = older;
  if (older && newer) older.newer = newer;
}
