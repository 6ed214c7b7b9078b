/**
 * Recovers a state after a crash and holds it against the invariants M1 – M5 and
 * S1 – S6.
 */

import {
  type DurableError,
  MiniStore,
  type Snapshot,
  SnapStore,
  StateManager,
} from "../../mod.ts";
import { hashImage } from "../../src/testing/crash_states.ts";
import type { SimulatedFileSystem, Watch } from "../../src/testing/mod.ts";
import { checkDurable, expect } from "./check_log.ts";
import { DIR, expectCode, openState, optionsOf } from "./state_alphabet.ts";
import { type StateOwed, textOf } from "./state_oracle.ts";
import { useState } from "./state_usage.ts";

/** How a state is used that has been recovered, one way with each state of the disk. */
const NEXT = [
  "a",
  "x",
  "n",
  "a",
  "p",
  "a",
  "k",
  "t",
  "aN",
  "j",
  "P",
  "anp",
  "g",
];
/** One state in so many is verified before it is opened, and read at a point of its past. */
const VERIFIED_ONE_IN = 4;
/** With one state in so many it is looked whether to open it once more changes it. */
const CLEAN_ONE_IN = 4;

/** Throws with the name of the invariant that does not hold. */
export async function checkState(
  fileSystem: SimulatedFileSystem,
  owed: StateOwed,
  watch: Watch<StateOwed>,
): Promise<void> {
  const fingerprint = hashImage(fileSystem.visible);
  const snapshot = await restore(fileSystem, owed);
  const isVerified = fingerprint % VERIFIED_ONE_IN === 0;
  const verified = isVerified ? await verify(fileSystem, owed) : undefined;
  expect(
    hashImage(fileSystem.visible) === fingerprint,
    "a reader changed a file",
  );
  if (fileSystem.readOnly) {
    const options = optionsOf(fileSystem, owed);
    await expectCode("READ_ONLY", () => StateManager.open(DIR, options));
    return;
  }
  // What comes back is judged, and counts from then on.
  const usage = useState(fileSystem, { ...owed, acknowledged: 0, shown: 0 });
  const { run } = usage;
  const manager = await attempt("S3: open", owed, () => openState(run));
  if (manager === undefined) return;
  const { sequence, recovery } = manager;
  judge(sequence, owed);
  expect(
    verified === undefined || verified === sequence,
    `W11: verify saw ${verified}, open ${sequence}`,
  );
  const found = snapshot?.sequence;
  expect(
    found === undefined || found <= sequence,
    `S2: the snapshot is at ${found}, the log ends with ${sequence}`,
  );
  expect(
    recovery.snapshot === (found || undefined) && !recovery.damage,
    `S1: the snapshot at ${found} is there, opening took ${recovery.snapshot}`,
  );
  checkLeftovers(fileSystem);
  checkDurable(fileSystem, owed.lied, isLeftover);
  if (owed.compacts || isVerified) {
    await checkFront(fileSystem, owed, found ?? 0);
  }
  watch(() => usage.owed);
  const next = NEXT[fingerprint % NEXT.length];
  const went = await attempt(`"${next}"`, owed, async () => {
    await usage.play(next);
    return true;
  });
  await run.manager?.close().catch((error) => {
    if (!owed.lied) throw error;
  });
  if (!went) return;
  await checkPast(fileSystem, usage.owed, fingerprint);
  if (fingerprint % CLEAN_ONE_IN === 0) {
    await checkClean(fileSystem, usage.owed);
  }
}

/** S1: the old snapshot or the new one, complete, with its own number. */
async function restore(
  fileSystem: SimulatedFileSystem,
  owed: StateOwed,
): Promise<Snapshot<object> | undefined> {
  const { version, snapshot: kept, begun } = owed;
  const store = new SnapStore<object>(DIR, { fileSystem, version });
  let snapshot: Snapshot<object>;
  try {
    snapshot = await store.restore();
  } catch (error) {
    const { code, message } = error as DurableError;
    if (code !== "NOT_FOUND") throw new Error(`S1: ${message}`);
    expect(kept === undefined, `S1: the snapshot at ${kept} is gone`);
    expect(!await store.exists(), "S1: there is a snapshot, and there is none");
    return undefined;
  }
  const { state, sequence } = snapshot;
  expect(
    sequence === kept ||
      (begun !== undefined && sequence >= begun && sequence <= owed.submitted),
    `S1: a snapshot at ${sequence}, it was ${kept} or one from ${begun}`,
  );
  const text = JSON.stringify(state);
  expect(
    text === textOf(owed, sequence, snapshot.version),
    `S1: the snapshot at ${sequence} holds ${text}`,
  );
  return snapshot;
}

/** M4: snapshot and tail give what a full replay gives; nothing is changed by that. */
async function verify(
  fileSystem: SimulatedFileSystem,
  owed: StateOwed,
): Promise<number | undefined> {
  try {
    const options = optionsOf(fileSystem, owed);
    const report = await StateManager.verify(DIR, options);
    if (report.ok) return report.sequence;
    if (owed.lied) return undefined;
    const { damage, difference } = report;
    throw new Error(`M4: ${damage?.message ?? JSON.stringify(difference)}`);
  } catch (error) {
    const { code } = error as DurableError;
    if (code !== "NOT_FOUND") throw error;
    expect(owed.shown === 0, "M1: there is no log");
    return undefined;
  }
}

/** M1, M2: a prefix of what was submitted, with all that was acknowledged or shown. */
function judge(sequence: number, owed: StateOwed): void {
  const { acknowledged, shown, ends } = owed;
  expect(
    sequence >= acknowledged,
    `M1: ${sequence} mutations, ${acknowledged} were acknowledged`,
  );
  expect(
    sequence >= shown,
    `M2: the state was shown as of ${shown}, and is as of ${sequence}`,
  );
  expect(
    ends.includes(sequence),
    `M1: ${sequence} is not the end of a commit`,
  );
}

/** S3, S6: of the log only what is in the snapshot may be gone; what was removed stays away. */
async function checkFront(
  fileSystem: SimulatedFileSystem,
  { compacts, dropped }: StateOwed,
  snapshot: number,
): Promise<void> {
  const path = `${DIR}/journal.jsonl`;
  const { lastSequence, firstSequence = lastSequence + 1 } = await MiniStore
    .verify(path, { fileSystem });
  const most = compacts ? snapshot : 0;
  expect(
    firstSequence <= most + 1,
    `S3: the log begins with ${firstSequence}, only those up to ${most} may be gone`,
  );
  expect(
    firstSequence > dropped,
    `S6: record ${firstSequence} was removed, and is back`,
  );
}

/** S4: what a crash left of a snapshot is gone. */
function checkLeftovers(fileSystem: SimulatedFileSystem): void {
  const names = [...fileSystem.visible.files.keys()];
  const left = names.find(isLeftover);
  expect(left === undefined, `S4: ${left} is left over`);
}

/** A name of what was begun; one that was removed may be back after another crash. */
function isLeftover(name: string): boolean {
  return /\.new(-|$)/.test(name);
}

/** M4, M5: the past can be read as far as the log and the snapshot reach. */
async function checkPast(
  fileSystem: SimulatedFileSystem,
  owed: StateOwed,
  fingerprint: number,
): Promise<void> {
  checkLeftovers(fileSystem);
  const snapshot = await restore(fileSystem, owed);
  if (fingerprint % VERIFIED_ONE_IN !== 1) return;
  const sequence = await verify(fileSystem, owed);
  if (owed.lied) return;
  const { acknowledged, compacts } = owed;
  expect(sequence === acknowledged, `M1: closed at ${sequence}`);
  const wanted = fingerprint % (acknowledged + 1);
  const options = optionsOf(fileSystem, owed);
  try {
    const state = await StateManager.at(DIR, wanted, options);
    expect(
      JSON.stringify(state) === textOf(owed, wanted),
      `M4: the state was ${JSON.stringify(state)} as of ${wanted}`,
    );
  } catch (error) {
    const isGone = compacts && wanted < (snapshot?.sequence ?? 0);
    if (!isGone || (error as DurableError).code !== "TRUNCATED") throw error;
  }
}

/** W11: open, close, open changes nothing. */
async function checkClean(
  fileSystem: SimulatedFileSystem,
  owed: StateOwed,
): Promise<void> {
  const before = hashImage(fileSystem.visible);
  const { run } = useState(fileSystem, owed);
  const manager = await openState(run);
  await manager.close();
  expect(
    hashImage(fileSystem.visible) === before,
    "W11: open and close changed a file",
  );
  if (run.violation) throw run.violation;
}

/** Runs what must not be refused. After a sync that lied it may be; and the failure that was kept back may come first. */
async function attempt<T>(
  what: string,
  owed: StateOwed,
  run: () => Promise<T>,
  isLate = false,
): Promise<T | undefined> {
  try {
    return await run();
  } catch (error) {
    const { code, path, message } = error as DurableError;
    const isRefusal = code === "CORRUPT" && path !== undefined;
    if (owed.lied && (isRefusal || code === "FAILED")) return undefined;
    if (owed.lied && code === "IO" && !isLate) {
      return await attempt(what, owed, run, true);
    }
    throw new Error(`${what} was refused: ${message}`, { cause: error });
  }
}
