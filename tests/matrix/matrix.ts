/**
 * Runs the fault matrix.
 */

import type { Errno } from "../../src/testing/mod.ts";
import type { Owed } from "../crash/oracle.ts";
import { Cells, Checker, openAgain } from "./cells.ts";
import { crashAll } from "./crashes.ts";
import { DAMAGES, type Damages, openDamaged } from "./damages.ts";
import { recoverState } from "./check_state.ts";
import type { StateOwed } from "./ledger.ts";
import { recoverQueue } from "./queue_check.ts";
import { crashQueues } from "./queue_crashes.ts";
import { openDamagedQueues } from "./queue_damaged.ts";
import { QUEUE_DAMAGES, type QueueDamages } from "./queue_damages.ts";
import {
  DEEP_QUEUE,
  EVERYDAY_QUEUE,
  type QueueEffort,
} from "./queue_effort.ts";
import type { QueueOwed } from "./queue_oracle.ts";
import {
  compactQueueOnBadDisk,
  enqueueUnwritable,
  openQueueTwice,
} from "./queue_refusals.ts";
import { sweepQueues } from "./queue_sweep.ts";
import { type QueueGeneration, queueWorkload } from "./queue_workload.ts";
import { appendUnwritable, openTwice } from "./refusals.ts";
import { crashStates } from "./state_crashes.ts";
import {
  openDamagedStates,
  STATE_DAMAGES,
  type StateDamages,
} from "./state_damages.ts";
import {
  compactOnBadDisk,
  openStateTwice,
  writeUnwritable,
} from "./state_refusals.ts";
import { sweepStates } from "./state_sweep.ts";
import { type StateGeneration, stateWorkload } from "./state_workload.ts";
import type { Injection } from "./injections.ts";
import { sweep } from "./sweep.ts";
import {
  COLUMNS,
  LOG_COLUMNS,
  MATRIX,
  QUEUE_COLUMNS,
  STATE_COLUMNS,
} from "./table.ts";
import { type Generation, LOOKS, workload } from "./workload.ts";

/** What was tried and seen. */
export interface MatrixReport {
  /** How many faults were injected. */
  readonly faults: number;
  /** What did not hold, with the seed and the place. */
  readonly violations: readonly string[];
  /** The matrix as it was seen, a line for each fault. */
  readonly rows: ReadonlyMap<string, string>;
}

/** Makes the fault of a row, and notes in its cells what becomes of the log and the state. */
type Trial = (cells: Cells, lab: Lab) => Promise<void>;

interface Lab {
  readonly generations: readonly Generation[];
  readonly checker: Checker<Owed>;
  readonly states: readonly StateGeneration[];
  readonly stateChecker: Checker<StateOwed>;
  readonly queues: readonly QueueGeneration[];
  readonly queueChecker: Checker<QueueOwed>;
  readonly effort: MatrixEffort;
}

/** How much is tried. */
export interface MatrixEffort {
  /** Workloads by their seeds. */
  readonly seeds: readonly number[];
  /** How many faults each call of a state meets in a row, at most. */
  readonly each: number;
  /** How many disks a power cut leaves, at each call of a state. */
  readonly cuts: number;
  /** How much is tried on queues. */
  readonly queue: QueueEffort;
}

/** What the everyday run tries: some seconds. */
const EVERYDAY: MatrixEffort = {
  seeds: [1],
  each: 1,
  cuts: 4,
  queue: EVERYDAY_QUEUE,
};
/** What the deep run tries. */
export const DEEP: MatrixEffort = {
  seeds: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  each: Infinity,
  cuts: 100,
  queue: DEEP_QUEUE,
};

/** Changing calls of a workload, at least: on a log, on a state, and on a queue. */
const CHANGES_EACH = 220;
const STATE_CHANGES_EACH = 220;
const QUEUE_CHANGES_EACH = 160;
const SYNCS = ["sync", "dataSync"] as const;
const OTHERS = ["create", "mkdir", "write", "truncate", "remove"] as const;
const SIX: readonly Errno[] = [
  "EIO",
  "ENOSPC",
  "EDQUOT",
  "EROFS",
  "EMFILE",
  "EACCES",
];
const ONCE = { errnos: ["EIO"], lasting: false } as const;

const injecting =
  (...injections: readonly Injection[]): Trial => async (cells, lab) => {
    const { generations, checker, states, stateChecker, effort } = lab;
    await sweep(generations, injections, cells, checker);
    await sweepStates(states, injections, cells, stateChecker, effort.each);
    const { queues, queueChecker } = lab;
    await sweepQueues(queues, injections, cells, queueChecker, effort.queue);
  };

/** The trial of each row. */
const TRIALS: Readonly<Record<string, Trial>> = {
  "the power is cut": async (cells, { effort }) => {
    await crashAll(cells, LOG_COLUMNS, { sectorSize: 64, limit: 12 });
    const states = { sectorSize: 64, limit: effort.cuts };
    await crashStates(cells, STATE_COLUMNS, states);
    await crashQueues(cells, {
      columns: QUEUE_COLUMNS,
      oneIn: effort.queue.histories,
      states: { ...states, limit: effort.queue.cuts },
    });
  },
  "the process is killed": async (cells, { effort }) => {
    await crashAll(cells, LOG_COLUMNS, { names: [] });
    await crashStates(cells, STATE_COLUMNS, { names: [] });
    await crashQueues(cells, {
      columns: QUEUE_COLUMNS,
      oneIn: effort.queue.histories,
      from: 1, // the others are killed at each call too when their power is cut
      states: { names: [] },
    });
  },
  "a recovery crashes in its turn": async (cells, { effort }) => {
    const states = { sectorSize: 64, limit: 2 };
    await crashAll(cells, ["open"], states, states);
    await crashStates(cells, ["load"], { ...states, limit: 1 }, states);
    await crashQueues(cells, {
      columns: ["reopen"],
      oneIn: effort.queue.histories,
      states: { names: [] },
      again: states,
    });
  },
  "a sync fails": injecting(
    { kinds: SYNCS, errnos: SIX },
    { kinds: SYNCS, ...ONCE, sync: "F2" },
    { kinds: SYNCS, ...ONCE, sync: "F3" },
    { kinds: SYNCS, ...ONCE, sync: "F6" },
  ),
  "a sync fails, and later ones lie": injecting({
    kinds: SYNCS,
    errnos: ["EIO", "ENOSPC"],
    lasting: false,
    sync: "F1",
  }),
  "there is no space": injecting(
    { kinds: OTHERS, errnos: ["ENOSPC", "EDQUOT"] },
  ),
  "a write stops in its middle": injecting({
    kinds: ["write"],
    errnos: ["EIO", "ENOSPC"],
    parts: [0, 0.5],
  }),
  "a rename fails": injecting(
    { kinds: ["rename"], errnos: [...SIX, "EPERM", "EBUSY"] },
  ),
  // Names are journaled: no file system forgets them and goes on, as in F1.
  "the sync of a directory fails": injecting(
    { kinds: ["syncDir"], errnos: SIX },
    { kinds: ["syncDir"], ...ONCE, sync: "F3" },
    { kinds: ["syncDir"], ...ONCE, sync: "F6" },
  ),
  "there are no descriptors, no rights, or only to read": injecting({
    kinds: [...OTHERS, "open-read", "open-write"],
    errnos: ["EMFILE", "EACCES", "EROFS"],
  }),
  "another change fails": injecting({ kinds: OTHERS, errnos: ["EIO"] }),
  "a call that changes nothing fails": injecting({
    kinds: LOOKS,
    errnos: ["EIO", "EACCES"],
  }),
  ...Object.fromEntries(
    [DAMAGES, STATE_DAMAGES, QUEUE_DAMAGES].flatMap(Object.keys).map((
      fault,
    ) => [
      fault,
      damaging(DAMAGES[fault], STATE_DAMAGES[fault], QUEUE_DAMAGES[fault]),
    ]),
  ),
  "a bit flips in the snapshot as it is written": async (cells) => {
    await compactOnBadDisk(cells);
    await compactQueueOnBadDisk(cells);
  },
  "a second writer opens the log": async (cells) => {
    await openTwice(cells);
    await openStateTwice(cells);
    await openQueueTwice(cells);
  },
  "a record cannot be written": async (cells) => {
    await appendUnwritable(cells);
    await writeUnwritable(cells);
    await enqueueUnwritable(cells);
  },
};

function damaging(
  damages: Damages | undefined,
  stateDamages: StateDamages | undefined,
  queueDamages: QueueDamages | undefined,
): Trial {
  return async (cells, { effort }) => {
    if (damages) await openDamaged(damages, cells);
    if (stateDamages) await openDamagedStates(stateDamages, cells);
    if (queueDamages) {
      await openDamagedQueues(queueDamages, cells, effort.queue.stride);
    }
  };
}

/** The rows of the matrix as it must be, by their fault. */
export const EXPECTED: ReadonlyMap<string, string> = new Map(
  MATRIX.trim().split("\n").slice(1).map((line) => {
    const [fault, ...cells] = line.split("|").map((cell) => cell.trim());
    return [fault, cells.join(" | ")];
  }),
);

/** Whether a row as it was seen is one that must be; of two letters one workload may show one. */
export function fits(seen: string, expected: string): boolean {
  const cells = expected.split(" | ");
  return seen.split(" | ").every((cell, n) => {
    const parts = cells[n].split(", ");
    return cell.split(", ").every((letters, at) =>
      [...letters].every((letter) => parts.at(at)?.includes(letter))
    );
  });
}

/** Fills the matrix in: every fault of it, at every call of long workloads. */
export async function runMatrix(
  effort: MatrixEffort = EVERYDAY,
): Promise<MatrixReport> {
  const generations: Generation[] = [];
  const states: StateGeneration[] = [];
  const queues: QueueGeneration[] = [];
  for (const seed of effort.seeds) {
    generations.push(...await workload(seed, CHANGES_EACH));
    states.push(...await stateWorkload(seed, STATE_CHANGES_EACH));
    queues.push(...await queueWorkload(seed, QUEUE_CHANGES_EACH));
  }
  const lab: Lab = {
    generations,
    checker: new Checker(openAgain),
    states,
    stateChecker: new Checker(recoverState),
    queues,
    queueChecker: new Checker(recoverQueue),
    effort,
  };
  const rows = new Map<string, string>();
  const violations: string[] = [];
  let faults = 0;
  for (const [fault, trial] of Object.entries(TRIALS)) {
    const cells = new Cells();
    await trial(cells, lab);
    faults += cells.faults;
    for (const { column, what } of cells.violations) {
      violations.push(`${column}, when ${fault}: ${what}`);
    }
    const row = COLUMNS.map((column) => cells.text(column));
    rows.set(fault, row.join(" | "));
  }
  return { faults, violations, rows };
}
