/**
 * What the tests report of themselves, in the same way on every runtime, and how
 * failures are printed.
 *
 * `tests/support/harness.ts` appends a line of JSON to a file when a test is
 * registered, and when it ends.
 */

import { existsSync, readFileSync } from "node:fs";
import type { Runtime } from "./test_options.ts";

/** A line of the file. */
interface Line {
  readonly kind: "registered" | "passed" | "failed";
  readonly file: string;
  readonly name: string;
  /** Whether the filter lets it run. */
  readonly runs: boolean;
  /** What a failed test threw, and from where. */
  readonly error?: string;
}

/** A test that failed. */
export interface Failure {
  readonly file: string;
  readonly name: string;
  readonly error: string;
}

/** What a process reported. */
export interface Report {
  /** How many tests there are. */
  readonly registered: number;
  /** How many of them the filter lets run. */
  readonly matched: number;
  readonly failures: readonly Failure[];
  /** Tests that were to be run, and have not ended. */
  readonly unended: readonly Failure[];
}

/** Reads what a process reported. */
export function readReport(path: string): Report {
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  const lines = text.split("\n").filter((line) => line !== "").map((
    line,
  ): Line => JSON.parse(line));
  const registered = lines.filter(({ kind }) => kind === "registered");
  const matched = registered.filter(({ runs }) => runs);
  const ended = new Set(
    lines.filter(({ kind }) => kind !== "registered").map(keyOf),
  );
  return {
    registered: registered.length,
    matched: matched.length,
    failures: lines.filter(({ kind }) => kind === "failed").map((
      { file, name, error = "" },
    ) => ({ file, name, error })),
    unended: matched.filter((line) => !ended.has(keyOf(line))).map((
      { file, name },
    ) => ({ file, name, error: "The test has not ended" })),
  };
}

function keyOf({ file, name }: { file: string; name: string }): string {
  return `${file}: ${name}`;
}

/** What one failure is on each runtime on which it is the same. */
interface Shared {
  readonly runtimes: Runtime[];
  readonly failure: Failure;
}

/** The failures as text: one that runtimes share is there once, with their names. */
export function failuresText(
  failures: readonly (readonly [Runtime, Failure])[],
): string {
  const tests = new Map<string, Map<string, Shared>>();
  for (const [runtime, failure] of failures) {
    const key = keyOf(failure);
    const variants = tests.get(key) ?? new Map<string, Shared>();
    tests.set(key, variants);
    const what = comparable(failure.error);
    const shared = variants.get(what);
    if (shared) shared.runtimes.push(runtime);
    else variants.set(what, { runtimes: [runtime], failure });
  }
  return [...tests.values()].flatMap((variants) => [...variants.values()])
    .map(({ runtimes, failure }) =>
      `FAILED on ${listed(runtimes)}: ${keyOf(failure)}\n${
        indented(failure.error)
      }\n`
    ).join("\n");
}

/** What was thrown, without where, and without the names of temporary folders. */
function comparable(error: string): string {
  return error.replaceAll(/^ +at .*$/gm, "").trimEnd()
    .replaceAll(/\bdurable-\w{6}/g, "durable-…");
}

function listed(names: readonly string[]): string {
  const last = names[names.length - 1];
  return names.length > 1
    ? `${names.slice(0, -1).join(", ")} and ${last}`
    : last;
}

function indented(text: string): string {
  return text.trimEnd().replaceAll(/^(?=.)/gm, "  ");
}
