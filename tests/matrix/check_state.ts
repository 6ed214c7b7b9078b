/**
 * Opens a state after a crash, and holds it against the invariants S1 – S6 and
 * M1 – M5.
 */

import {
  type DurableError,
  MiniStore,
  SnapStore,
  StateManager,
} from "../../mod.ts";
import type { SimulatedFileSystem, Watch } from "../../src/testing/mod.ts";
import { hashImage } from "../../src/testing/crash_states.ts";
import { type After, expect } from "./cells.ts";
import { codeOf } from "./injections.ts";
import {
  DIR,
  JOURNAL,
  LEDGER,
  type Ledger,
  StateOracle,
  type StateOwed,
  textAt,
} from "./ledger.ts";
import {
  checkShown,
  newStateRun,
  openState,
  STATE_STEPS,
} from "./state_steps.ts";

/** One state in so many is compacted behind its opening. */
const COMPACT_ONE_IN = 3;

/** Checks a state, and how it opens. */
export async function recoverState(
  fileSystem: SimulatedFileSystem,
  owed: StateOwed,
  watch: Watch<StateOwed> = () => {},
): Promise<After> {
  const fingerprint = hashImage(fileSystem.visible);
  const there = await restore(fileSystem);
  expect(
    owed.snapshots.includes(there),
    `S1: the snapshot is at ${there}, and may be at ${owed.snapshots.join()}`,
  );
  if (fileSystem.readOnly) {
    const options = { ...LEDGER, fileSystem };
    const code = await StateManager.open(DIR, options).catch(codeOf);
    expect(code === "READ_ONLY", `F3: open of a read-only state: ${code}`);
    return "O";
  }
  const isTorn = fileSystem.visible.files.has(JOURNAL) &&
    (await MiniStore.verify(JOURNAL, { fileSystem })).torn !== undefined;
  const oracle = new StateOracle(owed.settings, owed);
  const run = newStateRun(fileSystem, oracle);
  await openState(run);
  const { manager } = run;
  if (!manager) return "R";
  const { recovery, sequence } = manager;
  expect(!recovery.damage, `S1: damaged: ${recovery.damage?.message}`);
  expect(
    (recovery.snapshot ?? 0) === there,
    `S4: opened with the snapshot at ${recovery.snapshot}, not ${there}`,
  );
  expect(
    owed.ends.includes(sequence),
    `W3: ${sequence} is not the end of a batch`,
  );
  checkShown(run, owed.acknowledged);
  checkDurable(fileSystem);
  const left = leftOvers(fileSystem);
  expect(left.length === 0, `S4: left over: ${left.join()}`);
  watch(() => oracle.owed);
  await STATE_STEPS.a.act(run);
  const compacts = fingerprint % COMPACT_ONE_IN === 0;
  if (compacts) {
    await STATE_STEPS.m.act(run);
    const { sealed } = segments(fileSystem);
    expect(sealed.length === 0, `M5: ${sealed.join()} behind a compaction`);
  }
  await manager.close();
  const options = { ...LEDGER, fileSystem };
  const again = await StateManager.at(DIR, sequence + 1, options);
  const same = JSON.stringify(again) === textAt(sequence + 1);
  expect(same, `M4, M5: ${JSON.stringify(again)} at ${sequence + 1}`);
  return isTorn ? "T" : "O";
}

/** S1: where the snapshot is, which is complete; 0 for none. */
export async function restore(
  fileSystem: SimulatedFileSystem,
): Promise<number> {
  try {
    const store = new SnapStore<Ledger>(DIR, { fileSystem });
    const { state, sequence } = await store.restore();
    const text = JSON.stringify(state);
    expect(text === textAt(sequence), `S1: ${text} at ${sequence}`);
    return sequence;
  } catch (error) {
    if ((error as DurableError).code !== "NOT_FOUND") throw error;
    return 0;
  }
}

/** What is visible of a snapshot that is not committed. */
export function leftOvers({ visible }: SimulatedFileSystem): string[] {
  return [...visible.files.keys()].filter((path) => path.endsWith(".new"));
}

/** The files of the log. */
export function segments(
  { visible }: SimulatedFileSystem,
): { all: string[]; sealed: string[] } {
  const all = [...visible.files.keys()].filter((path) =>
    path === JOURNAL || /\.\d{6}$/.test(path)
  );
  return { all, sealed: all.filter((path) => path !== JOURNAL) };
}

/** W8, S1: a power cut takes nothing of what an opened state shows; only what was removed as a left-over may be back. */
function checkDurable(fileSystem: SimulatedFileSystem): void {
  const { files: shown } = fileSystem.visible;
  const [worst] = fileSystem.crashStates({ data: ["D0"], names: ["N0"] });
  const kept = worst.image.files;
  for (const path of new Set([...shown.keys(), ...kept.keys()])) {
    if (path.endsWith(".new")) continue;
    const [a, b] = [shown.get(path), kept.get(path)];
    const same = a?.length === b?.length &&
      a?.every((byte, n) => byte === b?.[n]);
    expect(same === true, `W8: ${path} is not durable after open`);
  }
}
