// deno-lint-ignore-file no-console
// Runs the tests on Deno, Bun and Node. Prints a line for each, and what failed:
// what fails in the same way on several runtimes once. Arguments:
//
//   FILE …          only these files
//   --runtime=NAME  only on this runtime; more than once for several
//   --filter=TEXT   only tests whose name contains this
//
// Exit code 1: a test failed, or none was run; 2: the arguments cannot be used.
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { stripVTControlCharacters } from "node:util";
import { type Options, parseOptions, type Runtime } from "./test_options.ts";
import {
  type Failure,
  failuresText,
  readReport,
  type Report,
} from "./test_report.ts";

interface Runner {
  readonly args: readonly string[];
  /** The files, for each process that runs at a time. */
  readonly shards: readonly (readonly string[])[];
  readonly passed: RegExp;
  readonly failed: RegExp;
}

interface ShardResult extends Report {
  readonly passed: number;
  readonly failed: number;
  /** What was printed, if something failed that is not one of the failures. */
  readonly unexplained: string | undefined;
}

const options = optionsOrExit();
const { filter } = options;
const files = (options.files.length > 0 ? options.files : allFiles()).map((
  file,
) => resolve(file));

/** The runtimes that use one processor only are given several processes. */
const shards = Array.from(
  { length: Math.min(availableParallelism(), files.length) },
  (_, shard) => files.filter((_, n) => n % availableParallelism() === shard),
);

const RUNNERS: Readonly<Record<Runtime, Runner>> = {
  deno: {
    args: [
      "test",
      "--allow-all",
      "--no-check",
      "--parallel",
      "--import-map=offline/import_map.json",
    ],
    shards: [files],
    passed: /(\d+) passed/,
    failed: /(\d+) failed/,
  },
  bun: {
    args: ["test", "--timeout=120000"],
    shards,
    passed: /^\s*(\d+) pass$/m,
    failed: /^\s*(\d+) fail$/m,
  },
  node: {
    args: [
      "--test",
      "--test-reporter=tap",
      `--test-concurrency=${availableParallelism()}`,
    ],
    shards: [files],
    passed: /^# pass (\d+)$/m,
    failed: /^# fail (\d+)$/m,
  },
};

const scratch = mkdtempSync(join(tmpdir(), "run-tests-"));
try {
  await main();
} finally {
  rmSync(scratch, { recursive: true });
}

function optionsOrExit(): Options {
  try {
    return parseOptions(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    console.error(error.message);
    process.exit(2);
  }
}

function allFiles(): string[] {
  return readdirSync("tests").filter((name) => name.endsWith("_test.ts"))
    .map((name) => `tests/${name}`);
}

async function main(): Promise<void> {
  const results: [Runtime, ShardResult][] = [];
  for (const runtime of options.runtimes) {
    for (const result of await run(runtime)) results.push([runtime, result]);
  }
  const failures = results.flatMap(([runtime, { failures, unended }]) =>
    [...failures, ...unended].map((one): [Runtime, Failure] => [runtime, one])
  );
  if (failures.length > 0) console.log(`\n${failuresText(failures)}`);
  for (const [runtime, { unexplained }] of results) {
    if (unexplained === undefined) continue;
    console.log(`FAILED on ${runtime}, outside of the tests\n${unexplained}`);
  }
  // Every runtime has the same tests, so one of them tells how many there are.
  const [{ registered, matched }] = options.runtimes.map((runtime) => ({
    registered: sumOf(results, "registered", runtime),
    matched: sumOf(results, "matched", runtime),
  })).sort((a, b) => b.registered - a.registered);
  if (filter !== undefined && matched > 0) {
    console.log(
      `${matched} of ${registered} tests ${
        matched === 1 ? "has" : "have"
      } "${filter}" in ${matched === 1 ? "its name" : "their names"}`,
    );
  }
  const failed = sumOf(results, "failed");
  console.log(`${sumOf(results, "passed")} passed, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
  else if (filter !== undefined && matched === 0) {
    console.error(`None of ${registered} tests has "${filter}" in its name`);
    process.exitCode = 1;
  }
}

function sumOf(
  results: readonly [Runtime, ShardResult][],
  field: "passed" | "failed" | "registered" | "matched",
  only?: Runtime,
): number {
  return results.filter(([runtime]) => (only ?? runtime) === runtime)
    .reduce((sum, [, result]) => sum + result[field], 0);
}

/** Runs the tests on a runtime, and prints a line. */
async function run(runtime: Runtime): Promise<ShardResult[]> {
  const start = performance.now();
  const results = await Promise.all(
    RUNNERS[runtime].shards.map((files, n) => runShard(runtime, files, n)),
  );
  const named = results.map((one): [Runtime, ShardResult] => [runtime, one]);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(
    `${runtime}: ${sumOf(named, "passed")} passed, ${
      sumOf(named, "failed")
    } failed (${seconds} s)`,
  );
  return results;
}

/** Runs one process. */
async function runShard(
  runtime: Runtime,
  files: readonly string[],
  shard: number,
): Promise<ShardResult> {
  const runner = RUNNERS[runtime];
  const path = join(scratch, `${runtime}-${shard}.jsonl`);
  const { status, output } = await outputOf(
    runtime,
    [...runner.args, ...files],
    path,
  );
  const count = (pattern: RegExp) => Number(pattern.exec(output)?.[1] ?? 0);
  const report = readReport(path);
  const explained = report.failures.length + report.unended.length;
  const passed = count(runner.passed);
  let failed = Math.max(count(runner.failed), explained);
  // A runtime that crashes or runs nothing has failed, whatever it counted.
  const ranNothing = passed === 0 && filter === undefined;
  if (failed === 0 && (status !== 0 || ranNothing)) failed = 1;
  const unexplained = failed > explained ? output.trimEnd() : undefined;
  return { ...report, passed, failed, unexplained };
}

function outputOf(
  command: string,
  args: readonly string[],
  report: string,
): Promise<{ status: number | null; output: string }> {
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    NO_COLOR: "1",
    DURABLE_TEST_REPORT: report,
    DURABLE_TEST_FILTER: filter ?? "",
  };
  delete env.NODE_TEST_CONTEXT; // a test of this file runs it: not as a part of that test
  const child = spawn(command, args, {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (chunk) => output += chunk);
  child.stderr.setEncoding("utf8").on("data", (chunk) => output += chunk);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on(
      "close",
      (status) => resolve({ status, output: stripVTControlCharacters(output) }),
    );
  });
}
