/**
 * A large object as the state keeps it: members in the order in which they were
 * added, found by key, and walked one by one.
 *
 * An ordinary object of a million members takes an engine 60 to 400 ms to list
 * its keys, in one go. A table is a map of slots that are linked in order, so a
 * walk can pause anywhere. A member that was removed leaves its slot linked, and
 * `dead`, until nobody needs to see it any more.
 *
 * @module
 */

/** A member of a table. */
export interface Slot {
  /** Its key. */
  readonly key: string;
  /** Its value. */
  value: unknown;
  /** Whether it was removed. */
  dead: boolean;
  /** The slot in front, in the order in which members were added. */
  previous: Slot | undefined;
  /** The slot behind. */
  next: Slot | undefined;
}

/** An object with many members. */
export class Table {
  readonly #slots = new Map<string, Slot>();
  /** The slot of the oldest member, dead ones included. */
  first: Slot | undefined;
  #last: Slot | undefined;

  /** How many members there are. */
  get size(): number {
    return this.#slots.size;
  }

  /** The slot of a key. */
  slot(key: string): Slot | undefined {
    return this.#slots.get(key);
  }

  /** Adds a member behind all others; the key must be free. */
  add(key: string, value: unknown): Slot {
    const previous = this.#last;
    const slot: Slot = { key, value, dead: false, previous, next: undefined };
    if (previous) previous.next = slot;
    else this.first = slot;
    this.#last = slot;
    this.#slots.set(key, slot);
    return slot;
  }

  /** Sets a member, which takes the place of one with the same key; for a table that is being made. */
  put(key: string, value: unknown): void {
    const known = this.#slots.get(key);
    if (known) known.value = value;
    else this.add(key, value);
  }

  /** Removes a member; its slot stays linked. */
  bury(slot: Slot): void {
    slot.dead = true;
    this.#slots.delete(slot.key);
  }

  /** Takes {@linkcode Table.bury} back. */
  revive(slot: Slot): void {
    slot.dead = false;
    this.#slots.set(slot.key, slot);
  }

  /** Takes a slot out of the order; the key of one that is not dead becomes free. */
  unlink(slot: Slot): void {
    const { previous, next } = slot;
    if (previous) previous.next = next;
    else this.first = next;
    if (next) next.previous = previous;
    else this.#last = previous;
    if (!slot.dead) this.#slots.delete(slot.key);
  }

  /** The slots in order, dead ones included. */
  *slots(): Generator<Slot> {
    for (let slot = this.first; slot; slot = slot.next) yield slot;
  }
}

/** What a state is made of: objects, arrays, and tables for objects with many members. */
export type Container = Record<string, unknown> | unknown[] | Table;

/** Whether a value of a state has members. */
export function isContainer(value: unknown): value is Container {
  return typeof value === "object" && value !== null;
}
