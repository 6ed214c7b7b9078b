import { assert, assertEquals, assertRejects } from "@std/assert";
import { DurableError, SnapStore } from "../mod.ts";
import {
  type Errno,
  type OperationKind,
  SimulatedFileSystem,
} from "../src/testing/mod.ts";
import { settleSnapshot } from "../src/snapshot/write.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import { writeFile } from "./support/text.ts";

const DIR = "snap";
const NEW = ["snapshot.json.new", "snapshot.seq.new", "snapshot.meta.json.new"];

/** A store with a snapshot at 1. */
async function begun() {
  const fileSystem = new SimulatedFileSystem();
  const store = new SnapStore<string>(DIR, { fileSystem });
  await store.create("one", 1);
  fileSystem.operations.length = 0;
  return { fileSystem, store };
}

/** The calls of a kind that a create makes, by the names of their files. */
async function callsOf(kind: OperationKind): Promise<string[]> {
  const { fileSystem, store } = await begun();
  await store.create("two", 2);
  return fileSystem.operations.filter((call) => call.kind === kind).map((
    { path },
  ) => path);
}

function visible(fileSystem: SimulatedFileSystem): string[] {
  return [...fileSystem.visible.files.keys()];
}

test("SnapStore.create() finds a sync that fails one call late, for each of its files", async () => {
  const syncs = await callsOf("sync");
  assertEquals(
    syncs,
    NEW.flatMap((name) => [`${DIR}/${name}`, `${DIR}/${name}`]),
  );
  for (let at = 1; at < syncs.length; at += 2) {
    const { fileSystem, store } = await begun();
    fileSystem.inject({ kinds: ["sync"], at, errno: "EIO", sync: "F4" });
    await assertCode(() => store.create("two", 2), "IO");
    assertEquals(await store.restore(), {
      state: "one",
      sequence: 1,
      version: 1,
    });
    assert(!visible(fileSystem).some((path) => path.endsWith(".new")));
    await store.create("three", 3);
    for (const { image } of fileSystem.crashStates()) {
      const disk = new SimulatedFileSystem({ image });
      const after = new SnapStore<string>(DIR, { fileSystem: disk });
      assertEquals((await after.restore()).sequence, 3);
    }
  }
});

test("SnapStore.create() has all its names on the disk when it resolves", async () => {
  const { fileSystem, store } = await begun();
  await store.create("two", 2);
  const shown = visible(fileSystem).sort();
  for (const { image } of fileSystem.crashStates()) {
    assertEquals([...image.files.keys()].sort(), shown);
  }
});

test("SnapStore.create() keeps the snapshot before when a rename is refused, and says that it is to be seen", async () => {
  for (const errno of ["EPERM", "EBUSY", "EIO"] satisfies Errno[]) {
    const { fileSystem, store } = await begun();
    fileSystem.inject({ kinds: ["rename"], errno });
    const error = await assertRejects(
      () => store.create("two", 2),
      DurableError,
    );
    assert(
      error.message.includes("counts is unknown until it is read again"),
      error.message,
    );
    assertEquals(error.sequence, 2);
    assertEquals((await store.restore()).state, "one");
    await store.create("three", 3);
    assertEquals((await store.restore()).state, "three");
  }
});

test("SnapStore.create() removes nothing when it is not known which snapshot counts", async () => {
  const renames = await callsOf("rename");
  for (let at = 1; at <= renames.length; at++) {
    for (const persisted of [false, true]) {
      const { fileSystem, store } = await begun();
      fileSystem.inject({ kinds: ["rename"], at, errno: "EIO", persisted });
      await assertCode(() => store.create("two", 2), "IO");
      assert(!fileSystem.operations.some(({ kind }) => kind === "remove"));
      const wanted = at > 1 || persisted ? 2 : 1;
      assertEquals((await store.restore()).sequence, wanted);
      await store.create("three", 3);
      assertEquals((await store.restore()).state, "three");
    }
  }
});

test("SnapStore.create() says which sync left the outcome unknown, and which did not", async () => {
  const syncs = await callsOf("syncDir");
  const unknown: boolean[] = [];
  for (let at = 1; at <= syncs.length; at++) {
    const { fileSystem, store } = await begun();
    fileSystem.inject({ kinds: ["syncDir"], at, errno: "EIO" });
    const error = await assertCode(() => store.create("two", 2), "IO");
    unknown.push(error.message.includes("; whether the snapshot at 2 counts"));
  }
  assertEquals(unknown, [false, false, false, true, true]);
});

/** Stops the program in front of a call of a create at a number. */
async function cutShort(
  fileSystem: SimulatedFileSystem,
  sequence: number,
  kind: OperationKind,
  path: string,
): Promise<void> {
  const store = new SnapStore<string>(DIR, { fileSystem });
  fileSystem.onOperation = (call) => {
    if (call.kind === kind && call.path === `${DIR}/${path}`) fileSystem.stop();
  };
  await assertRejects(() => store.create("cut", sequence), Error);
  fileSystem.onOperation = () => {};
  fileSystem.restart();
}

/** What an older mini-rs writes. */
async function writeForeign(
  fileSystem: SimulatedFileSystem,
  sequence: number,
): Promise<void> {
  await writeFile(fileSystem, `${DIR}/snapshot.json`, '"foreign"');
  await writeFile(fileSystem, `${DIR}/snapshot.seq`, `${sequence}`);
}

test("SnapStore.restore() takes what mini-rs wrote over a create that was cut behind its commit point, and so does what settles it", async () => {
  const { fileSystem, store } = await begun();
  await cutShort(fileSystem, 2, "rename", "snapshot.json.new");
  assertEquals((await store.restore()).state, "cut");
  await writeForeign(fileSystem, 5);
  const wanted = { state: "foreign", sequence: 5, version: 1 };
  assertEquals(await store.restore(), wanted);
  await settleSnapshot({ fileSystem, dir: DIR, slice: 10 });
  assertEquals(await store.restore(), wanted);
});

test("settleSnapshot() gives no number to a snapshot that it does not belong to", async () => {
  const { fileSystem, store } = await begun();
  await store.create("five", 5);
  await writeForeign(fileSystem, 3);
  await cutShort(fileSystem, 7, "rename", "snapshot.meta.json.new");
  await settleSnapshot({ fileSystem, dir: DIR, slice: 10 });
  assertEquals(await store.restore(), {
    state: "foreign",
    sequence: 3,
    version: 1,
  });
});
