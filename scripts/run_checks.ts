// deno-lint-ignore-file no-console
// Runs every check that is not a test, prints a line for each, and all that a
// failed one printed.
import { spawn } from "node:child_process";
import process from "node:process";

const MAP = "--import-map=offline/import_map.json";
const SOURCES = ["mod.ts", "src", "tests", "examples"];
const CHECKS: readonly (readonly [string, string])[] = [
  ["format", "deno fmt --check"],
  ["lint", "deno lint"],
  ["doc lint", "deno doc --lint mod.ts src/testing/mod.ts"],
  ["types (deno)", `deno check ${MAP} ${SOURCES.join(" ")}`],
  ["types (tsc)", "tsc -p tsconfig.tsc.json"],
  ["doc tests", `deno test --doc --allow-all ${MAP} mod.ts src README.md`],
  ["publish", "deno publish --dry-run --allow-dirty"],
];

/** Runs a command; resolves with what it printed if it failed. */
function failureOf(command: string): Promise<string | undefined> {
  const [file, ...args] = command.split(" ");
  const env = { ...process.env, NO_COLOR: "1" };
  const child = spawn(file, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (chunk) => output += chunk);
  child.stderr.on("data", (chunk) => output += chunk);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => resolve(status === 0 ? undefined : output));
  });
}

let failed = 0;
for (const [name, command] of CHECKS) {
  const start = performance.now();
  const failure = await failureOf(command);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  if (failure !== undefined) {
    failed++;
    console.log(failure);
  }
  console.log(
    `${name}: ${failure === undefined ? "ok" : "FAILED"} (${seconds} s)`,
  );
}
console.log(`checks: ${CHECKS.length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
