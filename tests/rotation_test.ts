import { assert, assertEquals, assertRejects } from "@std/assert";
import { MemoryFileSystem, MiniStore } from "../mod.ts";
import { encodeHeader } from "../src/wal/format.ts";
import { assertCode } from "./support/errors.ts";
import { CHANGES, FaultyFileSystem } from "./support/faulty_file_system.ts";
import { test } from "./support/harness.ts";
import {
  type Files,
  filesOf,
  journal,
  PATH,
  RECORDS,
  withFiles,
} from "./support/journals.ts";
import { readText, writeFile } from "./support/text.ts";

const [ONE, TWO] = [1, 2].map((n) => `${PATH}.00000${n}`);
const NEXT = (n: number) => `${PATH}.new-00000${n}`;
const segments = () => journal({ rotateAfter: [1, 2, 3] });

/** The calls that change something or make it durable, without the lock. */
const changes = (fileSystem: FaultyFileSystem) =>
  fileSystem.calls.filter(({ kind }) => CHANGES.includes(kind)).map((
    { kind, path },
  ) => `${kind} ${path}`);

test("MiniStore.open() makes a new journal durable, name and all, before anything is acknowledged", async () => {
  const fileSystem = new FaultyFileSystem(new MemoryFileSystem());
  await using store = await MiniStore.open<number>("d/a", { fileSystem });
  await store.append(1);
  const begin = [
    "create d/a.new-000000",
    "write d/a.new-000000",
    "sync d/a.new-000000",
    "sync d/a.new-000000",
    "rename d/a.new-000000",
    "syncDir d",
  ];
  const name = ["rename d/a.new-000001", "syncDir d"];
  assertEquals(changes(fileSystem), [
    "mkdir d",
    ...begin,
    ...name,
    "create d/a.open",
    "syncDir d",
    "write d/a",
    "dataSync d/a",
  ]);
});

test("MiniStore.rotate() makes each step durable before the next", async () => {
  const fileSystem = new FaultyFileSystem(new MemoryFileSystem());
  await using store = await MiniStore.open<number>("a", { fileSystem });
  await store.append(1);
  fileSystem.calls.length = 0;
  await store.rotate();
  const closed = ["write a", "dataSync a"];
  const begin = [
    "create a.new-000000",
    "write a.new-000000",
    "sync a.new-000000",
    "sync a.new-000000",
    "rename a.new-000000",
    "syncDir .",
  ];
  const names = ["rename a", "syncDir .", "rename a.new-000002", "syncDir ."];
  assertEquals(changes(fileSystem), [...closed, ...begin, ...names]);
});

test("MiniStore.truncateBefore() says what is about to go before it goes, oldest first", async () => {
  const fileSystem = new FaultyFileSystem(await withFiles(await segments()));
  await using store = await MiniStore.open<unknown>(PATH, { fileSystem });
  await store.rotate();
  fileSystem.calls.length = 0;
  await store.truncateBefore(5);
  const begin = [
    `create ${PATH}.new-000000`,
    `write ${PATH}.new-000000`,
    `sync ${PATH}.new-000000`,
    `sync ${PATH}.new-000000`,
    `rename ${PATH}.new-000000`,
    "syncDir .",
  ];
  const name = [`rename ${NEXT(5)}`, "syncDir ."];
  const removals = [`remove ${ONE}`, "syncDir .", `remove ${TWO}`, "syncDir ."];
  assertEquals(changes(fileSystem), [...begin, ...name, ...removals]);
  assert((await readText(fileSystem, PATH)).includes('"dropped":4'));
});

test("MiniStore.rotate() seals the segment, and does nothing to an empty one", async () => {
  const fileSystem = new MemoryFileSystem();
  const store = await MiniStore.open<number>("a", { fileSystem });
  await store.rotate();
  assertEquals([...(await filesOf(fileSystem)).keys()], ["a", "a.open"]);
  await store.append(1);
  await Promise.all([store.rotate(), store.rotate()]);
  await store.append(2);
  await store.close();
  assertEquals([...(await filesOf(fileSystem)).keys()], ["a", "a.000001"]);
  assert(/\/\/ closed 1 \w{8}\n$/.test(await readText(fileSystem, "a.000001")));
  await using again = await MiniStore.open<number>("a", { fileSystem });
  await again.rotate();
  await again.append(3);
  assertEquals(await MiniStore.replay("a", { fileSystem }), [1, 2, 3]);
});

test("MiniStore rotates by size, and keeps every segment", async () => {
  const fileSystem = new MemoryFileSystem();
  const store = await MiniStore.open<number>("a", {
    fileSystem,
    maxSegmentBytes: 200,
  });
  const numbers = Array.from({ length: 100 }, (_, n) => n);
  for (const n of numbers) await store.append(n);
  await store.close();
  const names = [...(await filesOf(fileSystem)).keys()];
  assert(names.length > 10, `${names.length} segments`);
  for (const bytes of (await filesOf(fileSystem)).values()) {
    assert(bytes.length < 300);
  }
  assertEquals(await MiniStore.replay("a", { fileSystem }), numbers);
});

test("MiniStore.rotate() parts what was appended before it from what is appended after", async () => {
  const fileSystem = new MemoryFileSystem();
  await using store = await MiniStore.open<number>("a", { fileSystem });
  const calls = [
    store.append(1),
    store.rotate(),
    store.append(2),
    store.appendAll([3, 4]),
    store.rotate(),
    store.append(5),
  ];
  assertEquals(await Promise.all(calls), [1, undefined, 2, 4, undefined, 5]);
  assertEquals(await store.truncateBefore(3), 1);
  assertEquals(await MiniStore.replay("a", { fileSystem }), [2, 3, 4, 5]);
});

test("MiniStore counts segments beyond six and seven digits", async () => {
  for (const segment of [999_998, 9_999_998, 99_999_998]) {
    const fileSystem = new MemoryFileSystem();
    const header = {
      segment,
      first: 1001,
      prev: 7,
      id: "00000001",
      schema: 1,
      dropped: 1000,
      sealed: [],
    };
    await writeFile(fileSystem, "a", encodeHeader(header));
    await writeFile(fileSystem, "a.20261120", "a copy of another day");
    let store = await MiniStore.open<number>("a", { fileSystem });
    for (let n = 0; n < 4; n++) {
      await store.append(n);
      await store.rotate();
    }
    await store.close();
    assertEquals(await MiniStore.replay("a", { fileSystem }), [0, 1, 2, 3]);
    store = await MiniStore.open<number>("a", { fileSystem });
    assertEquals([store.firstSequence, store.sequence], [1001, 1004]);
    await store.close();
  }
});

test("MiniStore.open() with retain keeps that many sealed segments", async () => {
  const fileSystem = new MemoryFileSystem();
  const options = { fileSystem, maxSegmentBytes: 1, retain: 2 };
  let store = await MiniStore.open<number>("a", options);
  for (let n = 1; n <= 6; n++) await store.append(n);
  assertEquals([...(await filesOf(fileSystem)).keys()], [
    "a",
    "a.000004",
    "a.000005",
    "a.open",
  ]);
  assertEquals(store.firstSequence, 4);
  await store.close();
  assertEquals(await MiniStore.replay("a", { fileSystem }), [4, 5, 6]);
  store = await MiniStore.open<number>("a", { ...options, retain: 0 });
  assertEquals(await store.truncateBefore(5), 3); // retain takes two of them
  await store.append(7);
  await store.close();
  assertEquals([...(await filesOf(fileSystem)).keys()], ["a"]);
  await using last = await MiniStore.open<number>("a", options);
  assertEquals([last.firstSequence, last.sequence], [7, 7]);
});

test("MiniStore.truncateBefore() removes whole sealed segments below a point, for good", async () => {
  const files = await segments(); // records 1 | 2-4 | 5 | 6-10
  const fileSystem = await withFiles(files);
  let store = await MiniStore.open<unknown>(PATH, { fileSystem });
  assertEquals(await store.truncateBefore(1), 0);
  assertEquals(await store.truncateBefore(4), 1);
  assertEquals(store.firstSequence, 2);
  assertEquals(await MiniStore.replay(PATH, { fileSystem }), RECORDS.slice(1));
  assertEquals(await store.truncateBefore(RECORDS.length + 1), 3);
  assertEquals(store.firstSequence, RECORDS.length + 1);
  assertEquals(await store.append("new"), RECORDS.length + 1);
  await store.close();
  store = await MiniStore.open<unknown>(PATH, { fileSystem });
  assertEquals([store.firstSequence, store.sequence], [11, 11]);
  await store.close();
  assertEquals(await MiniStore.replay(PATH, { fileSystem }), ["new"]);
  await assertCode(async () => {
    for await (const _ of MiniStore.stream(PATH, { fileSystem, from: 5 }));
  }, "TRUNCATED");
});

test("MiniStore.truncateBefore() leaves no state that does not open, wherever it is interrupted", async () => {
  const inner = await withFiles(await segments());
  const fileSystem = new FaultyFileSystem(inner);
  const store = await MiniStore.open<unknown>(PATH, { fileSystem });
  const states: Files[] = [];
  fileSystem.onCall = async ({ kind }) => {
    if (["remove", "rename", "syncDir", "create", "sync"].includes(kind)) {
      states.push(await filesOf(inner));
    }
  };
  await store.truncateBefore(6);
  fileSystem.onCall = () => {};
  await store.close();
  assert(states.length > 10, `${states.length} states`);
  for (const [n, files] of states.entries()) {
    const crashed = await withFiles(files);
    const again = await MiniStore.open<unknown>(PATH, { fileSystem: crashed });
    const records = await MiniStore.replay<unknown>(PATH, {
      fileSystem: crashed,
    });
    assertEquals(
      records,
      RECORDS.slice(RECORDS.length - records.length),
      `state ${n}`,
    );
    assert(records.length >= 5, `state ${n}`);
    assertEquals(again.sequence, RECORDS.length, `state ${n}`);
    await again.close();
  }
});

test("MiniStore.truncateBefore() refuses what is not a sequence number of the log", async () => {
  const fileSystem = new MemoryFileSystem();
  await using store = await MiniStore.open<number>("a", { fileSystem });
  await store.append(1);
  for (const sequence of [0, -1, 1.5, NaN, Infinity, 3]) {
    await assertRejects(
      () => store.truncateBefore(sequence),
      RangeError,
      `before record ${sequence}`,
    );
  }
  assertEquals(await store.append(2), 2);
});

test("MiniStore.stream() follows a segment that is sealed and renamed while it reads", async () => {
  const fileSystem = new MemoryFileSystem();
  await using store = await MiniStore.open<number>("a", { fileSystem });
  await store.appendAll([1, 2]);
  await store.rotate();
  await store.append(3);
  const seen: number[] = [];
  for await (
    const { record } of MiniStore.stream<number>("a", { fileSystem })
  ) {
    if (record === 1) {
      await store.rotate();
      await store.append(4);
    }
    seen.push(record);
  }
  assertEquals(seen, [1, 2, 3]);
});
