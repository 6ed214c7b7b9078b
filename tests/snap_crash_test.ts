import { assert, assertEquals, assertRejects } from "@std/assert";
import { DurableError } from "../src/errors.ts";
import type { FileSystem } from "../src/file_system.ts";
import { pathOf, type SnapshotPlace } from "../src/snapshot/meta.ts";
import { SnapStore } from "../src/snapshot/snap_store.ts";
import { checkSnapshot, settleSnapshot } from "../src/snapshot/write.ts";
import {
  CHANGES,
  type CrashTest,
  type Fault,
  SimulatedFileSystem,
  type SyncFailure,
  testCrashes,
} from "../src/testing/mod.ts";
import { test } from "./support/harness.ts";
import { readText, writeFile } from "./support/text.ts";

interface State {
  readonly at: number;
  readonly list: readonly string[];
}

/** The state at a sequence number; no two are of one size. */
function stateAt(at: number): State {
  return { at, list: Array.from({ length: at }, (_, n) => `item ${n}`) };
}

function storeOn(fileSystem: FileSystem): SnapStore<State> {
  return new SnapStore("s", { fileSystem });
}

function placeOn(fileSystem: FileSystem): SnapshotPlace {
  return { fileSystem, dir: "s", slice: 10 };
}

/** The sequence number of what is restored, which must be complete; 0 if nothing is there. */
async function restored(fileSystem: FileSystem): Promise<number> {
  try {
    const { state, sequence } = await storeOn(fileSystem).restore();
    assertEquals(state, stateAt(sequence));
    return sequence;
  } catch (error) {
    if ((error as DurableError).code === "NOT_FOUND") return 0;
    throw error;
  }
}

/** What must be there after a crash: one of two. */
interface Owed {
  readonly least: number;
  readonly most: number;
}

async function checkOwed(
  fileSystem: FileSystem,
  { least, most }: Owed,
): Promise<number> {
  const found = await restored(fileSystem);
  assert(found >= least && found <= most, `${found}, not ${least} to ${most}`);
  return found;
}

/** Creates three snapshots, cuts the power, and goes on. */
function crashTest(
  recover: (fileSystem: FileSystem, found: number) => Promise<void>,
): CrashTest<Owed> {
  return {
    async run(fileSystem, watch) {
      const store = storeOn(fileSystem);
      let owed: Owed = { least: 0, most: 0 };
      watch(() => owed);
      for (const [before, next] of [[0, 1], [1, 2], [2, 4]]) {
        owed = { least: before, most: next };
        await store.create(stateAt(next), next);
        owed = { least: next, most: next };
      }
    },
    async check(fileSystem, owed, watch) {
      const found = await checkOwed(fileSystem, owed);
      // What is seen now is durable as soon as something is written.
      let now: Owed = owed;
      watch(() => now);
      await recover(fileSystem, found);
      now = { least: found, most: 5 };
      await storeOn(fileSystem).create(stateAt(5), 5);
      now = { least: 5, most: 5 };
      assertEquals(await restored(fileSystem), 5);
      assertEquals((await fileSystem.readDir("s")).sort(), [
        "snapshot.json",
        "snapshot.meta.json",
        "snapshot.seq",
      ]);
      await checkSnapshot(placeOn(fileSystem), 5);
    },
    again: { limit: 30 },
    chooseAgain: (fingerprint) => fingerprint % 12 === 0,
  };
}

test("SnapStore.create() leaves the old or the new snapshot, wherever the power is cut, also twice", async () => {
  const { states } = await testCrashes(crashTest(async () => {}));
  assert(states > 1500, `${states} states`);
});

test("settleSnapshot() changes nothing that is restored, wherever the power is cut, also twice", async () => {
  const { states } = await testCrashes(
    crashTest(async (fileSystem, found) => {
      await settleSnapshot(placeOn(fileSystem));
      assertEquals(await restored(fileSystem), found);
      if (found === 0) return;
      // What mini-rs would read.
      assertEquals(await readText(fileSystem, "s/snapshot.seq"), `${found}`);
    }),
  );
  assert(states > 1500, `${states} states`);
});

test("SnapStore.create() behind one that was cut short leaves that one or the new one", async () => {
  for (const at of [2, 3]) {
    await testCrashes<Owed>({
      async run(fileSystem, watch) {
        const store = storeOn(fileSystem);
        await store.create(stateAt(1), 1);
        fileSystem.inject({ kinds: ["rename"], at, errno: "EIO" });
        await assertRejects(() => store.create(stateAt(2), 2), DurableError);
        let owed: Owed = { least: 2, most: 5 };
        watch(() => owed);
        await store.create(stateAt(5), 5);
        owed = { least: 5, most: 5 };
      },
      async check(fileSystem, owed) {
        await checkOwed(fileSystem, owed);
      },
    });
  }
});

test("SnapStore.create() in the place of a mini-rs snapshot leaves one of both", async () => {
  const { states } = await testCrashes<Owed>({
    async run(fileSystem, watch) {
      await fileSystem.mkdir("s");
      await writeFile(
        fileSystem,
        "s/snapshot.json",
        JSON.stringify(stateAt(1)),
      );
      await writeFile(fileSystem, "s/snapshot.seq", "1");
      for (const name of ["json", "seq"]) {
        const path = `s/snapshot.${name}`;
        await using file = await fileSystem.open(path, { mode: "write" });
        await file.sync();
      }
      await fileSystem.syncDir("s");
      watch(() => ({ least: 1, most: 3 }));
      await storeOn(fileSystem).create(stateAt(3), 3);
      watch(() => ({ least: 3, most: 3 }));
    },
    async check(fileSystem, owed) {
      const found = await checkOwed(fileSystem, owed);
      await settleSnapshot(placeOn(fileSystem));
      assertEquals(await restored(fileSystem), found);
    },
    again: {},
  });
  assert(states > 500, `${states} states`);
});

const SYNCS: readonly SyncFailure[] = [
  "F0",
  "F1",
  "F2",
  "F3",
  "F4",
  "F5",
  "F6",
];

/** Every fault at every call that changes something; two snapshots were there. */
function* faults(): Generator<Fault> {
  for (let at = 1; at <= 24; at++) {
    for (const errno of ["EIO", "ENOSPC", "EACCES", "EROFS"] as const) {
      yield { kinds: CHANGES, at, errno, written: at % 3 };
      yield { kinds: CHANGES, at, errno, lasting: true };
      yield { kinds: CHANGES, at, errno, persisted: true };
    }
    for (const sync of SYNCS) {
      yield { kinds: ["sync", "syncDir"], at, errno: "EIO", sync };
    }
  }
}

test("SnapStore.create() keeps the old snapshot or says that the outcome is unknown, whichever call fails", async () => {
  let kept = 0;
  let unknown = 0;
  let created = 0;
  for (const fault of faults()) {
    const fileSystem = new SimulatedFileSystem();
    await storeOn(fileSystem).create(stateAt(1), 1);
    await storeOn(fileSystem).create(stateAt(2), 2);
    fileSystem.inject(fault);
    const label = `${JSON.stringify(fault)}\n`;
    let owed: Owed = { least: 3, most: 3 };
    try {
      await storeOn(fileSystem).create(stateAt(3), 3);
      created++;
    } catch (error) {
      assert(error instanceof DurableError, label + error);
      const open = error.message.includes("whether the snapshot at 3 counts");
      owed = { least: 2, most: open ? 3 : 2 };
      open ? unknown++ : kept++;
    }
    const seen = await checkOwed(fileSystem, owed);
    for (const { image } of fileSystem.crashStates({ limit: 12 })) {
      const after = new SimulatedFileSystem({ image });
      // What F1 and F2 do to a directory is left out: names are journaled.
      await checkOwed(after, owed).catch((error) => {
        throw new Error(`${label}${fileSystem.trace}`, { cause: error });
      });
      await storeOn(after).create(stateAt(5), 5);
      assertEquals(await restored(after), 5);
    }
    const hit = fileSystem.operations.some(({ fault }) => fault);
    if (fileSystem.readOnly || fault.lasting || !hit) continue;
    // And without a crash; the first try may be told of a failure that is late.
    if (fault.sync === "F4") {
      await storeOn(fileSystem).create(stateAt(4), 4).catch(() => {});
    }
    await storeOn(fileSystem).create(stateAt(4), 4);
    assertEquals(await restored(fileSystem), 4, `${label} saw ${seen}`);
  }
  assert(
    kept > 100 && unknown > 20 && created > 20,
    `${kept} ${unknown} ${created}`,
  );
});

test("SnapStore.create() removes what it began when a call fails", async () => {
  const fileSystem = new SimulatedFileSystem();
  await storeOn(fileSystem).create(stateAt(1), 1);
  const names = async () => (await fileSystem.readDir("s")).sort().join();
  const before = await names();
  for (let at = 1; at <= 3; at++) {
    fileSystem.inject({ kinds: ["write"], at, errno: "ENOSPC" });
    const error = await assertRejects(
      () => storeOn(fileSystem).create(stateAt(2), 2),
      DurableError,
    );
    assertEquals(error.code, "NO_SPACE");
    assertEquals(await names(), before);
  }
});

test("SnapStore.create() again at the same number does not trust a file that may not be durable", async () => {
  const fileSystem = new SimulatedFileSystem();
  await storeOn(fileSystem).create(stateAt(1), 1);
  fileSystem.inject({ kinds: ["sync"], errno: "EIO", sync: "F1" });
  fileSystem.inject({ kinds: ["remove"], errno: "EIO", lasting: true });
  await assertRejects(
    () => storeOn(fileSystem).create(stateAt(1), 1),
    DurableError,
  );
  assert((await fileSystem.readDir("s")).includes("snapshot.json.new"));
  const next = fileSystem.clone(1); // another process
  await settleSnapshot(placeOn(next));
  for (const { image } of next.crashStates()) {
    assertEquals(await restored(new SimulatedFileSystem({ image })), 1);
  }
});

test("SnapStore.restore() writes nothing, takes no lock, and needs none", async () => {
  const fileSystem = new SimulatedFileSystem();
  await storeOn(fileSystem).create(stateAt(1), 1);
  const lock = await fileSystem.lock(
    pathOf(placeOn(fileSystem), "snapshot.lock"),
  );
  const from = fileSystem.operations.length;
  await storeOn(fileSystem).restore();
  const kinds = new Set(
    fileSystem.operations.slice(from).map(({ kind }) => kind),
  );
  for (const kind of [...CHANGES, "lock", "open-write"] as const) {
    assert(!kinds.has(kind), kind);
  }
  await lock.release();
});

test("SnapStore.restore() gives one snapshot while others are created, at each step", async () => {
  const fileSystem = new SimulatedFileSystem();
  const store = storeOn(fileSystem);
  await store.create(stateAt(1), 1);
  // One call of the reader, then some of the writer, in many ways.
  for (let rhythm = 1; rhythm < 40; rhythm++) {
    const reader = fileSystem;
    let sequence = (await store.restore()).sequence;
    let calls = 0;
    let writing: Promise<void> | undefined;
    reader.onOperation = () => {
      calls++;
      if (calls === rhythm) {
        const next = sequence + 1;
        writing = store.create(stateAt(next), next);
      }
    };
    const { state, sequence: found } = await store.restore();
    assertEquals(state, stateAt(found));
    assert(found === sequence || found === sequence + 1);
    reader.onOperation = () => {};
    await writing;
    if (writing) sequence++;
    assertEquals((await store.restore()).sequence, sequence);
  }
});

test("SnapStore.restore() finds a file that gets its name between two looks", async () => {
  const fileSystem = new SimulatedFileSystem();
  const store = storeOn(fileSystem);
  await store.create(stateAt(1), 1);
  fileSystem.inject({ kinds: ["rename"], at: 2, errno: "EIO" });
  await assertRejects(() => store.create(stateAt(2), 2), DurableError);
  let renamed: Promise<void> | undefined;
  fileSystem.onOperation = async ({ kind, path }) => {
    if (kind !== "open-read" || path !== "s/snapshot.json.new") return;
    renamed ??= fileSystem.rename(path, "s/snapshot.json");
    await renamed;
  };
  assertEquals(await restored(fileSystem), 2);
  assert(renamed);
});
