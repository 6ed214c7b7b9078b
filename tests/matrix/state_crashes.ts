/**
 * Crashes in each kind of call of a state, without any fault.
 */

import {
  CHANGES,
  type CrashStateOptions,
  testCrashes,
} from "../../src/testing/mod.ts";
import type { Cells } from "./cells.ts";
import { recoverState } from "./check_state.ts";
import { StateOracle, type StateOwed, type StateSettings } from "./ledger.ts";
import {
  checkShown,
  managerOf,
  newStateRun,
  openState,
  STATE_STEPS,
  type StateRun,
} from "./state_steps.ts";
import type { Column } from "./table.ts";

/** Steps in front, and the one that crashes: a letter, or `open` or `close`. */
interface History {
  readonly column: Column;
  readonly front: string;
  readonly last: string;
  readonly settings?: StateSettings;
  /** How many changes the last step of `front` makes before it is killed. @default all */
  readonly changes?: number;
  /** Whether a batch is written in part at the end of them. */
  readonly torn?: boolean;
}

/** One state in so many is crashed again while it is opened. */
const AGAIN_ONE_IN = 3;

const SMALL = { maxSegmentBytes: 150 };
const AUTO = { snapshotAfter: 1 };
const COMPACTING = { ...AUTO, ...SMALL, keepHistory: false };
const HISTORIES: readonly History[] = [
  { column: "snapshot", front: "ab", last: "s" },
  { column: "snapshot", front: "asb", last: "s" },
  { column: "snapshot", front: "as", last: "u" },
  { column: "compact", front: "absa", last: "m" },
  { column: "compact", front: "ambb", last: "m", settings: SMALL },
  { column: "compact", front: "as", last: "q" },
  { column: "state", front: "asb", last: "c" },
  { column: "state", front: "am", last: "b", settings: SMALL },
  { column: "state", front: "as", last: "close" },
  { column: "auto", front: "o", last: "o", settings: AUTO },
  { column: "auto", front: "i", last: "y", settings: AUTO },
  { column: "auto", front: "oi", last: "o", settings: COMPACTING },
  { column: "load", front: "asb", last: "open", torn: true },
  { column: "load", front: "amb", last: "open" },
  // Behind the commit point, and in front of it.
  ...[6, 10, 11, 12, 13, 14, 15].map((changes): History => {
    return { column: "load", front: "asas", last: "open", changes };
  }),
  ...[16, 19, 22, 25].map((changes): History => {
    return { column: "load", front: "asam", last: "open", changes };
  }),
];

/** Crashes everywhere in the last step of each history. */
export async function crashStates(
  cells: Cells,
  columns: readonly Column[],
  states: CrashStateOptions,
  again?: CrashStateOptions,
): Promise<void> {
  for (const history of HISTORIES) {
    const { column, front, last, settings = {}, torn } = history;
    if (!columns.includes(column)) continue;
    await cells.attempt(column, `steps ${front}, then ${last}`, async () => {
      await testCrashes<StateOwed>({
        run: async (fileSystem, watch) => {
          const oracle = new StateOracle(settings);
          const run = newStateRun(fileSystem, oracle);
          await openState(run);
          for (const letter of front.slice(0, -1)) {
            await STATE_STEPS[letter].act(run);
          }
          await killed(run, front.slice(-1), history.changes);
          if (torn && last === "open") await tear(run);
          if (last === "open") fileSystem.restart();
          watch(() => {
            if (last === "open") return oracle.owed;
            // M2: what is shown at any moment is owed from there on.
            checkShown(run, oracle.acknowledged);
            return { ...oracle.owed, acknowledged: managerOf(run).sequence };
          });
          if (last === "open") await openState(run);
          else if (last === "close") await managerOf(run).close();
          else await STATE_STEPS[last].act(run);
        },
        check: async (fileSystem, owed, watch) =>
          cells.after(column, await recoverState(fileSystem, owed, watch)),
        states,
        again,
        chooseAgain: (fingerprint) => fingerprint % AGAIN_ONE_IN === 0,
        faults: [], // the sweep has them
        orders: 0, // overlaps_test.ts tries others
      });
    });
  }
}

/** Plays a step; with `changes`, the program is killed in front of the next one. */
async function killed(
  run: StateRun,
  letter: string,
  changes?: number,
): Promise<void> {
  if (changes === undefined) return void await STATE_STEPS[letter].act(run);
  const { fileSystem } = run;
  const { onOperation } = fileSystem;
  let left = changes;
  fileSystem.onOperation = ({ kind }) => {
    if (CHANGES.includes(kind) && left-- === 0) fileSystem.stop();
  };
  await STATE_STEPS[letter].act(run).catch(() => {});
  fileSystem.onOperation = onOperation;
}

/** Writes a batch in part. */
async function tear(run: StateRun): Promise<void> {
  run.fileSystem.inject({ kinds: ["write"], errno: "EIO", written: 9 });
  await STATE_STEPS.b.act(run).catch(() => {});
}
