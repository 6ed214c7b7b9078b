/**
 * How a script of this folder is started on each runtime.
 *
 * @module
 */

import process from "node:process";
import { fileURLToPath } from "node:url";

/** The runtimes, in the order in which they run. */
export const RUNTIMES = ["node", "deno", "bun"] as const;
/** The name of a runtime. */
export type RuntimeName = typeof RUNTIMES[number];

/** The runtime that this program runs on. */
export const current: RuntimeName = "Deno" in globalThis
  ? "deno"
  : "Bun" in globalThis
  ? "bun"
  : "node";

/** Its name and version. */
export function runtimeVersion(): string {
  return `${current} ${
    (process.versions as Record<string, string | undefined>)[current]
  }`;
}

/** Arguments with which a runtime starts a script of this folder, in which `gc()` is there. */
export function startArguments(runtime: RuntimeName, script: string): string[] {
  const [file, importMap] = [script, "../offline/import_map.json"].map((name) =>
    fileURLToPath(new URL(name, import.meta.url))
  );
  return runtime === "deno"
    ? [
      "run",
      "-A",
      "--unstable-kv",
      "--v8-flags=--expose-gc",
      `--import-map=${importMap}`,
      file,
    ]
    : ["--expose-gc", file];
}
