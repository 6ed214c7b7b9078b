// deno-lint-ignore-file no-console
// Takes one safety measure after the other out of a copy of the sources and runs
// the tests: each time one of them must fail. Prints a line for each, and at the
// end what no test noticed. Arguments are names of mutants to restrict the run to;
// with --list it only names them.
import { readdirSync } from "node:fs";
import process from "node:process";
import { MUTANTS as ADAPTERS } from "./adapters.ts";
import { MUTANTS as COMMIT } from "./commit.ts";
import { MUTANTS as FAIL_STOP } from "./fail_stop.ts";
import { MUTANTS as FOLLOWING } from "./following.ts";
import { MUTANTS as FORMAT } from "./format.ts";
import { MUTANTS as MENDING } from "./mending.ts";
import { MUTANTS as LOADING } from "./loading.ts";
import { MUTANTS as MEMORY } from "./memory.ts";
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
import { MUTANTS as QUEUE_WORKING } from "./queue_working.ts";
import { MUTANTS as READING } from "./reading.ts";
import { MUTANTS as RECORDS } from "./records.ts";
import { MUTANTS as RESTORING } from "./restoring.ts";
import { MUTANTS as SNAPSHOTS } from "./snapshots.ts";
import { MUTANTS as STATES } from "./states.ts";
import { MUTANTS as SYSTEM } from "./system.ts";
import { MUTANTS as TELLING } from "./telling.ts";
import { cleanUp, Tree } from "./tree.ts";

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
  ...SNAPSHOTS,
  ...RESTORING,
  ...STATES,
  ...LOADING,
  ...MEMORY,
  ...TELLING,
  ...QUEUE_LEASES,
  ...QUEUE_HANDING,
  ...QUEUE_WORKING,
  ...QUEUE_ORDER,
  ...QUEUE_TIMES,
  ...QUEUE_KEEPING,
  ...QUEUE_PAYLOADS,
  ...QUEUE_KEYS,
  ...QUEUE_SHOWING,
  ...QUEUE_OUTBOX,
];

/** They look at the text of the sources, not at what it does. */
const ABOUT_TEXT = ["architecture_test.ts", "manifest_test.ts"];
const TESTS = readdirSync("tests").filter((name) =>
  name.endsWith("_test.ts") && !ABOUT_TEXT.includes(name)
);
/** A test may take so many times as long as without a mutant, within these seconds. */
const SLOWER = 5;
const [LEAST, MOST] = [30, 180];
/** How many mutants are tested at a time. */
const TOGETHER = 2;

type Runtime = NonNullable<Mutant["runtime"]>;
/** Seconds that each test file takes without a mutant. */
type Durations = ReadonlyMap<string, number>;

const start = performance.now();
const [option, ...others] = process.argv.slice(2);
if (option === "--list" && others.length === 0) list();
else await main(process.argv.slice(2));

function list(): void {
  for (const { name, breaks, file } of ALL) {
    console.log(`${name}: ${file}, ${breaks}, ${PROMISES[breaks]}`);
  }
}

async function main(names: readonly string[]): Promise<void> {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      cleanUp();
      process.exit(1);
    });
  }
  const mutants = names.length === 0
    ? ALL
    : ALL.filter(({ name }) => names.includes(name));
  try {
    const trees = Array.from({ length: TOGETHER }, () => new Tree());
    const durations = isListSound(trees[0], names)
      ? await control(trees, mutants)
      : undefined;
    if (durations === undefined) process.exitCode = 1;
    else await gate(trees, mutants, durations);
  } finally {
    cleanUp();
  }
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

/** Compiles, and runs all tests, without a mutant, on the runtimes that are needed; `undefined` if that fails. */
async function control(
  trees: readonly Tree[],
  mutants: readonly Mutant[],
): Promise<ReadonlyMap<Runtime, Durations> | undefined> {
  const runtimes = new Set(mutants.map(({ runtime = "bun" }) => runtime));
  const durations = new Map<Runtime, Map<string, number>>();
  const jobs: [Runtime, string][] = [];
  for (const runtime of runtimes) {
    durations.set(runtime, new Map());
    for (const file of TESTS) jobs.push([runtime, file]);
  }
  const { passed, output } = await trees[0].compile();
  if (!passed) {
    console.log(`${output}\nwithout a mutant: the sources do not compile`);
    return undefined;
  }
  let failed = 0;
  await together(trees, jobs, async (tree, [runtime, file]) => {
    const { passed, seconds, output } = await tree.test(file, runtime);
    durations.get(runtime)?.set(file, seconds);
    if (passed) return;
    failed++;
    console.log(
      `${output}\nwithout a mutant: tests/${file} fails (${runtime})`,
    );
  });
  if (failed > 0) return undefined;
  const where = [...runtimes].join(", ");
  console.log(`without a mutant: all tests pass (${where}) in ${elapsed()}`);
  return durations;
}

async function gate(
  trees: readonly Tree[],
  mutants: readonly Mutant[],
  durations: ReadonlyMap<Runtime, Durations>,
): Promise<void> {
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
  if (killed < mutants.length) process.exitCode = 1;
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
  for (const file of files) {
    const usual = durations.get(file) ?? MOST;
    const limit = Math.min(MOST, Math.max(LEAST, usual * SLOWER));
    const { passed, timedOut } = await tree.test(file, runtime, limit);
    if (passed) continue;
    const how = timedOut ? ", which did not end," : "";
    return `killed by tests/${file}${how} in ${elapsed(start)}`;
  }
  return "SURVIVED";
}

/** Does jobs in their order, one at a time on each copy of the sources. */
async function together<T>(
  trees: readonly Tree[],
  jobs: readonly T[],
  run: (tree: Tree, job: T) => Promise<void>,
): Promise<void> {
  const waiting = jobs.values();
  await Promise.all(trees.map(async (tree) => {
    for (const job of waiting) await run(tree, job);
  }));
}

function elapsed(since: number = start): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}
