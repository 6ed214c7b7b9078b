/** Lets the library at damaged files and compares what comes out with the model. */

import { openPath } from "../../src/wal/segments.ts";
import { DurableError, MiniStore } from "../../mod.ts";
import { type Files, filesOf, PATH } from "../support/journals.ts";
import { sameBytes } from "./lineage.ts";
import type { Readable, Verdict } from "./model.ts";
import { WatchedFileSystem } from "./watched_file_system.ts";

/** What is tested; a test of the oracle gives it one with a defect. */
export type Subject = Pick<
  typeof MiniStore,
  "open" | "replay" | "stream" | "verify"
>;

/** How a case is examined. */
export interface ExamineOptions {
  /** Where `stream` begins. @default {the first record} */
  readonly from?: number | undefined;
  /** The format that `open` writes. @default {"v0.2"} */
  readonly format?: "v0.1" | "v0.2" | undefined;
  /** @default {MiniStore} */
  readonly subject?: Subject | undefined;
}

/** An invariant that does not hold. */
export class Violation extends Error {
  override readonly name = "Violation";
}

/** What a call gave. */
type Outcome<T> = { readonly value: T } | { readonly error: DurableError };

/** Codes that refuse a log for what is in its files. */
const REFUSALS = ["CORRUPT", "NOT_A_JOURNAL", "UNSUPPORTED_VERSION"];

/** Throws a {@linkcode Violation} unless a condition holds. */
function must(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Violation(what);
}

/**
 * Reads, verifies, streams and opens a log, and checks what must hold.
 *
 * - All four agree with the model and with each other.
 * - Only a `DurableError` is thrown; one that refuses says where in which file.
 * - Reading changes nothing, and neither does a refusal.
 * - An opened log keeps what was cut off, takes a record, and is whole again after it.
 *
 * @throws {Violation} If something does not hold.
 */
export async function examine(
  files: Files,
  verdict: Verdict,
  options: ExamineOptions = {},
): Promise<void> {
  const { subject = MiniStore, from, format = "v0.2" } = options;
  const fileSystem = await WatchedFileSystem.load(files);
  const read = await outcomeOf(
    "replay",
    files,
    () => subject.replay(PATH, { fileSystem }),
  );
  checkRead(verdict, "error" in read ? read.error : textsOf(read.value));
  const all = { subject, fileSystem, files, verdict };
  await checkReport(all, read);
  await checkStream(all, read, from);
  const changed = await fileSystem.changedFrom(files);
  must(changed === undefined, `reading changes ${changed}`);
  await checkOpen(all, read, format);
}

/** What the checks have in common. */
interface Case {
  readonly subject: Subject;
  readonly fileSystem: WatchedFileSystem;
  readonly files: Files;
  readonly verdict: Verdict;
}

function textsOf(records: readonly unknown[]): string[] {
  return records.map((record) => JSON.stringify(record));
}

/** Calls the library, and checks what it throws. */
async function outcomeOf<T>(
  call: string,
  files: Files,
  run: () => Promise<T>,
): Promise<Outcome<T>> {
  try {
    return { value: await run() };
  } catch (error) {
    if (error instanceof Violation) throw error;
    if (!(error instanceof DurableError)) {
      throw new Violation(`${call} leaks ${describe(error)}`);
    }
    if (REFUSALS.includes(error.code)) checkPosition(call, files, error);
    return { error };
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}

function checkPosition(call: string, files: Files, error: DurableError): void {
  const { path, offset, line } = error;
  must(path?.startsWith(PATH) === true, `${call} names no file: ${error}`);
  must(offset !== undefined, `${call} gives no offset: ${error}`);
  const bytes = files.get(path) ?? new Uint8Array();
  must(offset <= bytes.length, `${call}: offset behind the end: ${error}`);
  const before = bytes.subarray(0, offset).filter((byte) => byte === 10);
  must(line === before.length + 1, `${call}: wrong line: ${error}`);
}

/** Compares records, or a refusal, with the model. */
function checkRead(
  verdict: Verdict,
  result: readonly string[] | DurableError,
): void {
  if (result instanceof DurableError) {
    must(REFUSALS.includes(result.code), `replay rejects with ${result.code}`);
    const may = verdict.kind === "refused" ||
      (verdict.kind === "log" && !verdict.must);
    must(may, `replay refuses a log that is whole: ${result}`);
    return;
  }
  if (verdict.kind === "refused") {
    throw new Violation(
      `replay accepts ${result.length} records, but ${verdict.why}`,
    );
  }
  const wanted = verdict.kind === "log" ? verdict.texts : [];
  const wrong = wanted.findIndex((text, n) => text !== result[n]);
  must(
    wrong < 0 && wanted.length === result.length,
    `replay gives ${result.length} records of ${wanted.length}${
      wrong < 0 ? "" : `, and a wrong one at index ${wrong}: ${result[wrong]}`
    }`,
  );
}

async function checkReport(
  { subject, fileSystem, files, verdict }: Case,
  read: Outcome<unknown[]>,
): Promise<void> {
  const outcome = await outcomeOf(
    "verify",
    files,
    () => subject.verify(PATH, { fileSystem }),
  );
  if ("error" in outcome) {
    const { code } = outcome.error;
    const may = verdict.kind === "nothing" && code === "NOT_FOUND";
    must(may, `verify throws: ${outcome.error}`);
    return;
  }
  const { ok, records, lastSequence, torn, closed, damage } = outcome.value;
  must(ok === "value" in read, `verify says ok: ${ok}, replay does not agree`);
  must(ok === (damage === undefined), "verify: ok and damage do not agree");
  if (damage) checkPosition("verify", files, damage);
  if (!ok || verdict.kind !== "log") return;
  const { first, texts, offset, path } = verdict;
  const told = [records, lastSequence, closed, torn?.path, torn?.offset];
  const tail = verdict.torn ? [path, offset] : [undefined, undefined];
  const last = first + texts.length - 1;
  const wanted = [texts.length, last, verdict.closed, ...tail];
  must(`${told}` === `${wanted}`, `verify reports ${told}, and not ${wanted}`);
}

/** Streams from a record on; without `from`, what is in front of damage must be right too. */
async function checkStream(
  { subject, fileSystem, files, verdict }: Case,
  read: Outcome<unknown[]>,
  from: number | undefined,
): Promise<void> {
  const seen: string[] = [];
  let next: number | undefined;
  const outcome = await outcomeOf("stream", files, async () => {
    const stream = subject.stream(PATH, { fileSystem, from });
    for await (const { sequence, record } of stream) {
      next ??= sequence;
      must(sequence === next++, `stream gives record ${sequence} out of order`);
      seen.push(JSON.stringify(record));
    }
  });
  const start = (next ?? 1) - seen.length;
  if (verdict.kind === "refused") {
    const isKnown = verdict.known.some((texts) =>
      seen.every((text, n) => text === texts[start - 1 + n])
    );
    must(seen.length === 0 || isKnown, "stream gives a wrong record");
    const whole = from === undefined && "value" in outcome;
    must(!whole, `stream accepts what replay refuses`);
  } else if ("error" in outcome) {
    const first = verdict.kind === "log" ? verdict.first : 1;
    const isBefore = from !== undefined && from < first;
    must(
      "error" in read || (isBefore && outcome.error.code === "TRUNCATED"),
      `stream from ${from} rejects: ${outcome.error}`,
    );
  } else {
    const [first, texts] = verdict.kind === "log"
      ? [verdict.first, verdict.texts]
      : [1, []];
    const wanted = texts.slice(Math.max(0, (from ?? first) - first));
    must(
      `${[from ?? first, ...wanted]}` === `${[from ?? first, ...seen]}` &&
        (seen.length === 0 || start === (from ?? first)),
      `stream from ${from} gives other records than replay`,
    );
  }
}

async function checkOpen(
  { subject, files, verdict }: Case,
  read: Outcome<unknown[]>,
  format: "v0.1" | "v0.2",
): Promise<void> {
  const fileSystem = await WatchedFileSystem.load(files);
  const options = { fileSystem, format };
  const opened = await outcomeOf(
    "open",
    files,
    () => subject.open<unknown>(PATH, options),
  );
  if ("error" in opened) {
    // What stands at the place of its mark is in the way of a writer only.
    const inTheWay = (files.get(openPath(PATH))?.length ?? 0) > 0 &&
      opened.error.code === "EXISTS";
    must(
      "error" in read || inTheWay,
      `open refuses what replay accepts: ${opened.error}`,
    );
    const changed = await fileSystem.changedFrom(files);
    must(changed === undefined, `a refusal changes ${changed}`);
    return;
  }
  const store = opened.value;
  try {
    const may = verdict.kind === "refused" && verdict.openMay;
    must("value" in read || may, "open accepts what replay refuses");
    if (verdict.kind === "log") {
      await checkRecovery(fileSystem, files, verdict, store);
    }
    const sequence = store.sequence;
    must(
      await store.append("one more") === sequence + 1,
      "append counts wrong",
    );
    await store.close();
    const texts = "value" in read
      ? [...textsOf(read.value), '"one more"']
      : undefined;
    await checkAgain(subject, options, texts, sequence + 1);
  } finally {
    await store.close();
  }
}

/** Checks what opening a damaged log did. */
async function checkRecovery(
  fileSystem: WatchedFileSystem,
  files: Files,
  { first, texts, torn, offset, path }: Readable,
  store: MiniStore,
): Promise<void> {
  const { sequence, firstSequence, recovery } = store;
  must(sequence === first + texts.length - 1, `open ends with ${sequence}`);
  must(firstSequence === first, `open begins with ${firstSequence}`);
  must(torn === (recovery.torn !== undefined), "open: torn is told wrong");
  if (!recovery.torn) return;
  must(recovery.torn.offset === offset, "open cuts in the wrong place");
  const kept = (await filesOf(fileSystem)).get(recovery.torn.keptAs);
  const tail = files.get(path)?.subarray(offset) ?? new Uint8Array();
  must(kept !== undefined && sameBytes(kept, tail), "the cut bytes are lost");
}

/** Reads and opens a log again that was mended, written and closed. */
async function checkAgain(
  subject: Subject,
  options: { fileSystem: WatchedFileSystem; format: "v0.1" | "v0.2" },
  texts: readonly string[] | undefined,
  sequence: number,
): Promise<void> {
  const { fileSystem } = options;
  const before = await filesOf(fileSystem);
  const report = await subject.verify(PATH, { fileSystem });
  must(report.ok === (texts !== undefined), `after open: ${report.damage}`);
  if (texts) {
    const records = await subject.replay(PATH, { fileSystem });
    must(`${textsOf(records)}` === `${texts}`, "after open: other records");
    must(report.torn === undefined, "after open: there is a torn tail");
    must(report.lastSequence === sequence, "after open: verify counts wrong");
  }
  const store = await subject.open(PATH, options);
  await store.close();
  must(store.sequence === sequence, "after open: the next one counts wrong");
  const changed = await fileSystem.changedFrom(before);
  must(changed === undefined, `opening again changes ${changed}`);
}
