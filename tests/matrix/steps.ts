/**
 * The steps of a workload: those of the crash tests, and some that survive a
 * failure in their middle.
 */

import type { DurableError, MiniStore } from "../../mod.ts";
import type { SimulatedFileSystem } from "../../src/testing/mod.ts";
import { ALPHABET, open as openRun, type Run } from "../crash/alphabet.ts";
import type { Oracle } from "../crash/oracle.ts";

/** A run that keeps what its calls were rejected with. */
export interface WatchedRun extends Run {
  readonly rejected: Set<unknown>;
}

type Step = (run: WatchedRun, store: MiniStore<string>) => Promise<unknown>;

/** The steps by the letter that stands for each. */
export const STEPS: Readonly<Record<string, Step>> = {
  /** append, appendAll, appendSync, rotate, truncateBefore */
  a: ALPHABET.a,
  b: ALPHABET.b,
  s: ALPHABET.s,
  r: ALPHABET.r,
  t: ALPHABET.t,
  /** concurrent appends, the last one while the sync of the others is running */
  c: async (run, store) => {
    const finish = duringSync(run.fileSystem, () => append(run, store));
    await all([append(run, store), append(run, store)]).finally(finish);
    await finish();
  },
  /** appendSync while the sync of an append is running */
  S: async ({ fileSystem, oracle }, store) => {
    const [text] = oracle.submit(1);
    const sequence = oracle.submitted;
    let known = false;
    const note = () => {
      if (!known) oracle.acknowledge(sequence);
      known = true;
    };
    const finish = duringSync(fileSystem, () => {
      const [late] = oracle.submit(1);
      try {
        const last = store.appendSync(late);
        note(); // what was in flight is durable with it
        oracle.acknowledge(last);
      } catch (error) {
        if ((error as DurableError).code !== "BUSY") throw error;
        oracle.withdraw();
      }
    });
    await store.append(text).then(note).finally(finish);
    await finish();
  },
  /** appends, a rotation and a truncation that wait for each other */
  q: (run, store) =>
    all([
      append(run, store),
      store.rotate(),
      append(run, store),
      store.truncateBefore(1),
      append(run, store),
    ]),
};

/** A run that has not begun. */
export function newRun(
  fileSystem: SimulatedFileSystem,
  oracle: Oracle,
): WatchedRun {
  return { fileSystem, oracle, store: undefined, rejected: new Set() };
}

/** Opens the log, and watches its calls. */
export async function open(run: WatchedRun): Promise<void> {
  await openRun(run);
  const { rejected } = run;
  const store = storeOf(run);
  const watched =
    <A extends unknown[], T>(call: (...args: A) => Promise<T>) =>
    (...args: A) => {
      const result = call.apply(store, args);
      result.catch((error) => rejected.add(error));
      return result;
    };
  store.append = watched(store.append);
  store.appendAll = watched(store.appendAll);
  store.rotate = watched(store.rotate);
  store.truncateBefore = watched(store.truncateBefore);
}

/** The open log of a run. */
export function storeOf({ store }: WatchedRun): MiniStore<string> {
  if (!store) throw new TypeError("The log is not open");
  return store;
}

function append(
  { oracle }: WatchedRun,
  store: MiniStore<string>,
): Promise<void> {
  const [text] = oracle.submit(1);
  return store.append(text).then((sequence) => oracle.acknowledge(sequence));
}

/**
 * Runs something when the next sync of data has begun, and before it is seen to
 * end.
 *
 * @returns Ends that, and waits for what was run.
 */
function duringSync(
  fileSystem: SimulatedFileSystem,
  run: () => unknown,
): () => Promise<unknown> {
  const { onOperation } = fileSystem;
  let late: Promise<unknown> = Promise.resolve();
  fileSystem.onOperation = (operation) => {
    if (operation.kind === "dataSync") {
      fileSystem.onOperation = onOperation;
      late = Promise.resolve().then(run);
      late.catch(() => {}); // `finish` tells
    }
    return onOperation(operation);
  };
  return () => {
    fileSystem.onOperation = onOperation;
    return late;
  };
}

/** Waits for all, also where one fails. */
async function all(promises: readonly Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(promises)) {
    if (result.status === "rejected") throw result.reason;
  }
}
