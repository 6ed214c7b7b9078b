/**
 * System calls that fail under a real runtime, and writes that are short.
 *
 * strace answers a call with an error instead of the kernel: a call that failed
 * without an effect. It cannot make a write short in earnest (a count that it
 * makes up stands for bytes that were never written), so that comes from a file
 * system with hardly any room: the kernel writes what fits, then says `ENOSPC`.
 *
 * 1. The append rejects with `FAILED`, and its cause with the code of the errno.
 * 2. The store is poisoned: one more append rejects the same, and no call behind
 *    the failed one changes a file of the log.
 * 3. The next open works, and what was acknowledged is there.
 *
 * @module
 */

import { join } from "node:path";
import type { Runtime } from "../support/processes.ts";
import { type Dice, type Lab, secondsSince } from "./lab.ts";
import { run } from "./machine.ts";
import { Oracle } from "./oracle.ts";
import {
  CHANGES,
  pathOf,
  readTrace,
  REMOVALS,
  RENAMES,
  straceOf,
  SYNCS,
  WRITES,
} from "./strace.ts";

/** Calls, the errno they get, and the code that must come of it. */
const FAULTS: readonly (readonly [readonly string[], string, string])[] = [
  [["fdatasync"], "EIO", "IO"],
  [["fdatasync"], "ENOSPC", "NO_SPACE"],
  [["fsync"], "EIO", "IO"],
  [["fsync"], "ENOSPC", "NO_SPACE"],
  [WRITES, "EIO", "IO"],
  [WRITES, "ENOSPC", "NO_SPACE"],
  [WRITES, "EDQUOT", "NO_SPACE"],
  [WRITES, "EFBIG", "NO_SPACE"],
  [RENAMES, "EIO", "IO"],
  [REMOVALS, "EIO", "IO"],
  [["openat"], "EMFILE", "TOO_MANY_FILES"],
];

/** Which call of its name fails, for each thread; `+`: and all behind it. */
const WHEN = ["1", "2", "3", "5", "8", "2+"];
const STEPS = 30;
/** Sizes of file systems that are full soon. */
const TINY = ["24k", "28k", "32k", "36k", "40k", "48k"];
/** Enough to fill them, though truncations make room now and then. */
const LONG = 300;

/** Fails calls in a writer. */
export async function checkInjection(
  lab: Lab,
  runtime: Runtime,
): Promise<void> {
  const start = performance.now();
  const dice = lab.dice("inject", runtime);
  let fired = 0;
  for (const fault of FAULTS) {
    for (const when of WHEN) {
      fired += await checkFault(lab, { dice, runtime, fault, when });
    }
  }
  lab.report(
    "inject",
    runtime,
    `${fired} of ${FAULTS.length * WHEN.length} faults fired (${
      secondsSince(start)
    })`,
  );
}

/** Fails one call; gives 1 if the writer came to it. */
async function checkFault(
  lab: Lab,
  { dice, runtime, fault, when }: {
    readonly dice: Dice;
    readonly runtime: Runtime;
    readonly fault: (typeof FAULTS)[number];
    readonly when: string;
  },
): Promise<number> {
  const [calls, errno, code] = fault;
  const folder = lab.machine.newFolder("inject");
  const path = join(folder, "journal.jsonl");
  const output = `${folder}.trace`;
  const set = calls.map((name) => `?${name}`).join(",");
  const inject = [`${set}:error=${errno}:when=${when}`];
  const oracle = new Oracle(dice.seed(), STEPS);
  await lab.write(runtime, path, oracle, {
    wrap: straceOf({ folder, path, output, calls: CHANGES, inject }),
  });
  const trace = readTrace(output);
  const failed = trace.findIndex(({ injected }) => injected);
  if (failed === -1) return 0;
  lab.counts.faults++;
  const problems = endingProblems(oracle, [code]);
  const late = trace.slice(failed + 1).find((call) =>
    [...WRITES, ...RENAMES, ...REMOVALS, "ftruncate"].includes(call.name) &&
    !call.injected
  );
  if (late) {
    problems.push(`written after the failure: ${late.text.slice(0, 120)}`);
  }
  problems.push(
    ...await lab.checker(dice.below(3)).check(
      path,
      (found) => oracle.judge(oracle.now, found),
    ),
  );
  if (problems.length > 0) {
    const where = `inject: ${runtime}, seed ${oracle.seed}, ${
      inject[0]
    }, ${STEPS} steps`;
    await lab.violation(where, problems, [folder, output]);
  }
  return 1;
}

/** What is wrong with how a writer ended that met an error with one of `codes`. */
export function endingProblems(
  { ending }: Oracle,
  codes: readonly string[],
): string[] {
  const problems: string[] = [];
  const { failed = "nothing", again, closed } = ending;
  // An open says the code by itself, and leaves no store to be poisoned.
  const [code, cause] = failed.split(" ");
  if (!codes.includes(code === "FAILED" ? cause : code)) {
    problems.push(`the append gave "${failed}", not FAILED for ${codes}`);
  }
  const isPoisoned = again === failed || again === "CLOSED undefined";
  if (code === "FAILED" && !isPoisoned) {
    problems.push(`the append behind the failed one gave "${again}"`);
  }
  if (!closed) problems.push("the writer did not come to its end");
  return problems;
}

/** Lets a writer fill a tiny file system. */
export async function checkShortWrites(
  lab: Lab,
  runtime: Runtime,
): Promise<void> {
  const { machine } = lab;
  const dice = lab.dice("inject", `${runtime}, full disk`);
  const start = performance.now();
  let filled = 0;
  let short = 0;
  for (const size of TINY) {
    const level = machine.level;
    const folder = machine.newFolder("tiny");
    await machine.mount(["-t", "tmpfs", "-o", `size=${size}`], "tiny", folder);
    const path = join(folder, "journal.jsonl");
    const output = `${folder}.trace`;
    const oracle = new Oracle(dice.seed(), LONG);
    await lab.write(runtime, path, oracle, {
      wrap: straceOf({ folder, path, output, calls: [...WRITES, ...SYNCS] }),
    });
    if (oracle.ending.failed !== undefined) filled++;
    const isShort = readTrace(output).some((call) => {
      const asked = Number(/, (\d+)(?:, \d+)?\) += \d+$/.exec(call.text)?.[1]);
      return WRITES.includes(call.name) && pathOf(call)?.startsWith(path) &&
        call.result > 0 && call.result < asked;
    });
    if (isShort) short++;
    const problems = oracle.ending.failed === undefined
      ? []
      : endingProblems(oracle, ["NO_SPACE"]);
    await run("mount", ["-o", "remount,size=4m", folder]);
    problems.push(
      ...await lab.checker(dice.below(3)).check(
        path,
        (found) => oracle.judge(oracle.now, found),
      ),
    );
    if (problems.length > 0) {
      const where = `full: ${runtime}, seed ${oracle.seed}, tmpfs of ${size}`;
      await lab.violation(where, problems, [folder, output]);
    }
    await machine.cleanup(level);
  }
  lab.counts.faults += filled;
  lab.report(
    "inject",
    `${runtime}, full disk`,
    `${filled} disks filled, ${short} with a short write (${
      secondsSince(start)
    })`,
  );
}
