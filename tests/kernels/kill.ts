/**
 * A writer killed behind every call that can change its log, on each runtime.
 *
 * strace sends SIGSTOP with every such call, so the process stands still when the
 * call has been made; one by one it is let go on, and killed at the N-th. Counting
 * by strace alone would count for each thread apart and miss calls. Run after run
 * N grows by one, until a run comes to its end.
 *
 * `kill -9` leaves the page cache as it is: this shows that each state between two
 * calls opens and holds what was acknowledged, and that the lock is let go. That
 * the bytes are on the disk is shown by `images.ts` and `syncs.ts`.
 *
 * @module
 */

import { constants, openSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import type { Runtime } from "../support/processes.ts";
import { type Lab, secondsSince } from "./lab.ts";
import { run } from "./machine.ts";
import { Oracle } from "./oracle.ts";
import { CHANGES, straceOf } from "./strace.ts";
import { planOf, type Step } from "./workload.ts";

const STEPS = 9;
const ALL_KINDS: readonly Step["kind"][] = [
  "append",
  "appendSync",
  "batch",
  "concurrent",
  "rotate",
  "truncate",
  "reopen",
];

/** The first seed from one on whose short plan has every kind of step, and a truncation that removes something. */
function seedFrom(seed: number): number {
  for (;; seed++) {
    const plan = planOf(seed, STEPS);
    const rotated = plan.findIndex(({ kind }) => kind === "rotate");
    const truncated = plan.findIndex((step) =>
      step.kind === "truncate" && step.before > plan[Math.max(0, rotated)].last
    );
    const isWhole = ALL_KINDS.every((kind) =>
      plan.some((step) => step.kind === kind)
    );
    if (isWhole && rotated > 0 && truncated > rotated) return seed;
  }
}

/** Kills a writer behind each of its calls. */
export async function checkKills(lab: Lab, runtime: Runtime): Promise<void> {
  const start = performance.now();
  const seed = seedFrom(lab.options.seed);
  let kills = 0;
  while (await killAt(lab, runtime, seed, kills + 1)) kills++;
  lab.report(
    "kill",
    runtime,
    `${kills} calls, killed behind each (${secondsSince(start)})`,
  );
}

/** Kills a writer behind its `n`-th call; `false` if it has fewer. */
async function killAt(
  lab: Lab,
  runtime: Runtime,
  seed: number,
  n: number,
): Promise<boolean> {
  const folder = lab.machine.newFolder("kill");
  const path = join(folder, "journal.jsonl");
  const output = `${folder}.trace`;
  const oracle = new Oracle(seed, STEPS);
  await run("mkfifo", [output]);
  const stops = watchStops(output, n);
  let killed: boolean;
  try {
    await lab.write(runtime, path, oracle, {
      wrap: straceOf({
        folder,
        path,
        output,
        calls: CHANGES,
        inject: [`${CHANGES.map((name) => `?${name}`).join(",")}:signal=STOP`],
      }),
    });
  } finally {
    killed = await stops.end();
  }
  const problems = await lab.checker(n).check(
    path,
    (found) => oracle.judge(oracle.now, found),
  );
  if (!killed && !oracle.ending.closed) {
    problems.push("the writer ended early without being killed");
  }
  if (killed) lab.counts.kills++;
  if (problems.length > 0) {
    const where =
      `kill: ${runtime}, seed ${seed}, ${STEPS} steps, behind call ${n}`;
    await lab.violation(where, problems, [folder]);
  }
  rmSync(folder, { recursive: true });
  rmSync(output);
  return killed;
}

/** Reads a trace as it is written: lets a process go on that stands still, or kills it at the `n`-th time. */
function watchStops(fifo: string, n: number) {
  // Opened for writing too, so that opening does not wait for strace.
  const fd = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
  const socket = new Socket({ fd, readable: true, writable: false });
  let main: number | undefined;
  let stopping: string | undefined;
  let stops = 0;
  createInterface({ input: socket }).on("line", (line) => {
    const [, thread = "", text = ""] = /^(\d+) +(.*)$/.exec(line) ?? [];
    main ??= Number(thread);
    if (text.startsWith("--- SIGSTOP ")) {
      stopping = thread;
      if (++stops === n) signal(main, "SIGKILL");
    } else if (
      text.startsWith("--- stopped by SIGSTOP") && thread === stopping
    ) {
      // Only now: sent between the signal and the stop, SIGCONT would be lost.
      stopping = undefined;
      if (stops < n) signal(main, "SIGCONT");
    }
  });
  return {
    /** Ends the watch, and resolves when its descriptor is closed; tells whether the process was killed. */
    async end(): Promise<boolean> {
      const closed = new Promise((resolve) => socket.once("close", resolve));
      socket.destroy();
      await closed;
      return stops >= n;
    },
  };
}

/** Sends a signal; a process may have ended by another of its threads when its trace is read. */
function signal(pid: number, name: "SIGKILL" | "SIGCONT"): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as { code?: unknown }).code !== "ESRCH") throw error;
  }
}
