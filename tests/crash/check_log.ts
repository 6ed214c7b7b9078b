/**
 * Recovers a log after a crash and holds it against the invariants W1 – W13.
 */

import { type DurableError, MiniStore } from "../../mod.ts";
import type { SimulatedFileSystem } from "../../src/testing/mod.ts";
import { hashImage } from "../../src/testing/crash_states.ts";
import type { Watch } from "../../src/testing/mod.ts";
import type { Owed, Settings } from "./oracle.ts";

/** The path of the log. */
export const PATH = "d/j.jsonl";
/** One state in so many is read before it is opened; what it shows is read again behind that. */
const READ_ONE_IN = 2;
/** To open a log that was closed is tried with one state in so many: what it finds depends little on the state. */
const CLEAN_ONE_IN = 4;

type Read = { sequence: number; record: string }[];

/** Throws with the name of the invariant that does not hold. */
export async function checkLog(
  fileSystem: SimulatedFileSystem,
  owed: Owed,
  watch: Watch<Owed>,
): Promise<void> {
  const { settings } = owed;
  const before = fileSystem.visible;
  const fingerprint = hashImage(before);
  const isRead = fingerprint % READ_ONE_IN === 0 || fileSystem.readOnly;
  const seen = isRead ? await checkReader(fileSystem, owed) : [];
  if (seen === undefined) return;
  if (fileSystem.readOnly) return await checkReadOnly(fileSystem, settings);
  const store = await attempt(
    "W13: open",
    owed,
    () => MiniStore.open<string>(PATH, { ...settings, fileSystem }),
  );
  if (store === undefined) return;
  expect(
    seen.length === 0 || seen.at(-1)?.sequence === store.sequence,
    `W11: a reader saw ${seen.at(-1)?.sequence}, open ${store.sequence}`,
  );
  if (isRead) judge(seen, owed, "open", store.sequence);
  else judgeEnd(store.sequence, owed, "open");
  checkKept(fileSystem, before.files, store.recovery.torn);
  checkDurable(fileSystem, owed.lied);
  let records = owed.records.slice(0, store.sequence);
  let acknowledged = store.sequence;
  // What was shown is owed, also to a second crash.
  watch(() => ({
    ...owed,
    records,
    ends: [...owed.ends, acknowledged, records.length],
    acknowledged,
  }));
  records = [...records, "next"];
  const next = await attempt("append", owed, () => store.append("next"));
  if (next === undefined) return await store.close();
  acknowledged = next;
  expect(next === records.length, `W2: the next record is ${next}`);
  const first = store.firstSequence;
  await store.close();
  const shown = await read(fileSystem);
  judge(
    shown,
    { ...owed, records, acknowledged, ends: [next] },
    "append",
  );
  expect(shown[0].sequence === first, `firstSequence is ${first}`);
  if (fingerprint % CLEAN_ONE_IN === 0) {
    await checkClean(fileSystem, settings, next);
  }
}

/** Reads without a lock: nothing is mended, and nothing changed. */
async function checkReader(
  fileSystem: SimulatedFileSystem,
  owed: Owed,
): Promise<Read | undefined> {
  const before = hashImage(fileSystem.visible);
  const seen = await attempt("W13: a reader", owed, () => read(fileSystem));
  if (seen !== undefined) judge(seen, owed, "read");
  const same = before === hashImage(fileSystem.visible);
  expect(same, "a reader changed a file");
  return seen;
}

async function read(fileSystem: SimulatedFileSystem): Promise<Read> {
  const all: Read = [];
  for await (const entry of MiniStore.stream<string>(PATH, { fileSystem })) {
    all.push(entry);
  }
  return all;
}

/**
 * Runs what must not be refused. After a sync that lied it may be, with a
 * position; and the failure that was kept back may come first.
 */
async function attempt<T>(
  what: string,
  owed: Owed,
  run: () => Promise<T>,
  isLate = false,
): Promise<T | undefined> {
  try {
    return await run();
  } catch (error) {
    const { code, path, offset, message } = error as DurableError;
    const isRefusal = ["CORRUPT", "NOT_A_JOURNAL"].includes(code) &&
      path !== undefined && offset !== undefined;
    if (owed.lied && (isRefusal || code === "FAILED")) return undefined;
    if (owed.lied && code === "IO" && !isLate) {
      return await attempt(what, owed, run, true);
    }
    throw new Error(`${what} was refused: ${message}`, { cause: error });
  }
}

function judge(
  found: Read,
  owed: Owed,
  when: string,
  sequence = owed.acknowledged,
): void {
  const { records, dropped } = owed;
  // With retain, any rotation may drop, that of the recovery too.
  const droppable = owed.settings.retain === undefined
    ? owed.droppable
    : records.length;
  const first = found[0]?.sequence ?? sequence + 1;
  const last = found.at(-1)?.sequence ?? sequence;
  for (const [n, entry] of found.entries()) {
    expect(entry.sequence === first + n, `W2 (${when}): a gap at ${first + n}`);
    const wanted = records[entry.sequence - 1];
    expect(
      entry.record === wanted,
      `W2, W4 (${when}): record ${entry.sequence} is ${
        JSON.stringify(entry.record)
      }, submitted was ${JSON.stringify(wanted)}`,
    );
  }
  judgeEnd(last, owed, when);
  expect(
    first <= droppable + 1,
    `W1 (${when}): it begins with ${first}, only those up to ${droppable} may be gone`,
  );
  expect(
    first > dropped,
    `W4 (${when}): record ${first} was removed, and is back`,
  );
}

/** The last number that is shown must end a group, with all that was acknowledged in front. */
function judgeEnd(last: number, owed: Owed, when: string): void {
  const { ends, acknowledged } = owed;
  expect(
    last >= acknowledged,
    `W1 (${when}): ${last} records, ${acknowledged} were acknowledged`,
  );
  expect(
    ends.includes(last),
    `W3 (${when}): ${last} is not the end of a group`,
  );
}

/** W9: what was cut off is kept. */
function checkKept(
  fileSystem: SimulatedFileSystem,
  before: ReadonlyMap<string, Uint8Array>,
  torn: MiniStore["recovery"]["torn"],
): void {
  if (!torn) return;
  const kept = fileSystem.visible.files.get(torn.keptAs);
  const cut = before.get(torn.path)?.subarray(torn.offset);
  expect(
    cut?.length === torn.bytes && kept?.length === torn.bytes &&
      cut.every((byte, n) => byte === kept[n]),
    `W9: the torn tail at ${torn.offset} was not kept`,
  );
}

/** W8, W10: all that shows after an open is on the disk; a sync that lied cannot be made good. */
export function checkDurable(
  fileSystem: SimulatedFileSystem,
  lied: boolean,
  mayReturn: (name: string) => boolean = () => false,
): void {
  if (lied) return;
  const { visible } = fileSystem;
  const [worst] = fileSystem.crashStates({ data: ["D0"], names: ["N0"] });
  const names = new Set([...visible.files.keys(), ...worst.image.files.keys()]);
  for (const name of names) {
    const [shown, kept] = [visible, worst.image].map(({ files }) =>
      files.get(name)
    );
    if (shown === undefined && mayReturn(name)) continue;
    const same = shown !== undefined && kept !== undefined &&
      shown.length === kept.length && shown.every((byte, n) =>
        byte === kept[n]
      );
    expect(same, `W8: ${name} is not durable after open`);
  }
}

/** W11: open-close-open changes nothing. */
async function checkClean(
  fileSystem: SimulatedFileSystem,
  settings: Settings,
  sequence: number,
): Promise<void> {
  const before = hashImage(fileSystem.visible);
  const store = await MiniStore.open(PATH, { ...settings, fileSystem });
  const { closed, torn, created, rotated } = store.recovery;
  expect(store.sequence === sequence, `W11: reopened at ${store.sequence}`);
  const isClosed = closed || settings.format === "v0.1";
  expect(
    isClosed && !torn && !created && !rotated,
    `W11: a log that was closed was mended`,
  );
  await store.close();
  expect(
    hashImage(fileSystem.visible) === before,
    "W11: open and close changed a file",
  );
  const names = [...fileSystem.visible.files.keys()];
  expect(!names.some((name) => name.includes(".new-")), "a file was left over");
}

/** A file system that has become read-only can be read, and not opened. */
async function checkReadOnly(
  fileSystem: SimulatedFileSystem,
  settings: Settings,
): Promise<void> {
  const code = await MiniStore.open(PATH, { ...settings, fileSystem }).then(
    () => "opened",
    (error: DurableError) => error.code,
  );
  expect(code === "READ_ONLY", `F3: open of a read-only log: ${code}`);
}

/** Throws if something does not hold; the text begins with the name of the invariant. */
export function expect(holds: boolean, violated: string): void {
  if (!holds) throw new Error(violated);
}
