/**
 * What is refused although nothing fails: a second writer, and records that
 * cannot be written.
 */

import { MiniStore } from "../../mod.ts";
import { SimulatedFileSystem } from "../../src/testing/mod.ts";
import { PATH } from "../crash/check_log.ts";
import { Oracle } from "../crash/oracle.ts";
import { type Cells, expect, openAgain, visibleHash } from "./cells.ts";
import { codeOf } from "./injections.ts";
import { newRun, open, storeOf, type WatchedRun } from "./steps.ts";

const SETTINGS = { maxRecordBytes: 100 };

/** A log that is open, with a record. */
async function opened(): Promise<WatchedRun> {
  const run = newRun(new SimulatedFileSystem(), new Oracle(SETTINGS));
  await open(run);
  await append(run);
  return run;
}

async function append({ oracle, store }: WatchedRun): Promise<void> {
  const [text] = oracle.submit(1);
  oracle.acknowledge(await store?.append(text) ?? 0);
}

/** A second writer is refused, and the first one writes on. */
export async function openTwice(cells: Cells): Promise<void> {
  await cells.attempt("open", "a second writer", async () => {
    const run = await opened();
    const { fileSystem, oracle } = run;
    const before = visibleHash(fileSystem);
    const second = await MiniStore.open(PATH, { fileSystem }).catch(codeOf);
    expect(second === "LOCKED", `the second open: ${second}`);
    expect(visibleHash(fileSystem) === before, "the second open changes files");
    cells.during("open", "L");
    await append(run);
    await storeOf(run).close();
    cells.after("open", await openAgain(fileSystem, oracle.owed));
  });
}

const circular: unknown[] = [];
circular.push(circular);
const REFUSED: readonly (readonly [string, unknown])[] = [
  ["undefined", undefined],
  ["NaN", NaN],
  ["a bigint", 1n],
  ["a function", () => {}],
  ["a Map", new Map()],
  ["a circular array", circular],
  ["a record that is too long", "x".repeat(1000)],
];

/** Records that cannot be written are refused before any byte, and the log goes on. */
export async function appendUnwritable(cells: Cells): Promise<void> {
  for (const [what, record] of REFUSED) {
    await cells.attempt("append", what, async () => {
      const run = await opened();
      const store = storeOf(run) as MiniStore<unknown>;
      const { fileSystem, oracle } = run;
      const calls = fileSystem.operations.length;
      const refused = [
        () => store.append(record),
        () => store.appendAll(["fine", record]),
        () => Promise.resolve(record).then((it) => store.appendSync(it)),
      ];
      for (const call of refused) {
        const error = await call().catch((error: unknown) => error);
        const isMisuse = error instanceof TypeError ||
          error instanceof RangeError;
        expect(isMisuse, `it was not refused: ${error}`);
      }
      expect(fileSystem.operations.length === calls, "a file was touched");
      cells.during("append", "E");
      await append(run);
      cells.after("append", await openAgain(fileSystem.clone(), oracle.owed));
    });
  }
}
