import { assert } from "@std/assert";
import { type Fault, SimulatedFileSystem } from "../src/testing/mod.ts";
import { SYNC_FAULTS } from "./crash/campaign.ts";
import { STATE } from "./crash/state.ts";
import type { StateOwed, StateSettings } from "./crash/state_oracle.ts";
import { runtime, test } from "./support/harness.ts";

const SETTINGS: readonly StateSettings[] = [{}, { maxSegmentBytes: 1 }];
/** The steps of which each sync fails, and the settings: on one runtime more than on the others. */
const [steps, others, all] = runtime === "bun"
  ? ["nNpP", "actxkv", SETTINGS] as const
  : ["np", "a", SETTINGS.slice(0, 1)] as const;
/** Snapshots and compactions that are due after each commit. */
const AUTOMATIC: readonly StateSettings[] = [
  { snapshotAfter: 1 },
  { snapshotAfter: 1, keepHistory: false, maxSegmentBytes: 1 },
];
/** What the state has behind it: a snapshot, and a log that goes on. */
const BEFORE = "bna";

/**
 * Takes a step while a sync fails; then all that a crash can leave is recovered,
 * at once and when it has been used further.
 *
 * @returns Whether the sync was reached.
 */
async function fail(
  step: string,
  settings: StateSettings,
  fault: Fault,
): Promise<boolean> {
  const fileSystem = new SimulatedFileSystem();
  const usage = STATE.begin(fileSystem, settings);
  fileSystem.onOperation = () => void usage.owed; // what shows is looked at
  await usage.open();
  await usage.play(BEFORE);
  if (fault.sync === "F4") usage.lies();
  fileSystem.inject(fault);
  try {
    await usage.play(step);
  } catch (error) {
    const hit = fileSystem.operations.find((operation) => operation.fault);
    if (settings.snapshotAfter && hit?.path.includes("/snapshot.")) {
      throw new Error(`K: a snapshot that nobody asked for: ${String(error)}`);
    }
    await recoverEach(fileSystem, usage.owed);
    await usage.checkFailed(error);
  }
  await recoverEach(fileSystem, usage.owed);
  return fileSystem.operations.some((operation) => operation.fault);
}

/** Recovers what a crash leaves: what is visible, and some disks. */
async function recoverEach(
  fileSystem: SimulatedFileSystem,
  owed: StateOwed,
): Promise<void> {
  const images = fileSystem.crashStates({ sectorSize: 32, limit: 2 });
  const systems = [
    fileSystem.clone(),
    ...Array.from(images, ({ image }) => new SimulatedFileSystem({ image })),
  ];
  for (const system of systems) await STATE.check(system, owed, () => {});
}

async function failEach(
  step: string,
  tried: readonly StateSettings[] = all,
): Promise<void> {
  let faults = 0;
  for (const settings of tried) {
    for (const some of SYNC_FAULTS) {
      for (let at = 1;; at++) {
        const fault = { ...some, at };
        try {
          if (!await fail(step, settings, fault)) break;
        } catch (error) {
          const what = JSON.stringify({ settings, fault });
          throw new Error(`${what}: ${String(error)}`, { cause: error });
        }
        faults++;
      }
    }
  }
  assert(faults >= 7, `only ${faults} failing syncs`);
}

for (const step of steps) {
  test(`StateManager keeps a snapshot and goes on, whichever sync of "${step}" fails`, () =>
    failEach(step));
}
for (const step of others) {
  test(`StateManager keeps what was acknowledged, whichever sync of "${step}" fails`, () =>
    failEach(step));
}

test("StateManager keeps what was acknowledged, and goes on, whichever sync of an automatic snapshot fails", () =>
  failEach("waw", runtime === "bun" ? AUTOMATIC : AUTOMATIC.slice(0, 1)));
