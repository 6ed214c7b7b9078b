/**
 * Rows for appends: one writer that awaits each, one that blocks, many at once.
 *
 * @module
 */

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { MiniStore } from "../mod.ts";
import {
  type Bench,
  freshDirectory,
  type Heading,
  measure,
  openPeer,
} from "./bench.ts";
import { blocking, concurrent, type Side } from "./measure.ts";
import type { Appender, AppenderPeer } from "./peers/appender.ts";
import { asyncLoop, mixedLoop, openBlockingLoop } from "./peers/bare.ts";
import { classicLevel } from "./peers/classic_level.ts";
import { denoKv } from "./peers/deno_kv.ts";
import { lmdb, lmdbSeparate } from "./peers/lmdb.ts";
import { miniStore } from "./peers/mini_store.ts";
import { openSqlite, type SqliteModule } from "./peers/sqlite.ts";
import { current } from "./runtime.ts";
import { type Sample, sample } from "./sample.ts";

/** A peer with the ratio to reach. */
type Rival = readonly [peer: AppenderPeer, floor?: number];

/** All rows for appends. */
export async function appendRows(bench: Bench): Promise<void> {
  await appenderRows(bench, "append, one writer", 1, [
    [asyncLoop, 0.9],
    [mixedLoop],
    [classicLevel],
    [lmdb],
    [denoKv],
  ]);
  await syncRows(bench);
  await appenderRows(bench, "append, 64 concurrent", 64, [
    [lmdb, 1.5],
    [lmdbSeparate],
    [classicLevel],
    [denoKv],
  ]);
  await appenderRows(bench, "append, 1,024 concurrent", 1024, [
    [lmdb, 2.5],
    [lmdbSeparate],
    [classicLevel],
    [denoKv],
  ]);
}

async function appenderRows(
  bench: Bench,
  what: string,
  writers: number,
  rivals: readonly Rival[],
): Promise<void> {
  for (const [peer, floor] of rivals) {
    const heading: Heading = {
      what,
      peer: peer.name,
      unit: "records/s",
      floor,
    };
    const directory = await freshDirectory(bench);
    const other = await openPeer(bench, heading, () => peer.open(directory));
    if (other !== undefined) {
      const own = await miniStore.open(directory);
      const [ours, theirs] = [own, other].map((log) => sideOf(log, writers));
      await measure(bench, heading, ours, theirs);
      await own.close();
      await other.close();
    }
    await rm(directory, { recursive: true });
  }
}

function sideOf(log: Appender, writers: number): Side {
  let n = 0;
  return (milliseconds) =>
    concurrent(milliseconds, writers, () => log.append(sample(n++)));
}

async function syncRows(bench: Bench): Promise<void> {
  const sqlite: readonly [SqliteModule, number?][] = current === "bun"
    ? [["bun:sqlite", 1], ["node:sqlite"]]
    : [["node:sqlite", 1.1]];
  for (const [module, floor] of sqlite) {
    await syncRow(
      bench,
      `${module} insert, WAL, FULL`,
      floor,
      (directory) => openSqlite(module, join(directory, "log.sqlite3")),
    );
  }
  await syncRow(
    bench,
    "writeSync + fdatasyncSync",
    undefined,
    (directory) => Promise.resolve(openBlockingLoop(directory)),
  );
}

async function syncRow(
  bench: Bench,
  peer: string,
  floor: number | undefined,
  open: (
    directory: string,
  ) => Promise<{ append(record: Sample): void; close(): void }>,
): Promise<void> {
  const heading: Heading = {
    what: "appendSync, one writer",
    peer,
    unit: "records/s",
    floor,
  };
  const directory = await freshDirectory(bench);
  const other = await openPeer(bench, heading, () => open(directory));
  if (other !== undefined) {
    const store = await MiniStore.open<Sample>(join(directory, "log.jsonl"));
    let n = 0;
    await measure(
      bench,
      heading,
      (milliseconds) =>
        blocking(milliseconds, () => store.appendSync(sample(n++))),
      (milliseconds) => blocking(milliseconds, () => other.append(sample(n++))),
    );
    await store.close();
    other.close();
  }
  await rm(directory, { recursive: true });
}
