import { assert, assertEquals, assertRejects } from "@std/assert";
import { type DurableError, SnapStore, StateManager } from "../mod.ts";
import { SimulatedFileSystem } from "../src/testing/mod.ts";
import { Commits } from "../src/state/commits.ts";
import { MANAGER_KEYS, resolvePlan } from "../src/state/options.ts";
import { tableOf } from "../src/state/table.ts";
import { adoptState } from "../src/state/take.ts";
import { Tree } from "../src/state/tree.ts";
import { Upkeep } from "../src/state/upkeep.ts";
import { openForWriting } from "../src/wal/log.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import {
  begun,
  DIR,
  JOURNAL,
  open,
  OPTIONS,
  type Sum,
} from "./support/sums.ts";

function names(fileSystem: SimulatedFileSystem): string[] {
  return [...fileSystem.visible.files.keys()].map((path) =>
    path.slice(DIR.length + 1)
  ).sort();
}

test("StateManager.compact() keeps every record that its snapshot does not hold", async () => {
  const { fileSystem, manager } = await begun();
  const late: Promise<number>[] = [];
  fileSystem.onOperation = ({ kind, to }) => {
    // Mutations that come while the snapshot is written.
    if (kind === "rename" && to === `${DIR}/snapshot.meta.json`) {
      late.push(manager.apply(4), manager.apply(5));
    }
  };
  assertEquals(await manager.compact(), { sequence: 3, removedSegments: 0 });
  assertEquals(await Promise.all(late), [4, 5]);
  await manager.close();
  const again = await open(fileSystem);
  assertEquals(again.snapshot(), { total: 15, all: [1, 2, 3, 4, 5] });
  await again.close();
});

test("StateManager.compact() writes one snapshot after the other, and none with less", async () => {
  const { fileSystem, manager } = await begun();
  const jobs = [manager.createSnapshot(), manager.compact(), manager.compact()];
  const late = manager.apply(4);
  assertEquals(await jobs[0], 3);
  await Promise.all(jobs);
  await late;
  const lines = fileSystem.operations.filter(({ kind, path }) =>
    kind === "create" && path === `${DIR}/snapshot.json.new`
  );
  assertEquals(lines.length, 3);
  const renames = fileSystem.operations.filter(({ kind, path }) =>
    kind === "rename" && path === `${DIR}/snapshot.json.new`
  );
  // Each is in its place before the next begins.
  assert(renames[0].number < lines[1].number);
  assert(renames[1].number < lines[2].number);
  await manager.close();
});

test("StateManager.createSnapshot() that fails is no reason for the next one to", async () => {
  const { fileSystem, manager } = await begun();
  fileSystem.inject({ kinds: ["create"], errno: "ENOSPC" });
  const jobs = [manager.createSnapshot(), manager.createSnapshot()];
  await assertCode(() => jobs[0], "NO_SPACE");
  assertEquals(await jobs[1], 3);
  assertEquals(await manager.apply(4), 4);
  await manager.close();
});

test("StateManager.compact() removes nothing when the disk gives back another snapshot", async () => {
  const { fileSystem, manager } = await begun();
  fileSystem.onOperation = async ({ kind, path }) => {
    if (kind !== "rename" || path !== `${DIR}/snapshot.seq.new`) return;
    fileSystem.onOperation = () => {};
    // Somebody who does not know of the lock.
    const other = new SnapStore<Sum>(DIR, { fileSystem });
    await other.create({ total: 0, all: [] }, 7);
  };
  const error = await manager.compact().catch((error: DurableError) => error);
  assert(error instanceof Error, "it was compacted");
  assert(names(fileSystem).includes("journal.jsonl"));
  assert(
    !fileSystem.operations.some(({ kind, path }) =>
      kind === "remove" && path.startsWith(JOURNAL)
    ),
  );
  await manager.close();
});

test("StateManager.open() reads under the lock, and counts on nothing that can still change", async () => {
  const { fileSystem, manager } = await begun();
  await manager.close();
  fileSystem.operations.length = 0;
  await (await open(fileSystem)).close();
  const calls = fileSystem.operations;
  const lock = calls.findIndex(({ kind }) => kind === "lock");
  const replays = calls.findIndex(({ kind }) => kind === "readDir");
  const snapshot = calls.findIndex(({ path }) => path.includes("snapshot"));
  assert(0 <= lock && lock < replays && lock < snapshot, fileSystem.trace);
});

test("StateManager.open() refuses a log that has changed while it was read", async () => {
  const { fileSystem, manager } = await begun();
  await manager.close();
  const bytes = fileSystem.visible.files.get(JOURNAL) ?? new Uint8Array();
  const text = new TextDecoder().decode(bytes);
  const cut = text.lastIndexOf("// closed ");
  let dirs = 0;
  fileSystem.onOperation = async ({ kind }) => {
    // The log is planned once to be read, and once more to be opened.
    if (kind !== "readDir" || ++dirs !== 5) return;
    fileSystem.onOperation = () => {};
    await using file = await fileSystem.open(JOURNAL, { mode: "write" });
    await file.truncate(text.lastIndexOf("3\n", cut));
  };
  const outcome = await open(fileSystem).catch((error) => error);
  fileSystem.onOperation = () => {};
  assertEquals([outcome.code, dirs], ["CORRUPT", 5], fileSystem.trace);
  assert(outcome.message.includes("read up to record 3"), outcome.message);
});

test("Upkeep lets go of the state that it has kept for a snapshot, also when that fails", async () => {
  const fileSystem = new SimulatedFileSystem();
  const plan = await resolvePlan(DIR, { ...OPTIONS, fileSystem }, MANAGER_KEYS);
  const log = await openForWriting(plan.log, plan.settings);
  const tree = new Tree<Sum>(adoptState(OPTIONS.initial));
  const commits = new Commits(plan, tree, log.writer);
  const upkeep = new Upkeep(plan, tree, commits, log.writer, {
    snapshotBytes: 0,
    tailBytes: 0,
  });
  const kept = new Set<unknown>();
  const capture = tree.capture.bind(tree);
  const release = tree.release.bind(tree);
  tree.capture = () => {
    const captured = capture();
    kept.add(captured);
    return captured;
  };
  tree.release = (captured) => {
    kept.delete(captured);
    release(captured);
  };
  await commits.apply([1]);
  assertEquals(await upkeep.createSnapshot(), 1);
  assertEquals(kept.size, 0);
  fileSystem.inject({ kinds: ["create"], errno: "EIO" });
  await assertCode(() => upkeep.createSnapshot(), "IO");
  assertEquals(kept.size, 0);
  await log.close();
});

test("StateManager keeps the last durable state when the log fails, and takes no more", async () => {
  const { fileSystem, manager } = await begun();
  const view = manager.state;
  fileSystem.inject({ kinds: ["dataSync"], errno: "ENOSPC" });
  const jobs = [manager.apply(4), manager.applyAll([5, 6])];
  const failure = await assertCode(() => jobs[0], "FAILED");
  assertEquals(await assertCode(() => jobs[1], "FAILED"), failure);
  assertEquals(
    await assertCode(() => manager.transact(() => []), "FAILED"),
    failure,
  );
  assertEquals([manager.sequence, view.total], [3, 6]);
  assertEquals(manager.snapshot(), { total: 6, all: [1, 2, 3] });
  assertEquals(await assertCode(() => manager.compact(), "FAILED"), failure);
  await manager.close().catch(() => {});
  assertEquals([manager.sequence, view.total], [3, 6]);
});

test("StateManager.close() lets a snapshot end, and takes nothing more", async () => {
  const { fileSystem, manager } = await begun();
  const snapshot = manager.createSnapshot();
  let isWritten = false;
  snapshot.then(() => isWritten = true);
  const closing = manager.close().then(() => assert(isWritten));
  await assertCode(() => manager.apply(4), "CLOSED");
  await assertCode(() => manager.transact(() => [4]), "CLOSED");
  await assertCode(() => manager.createSnapshot(), "CLOSED");
  await assertCode(() => manager.compact(), "CLOSED");
  assertEquals([await snapshot, await closing], [3, undefined]);
  assertEquals(manager.sequence, 3);
  const again = await open(fileSystem);
  assertEquals([again.sequence, again.recovery.snapshot], [3, 3]);
  assertEquals(again.recovery.log.closed, true);
  await again.close();
});

test("StateManager refuses asynchronous functions, and keeps what they reject with later to itself", async () => {
  const fileSystem = new SimulatedFileSystem();
  const late = (): Promise<never> => Promise.reject(new Error("late"));
  const manager = await StateManager.open(DIR, {
    initial: { total: 0 },
    apply: late as unknown as (state: { total: number }, by: number) => void,
    fileSystem,
  });
  const refused = await assertCode(() => manager.apply(1), "REJECTED");
  assert(refused.cause instanceof TypeError, refused.message);
  await assertRejects(
    () => manager.transact(late as unknown as () => number[]),
    TypeError,
    "asynchronous",
  );
  // An error that nobody has taken would be told by now.
  await new Promise<void>((resolve) => setTimeout(resolve, 0));
  assertEquals(manager.sequence, 0);
  await manager.close();
});

test("StateManager.apply() from within a reducer is refused, and the mutation around it is carried out", async () => {
  const fileSystem = new SimulatedFileSystem();
  const inner: Promise<number>[] = [];
  const manager = await StateManager.open(DIR, {
    initial: { total: 0 },
    apply: (state: { total: number }, by: number): void => {
      state.total += by;
      if (by === 1) inner.push(manager.apply(10));
    },
    fileSystem,
  });
  const outer = manager.apply(1);
  await assertCode(() => inner[0], "REJECTED");
  assertEquals(await outer, 1);
  assertEquals(manager.snapshot(), { total: 1 });
  await manager.close();
});

test("StateManager.state shows nothing early behind a reducer that has read it, and was refused", async () => {
  const fileSystem = new SimulatedFileSystem();
  const manager: StateManager<Sum, number> = await StateManager.open(DIR, {
    initial: OPTIONS.initial,
    apply: (state: Sum, by: number): void => {
      if (by > 0) state.all.push(by);
      else {
        state.total = by;
        assertEquals(manager.state.total, 0);
        throw new RangeError("refused");
      }
    },
    fileSystem,
  });
  await assertCode(() => manager.apply(-1), "REJECTED");
  const pending = manager.apply(1);
  assertEquals(manager.snapshot(), { total: 0, all: [] });
  assertEquals(manager.state.all.length, 0);
  await pending;
  assertEquals(manager.snapshot(), { total: 0, all: [1] });
  await manager.close();
});

test("StateManager.state is a value: what was read stays as it was", async () => {
  const { manager } = await begun();
  const { state } = manager;
  Object.freeze(state.all);
  assertEquals(await manager.apply(4), 4);
  assertEquals([state.all.length, manager.state.all.length], [3, 4]);
  await manager.close();
});

test("Tree.settle() drops what nobody needs any more", () => {
  const members = Array.from({ length: 100 }, (_, n) => [`k${n}`, n]);
  const tree = new Tree<Record<string, number>>(
    adoptState(Object.fromEntries(members)),
  );
  tree.await();
  const slot = tableOf(tree.newestRoot as object)?.table.slot("k7");
  tree.change(1, (state, by: number) => void (state.k7 += by), [1]);
  assertEquals(slot?.older?.value, 7, "the durable state shows it");
  const capture = tree.capture();
  tree.settle(1);
  assertEquals(slot?.older?.value, 7, "a capture needs it");
  tree.release(capture);
  assertEquals([slot?.value, slot?.older], [8, undefined]);
});

test("StateManager.open() that fails says why, also where the log cannot be closed either", async () => {
  const { fileSystem, manager } = await begun();
  await manager.close();
  fileSystem.onOperation = ({ kind, path }) => {
    if (kind !== "stat" || path !== `${DIR}/snapshot.meta.json.new`) return;
    fileSystem.onOperation = () => {};
    const kinds = ["stat", "write"] as const;
    fileSystem.inject({ kinds, errno: "EACCES", lasting: true });
  };
  await assertCode(() => open(fileSystem), "PERMISSION");
});
