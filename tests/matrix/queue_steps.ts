/**
 * The steps of a workload on a queue.
 */

import { settled } from "../crash/meanwhile.ts";
import {
  ack,
  churn,
  claim,
  compact,
  compactUsed,
  enqueue,
  handIn,
  held,
  queueOf,
  type QueueRun,
  settle,
  wait,
} from "./queue_calls.ts";
import {
  buried,
  changed,
  cleared,
  purged,
  redriven,
  retried,
} from "./queue_model.ts";
import type { Column } from "./table.ts";

/** A step: which column it belongs to, and what is called. */
export interface QueueStep {
  readonly column: Column;
  readonly act: (run: QueueRun) => Promise<unknown>;
}

/** The steps by the letter that stands for each. */
export const QUEUE_STEPS: Readonly<Record<string, QueueStep>> = {
  /** enqueue: plain, delayed, keyed twice at once; enqueueAll, with everything */
  e: { column: "queue", act: (run) => enqueue(run, {}) },
  d: { column: "queue", act: (run) => enqueue(run, { delay: 700 }) },
  k: {
    column: "queue",
    act: (run) => {
      const wish = { dedupeKey: `k${run.oracle.owed.count % 2}` };
      return settled([enqueue(run, wish), enqueue(run, wish)]);
    },
  },
  b: {
    column: "queue",
    act: (run) =>
      enqueue(
        run,
        { priority: 5, expiresIn: 200 },
        { group: "g", id: `own-${run.oracle.owed.count % 3}` },
        { group: "g" },
      ),
  },
  /** claim, and dequeue in front of an enqueue */
  c: { column: "queue", act: (run) => claim(run, 2) },
  n: { column: "queue", act: wait },
  /** ack, retry, fail, extend */
  a: { column: "queue", act: ack },
  r: {
    column: "queue",
    act: (run) =>
      settle(
        run,
        (model, n) => retried(model, run.oracle.now, n, "busy"),
        (lease) => lease.retry({ reason: "busy" }),
      ),
  },
  f: {
    column: "queue",
    act: (run) =>
      settle(
        run,
        (model, n) => buried(model, run.oracle.now, new Map([[n, "bad"]])),
        (lease) => lease.fail("bad"),
      ),
  },
  x: {
    column: "queue",
    act: (run) => {
      const until = run.oracle.now + 2000;
      return settle(
        run,
        (model, n) => {
          const { lease } = model.items.find((item) => item.n === n) ?? {};
          return changed(model, n, { lease: lease && { ...lease, until } });
        },
        (lease) => lease.extend(2000),
      );
    },
  },
  /** redrive, purge, clear */
  v: {
    column: "queue",
    act: (run) =>
      handIn(
        run,
        redriven(run.oracle.model),
        ({ deadLetters }) => deadLetters.redrive(),
      ),
  },
  p: {
    column: "queue",
    act: (run) =>
      handIn(
        run,
        purged(run.oracle.model),
        ({ deadLetters }) => deadLetters.purge(),
      ),
  },
  l: {
    column: "queue",
    act: (run) =>
      handIn(
        run,
        cleared(run.oracle.model, run.oracle.now),
        (queue) => queue.clear(),
      ),
  },
  /** time passes: leases run out, delays end, messages expire */
  w: {
    column: "queue",
    act: (run) => {
      run.oracle.clock.advance(1000);
      return claim(run, 3);
    },
  },
  /** list */
  y: {
    column: "queue",
    act: (run) => run.oracle.lists(queueOf(run), false),
  },
  /** many acknowledgements; compact, alone and with others under way */
  h: { column: "queue", act: churn },
  m: { column: "carry", act: compactUsed },
  q: {
    column: "carry",
    act: async (run) => {
      await held(run);
      await settled([enqueue(run, {}), compact(run), ack(run)]);
    },
  },
};
