/**
 * The steps that the histories of a log are made of.
 */

import { type DurableError, MiniStore } from "../../mod.ts";
import type { SimulatedFileSystem } from "../../src/testing/mod.ts";
import { PATH } from "./check_log.ts";
import { DATA_SYNC, meanwhile, settled } from "./meanwhile.ts";
import type { Oracle } from "./oracle.ts";

export { settled };

/** A log in use. */
export interface Run {
  readonly fileSystem: SimulatedFileSystem;
  readonly oracle: Oracle;
  store: MiniStore<string> | undefined;
}

type Step = (run: Run, store: MiniStore<string>) => Promise<void>;

/** The steps by the letter that stands for each in a history. */
export const ALPHABET: Readonly<Record<string, Step>> = {
  /** append */
  a: async ({ oracle }, store) => {
    const [text] = oracle.submit(1);
    oracle.acknowledge(await store.append(text));
  },
  /** appendAll */
  b: async ({ oracle }, store) => {
    oracle.acknowledge(await store.appendAll(oracle.submit(3)));
  },
  /** concurrent appends, the last one while the sync of the others is running */
  c: async ({ fileSystem, oracle }, store) => {
    const append = () => {
      const [text] = oracle.submit(1);
      return store.append(text).then((n) => oracle.acknowledge(n));
    };
    const finish = meanwhile(fileSystem, [DATA_SYNC], append);
    await settled([append(), append()]).finally(finish);
    await finish();
  },
  /** appendSync */
  s: ({ oracle }, store) => {
    const [text] = oracle.submit(1);
    oracle.acknowledge(store.appendSync(text));
    return Promise.resolve();
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
    const finish = meanwhile(fileSystem, [DATA_SYNC], () => {
      const [late] = oracle.submit(1);
      try {
        const last = store.appendSync(late);
        note(); // what was in flight is durable with it
        oracle.acknowledge(last);
      } catch (error) {
        if ((error as DurableError).code !== "BUSY") throw error;
        oracle.withdraw(); // the sync was one of a rotation
      }
    });
    await store.append(text).then(note).finally(finish);
    await finish();
  },
  /** rotate */
  r: (_, store) => store.rotate(),
  /** truncateBefore the end: all sealed segments go */
  t: async ({ oracle }, store) => {
    oracle.mayDrop(oracle.submitted);
    await store.truncateBefore(store.sequence + 1);
    oracle.hasDropped(store.firstSequence - 1);
  },
  /** close and open again */
  x: async (run, store) => {
    await store.close();
    await open(run);
  },
  /** end of the process, and open again */
  k: async (run) => {
    run.fileSystem.restart();
    await open(run);
  },
  /** close, and open again in format v0.2 */
  u: async (run, store) => {
    await store.close();
    run.oracle.upgrades();
    await open(run);
  },
  /** an append that is refused */
  e: async (_, store) => {
    const error = await store.append(NaN as unknown as string).catch((e) => e);
    if (!(error instanceof TypeError)) throw new Error("NaN was not refused");
  },
};

/** Opens the log, and takes over what it shows. */
export async function open(run: Run): Promise<void> {
  const { fileSystem, oracle } = run;
  const options = { ...oracle.settings, fileSystem };
  run.store = await MiniStore.open<string>(PATH, options);
  oracle.shows(run.store.sequence);
}

/** Runs the steps of a history. */
export async function play(run: Run, history: string): Promise<void> {
  for (const letter of history) {
    if (!run.store) throw new Error("The log is not open");
    await ALPHABET[letter](run, run.store);
  }
}

/** W7: a store that has failed refuses everything with the same error, and touches nothing. */
export async function checkPoison(
  { fileSystem, store }: Run,
  failure: unknown,
): Promise<void> {
  if (!store || (failure as DurableError).code !== "FAILED") return;
  const before = fileSystem.operations.length;
  const calls: (() => Promise<unknown>)[] = [
    () => store.append("late"),
    () => store.appendAll(["late"]),
    () => Promise.resolve().then(() => store.appendSync("late")),
    () => store.rotate(),
    () => store.truncateBefore(1),
  ];
  for (const call of calls) {
    const error = await call().then(() => undefined, (error) => error);
    if (error !== failure) throw new Error(`W7: ${String(error)}`);
  }
  if (fileSystem.operations.length > before) {
    throw new Error("W7: a store that has failed touched its files");
  }
}
