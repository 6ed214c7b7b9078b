/**
 * Values and keys of programs, as source text.
 */

import type { Random } from "../fuzz/random.ts";

/** Keys that are safe to read: no object inherits them. */
const KEYS = [
  "a",
  "b",
  "c",
  "d",
  "x",
  "id",
  "k1",
  "7",
  "12",
  "03",
  "-1",
  "1.5",
  "Zß",
  "é",
  "😀",
  "a b",
  "",
];
/** Keys that are also names of something inherited: only to be set, asked for and removed. */
const NAMES = [
  "constructor",
  "toString",
  "length",
  "valueOf",
  "toJSON",
  "then",
  "hasOwnProperty",
  "4294967295",
];
const STRINGS = ["", "s", "text", "é😀", "12", "\\u2028", "\\ud800", '\\"\\\\'];

/** A key as a string literal. */
export function drawKey(random: Random): string {
  return JSON.stringify(random.pick(KEYS));
}

/** A key as a string literal, now and then the name of something inherited. */
export function drawName(random: Random): string {
  return random.oneIn(4) ? JSON.stringify(random.pick(NAMES)) : drawKey(random);
}

/** A string, number, boolean or null. */
export function drawScalar(random: Random): string {
  switch (random.below(8)) {
    case 0:
      return "null";
    case 1:
      return random.pick(["true", "false"]);
    case 2:
    case 3:
      return `"${random.pick(STRINGS)}"`;
    case 4:
      return random.pick(["1.5", "1e21", "-7", "1e-7", "9007199254740993"]);
    default:
      return String(random.below(10));
  }
}

/** A value that is JSON. */
export function drawJson(random: Random, depth: number): string {
  if (depth > 2 || random.oneIn(2)) return drawScalar(random);
  const count = random.below(3);
  const parts = Array.from({ length: count }, (_, n) => {
    const value = drawJson(random, depth + 1);
    return random.oneIn(2) ? `"${"abc"[n]}": ${value}` : value;
  });
  // Members need keys, and items have none.
  return random.oneIn(2)
    ? `{${parts.map((part, n) => keyed(part, n)).join(", ")}}`
    : `[${parts.map(unkeyed).join(", ")}]`;
}

const KEYED = /^"[abc]": /;
const keyed = (part: string, n: number) =>
  KEYED.test(part) ? part : `"${n * 5}": ${part}`;
const unkeyed = (part: string) => part.replace(KEYED, "");

/** A value of an expression: JSON, a part of the payload, or what JSON writes differently. */
export function drawValue(random: Random): string {
  switch (random.below(12)) {
    case 0:
      return "p.v";
    case 1:
      return "p.o";
    case 2:
      return "p.l";
    case 3:
      return "-0";
    default:
      return drawJson(random, 0);
  }
}

/** An object with a number `n`, as rows, maps and records hold them. */
export function drawObject(random: Random): string {
  switch (random.below(6)) {
    case 0:
      return "p.o";
    case 1:
      return `{n: ${random.below(9)}, l: [1, 2]}`;
    case 2:
      return `{${drawKey(random)}: ${drawJson(random, 1)}, n: 1}`;
    case 3:
      return `{n: ${random.below(9)}, u: undefined, in: {n: -0}}`;
    default:
      return `{n: ${random.below(9)}}`;
  }
}

/** An array of numbers and strings. */
export function drawArray(random: Random): string {
  if (random.oneIn(5)) return "p.l";
  const items = Array.from(
    { length: random.below(5) },
    () => random.oneIn(5) ? '"s"' : String(random.below(9)),
  );
  return `[${items.join(", ")}]`;
}

/** What is no JSON: refused if it stays. */
export const ODD: readonly string[] = [
  "NaN",
  "Infinity",
  "-Infinity",
  "() => 1",
  'Symbol("s")',
  "10n",
  "/x/",
  "new Date(0)",
  "new Map([[1, 2]])",
  "new Set([1])",
  "[1, , 2]",
  "[undefined]",
  "new (class Odd { n = 1 })()",
  "new Number(1)",
  "{n: NaN}",
  "[[Infinity]]",
  "Object.assign([1], {x: 1})",
  "{n: 1, [Symbol.iterator]: 1}",
  "Promise.resolve(1)",
  "new Uint8Array(2)",
  "Object.create({n: 1})",
  'Object.defineProperty({n: 1}, "h", {value: 1})',
  "{f() {}}",
  "new Array(3)",
  'new Error("e")',
  "Object.assign(() => 1, {n: 1})",
];
