/**
 * Every call of a workload fails once, in every way.
 */

import {
  DurableError,
  type DurableErrorCode,
  type MiniStore,
} from "../../mod.ts";
import {
  CHANGES,
  type Errno,
  type Fault,
  type Operation,
  type OperationKind,
  type SimulatedFileSystem,
} from "../../src/testing/mod.ts";
import { checkPoison } from "../crash/alphabet.ts";
import { PATH } from "../crash/check_log.ts";
import { type Cells, Checker, visibleHash } from "./cells.ts";
import { open, storeOf, type WatchedRun } from "./steps.ts";
import { actions, type Call, type Generation, start } from "./workload.ts";

/** Ways in which calls of some kinds fail. */
export interface Injection {
  readonly kinds: readonly OperationKind[];
  readonly errnos: readonly Errno[];
  /** Whether the call alone fails, or all changes (all looks) from it on. @default both */
  readonly lasting?: boolean | undefined;
  /** Parts of its bytes that a write takes before it fails; 0 is one byte. @default no byte */
  readonly parts?: readonly number[] | undefined;
  /** How a sync that fails leaves things. */
  readonly sync?: Fault["sync"];
}

/** What a fault is called by the log. */
const CODES: Readonly<Record<Errno, DurableErrorCode>> = {
  EIO: "IO",
  EBUSY: "IO",
  ENOSPC: "NO_SPACE",
  EDQUOT: "NO_SPACE",
  EROFS: "READ_ONLY",
  EMFILE: "TOO_MANY_FILES",
  EACCES: "PERMISSION",
  EPERM: "PERMISSION",
};

const SYNCS: readonly OperationKind[] = ["sync", "dataSync", "syncDir"];

/** Lets every call of the generations fail in the ways of the injections. */
export async function sweep(
  generations: readonly Generation[],
  injections: readonly Injection[],
  cells: Cells,
  checker: Checker = new Checker(),
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

function* faultsAt(
  { kind, among, at, length }: Call,
  injections: readonly Injection[],
): Generator<Fault> {
  for (const { kinds, errnos, lasting, parts, sync } of injections) {
    if (!kinds.includes(kind)) continue;
    const sizes = parts?.map((part) => Math.max(1, Math.floor(part * length)));
    for (const errno of errnos) {
      for (const written of new Set(sizes ?? [undefined])) {
        for (const lasts of lasting === undefined ? [false, true] : [lasting]) {
          yield { kinds: among, at, errno, lasting: lasts, written, sync };
        }
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
  readonly checker: Checker;
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
    cells.during(column, column === "compact" ? "K" : "P");
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

function codeOf(error: unknown): DurableErrorCode | undefined {
  return error instanceof DurableError ? error.code : undefined;
}

function expect(holds: boolean, violated: string): void {
  if (!holds) throw new Error(violated);
}
