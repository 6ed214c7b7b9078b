/**
 * Crashes in each kind of call of a queue, without any fault.
 */

import {
  CHANGES,
  type CrashStateOptions,
  testCrashes,
} from "../../src/testing/mod.ts";
import type { Cells } from "./cells.ts";
import {
  compact,
  newQueueRun,
  openQueueRun,
  queueOf,
  type QueueRun,
} from "./queue_calls.ts";
import { recoverQueue } from "./queue_check.ts";
import {
  QueueOracle,
  type QueueOwed,
  type QueueSettings,
} from "./queue_oracle.ts";
import { QUEUE_STEPS } from "./queue_steps.ts";
import type { Column } from "./table.ts";

/** Steps in front, and the one that crashes: a letter, or `open`, `close` or `compact`. */
interface History {
  readonly column: Column;
  readonly front: string;
  readonly last: string;
  readonly settings?: QueueSettings;
  /** How many changes the last step of `front` makes before it is killed. @default all */
  readonly changes?: number;
  /** Whether a commit is written in part at the end of them. */
  readonly torn?: boolean;
}

/** One queue in so many is crashed again while it is opened. */
const AGAIN_ONE_IN = 3;

const SMALL = { maxSegmentBytes: 400 };
const HISTORIES: readonly History[] = [
  { column: "queue", front: "d", last: "b" },
  { column: "queue", front: "k", last: "k" },
  { column: "queue", front: "bd", last: "c" },
  { column: "queue", front: "b", last: "n" },
  { column: "queue", front: "bc", last: "a" },
  { column: "queue", front: "bc", last: "r" },
  { column: "queue", front: "ecr", last: "w" },
  { column: "queue", front: "bc", last: "x" },
  { column: "queue", front: "ebf", last: "v" },
  { column: "queue", front: "bwc", last: "p" },
  { column: "queue", front: "bdc", last: "l" },
  { column: "queue", front: "bm", last: "h", settings: SMALL },
  { column: "queue", front: "bc", last: "close" },
  { column: "carry", front: "bhdf", last: "m", settings: SMALL },
  { column: "carry", front: "bhmhh", last: "m", settings: SMALL },
  { column: "carry", front: "bdeh", last: "q" },
  { column: "carry", front: "h", last: "compact" },
  { column: "reopen", front: "bhc", last: "open", torn: true },
  { column: "reopen", front: "bhme", last: "open" },
  // Behind the commit that carries, at the snapshot, and while segments go.
  ...[2, 9, 12, 14, 16, 18].map((changes): History => {
    const settings = SMALL;
    return { column: "reopen", front: "bhhm", last: "open", changes, settings };
  }),
];

/** What is crashed, and how. */
export interface QueueCrashes {
  /** The columns whose histories are played. */
  readonly columns: readonly Column[];
  /** One history in so many is played. */
  readonly oneIn: number;
  /** The first of them, from 0. @default 0 */
  readonly from?: number;
  /** Which disks a power cut leaves. */
  readonly states: CrashStateOptions;
  /** Which disks one leaves that comes while the queue is opened. @default none */
  readonly again?: CrashStateOptions;
}

/** Crashes everywhere in the last step of each history. */
export async function crashQueues(
  cells: Cells,
  { columns, oneIn, from = 0, states, again }: QueueCrashes,
): Promise<void> {
  const all = HISTORIES.filter(({ column }) => columns.includes(column));
  for (const [n, history] of all.entries()) {
    const { column, front, last, settings = {}, torn } = history;
    if (n % oneIn !== from % oneIn) continue;
    await cells.attempt(column, `steps ${front}, then ${last}`, async () => {
      await testCrashes<QueueOwed>({
        run: async (fileSystem, watch) => {
          const oracle = new QueueOracle({ settings });
          const run = newQueueRun(fileSystem, oracle);
          await openQueueRun(run);
          for (const letter of front.slice(0, -1)) {
            await QUEUE_STEPS[letter].act(run);
          }
          await killed(run, front.slice(-1), history.changes);
          if (torn) await tear(run);
          if (last === "open") fileSystem.restart();
          watch(() => {
            // M2: what is shown at any moment is owed from there on.
            if (last !== "open") oracle.sees(queueOf(run));
            return oracle.owed;
          });
          if (last === "open") await openQueueRun(run);
          else if (last === "close") await queueOf(run).close();
          else if (last === "compact") await compact(run);
          else await QUEUE_STEPS[last].act(run);
        },
        check: async (fileSystem, owed, watch) => {
          const depth = again ? "shown" : "used";
          const after = await recoverQueue(fileSystem, owed, watch, depth);
          cells.after(column, after);
        },
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
  run: QueueRun,
  letter: string,
  changes?: number,
): Promise<void> {
  if (changes === undefined) return void await QUEUE_STEPS[letter].act(run);
  const { fileSystem } = run;
  const { onOperation } = fileSystem;
  let left = changes;
  fileSystem.onOperation = ({ kind }) => {
    if (CHANGES.includes(kind) && left-- === 0) fileSystem.stop();
  };
  await QUEUE_STEPS[letter].act(run).catch(() => {});
  fileSystem.onOperation = onOperation;
}

/** Writes a commit in part. */
async function tear(run: QueueRun): Promise<void> {
  run.fileSystem.inject({ kinds: ["write"], errno: "EIO", written: 9 });
  await QUEUE_STEPS.b.act(run).catch(() => {});
}
