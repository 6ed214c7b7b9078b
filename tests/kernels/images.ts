/**
 * Power cuts under a real ext4 and XFS.
 *
 * A writer runs on a {@linkcode RecordingDisk}; afterwards the disk is rebuilt as
 * a power cut at any point of its log would have left it, mounted, which replays
 * the journal of the file system, and the log opened by one of the runtimes.
 *
 * What is owed is exact: an acknowledgement counts for the cuts behind the entry
 * that was the last one when the acknowledgement was read. The sync it stands for
 * had returned before, so its writes and its flush are in front of that point.
 *
 * Every eighth image is itself served by a recording disk, and cut again while or
 * right after the log is opened: what the first recovery showed must be there.
 *
 * @module
 */

import { join } from "node:path";
import type { Runtime } from "../support/processes.ts";
import { type Dice, type Lab, secondsSince, turnOf } from "./lab.ts";
import type { Kind } from "./machine.ts";
import { Oracle, type Owed } from "./oracle.ts";
import { type Keeps, RecordingDisk } from "./recording_disk.ts";

/** How many images are made of one writer's log. */
const IMAGES_OF_ONE = 50;
const STEPS = 60;
const SECOND_CUT = 8;

/** What the cache of the drive keeps; one of each in turn. */
const CACHES = ["nothing", "everything", "some"] as const;

function keepsOf(dice: Dice, n: number): { name: string; keeps: Keeps } {
  const name = CACHES[n % CACHES.length];
  const share = dice.random();
  const keeps = {
    nothing: () => false,
    everything: () => true,
    some: () => dice.random() < share,
  };
  return { name, keeps: keeps[name] };
}

/** What a writer left. */
interface Recorded {
  readonly dice: Dice;
  readonly kind: Kind;
  readonly oracle: Oracle;
  readonly disk: RecordingDisk;
  readonly runtime: Runtime;
}

/** Checks crash images of a file system. */
export async function checkImages(lab: Lab, kind: Kind): Promise<void> {
  const { machine, options } = lab;
  const start = performance.now();
  const { images, violations } = lab.counts;
  const dice = lab.dice("images", kind);
  const base = await machine.makeImage(kind);
  let entries = 0;
  for (let n = 0, writer = 0; n < options.copies; writer++) {
    const level = machine.level;
    const runtime = turnOf(options.runtimes, writer);
    const recorded = await record(lab, { dice, kind, base, runtime });
    entries += recorded.disk.log.length;
    for (
      let left = IMAGES_OF_ONE;
      left > 0 && n < options.copies;
      left--, n++
    ) {
      await checkOne(lab, recorded, n);
    }
    await machine.cleanup(level);
  }
  lab.report(
    "images",
    kind,
    `${
      lab.counts.images - images
    } images of ${entries} disk writes and flushes, ${
      lab.counts.violations - violations
    } violations (${secondsSince(start)})`,
  );
}

async function record(
  lab: Lab,
  { dice, kind, base, runtime }: Pick<Recorded, "dice" | "kind" | "runtime"> & {
    readonly base: string;
  },
): Promise<Recorded> {
  const { machine } = lab;
  const disk = await RecordingDisk.serve(machine, base);
  const level = machine.level;
  const folder = await machine.mountImage(kind, disk.file);
  const oracle = new Oracle(dice.seed(), STEPS);
  const errors = await lab.write(
    runtime,
    join(folder, "journal.jsonl"),
    oracle,
    {
      clock: () => disk.log.length,
    },
  );
  if (!oracle.ending.closed) {
    throw new Error(`The ${runtime} writer did not end: ${errors}`);
  }
  await machine.cleanup(level);
  return { dice, kind, oracle, disk, runtime };
}

async function checkOne(
  lab: Lab,
  recorded: Recorded,
  n: number,
): Promise<void> {
  const { machine } = lab;
  const { dice, disk, oracle, runtime } = recorded;
  const level = machine.level;
  const image = machine.newPath("image");
  const cut = dice.below(disk.log.length + 1);
  const { name, keeps } = keepsOf(dice, n);
  await disk.imageAt(machine, image, cut, keeps);
  const owed = oracle.at(cut);
  const where =
    `${recorded.kind}, written by ${runtime} with seed ${oracle.seed}, cut behind ${cut} of ${disk.log.length}, the cache kept ${name}`;
  if (n % SECOND_CUT === 0) {
    await checkTwice(lab, recorded, { image, owed, where }, n);
  } else {
    await checkImage(lab, recorded, { image, owed, where }, image, n);
  }
  await machine.cleanup(level);
  await machine.discard(image);
}

interface Cut {
  readonly image: string;
  readonly owed: Owed;
  readonly where: string;
}

/** Mounts `file` and checks the log on it; gives the last record that an open showed, and when by `clock`. */
async function checkImage(
  lab: Lab,
  { kind, oracle }: Recorded,
  { image, owed, where }: Cut,
  file: string,
  n: number,
  clock: () => number = () => 0,
): Promise<{ shown: number; at: number }> {
  const { machine } = lab;
  const level = machine.level;
  lab.counts.images++;
  const folder = await machine.mountImage(kind, file);
  const checker = lab.checker(n);
  const found = await checker.find(join(folder, "journal.jsonl"));
  const at = clock();
  const problems = oracle.judge(owed, found);
  if (found.error === undefined) {
    problems.push(...(await checker.use()).problems);
  }
  if (problems.length > 0) {
    await lab.violation(`${where}, opened by ${checker.runtime}`, problems, [
      image,
    ]);
  }
  await machine.cleanup(level);
  return { shown: found.sequence, at };
}

/** Cuts the power again, once while the log is opened and once when it just was. */
async function checkTwice(
  lab: Lab,
  recorded: Recorded,
  cut: Cut,
  n: number,
): Promise<void> {
  const { machine } = lab;
  const { owed, where } = cut;
  const { dice } = recorded;
  const disk = await RecordingDisk.serve(machine, cut.image);
  const clock = () => disk.log.length;
  const { shown, at } = await checkImage(
    lab,
    recorded,
    cut,
    disk.file,
    n,
    clock,
  );
  const seconds = [
    { behind: dice.below(at + 1), owed },
    { behind: at, owed: { ...owed, acknowledged: shown } },
  ];
  for (const [turn, { behind, owed }] of seconds.entries()) {
    const image = machine.newPath("image");
    const { name, keeps } = keepsOf(dice, turn === 0 ? dice.below(3) : 0);
    await disk.imageAt(machine, image, behind, keeps);
    const again = `${where}, and again behind ${behind} of ${at}, ${name} kept`;
    const second = { image, owed, where: again };
    await checkImage(lab, recorded, second, image, n + turn);
    await machine.discard(image);
  }
}
