/**
 * A queue in use, and what must hold when something of it has failed.
 */

import type { DurableError } from "../../mod.ts";
import { FakeClock, type SimulatedFileSystem } from "../../src/testing/mod.ts";
import type { Usage } from "./explore.ts";
import { playQueue } from "./queue_alphabet.ts";
import { look, observe, openQueue, type QueueRun } from "./queue_run.ts";
import { put, sweep } from "./queue_calls.ts";
import { QueueOracle, type QueueOwed } from "./queue_oracle.ts";

/** Uses a queue of which something is known. */
export function useQueue(
  fileSystem: SimulatedFileSystem,
  known: Partial<QueueOwed>,
): Usage<QueueOwed> & { readonly run: QueueRun } {
  const oracle = new QueueOracle(known);
  const clock = new FakeClock(oracle.owed.now);
  const run: QueueRun = {
    fileSystem,
    clock,
    oracle,
    queue: undefined,
    outbox: undefined,
    atHand: new Map(),
    violation: undefined,
  };
  return {
    run,
    get owed() {
      look(run);
      return { ...oracle.owed, now: clock.now() };
    },
    open: () => openFirst(run),
    play: (history) => playQueue(run, history),
    lies: () => oracle.lies(),
    checkFailed: (failure) => checkFailed(run, failure),
  };
}

/** Opens a new queue, and gives it the dedupe keys that it begins with. */
async function openFirst(run: QueueRun): Promise<void> {
  await openQueue(run);
  const { settings: { keys = 0 }, next } = run.oracle.owed;
  if (keys === 0 || next > 1) return;
  const wishes = Array.from({ length: keys }, (_, n) => {
    return { dedupeKey: `k${n}`, dedupeWindow: 300 + n * 20 };
  });
  await put(run, wishes);
  await sweep(run, "clear");
}

async function checkFailed(run: QueueRun, failure: unknown): Promise<void> {
  const { code } = failure as DurableError;
  // What is wrong is not what was to fail.
  if (code === undefined) throw failure;
  if (run.queue && code === "FAILED") await checkPoison(run, failure);
  else if (run.queue) await checkGoesOn(run);
  look(run);
  if (run.violation) throw run.violation;
}

/** M3: a queue that has failed refuses everything with the same error, and can be read. */
async function checkPoison(run: QueueRun, failure: unknown): Promise<void> {
  const { queue, outbox, oracle } = run;
  if (!queue) return;
  const [{ receipt } = { receipt: "1.2" }] = oracle.owed.receipts;
  const lease = queue.lease(receipt);
  const payload = { n: 0, text: "too late" };
  const calls: (() => Promise<unknown>)[] = [
    () => queue.enqueue(payload),
    () => queue.enqueueAll([{ payload }]),
    () => queue.claim(1),
    () => queue.dequeue(),
    () => lease.ack(),
    () => lease.retry({ delay: 0 }),
    () => lease.fail("too late"),
    () => lease.extend(1000),
    () => queue.clear(),
    () => queue.deadLetters.redrive(),
    () => queue.deadLetters.purge(),
    () => queue.compact(),
    () => queue.idle(),
    () => outbox?.commit({ apply: [0] }) ?? Promise.reject(failure),
  ];
  for (const [n, call] of calls.entries()) {
    const error = await call().then(() => undefined, (error) => error);
    // It may be that it was to be closed.
    if (error !== failure && error?.code !== "CLOSED") {
      throw new Error(`M3: call ${n} behind a failure: ${String(error)}`);
    }
  }
  oracle.fails();
  await observe(run).catch((error) => {
    throw new Error(`M3: behind a failure: ${String(error)}`, { cause: error });
  });
}

/** A compaction that fails leaves the queue as it was: it goes on, and the next compaction too. */
async function checkGoesOn(run: QueueRun): Promise<void> {
  const { fileSystem, oracle } = run;
  if (fileSystem.readOnly || oracle.owed.lied) return;
  for (const letter of "ecn") {
    try {
      await playQueue(run, letter);
    } catch (error) {
      throw new Error(
        `K: ${letter} behind a compaction that failed: ${String(error)}`,
        { cause: error },
      );
    }
  }
}
