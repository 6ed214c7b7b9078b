/** What the arguments of `npm test` ask for. */

import { statSync } from "node:fs";

/** The runtimes that tests run on, in the order in which they do. */
export const RUNTIMES = ["deno", "bun", "node"] as const;
/** One of them. */
export type Runtime = (typeof RUNTIMES)[number];

/** What is run. */
export interface Options {
  readonly runtimes: readonly Runtime[];
  /** What the names of tests must contain; `undefined` for all tests. */
  readonly filter: string | undefined;
  /** None for all. */
  readonly files: readonly string[];
}

const KNOWN = [
  ...RUNTIMES.map((runtime) => `--runtime=${runtime}`),
  "--filter=TEXT",
].join(", ");

/**
 * Reads the arguments.
 *
 * @throws {TypeError} If one of them cannot be used.
 */
export function parseOptions(args: readonly string[]): Options {
  const runtimes = new Set<Runtime>();
  const files = new Set<string>();
  let filter: string | undefined;
  for (const arg of args) {
    const runtime = RUNTIMES.find((name) => arg === `--runtime=${name}`);
    const [, text] = /^--filter=(.+)$/s.exec(arg) ?? [];
    if (runtime !== undefined) runtimes.add(runtime);
    else if (text !== undefined) {
      if (filter !== undefined) {
        throw new TypeError(`Cannot use "${arg}": --filter is there twice`);
      }
      filter = text;
    } else if (arg.startsWith("-")) {
      throw new TypeError(`Unknown option "${arg}": use ${KNOWN}`);
    } else {
      checkFile(arg);
      files.add(arg);
    }
  }
  return {
    runtimes: RUNTIMES.filter((name) =>
      runtimes.size === 0 || runtimes.has(name)
    ),
    filter,
    files: [...files],
  };
}

function checkFile(path: string): void {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) throw new TypeError(`There is no test file "${path}"`);
  if (stat.isDirectory()) {
    throw new TypeError(`"${path}" is a directory, not a test file`);
  }
}
