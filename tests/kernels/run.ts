// deno-lint-ignore-file no-console
// The laboratory: the log on real kernels, file systems and runtimes, with power
// cuts, failing disks, failing calls and kills. Needs Linux, and root for most of
// it; skips what the machine does not offer. Options:
//
//   --seed=N      repeats the random choices of a run; not the moments at which a
//                 file system writes, for which the images in question are kept
//   --copies=N    crash images for each file system (600; a deep run takes 10000)
//   --only=PARTS  some of images,failed-sync,inject,kill,syncs
//   --runtime=R   some of deno,bun,node
import process from "node:process";
import { checkFailedSyncs } from "./failed_sync.ts";
import { checkImages } from "./images.ts";
import { checkInjection, checkShortWrites } from "./inject.ts";
import { checkKills } from "./kill.ts";
import { conclude, hasProgram, Lab, parseOptions, type Part } from "./lab.ts";
import { allEnded, type Kind, Machine } from "./machine.ts";
import { checkSyncs } from "./syncs.ts";
import type { Runtime } from "../support/processes.ts";

const options = parseOptions(process.argv.slice(2));
console.log(`--seed=${options.seed}`);
const lacks = Machine.lacks();
if (lacks !== undefined) console.log(`skipped: ${lacks}`);
const machine = await Machine.create(lacks === undefined);
const lab = new Lab(machine, options);
/** Pulls the ground from under the check that runs; what that throws does not matter. */
function abandon(status: number): void {
  if (machine.abandoned) return;
  machine.abandon().finally(() => process.exit(status));
}
process.once("SIGINT", () => abandon(130));
process.once("SIGTERM", () => abandon(143));
process.on("uncaughtException", (error) => {
  // EPIPE: whoever read the output has had enough of it.
  const isPipe = (error as { code?: unknown }).code === "EPIPE";
  if (!machine.abandoned && !isPipe) console.error(error);
  abandon(1);
});

const KINDS: readonly Kind[] = ["ext4", "xfs"];

async function eachFileSystem(
  part: Part,
  check: (lab: Lab, kind: Kind) => Promise<void>,
): Promise<void> {
  for (const kind of KINDS) {
    if (lacks !== undefined) lab.report(part, kind, `skipped: ${lacks}`);
    else if (!await hasProgram(`mkfs.${kind}`)) {
      lab.report(part, kind, `skipped: there is no mkfs.${kind}`);
    } else await check(lab, kind);
  }
}

/** Side by side: each waits for its children most of the time. */
async function eachRuntime(
  part: Part,
  check: (lab: Lab, runtime: Runtime) => Promise<void>,
): Promise<void> {
  const missing = await lacksStrace();
  if (missing === undefined) {
    await allEnded(options.runtimes.map((runtime) => check(lab, runtime)));
  } else lab.report(part, options.runtimes.join(", "), `skipped: ${missing}`);
}

async function fullDisks(): Promise<void> {
  const missing = lacks ?? await lacksStrace();
  for (const runtime of options.runtimes) {
    if (missing === undefined) await checkShortWrites(lab, runtime);
    else lab.report("inject", `${runtime}, full disk`, `skipped: ${missing}`);
  }
}

async function lacksStrace(): Promise<string | undefined> {
  return await hasProgram("strace") ? undefined : "there is no strace";
}

const RUN: Readonly<Record<Part, () => Promise<void>>> = {
  images: () => eachFileSystem("images", checkImages),
  "failed-sync": () => eachFileSystem("failed-sync", checkFailedSyncs),
  inject: async () => {
    await eachRuntime("inject", checkInjection);
    await fullDisks();
  },
  kill: () => eachRuntime("kill", checkKills),
  syncs: () => eachRuntime("syncs", checkSyncs),
};

try {
  for (const part of options.parts) await RUN[part]();
} catch (error) {
  // Printed before the cleanup, which may fail because of it.
  if (!machine.abandoned) console.error(error);
  process.exitCode = 1;
} finally {
  if (!machine.abandoned) await machine.cleanup();
}
if (!machine.abandoned) {
  console.log(`\n${lab.table.join("\n")}\n`);
  conclude(lab.counts);
}
