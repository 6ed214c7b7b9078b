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
  readonly passed: RegExp;
  readonly failed: RegExp;
}

const files = process.argv.length > 2
  ? process.argv.slice(2)
  : readdirSync("tests").filter((name) => name.endsWith("_test.ts")).map((
    name,
  ) => `tests/${name}`);

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
      ...files,
    ],
    passed: /(\d+) passed/,
    failed: /(\d+) failed/,
  },
  {
    name: "bun",
    command: "bun",
    args: ["test", "--timeout=120000", ...files.map((file) => `./${file}`)],
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
      ...files,
    ],
    passed: /^# pass (\d+)$/m,
    failed: /^# fail (\d+)$/m,
  },
];

interface Result {
  readonly passed: number;
  readonly failed: number;
}

async function run(
  { name, command, args, passed, failed }: Runner,
): Promise<Result> {
  const start = performance.now();
  const env = { ...process.env, NO_COLOR: "1" };
  const child = spawn(command, args, {
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
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(
    `${name}: ${result.passed} passed, ${result.failed} failed (${seconds} s)`,
  );
  return result;
}

const total = { passed: 0, failed: 0 };
for (const runner of runners) {
  const { passed, failed } = await run(runner);
  total.passed += passed;
  total.failed += failed;
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 ? 1 : 0;
