/**
 * What the modules with the rows share.
 *
 * @module
 */

import { mkdir, mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { compare, type Effort, type Side } from "./measure.ts";
import type { Row } from "./row.ts";

/** A run of the benchmarks on one runtime. */
export interface Bench {
  /** Where files go; a fresh directory. */
  readonly directory: string;
  /** How long and how often is measured. */
  readonly effort: Effort;
  /** Whether fewer records will do. */
  readonly quick: boolean;
  /** Takes a line of the result. */
  report(row: Row): void;
}

/** Which row a comparison becomes. */
export type Heading = Omit<Row, "figures">;

/** Measures two sides and reports the row. */
export async function measure(
  bench: Bench,
  heading: Heading,
  ours: Side,
  theirs: Side,
): Promise<void> {
  const figures = await compare(ours, theirs, bench.effort);
  bench.report({ ...heading, figures });
}

/** Opens a peer, or reports a row that says why it does not run here. */
export async function openPeer<T>(
  bench: Bench,
  heading: Heading,
  open: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await open();
  } catch (error) {
    const note = error instanceof Error ? error.message : String(error);
    bench.report({ ...heading, note: note.split("\n")[0] });
    return undefined;
  }
}

/** An empty directory for one comparison. */
export async function freshDirectory({ directory }: Bench): Promise<string> {
  await mkdir(directory, { recursive: true });
  return mkdtemp(join(directory, "row-"));
}
