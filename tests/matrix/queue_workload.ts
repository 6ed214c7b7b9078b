/**
 * A workload on a queue, parted into generations: from one opening to its end, so
 * that a fault in a late one need not play the early ones again.
 */

import { CHANGES, SimulatedFileSystem } from "../../src/testing/mod.ts";
import { SeededRandom } from "../../src/testing/random.ts";
import {
  newQueueRun,
  openQueueRun,
  queueOf,
  type QueueRun,
} from "./queue_calls.ts";
import {
  QueueOracle,
  type QueueOwed,
  type QueueSettings,
} from "./queue_oracle.ts";
import { QUEUE_STEPS, type QueueStep } from "./queue_steps.ts";
import { type Call, LOOKS } from "./workload.ts";

/** What happens between an opening of a queue and the end of it. */
export interface QueueGeneration {
  readonly name: string;
  readonly seed: number;
  readonly steps: string;
  /** What it begins with; copied for each run. */
  readonly disk: SimulatedFileSystem;
  readonly owed: QueueOwed;
  readonly calls: readonly Call[];
}

type Plan = Omit<QueueGeneration, "calls">;

/** How generations end, in turn; `compact` is killed while it compacts. */
const ENDINGS = ["torn", "compact", "close", "cut"] as const;
const SETTINGS: readonly QueueSettings[] = [{}, { maxSegmentBytes: 400 }];
/** Steps of a generation, besides a compaction of it. */
const STEPS_EACH = 3;
const LETTERS = Object.keys(QUEUE_STEPS).filter((letter) => letter !== "q");

/** A workload with at least `changes` changing calls. */
export async function queueWorkload(
  seed: number,
  changes: number,
): Promise<readonly QueueGeneration[]> {
  const random = new SeededRandom(seed);
  const generations: QueueGeneration[] = [];
  const deck: string[] = [];
  let made = 0;
  let disk = new SimulatedFileSystem({ seed });
  let { owed } = new QueueOracle();
  while (made < changes) {
    const settings = random.pick(SETTINGS);
    const steps = Array.from({ length: STEPS_EACH }, () => draw(deck, random));
    const number = generations.length;
    // Compactions need something to compact: they come often.
    if (number % 2 === 1) steps.push("q");
    const plan: Plan = {
      name: `seed ${seed}, generation ${number}, ${JSON.stringify(settings)}`,
      seed: seed * 1000 + number,
      steps: steps.join(""),
      disk,
      owed: { ...owed, settings },
    };
    const calls = await record(plan);
    made += calls.filter(({ among }) => among === CHANGES).length;
    generations.push({ ...plan, calls });
    const ending = ENDINGS[number % ENDINGS.length];
    ({ disk, owed } = await endOf(plan, ending, random));
  }
  return generations;
}

/** A step by chance; each one comes before any comes again. */
function draw(deck: string[], random: SeededRandom): string {
  if (deck.length === 0) deck.push(...LETTERS);
  return deck.splice(random.below(deck.length), 1)[0];
}

/** A run of a generation, before its first step. */
export function startQueue({ disk, owed, seed }: Plan): QueueRun {
  return newQueueRun(disk.clone(seed), new QueueOracle(owed));
}

/** What a generation does, one after the other. */
export function queueActions({ steps }: Plan): readonly QueueStep[] {
  return [
    {
      column: "reopen",
      act: async (run) => {
        await openQueueRun(run);
        run.oracle.isOpened();
      },
    },
    ...Array.from(steps, (letter) => QUEUE_STEPS[letter]),
    { column: "queue", act: (run) => queueOf(run).close() },
  ];
}

/**
 * Plays a step, and says how it failed. Everybody plays them by this: what shares a
 * commit with what depends on each turn that is taken between two of them.
 */
export function outcomeOf(step: QueueStep, run: QueueRun): Promise<unknown> {
  return step.act(run).then(() => undefined, (error) => error);
}

/** Plays a generation without any failure, and notes its calls. */
async function record(plan: Plan): Promise<readonly Call[]> {
  const run = startQueue(plan);
  const { operations } = run.fileSystem;
  const calls: Call[] = [];
  const numbers = new Map<Call["among"], number>();
  for (const step of queueActions(plan)) {
    const failure = await outcomeOf(step, run);
    if (failure !== undefined) throw failure;
    const { column } = step;
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
  const run = startQueue(plan);
  const { fileSystem, oracle } = run;
  const close = ending === "close";
  for (const { act } of queueActions(plan).slice(0, close ? undefined : -1)) {
    await act(run);
  }
  if (ending === "torn") {
    fileSystem.inject({ kinds: ["write"], errno: "EIO", written: 9 });
    await QUEUE_STEPS.b.act(run).catch(() => {});
  } else if (!close) {
    // The program stops in front of one of the changes, or behind all of them.
    let left = random.below(20);
    fileSystem.onOperation = ({ kind }) => {
      if (CHANGES.includes(kind) && left-- === 0) fileSystem.stop();
    };
    await QUEUE_STEPS[ending === "compact" ? "m" : "q"].act(run)
      .catch(() => {});
    fileSystem.onOperation = () => {};
  }
  const { owed } = oracle;
  if (ending !== "cut") return { disk: fileSystem.clone(), owed };
  const { seed } = plan;
  const states = fileSystem.crashStates({ seed, sectorSize: 64 });
  const { image } = random.pick([...states]);
  return { disk: new SimulatedFileSystem({ image, seed }), owed };
}
