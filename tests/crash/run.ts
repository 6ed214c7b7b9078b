// deno-lint-ignore-file no-console
// The deep run of the crash lab: prints progress, a table, and what was found.
import process from "node:process";
import { DATA_MODELS, NAME_MODELS } from "../../src/testing/mod.ts";
import { campaign } from "./campaign.ts";
import { DEEP } from "./efforts.ts";
import { Tally } from "./explore.ts";

const PROGRESS = 10_000; // milliseconds between lines

const begin = performance.now();
const tally = new Tally();
let printed = begin;

const seconds = () => ((performance.now() - begin) / 1000).toFixed(0);
const count = (n: number) => n.toLocaleString("en");

function progress(part: string): void {
  if (performance.now() - printed < PROGRESS) return;
  printed = performance.now();
  console.log(
    `${seconds()} s, ${part}: ${count(tally.histories)} histories, ${
      count(tally.states)
    } distinct states`,
  );
}

let violation: unknown;
try {
  await campaign(tally, DEEP, progress);
} catch (error) {
  violation = error;
}

console.log(
  `\nStates of each model, where it gave them first (seed ${DEEP.seed})`,
);
for (const model of [...NAME_MODELS, ...DATA_MODELS, "kill"]) {
  console.log(
    `${model.padEnd(5)}${count(tally.byModel.get(model) ?? 0).padStart(12)}`,
  );
}
console.log(
  `\n${count(tally.histories)} histories, ${
    count(tally.faults)
  } with a sync that failed, ${seconds()} s`,
);
if (violation !== undefined) {
  console.log(violation instanceof Error ? violation.message : violation);
}
const violations = violation === undefined ? 0 : 1;
console.log(`${tally.states} distinct states, ${violations} violations`);
process.exitCode = violations;
