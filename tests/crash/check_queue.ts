/**
 * Recovers a queue after a crash and holds it against the invariants Q1 – Q6.
 */

import type { DurableError } from "../../mod.ts";
import { hashImage } from "../../src/testing/crash_states.ts";
import type { SimulatedFileSystem, Watch } from "../../src/testing/mod.ts";
import { checkDurable, expect } from "./check_log.ts";
import { DAY } from "./queue_alphabet.ts";
import { observe, openQueue, type QueueRun } from "./queue_run.ts";
import { expectClaim, finish, put, sweep, take } from "./queue_calls.ts";
import type { Wish } from "./queue_items.ts";
import { heldUntil, type Settlement } from "./queue_model.ts";
import type { QueueOwed } from "./queue_oracle.ts";
import { useQueue } from "./queue_usage.ts";

/** How a queue is used that has been recovered, one way with each state of the disk. */
const NEXT = ["e", "c", "z", "n", "ca", "k", "g", "N", "Tc", "u", "nz", "w"];
/** With one state in so many it is looked whether to open it once more changes it. */
const CLEAN_ONE_IN = 4;
/** One state in so many is recovered at all times, any other at one of them. */
const AT_ALL_ONE_IN = 8;
/** By how much the clock goes on while nobody looks, or is set back. */
const AWAY = [0, 100 * DAY, -DAY];
/** How a message is settled whose lease has outlived the crash. */
const SETTLEMENTS: readonly Settlement[] = [
  { kind: "ack" },
  { kind: "fail", reason: "behind a crash" },
  { kind: "retry", delay: 0, reason: "behind a crash" },
  { kind: "extend", time: 1500 },
];
/** A queue that is not empty behind so many rounds never will be. */
const ROUNDS = 400;

/** Throws with the name of the invariant that does not hold. */
export async function checkQueue(
  fileSystem: SimulatedFileSystem,
  owed: QueueOwed,
  watch: Watch<QueueOwed>,
): Promise<void> {
  const fingerprint = hashImage(fileSystem.visible);
  if (fileSystem.readOnly) return await checkReadOnly(fileSystem, owed);
  const all = fingerprint % AT_ALL_ONE_IN === 0;
  for (const [n, away] of AWAY.entries()) {
    if (!all && n !== fingerprint % AWAY.length) continue;
    // Keys that are past their time may have been forgotten, or not.
    if (away < 0 && owed.settings.keys !== undefined) continue;
    const later = { ...owed, now: owed.now + away };
    await checkAt(fileSystem.clone(), later, fingerprint + n);
  }
  const usage = useQueue(fileSystem, owed);
  const { run } = usage;
  const queue = await attempt("Q1: open", owed, () => openQueue(run));
  if (queue === undefined) return;
  checkLeftovers(fileSystem);
  checkDurable(fileSystem, owed.lied, isLeftover);
  watch(() => usage.owed);
  const next = NEXT[fingerprint % NEXT.length];
  const went = await attempt(`"${next}"`, owed, async () => {
    await usage.play(next);
    return true;
  });
  await run.queue?.close().catch((error) => {
    if (!owed.lied) throw error;
  });
  if (went && fingerprint % CLEAN_ONE_IN === 0) {
    await checkClean(fileSystem, usage.owed);
  }
}

async function checkReadOnly(
  fileSystem: SimulatedFileSystem,
  owed: QueueOwed,
): Promise<void> {
  const { run } = useQueue(fileSystem, owed);
  const error = await openQueue(run).then(() => {}, (error) => error);
  expect(error?.code === "READ_ONLY", `READ_ONLY was expected, not ${error}`);
}

/** Recovers a queue at a time, and empties it. */
async function checkAt(
  fileSystem: SimulatedFileSystem,
  owed: QueueOwed,
  choice: number,
): Promise<void> {
  const { run } = useQueue(fileSystem, owed);
  const queue = await attempt("Q1: open", owed, () => openQueue(run));
  if (queue === undefined) return;
  if (owed.lied) return void await queue.close().catch(() => {});
  await checkFences(run, choice);
  await checkKeys(run, choice);
  await observe(run);
  await drain(run, choice);
  await sweep(run, "redrive");
  await drain(run, choice + 1);
  await put(run, [{}, { group: "g" }, { group: "g" }]);
  if (choice % 2 === 0) await openAgain(run);
  await drain(run, choice);
  run.clock.advance(DAY);
  await checkKeys(run, choice); // all are free again
  await queue.close();
}

/** Fencing: a lease that runs on settles its message once, any other nothing. */
async function checkFences(run: QueueRun, choice: number): Promise<void> {
  for (const [n, receipt] of run.oracle.owed.receipts.entries()) {
    const what = SETTLEMENTS[(choice + n) % SETTLEMENTS.length];
    await finish(run, receipt, what);
    if (what.kind !== "extend") await finish(run, receipt, { kind: "ack" });
  }
}

/** Q5: a key within its window gives the first id, one behind it a new one. */
async function checkKeys(run: QueueRun, choice: number): Promise<void> {
  const { oracle, clock } = run;
  const { now } = oracle.at(clock.now());
  const { keys } = oracle.newest;
  const names = Object.keys(keys).sort((a, b) => keys[a].until - keys[b].until);
  if (names.length === 0) return;
  // Those next to their end are forgotten too early or too late, if any.
  const first = names.findIndex((name) => keys[name].until > now);
  const chosen = [names[choice % names.length], names[first], names[first - 1]];
  for (const name of new Set(chosen)) {
    const [, kind, text] = /^(id|key):(.*)$/.exec(name ?? "") ?? [];
    if (kind === undefined) continue;
    const wish: Wish = kind === "id" ? { id: text } : { dedupeKey: text };
    await put(run, [{ ...wish, dedupeWindow: 500 }]);
  }
}

/** Q1 – Q4: hands everything out, in order, each when its time has come, and acknowledges it. */
async function drain(run: QueueRun, choice: number): Promise<void> {
  const { oracle } = run;
  for (let round = 0; oracle.newest.messages.length > 0; round++) {
    if (round > ROUNDS) throw new Error("Q1: the queue does not become empty");
    await take(run, 1 + (choice + round) % 3);
    const some = heldNow(run);
    for (const receipt of some) await finish(run, receipt, { kind: "ack" });
    if (some.length === 0) await pass(run, choice + round);
  }
  await observe(run);
}

function heldNow({ oracle, clock }: QueueRun) {
  const moment = oracle.at(clock.now());
  const { messages } = oracle.newest;
  return oracle.owed.receipts.filter(({ n, token }) =>
    messages.some((item) =>
      item.n === n && item.hold?.token === token &&
      heldUntil(item, moment) > moment.now
    )
  );
}

/** Lets time pass until something may be handed out, and not before. */
async function pass(run: QueueRun, choice: number): Promise<void> {
  const { oracle, clock } = run;
  const moment = oracle.at(clock.now());
  const times = oracle.newest.messages.flatMap((item) => [
    heldUntil(item, moment),
    item.notBefore ?? -Infinity,
  ]).filter((time) => time > moment.now);
  if (times.length === 0) return;
  const next = Math.min(...times);
  clock.advance(next - 1 - clock.now());
  await take(run, 1);
  if (choice % 2 === 0) return clock.advance(1);
  // Who waits is woken up.
  if (!run.queue) return;
  const stop = new AbortController();
  const waiting = run.queue.dequeue({ signal: stop.signal });
  const claim = expectClaim(run, 1, next);
  clock.advance(1);
  if (claim.items.length > 0) claim.check([await waiting]);
  else {
    stop.abort();
    await waiting.then(
      () => {
        throw new Error("Q3: a message was handed out whose turn has not come");
      },
      () => {},
    );
  }
}

async function openAgain(run: QueueRun): Promise<void> {
  await run.queue?.close();
  await openQueue(run);
}

/** S4: what a crash left of a snapshot is gone. */
function checkLeftovers(fileSystem: SimulatedFileSystem): void {
  const names = [...fileSystem.visible.files.keys()];
  const left = names.find(isLeftover);
  expect(left === undefined, `S4: ${left} is left over`);
}

function isLeftover(name: string): boolean {
  return /\.new(-|$)/.test(name);
}

/** W11: open, close, open changes nothing. */
async function checkClean(
  fileSystem: SimulatedFileSystem,
  owed: QueueOwed,
): Promise<void> {
  const before = hashImage(fileSystem.visible);
  const { run } = useQueue(fileSystem, owed);
  const queue = await openQueue(run);
  await queue.close();
  expect(
    hashImage(fileSystem.visible) === before,
    "W11: open and close changed a file",
  );
}

/** Runs what must not be refused. After a sync that lied it may be; and the failure that was kept back may come first. */
async function attempt<T>(
  what: string,
  owed: QueueOwed,
  run: () => Promise<T>,
  isLate = false,
): Promise<T | undefined> {
  try {
    return await run();
  } catch (error) {
    const { code, path, message } = error as DurableError;
    if (code === undefined) throw error;
    const isRefusal = code === "CORRUPT" && path !== undefined;
    if (owed.lied && (isRefusal || code === "FAILED")) return undefined;
    if (owed.lied && code === "IO" && !isLate) {
      return await attempt(what, owed, run, true);
    }
    throw new Error(`${what} was refused: ${message}`, { cause: error });
  }
}
