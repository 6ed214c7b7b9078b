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
  ABSENT,
  HANDLER,
  inherited,
  inObjectOrder,
  ObjectTarget,
  type Printable,
  ReadOnlyHandler,
  readOnlyMember,
} from "./view.ts";

/** A value that a member had, or still has. */
export interface Held {
  /** The value, or {@linkcode ABSENT}. */
  value: unknown;
  /** The change that it came with. */
  since: number;
  /** The value before. */
  older: Held | undefined;
}

/** A member of a table. */
export interface Slot extends Held {
  readonly key: string;
  /** The change that added the member at this place in the order. */
  readonly born: number;
  /** The neighbours in the order in which members were added. */
  previous: Slot | undefined;
  next: Slot | undefined;
  /** Whether it is on the list of slots whose older values are kept, or was taken out of the order. */
  mark: "" | "kept" | "dropped";
}

/** A change of a member, so that it can be undone. */
export interface Change {
  readonly table: Table;
  readonly slot: Slot;
  /** Whether it added the slot, put the value before on the list of older ones, or took its place. */
  readonly kind: "add" | "set" | "replace";
  /** The value before, if another one took its place; the slot that the key led to before, if one was added. */
  readonly before: unknown;
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

  /** Adds a member, or gives it a value, when nobody has seen the table yet. */
  put(key: string, value: unknown): void {
    const known = this.#slots.get(key);
    if (known) known.value = value;
    else this.#add(key, value, this.newest.tick);
  }

  /** Sets a member, or removes it ({@linkcode ABSENT}); one that is added comes last. */
  set(
    key: string,
    value: unknown,
    tick: number,
    slot: Slot | undefined = this.#slots.get(key),
  ): Change {
    if (!slot || slot.value === ABSENT) {
      const added = this.#add(key, value, tick);
      // Older versions find the member under its key, at its former place.
      if (slot) {
        added.older = { value: ABSENT, since: slot.since, older: slot.older };
      }
      return { table: this, slot: added, kind: "add", before: slot };
    }
    const { value: before, since, older } = slot;
    slot.value = value;
    if (since === tick) return { table: this, slot, kind: "replace", before };
    slot.older = { value: before, since, older };
    slot.since = tick;
    return { table: this, slot, kind: "set", before: undefined };
  }

  /** Undoes the last change of a slot. */
  undo({ slot, kind, before }: Change): void {
    const { older } = slot;
    if (kind === "replace") slot.value = before;
    else if (kind === "set" && older) {
      slot.value = older.value;
      slot.since = older.since;
      slot.older = older.older;
    } else {
      this.#unlink(slot);
      const shadowed = before as Slot | undefined;
      if (shadowed && shadowed.mark !== "dropped") {
        this.#slots.set(slot.key, shadowed);
      } else this.#slots.delete(slot.key);
    }
  }

  /** Forgets a removed member that no version can show. */
  drop(slot: Slot): void {
    if (this.#slots.get(slot.key) === slot) this.#slots.delete(slot.key);
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
      born: tick,
      mark: "",
    };
    if (previous) previous.next = slot;
    else this.first = slot;
    this.#last = slot;
    this.#slots.set(key, slot);
    return slot;
  }

  /** Takes a slot out of the order; it still leads on to the next one. */
  #unlink(slot: Slot): void {
    if (slot.mark === "dropped") return;
    slot.mark = "dropped";
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
    this.shown = new Proxy<object>(
      new ObjectTarget(this),
      this,
    ) as Record<string, unknown>;
  }

  /** The value of a member, or {@linkcode ABSENT}. */
  member(key: string): unknown {
    const slot = this.table.slot(key);
    return slot ? valueAt(slot, this.tick) : ABSENT;
  }

  /** The members in the order in which they were added. The table may change between two of them. */
  *members(): Generator<[string, unknown]> {
    const { tick } = this;
    for (let slot = this.table.first; slot; slot = slot.next) {
      if (slot.born > tick) continue;
      const value = valueAt(slot, tick);
      if (value !== ABSENT) yield [slot.key, value];
    }
  }

  /** The keys in the order in which objects list them. */
  keys(): string[] {
    const { tick } = this;
    const keys: string[] = [];
    for (let slot = this.table.first; slot; slot = slot.next) {
      if (slot.born <= tick && valueAt(slot, tick) !== ABSENT) {
        keys.push(slot.key);
      }
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
      if (value !== ABSENT) return value;
    }
    return inherited(key);
  }

  has(_: object, key: string | symbol): boolean {
    return (typeof key === "string" && this.member(key) !== ABSENT) ||
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
    return value === ABSENT ? undefined : readOnlyMember(value);
  }
}

/** The version of a table that is seen as an object, if it is one. */
export function tableOf(value: object): TableVersion | undefined {
  const handler = (value as { [HANDLER]?: unknown })[HANDLER];
  return handler instanceof TableVersion ? handler : undefined;
}

/** The value of a member as of a change. */
export function valueAt(slot: Slot, tick: number): unknown {
  let held: Held | undefined = slot;
  while (held && held.since > tick) held = held.older;
  return held ? held.value : ABSENT;
}
