/**
 * Every flipped bit, every cut and every cut filled with NUL, in every file of
 * journals of every kind. What must come out is what the model of the fuzzer says
 * (`fuzz/model.ts`), and of that each kind promises something more.
 */

import { assert, assertEquals } from "@std/assert";
import { type Op, write } from "./fuzz/journals.ts";
import { latin1 } from "./fuzz/lineage.ts";
import { judge, type Verdict } from "./fuzz/model.ts";
import { examine } from "./fuzz/oracle.ts";
import { test } from "./support/harness.ts";
import {
  bytesOf,
  concat,
  type Files,
  PATH,
  replaced,
} from "./support/journals.ts";

/** A file with damage. */
interface Damage {
  readonly what: string;
  readonly name: string;
  readonly kind: "flip" | "cut" | "cut and NUL";
  /** Offset of the first byte that changed. */
  readonly at: number;
  /** The file before. */
  readonly before: string;
}

/** A kind of journal, and what it promises. */
interface Kind {
  readonly what: string;
  readonly format?: "v0.1" | "v0.2";
  readonly close?: boolean;
  readonly ops: readonly Op[];
  readonly tail?: string;
  /** Which bits of the first byte are flipped; of the next byte they are the next ones. @default {all} */
  readonly bits?: readonly number[];
  /** Checks what became of the records, of which there were `all`. */
  readonly promise: (
    verdict: Verdict,
    damage: Damage,
    all: readonly string[],
  ) => void;
}

const append = (...records: unknown[]): Op => ({ kind: "append", records });
const ROTATE: Op = { kind: "rotate" };
const UPGRADE: Op = { kind: "upgrade" };
const ONE = append(42);
const TWO = append("ü // commit 3 00000000", 12345678);
const THREE = append([{ "": "\n" }, null]);
const FOUR = append(true);

/** Number of records that are still read; Infinity if the log is refused. */
function left(verdict: Verdict): number {
  if (verdict.kind === "refused") return Infinity;
  return verdict.kind === "log" ? verdict.texts.length : 0;
}

/** A flip costs nothing but a refusal. */
function keepsAll(
  verdict: Verdict,
  { kind, what }: Damage,
  all: readonly string[],
) {
  if (kind === "flip") assert(left(verdict) >= all.length, what);
}

/** A flip costs at most the last group, here of one record. */
function keepsAllButLast(
  verdict: Verdict,
  { kind, what }: Damage,
  all: readonly string[],
) {
  if (kind === "flip") assert(left(verdict) >= all.length - 1, what);
}

/** Any damage to a sealed file is refused. */
function sealedIsRefused(verdict: Verdict, { what, name }: Damage) {
  if (name !== PATH) assertEquals(verdict.kind, "refused", what);
}

/**
 * A flip changes no record but those of the line, or the two lines, that hold
 * the byte: each becomes a record or two, two become one, or the log is refused.
 * Only the last line can go without a word.
 */
function keepsOtherLines(
  verdict: Verdict,
  { kind, what, name, at, before }: Damage,
  all: readonly string[],
) {
  if (kind !== "flip" || verdict.kind !== "log") return;
  const lines = before.split("\n").length - 2;
  const behind = before.slice(at).split("\n").length - 2;
  const last = name === PATH ? all.length : lines;
  const front = all.slice(0, Math.max(0, last - behind - 1));
  const joined = before[at] === "\n" ? 1 : 0;
  const rest = all.slice(all.length - behind + joined);
  const texts = verdict.texts;
  assertEquals(texts.slice(0, front.length), front, what);
  if (behind > joined) assertEquals(texts.slice(-rest.length), rest, what);
  const count = texts.length - front.length - rest.length;
  assert(count >= 0 && count <= 2, `${what}: ${count} records in its place`);
}

function both(...promises: Kind["promise"][]): Kind["promise"] {
  return (...args) => promises.forEach((promise) => promise(...args));
}

/** One bit of each byte: `damage_test.ts` flips all of them in one file, and the fuzzer goes on. */
const SOME = [0];
const SEGMENTS = [ONE, ROTATE, TWO, ROTATE, FOUR];
const KINDS: readonly Kind[] = [
  {
    what: "a closed journal",
    ops: [ONE, TWO, FOUR],
    bits: SOME,
    close: true,
    promise: keepsAll,
  },
  {
    what: "an open journal",
    ops: [ONE, TWO, FOUR],
    bits: SOME,
    promise: keepsAllButLast,
  },
  {
    what: "a journal with a torn tail",
    ops: [ONE, TWO, FOUR],
    tail: '{"half\n// commit 5',
    bits: SOME,
    promise: keepsAllButLast,
  },
  {
    what: "the segments of a closed journal",
    ops: SEGMENTS,
    bits: SOME,
    close: true,
    promise: both(keepsAll, sealedIsRefused),
  },
  {
    what: "the segments of an open journal",
    ops: [ONE, ROTATE, THREE, FOUR],
    bits: SOME,
    promise: both(keepsAllButLast, sealedIsRefused),
  },
  {
    what: "the segments of a truncated journal",
    ops: [...SEGMENTS, { kind: "truncate", keep: 0 }, ONE, FOUR],
    bits: SOME,
    promise: both(keepsAllButLast, sealedIsRefused),
  },
  {
    what: "a mini-rs journal",
    format: "v0.1",
    ops: [ONE, TWO, THREE],
    promise: keepsOtherLines,
  },
  {
    what: "rotated mini-rs files",
    format: "v0.1",
    ops: [ONE, TWO, ROTATE, THREE, FOUR],
    bits: SOME,
    promise: (verdict, damage, all) => {
      if (damage.name === PATH) keepsOtherLines(verdict, damage, all);
    },
  },
  {
    what: "mini-rs files behind which v0.2 goes on",
    format: "v0.1",
    ops: [ONE, ROTATE, TWO, UPGRADE, FOUR],
    bits: SOME,
    close: true,
    promise: both(keepsAll, sealedIsRefused),
  },
];

const BITS = [1, 2, 4, 8, 16, 32, 64, 128];

function* damages(
  name: string,
  bytes: Uint8Array,
  bits: readonly number[],
): Generator<[Damage, Uint8Array]> {
  const before = latin1(bytes);
  for (let at = 0; at < bytes.length; at++) {
    const masks = bits.map((bit) => BITS[(bit + at) % BITS.length]);
    for (const mask of [255, ...masks]) {
      const flipped = bytes.slice();
      flipped[at] ^= mask;
      const what = `${name}: byte ${at} xor ${mask}`;
      yield [{ what, name, kind: "flip", at, before }, flipped];
    }
    const cut = { what: `${name}: cut at ${at}`, name, at, before };
    yield [{ ...cut, kind: "cut" }, bytes.slice(0, at)];
    const what = `${name}: NUL from ${at} on`;
    yield [{ ...cut, what, kind: "cut and NUL" }, bytes.slice().fill(0, at)];
  }
}

for (const kind of KINDS) {
  test(`MiniStore reads right or refuses ${kind.what} with any bit flipped, or cut anywhere`, async () => {
    const { format = "v0.2", close = false, ops, tail = "" } = kind;
    const { bits = [...BITS.keys()] } = kind;
    const { states, lineage } = await write({ seed: 1, format, close, ops });
    const last: Files = states[states.length - 1];
    const files = replaced(last, PATH, concat(bytesOf(last), tail));
    const world = { files, lineages: [lineage], donors: [] };
    const whole = judge(files, world);
    assert(whole.kind === "log");
    await examine(files, whole);
    let count = 0;
    for (const [name, bytes] of files) {
      for (const [damage, content] of damages(name, bytes, bits)) {
        const damaged = replaced(files, name, content);
        const verdict = judge(damaged, world);
        kind.promise(verdict, damage, whole.texts);
        try {
          await examine(damaged, verdict);
        } catch (error) {
          throw new Error(damage.what, { cause: error });
        }
        count++;
      }
    }
    assert(count > 400, `${count} damages`);
  });
}
