/** Journals of random shape, and what is known of them. */

import { MemoryFileSystem, MiniStore } from "../../mod.ts";
import { FaultyFileSystem } from "../support/faulty_file_system.ts";
import { type Files, filesOf, PATH } from "../support/journals.ts";
import { writeFile } from "../support/text.ts";
import { Lineage } from "./lineage.ts";
import { Random } from "./random.ts";

/** One thing that is done to a log. */
export type Op =
  | { readonly kind: "append"; readonly records: readonly unknown[] }
  | { readonly kind: "rotate" }
  | { readonly kind: "truncate"; readonly keep: number }
  | { readonly kind: "reopen" }
  | { readonly kind: "upgrade" };

/** How a journal is made; ops can be left out of it one by one. */
export interface Shape {
  readonly seed: number;
  readonly format: "v0.1" | "v0.2";
  readonly ops: readonly Op[];
  readonly close: boolean;
  /** Which of the states on the way is taken, counted from the end; 0 is the last. */
  readonly moment: number;
  /** What the fork does after it left the log. */
  readonly forkOps: readonly Op[];
  /** After which part of its states the fork leaves, from 0 to 1. */
  readonly forkAt: number;
}

/** A journal to damage, with everything that may get mixed up with it. */
export interface World {
  /** The files before any damage. */
  readonly files: Files;
  /** The log itself, a fork of it (a copy that went another way), and a foreign log. */
  readonly lineages: readonly Lineage[];
  /** Older and other states of the three, to copy from. */
  readonly donors: readonly Files[];
}

/** A file system whose ids and times depend on a seed. */
class SeededFileSystem extends MemoryFileSystem {
  readonly #random: Random;
  #time = Date.UTC(2026, 0, 1);

  constructor(seed: number) {
    super();
    this.#random = new Random(seed);
  }

  override now(): number {
    return this.#time += 1000;
  }

  override random(): number {
    return this.#random.bits();
  }
}

/** Draws the shape of a journal. */
export function drawShape(random: Random): Shape {
  const format = random.oneIn(3) ? "v0.1" : "v0.2";
  const ops = drawOps(random, random.between(1, 9), format === "v0.1");
  return {
    seed: random.bits(),
    format,
    ops,
    close: random.oneIn(2),
    moment: random.oneIn(4) ? random.below(12) : 0,
    forkOps: drawOps(random, random.between(1, 3), false),
    forkAt: random.below(1000) / 1000,
  };
}

function drawOps(random: Random, count: number, legacy: boolean): Op[] {
  return Array.from({ length: count }, (): Op => {
    const at = random.below(20);
    if (at < 12) return { kind: "append", records: drawRecords(random) };
    if (at < 16) return { kind: "rotate" };
    if (at < 18) return { kind: legacy ? "upgrade" : "reopen" };
    if (at < 19) return { kind: "reopen" };
    return { kind: "truncate", keep: random.below(4) };
  });
}

function drawRecords(random: Random): unknown[] {
  const count = random.oneIn(30) ? 60 : random.between(1, 4);
  return Array.from({ length: count }, () => drawRecord(random));
}

const WORDS = [
  "",
  "plain",
  "grüße",
  "価格は€5",
  "🎈🎈",
  "\u0000\u0001\n\r\n",
  '"quoted" \\ \\u0000',
  "// commit 3 00000000",
  "\n// commit 2 deadbeef\n// closed 2 cafebabe\n",
  "// MINISTORE JOURNAL v0.2.0 {}",
  "\u2028\ufeff\ufffd",
];

function drawRecord(random: Random): unknown {
  switch (random.below(10)) {
    case 0:
      return random.pick([null, true, false, 0, [], {}, "", 1.5e300]);
    case 1: // ends its line like a checksum
      return random.between(10_000_000, 99_999_999);
    case 2:
      return random.pick(WORDS).repeat(random.between(1, 12));
    case 3:
      return { n: random.bits(), list: [random.pick(WORDS), [{}], -0.5] };
    case 4:
      return random.oneIn(40)
        ? "x".repeat(random.between(16_000, 140_000))
        : "\ud800";
    default:
      return { op: random.pick(WORDS), n: random.below(100) };
  }
}

/** Makes the journal of a shape, its fork, and a foreign log that looks the same. */
export async function build(shape: Shape): Promise<World> {
  const { seed, format, ops, close, forkOps, forkAt } = shape;
  const own = await write({ seed, format, ops, close });
  const leave = Math.floor(own.states.length * forkAt);
  const before = {
    states: own.states.slice(0, leave + 1),
    texts: own.lineage.texts,
  };
  const fork = await write({ seed: seed + 1, ops: forkOps, close, before });
  const other = await write({ seed: seed + 2, format, ops, close });
  const donors = [own, fork, other].flatMap(({ states }) => states);
  const lineages = [own, fork, other].map(({ lineage }) => lineage);
  const at = Math.max(0, own.states.length - 1 - shape.moment);
  return { files: own.states[at], lineages, donors };
}

/** How one log is written. */
export interface Script {
  readonly seed: number;
  readonly format?: "v0.1" | "v0.2";
  readonly ops: readonly Op[];
  readonly close: boolean;
  /** The states up to the one that a fork begins with, and the records of the log it leaves. */
  readonly before?: {
    readonly states: readonly Files[];
    readonly texts: readonly string[];
  };
}

/** A log that was written. */
export interface Written {
  /** Every state that a crash could have left, the last one as it was asked for. */
  readonly states: readonly Files[];
  readonly lineage: Lineage;
}

/** Writes a log. */
export async function write(script: Script): Promise<Written> {
  const { states: past = [], texts: known = [] } = script.before ?? {};
  const inner = new SeededFileSystem(script.seed);
  const from = past.at(-1);
  for (const [name, bytes] of from ?? []) await writeFile(inner, name, bytes);
  let legacy = script.format === "v0.1";
  const fileSystem = new FaultyFileSystem(inner);
  const states: Files[] = [];
  const note = async () => void states.push(await filesOf(inner));
  fileSystem.onCall = ({ kind }) => {
    if (kind === "rename" || kind === "remove") return note();
  };
  const open = () => {
    const format = legacy ? "v0.1" as const : "v0.2" as const;
    return MiniStore.open<unknown>(PATH, { fileSystem, format });
  };
  let store = await open();
  const texts = known.slice(0, store.sequence);
  await note();
  for (const op of script.ops) {
    if (op.kind === "append") {
      const sequence = store.sequence;
      // Format v0.1 refuses a lone surrogate.
      await store.appendAll(op.records).catch(() => {});
      if (store.sequence > sequence) {
        texts.push(...op.records.map((record) => JSON.stringify(record)));
      }
    } else if (op.kind === "rotate") await store.rotate();
    else if (op.kind === "truncate") {
      // In format v0.1 sequence numbers would change.
      const before = Math.max(1, store.sequence - op.keep);
      if (!legacy) await store.truncateBefore(before);
    } else {
      await store.close();
      if (op.kind === "upgrade") legacy = false;
      store = await open();
    }
    await note();
  }
  if (script.close) {
    await store.close();
    await note();
  } else {
    fileSystem.onCall = () => {};
    await store.close();
  }
  return { states, lineage: new Lineage(texts, [...past, ...states]) };
}
