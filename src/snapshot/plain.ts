/**
 * Ordinary objects and arrays, as they become JSON and come back.
 *
 * @module
 */

import { setOwn } from "../native_json.ts";
import {
  type JsonContainer,
  type JsonSource,
  keyStep,
  LARGE,
  UnfaithfulError,
} from "./pretty.ts";

/** Makes the values that a snapshot holds, in whatever shape they are wanted. */
export interface JsonBuilder {
  /** A new object without members. */
  object(): unknown;
  /** A new array without items. */
  array(): unknown;
  /** Adds members to an object that {@linkcode JsonBuilder.object} made; they are what `JSON.parse` gives. */
  addMembers(object: unknown, members: Record<string, unknown>): void;
  /** Adds items to an array that {@linkcode JsonBuilder.array} made; they are what `JSON.parse` gives. */
  addItems(array: unknown, items: unknown[]): void;
  /** Adds a member that this builder has made. */
  set(object: unknown, key: string, value: unknown): void;
  /** Adds an item that this builder has made. */
  push(array: unknown, value: unknown): void;
}

/**
 * Ordinary objects and arrays. What JSON would change is refused with an
 * {@linkcode UnfaithfulError}: what the log's own codec refuses, by the same rules.
 *
 * @returns A source for one walk through a state.
 */
export function plainSource(): JsonSource {
  return new PlainSource();
}

class PlainSource implements JsonSource {
  // To list a million keys is one step of the engine, and takes long: it is done
  // once for each object that is opened.
  readonly #keys = new WeakMap<object, readonly string[]>();

  open(value: unknown): JsonContainer | undefined {
    if (typeof value !== "object" || value === null) return undefined;
    if (Array.isArray(value)) return { kind: "array", members: itemsOf(value) };
    checkSymbols(value);
    const keys = this.#keys.get(value) ?? Object.keys(value);
    this.#keys.delete(value);
    return {
      kind: "object",
      members: membersOf(value as Record<string, unknown>, keys),
    };
  }

  small(value: unknown, limit: number): unknown {
    return this.#spend(value, limit) < 0 ? LARGE : value;
  }

  /**
   * Takes the parts of a value from what may be spent; negative, and early, if
   * there are more.
   */
  #spend(value: unknown, budget: number): number {
    if (typeof value === "string") return budget - 1 - (value.length >> 6);
    if (typeof value === "number") {
      // x - x is 0 for every finite x; 1 / -0 is negative.
      if (value - value === 0 && (value !== 0 || 1 / value > 0)) {
        return budget - 1;
      }
    } else if (typeof value === "boolean" || value === null) return budget - 1;
    if (typeof value !== "object" || value === null) {
      throw new UnfaithfulError("", nameOf(value));
    }
    checkContainer(value);
    return Array.isArray(value)
      ? this.#spendItems(value, budget - 1)
      : this.#spendMembers(value as Record<string, unknown>, budget - 1);
  }

  #spendItems(array: readonly unknown[], budget: number): number {
    let left = budget;
    let n = 0;
    try {
      for (; n < array.length && left >= 0; n++) {
        left = this.#spend(array[n], left);
      }
    } catch (error) {
      throw within(error, () => `[${n}]`);
    }
    return left;
  }

  #spendMembers(object: Record<string, unknown>, budget: number): number {
    const keys = this.#keys.get(object) ?? Object.keys(object);
    if (keys.length > budget) {
      this.#keys.set(object, keys);
      return -1;
    }
    let left = budget;
    let n = 0;
    try {
      for (; n < keys.length && left >= 0; n++) {
        const member = object[keys[n]];
        if (member === undefined) continue;
        left = this.#spend(member, left - (keys[n].length >> 6));
      }
    } catch (error) {
      throw within(error, () => keyStep(keys[n]));
    }
    if (left >= 0) checkSymbols(object);
    return left;
  }
}

function* itemsOf(
  array: readonly unknown[],
): Generator<readonly [string, unknown]> {
  for (let n = 0; n < array.length; n++) yield ["", array[n]];
}

function* membersOf(
  object: Record<string, unknown>,
  keys: readonly string[],
): Generator<readonly [string, unknown]> {
  for (const key of keys) {
    const value = object[key];
    if (value !== undefined) yield [key, value];
  }
}

/** The error of a member, with the step to it in front. */
function within(error: unknown, step: () => string): unknown {
  if (!(error instanceof UnfaithfulError)) return error;
  return new UnfaithfulError(step() + error.where, error.what);
}

function checkContainer(value: object): void {
  const prototype = Object.getPrototypeOf(value);
  if (prototype === null) {
    if (Object.isFrozen(value) && Object.hasOwn(value, "rawJSON")) {
      throw new UnfaithfulError("", "raw JSON text");
    }
  } else if (!isPlain(prototype)) {
    throw new UnfaithfulError("", `an instance of ${className(prototype)}`);
  }
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") {
    throw new UnfaithfulError("", "an object with toJSON");
  }
}

function checkSymbols(object: object): void {
  if (Object.getOwnPropertySymbols(object).length > 0) {
    throw new UnfaithfulError("", "an object with symbol keys");
  }
}

/** Whether a prototype is that of plain objects or arrays, of this realm or another. */
function isPlain(prototype: object): boolean {
  if (prototype === Object.prototype || prototype === Array.prototype) {
    return true;
  }
  const parent = Object.getPrototypeOf(prototype);
  return parent === null
    ? Object.hasOwn(prototype, "hasOwnProperty")
    : Array.isArray(prototype) && Object.getPrototypeOf(parent) === null;
}

function className(prototype: object): string {
  const { constructor } = prototype as { constructor?: { name?: unknown } };
  return String(constructor?.name);
}

function nameOf(value: unknown): string {
  if (Object.is(value, -0)) return "-0";
  return typeof value === "number" ? String(value) : typeof value;
}

/** Makes ordinary objects and arrays. */
export const plainBuilder: JsonBuilder = {
  object: (): unknown => ({}),
  array: (): unknown => [],
  addMembers(object, members): void {
    for (const key of Object.keys(members)) {
      setOwn(object as object, key, members[key]);
    }
  },
  addItems(array, items): void {
    const target = array as unknown[];
    for (let n = 0; n < items.length; n++) target.push(items[n]);
  },
  set(object, key, value): void {
    setOwn(object as object, key, value);
  },
  push(array, value): void {
    (array as unknown[]).push(value);
  },
};

/** Makes nothing: to see whether a snapshot can be read. */
export const nullBuilder: JsonBuilder = {
  object: (): unknown => null,
  array: (): unknown => null,
  addMembers: (): void => {},
  addItems: (): void => {},
  set: (): void => {},
  push: (): void => {},
};

/** What `JSON.parse` gave, made by a builder. */
export function adopt(value: unknown, builder: JsonBuilder): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const array = builder.array();
    builder.addItems(array, value);
    return array;
  }
  const object = builder.object();
  builder.addMembers(object, value as Record<string, unknown>);
  return object;
}
