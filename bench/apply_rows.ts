/**
 * Rows for `StateManager.apply`: one writer that awaits each, and many at once.
 *
 * @module
 */

import { rm } from "node:fs/promises";
import {
  type Bench,
  freshDirectory,
  type Heading,
  measure,
  openPeer,
} from "./bench.ts";
import { type Put, puts, rewrites } from "./entries.ts";
import { concurrent, type Side } from "./measure.ts";
import type { Taker, TakerPeer } from "./peers/keyed.ts";
import { lmdbKeyed } from "./peers/lmdb_keyed.ts";
import type { SqliteModule } from "./peers/sqlite.ts";
import { sqliteKeyed } from "./peers/sqlite_keyed.ts";
import { bareAppend, stateManager } from "./peers/state_manager.ts";
import { current } from "./runtime.ts";

/** How many entries the state has. */
export const ENTRIES = 10_000;

/** Where SQLite comes from on this runtime. */
export const SQLITE_MODULES: readonly SqliteModule[] = current === "bun"
  ? ["bun:sqlite", "node:sqlite"]
  : ["node:sqlite"];

/** All rows for mutations. */
export async function applyRows(bench: Bench): Promise<void> {
  const entries = [...puts(ENTRIES)];
  // Made beforehand, so that making them is not measured.
  const changes = rewrites(ENTRIES);
  const rivals: readonly TakerPeer[] = [
    bareAppend,
    ...SQLITE_MODULES.map(sqliteKeyed),
    lmdbKeyed,
  ];
  for (const writers of [1, 64, 1024]) {
    for (const peer of rivals) {
      const heading: Heading = {
        what: writers === 1
          ? "apply, one writer"
          : `apply, ${writers.toLocaleString("en-US")} concurrent`,
        peer: peer.writes,
        unit: "records/s",
        floor: peer === bareAppend && writers > 1 ? 0.8 : undefined,
      };
      const directory = await freshDirectory(bench);
      const other = await openPeer(
        bench,
        heading,
        () => peer.open(directory, entries),
      );
      if (other !== undefined) {
        const own = await stateManager.open(directory, entries);
        const [ours, theirs] = [own, other].map((taker) =>
          sideOf(taker, writers, changes)
        );
        await measure(bench, heading, ours, theirs);
        await own.close();
        await other.close();
      }
      await rm(directory, { recursive: true });
    }
  }
}

function sideOf(
  taker: Taker,
  writers: number,
  changes: readonly Put[],
): Side {
  let n = 0;
  return (milliseconds) =>
    concurrent(
      milliseconds,
      writers,
      () => taker.put(changes[n++ % changes.length]),
    );
}
