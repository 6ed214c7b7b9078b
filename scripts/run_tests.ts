// deno-lint-ignore-file no-console
// Runs all tests on Deno, Bun and Node. Prints a line for each, and what failed.
// Arguments are file names to restrict the run to.
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import process from "node:process";

interface Runner {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The files, for each process that runs at a time. */
  readonly shards: readonly (readonly string[])[];
  readonly passed: RegExp;
  readonly failed: RegExp;
}

const files = process.argv.length > 2
  ? process.argv.slice(2)
  : readdirSync("tests").filter((name) => name.endsWith("_test.ts")).map((
    name,
  ) => `tests/${name}`);

/** The runtimes that use one processor only are given several processes. */
const shards = Array.from(
  { length: Math.min(availableParallelism(), files.length) },
  (_, shard) => files.filter((_, n) => n % availableParallelism() === shard),
);

const runners: readonly Runner[] = [
  {
    name: "deno",
    command: "deno",
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
  {
    name: "bun",
    command: "bun",
    args: ["test", "--timeout=120000"],
    shards: shards.map((files) => files.map((file) => `./${file}`)),
    passed: /^\s*(\d+) pass$/m,
    failed: /^\s*(\d+) fail$/m,
  },
  {
    name: "node",
    command: "node",
    args: [
      "--test",
      "--test-reporter=tap",
      `--test-concurrency=${availableParallelism()}`,
    ],
    shards: [files],
    passed: /^# pass (\d+)$/m,
    failed: /^# fail (\d+)$/m,
  },
];

interface Result {
  readonly passed: number;
  readonly failed: number;
}

/** Runs one process; what it prints is printed if it fails. */
async function runShard(
  { command, args, passed, failed }: Runner,
  files: readonly string[],
): Promise<Result> {
  const env = { ...process.env, NO_COLOR: "1" };
  const child = spawn(command, [...args, ...files], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (chunk) => output += chunk);
  child.stderr.on("data", (chunk) => output += chunk);
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  const count = (pattern: RegExp) => Number(pattern.exec(output)?.[1] ?? 0);
  const result = { passed: count(passed), failed: count(failed) };
  // A runtime that crashes or runs nothing has failed, whatever it counted.
  if (result.failed === 0 && (status !== 0 || result.passed === 0)) {
    result.failed = 1;
  }
  if (result.failed > 0) console.log(output);
  return result;
}

async function run(runner: Runner): Promise<Result> {
  const start = performance.now();
  const results = await Promise.all(
    runner.shards.map((files) => runShard(runner, files)),
  );
  const passed = results.reduce((sum, one) => sum + one.passed, 0);
  const failed = results.reduce((sum, one) => sum + one.failed, 0);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(
    `${runner.name}: ${passed} passed, ${failed} failed (${seconds} s)`,
  );
  return { passed, failed };
}

const total = { passed: 0, failed: 0 };
for (const runner of runners) {
  const { passed, failed } = await run(runner);
  total.passed += passed;
  total.failed += failed;
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 ? 1 : 0;
