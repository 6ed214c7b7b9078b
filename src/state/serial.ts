/**
 * The state as a snapshot writes it, and as it is made of one.
 *
 * @module
 */

import { setOwn } from "../native_json.ts";
import type { JsonBuilder } from "../snapshot/plain.ts";
import {
  type JsonContainer,
  type JsonSource,
  LARGE,
} from "../snapshot/pretty.ts";
import { hasLoneEscape, MAX_RUST_DEPTH } from "../wal/codec.ts";
import { ABSENT, type Reader } from "./history.ts";
import { type Container, isContainer, Table } from "./table.ts";

/** A state as of a point, to be written while it goes on changing. */
export function sourceOf(reader: Reader): JsonSource {
  return {
    open(value): JsonContainer | undefined {
      if (!isContainer(value)) return undefined;
      const kind = Array.isArray(value) ? "array" : "object";
      return { kind, members: membersOf(reader, value) };
    },
    small(value, limit): unknown {
      const budget = { left: limit };
      const plain = plainOf(reader, value, budget);
      return budget.left < 0 ? LARGE : plain;
    },
  };
}

/** Members one by one, so that a walk over a million of them can pause. */
function* membersOf(
  reader: Reader,
  value: Container,
): Generator<readonly [string, unknown]> {
  if (value instanceof Table) {
    for (const slot of value.slots()) {
      const member = reader.slotValue(slot);
      if (member !== ABSENT) yield [slot.key, member];
    }
  } else if (Array.isArray(value)) {
    const length = reader.lengthOf(value);
    for (let index = 0; index < length; index++) {
      yield ["", itemOf(reader, value, index)];
    }
  } else {
    for (const key of reader.keys(value)) {
      yield [key, reader.member(value, key)];
    }
  }
}

function itemOf(reader: Reader, array: unknown[], index: number): unknown {
  return reader.isChanged(array)
    ? reader.member(array, String(index))
    : array[index];
}

/**
 * A value as ordinary data, which is the value itself where nothing in it was
 * changed; stops when the budget is used up.
 */
function plainOf(
  reader: Reader,
  value: unknown,
  budget: { left: number },
): unknown {
  if (!isContainer(value)) {
    budget.left -= typeof value === "string" ? 1 + (value.length >> 6) : 1;
    return value;
  }
  if (--budget.left < 0) return value;
  if (Array.isArray(value)) return plainItems(reader, value, budget);
  if (value instanceof Table || reader.isChanged(value)) {
    const copy: Record<string, unknown> = {};
    for (const [key, member] of membersOf(reader, value)) {
      budget.left -= key.length >> 6;
      setOwn(copy, key, plainOf(reader, member, budget));
      if (budget.left < 0) break;
    }
    return copy;
  }
  let copy: Record<string, unknown> | undefined;
  for (const key in value) {
    const member = value[key];
    const plain = plainOf(reader, member, budget);
    budget.left -= key.length >> 6;
    if (budget.left < 0) break;
    if (plain === member) continue;
    copy ??= copyOf(value);
    setOwn(copy, key, plain);
  }
  return copy ?? value;
}

function plainItems(
  reader: Reader,
  value: unknown[],
  budget: { left: number },
): unknown[] {
  const length = reader.lengthOf(value);
  let copy = reader.isChanged(value) ? [] as unknown[] : undefined;
  for (let index = 0; index < length && budget.left >= 0; index++) {
    const item = itemOf(reader, value, index);
    const plain = plainOf(reader, item, budget);
    if (plain !== item) copy ??= value.slice(0, index);
    copy?.push(plain);
  }
  return copy ?? value;
}

function copyOf(value: Record<string, unknown>): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) setOwn(copy, key, value[key]);
  return copy;
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
        `Cannot write a snapshot beside a log of format v0.1: the state has ${problem}, which mini-rs cannot read`,
      );
    }
    yield piece;
  }
}

/** Makes a state of the pieces of a snapshot; what is too large for one piece becomes a table. */
export const treeBuilder: JsonBuilder = {
  object: () => new Table(),
  array: () => [],
  addMembers(table, members): void {
    for (const key in members) (table as Table).put(key, members[key]);
  },
  addItems(array, items): void {
    for (const item of items) (array as unknown[]).push(item);
  },
  set(table, key, value): void {
    (table as Table).put(key, value);
  },
  push(array, value): void {
    (array as unknown[]).push(value);
  },
};
