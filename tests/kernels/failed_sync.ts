/**
 * A disk that fails under a real ext4 and XFS, so that writeback and with it the
 * sync of the log fails for real.
 *
 * After a failed writeback the kernel drops its claim on the pages: they are clean,
 * they are read by every later program, and a second sync succeeds, though the
 * disk never got them. So a program that is started again can be shown records that
 * a power cut takes away. For each way of failing:
 *
 * 1. A writer runs until its store fails, and must be poisoned.
 * 2. The log is opened by a new process on the same mount, with the page cache
 *    alive: at once, when it may be refused, and when the disk is well again. If
 *    the file system has survived, that open must work.
 * 3. The power is cut when the open has shown what it shows, with and without the
 *    cache of the drive. Another open must show all of that, and all that had been
 *    acknowledged before.
 *
 * @module
 */

import { join } from "node:path";
import type { Runtime } from "../support/processes.ts";
import { endingProblems } from "./inject.ts";
import { type Dice, type Lab, secondsSince } from "./lab.ts";
import { type Kind, run } from "./machine.ts";
import { Oracle } from "./oracle.ts";
import { type Entry, type Fault, RecordingDisk } from "./recording_disk.ts";

const STEPS = 80;
/** Where the failure hits matters: within a block of the disk, or in a new one. */
const ROUNDS = 3;
/** The disk begins to fail when this many records or fewer are acknowledged. */
const MOST_BEFORE = 60;
const MARK = "// commit ";

/** Whether a write holds a part of the log, not what the file system keeps for itself. */
function isData(entry: Entry): boolean {
  return entry !== "flush" && Buffer.from(entry.bytes).includes(MARK);
}

const FAULTS: Readonly<Record<string, Fault>> = {
  "data writes, EIO": (entry) => isData(entry) ? "EIO" : undefined,
  "data writes, ENOSPC": (entry) => isData(entry) ? "ENOSPC" : undefined,
  "flushes, EIO": (entry) => entry === "flush" ? "EIO" : undefined,
  "everything, EIO": () => "EIO",
};

/** Codes that a failing disk can come to, by way of what the file system makes of it. */
const CODES = ["IO", "NO_SPACE", "READ_ONLY"];

/** Checks a file system on disks that fail. */
export async function checkFailedSyncs(lab: Lab, kind: Kind): Promise<void> {
  const { machine, options } = lab;
  const start = performance.now();
  const base = await machine.makeImage(kind);
  const dice = lab.dice("failed-sync", kind);
  const tally = { cases: 0, survived: 0, exposed: 0 };
  const writers = Array.from({ length: ROUNDS }, () => options.runtimes).flat();
  for (const runtime of writers) {
    for (const [name, fault] of Object.entries(FAULTS)) {
      for (const openAtOnce of [true, false]) {
        const level = machine.level;
        const one = { dice, kind, base, runtime, name, fault, openAtOnce };
        const { survived, exposed } = await checkCase(lab, one);
        await machine.cleanup(level);
        tally.cases++;
        if (survived) tally.survived++;
        if (exposed) tally.exposed++;
      }
    }
  }
  lab.counts.faults += tally.cases;
  lab.report(
    "failed-sync",
    kind,
    `${tally.cases} failing disks, ${tally.survived} file systems survived, ${tally.exposed} showed records not acknowledged (${
      secondsSince(start)
    })`,
  );
}

interface Case {
  readonly dice: Dice;
  readonly kind: Kind;
  readonly base: string;
  readonly runtime: Runtime;
  readonly name: string;
  readonly fault: Fault;
  readonly openAtOnce: boolean;
}

async function checkCase(lab: Lab, one: Case) {
  const { machine } = lab;
  const { dice, kind, runtime, name, openAtOnce } = one;
  const disk = await RecordingDisk.serve(machine, one.base);
  const folder = await machine.mountImage(kind, disk.file);
  const path = join(folder, "journal.jsonl");
  const oracle = new Oracle(dice.seed(), STEPS);
  const begin = 1 + dice.below(MOST_BEFORE);
  await lab.write(runtime, path, oracle, {
    heard: () => {
      if (oracle.now.acknowledged >= begin) disk.fault = one.fault;
    },
  });
  const problems = endingProblems(oracle, CODES);
  const checker = lab.newChecker(runtime);
  let found = openAtOnce ? await checker.find(path) : undefined;
  if (found?.error !== undefined && !CODES.includes(found.code ?? "")) {
    problems.push(`open on the failing disk threw: ${found.error}`);
  }
  disk.fault = undefined;
  const survived = await isAlive(folder);
  if (found === undefined || found.error !== undefined) {
    found = await checker.find(path);
  }
  const shown = found.error === undefined ? found.sequence : 0;
  if (found.error === undefined || survived) {
    problems.push(...oracle.judge(oracle.now, found));
  }
  const { length } = disk.log;
  const owed = {
    ...oracle.now,
    acknowledged: Math.max(oracle.now.acknowledged, shown),
  };
  const where =
    `${kind}, ${name} from record ${begin} on, written by ${runtime} with seed ${oracle.seed}, opened ${
      openAtOnce ? "at once" : "when it was well"
    }`;
  const files: string[] = [];
  for (const kept of [false, true]) {
    const image = machine.newPath("image");
    machine.onCleanup(() => machine.discard(image));
    files.push(image);
    await disk.imageAt(machine, image, length, () => kept);
    const level = machine.level;
    lab.counts.images++;
    const mount = await machine.mountImage(kind, image);
    const second = lab.checker(dice.below(3));
    const log = join(mount, "journal.jsonl");
    const after = await second.check(log, (found) => oracle.judge(owed, found));
    problems.push(
      ...after.map((problem) =>
        `after the cut, ${kept ? "all" : "nothing"} kept: ${problem}`
      ),
    );
    await machine.cleanup(level);
  }
  if (problems.length > 0) {
    problems.push(
      `the file system ${
        survived ? "survived" : "did not survive"
      }; at ${oracle.now.acknowledged} the open showed ${shown}: ${
        JSON.stringify(found.recovery)
      }`,
    );
    await lab.violation(where, problems, files);
  }
  return { survived, exposed: shown > oracle.now.acknowledged };
}

/** Whether a file system still takes writes. */
async function isAlive(folder: string): Promise<boolean> {
  const probe = join(folder, "probe");
  return await run("dd", [
    "if=/dev/zero",
    `of=${probe}`,
    "count=1",
    "conv=fsync",
  ])
    .then(() => true, () => false);
}
