/**
 * Calls of a queue, each told to the oracle in the moment in which it is handed in.
 */

import { MiniQueue } from "../../mod.ts";
import type { SimulatedFileSystem } from "../../src/testing/mod.ts";
import { settled } from "../crash/meanwhile.ts";
import { expect } from "./cells.ts";
import {
  acknowledged,
  claimed,
  enqueued,
  freed,
  isHeld,
  payloadAt,
  QUEUE,
  type QueueModel,
  type Wish,
} from "./queue_model.ts";
import { QUEUE_DIR, type QueueOracle } from "./queue_oracle.ts";

/** A queue in use. */
export interface QueueRun {
  readonly fileSystem: SimulatedFileSystem;
  readonly oracle: QueueOracle;
  queue: MiniQueue<string> | undefined;
}

/** What is asked for with a message; its number is given when it is enqueued. */
type Wanted = Omit<Wish, "n">;

/** A run that has not begun. */
export function newQueueRun(
  fileSystem: SimulatedFileSystem,
  oracle: QueueOracle,
): QueueRun {
  return { fileSystem, oracle, queue: undefined };
}

/** Opens the queue. What it counts is one of the ends. */
export async function openQueueRun(run: QueueRun): Promise<void> {
  const { fileSystem, oracle } = run;
  const { clock, owed: { settings } } = oracle;
  const options = { ...QUEUE, ...settings, clock, fileSystem };
  run.queue = await MiniQueue.open<string>(QUEUE_DIR, options);
  oracle.sees(run.queue);
}

/** The open queue of a run. */
export function queueOf({ queue }: QueueRun): MiniQueue<string> {
  if (!queue) throw new TypeError("The queue is not open");
  return queue;
}

/** Enqueues messages, as one commit, and checks their ids. */
export async function enqueue(
  run: QueueRun,
  ...wanted: readonly Wanted[]
): Promise<void> {
  const { oracle } = run;
  const wishes = wanted.map((wish) => ({ ...wish, n: oracle.next() }));
  const { model, given } = enqueued(oracle.model, oracle.now, wishes);
  const requests = wishes.map(({ n, ...options }) => {
    return { payload: payloadAt(n), ...options };
  });
  const acknowledge = oracle.submit(model);
  const [{ payload, ...options }] = requests;
  const ids = requests.length === 1
    ? [await queueOf(run).enqueue(payload, options)]
    : await queueOf(run).enqueueAll(requests);
  for (const [n, id] of ids.entries()) oracle.named(given[n], id);
  acknowledge();
  oracle.sees(queueOf(run));
}

/** Takes messages: Q3, the right ones in the right order. */
export async function claim(run: QueueRun, count: number): Promise<number> {
  const { oracle } = run;
  const { steps, given } = claimed(oracle.model, oracle.now, count);
  const acknowledge = oracle.submit(...steps);
  const messages = await queueOf(run).claim(count).catch((error) => {
    mayFree(run, given);
    throw error;
  });
  const arrived = given.filter((n) =>
    messages.some(({ payload }) => payload === payloadAt(n))
  );
  note(run, messages, wasHit(run) ? arrived : given);
  // What has become a dead letter by that is durable with what comes next.
  if (given.length > 0) acknowledge();
  else if (steps.length > 0) await enqueue(run, {});
  const unread = given.filter((n) => wasHit(run) && !arrived.includes(n));
  for (const n of unread) {
    oracle.submit(freed(oracle.model, oracle.now, n))();
  }
  oracle.sees(queueOf(run));
  return messages.length;
}

/** Waits for a message, and enqueues one. */
export async function wait(run: QueueRun): Promise<void> {
  const { oracle } = run;
  const { steps, given } = claimed(oracle.model, oracle.now, 1);
  oracle.submit(...steps);
  const message = queueOf(run).dequeue();
  message.catch(() => {}); // it is told below
  const sent = enqueue(run, {});
  const next = given.length > 0
    ? { steps: [], given }
    : claimed(oracle.model, oracle.now, 1);
  oracle.submit(...next.steps);
  await settled([
    message.then((message) => note(run, [message], next.given), (error) => {
      mayFree(run, next.given);
      throw error;
    }),
    sent,
  ]);
  oracle.sees(queueOf(run));
}

/** Whether a fault was injected: then a payload may be one that could not be read. */
function wasHit({ fileSystem }: QueueRun): boolean {
  return fileSystem.operations.some(({ fault }) => fault);
}

/** Some of what was to be handed out may have been given back. */
function mayFree({ oracle }: QueueRun, given: readonly number[]): void {
  let models = [oracle.model];
  for (const n of given) {
    models = models.flatMap((one) => [one, freed(one, oracle.now, n)]);
  }
  oracle.submit(...models.slice(1));
}

/** Checks what was handed out, and keeps the receipts. */
function note(
  { oracle }: QueueRun,
  messages: readonly {
    readonly payload: string;
    readonly attempts: number;
    readonly receipt: string;
  }[],
  given: readonly number[],
): void {
  const { items } = oracle.model;
  const wanted = given.map((n) => {
    const { attempts } = items.find((item) => item.n === n) ?? {};
    return `${payloadAt(n)}, attempt ${attempts}`;
  });
  const seen = messages.map(({ payload, attempts }) =>
    `${payload}, attempt ${attempts}`
  );
  const same = String(seen) === String(wanted);
  expect(same, `Q3: ${seen} was handed out, not ${wanted}`);
  for (const [at, n] of given.entries()) {
    const { lease } = items.find((item) => item.n === n) ?? {};
    if (lease) oracle.given(n, lease.turn, messages[at].receipt);
  }
}

/** A message that somebody holds; one is taken if there is none. */
export async function held(
  run: QueueRun,
): Promise<{ n: number; receipt: string }> {
  const { oracle } = run;
  for (;;) {
    for (const item of oracle.model.items) {
      const receipt = oracle.receiptOf(item);
      if (receipt === undefined || !isHeld(item, oracle.now)) continue;
      return { n: item.n, receipt };
    }
    const count = await claim(run, 1);
    if (count === 0) await enqueue(run, {});
  }
}

/** Does something with a message that somebody holds. */
export async function settle(
  run: QueueRun,
  change: (model: QueueModel, n: number) => QueueModel,
  call: (lease: ReturnType<MiniQueue<string>["lease"]>) => Promise<void>,
): Promise<void> {
  const { oracle } = run;
  const { n, receipt } = await held(run);
  await handIn(
    run,
    change(oracle.model, n),
    (queue) => call(queue.lease(receipt)),
  );
}

/** Hands something in that leaves the queue as the model says. */
export async function handIn(
  run: QueueRun,
  model: QueueModel,
  call: (queue: MiniQueue<string>) => Promise<unknown>,
): Promise<void> {
  const { oracle } = run;
  const acknowledge = oracle.submit(model);
  await call(queueOf(run));
  acknowledge();
  oracle.sees(queueOf(run));
}

/** Acknowledges a message that somebody holds. */
export const ack = (run: QueueRun): Promise<void> =>
  settle(run, acknowledged, (lease) => lease.ack());

/** Q6: a compaction changes nothing that can be seen. */
export const compact = async (run: QueueRun): Promise<void> => {
  await queueOf(run).compact();
  run.oracle.sees(queueOf(run));
};

/** As {@linkcode compact}, of a queue that has payloads to carry. */
export async function compactUsed(run: QueueRun): Promise<void> {
  await ensureSome(run);
  await compact(run);
}

async function ensureSome(run: QueueRun): Promise<void> {
  const { items, dead } = run.oracle.model;
  if (items.length + dead.length === 0) await enqueue(run, {});
}

/** Messages that come and go, so that most of the log is not needed. */
export async function churn(run: QueueRun): Promise<void> {
  for (let round = 0; round < 3; round++) await ack(run);
}
