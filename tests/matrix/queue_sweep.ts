/**
 * Every call of a workload on a queue fails once, in every way.
 */

import type { DurableError, MiniQueue } from "../../mod.ts";
import {
  CHANGES,
  type Fault,
  type Operation,
  type OperationKind,
} from "../../src/testing/mod.ts";
import { type Cells, type Checker, expect } from "./cells.ts";
import { leftOvers } from "./check_state.ts";
import { codeOf, CODES, faultsAt, type Injection } from "./injections.ts";
import {
  newQueueRun,
  openQueueRun,
  queueOf,
  type QueueRun,
} from "./queue_calls.ts";
import type { QueueEffort } from "./queue_effort.ts";
import { countsOf, QUEUE_LOG, type QueueOwed } from "./queue_oracle.ts";
import { QUEUE_STEPS } from "./queue_steps.ts";
import {
  outcomeOf,
  queueActions,
  type QueueGeneration,
  startQueue,
} from "./queue_workload.ts";
import type { Column } from "./table.ts";

/** How the names of a snapshot's files begin, and the line that says which one counts. */
const SNAPSHOT = "q/snapshot";
const META = `${SNAPSHOT}.meta.json`;

/** Lets calls of the generations fail in the ways of the injections. */
export async function sweepQueues(
  generations: readonly QueueGeneration[],
  injections: readonly Injection[],
  cells: Cells,
  checker: Checker<QueueOwed>,
  { each, oneIn }: QueueEffort,
): Promise<void> {
  let number = 0;
  for (const generation of generations) {
    for (const call of generation.calls) {
      const all = [...faultsAt(call, injections)];
      if (all.length === 0 || number++ % oneIn !== 0) continue;
      for (const fault of chosen(all, each, number)) {
        const where = `${generation.name}, steps ${generation.steps}, fault ${
          JSON.stringify({ ...fault, kinds: call.kind })
        }`;
        await cells.attempt(call.column, where, async () => {
          const run = startQueue(generation);
          const { kind } = call;
          await failAt({ generation, kind, fault, run, cells, checker });
        });
      }
    }
  }
}

/** As many of the faults as are wanted, from another one on for each number. */
function chosen(
  faults: readonly Fault[],
  most: number,
  number: number,
): readonly Fault[] {
  const from = (number * 5) % faults.length;
  return [...faults.slice(from), ...faults.slice(0, from)].slice(0, most);
}

interface Judged {
  readonly generation: QueueGeneration;
  /** The kind of the call that is to fail. */
  readonly kind: OperationKind;
  readonly fault: Fault;
  readonly run: QueueRun;
  readonly cells: Cells;
  readonly checker: Checker<QueueOwed>;
}

/** How the step ended that met the fault. */
interface Ended {
  readonly column: Column;
  /** What it was rejected with. */
  readonly failure: unknown;
  /** The calls it made. */
  readonly operations: readonly Operation[];
}

/** Plays a generation up to the step that fails, and judges what becomes of it. */
async function failAt(judged: Judged): Promise<void> {
  const { generation, kind, fault, run, cells, checker } = judged;
  const { fileSystem, oracle } = run;
  fileSystem.inject(fault);
  let ended: Ended | undefined;
  for (const step of queueActions(generation)) {
    const from = fileSystem.operations.length;
    const failure = await outcomeOf(step, run);
    const operations = fileSystem.operations.slice(from);
    if (operations.some(({ fault }) => fault)) {
      ended = { column: step.column, failure, operations };
      break;
    }
    if (failure !== undefined) throw failure;
  }
  expect(ended !== undefined, "the call was not made");
  const hit = ended.operations.find(({ fault }) => fault);
  expect(hit?.kind === kind, `another call was hit: ${hit?.kind}`);
  cells.faults++;
  if (ended.column === "reopen") await judgeOpen(judged, ended);
  else await judgeCall(judged, ended);
  expect(oracle.clock.timers === 0, "a timer is left");
  const lock = await fileSystem.lock(`${QUEUE_LOG}.lock`).catch(codeOf);
  expect(lock !== "LOCKED", "the lock was not let go");
  if (typeof lock === "object") await lock.release();
  if (fault.lasting) {
    const again = newQueueRun(fileSystem, oracle);
    const error = await openQueueRun(again).catch((error) => error);
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

/** Whether everything fails from the fault on. */
function isBroken({ fault, run }: Judged): boolean {
  return fault.lasting === true || run.fileSystem.readOnly;
}

/** The codes that a fault may show as, see `state_sweep.ts`. */
function codesOf({ errno, sync }: Fault): readonly unknown[] {
  const own = CODES[errno];
  if (sync === "F3") return [own, "READ_ONLY"];
  return sync === "F2" ? [own, "NOT_FOUND"] : [own];
}

async function judgeOpen(
  judged: Judged,
  { column, failure }: Ended,
): Promise<void> {
  const { fault, run, cells } = judged;
  if (failure === undefined) {
    cells.during(column, "O");
    await queueOf(run).close().catch(() => {});
    return;
  }
  const isRefused = codesOf(fault).includes(codeOf(failure));
  expect(isRefused, `open rejects with ${failure}`);
  cells.during(column, "R");
}

async function judgeCall(judged: Judged, ended: Ended): Promise<void> {
  const { run, cells } = judged;
  const { column, operations } = ended;
  const queue = queueOf(run);
  if (
    ended.failure && codeOf(ended.failure) !== "FAILED" && !isBroken(judged)
  ) {
    await run.oracle.lists(queue, false);
    run.oracle.isOpened(); // all of it was handed in, and nothing is under way
  }
  // A failure that no call was waiting for is told by the next one.
  const next = isBroken(judged)
    ? undefined
    : await outcomeOf(QUEUE_STEPS.e, run);
  const failed = [next, ended.failure].find((error) =>
    codeOf(error) === "FAILED"
  );
  const closed = codeOf(next) === "CLOSED";
  if (next !== undefined && !failed && !closed) throw next;
  if (failed) {
    cells.during(column, "P");
    await checkFailStop(judged, failed as DurableError);
  } else {
    if (ended.failure === undefined) cells.during(column, "O");
    else judgeKept(judged, ended);
    run.oracle.sees(queue);
    if (!closed && !isBroken(judged)) await run.oracle.lists(queue, true);
    await queue.close().catch((error) => {
      if (!isBroken(judged)) throw error;
    });
  }
  const [first] = operations.filter(({ fault }) => fault);
  const isSnapshots = first.path.startsWith(SNAPSHOT);
  expect(
    !failed || isBroken(judged) || !isSnapshots,
    `the log failed: ${failed}`,
  );
}

/** P, M3: the queue stays where it was, everything rejects with one error, and no file is touched. */
async function checkFailStop(
  judged: Judged,
  failure: DurableError,
): Promise<void> {
  const { fault, run } = judged;
  const { fileSystem, oracle } = run;
  const queue = queueOf(run);
  const isCause = codesOf(fault).includes(codeOf(failure.cause));
  expect(isCause, `P: the cause is ${failure.cause}`);
  oracle.sees(queue);
  const shown = countsOf(queue);
  const from = fileSystem.operations.length;
  for (const [name, call] of lateCalls(queue)) {
    const error = await call().then(() => undefined, (error) => error);
    expect(error === failure, `P: ${name} rejects with ${error}`);
  }
  const closed = await queue.close().then(() => failure, (error) => error);
  expect(closed === failure, `P: close rejects with ${closed}`);
  const change = fileSystem.operations.slice(from).find(({ kind }) =>
    CHANGES.includes(kind)
  );
  expect(!change, `P: ${change?.kind} ${change?.path} behind the failure`);
  expect(countsOf(queue) === shown, `M3: ${countsOf(queue)} is shown`);
  // What is listed is owed from here on, the payloads included.
  if (!isBroken(judged)) await oracle.lists(queue, false);
}

/** Everything that is refused behind a failure. */
function lateCalls(
  queue: MiniQueue<string>,
): readonly (readonly [string, () => Promise<unknown>])[] {
  const lease = queue.lease("1.2");
  return [
    ["enqueue", () => queue.enqueue("late")],
    ["enqueueAll", () => queue.enqueueAll([{ payload: "late" }])],
    ["claim", () => queue.claim(2)],
    ["tryDequeue", () => queue.tryDequeue()],
    ["dequeue", () => queue.dequeue()],
    ["process", () => queue.process(() => {})],
    ["ack", () => lease.ack()],
    ["retry", () => lease.retry()],
    ["release", () => lease.release()],
    ["fail", () => lease.fail("late")],
    ["extend", () => lease.extend(1000)],
    ["redrive", () => queue.deadLetters.redrive()],
    ["purge", () => queue.deadLetters.purge()],
    ["clear", () => queue.clear()],
    ["idle", () => queue.idle()],
    ["compact", () => queue.compact()],
  ];
}

/**
 * K and N: of a compaction, that one of the two snapshots counts, and nothing was
 * removed; of other calls, that what they read could not be read. The queue goes on.
 */
function judgeKept(
  judged: Judged,
  { column, failure, operations }: Ended,
): void {
  const { fault, run, cells } = judged;
  expect(
    codeOf(failure) === CODES[fault.errno],
    `${column} rejects with ${failure}`,
  );
  const hit = operations.find(({ fault }) => fault);
  if (column !== "carry") {
    const isLook = hit !== undefined && !CHANGES.includes(hit.kind);
    expect(isLook, `K: ${hit?.kind} ${hit?.path} failed, and nothing stopped`);
    cells.during(column, "K");
    return;
  }
  const removed = operations.find(({ kind, path }) =>
    kind === "remove" && path.startsWith(QUEUE_LOG)
  );
  expect(!removed, `Q6: ${removed?.path} was removed`);
  const committed = operations.some(({ kind, to }) =>
    kind === "rename" && to === META
  );
  if (!committed && !isBroken(judged)) {
    const left = leftOvers(run.fileSystem);
    expect(left.length === 0, `K: left over: ${left.join()}`);
  }
  cells.during(column, committed && hit?.to !== META ? "N" : "K");
}
