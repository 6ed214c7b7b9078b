/**
 * What is refused although no call fails: a second writer, mutations and states
 * that cannot be written, and a snapshot that the disk does not give back.
 */

import { SnapStore, StateManager } from "../../mod.ts";
import { SimulatedFileSystem } from "../../src/testing/mod.ts";
import { type Cells, expect } from "./cells.ts";
import { recoverState, segments } from "./check_state.ts";
import { codeOf } from "./injections.ts";
import { DIR, LEDGER, StateOracle } from "./ledger.ts";
import {
  managerOf,
  newStateRun,
  openState,
  STATE_STEPS,
  type StateRun,
} from "./state_steps.ts";

const { a, b, s, m } = STATE_STEPS;

/** A state that is open, with a mutation and a snapshot. */
async function opened(): Promise<StateRun> {
  const run = newStateRun(new SimulatedFileSystem(), new StateOracle({}));
  await openState(run);
  await a.act(run);
  await s.act(run);
  return run;
}

/** A second writer of the state, or of a snapshot, is refused, and the first one writes on. */
export async function openStateTwice(cells: Cells): Promise<void> {
  await cells.attempt("load", "a second writer", async () => {
    const run = await opened();
    const { fileSystem, oracle } = run;
    const before = text(fileSystem);
    const options = { ...LEDGER, fileSystem };
    const second = await StateManager.open(DIR, options).catch(codeOf);
    expect(second === "LOCKED", `the second open: ${second}`);
    expect(text(fileSystem) === before, "the second open changes files");
    cells.during("load", "L");
    await b.act(run);
    await managerOf(run).close();
    cells.after("load", await recoverState(fileSystem, oracle.owed));
  });
  await cells.attempt("snapshot", "a second writer", async () => {
    const fileSystem = new SimulatedFileSystem();
    const [one, other] = [0, 1].map(() =>
      new SnapStore<number>("snap", { fileSystem })
    );
    const first = one.create(1, 1);
    const second = await other.create(2, 2).catch(codeOf);
    expect(second === "LOCKED", `the second create: ${second}`);
    cells.during("snapshot", "L");
    await first;
    const { state } = await other.restore();
    expect(state === 1, `S1: ${state} was restored`);
    cells.after("snapshot", "O");
  });
}

const circular: unknown[] = [];
circular.push(circular);
const REFUSED: readonly (readonly [string, unknown])[] = [
  ["undefined", undefined],
  ["NaN", { deep: [NaN] }],
  ["a bigint", 1n],
  ["a function", () => {}],
  ["a Map", new Map()],
  ["a circular array", circular],
];

/** What cannot be written is refused before any byte, and what was there stays. */
export async function writeUnwritable(cells: Cells): Promise<void> {
  for (const [what, value] of REFUSED) {
    await cells.attempt("state", what, async () => {
      const run = await opened();
      const { fileSystem, oracle } = run;
      const manager = managerOf(run) as StateManager<unknown, unknown>;
      const calls = fileSystem.operations.length;
      const refused = [
        () => manager.apply(value),
        () => manager.applyAll(["fine", value]),
        () => manager.transact(() => ["fine", value]),
      ];
      for (const call of refused) {
        const error = await call().catch((error: unknown) => error);
        const isMisuse = error instanceof TypeError ||
          error instanceof RangeError;
        expect(isMisuse, `it was not refused: ${error}`);
      }
      expect(fileSystem.operations.length === calls, "a file was touched");
      cells.during("state", "E");
      await b.act(run);
      cells.after(
        "state",
        await recoverState(fileSystem.clone(), oracle.owed),
      );
    });
    await cells.attempt("snapshot", what, async () => {
      const fileSystem = new SimulatedFileSystem();
      const store = new SnapStore<unknown>("snap", { fileSystem });
      await store.create("before", 1);
      const error = await store.create(value, 2).catch((error) => error);
      expect(error instanceof TypeError, `it was not refused: ${error}`);
      cells.during("snapshot", "E");
      const { state } = await store.restore();
      expect(state === "before", `S1: ${state} was restored`);
      cells.after("snapshot", "O");
    });
  }
}

/** S3: a snapshot that the disk does not give back as it was written covers nothing. */
export async function compactOnBadDisk(cells: Cells): Promise<void> {
  for (let at = 0; at < 100; at += 9) {
    await cells.attempt("compact", `byte ${at}`, async () => {
      const run = await opened();
      await b.act(run);
      const { fileSystem, oracle } = run;
      const { all } = segments(fileSystem);
      fileSystem.onOperation = ({ kind, to }) => {
        if (kind !== "rename" || to !== `${DIR}/snapshot.meta.json`) return;
        fileSystem.onOperation = () => {};
        return flip(fileSystem, `${DIR}/snapshot.json.new`, at);
      };
      const error = await m.act(run).catch((error) => error);
      expect(codeOf(error) === "CORRUPT", `it was compacted: ${error}`);
      expect(String(segments(fileSystem).all) === String(all), "S3: removed");
      cells.during("compact", "K");
      await a.act(run);
      await managerOf(run).close();
      const again = await StateManager.open(DIR, { ...LEDGER, fileSystem });
      const same = again.sequence === oracle.acknowledged;
      expect(same, `S5: opened at ${again.sequence}`);
      const { damage } = again.recovery;
      await again.close();
      cells.after("compact", damage ? "F" : "O");
    });
  }
}

/** Changes a bit on the disk. */
async function flip(
  fileSystem: SimulatedFileSystem,
  path: string,
  at: number,
): Promise<void> {
  await using file = await fileSystem.open(path, { mode: "write" });
  const byte = new Uint8Array(1);
  await file.read(byte, at);
  byte[0] ^= 4;
  await file.write(byte, at);
  await file.sync();
}

function text({ visible }: SimulatedFileSystem): string {
  return [...visible.files].map(([path, bytes]) => `${path} ${bytes}`).join();
}
