/**
 * A workload on a state, parted into generations: from one opening to its end, so
 * that a fault in a late one need not play the early ones again.
 */

import { CHANGES, SimulatedFileSystem } from "../../src/testing/mod.ts";
import { SeededRandom } from "../../src/testing/random.ts";
import { StateOracle, type StateOwed, type StateSettings } from "./ledger.ts";
import {
  managerOf,
  newStateRun,
  openState,
  STATE_STEPS,
  type StateRun,
  type StateStep,
} from "./state_steps.ts";
import { type Call, LOOKS } from "./workload.ts";

/** What happens between an opening of a state and the end of it. */
export interface StateGeneration {
  readonly name: string;
  readonly seed: number;
  readonly steps: string;
  /** What it begins with; copied for each run. */
  readonly disk: SimulatedFileSystem;
  readonly owed: StateOwed;
  readonly calls: readonly Call[];
}

type Plan = Omit<StateGeneration, "calls">;

/** How generations end, in turn; `snap` is killed while it writes a snapshot. */
const ENDINGS = ["torn", "snap", "close", "cut"] as const;
const SETTINGS: readonly StateSettings[] = [{}, { maxSegmentBytes: 150 }];
/** The last generations have automatic snapshots, or compactions. */
const AUTOMATIC: readonly StateSettings[] = [
  { snapshotAfter: 1 },
  { snapshotAfter: 1, keepHistory: false, maxSegmentBytes: 150 },
];
/** Steps of a generation. */
const STEPS_EACH = 3;
const [AUTO_LETTERS, LETTERS] = [true, false].map((isAuto) =>
  Object.keys(STATE_STEPS).filter((letter) =>
    (STATE_STEPS[letter].column === "auto") === isAuto
  )
);

/** A workload with at least `changes` changing calls. */
export async function stateWorkload(
  seed: number,
  changes: number,
): Promise<readonly StateGeneration[]> {
  const random = new SeededRandom(seed);
  const generations: StateGeneration[] = [];
  const deck: string[] = [];
  let made = 0;
  let disk = new SimulatedFileSystem({ seed });
  let { owed } = new StateOracle({});
  while (made < changes) {
    const settings = random.pick(SETTINGS);
    const steps = Array.from({ length: STEPS_EACH }, () => draw(deck, random));
    const number = generations.length;
    const plan = planOf(seed, number, steps, { disk, owed, settings });
    const calls = await record(plan);
    made += calls.filter(({ among }) => among === CHANGES).length;
    generations.push({ ...plan, calls });
    const ending = ENDINGS[number % ENDINGS.length];
    ({ disk, owed } = await endOf(plan, ending, random));
  }
  for (const settings of AUTOMATIC) {
    const number = generations.length;
    const plan = planOf(seed, number, AUTO_LETTERS, { disk, owed, settings });
    generations.push({ ...plan, calls: await record(plan) });
    ({ disk, owed } = await endOf(plan, "close", random));
  }
  return generations;
}

function planOf(
  seed: number,
  number: number,
  steps: readonly string[],
  { disk, owed, settings }: Pick<Plan, "disk" | "owed"> & {
    settings: StateSettings;
  },
): Plan {
  return {
    name: `seed ${seed}, generation ${number}, ${JSON.stringify(settings)}`,
    seed: seed * 1000 + number,
    steps: steps.join(""),
    disk,
    owed: { ...owed, settings },
  };
}

/** A step by chance; each one comes before any comes again. */
function draw(deck: string[], random: SeededRandom): string {
  if (deck.length === 0) deck.push(...LETTERS);
  return deck.splice(random.below(deck.length), 1)[0];
}

/** A run of a generation, before its first step. */
export function startState({ disk, owed, seed }: Plan): StateRun {
  const oracle = new StateOracle(owed.settings, owed);
  return newStateRun(disk.clone(seed), oracle);
}

/** What a generation does, one after the other. */
export function stateActions({ steps }: Plan): readonly StateStep[] {
  return [
    { column: "load", act: openState },
    ...Array.from(steps, (letter) => STATE_STEPS[letter]),
    { column: "state", act: (run) => managerOf(run).close() },
  ];
}

/** Plays a generation without any failure, and notes its calls. */
async function record(plan: Plan): Promise<readonly Call[]> {
  const run = startState(plan);
  const { operations } = run.fileSystem;
  const calls: Call[] = [];
  const numbers = new Map<Call["among"], number>();
  for (const { column, act } of stateActions(plan)) {
    await act(run);
    for (const { kind, bytes } of operations.slice(calls.length)) {
      const among = CHANGES.includes(kind) ? CHANGES : LOOKS;
      const at = (numbers.get(among) ?? 0) + 1;
      numbers.set(among, at);
      calls.push({ kind, column, among, at, length: bytes?.length ?? 0 });
    }
  }
  return calls;
}

/** Ends a generation. */
async function endOf(
  plan: Plan,
  ending: (typeof ENDINGS)[number],
  random: SeededRandom,
): Promise<Pick<Plan, "disk" | "owed">> {
  const run = startState(plan);
  const { fileSystem, oracle } = run;
  const close = ending === "close";
  for (const { act } of stateActions(plan).slice(0, close ? undefined : -1)) {
    await act(run);
  }
  if (ending === "torn") {
    fileSystem.inject({ kinds: ["write"], errno: "EIO", written: 9 });
    await STATE_STEPS.b.act(run).catch(() => {});
  } else if (!close) {
    // The program stops in front of one of the changes, or behind all of them.
    let left = random.below(20);
    fileSystem.onOperation = ({ kind }) => {
      if (CHANGES.includes(kind) && left-- === 0) fileSystem.stop();
    };
    await STATE_STEPS[ending === "snap" ? "s" : "q"].act(run).catch(() => {});
    fileSystem.onOperation = () => {};
  }
  const { owed } = oracle;
  if (ending !== "cut") return { disk: fileSystem.clone(), owed };
  const { seed } = plan;
  const states = fileSystem.crashStates({ seed, sectorSize: 64 });
  const { image } = random.pick([...states]);
  return { disk: new SimulatedFileSystem({ image, seed }), owed };
}
