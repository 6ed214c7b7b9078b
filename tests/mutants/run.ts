// deno-lint-ignore-file no-console
// Takes one safety measure after the other out of a copy of the sources and runs
// the tests: each time one of them must fail. Prints a line for each, and at the
// end what no test noticed. Arguments are names of mutants to restrict the run to;
// with --list it only names them.
//   --random=N     N ordinary mutants instead: operators, conditions, constants and
//                  statements, of which nine in ten must be killed or explained
//   --under=DIR    of the sources there, or of one file; by default of all
//   --seed=N       which ones; by default other ones each time
//   --tests=a,b    only these test files, such as tree for tests/tree_test.ts
//   --id=a,b       only these random mutants, as a report shows them
import process from "node:process";
import { MUTANTS as ADAPTERS } from "./adapters.ts";
import { MUTANTS as ARRAY_DRAFTS } from "./array_drafts.ts";
import { MUTANTS as AUTOMATIC } from "./automatic.ts";
import { MUTANTS as CHANGES } from "./changes.ts";
import { MUTANTS as COMMIT } from "./commit.ts";
import { MUTANTS as DRAFTS } from "./drafts.ts";
import { MUTANTS as FAIL_STOP } from "./fail_stop.ts";
import { MUTANTS as FOLLOWING } from "./following.ts";
import { MUTANTS as FORMAT } from "./format.ts";
import { MUTANTS as LOCKS } from "./locks.ts";
import { MUTANTS as LABORATORY } from "./laboratory.ts";
import { MUTANTS as MENDING } from "./mending.ts";
import { MUTANTS as LOADING } from "./loading.ts";
import { MUTANTS as MOMENTS } from "./moments.ts";
import { type Mutant, PROMISES } from "./mutant.ts";
import { MUTANTS as OPENING } from "./opening.ts";
import { MUTANTS as QUEUE_HANDING } from "./queue_handing.ts";
import { MUTANTS as QUEUE_KEEPING } from "./queue_keeping.ts";
import { MUTANTS as QUEUE_KEYS } from "./queue_keys.ts";
import { MUTANTS as QUEUE_LEASES } from "./queue_leases.ts";
import { MUTANTS as QUEUE_ORDER } from "./queue_order.ts";
import { MUTANTS as QUEUE_OUTBOX } from "./queue_outbox.ts";
import { MUTANTS as QUEUE_PAYLOADS } from "./queue_payloads.ts";
import { MUTANTS as QUEUE_SHOWING } from "./queue_showing.ts";
import { MUTANTS as QUEUE_TIMES } from "./queue_times.ts";
import { MUTANTS as QUEUE_UNDER_WAY } from "./queue_under_way.ts";
import { MUTANTS as QUEUE_WORKING } from "./queue_working.ts";
import { runRandom } from "./random.ts";
import {
  type ListedRun,
  type RandomRun,
  type Request,
  requestOf,
} from "./random/options.ts";
import { MUTANTS as READING } from "./reading.ts";
import { MUTANTS as RECORDS } from "./records.ts";
import { MUTANTS as RESTORING } from "./restoring.ts";
import { MUTANTS as SNAPSHOT_VALUES } from "./snapshot_values.ts";
import { MUTANTS as SNAPSHOTS } from "./snapshots.ts";
import { MUTANTS as STATES } from "./states.ts";
import {
  control,
  copies,
  type Durations,
  elapsed,
  firstFailure,
  MOST,
  type Runtime,
  TESTS,
  together,
} from "./suite.ts";
import { MUTANTS as SYSTEM } from "./system.ts";
import { MUTANTS as TABLES } from "./tables.ts";
import { MUTANTS as TAKING } from "./taking.ts";
import { MUTANTS as TAKING_PLACES } from "./taking_places.ts";
import { MUTANTS as HOSTILE } from "./hostile.ts";
import { MUTANTS as TELLING } from "./telling.ts";
import { cleanUp, type Tree } from "./tree.ts";
import { MUTANTS as VALUES } from "./values.ts";
import { MUTANTS as VERIFYING } from "./verifying.ts";
import { MUTANTS as WAITING } from "./waiting.ts";
import { MUTANTS as VIEWS } from "./views.ts";

const ALL: readonly Mutant[] = [
  ...COMMIT,
  ...FAIL_STOP,
  ...MENDING,
  ...OPENING,
  ...FORMAT,
  ...READING,
  ...FOLLOWING,
  ...RECORDS,
  ...ADAPTERS,
  ...SYSTEM,
  ...LOCKS,
  ...LABORATORY,
  ...SNAPSHOTS,
  ...SNAPSHOT_VALUES,
  ...RESTORING,
  ...STATES,
  ...LOADING,
  ...DRAFTS,
  ...ARRAY_DRAFTS,
  ...TAKING,
  ...TAKING_PLACES,
  ...HOSTILE,
  ...VALUES,
  ...TABLES,
  ...VIEWS,
  ...MOMENTS,
  ...AUTOMATIC,
  ...CHANGES,
  ...VERIFYING,
  ...TELLING,
  ...QUEUE_LEASES,
  ...QUEUE_HANDING,
  ...QUEUE_WORKING,
  ...QUEUE_ORDER,
  ...QUEUE_TIMES,
  ...QUEUE_UNDER_WAY,
  ...QUEUE_KEEPING,
  ...QUEUE_PAYLOADS,
  ...QUEUE_KEYS,
  ...QUEUE_SHOWING,
  ...QUEUE_OUTBOX,
  ...WAITING,
];

const request = requested();
if (request?.kind === "names") list();
else if (request !== undefined) await main(request);

/** What the arguments ask for; `undefined` if they cannot be used. */
function requested(): Request | undefined {
  try {
    return requestOf(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
    return undefined;
  }
}

function list(): void {
  for (const { name, breaks, file } of ALL) {
    console.log(`${name}: ${file}, ${breaks}, ${PROMISES[breaks]}`);
  }
}

async function main(request: ListedRun | RandomRun): Promise<void> {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      cleanUp();
      process.exit(1);
    });
  }
  try {
    const passed = request.kind === "random"
      ? await runRandom(request)
      : await runListed(request.names);
    if (!passed) process.exitCode = 1;
  } finally {
    cleanUp();
  }
}

/** Tests the mutants with these names, or all; whether each of them was killed. */
async function runListed(names: readonly string[]): Promise<boolean> {
  const mutants = names.length === 0
    ? ALL
    : ALL.filter(({ name }) => names.includes(name));
  const trees = copies();
  if (!isListSound(trees[0], names)) return false;
  const runtimes = new Set(mutants.map(({ runtime = "bun" }) => runtime));
  const durations = await control(trees, runtimes, TESTS);
  return durations !== undefined && await gate(trees, mutants, durations);
}

/** Whether each mutant can be made, by a name of its own: else the list has aged. */
function isListSound(tree: Tree, names: readonly string[]): boolean {
  const problems: string[] = [];
  const seen = new Set<string>();
  for (const mutant of ALL) {
    const { name, likely } = mutant;
    const refusal = tree.refusalOf(mutant);
    if (refusal !== undefined) problems.push(`${name}: ${refusal}`);
    if (seen.has(name)) problems.push(`${name}: the name is there twice`);
    if (!TESTS.includes(`${likely}_test.ts`)) {
      problems.push(`${name}: there is no tests/${likely}_test.ts`);
    }
    seen.add(name);
  }
  for (const name of names) {
    if (!seen.has(name)) problems.push(`${name}: there is no such mutant`);
  }
  for (const problem of problems) console.log(problem);
  return problems.length === 0;
}

async function gate(
  trees: readonly Tree[],
  mutants: readonly Mutant[],
  durations: ReadonlyMap<Runtime, Durations>,
): Promise<boolean> {
  const survivors: string[] = [];
  const broken: string[] = [];
  await together(trees, mutants, async (tree, mutant) => {
    const { name, breaks, runtime = "bun" } = mutant;
    const own = durations.get(runtime) ?? new Map();
    const outcome = await tree.with(mutant, () => verdict(tree, mutant, own));
    if (outcome === "SURVIVED") survivors.push(name);
    else if (!outcome.startsWith("killed")) broken.push(name);
    console.log(`${name} (${breaks}): ${outcome}`);
  });
  for (const name of broken) console.log(`does not compile: ${name}`);
  for (const name of survivors) console.log(`survived: ${name}`);
  const killed = mutants.length - survivors.length - broken.length;
  console.log(
    `${mutants.length} mutants, ${killed} killed, ${survivors.length} survived (${elapsed()})`,
  );
  return killed === mutants.length;
}

/** Runs test after test until one fails: the likely one first, then the cheap ones. */
async function verdict(
  tree: Tree,
  { likely, runtime }: Mutant,
  durations: Durations,
): Promise<string> {
  const start = performance.now();
  const { passed, output } = await tree.compile();
  if (!passed) return `does not compile: ${output.trim()}`;
  const first = `${likely}_test.ts`;
  const costOf = (file: string) =>
    file === first ? 0 : durations.get(file) ?? MOST;
  const files = TESTS.toSorted((a, b) => costOf(a) - costOf(b));
  const failure = await firstFailure(tree, files, durations, runtime);
  if (failure === undefined) return "SURVIVED";
  return `killed by ${failure} in ${elapsed(start)}`;
}
