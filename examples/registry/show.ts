// deno-lint-ignore-file no-console
/** What the example prints: steps, a table, files. */

import type { DeepReadonly } from "@mini-ts/durable";
import { readdir, readFile, stat } from "node:fs/promises";
import { type Registry, revisionOf } from "./model.ts";

/** A number of things: `1 record`, `1,200 records`. */
export function count(value: number, what: string): string {
  return `${value.toLocaleString("en")} ${what}${value === 1 ? "" : "s"}`;
}

/** Does a step, and prints in one line what came of it and how long it took. */
export async function step<T>(
  label: string,
  run: () => Promise<T>,
  tell: (result: T) => string,
): Promise<T> {
  const start = performance.now();
  const result = await run();
  const ms = Math.round(performance.now() - start);
  console.log(`${label.padEnd(12)}${tell(result)} (${ms} ms)`);
  return result;
}

/** Prints the largest components. */
export function showLargest(registry: DeepReadonly<Registry>): void {
  console.log("\nThe largest components:");
  const components = Object.values(registry.components)
    .sort((a, b) => b.bytes - a.bytes);
  for (
    const { name, version, license, files, bytes } of components.slice(0, 6)
  ) {
    console.log([
      `${name} ${version}`.padEnd(40),
      license.padEnd(11),
      count(files, "file").padStart(12),
      `${(bytes / 1e6).toFixed(1)} MB`.padStart(10),
      `revision ${revisionOf(registry, name)}`.padStart(16),
    ].join(""));
  }
}

/** Prints the files of a directory with their sizes. */
export async function showFiles(directory: string): Promise<void> {
  console.log(`\nThe files in ${directory}:`);
  for (const name of (await readdir(directory)).sort()) {
    const { size } = await stat(`${directory}/${name}`);
    console.log(`${count(size, "byte").padStart(16)}  ${name}`);
  }
}

/** Prints how a file begins. */
export async function showBeginning(path: string): Promise<void> {
  console.log(`\nThe first lines of ${path}:`);
  const lines = (await readFile(path, "utf8")).trimEnd().split("\n", 6);
  for (const line of lines) {
    console.log(line.length > 100 ? `${line.slice(0, 99)}…` : line);
  }
}
