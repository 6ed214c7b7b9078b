/**
 * Ordinary objects and arrays, as they become JSON and come back.
 *
 * @module
 */

import {
  atStep,
  containerProblem,
  leafProblem,
  memberStep,
  UnfaithfulError,
} from "../exact_json.ts";
import { setOwn } from "../native_json.ts";
import { type JsonContainer, type JsonSource, LARGE } from "./pretty.ts";

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
 * {@linkcode UnfaithfulError}, by the same rule as in the log.
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
  // Of a container that turned out to be too large: its members as they were
  // read, of an array the first ones. They are not read again.
  readonly #begun = new WeakMap<object, unknown[] | Members>();

  open(value: unknown): JsonContainer | undefined {
    if (typeof value !== "object" || value === null) return undefined;
    const begun = this.#take(value);
    if (Array.isArray(value)) {
      check(containerProblem(value));
      const items = begun as unknown[] | undefined;
      return { kind: "array", members: itemsOf(value, items) };
    }
    const keys = this.#keysOf(value);
    this.#keys.delete(value);
    check(containerProblem(value, keys));
    const members = (begun ?? value) as Members;
    return { kind: "object", members: membersOf(members, keys) };
  }

  small(value: unknown, limit: number): unknown {
    const budget = { left: limit };
    const copy = this.#copy(value, budget);
    return budget.left < 0 ? LARGE : copy;
  }

  /**
   * An exact copy, so that what is written is what was checked. Its parts are
   * taken from the budget; when there are more, it stops.
   */
  #copy(value: unknown, budget: Budget): unknown {
    budget.left--;
    if (typeof value === "string") budget.left -= value.length >> 6;
    if (typeof value !== "object" || value === null) {
      check(leafProblem(value));
      return value;
    }
    if (budget.left < 0) return value;
    return Array.isArray(value)
      ? this.#copyItems(value, budget)
      : this.#copyMembers(value as Members, budget);
  }

  #copyItems(array: readonly unknown[], budget: Budget): unknown[] {
    check(containerProblem(array));
    const copy = this.#take(array) as unknown[] | undefined ?? [];
    let n = 0;
    try {
      for (; n < array.length && budget.left >= 0; n++) {
        if (n === copy.length) copy.push(array[n]);
        const item = this.#copy(copy[n], budget);
        if (budget.left >= 0) copy[n] = item;
      }
    } catch (error) {
      throw atStep(error, `[${n}]`);
    }
    if (budget.left < 0) this.#begun.set(array, copy);
    return copy;
  }

  #copyMembers(object: Members, budget: Budget): Members {
    const keys = this.#keysOf(object);
    if (keys.length > budget.left) {
      this.#keys.set(object, keys);
      budget.left = -1;
      return object;
    }
    check(containerProblem(object, keys));
    const copy = this.#take(object) as Members | undefined ?? { ...object };
    let n = 0;
    try {
      for (; n < keys.length && budget.left >= 0; n++) {
        const key = keys[n];
        const member = copy[key];
        if (member === undefined) continue;
        budget.left -= key.length >> 6;
        const part = this.#copy(member, budget);
        if (part !== member && budget.left >= 0) copy[key] = part;
      }
    } catch (error) {
      throw atStep(error, memberStep(keys[n]));
    }
    if (budget.left < 0) this.#begun.set(object, copy);
    return copy;
  }

  #keysOf(object: object): readonly string[] {
    return this.#keys.get(object) ?? Object.keys(object);
  }

  #take(container: object): unknown[] | Members | undefined {
    const begun = this.#begun.get(container);
    if (begun) this.#begun.delete(container);
    return begun;
  }
}

type Members = Record<string, unknown>;

interface Budget {
  left: number;
}

function* itemsOf(
  array: readonly unknown[],
  begun: readonly unknown[] = [],
): Generator<readonly [string, unknown]> {
  for (let n = 0; n < array.length; n++) {
    yield ["", n < begun.length ? begun[n] : array[n]];
  }
}

function* membersOf(
  object: Members,
  keys: readonly string[],
): Generator<readonly [string, unknown]> {
  for (const key of keys) {
    const value = object[key];
    if (value !== undefined) yield [key, value];
  }
}

function check(problem: string | undefined): void {
  if (problem !== undefined) throw new UnfaithfulError("", problem);
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
