/**
 * Runs the fault matrix.
 */

import type { Errno } from "../../src/testing/mod.ts";
import { Cells, Checker } from "./cells.ts";
import { crashAll } from "./crashes.ts";
import { DAMAGES, type Damages, openDamaged } from "./damages.ts";
import { appendUnwritable, openTwice } from "./refusals.ts";
import { type Injection, sweep } from "./sweep.ts";
import { MATRIX } from "./table.ts";
import { COLUMNS, type Generation, LOOKS, workload } from "./workload.ts";

/** What was tried and seen. */
export interface MatrixReport {
  /** How many faults were injected. */
  readonly faults: number;
  /** What did not hold, with the seed and the place. */
  readonly violations: readonly string[];
  /** The matrix as it was seen, a line for each fault. */
  readonly rows: ReadonlyMap<string, string>;
}

/** Makes the fault of a row, and notes in its cells what becomes of the log. */
type Trial = (cells: Cells, lab: Lab) => Promise<void>;

interface Lab {
  readonly generations: readonly Generation[];
  readonly checker: Checker;
}

/** Changing calls of a workload, at least. */
const CHANGES_EACH = 220;
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
  (...injections: readonly Injection[]): Trial =>
  (cells, { generations, checker }) =>
    sweep(generations, injections, cells, checker);

/** The trial of each row. */
const TRIALS: Readonly<Record<string, Trial>> = {
  "the power is cut": (cells) =>
    crashAll(cells, COLUMNS, { sectorSize: 64, limit: 12 }),
  "the process is killed": (cells) => crashAll(cells, COLUMNS, { names: [] }),
  "a recovery crashes in its turn": (cells) => {
    const states = { sectorSize: 64, limit: 2 };
    return crashAll(cells, ["open"], states, states);
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
  ...Object.fromEntries(Object.entries(DAMAGES).map(damaging)),
  "a second writer opens the log": openTwice,
  "a record cannot be written": appendUnwritable,
};

function damaging([fault, damages]: [string, Damages]): [string, Trial] {
  return [fault, (cells) => openDamaged(damages, cells)];
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
  seeds: readonly number[] = [1],
): Promise<MatrixReport> {
  const generations: Generation[] = [];
  for (const seed of seeds) {
    generations.push(...await workload(seed, CHANGES_EACH));
  }
  const lab: Lab = { generations, checker: new Checker() };
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
