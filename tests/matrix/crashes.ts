/**
 * Crashes in each kind of call, without any fault.
 */

import { type CrashStateOptions, testCrashes } from "../../src/testing/mod.ts";
import { Oracle, type Owed, type Settings } from "../crash/oracle.ts";
import { type Cells, openAgain } from "./cells.ts";
import { newRun, open, STEPS, storeOf } from "./steps.ts";
import type { Column } from "./table.ts";

/** Steps in front, and the one that crashes: a letter, or `open` or `close`. */
interface History {
  readonly column: Column;
  readonly front: string;
  readonly last: string;
  readonly settings?: Settings;
  /** Whether a group is written in part at the end of them. */
  readonly torn?: boolean;
}

const HISTORIES: readonly History[] = [
  { column: "append", front: "ab", last: "c" },
  { column: "append", front: "ra", last: "S" },
  { column: "append", front: "", last: "b" },
  { column: "rotate", front: "ab", last: "r" },
  { column: "rotate", front: "ab", last: "q" },
  {
    column: "rotate",
    front: "aa",
    last: "a",
    settings: { maxSegmentBytes: 1, retain: 1 },
  },
  { column: "open", front: "", last: "open" },
  { column: "open", front: "arab", last: "open", torn: true },
  { column: "truncate", front: "arara", last: "t" },
  { column: "close", front: "ab", last: "close" },
];

/** Crashes everywhere in the last step of each history. */
export async function crashAll(
  cells: Cells,
  columns: readonly Column[],
  states: CrashStateOptions,
  again?: CrashStateOptions,
): Promise<void> {
  for (const history of HISTORIES) {
    const { column, front, last, settings = {}, torn } = history;
    if (!columns.includes(column)) continue;
    await cells.attempt(column, `steps ${front}, then ${last}`, async () => {
      await testCrashes<Owed>({
        run: async (fileSystem, watch) => {
          const oracle = new Oracle(settings);
          const run = newRun(fileSystem, oracle);
          if (front !== "" || last !== "open") await open(run);
          for (const letter of front) {
            await STEPS[letter](run, storeOf(run));
          }
          if (torn) {
            fileSystem.inject({ kinds: ["write"], errno: "EIO", written: 9 });
            await STEPS.b(run, storeOf(run)).catch(() => {});
          }
          if (last === "open") fileSystem.restart();
          watch(() => oracle.owed);
          if (last === "open") await open(run);
          else if (last === "close") await storeOf(run).close();
          else await STEPS[last](run, storeOf(run));
        },
        check: async (fileSystem, owed, watch) =>
          cells.after(column, await openAgain(fileSystem, owed, watch)),
        states,
        again,
        faults: [], // the sweep has them
        orders: 0, // overlaps_test.ts tries others
      });
    });
  }
}
