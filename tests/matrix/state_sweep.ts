/**
 * Every call of a workload on a state fails once, in every way.
 */

import type { DurableError } from "../../mod.ts";
import { CHANGES, type Fault, type Operation } from "../../src/testing/mod.ts";
import { type Cells, type Checker, expect } from "./cells.ts";
import { leftOvers, restore } from "./check_state.ts";
import { turn } from "../crash/meanwhile.ts";
import { codeOf, CODES, faultsAt, type Injection } from "./injections.ts";
import { DIR, JOURNAL, type StateOwed } from "./ledger.ts";
import {
  checkShown,
  hasCommitted,
  managerOf,
  newStateRun,
  openState,
  STATE_STEPS,
  type StateRun,
} from "./state_steps.ts";
import {
  startState,
  stateActions,
  type StateGeneration,
} from "./state_workload.ts";
import type { Column } from "./table.ts";
import type { Call } from "./workload.ts";

/**
 * Lets every call of the generations fail in the ways of the injections, `each`
 * at most for a call: another choice for each.
 */
export async function sweepStates(
  generations: readonly StateGeneration[],
  injections: readonly Injection[],
  cells: Cells,
  checker: Checker<StateOwed>,
  each: number,
): Promise<void> {
  let number = 0;
  for (const generation of generations) {
    for (const call of generation.calls) {
      for (
        const fault of some([...faultsAt(call, injections)], each, number++)
      ) {
        const where = `${generation.name}, steps ${generation.steps}, fault ${
          JSON.stringify({ ...fault, kinds: call.kind })
        }`;
        await cells.attempt(call.column, where, async () => {
          const run = startState(generation);
          await failAt({ generation, call, fault, run, cells, checker });
        });
      }
    }
  }
}

/** Some of the faults, spread over all of them. */
function some(
  faults: readonly Fault[],
  most: number,
  number: number,
): readonly Fault[] {
  if (faults.length <= most) return faults;
  const step = Math.floor(faults.length / most);
  return Array.from(
    { length: most },
    (_, n) => faults[(number * 5 + n * step) % faults.length],
  );
}

interface Judged {
  readonly generation: StateGeneration;
  readonly call: Call;
  readonly fault: Fault;
  readonly run: StateRun;
  readonly cells: Cells;
  readonly checker: Checker<StateOwed>;
}

/** How the step ended that met the fault. */
interface Ended {
  readonly column: Column;
  /** What it was rejected with. */
  readonly failure: unknown;
  /** The calls it made. */
  readonly operations: readonly Operation[];
  /** The number of its first call, from 0. */
  readonly from: number;
  /** Where the snapshot was in front of it. */
  readonly before: number;
}

/** Plays a generation up to the step that fails, and judges what becomes of it. */
async function failAt(judged: Judged): Promise<void> {
  const { generation, fault, run, cells, checker } = judged;
  const { fileSystem, oracle } = run;
  fileSystem.inject(fault);
  let ended: Ended | undefined;
  for (const { column, act } of stateActions(generation)) {
    const from = fileSystem.operations.length;
    const [before = 0] = oracle.owed.snapshots;
    const failure = await act(run).then(() => undefined, (error) => error);
    const operations = fileSystem.operations.slice(from);
    if (operations.some(({ fault }) => fault)) {
      ended = { column, failure, operations, from, before };
      if (column === "auto" && failure === undefined) await judgeAuto(judged);
      break;
    }
    if (failure !== undefined) throw failure;
  }
  expect(ended !== undefined, "the call was not made");
  cells.faults++;
  if (ended.column === "load") await judgeLoad(judged, ended);
  else await judgeCall(judged, ended);
  const lock = await fileSystem.lock(`${JOURNAL}.lock`).catch(codeOf);
  expect(lock !== "LOCKED", "the lock was not let go");
  if (typeof lock === "object") await lock.release();
  if (fault.lasting) {
    const again = newStateRun(fileSystem, oracle);
    const error = await openState(again).catch((error) => error);
    const isRefused = [error, error?.cause].some((error) =>
      codeOf(error) === CODES[fault.errno]
    );
    expect(isRefused, `open with a lasting fault: ${error}`);
  }
  const seed = fault.at ?? 1;
  const { owed } = oracle;
  for (const after of await checker.afterCrash(fileSystem, owed, seed)) {
    cells.after(ended.column, after);
  }
}

/** O: the mutation is shown; the automatic snapshot is at it, or has told why not. */
async function judgeAuto({ fault, run }: Judged): Promise<void> {
  const { sequence, snapshotError } = managerOf(run);
  checkShown(run, run.oracle.acknowledged);
  const code = codeOf(snapshotError);
  if (code === undefined) {
    const there = await restore(run.fileSystem);
    expect(there === sequence, `it is at ${there}, not at ${sequence}`);
  } else if (code !== "FAILED") {
    expect(codesOf(fault).includes(code), `it says ${snapshotError}`);
  }
}

/** Whether everything fails from the fault on. */
function isBroken({ fault, run }: Judged): boolean {
  return fault.lasting === true || run.fileSystem.readOnly;
}

/**
 * The codes that a fault may show as: a file system that has failed may be read-only
 * from there on, and one that forgets what was pending forgets names, too.
 */
function codesOf({ errno, sync }: Fault): readonly unknown[] {
  const own = CODES[errno];
  if (sync === "F3") return [own, "READ_ONLY"];
  return sync === "F2" ? [own, "NOT_FOUND"] : [own];
}

async function judgeLoad(
  judged: Judged,
  { column, failure }: Ended,
): Promise<void> {
  const { fault, run, cells } = judged;
  if (failure === undefined) {
    cells.during(column, "O");
    await managerOf(run).close().catch(() => {});
    return;
  }
  const isRefused = codesOf(fault).includes(codeOf(failure));
  expect(isRefused, `open rejects with ${failure}`);
  cells.during(column, "R");
}

async function judgeCall(judged: Judged, ended: Ended): Promise<void> {
  const { run, cells } = judged;
  const { column } = ended;
  const manager = managerOf(run);
  // A failure that no call was waiting for is told by the next one.
  const next = isBroken(judged)
    ? undefined
    : await STATE_STEPS[column === "auto" ? "o" : "a"].act(run)
      .then(() => undefined, (error) => error);
  await turn(); // automatic snapshots come to their end
  const failed = [next, ended.failure].find((error) =>
    codeOf(error) === "FAILED"
  );
  const closed = codeOf(next) === "CLOSED";
  if (next !== undefined && !failed && !closed) throw next;
  if (failed) {
    cells.during(column, "P");
    await checkFailStop(judged, failed as DurableError);
  } else if (ended.failure === undefined) {
    cells.during(column, "O");
    if (column === "auto" && !isBroken(judged) && !closed) {
      expect(
        await restore(run.fileSystem) === manager.sequence,
        `an automatic snapshot is not made up for: ${manager.snapshotError}`,
      );
    }
    await manager.close().catch(() => {});
  } else {
    await judgeSnapshot(judged, ended);
    await manager.close().catch((error) => {
      if (!isBroken(judged)) throw error;
    });
  }
  const [first] = ended.operations.filter(({ fault }) => fault);
  const isSnapshots = first.path.startsWith(`${DIR}/snapshot`);
  expect(
    !failed || isBroken(judged) || !isSnapshots,
    `the log failed: ${failed}`,
  );
}

/** P, M3: the state stays where it was, everything rejects with one error, and the log is not touched. */
async function checkFailStop(
  { fault, run }: Judged,
  failure: DurableError,
): Promise<void> {
  const { fileSystem, oracle } = run;
  const manager = managerOf(run);
  const isCause = codesOf(fault).includes(codeOf(failure.cause));
  expect(isCause, `P: the cause is ${failure.cause}`);
  checkShown(run, oracle.acknowledged);
  const { sequence } = manager;
  expect(sequence === oracle.acknowledged, `M3: ${sequence} is shown`);
  const from = fileSystem.operations.length;
  const calls = [
    () => manager.apply("late"),
    () => manager.applyAll(["late"]),
    () => manager.transact(() => ["late"]),
    () => manager.close(),
  ];
  for (const call of calls) {
    const error = await call().then(() => failure, (error) => error);
    expect(error === failure, `P: rejects with ${error}`);
  }
  const change = fileSystem.operations.slice(from).find(({ kind }) =>
    CHANGES.includes(kind)
  );
  expect(!change, `P: ${change?.kind} ${change?.path} behind the failure`);
  checkShown(run, sequence);
}

/** K and N: one of the two snapshots counts, nothing was removed, and the log has gone on. */
async function judgeSnapshot(
  judged: Judged,
  { column, failure, operations, from, before }: Ended,
): Promise<void> {
  const { fault, run, cells } = judged;
  const { fileSystem, oracle } = run;
  expect(
    codeOf(failure) === CODES[fault.errno],
    `${column} rejects with ${failure}`,
  );
  const removed = operations.find(({ kind, path }) =>
    kind === "remove" && path.startsWith(JOURNAL)
  );
  const isCompact = column === "compact";
  expect(!isCompact || !removed, `S3: ${removed?.path} was removed`);
  checkShown(run, oracle.acknowledged);
  const committed = hasCommitted(fileSystem, from);
  const unknown = (failure as Error).message.includes("; whether the snapshot");
  expect(committed || !unknown, `K: it says ${failure}`);
  const there = isBroken(judged) ? before : await restore(fileSystem);
  if (!committed) {
    const left = isBroken(judged) ? [] : leftOvers(fileSystem);
    expect(left.length === 0, `K: left over: ${left.join()}`);
  }
  const hit = operations.find(({ fault }) => fault);
  const kept = !committed || hit?.to === `${DIR}/snapshot.meta.json`;
  expect(!kept || there === before, `K: it is at ${there}, not ${before}`);
  cells.during(column, kept ? "K" : "N");
}
