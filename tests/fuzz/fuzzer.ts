/** Cases of the fuzzer: drawn, run, shrunk and shown. */

import type { Files } from "../support/journals.ts";
import {
  build,
  drawShape,
  type Op,
  type Shape,
  type World,
} from "./journals.ts";
import { latin1 } from "./lineage.ts";
import { judge } from "./model.ts";
import { mutate } from "./mutations.ts";
import { examine, type Subject, Violation } from "./oracle.ts";
import { Random } from "./random.ts";

/** A case: a journal, and the seeds of what is done to it. */
export interface Case {
  readonly shape: Shape;
  readonly mutations: readonly number[];
  readonly seed: number;
}

/** What a case that violates an invariant looks like. */
export interface Finding {
  readonly case: Case;
  readonly violation: Violation;
  /** What was done, in words. */
  readonly mutations: readonly string[];
  /** The files it was done to, afterwards. */
  readonly files: Files;
}

/** So many cases in a row damage the same journal, because making it takes longest. */
const CASES_PER_SHAPE = 8;

/** The cases of a seed. */
export class Cases {
  readonly #seed: number;
  #block = -1;
  #shape: Shape | undefined;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Draws the case with a number. */
  draw(number: number): Case {
    const block = Math.floor(number / CASES_PER_SHAPE);
    if (this.#shape === undefined || block !== this.#block) {
      this.#block = block;
      this.#shape = drawShape(new Random(this.#seed, 0, block));
    }
    const random = new Random(this.#seed, 1, number);
    const count = random.oneIn(20) ? 0 : random.between(1, 4);
    const mutations = Array.from({ length: count }, () => random.bits());
    return { shape: this.#shape, mutations, seed: random.bits() };
  }
}

const worlds = new WeakMap<Shape, World>();

/** The journal of a shape, made once. */
async function worldOf(shape: Shape): Promise<World> {
  const world = worlds.get(shape) ?? await build(shape);
  worlds.set(shape, world);
  return world;
}

/** Runs a case; `undefined` if all invariants hold. */
export async function runCase(
  drawn: Case,
  subject?: Subject,
): Promise<Finding | undefined> {
  let world: World;
  try {
    world = await worldOf(drawn.shape);
  } catch (error) {
    const ops = JSON.stringify(drawn.shape.ops);
    const message = `the journal cannot be made: ${error} from ${ops}`;
    const violation = new Violation(message, { cause: error });
    return { case: drawn, violation, mutations: [], files: new Map() };
  }
  const files = new Map(world.files);
  const mutations = drawn.mutations.map((seed) =>
    mutate({ random: new Random(seed), world, files })
  );
  const random = new Random(drawn.seed);
  const verdict = judge(files, world);
  const isLegacy = ![...files.values()].some((bytes) =>
    latin1(bytes.subarray(0, 40)).includes(" v0.2.")
  );
  const from = random.oneIn(3)
    ? undefined
    : random.between(1, world.lineages[0].texts.length + 2);
  const format = isLegacy && random.oneIn(2) ? "v0.1" : "v0.2";
  try {
    await examine(files, verdict, { from, format, subject });
    return undefined;
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    return { case: drawn, violation: error, mutations, files };
  }
}

/** Makes a case smaller as long as it violates an invariant. */
export async function shrink(
  found: Finding,
  subject?: Subject,
): Promise<Finding> {
  let best = found;
  for (let smaller = true; smaller;) {
    smaller = false;
    for (const candidate of smallerCases(best.case)) {
      const finding = await runCase(candidate, subject);
      if (finding === undefined) continue;
      best = finding;
      smaller = true;
      break;
    }
  }
  return best;
}

/** Cases with one thing less. */
function* smallerCases({ shape, mutations, seed }: Case): Generator<Case> {
  for (let n = 0; n < mutations.length; n++) {
    yield { shape, mutations: mutations.toSpliced(n, 1), seed };
  }
  for (const key of ["forkOps", "ops"] as const) {
    for (const ops of fewer(shape[key])) {
      yield { shape: { ...shape, [key]: ops }, mutations, seed };
    }
  }
}

function* fewer(ops: readonly Op[]): Generator<Op[]> {
  for (const n of ops.keys()) yield ops.toSpliced(n, 1);
  for (const [n, op] of ops.entries()) {
    if (op.kind !== "append" || op.records.length < 2) continue;
    for (let at = 0; at < op.records.length; at++) {
      const records = op.records.toSpliced(at, 1);
      yield ops.toSpliced(n, 1, { kind: "append", records });
    }
  }
}

/** A finding as text. */
export function show(finding: Finding): string {
  const { violation, mutations, files } = finding;
  const lines = [`invariant: ${violation.message}`];
  for (const mutation of mutations) lines.push(`mutation: ${mutation}`);
  for (const [name, bytes] of [...files].sort()) {
    lines.push(`file ${name}, ${bytes.length} bytes:`);
    const text = latin1(bytes.subarray(0, 4000));
    for (const line of text.split(/(?<=\n)/)) {
      lines.push(`  ${JSON.stringify(line)}`);
    }
  }
  return lines.join("\n");
}
