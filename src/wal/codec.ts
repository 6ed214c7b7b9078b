/**
 * Between a record and its line of text.
 *
 * @module
 */

import { messageOf } from "../errors.ts";
import { parseJson, setOwn } from "../native_json.ts";

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
 * The codec used when none is given: JSON, but it refuses what JSON would
 * change without a word, so that what is replayed equals what was appended.
 *
 * - Refused with a `TypeError`: `undefined`, functions, symbols, BigInt, cycles;
 *   `NaN`, `Infinity` and `-0`; `undefined` or holes in arrays; `Map`, `Set`,
 *   `Date`, typed arrays and every other object that is not plain; `toJSON`
 *   methods; symbol keys.
 * - A property that is `undefined` is left out, as JSON does, and so are named
 *   properties of arrays.
 * - Lone surrogates are kept, as `\ud800` escapes.
 */
export const strictJson: Codec<unknown> = {
  encode(record) {
    let text: string | undefined;
    let faithful: boolean;
    try {
      // First this, because it finds cycles; then the walk is finite.
      text = JSON.stringify(record);
      faithful = isFaithful(record);
    } catch (error) {
      if (error instanceof RangeError) {
        const message = "Cannot encode the record: it is nested too deeply";
        throw new RangeError(message, { cause: error });
      }
      const reason = messageOf(error).split("\n")[0];
      const message = `Cannot encode the record as JSON: ${reason}`;
      throw new TypeError(message, { cause: error });
    }
    if (!faithful || text === undefined) {
      throw new TypeError(
        `Cannot encode the record: JSON would change ${
          explain(record, "record")
        }`,
      );
    }
    return text;
  },
  decode: (text) => parseJson(text),
};

/** Whether JSON gives a value back as it is; runs for every record. */
function isFaithful(value: unknown): boolean {
  if (typeof value === "string" || typeof value === "boolean") return true;
  if (typeof value === "number") {
    // x - x is 0 for every finite x; 1 / -0 is negative.
    return value - value === 0 && (value !== 0 || 1 / value > 0);
  }
  if (typeof value !== "object") return false;
  if (value === null) return true;
  const prototype = Object.getPrototypeOf(value);
  if (Array.isArray(value)) {
    if (!isPlain(prototype) || "toJSON" in value) return false;
    for (let i = 0; i < value.length; i++) {
      if (!isFaithful(value[i])) return false;
    }
    return true;
  }
  if (prototype !== null ? !isPlain(prototype) : isRawJson(value)) return false;
  for (const key in value) {
    const member = (value as Record<string, unknown>)[key];
    if (member !== undefined && !isFaithful(member)) return false;
  }
  return Object.getOwnPropertySymbols(value).length === 0;
}

/**
 * A copy of a record that {@linkcode strictJson} takes, with nothing in it that
 * anybody else holds: what a replay would give. Of one that it refuses, whatever
 * makes it refuse that too.
 *
 * @param record The record.
 * @returns The copy.
 */
export function copyExactly(record: unknown): unknown {
  if (typeof record !== "object" || record === null) return record;
  if (Array.isArray(record)) {
    if (!isPlain(Object.getPrototypeOf(record)) || "toJSON" in record) {
      return record;
    }
    return Array.from(record, copyExactly); // holes become undefined
  }
  const prototype = Object.getPrototypeOf(record);
  if (
    (prototype === null ? isRawJson(record) : !isPlain(prototype)) ||
    Object.getOwnPropertySymbols(record).length > 0
  ) return record;
  // Engines copy a small object by its shape, faster than member by member.
  const copy: Record<string, unknown> = { ...record };
  for (const key in copy) {
    const member = copy[key];
    if (member === undefined) delete copy[key];
    else if (typeof member === "object" && member !== null) {
      setOwn(copy, key, copyExactly(member));
    }
  }
  return copy;
}

/** Whether `JSON.rawJSON` made a value: text that JSON takes as it is. */
function isRawJson(value: object): boolean {
  return Object.isFrozen(value) && Object.hasOwn(value, "rawJSON");
}

/** Says what JSON would change in a value that is not faithful. */
function explain(value: unknown, path: string): string {
  if (typeof value !== "object" || value === null) {
    const what = Object.is(value, -0)
      ? "-0"
      : typeof value === "number"
      ? String(value)
      : typeof value;
    return `${path}, which is ${what}`;
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== null && !isPlain(prototype)) {
    return `${path}, which is an instance of ${prototype.constructor?.name}`;
  }
  if (prototype === null && isRawJson(value)) {
    return `${path}, which is raw JSON text`;
  }
  const members: [string, unknown][] = Array.isArray(value)
    ? Array.from(value, (member, n) => [`[${n}]`, member])
    : Object.entries(value).map(([key, member]) => [`.${key}`, member]);
  for (const [key, member] of members) {
    if (member === undefined && !Array.isArray(value)) continue;
    if (!isFaithful(member)) return explain(member, path + key);
  }
  return Array.isArray(value)
    ? `${path}, which is an array with toJSON`
    : `${path}, which has symbol keys`;
}

/** Whether a prototype is that of plain objects or arrays, of this realm or another. */
export function isPlain(prototype: object): boolean {
  if (prototype === Object.prototype || prototype === Array.prototype) {
    return true;
  }
  const parent = Object.getPrototypeOf(prototype);
  return parent === null
    ? Object.hasOwn(prototype, "hasOwnProperty")
    : Array.isArray(prototype) && Object.getPrototypeOf(parent) === null;
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
      `Cannot append the record: codec.encode returned ${typeof text}, not text`,
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
