/**
 * Values on their way into the state and out of it.
 *
 * A state is JSON data: what comes back from a snapshot must be what was in
 * memory. So what JSON would change is refused when a reducer stores it, and what
 * is stored is a copy: a payload that the caller changes later, or one object in
 * two places, would make memory and disk differ.
 *
 * @module
 */

import { setOwn } from "../native_json.ts";
import { isPlain } from "../wal/codec.ts";
import { ABSENT, type Reader } from "./history.ts";
import { type Container, isContainer, Table } from "./table.ts";

/** An object with more members than this becomes a {@linkcode Table}. */
export const MAX_PLAIN = 64;
/** Deeper data is taken for a cycle; engines have a limit of their own not far beyond. */
const MAX_DEPTH = 1000;

/** What to do with an object that stands for a part of the state; `undefined` for any other. */
export type Resolve = (
  value: object,
  place: Container,
  key: string,
) => Container | undefined;

/**
 * Copies a value that is to be stored.
 *
 * @param value What a reducer, or the caller, gave.
 * @param resolve Recognises parts of the state.
 * @param place Where it will stand.
 * @param key Its key there.
 * @returns Data that belongs to the state alone.
 * @throws {TypeError} If JSON would change it.
 */
export function adopt(
  value: unknown,
  resolve: Resolve,
  place: Container,
  key: string,
): unknown {
  return take(value, { resolve, depth: 0 }, place, key);
}

interface Taking {
  readonly resolve: Resolve;
  depth: number;
}

function take(
  value: unknown,
  taking: Taking,
  place: Container,
  key: string,
): unknown {
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") {
    if (value - value === 0) return value === 0 ? 0 : value; // JSON has no -0
    throw refused(String(value), key);
  }
  if (value === null) return null;
  if (typeof value !== "object") throw refused(typeof value, key);
  const part = taking.resolve(value, place, key);
  if (part) return part;
  if (++taking.depth > MAX_DEPTH) {
    throw new TypeError(
      `Cannot store a value in the state: it is nested more than ${MAX_DEPTH} levels deep`,
    );
  }
  const copy = Array.isArray(value)
    ? takeItems(value, taking)
    : takeMembers(value, taking, key);
  taking.depth--;
  return copy;
}

function takeItems(value: readonly unknown[], taking: Taking): unknown[] {
  const copy: unknown[] = [];
  for (let i = 0; i < value.length; i++) {
    copy.push(take(value[i], taking, copy, String(i)));
  }
  return copy;
}

function takeMembers(value: object, taking: Taking, key: string): Container {
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== null && !isPlain(prototype)) {
    throw refused(`an instance of ${prototype.constructor?.name}`, key);
  }
  if (Object.getOwnPropertySymbols(value).length > 0) {
    throw refused("an object with symbol keys", key);
  }
  let count = 0;
  for (const _ in value) count++;
  if (count > MAX_PLAIN) return takeTable(value, taking);
  // Engines copy a small object by its shape, faster than member by member.
  const copy: Record<string, unknown> = { ...value };
  for (const name in copy) {
    const member = copy[name];
    if (member === undefined) delete copy[name];
    else if (typeof member !== "string") {
      const taken = take(member, taking, copy, name);
      // -0 equals 0, and is not what JSON gives back.
      if (!Object.is(taken, member)) setOwn(copy, name, taken);
    }
  }
  return copy;
}

function takeTable(value: object, taking: Taking): Table {
  const table = new Table();
  for (const [name, member] of Object.entries(value)) {
    if (member !== undefined) {
      table.add(name, take(member, taking, table, name));
    }
  }
  return table;
}

function refused(what: string, key: string): TypeError {
  return new TypeError(
    `Cannot store ${what} as ${
      JSON.stringify(key)
    } in the state: JSON would change it`,
  );
}

/** Copies a part of the state, to stand in another place of it. */
export function duplicate(value: unknown, depth = 0): unknown {
  if (!isContainer(value)) return value;
  if (depth > MAX_DEPTH) {
    throw new TypeError("Cannot store a part of the state within itself");
  }
  if (Array.isArray(value)) {
    return value.map((item) => duplicate(item, depth + 1));
  }
  if (value instanceof Table) {
    const table = new Table();
    for (const slot of value.slots()) {
      if (!slot.dead) table.add(slot.key, duplicate(slot.value, depth + 1));
    }
    return table;
  }
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    setOwn(copy, key, duplicate(value[key], depth + 1));
  }
  return copy;
}

/** The same object with its members in the order in which they were added, but as a table. */
export function toTable(object: Record<string, unknown>): Table {
  const table = new Table();
  for (const key of Object.keys(object)) table.add(key, object[key]);
  return table;
}

/** A part of the state as ordinary data, as a reader sees it. */
export function copyOut(reader: Reader, value: unknown): unknown {
  if (!isContainer(value)) return value;
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    const length = reader.lengthOf(value);
    for (let i = 0; i < length; i++) {
      items.push(copyOut(reader, reader.member(value, String(i))));
    }
    return items;
  }
  const copy: Record<string, unknown> = {};
  if (value instanceof Table) {
    for (const slot of value.slots()) {
      const member = reader.slotValue(slot);
      if (member !== ABSENT) setOwn(copy, slot.key, copyOut(reader, member));
    }
  } else {
    for (const key of reader.keys(value)) {
      setOwn(copy, key, copyOut(reader, reader.member(value, key)));
    }
  }
  return copy;
}
