/**
 * A state in use, and what must hold when something of it has failed.
 */

import type { DurableError } from "../../mod.ts";
import type { SimulatedFileSystem } from "../../src/testing/mod.ts";
import type { Usage } from "./explore.ts";
import {
  look,
  openState,
  playState,
  STATE_ALPHABET,
  type StateRun,
} from "./state_alphabet.ts";
import { StateOracle, type StateOwed } from "./state_oracle.ts";
import { worldOf } from "./state_world.ts";

/** Uses a state of which something is known. */
export function useState(
  fileSystem: SimulatedFileSystem,
  known: Partial<StateOwed>,
): Usage<StateOwed> & { readonly run: StateRun } {
  const oracle = new StateOracle(known);
  const run: StateRun = {
    fileSystem,
    oracle,
    manager: undefined,
    violation: undefined,
    looked: "",
  };
  if (known.settings?.slice !== undefined) hurry(fileSystem);
  return {
    run,
    get owed() {
      look(run);
      return oracle.owed;
    },
    open: () => openState(run).then(() => {}),
    play: (history) => playState(run, history),
    lies: () => oracle.lies(),
    checkFailed: (failure) => checkFailed(run, failure),
  };
}

/** Lets time pass wherever somebody looks at the clock, so that all slices are short. */
function hurry(fileSystem: SimulatedFileSystem): void {
  const now = fileSystem.now.bind(fileSystem);
  fileSystem.now = () => {
    fileSystem.advance(1);
    return now();
  };
}

async function checkFailed(run: StateRun, failure: unknown): Promise<void> {
  const { code } = failure as DurableError;
  if (run.manager && code === "FAILED") await checkPoison(run, failure);
  else if (run.manager) await checkGoesOn(run);
  look(run);
  if (run.violation) throw run.violation;
}

/** M3: a state that has failed refuses everything with the same error, and can be read. */
async function checkPoison(run: StateRun, failure: unknown): Promise<void> {
  const { manager, oracle } = run;
  if (!manager) return;
  const { sequence, state } = manager;
  const before = JSON.stringify(state);
  const { shown, acknowledged, lied, version, settings } = oracle.owed;
  const durable = Math.max(shown, acknowledged);
  if (!lied && sequence !== durable) {
    throw new Error(`M3: the state is at ${sequence}, ${durable} was durable`);
  }
  const late = worldOf(settings).mutation(sequence + 1, version);
  const calls: (() => Promise<unknown>)[] = [
    () => manager.apply(late),
    () => manager.applyAll([late]),
    () => manager.transact(() => [late]),
    () => manager.compact(),
  ];
  for (const call of calls) {
    const error = await call().then(() => undefined, (error) => error);
    // It may be that it was to be closed.
    if (error !== failure && error?.code !== "CLOSED") {
      throw new Error(`M3: ${String(error)}`);
    }
  }
  // What is durable may be kept in a snapshot all the same.
  oracle.begins();
  await manager.createSnapshot().then((n) => oracle.keeps(n), () => {});
  if (manager.sequence !== sequence || JSON.stringify(state) !== before) {
    throw new Error("M3: a state that has failed has changed");
  }
}

/** A snapshot that fails leaves the log as it was: mutations go on, and the next snapshot too. */
async function checkGoesOn(run: StateRun): Promise<void> {
  const { fileSystem, oracle } = run;
  if (fileSystem.readOnly || oracle.owed.lied) return;
  await playStep(run, "a");
  await playStep(run, "n");
}

async function playStep(run: StateRun, letter: string): Promise<void> {
  try {
    if (run.manager) await STATE_ALPHABET[letter](run, run.manager);
  } catch (error) {
    throw new Error(
      `K: ${letter} behind a snapshot that failed: ${String(error)}`,
      { cause: error },
    );
  }
}
