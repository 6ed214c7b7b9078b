/**
 * A large array as the state keeps it: in chunks, of which a change copies those
 * that it touches. A vector never changes.
 *
 * @module
 */

import {
  ArrayTarget,
  HANDLER,
  indexOf,
  inheritedByArrays,
  lengthMember,
  ReadOnlyHandler,
  readOnlyMember,
} from "./view.ts";

/** How many elements a chunk has; only the last one has fewer. */
const CHUNK = 256;

/** A large array: the handler of the proxy that a state holds. */
export class Vector extends ReadOnlyHandler {
  readonly length: number;
  /** Whether an element is a table, or may have one in it. */
  readonly hasTables: boolean;
  /** What is seen of it. */
  readonly shown: readonly unknown[];
  readonly #chunks: readonly (readonly unknown[])[];

  private constructor(
    chunks: readonly (readonly unknown[])[],
    length: number,
    hasTables: boolean,
  ) {
    super();
    this.#chunks = chunks;
    this.length = length;
    this.hasTables = hasTables;
    const target = new ArrayTarget();
    this.shown = target.shown = new Proxy(target, this) as unknown[];
  }

  /** Makes a vector of the elements of an array. */
  static from(items: readonly unknown[], hasTables: boolean): Vector {
    const chunks: unknown[][] = [];
    for (let at = 0; at < items.length; at += CHUNK) {
      chunks.push(items.slice(at, at + CHUNK));
    }
    return new Vector(chunks, items.length, hasTables);
  }

  /** The value of an element, which must be there. */
  at(index: number): unknown {
    return this.#chunks[Math.floor(index / CHUNK)][index % CHUNK];
  }

  /** The elements in order. */
  *items(): Generator<unknown> {
    for (const chunk of this.#chunks) yield* chunk;
  }

  /** The elements that are not those of an earlier vector, with their indices. */
  *changedFrom(before: Vector): Generator<[number, unknown]> {
    for (const [n, chunk] of this.#chunks.entries()) {
      if (chunk === before.#chunks[n]) continue;
      for (const [m, value] of chunk.entries()) yield [n * CHUNK + m, value];
    }
  }

  /**
   * The vector with other elements.
   *
   * @param changes New elements by index; those beyond the length follow each other without a gap.
   * @param length How many elements there are then.
   * @param hasTables Whether one of the new elements is a table, or has one in it.
   */
  with(
    changes: ReadonlyMap<number, unknown>,
    length: number,
    hasTables: boolean,
  ): Vector {
    const chunks: (readonly unknown[])[] = this.#chunks.slice(
      0,
      Math.ceil(length / CHUNK),
    );
    const own = new Map<number, unknown[]>();
    const chunkOf = (number: number) => {
      let chunk = own.get(number);
      if (!chunk) {
        chunk = chunks[number]?.slice() ?? [];
        own.set(number, chunk);
        chunks[number] = chunk;
      }
      return chunk;
    };
    const last = chunks.length - 1;
    const rest = length - last * CHUNK;
    if (last >= 0 && rest < chunks[last].length) chunkOf(last).length = rest;
    for (const [index, value] of changes) {
      chunkOf(Math.floor(index / CHUNK))[index % CHUNK] = value;
    }
    return new Vector(chunks, length, hasTables || this.hasTables);
  }

  get(target: object, key: string | symbol): unknown {
    if (typeof key === "symbol") {
      return key === HANDLER ? this : Reflect.get(target, key);
    }
    if (key === "length") return this.length;
    const index = indexOf(key);
    if (index === undefined) return inheritedByArrays(key);
    return index < this.length ? this.at(index) : undefined;
  }

  has(_: object, key: string | symbol): boolean {
    return this.#member(key) !== undefined || key === HANDLER ||
      key in Array.prototype;
  }

  ownKeys(): string[] {
    const keys = Array.from({ length: this.length }, (_, index) => `${index}`);
    keys.push("length");
    return keys;
  }

  getPrototypeOf(): object {
    return Array.prototype;
  }

  getOwnPropertyDescriptor(
    target: object,
    key: string | symbol,
  ): PropertyDescriptor | undefined {
    if (key === "length") return lengthMember(target, this.length);
    const value = this.#member(key);
    return value === undefined ? undefined : readOnlyMember(value);
  }

  #member(key: string | symbol): unknown {
    const index = typeof key === "string" ? indexOf(key) : undefined;
    return index !== undefined && index < this.length
      ? this.at(index)
      : undefined;
  }
}

/** The vector that is seen as an array, if it is one. */
export function vectorOf(value: object): Vector | undefined {
  const handler = (value as { [HANDLER]?: unknown })[HANDLER];
  return handler instanceof Vector && handler.shown === value
    ? handler
    : undefined;
}
