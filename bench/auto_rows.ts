/**
 * Rows for what automatic snapshots cost, and what they are good for: the same
 * mutations with them and without, each run a process of its own.
 *
 * @module
 */

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type Bench, freshDirectory } from "./bench.ts";
import { compareRates, ROUNDS, runJob } from "./jobs.ts";
import { comparison, median } from "./measure.ts";
import type { Watched } from "./watch.ts";

/** How many entries the state has. */
const ENTRIES = 10_000;

/** All rows for automatic snapshots. */
export async function autoRows(bench: Bench): Promise<void> {
  const directory = await freshDirectory(bench);
  const count = bench.quick ? 200_000 : 1_000_000;
  const changes = `${count.toLocaleString("en-US")} changes of ${
    ENTRIES.toLocaleString("en-US")
  } entries`;
  for (const writers of [64, 1024]) {
    const sides: { rewrite: Watched[]; open: Watched[]; snapshots: number }[] =
      [1, 0].map(() => ({ rewrite: [], open: [], snapshots: 0 }));
    for (let round = 0; round < ROUNDS; round++) {
      for (const [n, side] of sides.entries()) {
        const path = join(directory, `${writers}-${n}-${round}`);
        const amounts = [count, writers, n] as const;
        const { rewrite, snapshots } = await runJob(
          "rewrite",
          path,
          ...amounts,
        );
        side.rewrite.push(rewrite);
        side.snapshots = snapshots;
        side.open.push((await runJob("open", path)).open);
        await rm(path, { recursive: true });
      }
    }
    const [on, off] = sides;
    const what = `apply, ${writers.toLocaleString("en-US")} concurrent`;
    bench.report({
      what: `${what}: ${changes}`,
      peer: "without automatic snapshots",
      unit: "records/s",
      figures: compareRates(count, on.rewrite, off.rewrite),
      note: `${on.snapshots} snapshots`,
    });
    const [a, b] = [on, off].map(({ rewrite }) =>
      rewrite.map(({ stall }) => stall)
    );
    bench.report({
      what: `${what}, longest stall`,
      peer: "without automatic snapshots",
      unit: "ms",
      figures: comparison(a, b),
      note: `each: ${a.map((stall) => stall.toFixed(1)).join(", ")}`,
    });
    if (writers > 64) continue;
    const [ours, theirs] = [on, off].map(({ open }) =>
      median(open.map(({ seconds }) => seconds)).toFixed(3)
    );
    bench.report({
      what: `open after ${changes}`,
      peer: "without automatic snapshots",
      unit: "opens/s",
      figures: compareRates(1, on.open, off.open),
      note: `${ours} s; without ${theirs} s`,
    });
  }
  await rm(directory, { recursive: true });
}
