/**
 * A queue in use, and what is seen of it.
 */

import {
  type Message,
  MiniQueue,
  Outbox,
  type QueueOptions,
} from "../../mod.ts";
import type { FakeClock, SimulatedFileSystem } from "../../src/testing/mod.ts";
import { type Model, RULES } from "./queue_items.ts";
import { momentOf, type QueueOracle } from "./queue_oracle.ts";
import { difference, hasTotals, type Payload, viewOf } from "./queue_view.ts";

/** The directory of the queue. */
export const DIR = "d";

type Box = Outbox<number[], number, Payload>;

/** A queue in use. */
export interface QueueRun {
  readonly fileSystem: SimulatedFileSystem;
  readonly clock: FakeClock;
  readonly oracle: QueueOracle;
  queue: MiniQueue<Payload> | undefined;
  outbox: Box | undefined;
  /** Messages that are at hand, by their receipts. */
  readonly atHand: Map<string, Message<Payload>>;
  /** What was seen where nothing can be thrown: in the midst of a call. */
  violation: Error | undefined;
}

/** Opens the queue, and takes over what it shows. */
export async function openQueue(run: QueueRun): Promise<MiniQueue<Payload>> {
  const { fileSystem, clock, oracle } = run;
  const { maxSegmentBytes, payloadMemory, snapshotAfter, outbox } =
    oracle.owed.settings;
  const options: QueueOptions<Payload> = {
    ...RULES,
    fileSystem,
    clock,
    maxSegmentBytes,
    payloadMemory,
    snapshotAfter: snapshotAfter ?? Infinity,
  };
  run.queue = run.outbox = undefined;
  run.atHand.clear();
  if (outbox) {
    run.outbox = await Outbox.open<number[], number, Payload>(DIR, {
      initial: [],
      apply: (state, n) => void state.push(n),
      queue: options,
    });
    run.queue = run.outbox.queue;
  } else run.queue = await MiniQueue.open<Payload>(DIR, options);
  await recognize(run, run.queue);
  return run.queue;
}

/** Q1 – Q6: a queue that was opened is one of those that are owed. */
async function recognize(
  run: QueueRun,
  queue: MiniQueue<Payload>,
): Promise<void> {
  const { oracle, clock } = run;
  const view = await viewOf(queue, () => run.outbox?.state);
  const differences: string[] = [];
  for (const model of oracle.owed.models) {
    const moment = momentOf(model, clock.now());
    const differs = difference(view, model, moment);
    if (differs !== undefined) differences.push(differs);
    else {
      oracle.opens(model, moment);
      learn(run, view, model);
      return;
    }
  }
  // The oldest has all that was acknowledged, the newest all that was handed in.
  throw new Error([...new Set(differences)].join("; or "));
}

/** M2, Q1 – Q6: what a queue shows while nothing is under way. */
export async function observe(run: QueueRun): Promise<void> {
  const { oracle, queue, clock } = run;
  if (!queue) return;
  const view = await viewOf(queue, () => run.outbox?.state);
  const moment = oracle.at(clock.now());
  const { models } = oracle.owed;
  const differences = models.map((model) => difference(view, model, moment));
  const found = differences.indexOf(undefined);
  if (found < 0) throw new Error([...new Set(differences)].join("; or "));
  oracle.shows((model) => model === models[found]);
  learn(run, view, models[found]);
}

/** What messages are called. */
function learn(
  { oracle }: QueueRun,
  view: Awaited<ReturnType<typeof viewOf>>,
  { messages, dead }: Model,
): void {
  const ids = [...view.messages, ...view.dead].map(({ id }) => id);
  for (const [n, item] of [...messages, ...dead].entries()) {
    oracle.learns(item.n, item, ids[n]);
  }
}

/** M2: what shows in the midst of a call is durable, and owed from then on. */
export function look(run: QueueRun): void {
  const { oracle, queue } = run;
  if (!queue) return;
  const stats = queue.stats();
  const { ready } = stats;
  if (ready < 0) run.violation ??= new Error(`M2: ${ready} are ready`);
  if (oracle.shows((model) => hasTotals(stats, model))) return;
  run.violation ??= new Error(
    `M2: the queue shows ${JSON.stringify(stats.totals)}`,
  );
}
