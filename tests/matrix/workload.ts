/**
 * Long workloads by chance, parted into generations: from one opening of the log
 * to its end, so that a fault in a late one need not play the early ones again.
 */

import {
  CHANGES,
  type Operation,
  type OperationKind,
  SimulatedFileSystem,
} from "../../src/testing/mod.ts";
import { SeededRandom } from "../../src/testing/random.ts";
import { Oracle, type Owed, type Settings } from "../crash/oracle.ts";
import { newRun, open, STEPS, storeOf, type WatchedRun } from "./steps.ts";
import type { Column } from "./table.ts";

/** The calls that change nothing. */
export const LOOKS: readonly OperationKind[] = [
  "open-read",
  "open-write",
  "read",
  "size",
  "stat",
  "readDir",
  "lock",
  "close",
];

/** A call that a generation makes when nothing fails. */
export interface Call {
  readonly kind: OperationKind;
  /** What the log was about. */
  readonly column: Column;
  /** The kinds it is counted among, and its number there, from 1. */
  readonly among: readonly OperationKind[];
  readonly at: number;
  readonly length: number;
}

/** How generations end: with a write that stops in its middle, closed, with a power cut, or killed. */
const ENDINGS = ["torn", "close", "cut", "kill"] as const;
type Ending = (typeof ENDINGS)[number];

/** What happens between an opening of a log and the end of it. */
export interface Generation {
  readonly name: string;
  readonly seed: number;
  readonly settings: Settings;
  /** What it begins with; copied for each run. */
  readonly disk: SimulatedFileSystem;
  readonly owed: Owed;
  /** Whether the generation before has closed the log. */
  readonly clean: boolean;
  readonly steps: string;
  readonly calls: readonly Call[];
}

type Plan = Omit<Generation, "calls">;
/** A step: what the log is about, what is called, and its letter. */
type Action = readonly [
  Column,
  (run: WatchedRun) => Promise<unknown>,
  string?,
];

const LETTERS = Object.keys(STEPS);
/** Steps of a generation. */
const STEPS_EACH = 3;

/** How the log is written; the next generation may write it otherwise. */
const SETTINGS: readonly Settings[] = [
  {},
  { maxSegmentBytes: 256, retain: 2 },
];

/** A workload with at least `changes` changing calls. */
export async function workload(
  seed: number,
  changes: number,
): Promise<readonly Generation[]> {
  const random = new SeededRandom(seed);
  const generations: Generation[] = [];
  const deck: string[] = [];
  let made = 0;
  let disk = new SimulatedFileSystem({ seed });
  let { owed } = new Oracle({});
  let clean = false;
  while (made < changes) {
    const settings = random.pick(SETTINGS);
    const steps = Array.from({ length: STEPS_EACH }, () => draw(deck, random));
    const number = generations.length + 1;
    const plan: Plan = {
      name: `seed ${seed}, generation ${number}, ${JSON.stringify(settings)}`,
      seed: seed * 1000 + generations.length,
      settings,
      disk,
      owed,
      clean,
      steps: steps.join(""),
    };
    const calls = await record(plan);
    made += calls.filter(({ among }) => among === CHANGES).length;
    generations.push({ ...plan, calls });
    const ending = ENDINGS[number % ENDINGS.length];
    clean = ending === "close";
    ({ disk, owed } = await endOf(plan, ending, draw(deck, random), random));
  }
  return generations;
}

/** A step by chance; each one comes before any comes again. */
function draw(deck: string[], random: SeededRandom): string {
  if (deck.length === 0) deck.push(...LETTERS);
  return deck.splice(random.below(deck.length), 1)[0];
}

/** A run of a generation, before its first step. */
export function start({ disk, owed, settings, seed }: Plan): WatchedRun {
  const oracle = new Oracle(settings);
  let last = 0;
  for (const end of [...owed.ends, owed.records.length]) {
    if (end > last) oracle.submit(end - last);
    last = end;
  }
  if (owed.acknowledged > 0) oracle.acknowledge(owed.acknowledged);
  oracle.mayDrop(owed.droppable);
  oracle.hasDropped(owed.dropped);
  return newRun(disk.clone(seed), oracle);
}

/** What a generation does, one after the other. */
export function actions({ steps }: Plan): readonly Action[] {
  return [
    ["open", open],
    ...Array.from(steps, step),
    ["close", (run) => storeOf(run).close()],
  ];
}

function step(letter: string): Action {
  const column = letter === "r"
    ? "rotate"
    : letter === "t"
    ? "truncate"
    : "append";
  const act = async (run: WatchedRun) => await STEPS[letter](run, storeOf(run));
  return [column, act, letter];
}

/** Plays a generation without any failure, and notes its calls. */
async function record(plan: Plan): Promise<readonly Call[]> {
  const run = start(plan);
  const { operations } = run.fileSystem;
  const calls: Call[] = [];
  const numbers = new Map<readonly OperationKind[], number>();
  for (const [column, act] of actions(plan)) {
    let now = column;
    await act(run);
    for (const operation of operations.slice(calls.length)) {
      if (column === "append") now = columnOf(operation, now);
      const { kind, bytes } = operation;
      const among = CHANGES.includes(kind) ? CHANGES : LOOKS;
      const at = (numbers.get(among) ?? 0) + 1;
      numbers.set(among, at);
      calls.push({ kind, column: now, among, at, length: bytes?.length ?? 0 });
    }
  }
  return calls;
}

const CLOSED = new TextEncoder().encode("// closed ");

/** An append may have to rotate: that begins with a closed line, and ends where the next group is about to be written. */
function columnOf({ kind, bytes }: Operation, now: Column): Column {
  if (kind === "size") return "append";
  const seals = bytes !== undefined && CLOSED.every((b, n) => b === bytes[n]);
  return seals || kind === "stat" ? "rotate" : now;
}

/** Ends a generation, where it is not closed in one step more. */
async function endOf(
  plan: Plan,
  ending: Ending,
  last: string,
  random: SeededRandom,
): Promise<Pick<Plan, "disk" | "owed">> {
  const run = start(plan);
  const { fileSystem, oracle } = run;
  const close = ending === "close";
  for (const [, act] of actions(plan).slice(0, close ? undefined : -1)) {
    await act(run);
  }
  if (ending === "torn") {
    fileSystem.inject({ kinds: ["write"], errno: "EIO", written: 9 });
    await STEPS.b(run, storeOf(run)).catch(() => {});
  } else if (!close) {
    // The program stops in front of one of the changes, or behind all of them.
    let left = random.below(10);
    fileSystem.onOperation = ({ kind }) => {
      if (CHANGES.includes(kind) && left-- === 0) fileSystem.stop();
    };
    const [, act] = step(last);
    await act(run).catch(() => {});
    fileSystem.onOperation = () => {};
  }
  const { records, droppable } = oracle.owed;
  // What `retain` has removed is gone for those who come later, too.
  const gone = plan.settings.retain === undefined ? droppable : records.length;
  const owed = { ...oracle.owed, droppable: gone };
  if (ending !== "cut") return { disk: fileSystem.clone(), owed };
  const { seed } = plan;
  const states = fileSystem.crashStates({ seed, sectorSize: 64 });
  const { image } = random.pick([...states]);
  return { disk: new SimulatedFileSystem({ image, seed }), owed };
}
