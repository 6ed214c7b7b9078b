// deno-lint-ignore-file no-console
// The deep run of the crash lab: prints progress, a table, and what was found.
// With `logs`, `states` or `queues` as an argument, of that subject alone.
import process from "node:process";
import { DATA_MODELS, NAME_MODELS } from "../../src/testing/mod.ts";
import { campaign, type Effort, type Scope } from "./campaign.ts";
import { DEEP, QUEUE_DEEP, STATE_DEEP } from "./efforts.ts";
import { type Subject, Tally } from "./explore.ts";
import { LOG } from "./log.ts";
import { QUEUE } from "./queue.ts";
import { LOG_SCOPE, QUEUE_SCOPE, STATE_SCOPE } from "./scopes.ts";
import { STATE } from "./state.ts";

const PROGRESS = 10_000; // milliseconds between lines

const count = (n: number) => n.toLocaleString("en");

/** Tries one subject; gives how many distinct states there were, and how many violations. */
async function run<S, T>(
  what: string,
  subject: Subject<S, T>,
  scope: Scope<S>,
  effort: Effort,
): Promise<{ states: number; violations: number }> {
  const begin = performance.now();
  const tally = new Tally(subject);
  let printed = begin;
  const seconds = () => ((performance.now() - begin) / 1000).toFixed(0);
  const progress = (part: string) => {
    if (performance.now() - printed < PROGRESS) return;
    printed = performance.now();
    console.log(
      `${what}, ${seconds()} s, ${part}: ${count(tally.histories)} histories, ${
        count(tally.states)
      } distinct states`,
    );
  };
  let violation: unknown;
  try {
    await campaign(tally, scope, effort, progress);
  } catch (error) {
    violation = error;
  }
  console.log(
    `\nStates of each model, where it gave them first: ${what}, seed ${effort.seed}`,
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
  console.log(
    `${what}: ${tally.states} distinct states, ${violations} violations\n`,
  );
  return { states: tally.states, violations };
}

const SUBJECTS = {
  logs: () => run("logs", LOG, LOG_SCOPE, DEEP),
  states: () => run("states", STATE, STATE_SCOPE, STATE_DEEP),
  queues: () => run("queues", QUEUE, QUEUE_SCOPE, QUEUE_DEEP),
};
const [only] = process.argv.slice(2);
if (only !== undefined && !Object.hasOwn(SUBJECTS, only)) {
  throw new RangeError(`There is no subject ${only}: logs, states, queues`);
}
const parts: { states: number; violations: number }[] = [];
for (const [name, subject] of Object.entries(SUBJECTS)) {
  if (only === undefined || only === name) parts.push(await subject());
}
const sum = (field: "states" | "violations") =>
  parts.reduce((total, part) => total + part[field], 0);
console.log(
  `${sum("states")} distinct states, ${sum("violations")} violations`,
);
process.exitCode = sum("violations") > 0 ? 1 : 0;
