// deno-lint-ignore-file no-console
/** How the tests run on a mutant, whatever it is. */

import { readdirSync } from "node:fs";
import type { Mutant } from "./mutant.ts";
import { Tree } from "./tree.ts";

export type Runtime = NonNullable<Mutant["runtime"]>;
/** Seconds that each test file takes without a mutant. */
export type Durations = ReadonlyMap<string, number>;

/** They look at the text of the sources, not at what it does, or at these mutants. */
const ABOUT_TEXT = [
  "architecture_test.ts",
  "manifest_test.ts",
  "random_mutants_test.ts",
];
/** The test files that can kill a mutant. */
export const TESTS: readonly string[] = readdirSync("tests").filter((name) =>
  name.endsWith("_test.ts") && !ABOUT_TEXT.includes(name)
);
/** A test may take so many times as long as without a mutant, within these seconds. */
const SLOWER = 5;
const LEAST = 30;
/** The longest that a test may take in any case, in seconds. */
export const MOST = 180;
/** How many mutants are tested at a time. */
const TOGETHER = 2;

const start = performance.now();

/** A copy of the sources for each mutant that is tested at a time. */
export function copies(): readonly Tree[] {
  return Array.from({ length: TOGETHER }, () => new Tree());
}

/** Compiles, and runs tests, without a mutant, on the runtimes that are needed; `undefined` if that fails. */
export async function control(
  trees: readonly Tree[],
  runtimes: ReadonlySet<Runtime>,
  files: readonly string[],
): Promise<ReadonlyMap<Runtime, Durations> | undefined> {
  const durations = new Map<Runtime, Map<string, number>>();
  const jobs: [Runtime, string][] = [];
  for (const runtime of runtimes) {
    durations.set(runtime, new Map());
    for (const file of files) jobs.push([runtime, file]);
  }
  const { passed, output } = await trees[0].compile();
  if (!passed) {
    console.log(`${output}\nwithout a mutant: the sources do not compile`);
    return undefined;
  }
  let failed = 0;
  await together(trees, jobs, async (tree, [runtime, file]) => {
    const outcome = await tree.test(file, runtime, MOST);
    const { passed, timedOut, seconds, output } = outcome;
    durations.get(runtime)?.set(file, seconds);
    if (passed) return;
    failed++;
    console.log(
      `${output}\nwithout a mutant: tests/${file} ${
        timedOut ? `does not end within ${MOST} s` : "fails"
      } (${runtime})`,
    );
  });
  if (failed > 0) return undefined;
  const where = [...runtimes].join(", ");
  const which = files.length === TESTS.length
    ? "all tests"
    : `${files.length} test files of ${TESTS.length}`;
  console.log(
    `without a mutant: ${which} pass (${where}) in ${elapsed()}`,
  );
  return durations;
}

/**
 * Runs test files in their order until one fails, each within a time limit.
 *
 * @param note Receives each file, and whether it has failed.
 * @returns What has failed; `undefined` if all pass.
 */
export async function firstFailure(
  tree: Tree,
  files: readonly string[],
  durations: Durations,
  runtime?: Runtime,
  note?: (file: string, isFailed: boolean) => void,
): Promise<string | undefined> {
  for (const file of files) {
    const usual = durations.get(file) ?? MOST;
    const limit = Math.min(MOST, Math.max(LEAST, usual * SLOWER));
    const { passed, timedOut } = await tree.test(file, runtime, limit);
    note?.(file, !passed);
    if (passed) continue;
    return `tests/${file}${timedOut ? ", which did not end," : ""}`;
  }
  return undefined;
}

/** Does jobs in their order, one at a time on each copy of the sources. */
export async function together<T>(
  trees: readonly Tree[],
  jobs: readonly T[],
  run: (tree: Tree, job: T) => Promise<void>,
): Promise<void> {
  const waiting = jobs.values();
  await Promise.all(trees.map(async (tree) => {
    for (const job of waiting) await run(tree, job);
  }));
}

/** Seconds since a time, or since the start. */
export function elapsed(since: number = start): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}
