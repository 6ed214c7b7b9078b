// deno-lint-ignore-file no-console
/**
 * Runs the benchmarks on each runtime in turn and prints a table for each.
 *
 * ```text
 * npm run bench -- [--json] [--quick] [--runtime=node|deno|bun] \
 *   [--only=log|append|replay|memory|growth|state|apply|read|open|snapshot|auto| \
 *   queue|enqueue|work|reopen|backlog|latency]…
 * ```
 *
 * @module
 */

import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Environment, environment } from "./environment.ts";
import { type Part, partsOf } from "./parts.ts";
import { type Row, table } from "./row.ts";
import { type RuntimeName, RUNTIMES, startArguments } from "./runtime.ts";

/** A line that the child prints. */
type Message =
  | Row
  | { readonly version: string }
  | { readonly part: Part; readonly seconds: number };

/** What one runtime gave. */
interface Result {
  readonly runtime: RuntimeName;
  version: string;
  readonly rows: Row[];
  /** How many seconds each part took. */
  readonly seconds: Partial<Record<Part, number>>;
  /** Why it ended early. */
  crash?: string;
}

const root = fileURLToPath(new URL("../", import.meta.url));

await main();

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      json: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      runtime: { type: "string" },
      only: { type: "string", multiple: true, default: [] },
    },
  });
  const chosen = RUNTIMES.filter((name) =>
    values.runtime === undefined || values.runtime === name
  );
  if (chosen.length === 0) {
    throw new RangeError(
      `Cannot run on "${values.runtime}": it is not one of ${
        RUNTIMES.join(", ")
      }`,
    );
  }
  const parts = partsOf(values.only);
  // In the project folder, because a temporary directory may be in memory.
  const data = join(root, ".data");
  await mkdir(data, { recursive: true });
  const directory = await mkdtemp(join(data, "bench-"));
  const results: Result[] = [];
  // The directory is removed when the child has ended, also after an interrupt.
  const interrupt = new AbortController();
  const { signal } = interrupt;
  process.once("SIGINT", () => interrupt.abort());
  process.once("SIGTERM", () => interrupt.abort());
  try {
    const about = environment(directory);
    if (!values.json) console.log(describe(about));
    const args = [directory, values.quick ? "quick" : "full", ...parts];
    for (const runtime of chosen) {
      if (signal.aborted) break;
      const result = await runOn(runtime, args, signal);
      results.push(result);
      if (!values.json) {
        console.log(`\n${result.version}\n\n${table(result.rows)}`);
        console.log(`\n${durations(result)}`);
      }
      if (result.crash) console.error(`${runtime}: ${result.crash}`);
    }
    if (values.json) {
      console.log(JSON.stringify({ environment: about, results }, null, 2));
    }
  } finally {
    await rm(directory, { recursive: true });
  }
  if (results.some(({ crash }) => crash)) process.exitCode = 1;
}

function describe({ system, fileSystem, cores }: Environment): string {
  return `${system}, ${cores} cores, file system ${fileSystem}`;
}

function durations({ seconds }: Result): string {
  const parts = Object.entries(seconds).map(([part, taken]) =>
    `${part} ${taken.toFixed(0)} s`
  );
  return `Took: ${parts.join(", ")}`;
}

function runOn(
  runtime: RuntimeName,
  args: readonly string[],
  signal: AbortSignal,
): Promise<Result> {
  const result: Result = { runtime, version: runtime, rows: [], seconds: {} };
  const child = spawn(
    join(root, "node_modules", ".bin", runtime),
    [...startArguments(runtime, "./parts_child.ts"), ...args],
    { cwd: root, signal, stdio: ["ignore", "pipe", "inherit"] },
  );
  createInterface({ input: child.stdout }).on("line", (line) => {
    const message: Message = JSON.parse(line);
    if ("version" in message) {
      result.version = message.version;
      console.error(`Running on ${message.version}`);
      return;
    }
    if ("part" in message) {
      result.seconds[message.part] = message.seconds;
      return;
    }
    result.rows.push(message);
    console.error(`  ${message.what} / ${message.peer}`);
  });
  return new Promise((resolve) => {
    child.on("error", (error) => result.crash = error.message);
    child.on("close", (code, signal) => {
      if (code !== 0) result.crash ??= `it ended with ${signal ?? code}`;
      resolve(result);
    });
  });
}
