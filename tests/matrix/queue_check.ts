/**
 * Opens a queue after a crash, and holds it against the invariants Q1 – Q6, M1
 * and M2.
 */

import { MiniQueue, MiniStore } from "../../mod.ts";
import type { SimulatedFileSystem, Watch } from "../../src/testing/mod.ts";
import { hashImage } from "../../src/testing/crash_states.ts";
import { type After, expect } from "./cells.ts";
import { leftOvers } from "./check_state.ts";
import { codeOf } from "./injections.ts";
import {
  ack,
  claim,
  compact,
  enqueue,
  newQueueRun,
  openQueueRun,
  queueOf,
  type QueueRun,
} from "./queue_calls.ts";
import { claimed, isHeld, type QueueModel } from "./queue_model.ts";
import {
  QUEUE_DIR,
  QUEUE_LOG,
  QueueOracle,
  type QueueOwed,
} from "./queue_oracle.ts";

/** One queue in so many is used behind its opening, until nothing is left in it. */
const USE_ONE_IN = 3;

/** Opens a queue, and checks what it shows; or uses it then, too. */
export type Depth = "shown" | "used";

/** Checks a queue, and how it opens. */
export async function recoverQueue(
  fileSystem: SimulatedFileSystem,
  owed: QueueOwed,
  watch: Watch<QueueOwed> = () => {},
  depth: Depth = "used",
): Promise<After> {
  if (fileSystem.readOnly) {
    const code = await MiniQueue.open(QUEUE_DIR, { fileSystem }).catch(codeOf);
    expect(code === "READ_ONLY", `F3: open of a read-only queue: ${code}`);
    return "O";
  }
  const fingerprint = hashImage(fileSystem.visible);
  const { visible: { files } } = fileSystem;
  const isTorn = files.has(QUEUE_LOG) &&
    (await MiniStore.verify(QUEUE_LOG, { fileSystem })).torn !== undefined;
  const oracle = new QueueOracle(owed);
  const run = newQueueRun(fileSystem, oracle);
  await openQueueRun(run);
  const queue = queueOf(run);
  const { damage } = queue.recovery;
  expect(!damage, `S1: damaged: ${damage?.message}`);
  await oracle.lists(queue, false);
  oracle.isOpened();
  checkDurable(fileSystem);
  const left = leftOvers(fileSystem);
  expect(left.length === 0, `S4: left over: ${left.join()}`);
  watch(() => oracle.owed);
  if (depth === "shown") await enqueue(run, {});
  else if (fingerprint % USE_ONE_IN === 0) await use(run);
  else await checkKeys(run);
  await queueOf(run).close();
  const { timers } = oracle.clock;
  expect(timers === 0, `${timers} timers are left behind close`);
  return isTorn ? "T" : "O";
}

/** Uses a queue until nothing is left in it. */
async function use(run: QueueRun): Promise<void> {
  await checkKeys(run);
  await compact(run);
  await checkLeases(run);
  await reopen(run);
  await drain(run);
}

/** Q1, Q2, Q6: a queue that was closed has everything, and nothing else. */
async function reopen(run: QueueRun): Promise<void> {
  await queueOf(run).close();
  await openQueueRun(run);
  await run.oracle.lists(queueOf(run), true);
}

/** Q5: a key that is taken stays taken for as long as was promised, and no longer. */
async function checkKeys(run: QueueRun): Promise<void> {
  const { model, now } = run.oracle;
  const wishes = Object.entries(model.keys).map(([name, { until }]) => {
    const key = name.slice(name.indexOf(":") + 1);
    const wish = name.startsWith("id:") ? { id: key } : { dedupeKey: key };
    return { until, wish };
  });
  await enqueue(run, {}, ...wishes.map(({ wish }) => wish));
  const ends = wishes.map(({ until }) => until).filter((end) => end > now);
  if (ends.length === 0) return;
  run.oracle.clock.advance(Math.min(...ends) - now);
  await enqueue(run, {}, ...wishes.map(({ wish }) => wish));
}

/** Q2, Q3: who holds a message may settle it, once, and nobody else may. */
async function checkLeases(run: QueueRun): Promise<void> {
  const { oracle } = run;
  const { items } = oracle.model;
  const receipts = Object.entries(oracle.owed.receipts);
  const isLive = ([n, { text }]: (typeof receipts)[number]) =>
    items.some((item) =>
      item.n === Number(n) && isHeld(item, oracle.now) &&
      oracle.receiptOf(item) === text
    );
  for (const receipt of receipts) {
    if (isLive(receipt)) continue;
    const [n, { text }] = receipt;
    const code = await queueOf(run).lease(text).ack().catch(codeOf);
    expect(code === "LEASE_LOST", `Q2: message ${n}, ${text}: ${code}`);
  }
  oracle.sees(queueOf(run));
  if (receipts.some(isLive)) await ack(run);
}

/** Q1, Q3, Q4: everything is handed out in the right order when its time has come, with its payload. */
async function drain(run: QueueRun): Promise<void> {
  const { oracle } = run;
  for (;;) {
    const { model, now } = oracle;
    if (model.items.length === 0) break;
    const { given, steps } = claimed(model, now, 100);
    if (given.length > 0) {
      await claim(run, 100);
      for (const _ of given) await ack(run);
    } else if (steps.length > 0) await claim(run, 1);
    else oracle.clock.advance(nextTime(model, now) - now);
  }
  const { size } = queueOf(run);
  expect(size === 0, `Q2: ${size} messages when all are acknowledged`);
}

/** When something becomes ready. */
function nextTime({ items }: QueueModel, now: number): number {
  const times = items.flatMap(({ lease, notBefore }) =>
    [lease?.until ?? 0, notBefore ?? 0].filter((time) => time > now)
  );
  return Math.min(...times);
}

/** W8, M2: a power cut takes nothing of what an opened queue shows; only what was removed as a left-over may be back. */
function checkDurable(fileSystem: SimulatedFileSystem): void {
  const { files: shown } = fileSystem.visible;
  const [worst] = fileSystem.crashStates({ data: ["D0"], names: ["N0"] });
  const { files: kept } = worst.image;
  for (const path of new Set([...shown.keys(), ...kept.keys()])) {
    if (path.endsWith(".new")) continue;
    const [a, b] = [shown.get(path), kept.get(path)];
    const same = a?.length === b?.length &&
      a?.every((byte, n) => byte === b?.[n]);
    expect(same === true, `W8: ${path} is not durable after open`);
  }
}
