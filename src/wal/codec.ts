/**
 * Between a record and its line of text.
 *
 * @module
 */

import { messageOf } from "../errors.ts";
import {
  copyExactly,
  exactJson,
  toJson,
  UnfaithfulError,
} from "../exact_json.ts";
import { parseJson } from "../native_json.ts";

/**
 * Turns records into lines of JSON text and back. To take what `JSON.stringify`
 * does as it is, pass `{ encode: JSON.stringify, decode: JSON.parse }`.
 *
 * @typeParam R The type of the records.
 *
 * @example Dates as what they are
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { type Codec, MemoryFileSystem, MiniStore } from "@mini-ts/durable";
 *
 * interface Sighting {
 *   at: Date;
 *   bird: string;
 * }
 * const codec: Codec<Sighting> = {
 *   encode: ({ at, bird }) => JSON.stringify([at.getTime(), bird]),
 *   decode: (text) => {
 *     const [at, bird] = JSON.parse(text);
 *     return { at: new Date(at), bird };
 *   },
 * };
 * const options = { codec, fileSystem: new MemoryFileSystem() };
 * const store = await MiniStore.open("birds.jsonl", options);
 * await store.append({ at: new Date(0), bird: "wren" });
 * await store.close();
 * const [first] = await MiniStore.replay("birds.jsonl", options);
 * assertEquals(first.at.getTime(), 0);
 * ```
 */
export interface Codec<R> {
  /**
   * The record as JSON text in one line: well-formed Unicode, no control
   * characters. The store checks that.
   */
  encode(record: R): string;
  /** The record that a line of text stands for. */
  decode(text: string): R;
}

/**
 * The codec used when none is given: JSON, but it refuses what JSON would change
 * silently, so that what is replayed equals what was appended.
 *
 * - Evened out: a member of an object that is `undefined` is left out; `-0`
 *   becomes `0`; a getter is read once, and the value that it gave is written; an
 *   array is its items, and whatever else it has, such as the `index` of what
 *   `match` returns, is left out.
 * - Refused with a `TypeError` that says where it is: `NaN` and `Infinity`;
 *   functions, symbols and bigints; `undefined` or a hole in an array; `Map`,
 *   `Set`, `Date`, typed arrays, instances of classes and every other object that
 *   is not plain; `JSON.rawJSON`; symbol keys and members that are not
 *   enumerable; a record that contains itself; and every record while
 *   `Object.prototype` or `Array.prototype` has `toJSON`.
 * - A proxy is written as what it shows. Lone surrogates are kept, as `\ud800`
 *   escapes.
 * - Nested too deeply for the engine is a `RangeError`.
 */
export const strictJson: Codec<unknown> = {
  encode(record) {
    try {
      return exactJson(record);
    } catch (error) {
      throw refusalOf(error);
    }
  },
  decode: (text) => parseJson(text),
};

/** A record, and what is written of it. */
export interface ExactRecord<R> {
  /** What a replay would give. No caller holds any part of it. */
  readonly exact: R;
  /** Its line. */
  readonly text: string;
}

/**
 * What {@linkcode strictJson} makes of a record, with the copy that it was made
 * of. Each member is read once for both.
 *
 * @param record The record.
 * @throws As `strictJson.encode`.
 */
export function encodeExactly<R>(record: R): ExactRecord<R> {
  try {
    const exact = copyExactly(record) as R;
    return { exact, text: toJson(exact) };
  } catch (error) {
    throw refusalOf(error);
  }
}

function refusalOf(cause: unknown): Error {
  if (cause instanceof UnfaithfulError) {
    const { where, what } = cause;
    return new TypeError(
      `Cannot encode the record: JSON would change record${where}, which is ${what}`,
    );
  }
  if (cause instanceof RangeError) {
    const message = "Cannot encode the record: it is nested too deeply";
    return new RangeError(message, { cause });
  }
  const reason = messageOf(cause).split("\n")[0];
  return new TypeError(`Cannot encode the record: ${reason}`, { cause });
}

// deno-lint-ignore no-control-regex
const CONTROL = /[\u0000-\u001f]/;

/**
 * Checks that what a caller's codec returned is one line of JSON text.
 *
 * @param text What `encode` returned.
 */
export function checkLine(text: unknown): asserts text is string {
  if (typeof text !== "string") {
    throw new TypeError(
      `Cannot append the record: codec.encode returned ${typeof text}, not a string`,
    );
  }
  let problem: string | undefined;
  if (CONTROL.test(text)) problem = "a control character such as a line end";
  else if (!text.isWellFormed()) problem = "a lone surrogate";
  else {
    try {
      JSON.parse(text);
    } catch {
      problem = "something that is not JSON";
    }
  }
  if (problem !== undefined) {
    throw new TypeError(
      `Cannot append the record: codec.encode returned ${problem}`,
    );
  }
}

/** serde_json gives up behind this many levels. */
export const MAX_RUST_DEPTH = 127;

/**
 * Checks that mini-rs can read a line. serde refuses an escape that is half a
 * surrogate pair, more than 127 levels of nesting, and numbers beyond a double;
 * and then all of the journal.
 *
 * @param text A line of JSON text.
 */
export function checkForRust(text: string): void {
  const refuse = (what: string) => {
    throw new TypeError(
      `Cannot append the record in format v0.1: it has ${what}, which mini-rs cannot read`,
    );
  };
  if (text.includes("\\u") && hasLoneEscape(text)) refuse("a lone surrogate");
  let depth = 0;
  for (
    const [token] of text.matchAll(
      /"(?:[^"\\]|\\.)*"|[[{]|[\]}]|-?\d[\d.eE+-]*/g,
    )
  ) {
    if (token === "[" || token === "{") depth++;
    else if (token === "]" || token === "}") depth--;
    else if (token[0] !== '"' && !Number.isFinite(Number(token))) {
      refuse(`the number ${token}`);
    }
    if (depth > MAX_RUST_DEPTH) refuse(`more than ${MAX_RUST_DEPTH} levels`);
  }
}

/** Whether JSON text escapes half a surrogate pair. */
export function hasLoneEscape(text: string): boolean {
  const halves = text.replace(/\\[^u]/g, "").replace(
    /\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}/g,
    "",
  );
  return /\\u[dD][89a-fA-F]/.test(halves);
}
