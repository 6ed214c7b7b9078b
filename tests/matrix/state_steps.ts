/**
 * The steps of a workload on a state.
 */

import { StateManager } from "../../mod.ts";
import type { SimulatedFileSystem } from "../../src/testing/mod.ts";
import { settled, turn } from "../crash/meanwhile.ts";
import { expect } from "./cells.ts";
import {
  DIR,
  LEDGER,
  type Ledger,
  type StateOracle,
  textAt,
} from "./ledger.ts";
import type { Column } from "./table.ts";

/** A state in use. */
export interface StateRun {
  readonly fileSystem: SimulatedFileSystem;
  readonly oracle: StateOracle;
  manager: StateManager<Ledger, string> | undefined;
}

/** A step: which column it belongs to, and what is called. */
export interface StateStep {
  readonly column: Column;
  readonly act: (run: StateRun) => Promise<unknown>;
}

const apply = async (run: StateRun, count = 1): Promise<void> => {
  const mutations = run.oracle.submit(count);
  const manager = managerOf(run);
  const sequence = count === 1
    ? await manager.apply(mutations[0])
    : await manager.applyAll(mutations);
  run.oracle.acknowledge(sequence);
  checkShown(run, sequence);
};

const snapshot = (run: StateRun) =>
  keep(run, () => managerOf(run).createSnapshot());

const compact = (run: StateRun) =>
  keep(run, async () => (await managerOf(run).compact()).sequence);

/** Mutations that are longer than a snapshot, together. */
const MANY = 30;

/** The steps by the letter that stands for each. */
export const STATE_STEPS: Readonly<Record<string, StateStep>> = {
  /** apply, applyAll, concurrent calls */
  a: { column: "state", act: (run) => apply(run) },
  b: { column: "state", act: (run) => apply(run, 3) },
  c: {
    column: "state",
    act: (run) => settled([apply(run), apply(run, 2), apply(run)]),
  },
  /** the same, until the automatic snapshot that they make due is done */
  o: { column: "auto", act: (run) => apply(run, MANY).finally(turn) },
  i: { column: "auto", act: (run) => apply(run, 2 * MANY).finally(turn) },
  y: {
    column: "auto",
    act: (run) =>
      settled([apply(run, MANY), apply(run), apply(run, 2)]).finally(turn),
  },
  /** createSnapshot, alone and with mutations under way */
  s: { column: "snapshot", act: snapshot },
  u: {
    column: "snapshot",
    act: (run) => settled([apply(run), snapshot(run), apply(run)]),
  },
  /** compact, alone and with mutations under way */
  m: { column: "compact", act: compact },
  q: {
    column: "compact",
    act: (run) => settled([apply(run), compact(run), apply(run, 2)]),
  },
};

/** A run that has not begun. */
export function newStateRun(
  fileSystem: SimulatedFileSystem,
  oracle: StateOracle,
): StateRun {
  return { fileSystem, oracle, manager: undefined };
}

/** Opens the state. */
export async function openState(run: StateRun): Promise<void> {
  const { fileSystem, oracle } = run;
  const options = { ...LEDGER, ...oracle.settings, fileSystem };
  run.manager = await StateManager.open(DIR, options);
  const { sequence, recovery } = run.manager;
  oracle.shows(sequence, recovery.snapshot ?? 0);
}

/** The open state of a run. */
export function managerOf({ manager }: StateRun): StateManager<Ledger, string> {
  if (!manager) throw new TypeError("The state is not open");
  return manager;
}

/** M1, M2: what is shown is what the reducer makes of the durable mutations. */
export function checkShown(run: StateRun, least: number): void {
  const { state, sequence } = managerOf(run);
  expect(sequence >= least, `M2: ${sequence} is shown behind ${least}`);
  const text = JSON.stringify(state);
  const wanted = textAt(sequence);
  expect(text === wanted, `M1: ${text} is shown at ${sequence}, not ${wanted}`);
}

/** Whether the line that says which snapshot counts was about to be replaced. */
export function hasCommitted(
  { operations }: SimulatedFileSystem,
  from: number,
): boolean {
  return operations.slice(from).some(({ kind, to }) =>
    kind === "rename" && to === `${DIR}/snapshot.meta.json`
  );
}

/** Tells the oracle of a snapshot. */
async function keep(
  { fileSystem, oracle }: StateRun,
  write: () => Promise<number>,
): Promise<void> {
  const end = oracle.begins();
  const from = fileSystem.operations.length;
  try {
    end(await write());
  } catch (error) {
    end(hasCommitted(fileSystem, from) ? "unknown" : "kept");
    throw error;
  }
}
