/**
 * Rows for `MiniStore.replay`.
 *
 * @module
 */

import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  defaultFileSystem,
  type FileHandle,
  type FileSystem,
  MiniStore,
} from "../mod.ts";
import {
  type Bench,
  freshDirectory,
  type Heading,
  measure,
  openPeer,
} from "./bench.ts";
import { repeated, type Side } from "./measure.ts";
import { openSqlite, type SqliteModule } from "./peers/sqlite.ts";
import { current } from "./runtime.ts";
import { type Sample, samples } from "./sample.ts";

/** All rows for replay. */
export async function replayRows(bench: Bench): Promise<void> {
  const count = bench.quick ? 100_000 : 300_000;
  for (const group of [1000, 1]) {
    const directory = await freshDirectory(bench);
    const path = join(directory, "log.jsonl");
    await writeLog(path, count, group);
    const what = `replay, ${group.toLocaleString("en-US")} a group`;
    const ours: Side = (milliseconds) =>
      repeated(
        milliseconds,
        async () => (await MiniStore.replay<Sample>(path)).length,
      );
    await measure(
      bench,
      {
        what,
        peer: "read, split, JSON.parse each line",
        unit: "records/s",
        floor: 0.8,
      },
      ours,
      (milliseconds) => repeated(milliseconds, () => bareReplay(path)),
    );
    const modules: readonly SqliteModule[] = current === "bun"
      ? ["node:sqlite", "bun:sqlite"]
      : ["node:sqlite"];
    for (const module of modules) {
      await sqliteRow(bench, module, what, count, ours);
    }
    await rm(directory, { recursive: true });
  }
}

async function sqliteRow(
  bench: Bench,
  module: SqliteModule,
  what: string,
  count: number,
  ours: Side,
): Promise<void> {
  const heading: Heading = {
    what,
    peer: `${module} select + JSON.parse`,
    unit: "records/s",
    // On Bun a select is as fast as JSON.parse alone, so twice as fast cannot be.
    floor: current === "bun" ? undefined : 2,
  };
  const directory = await freshDirectory(bench);
  const sqlite = await openPeer(
    bench,
    heading,
    () => openSqlite(module, join(directory, "log.sqlite3")),
  );
  if (sqlite !== undefined) {
    sqlite.appendAll(samples(count));
    await measure(
      bench,
      heading,
      ours,
      (milliseconds) => repeated(milliseconds, () => sqlite.replay().length),
    );
    sqlite.close();
  }
  await rm(directory, { recursive: true });
}

/** What a program would do that trusts its file. */
async function bareReplay(path: string): Promise<number> {
  const records: unknown[] = [];
  for (const line of (await readFile(path, "utf8")).split("\n")) {
    if (line !== "" && !line.startsWith("//")) records.push(JSON.parse(line));
  }
  return records.length;
}

/** Writes a log of `count` records with `group` of them behind each other in a commit group. */
export async function writeLog(
  path: string,
  count: number,
  group: number,
): Promise<void> {
  const fileSystem = withoutSync(await defaultFileSystem());
  const store = await MiniStore.open<Sample>(path, { fileSystem });
  if (group === 1) {
    for (const record of samples(count)) store.appendSync(record);
  } else {
    for (let done = 0; done < count; done += group) {
      await store.appendAll(samples(Math.min(group, count - done)));
    }
  }
  await store.close();
}

/**
 * The same file system, which does not wait for the disk: what is only read
 * afterwards need not survive a power cut, and a sync for each of 300,000
 * records would take a minute.
 */
function withoutSync(fileSystem: FileSystem): FileSystem {
  const unsynced = (handle: FileHandle): FileHandle =>
    overlay(handle, {
      dataSync: () => Promise.resolve(),
      dataSyncSync: () => {},
    });
  return overlay(fileSystem, {
    open: async (path, options) =>
      unsynced(await fileSystem.open(path, options)),
  });
}

/** An object with some of its methods replaced. */
function overlay<T extends object>(target: T, methods: Partial<T>): T {
  return new Proxy(target, {
    get(_, key) {
      if (key in methods) return methods[key as keyof T];
      const value = target[key as keyof T];
      // Bound, because private members are not found through a proxy.
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
