/**
 * The steps of a workload: those of the crash tests, and some that survive a
 * failure in their middle.
 */

import type { MiniStore } from "../../mod.ts";
import type { SimulatedFileSystem } from "../../src/testing/mod.ts";
import {
  ALPHABET,
  open as openRun,
  type Run,
  settled,
} from "../crash/alphabet.ts";
import type { Oracle } from "../crash/oracle.ts";

/** A run that keeps what its calls were rejected with. */
export interface WatchedRun extends Run {
  readonly rejected: Set<unknown>;
}

type Step = (run: WatchedRun, store: MiniStore<string>) => Promise<unknown>;

/** The steps by the letter that stands for each. */
export const STEPS: Readonly<Record<string, Step>> = {
  /** append, appendAll, concurrent appends, appendSync, rotate, truncateBefore */
  a: ALPHABET.a,
  b: ALPHABET.b,
  c: ALPHABET.c,
  s: ALPHABET.s,
  S: ALPHABET.S,
  r: ALPHABET.r,
  t: ALPHABET.t,
  /** appends, a rotation and a truncation that wait for each other */
  q: (run, store) =>
    settled([
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
