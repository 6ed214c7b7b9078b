/**
 * The state as a snapshot writes it, and as it is made of one.
 *
 * @module
 */

import type { JsonBuilder } from "../snapshot/plain.ts";
import {
  type JsonContainer,
  type JsonSource,
  LARGE,
} from "../snapshot/pretty.ts";
import { hasLoneEscape, MAX_RUST_DEPTH } from "../wal/codec.ts";
import { Table, tableOf } from "./table.ts";
import {
  arrayValue,
  isContainer,
  MAX_OBJECT,
  membersOf,
  ownParsed,
} from "./values.ts";
import { vectorOf } from "./vector.ts";

/** A state as its snapshot is written; the walk may pause, and the tables in it go on changing. */
export const stateSource: JsonSource = {
  open(value): JsonContainer | undefined {
    if (!isContainer(value)) return undefined;
    return Array.isArray(value)
      ? { kind: "array", members: itemsOf(value) }
      : { kind: "object", members: membersOf(value)[Symbol.iterator]() };
  },
  small: (value, limit): unknown => spend(value, limit) < 0 ? LARGE : value,
};

function* itemsOf(
  array: readonly unknown[],
): Generator<readonly [string, unknown]> {
  for (const item of vectorOf(array)?.items() ?? array) yield ["", item];
}

/** Takes the parts of a value from what may be spent; negative if there are more, or a large container is among them. */
function spend(value: unknown, budget: number): number {
  if (typeof value === "string") return budget - 1 - (value.length >> 6);
  if (!isContainer(value)) return budget - 1;
  if (tableOf(value) || vectorOf(value)) return -1;
  let left = budget - 1;
  if (Array.isArray(value)) {
    for (let n = 0; n < value.length && left >= 0; n++) {
      left = spend(value[n], left);
    }
    return left;
  }
  const object = value as Record<string, unknown>;
  for (const key of Object.keys(object)) {
    left = spend(object[key], left - (key.length >> 6));
    if (left < 0) break;
  }
  return left;
}

/** A container that opens behind as many levels as serde_json reads. */
const TOO_DEEP = new RegExp(
  `(?:^|\\n) {${2 * MAX_RUST_DEPTH},}(?:"(?:[^"\\\\]|\\\\.)*": )?[[{]`,
);

/**
 * Passes the pieces of a snapshot on that mini-rs is to read.
 *
 * @throws {TypeError} For what it cannot read.
 */
export function* forRust(pieces: Iterable<string>): Generator<string> {
  for (const piece of pieces) {
    let problem: string | undefined;
    if (piece.includes("\\u") && hasLoneEscape(piece)) {
      problem = "a lone surrogate";
    } else if (TOO_DEEP.test(piece)) {
      problem = `more than ${MAX_RUST_DEPTH} levels`;
    }
    if (problem !== undefined) {
      throw new TypeError(
        `Cannot write a snapshot of a log of format v0.1: the state has ${problem}, which mini-rs cannot read`,
      );
    }
    yield piece;
  }
}

/** Makes a state of the pieces of a snapshot; {@linkcode finished} makes a value of what it gives. */
export const treeBuilder: JsonBuilder = {
  object: () => new Table(0),
  array: () => [],
  addMembers(table, members): void {
    for (const key of Object.keys(members)) {
      (table as Table).put(key, ownParsed(members[key]));
    }
  },
  addItems(array, items): void {
    for (const item of items) (array as unknown[]).push(ownParsed(item));
  },
  set(table, key, value): void {
    (table as Table).put(key, finished(value));
  },
  push(array, value): void {
    (array as unknown[]).push(finished(value));
  },
};

/** A value of a state, of what {@linkcode treeBuilder} made. */
export function finished(built: unknown): unknown {
  if (Array.isArray(built)) return arrayValue(built);
  if (!(built instanceof Table)) return built;
  const { newest, size } = built;
  if (size > MAX_OBJECT) return newest.shown;
  return Object.freeze(Object.fromEntries(newest.members()));
}
