// What must hold between SnapStore and the crate `minisnap`, as a table: versions
// up to 0.1.2 write the same two files, 0.1.3 writes one for each sequence number.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { equal, equalFiles } from "./expect.ts";
import { create, restore } from "./managers.ts";
import { RUNTIMES, rustNumbered, rustState, stateOn } from "./programs.ts";
import {
  after,
  byIndex,
  differing,
  initial,
  type Numbered,
  padded,
} from "./state.ts";
import { directory, equalState } from "./state_shapes.ts";
import { DIFFERING, nest } from "./ops.ts";
import { type Checks, forEach } from "./table.ts";

/** Numbers of mutations that leave a small state, a large one, and none. */
const COUNTS = [0, 11, 120];
/** More than tokio writes at once. */
const MEGABYTES = 5_000_000;

/** The checks by name. */
export const SNAPSHOT_CHECKS: Checks = {
  ...forEach(RUNTIMES, (runtime) => ({
    [`${runtime} restores what minisnap 0.1.2 wrote`]: (path) => {
      const dir = dirname(path);
      for (const count of COUNTS) {
        rustState("create", dir, count);
        const before = directory(dir);
        equalState(stateOn(runtime, "restore", dir), after(count));
        equalFiles(directory(dir), before);
      }
    },

    [`${runtime} restores what minisnap 0.1.3 wrote`]: (path) => {
      const dir = dirname(path);
      for (const count of COUNTS) {
        rustNumbered("create", dir, count);
        const before = directory(dir);
        equalState(stateOn(runtime, "restore", dir), after(count));
        equalFiles(directory(dir), before);
      }
    },

    [`minisnap 0.1.2 restores what ${runtime} wrote`]: (path) => {
      const dir = dirname(path);
      for (const count of COUNTS) {
        stateOn(runtime, "create", dir, count);
        equalState(rustState("restore", dir), after(count));
      }
    },

    [`${runtime} takes what minisnap 0.1.2 wrote over its snapshot`]: (
      path,
    ) => {
      const dir = dirname(path);
      for (const count of [20, 60, 100]) {
        stateOn(runtime, "create", dir, count);
        rustState("create", dir, count + 20);
        equalState(stateOn(runtime, "restore", dir), after(count + 20));
      }
    },
  })),

  "the higher number wins among the files of minisnap 0.1.2 and 0.1.3": async (
    path,
  ) => {
    const dir = dirname(path);
    rustState("create", dir, 30);
    rustNumbered("create", dir, 20);
    equalState(await restore(dir), after(30));
    rustNumbered("create", dir, 40);
    equalState(await restore(dir), after(40));
    await create(dir, after(50));
    equalState(await restore(dir), after(50));
    equalState(rustState("restore", dir), after(50));
    rustNumbered("create", dir, 120);
    rustNumbered("create", dir, 60);
    equalState(await restore(dir), after(120));
  },

  "a snapshot is, but for the line end, what minisnap 0.1.2 writes": async (
    path,
  ) => {
    const dir = dirname(path);
    // Without keys that look like whole numbers, which stand in another place.
    for (const [count, bytes] of [[0, 0], [11, 10], [70, 1000]]) {
      rustState("create", dir, count, bytes);
      const text = readFileSync(join(dir, "snapshot.json"), "utf8");
      const sequence = readFileSync(join(dir, "snapshot.seq"), "utf8");
      const { state } = rustState("restore", dir);
      await create(dir, { sequence: count, state });
      equal(readFileSync(join(dir, "snapshot.json"), "utf8"), `${text}\n`);
      const ours = readFileSync(join(dir, "snapshot.seq"), "utf8");
      equal(ours.trim(), sequence, "snapshot.seq");
    }
  },

  "numbers that are written as different text are restored as equal values":
    async (path) => {
      const dir = dirname(path);
      rustState("create", dir, "differing");
      equalState(await restore(dir), differing());
      const ours: Numbered = {
        sequence: 2,
        state: { ...initial(), entries: byIndex(DIFFERING) },
      };
      await create(dir, ours);
      equalState(rustState("restore", dir), ours);
    },

  "minisnap 0.1.2 restores a snapshot of any size, also over a shorter one":
    async (path) => {
      const dir = dirname(path);
      for (const [count, bytes] of [[1, 5], [2, MEGABYTES], [3, 6]]) {
        await create(dir, padded(count, bytes));
        equalState(rustState("restore", dir), padded(count, bytes));
        equalState(await restore(dir), padded(count, bytes));
      }
    },

  "files that minisnap 0.1.2 left half written do not get into a snapshot":
    async (path) => {
      const dir = dirname(path);
      for (const name of ["snapshot.json.tmp", "snapshot.seq.tmp"]) {
        writeFileSync(join(dir, name), "9".repeat(10_000));
      }
      await create(dir, after(11));
      equalState(rustState("restore", dir), after(11));
      equalState(await restore(dir), after(11));
    },

  "a state as deep as Rust reads goes there and back": async (path) => {
    const dir = dirname(path);
    // Three levels for each batch, and three around the first.
    const value = nest(41, { Flag: true });
    const deep = { sequence: 1, state: { ...initial(), entries: { value } } };
    await create(dir, deep);
    equalState(rustState("restore", dir), deep);
  },
};
