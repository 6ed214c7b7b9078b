// deno-lint-ignore-file no-console
// The deep run of the crash lab: prints progress, a table, and what was found.
// With `logs`, `states`, `programs` or `queues` as an argument, of that subject
// alone; programs are a part of states.
//   --seed=N   chooses the random histories, and programs
import process from "node:process";
import { parseArgs } from "node:util";
import { DATA_MODELS, NAME_MODELS } from "../../src/testing/mod.ts";
import { campaign, type Effort, type Scope } from "./campaign.ts";
import { DEEP, PROGRAM_DEEP, QUEUE_DEEP, STATE_DEEP } from "./efforts.ts";
import { type Subject, Tally } from "./explore.ts";
import { LOG } from "./log.ts";
import { QUEUE } from "./queue.ts";
import {
  LOG_SCOPE,
  PROGRAM_SCOPE,
  QUEUE_SCOPE,
  STATE_SCOPE,
} from "./scopes.ts";
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
  logs: (seed: object) => run("logs", LOG, LOG_SCOPE, { ...DEEP, ...seed }),
  states: (seed: object) =>
    run("states", STATE, STATE_SCOPE, { ...STATE_DEEP, ...seed }),
  programs: (seed: object) =>
    run("programs", STATE, PROGRAM_SCOPE, { ...PROGRAM_DEEP, ...seed }),
  queues: (seed: object) =>
    run("queues", QUEUE, QUEUE_SCOPE, { ...QUEUE_DEEP, ...seed }),
};
const { values, positionals: [only] } = parseArgs({
  options: { seed: { type: "string" } },
  allowPositionals: true,
});
if (only !== undefined && !Object.hasOwn(SUBJECTS, only)) {
  const names = Object.keys(SUBJECTS).join(", ");
  throw new RangeError(`There is no subject ${only}: ${names}`);
}
const seed = values.seed === undefined ? {} : { seed: Number(values.seed) };
const wanted = only === "states" ? ["states", "programs"] : [only];
const parts: { states: number; violations: number }[] = [];
for (const [name, subject] of Object.entries(SUBJECTS)) {
  if (only === undefined || wanted.includes(name)) {
    parts.push(await subject(seed));
  }
}
const sum = (field: "states" | "violations") =>
  parts.reduce((total, part) => total + part[field], 0);
console.log(
  `${sum("states")} distinct states, ${sum("violations")} violations`,
);
process.exitCode = sum("violations") > 0 ? 1 : 0;
