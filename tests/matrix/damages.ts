/**
 * Damage that an opening meets: what it must cut, and what it must refuse.
 */

import { type DurableError, MiniStore } from "../../mod.ts";
import {
  BOUNDARIES,
  bytesOf,
  concat,
  type Files,
  filesOf,
  journal,
  PATH,
  RECORDS,
  replaced,
  withFiles,
} from "../support/journals.ts";
import { type After, type Cells, expect } from "./cells.ts";

/** A damaged log, and how many records must come back unless it is refused. */
export interface Damage {
  readonly what: string;
  readonly files: Files;
  readonly least: number;
}

/** Damaged logs, one after the other. */
export type Damages = () => AsyncIterable<Damage>;

const ONE = `${PATH}.000001`;
const TWO = `${PATH}.000002`;
const ALL = RECORDS.length;
const BEFORE_LAST = BOUNDARIES[BOUNDARIES.length - 2];
const rotated = () => journal({ rotateAfter: [1, 2] });

/** Bytes between two cuts of what must be refused anyway. */
const STRIDE = 5;

/** The damage of each row of the matrix. */
export const DAMAGES: Readonly<Record<string, Damages>> = {
  async *"a bit flips in the middle or in a sealed segment"() {
    const files = await journal({ rotateAfter: [1], close: false });
    yield* flips(files, ONE, 0, bytesOf(files, ONE).length, ALL);
    yield* flips(files, PATH, 0, groupStart(files, 1), ALL);
  },
  async *"a bit flips in the last group of a log left open"() {
    const files = await journal({ close: false });
    yield* flips(files, PATH, groupStart(files, 1), Infinity, BEFORE_LAST);
  },
  async *"a bit flips in the last group of a closed log"() {
    const files = await journal();
    yield* flips(files, PATH, groupStart(files, 1), closedLine(files), ALL);
  },
  async *"a bit flips in the closed line"() {
    const files = await journal();
    yield* flips(files, PATH, closedLine(files), Infinity, ALL);
  },
  async *"the newest segment is cut"() {
    const files = await rotated();
    const bytes = bytesOf(files);
    for (let size = bytes.indexOf(10) + 1; size < bytes.length; size++) {
      const least = BOUNDARIES[2 + commits(bytes.subarray(0, size))];
      yield cut(files, PATH, size, least);
    }
  },
  async *"a sealed segment or a header is cut"() {
    const files = await rotated();
    for (const name of [ONE, TWO, PATH]) {
      const bytes = bytesOf(files, name);
      const end = name === PATH ? bytes.indexOf(10) + 1 : bytes.length;
      for (let size = 0; size < end; size += STRIDE) {
        yield cut(files, name, size, ALL);
      }
    }
  },
  async *"a segment is missing, swapped, repeated or foreign"() {
    const [files, other] = [await rotated(), await rotated()];
    const changes: [string, [string, Uint8Array | undefined][]][] = [
      ["the first is missing", [[ONE, undefined]]],
      ["one in the middle is missing", [[TWO, undefined]]],
      ["the newest is missing", [[PATH, undefined]]],
      ["two are swapped", [[ONE, files.get(TWO)], [TWO, files.get(ONE)]]],
      ["one is repeated", [[TWO, files.get(ONE)]]],
      ["one is foreign", [[TWO, other.get(TWO)]]],
      ["the newest is foreign", [[PATH, other.get(PATH)]]],
    ];
    for (const [what, replacements] of changes) {
      const changed = replacements.reduce(
        (files, [name, bytes]) => replaced(files, name, bytes),
        files,
      );
      yield { what, files: changed, least: ALL };
    }
  },
  async *"NUL, garbage or half a line stands at the end"() {
    for (const close of [true, false]) {
      const files = await journal({ close });
      for (const [what, tail] of TAILS) {
        const bytes = concat(bytesOf(files), tail);
        yield { what, files: replaced(files, PATH, bytes), least: ALL };
      }
    }
  },
  async *"NUL, garbage or half a line stands in front of a group"() {
    const files = await journal({ close: false });
    const bytes = bytesOf(files);
    const at = groupStart(files, 2);
    for (const [what, tail] of TAILS) {
      const broken = concat(bytes.slice(0, at), tail, bytes.slice(at));
      yield { what, files: replaced(files, PATH, broken), least: ALL };
    }
  },
};

const TAILS: readonly (readonly [string, string | Uint8Array])[] = [
  ["NUL bytes", new Uint8Array(700)],
  ["NUL bytes and a line end", "\0\0\0\n"],
  ["garbage", new Uint8Array([0xff, 0xfe, 0xc3, 0x28, 10, 0x80])],
  ["half a record", '{"Set":{"val'],
  ["a record without a commit line", "7\n"],
  ["a commit line that is wrong", "7\n// commit 10 00000000\n"],
];

/** Opens the damaged logs, and notes what becomes of them. */
export async function openDamaged(
  damages: Damages,
  cells: Cells,
): Promise<void> {
  for await (const damage of damages()) {
    await cells.attempt("open", damage.what, async () => {
      cells.after("open", await outcomeOf(damage));
    });
  }
}

async function outcomeOf({ files, least }: Damage): Promise<After> {
  const fileSystem = await withFiles(files);
  const read = await MiniStore.replay(PATH, { fileSystem }).catch(refusal);
  const store = await MiniStore.open(PATH, { fileSystem }).catch(refusal);
  if (!(store instanceof MiniStore)) {
    expect(!Array.isArray(read), "a reader accepts what open refuses");
    expect(isSame(await filesOf(fileSystem), files), "a refusal changes files");
    return "R";
  }
  const { torn } = store.recovery;
  await store.close();
  // A flip in the middle of a sealed segment is met by whoever reads that far.
  if (!Array.isArray(read)) return "R";
  const wanted = JSON.stringify(RECORDS.slice(0, read.length));
  expect(JSON.stringify(read) === wanted, "W2: it is not a prefix");
  expect(BOUNDARIES.includes(read.length), "W3: a group in parts");
  expect(read.length >= least, `W1: ${read.length} records of ${least}`);
  expect(store.sequence === read.length, "W11: a reader saw something else");
  if (!torn) return "O";
  const kept = (await filesOf(fileSystem)).get(torn.keptAs);
  const lost = bytesOf(files, torn.path).subarray(torn.offset);
  expect(kept !== undefined && isEqual(kept, lost), "W9: the tail is not kept");
  return "T";
}

/** A refusal has a code and a position. */
function refusal(error: DurableError): DurableError {
  const { code, path, offset } = error;
  const codes = ["CORRUPT", "NOT_A_JOURNAL", "UNSUPPORTED_VERSION"];
  if (!codes.includes(code)) throw error;
  expect(path !== undefined && offset !== undefined, "R: without a position");
  return error;
}

function* flips(
  files: Files,
  name: string,
  from: number,
  to: number,
  least: number,
): Generator<Damage> {
  const bytes = bytesOf(files, name);
  for (let at = from; at < Math.min(to, bytes.length); at++) {
    const flipped = bytes.slice();
    flipped[at] ^= 1 << (at % 8);
    const what = `${name}, bit ${at % 8} of byte ${at}`;
    yield { what, files: replaced(files, name, flipped), least };
  }
}

function cut(files: Files, name: string, size: number, least: number): Damage {
  const bytes = bytesOf(files, name).slice(0, size);
  const what = `${name}, cut at ${size}`;
  return { what, files: replaced(files, name, bytes), least };
}

const decoder = new TextDecoder("latin1");

/** Where a group of the newest segment begins: the last one, the one before. */
function groupStart(files: Files, fromEnd: number): number {
  const text = decoder.decode(bytesOf(files));
  const marks = [...text.matchAll(/^\/\/ (?:MINISTORE|commit) .*\n/gm)];
  const mark = marks[marks.length - 1 - fromEnd];
  return mark.index + mark[0].length;
}

function closedLine(files: Files): number {
  return decoder.decode(bytesOf(files)).lastIndexOf("// closed ");
}

function commits(bytes: Uint8Array): number {
  return decoder.decode(bytes).match(/^\/\/ commit \d+ \w{8}\n/gm)?.length ?? 0;
}

function isSame(a: Files, b: Files): boolean {
  return a.size === b.size &&
    [...a].every(([name, bytes]) => isEqual(bytes, b.get(name)));
}

function isEqual(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return a.length === b?.length && a.every((byte, n) => byte === b[n]);
}
