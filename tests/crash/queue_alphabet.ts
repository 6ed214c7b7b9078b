/**
 * The steps that the histories of a queue are made of.
 */

import type { MiniQueue } from "../../mod.ts";
import { DATA_SYNC, meanwhile, settled, turn, type When } from "./meanwhile.ts";
import { observe, openQueue, type QueueRun } from "./queue_run.ts";
import {
  expectClaim,
  finish,
  heldOf,
  put,
  sweep,
  take,
} from "./queue_calls.ts";
import { RULES } from "./queue_items.ts";
import type { Settlement } from "./queue_model.ts";
import type { Payload } from "./queue_view.ts";

type Step = (run: QueueRun, queue: MiniQueue<Payload>) => Promise<void>;

/** A day, in milliseconds. */
export const DAY = 86_400_000;
/** Moments of a compaction: a sync of what is carried, its snapshot's, and when the log is about to lose a file. */
const DURING_COMPACTION: readonly When[] = [
  DATA_SYNC,
  ({ kind, path }) => kind === "write" && path.endsWith("/snapshot.json.new"),
  ({ kind, path }) => kind === "rename" && path.includes("/snapshot.meta."),
  ({ kind, path }) => kind === "remove" && path.includes("/queue.jsonl."),
];

/** The steps by the letter that stands for each in a history. */
export const QUEUE_ALPHABET: Readonly<Record<string, Step>> = {
  /** enqueue */
  e: (run) => put(run, [{}]),
  /** enqueue, into a group */
  g: (run) => put(run, [{ group: "g" }]),
  /** enqueue, delayed */
  d: (run) => put(run, [{ delay: 500 }]),
  /** enqueue, delayed, into a group */
  D: (run) => put(run, [{ delay: 500, group: "g" }]),
  /** enqueue, and it expires */
  i: (run) => put(run, [{ expiresIn: 700 }]),
  /** enqueue into a group, and it expires */
  I: (run) => put(run, [{ expiresIn: 700, group: "g" }]),
  /** enqueue, with a dedupe key that may be taken */
  u: (run) => put(run, [{ dedupeKey: "u" }]),
  /** enqueue, with an id that may be taken, and is forgotten sooner */
  U: (run) => put(run, [{ id: "u", dedupeWindow: 800 }]),
  /** enqueueAll, with a key twice */
  b: (run) =>
    put(run, [
      { group: "g" },
      { dedupeKey: "b", dedupeWindow: 1200 },
      { dedupeKey: "b", id: "b" },
      { delay: 500 },
    ]),
  /** concurrent enqueues, and more while the sync of the others is running */
  m: async (run) => {
    const more = () =>
      settled([put(run, [{ dedupeKey: "u" }]), take(run, 1), put(run, [{}])]);
    const finishAll = meanwhile(run.fileSystem, [DATA_SYNC], more);
    await settled([put(run, [{ group: "g" }]), put(run, [{}])])
      .finally(finishAll);
    await finishAll();
  },
  /** claim */
  c: (run) => take(run, 1),
  /** claim, of two */
  C: (run) => take(run, 2),
  /** claim, by a sync that takes longer than a lease, while somebody else asks */
  S: async (run) => {
    const finishAll = stalled(run, () => take(run, 1));
    await settled([take(run, 2)]).finally(finishAll);
    await finishAll();
  },
  /** extend, by a sync that takes longer than a lease */
  X: async (run) => {
    const finishAll = stalled(run, () => {});
    await finishOldest(run, { kind: "extend", time: 700 }).finally(finishAll);
    await finishAll();
  },
  /** somebody who waits for a message that is enqueued then */
  w: (run, queue) => waitFor(run, queue),
  /** ack */
  a: (run) => finishOldest(run, { kind: "ack" }),
  /** ack of all at once, and of one twice */
  A: async (run) => {
    const held = [...heldOf(run), ...heldOf(run).slice(0, 1)];
    await settled(held.map((one) => finish(run, one, { kind: "ack" })));
  },
  /** retry */
  r: (run) => finishOldest(run, { kind: "retry", reason: "busy" }),
  /** retry at once */
  R: (run) => finishOldest(run, { kind: "retry", delay: 0, reason: "now" }),
  /** release */
  l: (run) => finishOldest(run, { kind: "release", delay: 0 }),
  /** fail */
  f: (run) => finishOldest(run, { kind: "fail", reason: "bad" }),
  /** extend */
  x: (run) => finishOldest(run, { kind: "extend", time: 2000 }),
  /** two who hold messages: one gives back, one acknowledges, and a third asks */
  y: async (run) => {
    const [first, second] = heldOf(run);
    const calls: Promise<void>[] = [];
    if (first) {
      calls.push(finish(run, first, { kind: "retry", delay: 0, reason: "y" }));
    }
    if (second) calls.push(finish(run, second, { kind: "ack" }));
    calls.push(take(run, 1));
    await settled(calls);
  },
  /** every lease that was ever given is tried to be extended by nothing much */
  s: async (run) => {
    for (const receipt of run.oracle.owed.receipts) {
      await finish(run, receipt, { kind: "extend", time: 1000 });
    }
  },
  /** redrive */
  v: (run) => sweep(run, "redrive"),
  /** purge */
  V: (run) => sweep(run, "purge"),
  /** clear */
  q: (run) => sweep(run, "clear"),
  /** a mutation of the state beside, and a message that tells of it */
  o: (run) => put(run, [{}], true),
  /** a mutation that a message asked for, and its acknowledgement */
  O: (run) => finishOldest(run, { kind: "ack" }, true),
  /** time passes: delays end */
  t: (run) => Promise.resolve(run.clock.advance(600)),
  /** time passes: leases and windows end */
  T: (run) => Promise.resolve(run.clock.advance(4000)),
  /** the clock is set forward */
  J: (run) => Promise.resolve(run.clock.set(run.clock.now() + DAY)),
  /** the clock is set back */
  B: async ({ clock, oracle }) => {
    // Keys that are past their time may have been forgotten, or not.
    if (oracle.owed.settings.keys === undefined) clock.set(clock.now() - DAY);
    await Promise.resolve();
  },
  /** the clock is set back by a little */
  h: (run) => Promise.resolve(run.clock.set(run.clock.now() - 400)),
  /** compact */
  n: async (_, queue) => void await queue.compact(),
  /** compact, while the queue is in use */
  N: async (run, queue) => {
    let turn = 0;
    const uses = [
      () => put(run, [{}]),
      () => finishOldest(run, { kind: "ack" }),
      () => take(run, 1),
      () => finishOldest(run, { kind: "retry", delay: 0, reason: "n" }),
    ];
    const use = () => uses[turn++]();
    const finishAll = meanwhile(run.fileSystem, DURING_COMPACTION, use);
    await settled([queue.compact(), take(run, 1)]).finally(finishAll);
    await finishAll();
  },
  /** automatic compactions come to their end */
  Z: () => turn(),
  /** close and open again */
  z: async (run, queue) => {
    await queue.close();
    await openQueue(run);
  },
  /** end of the process, and open again */
  k: async (run) => {
    run.fileSystem.restart();
    await openQueue(run);
  },
};

/** Takes the steps of a history. */
export async function playQueue(run: QueueRun, history: string): Promise<void> {
  for (const letter of history) {
    if (!run.queue) throw new Error("The queue is not open");
    await QUEUE_ALPHABET[letter](run, run.queue);
    await observe(run);
    if (run.violation) throw run.violation;
  }
}

/** Settles the message that was handed out first; without one, one of which the lease is lost. */
async function finishOldest(
  run: QueueRun,
  what: Settlement,
  mutates = false,
): Promise<void> {
  const [receipt = run.oracle.owed.receipts[0]] = heldOf(run);
  if (receipt) await finish(run, receipt, what, mutates);
}

/** The next sync takes longer than a lease; then something else is done, before it ends. */
function stalled(run: QueueRun, more: () => unknown): () => Promise<void> {
  return meanwhile(run.fileSystem, [DATA_SYNC], () => {
    run.clock.advance(2 * RULES.visibilityTimeout);
    return more();
  });
}

async function waitFor(
  run: QueueRun,
  queue: MiniQueue<Payload>,
): Promise<void> {
  const stop = new AbortController();
  const { signal } = stop;
  const early = expectClaim(run, 1);
  const waiting = queue.dequeue({ signal });
  const putting = put(run, [{}]);
  if (early.items.length > 0) {
    const taking = waiting.then((message) => early.check([message]));
    return await settled([taking, putting]);
  }
  const late = expectClaim(run, 1);
  if (late.items.length > 0) {
    const taking = waiting.then((message) => late.check([message]));
    return await settled([taking, putting]);
  }
  const over = waiting.then(
    () => {
      throw new Error("Q3: a message was handed out whose turn has not come");
    },
    (error) => {
      if (error !== signal.reason) throw error;
    },
  );
  await settled([putting.finally(() => stop.abort()), over]);
}
