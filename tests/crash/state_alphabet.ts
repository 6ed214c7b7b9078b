/**
 * The steps that the histories of a state are made of.
 */

import {
  type DurableError,
  StateManager,
  type StateManagerOptions,
} from "../../mod.ts";
import type { SimulatedFileSystem } from "../../src/testing/mod.ts";
import { DATA_SYNC, meanwhile, settled, turn, type When } from "./meanwhile.ts";
import type { StateOracle, StateOwed } from "./state_oracle.ts";
import { type Mutation, worldOf } from "./state_world.ts";

/** The directory of the state. */
export const DIR = "d";

type Manager = StateManager<object, Mutation>;

/** A state in use. */
export interface StateRun {
  readonly fileSystem: SimulatedFileSystem;
  readonly oracle: StateOracle;
  manager: Manager | undefined;
  /** What was seen where nothing can be thrown: in the midst of a call. */
  violation: Error | undefined;
  /** When the state was looked at. */
  looked: string;
}

type Step = (run: StateRun, manager: Manager) => Promise<void>;

/** Moments of a snapshot: its text is being written, and it is about to count. */
const DURING_SNAPSHOT: readonly When[] = [
  ({ kind, path }) => kind === "write" && path.endsWith("/snapshot.json.new"),
  ({ kind, path }) => kind === "write" && path.endsWith("/snapshot.json.new"),
  ({ kind, path }) => kind === "rename" && path.includes("/snapshot.meta."),
];
/** Moments of a compaction: a snapshot's, and when the log is about to lose a file. */
const DURING_COMPACTION: readonly When[] = [
  ...DURING_SNAPSHOT,
  ({ kind, path }) => kind === "remove" && path.includes("/journal."),
];

/** The steps by the letter that stands for each in a history. */
export const STATE_ALPHABET: Readonly<Record<string, Step>> = {
  /** apply */
  a: (run, manager) => applyOne(run, manager),
  /** applyAll */
  b: async ({ oracle }, manager) => {
    oracle.acknowledge(await manager.applyAll(oracle.submit(3)));
  },
  /** concurrent applies, the last one while the sync of the others is running */
  c: async (run, manager) => {
    const apply = () => applyOne(run, manager);
    const finish = meanwhile(run.fileSystem, [DATA_SYNC], apply);
    await settled([apply(), apply()]).finally(finish);
    await finish();
  },
  /** transact, upon what is not durable yet */
  t: async (run, manager) => {
    const { oracle } = run;
    const first = applyOne(run, manager);
    const decided = manager.transact((state) => {
      const { submitted } = oracle.owed;
      if (JSON.stringify(state) !== oracle.text(submitted)) {
        throw new Error(`M1: transact was not given the state of ${submitted}`);
      }
      return oracle.submit(2);
    }).then((n) => oracle.acknowledge(n));
    await settled([first, decided]);
  },
  /** mutations that are refused, alone and behind one that waits */
  j: async (run, manager) => {
    const { fileSystem, oracle } = run;
    await turn(); // what is automatic touches files
    const refused = oracle.refused();
    const calls = fileSystem.operations.length;
    await expectCode("REJECTED", () => manager.apply(refused));
    await expectCode("REJECTED", () => manager.transact(() => [refused]));
    if (fileSystem.operations.length > calls) {
      throw new Error("M1: a mutation that was refused touched a file");
    }
    const waiting = applyOne(run, manager);
    await refuseBatch(run, manager, 1);
    await waiting;
  },
  /** a group of commits: single ones, batches, and refused ones between them */
  g: async (run, manager) => {
    const { oracle } = run;
    const acknowledge = (sequence: number) => oracle.acknowledge(sequence);
    await settled([
      applyOne(run, manager),
      manager.applyAll(oracle.submit(3)).then(acknowledge),
      refuseBatch(run, manager, 2),
      applyOne(run, manager),
      refuseBatch(run, manager, 0),
      manager.transact(() => oracle.submit(2)).then(acknowledge),
      expectCode("REJECTED", () => manager.transact(() => [oracle.refused()])),
      applyOne(run, manager),
    ]);
  },
  /** createSnapshot */
  n: async ({ oracle }, manager) => {
    oracle.begins();
    oracle.keeps(await manager.createSnapshot());
  },
  /** createSnapshot, while mutations go on */
  N: async (run, manager) => {
    const { fileSystem, oracle } = run;
    const apply = () => applyOne(run, manager);
    const finish = meanwhile(fileSystem, DURING_SNAPSHOT, apply);
    oracle.begins();
    const snapshot = manager.createSnapshot().then((n) => oracle.keeps(n));
    await settled([snapshot, apply()]).finally(finish);
    await finish();
  },
  /** compact */
  p: async (run, manager) => {
    const { oracle } = run;
    const before = JSON.stringify(manager.state);
    oracle.begins();
    oracle.compacts();
    const { sequence } = await manager.compact();
    oracle.keeps(sequence);
    oracle.hasDropped(sequence);
    if (JSON.stringify(manager.state) !== before) {
      throw new Error("M5: compaction changed the state");
    }
  },
  /** compact, while mutations go on */
  P: async (run, manager) => {
    const { fileSystem, oracle } = run;
    const apply = () => applyOne(run, manager);
    const finish = meanwhile(fileSystem, DURING_COMPACTION, apply);
    oracle.begins();
    oracle.compacts();
    const compaction = manager.compact().then(({ sequence }) => {
      oracle.keeps(sequence);
    });
    await settled([compaction, apply()]).finally(finish);
    await finish();
  },
  /** automatic snapshots come to their end */
  w: () => turn(),
  /** small segments from here on, or large ones again */
  r: async (run, manager) => {
    await manager.close();
    const { settings } = run.oracle.owed;
    const maxSegmentBytes = settings.maxSegmentBytes === 1 ? undefined : 1;
    run.oracle.uses({ ...settings, maxSegmentBytes });
    await openState(run);
  },
  /** close and open again */
  x: async (run, manager) => {
    const before = [manager.sequence, JSON.stringify(manager.state)];
    await manager.close();
    const { sequence, state } = await openState(run);
    const after = [sequence, JSON.stringify(state)];
    if (`${before}` !== `${after}`) {
      throw new Error(`W11: ${before} was closed, ${after} was opened`);
    }
  },
  /** end of the process, and open again */
  k: async (run) => {
    run.fileSystem.restart();
    await openState(run);
  },
  /** close, and open as the next version */
  v: async (run, manager) => {
    await manager.close();
    run.oracle.upgrades();
    await openState(run);
  },
  /** close, open as the next version and close that, and go on as this one */
  V: async (run, manager) => {
    await manager.close();
    const { fileSystem, oracle: { owed } } = run;
    const version = owed.version + 1;
    const next = optionsOf(fileSystem, { ...owed, version });
    await (await StateManager.open(DIR, next)).close();
    await openState(run);
  },
};

/** The options that a state of this kind is opened and read with. */
export function optionsOf(
  fileSystem: SimulatedFileSystem,
  { version, settings }: StateOwed,
): StateManagerOptions<object, Mutation> {
  const world = worldOf(settings);
  const reduce = world.reducer(version);
  return {
    fileSystem,
    version,
    initial: world.initial(version),
    apply: settings.plant?.(reduce) ?? reduce,
    upcast: (mutation) => world.upcast(mutation, version),
    migrate: (state, from) => world.migrate(state, from, version),
  };
}

/** Opens the state, and takes over what it shows. */
export async function openState(run: StateRun): Promise<Manager> {
  const { fileSystem, oracle } = run;
  const { settings } = oracle.owed;
  const { maxSegmentBytes, slice, keepHistory } = settings;
  run.manager = undefined;
  run.manager = await StateManager.open(DIR, {
    ...optionsOf(fileSystem, oracle.owed),
    maxSegmentBytes,
    slice,
    snapshotAfter: settings.snapshotAfter ?? Infinity,
    keepHistory,
  });
  oracle.opens(run.manager.sequence, run.manager.recovery.snapshot);
  run.looked = "";
  look(run);
  return run.manager;
}

/** Takes the steps of a history. */
export async function playState(run: StateRun, history: string): Promise<void> {
  for (const letter of history) {
    if (!run.manager) throw new Error("The state is not open");
    await STATE_ALPHABET[letter](run, run.manager);
    run.looked = "";
    look(run);
  }
  if (run.violation) throw run.violation;
}

/** M1, M2: what the state shows is the fold of mutations, and owed from then on. */
export function look(run: StateRun): void {
  const { manager, oracle } = run;
  if (!manager) return;
  const { sequence } = manager;
  const looked = `${sequence} of ${oracle.owed.submitted}`;
  if (run.looked === looked) return;
  run.looked = looked;
  if (JSON.stringify(manager.state) !== oracle.text(sequence)) {
    run.violation ??= new Error(
      `M1: the state of ${sequence} is ${JSON.stringify(manager.state)}`,
    );
  }
  oracle.shows(sequence);
}

async function applyOne(run: StateRun, manager: Manager): Promise<void> {
  const [mutation] = run.oracle.submit(1);
  run.oracle.acknowledge(await manager.apply(mutation));
}

/** Some mutations and one that is refused, as one commit: all are. */
async function refuseBatch(
  { oracle }: StateRun,
  manager: Manager,
  count: number,
): Promise<void> {
  const batch = [...oracle.submit(count), oracle.refused()];
  oracle.withdraw();
  await expectCode("REJECTED", () => manager.applyAll(batch));
}

/** Throws if something is not rejected with a code. */
export async function expectCode(
  code: string,
  run: () => Promise<unknown>,
): Promise<void> {
  const got = await run().then(
    () => "nothing",
    (error: DurableError) => error.code ?? error,
  );
  if (got !== code) throw new Error(`${code} was expected, not ${got}`);
}
