/**
 * Every call of a workload fails once, in every way.
 */

import type { DurableError, MiniStore } from "../../mod.ts";
import {
  CHANGES,
  type Fault,
  type Operation,
  type OperationKind,
  type SimulatedFileSystem,
} from "../../src/testing/mod.ts";
import { checkPoison } from "../crash/alphabet.ts";
import { PATH } from "../crash/check_log.ts";
import type { Owed } from "../crash/oracle.ts";
import { type Cells, type Checker, expect, visibleHash } from "./cells.ts";
import { codeOf, CODES, faultsAt, type Injection } from "./injections.ts";
import { open, storeOf, type WatchedRun } from "./steps.ts";
import { actions, type Call, type Generation, start } from "./workload.ts";

const SYNCS: readonly OperationKind[] = ["sync", "dataSync", "syncDir"];

/** Lets every call of the generations fail in the ways of the injections. */
export async function sweep(
  generations: readonly Generation[],
  injections: readonly Injection[],
  cells: Cells,
  checker: Checker<Owed>,
): Promise<void> {
  for (const generation of generations) {
    for (const call of generation.calls) {
      for (const fault of faultsAt(call, injections)) {
        const where = `${generation.name}, steps ${generation.steps}, fault ${
          JSON.stringify({ ...fault, kinds: call.kind })
        }`;
        await cells.attempt(call.column, where, async () => {
          const run = start(generation);
          const judged = { generation, call, fault, run, cells, checker };
          await failAt(judged);
        });
      }
    }
  }
}

interface Judged {
  readonly generation: Generation;
  readonly call: Call;
  readonly fault: Fault;
  readonly run: WatchedRun;
  readonly cells: Cells;
  readonly checker: Checker<Owed>;
}

/** Plays a generation up to the step that fails, and judges what becomes of it. */
async function failAt(judged: Judged): Promise<void> {
  const { generation, call: { column }, fault, run, cells, checker } = judged;
  const { fileSystem, oracle } = run;
  fileSystem.inject(fault);
  let failure: unknown;
  let hit = -1;
  let step: string | undefined;
  for (const [, act, letter] of actions(generation)) {
    step = letter;
    failure = await act(run).then(() => undefined, (error) => error);
    hit = fileSystem.operations.findIndex((operation) => operation.fault);
    if (hit >= 0) break;
    if (failure !== undefined) throw failure;
  }
  expect(hit >= 0, "the call was not made");
  cells.faults++;
  const code = CODES[fault.errno];
  const { operations } = fileSystem;
  // An appendSync may come before a sync that fails is seen to: by its own
  // descriptor it meets the same failure, or what it has made of the disk.
  const from = step === "S" ? operations.length : hit + 1;
  const causes = step === "S" ? [code, "IO", "READ_ONLY"] : [code];
  if (column !== "open") {
    failure ??= await probe(storeOf(run));
    await checkFailStop(run, failure, causes);
    cells.during(column, column === "truncate" ? "K" : "P");
    await storeOf(run).close().catch((error) =>
      expect(error === failure, `W7: close rejects with ${error}`)
    );
    checkUnchanged(operations.slice(from));
  } else if (failure === undefined) {
    cells.during(column, "O");
    await storeOf(run).close().catch(() => {});
  } else {
    expect(codeOf(failure) === code, `open rejects with ${failure}`);
    checkNothingDone(judged, operations);
    cells.during(column, "R");
  }
  const locked = await fileSystem.lock(`${PATH}.lock`).then(
    (lock) => lock.release(),
    codeOf,
  );
  expect(locked !== "LOCKED", "the lock was not let go");
  if (fault.lasting) {
    const again = await open({ ...run, rejected: new Set() }).catch(codeOf);
    expect(again === code, `open with a lasting fault: ${again}`);
  }
  const seed = fault.at ?? 1;
  const left = await withoutParts(fileSystem);
  for (const after of await checker.afterCrash(left, oracle.owed, seed)) {
    cells.after(column, after);
  }
}

/**
 * What a failure leaves. A part of a copy of a torn tail that could not be
 * removed either is of no use, and need not become durable.
 */
async function withoutParts(
  fileSystem: SimulatedFileSystem,
): Promise<SimulatedFileSystem> {
  const copy = fileSystem.clone();
  for (const { kind, path, fault } of fileSystem.operations) {
    if (kind !== "remove" || !fault || !path.includes(".torn-")) continue;
    await using part = await copy.open(path, { mode: "write" });
    await part.sync();
  }
  return copy;
}

/** A failure that no call was waiting for is told by the next one. */
function probe(store: MiniStore<string>): Promise<unknown> {
  return store.append("probe").then(
    () => new Error("W7: an append succeeds behind a failure"),
    (error) => error,
  );
}

/** P: what failed, all that was pending and all that comes reject with one error. */
async function checkFailStop(
  run: WatchedRun,
  failure: unknown,
  causes: readonly (string | undefined)[],
): Promise<void> {
  expect(codeOf(failure) === "FAILED", `P: ${failure}`);
  const { cause } = failure as DurableError;
  expect(causes.includes(codeOf(cause)), `P: the cause is ${cause}`);
  for (const error of run.rejected) {
    expect(error === failure, `P: a pending call rejects with ${error}`);
  }
  await checkPoison(run, failure);
}

/** W7: behind a failure nothing is changed. */
function checkUnchanged(operations: readonly Operation[]): void {
  const change = operations.find(({ kind }) => CHANGES.includes(kind));
  expect(!change, `W7: ${change?.kind} behind the failure`);
}

/** R: a closed log stays as it is, and so does any where no change had succeeded. */
function checkNothingDone(
  { generation, run }: Judged,
  operations: readonly Operation[],
): void {
  const changed = operations.some(({ kind, fault }) =>
    CHANGES.includes(kind) && !SYNCS.includes(kind) &&
    (!fault || fault.written)
  );
  if (changed && !generation.clean) return;
  const same = visibleHash(generation.disk) === visibleHash(run.fileSystem);
  expect(same, "R: a refusal has changed files");
}
