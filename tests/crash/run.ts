// deno-lint-ignore-file no-console
// The deep run of the crash lab, on all processors: prints progress, a table, what
// was covered, and what was found. With `logs`, `states`, `programs` or `queues`
// as an argument, of that subject alone; programs are a part of states. It ends
// when all that is planned has been tried, and there were a million distinct
// states of logs, of states, and of queues: random histories go on until then.
//   --seed=N     chooses the random histories, and programs
//   --minutes=N  runs for so long, in equal parts for each subject
//   --states=N   ends each subject at so many distinct states, planned or not
//   --shards=N   how many threads; they do not change the result
// Exit code 1: a violation was found; 2: the arguments cannot be used.
import { availableParallelism } from "node:os";
import process from "node:process";
import { DATA_MODELS, NAME_MODELS } from "../../src/testing/mod.ts";
import { PARTS } from "./campaign.ts";
import type { Pieces } from "./pieces.ts";
import { optionsOf, type RunOptions } from "./run_options.ts";
import { type End, Findings, runPieces, Thread } from "./shards.ts";
import { piecesOf, type SubjectName } from "./subjects.ts";

const PROGRESS = 10_000; // milliseconds between lines
const MINUTE = 60_000;
/** How many distinct states there are to be, if nothing else is said; programs have their plan. */
const TARGET: Readonly<Record<SubjectName, number>> = {
  logs: 1_000_000,
  states: 1_000_000,
  programs: 0,
  queues: 1_000_000,
};

const count = (n: number) => n.toLocaleString("en");
const options = optionsOrExit();

function optionsOrExit(): RunOptions {
  try {
    return optionsOf(process.argv.slice(2), availableParallelism());
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(2);
  }
}

/** When a subject ends that begins now, and is followed by so many others. */
function endOf(name: SubjectName, begin: number, others: number): End {
  const { minutes, states } = options;
  if (minutes === undefined) {
    const early = states !== undefined;
    return { early, states: states ?? TARGET[name], isOver: () => false };
  }
  const left = start + minutes * MINUTE - begin;
  const end = begin + left / (others + 1);
  return {
    early: true,
    states: states ?? Infinity,
    isOver: () => performance.now() >= end,
  };
}

/** Tries one subject; a violation is printed, and ends the whole run. */
async function run(name: SubjectName, others: number): Promise<Findings> {
  const begin = performance.now();
  const change = options.seed === undefined ? {} : { seed: options.seed };
  const pieces = piecesOf(name, change);
  const { seed } = pieces.effort;
  console.log(`${name}: seed ${seed}, ${options.shards} shards`);
  const findings = new Findings();
  const seconds = () => (performance.now() - begin) / 1000;
  const show = () => {
    const { histories, states } = findings;
    console.log(
      `${name}, ${seconds().toFixed(0)} s: ${count(histories)} histories, ${
        count(states.size)
      } distinct states`,
    );
  };
  const progress = setInterval(show, PROGRESS);
  const shards = Array.from(
    { length: options.shards },
    () => new Thread(name, change),
  );
  const end = endOf(name, begin, others);
  try {
    await runPieces(pieces, shards, end, findings);
  } catch (error) {
    report(name, pieces, findings, seconds());
    console.log(error instanceof Error ? error.message : error);
    console.log(
      `${name}: ${findings.states.size} distinct states, 1 violations`,
    );
    process.exit(1);
  } finally {
    clearInterval(progress);
  }
  report(name, pieces, findings, seconds());
  console.log(
    `${name}: ${findings.states.size} distinct states, 0 violations\n`,
  );
  return findings;
}

/** Prints what was covered. */
function report(
  name: SubjectName,
  { effort: { seed }, plan }: Pieces,
  findings: Findings,
  seconds: number,
): void {
  const { byModel, done, states, checked, histories, faults } = findings;
  console.log(
    `\nStates of each model, where it gave them first in a piece of the work: ${name}, seed ${seed}`,
  );
  for (const model of [...NAME_MODELS, ...DATA_MODELS, "kill"]) {
    console.log(
      `${model.padEnd(5)}${count(byModel.get(model) ?? 0).padStart(12)}`,
    );
  }
  console.log("");
  for (const part of PARTS) {
    const [tried, of] = [done.get(part) ?? 0, plan.get(part) ?? 0];
    if (tried + of === 0) continue;
    const all = tried >= of ? "" : `, of ${count(of)} planned: NOT ALL`;
    const seeds = part === "random histories" && tried > 0
      ? `, seeds ${seed} to ${seed + tried - 1}`
      : "";
    console.log(`${part}: ${count(tried)} tried${all}${seeds}`);
  }
  console.log(
    `${count(histories)} histories run, ${
      count(faults)
    } with a sync that failed; ${count(checked)} states checked, ${
      count(states.size)
    } of them distinct over all shards, hash ${states.hash}; ${
      seconds.toFixed(0)
    } s, ${count(Math.round(states.size / seconds))} a second`,
  );
}

const start = performance.now();
let total = 0;
for (const [n, name] of options.subjects.entries()) {
  const { states } = await run(name, options.subjects.length - n - 1);
  total += states.size;
}
console.log(`${total} distinct states, 0 violations`);
