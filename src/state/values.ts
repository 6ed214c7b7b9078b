/**
 * What a state is made of.
 *
 * A value of a state never changes. Small objects and arrays are plain data that
 * is frozen; large objects are seen through a {@linkcode TableVersion}, large
 * arrays through a {@linkcode Vector}.
 *
 * @module
 */

import { setOwn } from "../native_json.ts";
import { Table, tableOf, type TableVersion } from "./table.ts";
import { Vector, vectorOf } from "./vector.ts";

/** Objects with more members than this become tables when they are stored as a whole. */
export const MAX_OBJECT = 64;
/** Objects to which a reducer adds members, or from which it removes some, become tables when they have more than this: engines are slow to copy objects that grew. */
export const MAX_GROWN = 16;
/** Arrays with more elements than this become vectors: JavaScriptCore is slow to freeze arrays. */
const MAX_ARRAY = 16;

/** Ordinary data, or what looks like it. */
export type Members = Readonly<Record<string, unknown>>;

/** Whether a value has members. */
export function isContainer(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** A member of an object of a state, or `undefined`: no value of a state is that. */
export function memberOf(object: object, key: string): unknown {
  const table = tableOf(object);
  if (table) return table.member(key);
  return Object.hasOwn(object, key) ? (object as Members)[key] : undefined;
}

/** The members of an object of a state, in order. */
export function membersOf(object: object): Iterable<[string, unknown]> {
  return tableOf(object)?.members() ?? Object.entries(object);
}

/** Makes an array a value of a state: takes it over, or copies it into a vector. */
export function arrayValue(items: unknown[]): readonly unknown[] {
  return items.length > MAX_ARRAY
    ? Vector.from(items, items.some(hasTables)).shown
    : Object.freeze(items);
}

/** Whether a value is a table, or may have one in it. */
export function hasTables(value: unknown): boolean {
  if (!isContainer(value)) return false;
  if (Array.isArray(value)) {
    return vectorOf(value)?.hasTables ?? value.some(hasTables);
  }
  return tableOf(value) !== undefined || Object.values(value).some(hasTables);
}

/** Parts without tables that were moved before: they do not change, and may be moved again. */
const WITHOUT_TABLES = new WeakSet<object>();

/** As {@linkcode hasTables}, for parts that are moved again and again. */
export function mayHaveTables(value: unknown): boolean {
  if (!isContainer(value) || WITHOUT_TABLES.has(value)) return false;
  if (hasTables(value)) return true;
  WITHOUT_TABLES.add(value);
  return false;
}

/** How deep parts are that have others in them, and were moved before: they do not change. */
const DEPTHS = new WeakMap<object, number>();

/** How many levels of containers a value has, itself included. */
export function depthOf(value: unknown): number {
  if (!isContainer(value)) return 0;
  const known = DEPTHS.get(value);
  if (known !== undefined) return known;
  let inner = 0;
  for (const part of partsOf(value)) inner = Math.max(inner, depthOf(part));
  if (inner > 0) DEPTHS.set(value, inner + 1);
  return inner + 1;
}

function* partsOf(value: object): Generator<unknown> {
  if (Array.isArray(value)) yield* vectorOf(value)?.items() ?? value;
  else for (const [, member] of membersOf(value)) yield member;
}

/**
 * Makes what `JSON.parse` gave a value of a state.
 *
 * @param data The data; it is taken over.
 * @returns The value.
 */
export function ownParsed(data: unknown): unknown {
  if (!isContainer(data)) return data;
  if (Array.isArray(data)) {
    for (let n = 0; n < data.length; n++) {
      if (isContainer(data[n])) data[n] = ownParsed(data[n]);
    }
    return arrayValue(data);
  }
  const object = data as Record<string, unknown>;
  let count = 0;
  for (const key of Object.keys(object)) {
    count++;
    const member = object[key];
    if (!isContainer(member)) continue;
    const value = ownParsed(member);
    if (value !== member) setOwn(object, key, value);
  }
  return count > MAX_OBJECT
    ? tableOfMembers(Object.entries(object), 0).shown
    : Object.freeze(object);
}

/** The first version of a new table with these members. */
export function tableOfMembers(
  members: Iterable<readonly [string, unknown]>,
  tick: number,
): TableVersion {
  const table = new Table(tick);
  for (const [key, value] of members) table.put(key, value);
  return table.newest;
}

/** A copy of a value, as data of the caller's own. */
export function copyOut(value: unknown): unknown {
  if (!isContainer(value)) return value;
  if (Array.isArray(value)) {
    return Array.from(vectorOf(value)?.items() ?? value, copyOut);
  }
  const copy: Record<string, unknown> = {};
  for (const [key, member] of membersOf(value)) {
    setOwn(copy, key, copyOut(member));
  }
  return copy;
}
