// deno-lint-ignore-file no-console
/**
 * One measurement of a large state, which is printed as JSON.
 *
 * ```text
 * state_child.ts JOB DIRECTORY COUNT…
 * ```
 *
 * @module
 */

import { watch } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { StateManager } from "../mod.ts";
import {
  batches,
  type Entries,
  entriesOptions,
  type Entry,
  type Put,
  rewrites,
} from "./entries.ts";
import { concurrentWhile } from "./measure.ts";
import { type Watched, watched } from "./watch.ts";

/** What each job gives, by its name. */
export type Jobs = typeof JOBS;

const WRITERS = 64;
/** Keys that are written to while a snapshot is made. */
const WRITTEN = 10_000;

const JOBS = {
  /** Opens a state: the snapshot, if there is one, and the records behind it. */
  async open(directory: string): Promise<{ open: Watched }> {
    let manager: StateManager<Entries, Put> | undefined;
    const opened = await watched(async () => {
      manager = await StateManager.open(directory, entriesOptions);
      return manager.sequence;
    });
    await manager?.close();
    return { open: opened };
  },

  /** Reads the file of the snapshot, decodes it and parses it, and nothing else. */
  async parse(directory: string): Promise<{ parse: Watched }> {
    let state: Entries | undefined;
    const parse = await watched(async () => {
      const text = await readFile(join(directory, "snapshot.json"), "utf8");
      state = JSON.parse(text) as Entries;
      return 1;
    });
    // The state is used behind the measurement, so that it is not freed within.
    if (!state?.entries) throw new Error("There are no entries");
    return { parse };
  },

  /** What a program would do that trusts its log: each line into a plain object. */
  async fold(directory: string): Promise<{ fold: Watched }> {
    const entries: Record<string, Entry> = {};
    const fold = await watched(async () => {
      const text = await readFile(join(directory, "journal.jsonl"), "utf8");
      let count = 0;
      for (const line of text.split("\n")) {
        if (line === "" || line.startsWith("//")) continue;
        const { put: { key, n, text } }: Put = JSON.parse(line);
        entries[key] = { n, text };
        count++;
      }
      return count;
    });
    return { fold };
  },

  /** Writes a snapshot while nothing else happens, behind a second of nothing at all. */
  async snapshot(
    directory: string,
    count: number,
  ): Promise<{ idle: Watched; snapshot: Watched }> {
    const manager = await StateManager.open(directory, entriesOptions);
    const idle = await watched(async () => {
      await new Promise((resolve) => setTimeout(resolve, 1000));
      return 0;
    });
    const snapshot = await watched(async () => {
      await manager.createSnapshot();
      return count;
    });
    await manager.close();
    return { idle, snapshot };
  },

  /** Turns a plain object into the same text at once, writes and syncs it. */
  async stringify(
    directory: string,
    count: number,
  ): Promise<{ stringify: Watched }> {
    const text = await readFile(join(directory, "snapshot.json"), "utf8");
    const state = JSON.parse(text);
    const stringify = await watched(async () => {
      const handle = await open(join(directory, "plain.json"), "w");
      await handle.writeFile(`${JSON.stringify(state, null, 2)}\n`);
      await handle.sync();
      await handle.close();
      return count;
    });
    return { stringify };
  },

  /** Applies mutations, and then goes on with that while a snapshot is written. */
  async busy(
    directory: string,
    _count: number,
    milliseconds: number,
  ): Promise<{ alone: Watched; busy: Watched; snapshot: number }> {
    const manager = await StateManager.open(directory, {
      ...entriesOptions,
      snapshotAfter: Infinity,
    });
    const changes = rewrites(WRITTEN);
    let n = 0;
    const step = () => manager.apply(changes[n++ % changes.length]);
    const applyWhile = (goesOn: () => boolean) =>
      concurrentWhile(goesOn, WRITERS, step);
    const alone = await watched(() => {
      const end = performance.now() + milliseconds;
      return applyWhile(() => performance.now() < end);
    });
    let snapshot = 0;
    const busy = await watched(async () => {
      let running = true;
      const start = performance.now();
      const writing = applyWhile(() => running);
      await manager.createSnapshot();
      snapshot = (performance.now() - start) / 1000;
      running = false;
      return writing;
    });
    await manager.close();
    return { alone, busy, snapshot };
  },

  /** Compacts a state. */
  async compact(
    directory: string,
    count: number,
  ): Promise<{ compact: Watched }> {
    const manager = await StateManager.open(directory, entriesOptions);
    const compact = await watched(async () => {
      await manager.compact();
      return count;
    });
    await manager.close();
    return { compact };
  },

  /** Changes 10,000 entries again and again; with 1 for the last argument, without automatic snapshots. */
  async rewrite(
    directory: string,
    count: number,
    writers: number,
    isOff: number,
  ): Promise<{ rewrite: Watched; snapshots: number }> {
    const manager = await StateManager.open(directory, {
      ...entriesOptions,
      snapshotAfter: isOff === 1 ? Infinity : undefined,
    });
    const changes = rewrites(WRITTEN);
    let n = 0;
    let snapshots = 0;
    const watcher = watch(directory, (event, name) => {
      if (event === "rename" && name === "snapshot.seq") snapshots++;
    });
    const rewrite = await watched(async () => {
      const loop = async () => {
        while (n < count) await manager.apply(changes[n++ % changes.length]);
      };
      await Promise.all(Array.from({ length: writers }, loop));
      return count;
    });
    watcher.close();
    if (manager.snapshotError) throw manager.snapshotError;
    await manager.close();
    return { rewrite, snapshots };
  },

  /** Makes a state of so many entries, a mutation for each, without a snapshot. */
  async make(directory: string, count: number): Promise<{ make: Watched }> {
    const manager = await StateManager.open(directory, {
      ...entriesOptions,
      snapshotAfter: Infinity,
      // One segment, which the bare loop can read as one file.
      maxSegmentBytes: Infinity,
    });
    const make = await watched(async () => {
      for (const batch of batches(count)) await manager.applyAll(batch);
      return count;
    });
    await manager.close();
    return { make };
  },

  /** Writes a snapshot, and so many mutations behind it. */
  async grow(directory: string, count: number): Promise<{ grow: Watched }> {
    const manager = await StateManager.open(directory, {
      ...entriesOptions,
      snapshotAfter: Infinity,
    });
    const grow = await watched(async () => {
      await manager.createSnapshot();
      for (const batch of batches(count)) await manager.applyAll(batch);
      return count;
    });
    await manager.close();
    return { grow };
  },
};

const [job, directory, ...numbers] = process.argv.slice(2);
const run = JOBS[job as keyof Jobs];
if (run === undefined || directory === undefined) {
  throw new TypeError(`Cannot measure "${job}": it is not a job`);
}
const [first, second, third] = numbers.map(Number);
const report = await run(directory, first, second, third);
console.log(JSON.stringify(report));
