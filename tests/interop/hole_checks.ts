// What mini-rs can leave on disk that does not say what is missing or wrong, as a
// table: this library opens the right state or refuses, and never guesses.
import {
  copyFileSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { DurableError, StateManager } from "../../mod.ts";
import { equal, equalFiles } from "./expect.ts";
import { create, manage, restore, RULES } from "./managers.ts";
import { rustState } from "./programs.ts";
import { after, type Numbered } from "./state.ts";
import {
  directory,
  equalOpened,
  equalState,
  refusesDirectory,
  rotate,
} from "./state_shapes.ts";
import type { Checks } from "./table.ts";

/** tokio writes at most this much at once, and minisnap 0.1.2 writes once. */
const ONE_WRITE = 2_097_152;

/** The checks by name. */
export const HOLE_CHECKS: Checks = {
  "a snapshot of minisnap 0.1.2 that its next one tore is not paired wrongly":
    async (path) => {
      const dir = dirname(path);
      rustState("manage", dir, 60, 20);
      tear(dir, 40);
      // Rust carries out mutations 21 to 40 once more.
      equal(isRight(rustState("manage", dir, 0), 60), false, "Rust is right");
      await opensByJournal(dir, 60);
    },

  "a snapshot of ours that one of minisnap 0.1.2 tore is not paired wrongly":
    async (path) => {
      const dir = dirname(path);
      await manage(dir, "v0.1", 60, 20);
      tear(dir, 40);
      equal(isRight(rustState("manage", dir, 0), 60), false, "Rust is right");
      await opensByJournal(dir, 60);
    },

  "a snapshot of ours with the number of another one is refused": async (
    path,
  ) => {
    const dir = dirname(path);
    await create(dir, after(20));
    copyFileSync(join(dir, "snapshot.json"), join(dir, "kept"));
    await create(dir, after(40));
    renameSync(join(dir, "kept"), join(dir, "snapshot.json"));
    const before = directory(dir);
    await refuses(() => restore(dir), "CORRUPT");
    equalFiles(directory(dir), before);
  },

  "stale bytes behind a snapshot of minisnap 0.1.2 are not taken for a state":
    async (path) => {
      const dir = dirname(path);
      rustState("manage", dir, 40);
      stale(dir, "snapshot.json.tmp", "}".repeat(100_000));
      rustState("manage", dir, 0, 40);
      refusesDirectory(dir);
      await opensByJournal(dir, 40);
    },

  "stale digits behind a number of minisnap 0.1.2 are not taken for a sequence":
    async (path) => {
      const dir = dirname(path);
      rustState("manage", dir, 8);
      stale(dir, "snapshot.seq.tmp", "900");
      rustState("manage", dir, 0, 8);
      equal(readFileSync(join(dir, "snapshot.seq"), "utf8"), "800");
      refusesDirectory(dir);
      await refusesToOpen(dir);
    },

  "a snapshot that minisnap 0.1.2 cut at 2 MiB is not taken for a state":
    async (path) => {
      const dir = dirname(path);
      rustState("manage", dir, 40);
      rustState("create", dir, 40, ONE_WRITE);
      const { length } = readFileSync(join(dir, "snapshot.json"));
      equal(length, ONE_WRITE, "the size of what Rust wrote");
      refusesDirectory(dir);
      await opensByJournal(dir, 40);
    },

  // It has no line end, so it is not the file that snapshot.meta.json names, and it
  // cannot be told from one whose number was lost.
  "a snapshot of minisnap 0.1.2 with the number of ours is not believed":
    async (path) => {
      const dir = dirname(path);
      await manage(dir, "v0.1", 60, 60);
      rustState("manage", dir, 0, 60);
      await opensByJournal(dir, 60);
      await manage(dir, "v0.1", 0, 60);
      equalOpened(await manage(dir, "v0.1", 0), 60, 60);
    },

  "segments that mini-rs deleted are missed without a snapshot": async (
    path,
  ) => {
    const dir = dirname(path);
    rotate(dir, 0, 120, 3);
    expectDeleted(dir);
    equal(isRight(rustState("manage", dir, 0), 120), false, "Rust is right");
    await refusesToOpen(dir);
  },

  "segments that mini-rs deleted are missed with a snapshot behind them":
    async (path) => {
      const dir = dirname(path);
      rotate(dir, 0, 60);
      rustState("manage", dir, 0, 60);
      rotate(dir, 60, 120, 3);
      expectDeleted(dir);
      refusesDirectory(dir);
      await refusesToOpen(dir);
    },

  "segments that mini-rs deleted are missed where its snapshot has a number of the rest":
    async (path) => {
      const dir = dirname(path);
      rustState("manage", dir, 2, 2);
      rotate(dir, 2, 120, 3);
      expectDeleted(dir);
      // Rust skips two of the mutations that are left, and opens.
      equal(isRight(rustState("manage", dir, 0), 120), false, "Rust is right");
      await refusesToOpen(dir);
    },

  "a snapshot of ours does not hide segments that mini-rs deleted afterwards":
    async (path) => {
      const dir = dirname(path);
      await manage(dir, "v0.1", 60, 60);
      rotate(dir, 60, 120, 3);
      expectDeleted(dir);
      refusesDirectory(dir);
      await refusesToOpen(dir);
    },

  "a snapshot that is ahead of the journal is refused": async (path) => {
    const dir = dirname(path);
    rustState("manage", dir, 60, 60);
    const lines = readFileSync(path, "utf8").split("\n");
    writeFileSync(path, `${lines.slice(0, 40).join("\n")}\n`);
    refusesDirectory(dir);
    await refusesToOpen(dir);
  },
};

/**
 * Makes a snapshot by Rust at a sequence number that stops between its two
 * renames: the new state has its name, the new number has not.
 */
function tear(dir: string, count: number): void {
  const seq = join(dir, "snapshot.seq");
  const old = readFileSync(seq);
  rustState("create", dir, count);
  renameSync(seq, join(dir, "snapshot.seq.tmp"));
  writeFileSync(seq, old);
}

/** What a snapshot that did not get to its renames leaves for the next one. */
function stale(dir: string, name: string, text: string): void {
  writeFileSync(join(dir, name), text);
}

function expectDeleted(dir: string): void {
  equal(readdirSync(dir).includes("journal.jsonl.000001"), false, "the first");
}

function isRight(actual: Numbered, count: number): boolean {
  try {
    equalState(actual, after(count));
    return true;
  } catch {
    return false;
  }
}

/** Checks that a directory opens at the right state by its journal alone. */
async function opensByJournal(dir: string, count: number): Promise<void> {
  await refuses(() => restore(dir), "CORRUPT");
  const { damage, snapshot, ...opened } = await manage(dir, "v0.1", 0);
  equalState(opened, after(count));
  equal(snapshot, undefined, "the snapshot that was used");
  equal(damage, "CORRUPT", "the damage of the snapshot");
  const report = await StateManager.verify(dir, RULES);
  equal(report.damage?.code, "CORRUPT", "the damage that verify finds");
}

async function refusesToOpen(dir: string): Promise<void> {
  const before = kept(dir);
  for (const format of ["v0.1", "v0.2"] as const) {
    await refuses(() => manage(dir, format, 0));
    equalFiles(kept(dir), before);
  }
}

async function refuses(
  run: () => Promise<unknown>,
  code?: DurableError["code"],
): Promise<void> {
  const refusal = await run().then(() => undefined, (error) => error);
  expectRefusal(refusal);
  if (code !== undefined) equal(refusal.code, code, "the code");
}

function expectRefusal(refusal: unknown): void {
  if (refusal instanceof DurableError) return;
  throw new Error(`not refused: ${refusal}`, { cause: refusal });
}

/** The files of a directory but for those of locks. */
function kept(dir: string): Map<string, Uint8Array> {
  const isLock = (name: string) => name.endsWith(".lock");
  const files = [...directory(dir)].filter(([name]) => !isLock(name));
  return new Map(files);
}
