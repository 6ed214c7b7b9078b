// deno-lint-ignore-file no-console
// Kills processes that use a queue, thousands of times, and checks what is left.
// Options:
//
//   --rounds=N     how many kills on each runtime (2000)
//   --runtime=R    some of deno,bun,node
//   --seed=N       which queues and choices; not the moments of the kills
//   --lanes=N      how many queues at a time (4)
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import process from "node:process";
import { parseArgs } from "node:util";
import { join } from "@std/path";
import { type Runtime, RUNTIMES } from "../support/processes.ts";
import { Campaign } from "./campaign.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "2000" },
    runtime: { type: "string", default: RUNTIMES.join(",") },
    seed: { type: "string", default: String(Date.now() % 2 ** 31) },
    lanes: { type: "string", default: "4" },
  },
});

function count(name: "rounds" | "seed" | "lanes"): number {
  const number = Number(values[name]);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new RangeError(`Cannot use "${values[name]}" as --${name}`);
}

function runtimesOf(text: string): Runtime[] {
  const names = text.split(",");
  const known = RUNTIMES.filter((runtime) => names.includes(runtime));
  if (known.length === names.length) return known;
  throw new RangeError(`--runtime= takes some of ${RUNTIMES.join(",")}`);
}

const PROGRESS = 10_000; // milliseconds between lines

const seed = count("seed");
const runtimes = runtimesOf(values.runtime);
const directory = await mkdtemp(join(tmpdir(), "kills-"));
const campaign = new Campaign({
  seed,
  runtimes,
  directory,
  kills: count("rounds"),
  lanes: count("lanes"),
});
const start = performance.now();

function show(): void {
  const { kills, counts, ...rest } = campaign.outcome;
  const seconds = (performance.now() - start) / 1000;
  const total = runtimes.reduce((sum, runtime) => sum + kills[runtime], 0);
  const each = runtimes.map((runtime) => `${kills[runtime]} on ${runtime}`);
  console.log(
    `${seconds.toFixed(0)} s: ${total} kills (${each.join(", ")}), ${
      (total / seconds).toFixed(1)
    } a second; ${rest.closed} closed; ${rest.queues} queues drained ${rest.checks} times; ${counts.sent} calls, ${counts.got} deliveries, ${counts.acked} acknowledgements, ${counts.compacted} compactions`,
  );
}

console.log(`--seed=${seed}`);
const progress = setInterval(show, PROGRESS);
try {
  await campaign.run();
} finally {
  clearInterval(progress);
  await rm(directory, { recursive: true, force: true });
}
show();
const { violations } = campaign.outcome;
for (const violation of violations) console.log(`VIOLATION ${violation}`);
console.log(`${violations.length} violations`);
process.exitCode = violations.length > 0 ? 1 : 0;
