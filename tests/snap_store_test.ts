import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { MemoryFileSystem } from "../src/adapters/memory.ts";
import { DurableError } from "../src/errors.ts";
import type { FileSystem } from "../src/file_system.ts";
import { defaultFileSystem } from "../src/runtime.ts";
import type { SnapshotPlace } from "../src/snapshot/meta.ts";
import {
  SnapStore,
  type SnapStoreOptions,
} from "../src/snapshot/snap_store.ts";
import { writeSnapshot } from "../src/snapshot/write.ts";
import { SimulatedFileSystem } from "../src/testing/mod.ts";
import { test, withDirectory } from "./support/harness.ts";
import { readText, writeFile } from "./support/text.ts";

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => promise, DurableError)).code;
}

function placeOn(fileSystem: FileSystem): SnapshotPlace {
  return { fileSystem, dir: "s", slice: 10 };
}

test("SnapStore keeps the last state with its number, on the disk of this runtime", async () => {
  await withDirectory(async (directory) => {
    const dir = `${directory}/deep/state`;
    const store = new SnapStore<{ n: number }>(dir);
    assertEquals(store.dir, dir);
    assertEquals(await store.exists(), false);
    assertEquals(await codeOf(store.restore()), "NOT_FOUND");
    await store.create({ n: 1 }, 0);
    await store.create({ n: 2 }, 10);
    await store.create({ n: 3 }, 10);
    assertEquals(await store.exists(), true);
    const other = new SnapStore<{ n: number }>(dir);
    assertEquals(await other.restore(), {
      state: { n: 3 },
      sequence: 10,
      version: 1,
    });
    const fileSystem = await defaultFileSystem();
    assertEquals(
      await readText(fileSystem, `${dir}/snapshot.json`),
      '{\n  "n": 3\n}\n',
    );
    assertEquals(await readText(fileSystem, `${dir}/snapshot.seq`), "10");
    assertEquals((await fileSystem.readDir(dir)).sort(), [
      "snapshot.json",
      "snapshot.lock",
      "snapshot.meta.json",
      "snapshot.seq",
    ]);
  });
});

test("SnapStore.create() gives back each kind of state", async () => {
  const fileSystem = new MemoryFileSystem();
  const store = new SnapStore("s", { fileSystem });
  const states = [
    null,
    "text",
    [],
    {},
    JSON.parse('{"__proto__":[1],"2":1,"1":"\\ud800"}'),
    { '"': 1, "\\": [{ "\n": 2, "\\": 3, '"': 4 }] },
    Array.from({ length: 100_000 }, (_, n) => ({ n, text: `item ${n}\n` })),
  ];
  for (const [n, state] of states.entries()) {
    await store.create(state, n);
    const { state: found } = await store.restore();
    assert(JSON.stringify(found) === JSON.stringify(state), `state ${n}`);
  }
});

test("SnapStore.create() refuses what JSON would change, and keeps the snapshot", async () => {
  const fileSystem = new MemoryFileSystem();
  const store = new SnapStore<unknown>("s", { fileSystem });
  await store.create("first", 1);
  const long = Array.from({ length: 100_000 }, (_, n) => `item ${n}`);
  for (
    const state of [undefined, NaN, { at: new Date(0) }, [...long, () => 1]]
  ) {
    await assertRejects(() => store.create(state, 2), TypeError);
  }
  assertEquals((await store.restore()).state, "first");
  assert(!(await fileSystem.readDir("s")).some((name) => name.endsWith("new")));
});

test("SnapStore.create() evens out what strictJson evens out, and reads getters once", async () => {
  const fileSystem = new MemoryFileSystem();
  const store = new SnapStore<unknown>("s", { fileSystem });
  let reads = 0;
  const counted = () => ({
    get n() {
      return ++reads;
    },
  });
  const state = {
    zero: -0,
    none: undefined,
    proxy: new Proxy({ a: 1 }, { get: () => 2 }),
    list: Array.from({ length: 1000 }, counted),
    ...counted(),
  };
  reads = 0;
  await store.create(state, 1);
  const { state: found } = await store.restore();
  assertEquals(reads, 1000);
  assertEquals(found, {
    zero: 0,
    proxy: { a: 2 },
    list: Array.from({ length: 1000 }, (_, index) => ({ n: index + 1 })),
    n: 1,
  });
  for (
    const refused of [
      Object.defineProperty({}, "x", { value: 1 }),
      { [Symbol("s")]: 1 },
      Object.assign([1], { toJSON: () => 1 }),
      [1, , 3],
      { a: new Map() },
      { a: 1n },
    ]
  ) await assertRejects(() => store.create(refused, 2), TypeError);
  assertEquals((await store.restore()).sequence, 1);
});

test("SnapStore.create() reads a small state before it returns", async () => {
  const store = new SnapStore("s", { fileSystem: new MemoryFileSystem() });
  const state = { list: Array.from({ length: 1000 }, (_, n) => n) };
  const created = store.create(state, 1);
  state.list.length = 0;
  await created;
  const { state: found } = await store.restore();
  assertEquals((found as typeof state).list.length, 1000);
});

test("SnapStore.create() runs in the order of the calls, and a failure stops none", async () => {
  const store = new SnapStore("s", { fileSystem: new MemoryFileSystem() });
  const results = await Promise.allSettled([
    store.create("one", 1),
    store.create("five", 5),
    store.create("three", 3),
    store.create("six", 6),
  ]);
  assertEquals(results.map(({ status }) => status), [
    "fulfilled",
    "fulfilled",
    "rejected",
    "fulfilled",
  ]);
  assertEquals((await store.restore()).state, "six");
});

test("SnapStore.create() is refused while somebody else creates one", async () => {
  const fileSystem = new MemoryFileSystem();
  await fileSystem.mkdir("s");
  const store = new SnapStore("s", { fileSystem });
  const lock = await fileSystem.lock("s/snapshot.lock");
  assertEquals(await codeOf(store.create(1, 1)), "LOCKED");
  // The state manager holds the lock of its log instead.
  const mine = { pieces: ["2"], sequence: 1, version: 1, lock: false };
  await writeSnapshot(placeOn(fileSystem), mine);
  await lock.release();
  await store.create(3, 1);
  assertEquals((await store.restore()).state, 3);
});

test("SnapStore.create() refuses numbers that are no sequence numbers", async () => {
  const store = new SnapStore("s", { fileSystem: new MemoryFileSystem() });
  for (const sequence of [-1, 0.5, NaN, Infinity, 2 ** 53]) {
    const error = await assertRejects(
      () => store.create(1, sequence),
      RangeError,
    );
    assertEquals(
      error.message,
      `Cannot use ${sequence} as the sequence number: it is not a whole number from 0`,
    );
  }
});

test("SnapStore.restore() tells the version, and refuses one above its own", async () => {
  const fileSystem = new MemoryFileSystem();
  const second = new SnapStore("s", { fileSystem, version: 2 });
  await second.create({ a: 1 }, 4);
  assertEquals((await second.restore()).version, 2);
  const third = new SnapStore("s", { fileSystem, version: 3 });
  assertEquals((await third.restore()).version, 2);
  const first = new SnapStore("s", { fileSystem });
  const error = await assertRejects(() => first.restore(), DurableError);
  assertEquals(error.code, "UNSUPPORTED_VERSION");
  assertEquals(
    error.message,
    'Cannot restore the snapshot in "s": its version is 2, and this program reads versions up to 1; use a newer program',
  );
});

test("SnapStore.restore() is BUSY if the snapshot changes all the time", async () => {
  const fileSystem = new SimulatedFileSystem();
  const store = new SnapStore("s", { fileSystem });
  const other = new SnapStore("s", { fileSystem });
  await store.create(0, 0);
  let sequence = 0;
  let writing = Promise.resolve();
  let inside = false;
  fileSystem.onOperation = async ({ kind, path }) => {
    if (inside || kind !== "open-read" || path !== "s/snapshot.json") return;
    inside = true;
    sequence++;
    writing = other.create(sequence, sequence);
    await writing;
    inside = false;
  };
  assertEquals(await codeOf(store.restore()), "BUSY");
});

test("SnapStore.exists() tells of what mini-rs wrote too", async () => {
  for (
    const [names, expected] of [
      [["snapshot.json"], false],
      [["snapshot.json", "snapshot.seq"], true],
      [["snapshot_00000000000000000001.json"], true],
      [["snapshot.meta.json"], true],
      [["snapshot.json.new", "other.json"], false],
    ] as const
  ) {
    const fileSystem = new MemoryFileSystem();
    await fileSystem.mkdir("s");
    for (const name of names) await writeFile(fileSystem, `s/${name}`, "1");
    const store = new SnapStore("s", { fileSystem });
    assertEquals(await store.exists(), expected, names.join());
  }
});

test("SnapStore refuses directories and options that are none", () => {
  for (const dir of ["", "a\0b", 5 as unknown as string]) {
    assertThrows(() => new SnapStore(dir), TypeError);
  }
  const refused = (options: unknown) =>
    assertThrows(
      () => new SnapStore("s", options as SnapStoreOptions),
      Error,
    ).message;
  assertEquals(
    refused({ versoin: 1 }),
    "Cannot use the option versoin: it is not one of fileSystem, version, slice",
  );
  assertEquals(
    refused({ version: 0 }),
    "Cannot use 0 as the option version: it is not a whole number from 1",
  );
  assertEquals(
    refused({ slice: 0 }),
    "Cannot use 0 as the option slice: it is not a number from 1",
  );
  assertEquals(refused(null), "Cannot use the options: they are not an object");
});
