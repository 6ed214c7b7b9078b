import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { DurableError, MemoryFileSystem, MiniStore } from "../mod.ts";
import { assertCode } from "./support/errors.ts";
import { CHANGES, FaultyFileSystem } from "./support/faulty_file_system.ts";
import { test } from "./support/harness.ts";
import { filesOf, withFiles } from "./support/journals.ts";
import { readText } from "./support/text.ts";

test("MiniStore.append() rejects everything with one error once a sync has failed, and touches nothing more", async () => {
  const fileSystem = new FaultyFileSystem(new MemoryFileSystem());
  const store = await MiniStore.open<number>("a", { fileSystem });
  await store.append(1);
  const cause = new DurableError("NO_SPACE", "Injected");
  fileSystem.onCall = ({ kind }) => {
    if (kind === "dataSync") throw cause;
  };
  const inFlight = [store.append(2), store.append(3)];
  const failure = await assertCode(() => inFlight[0], "FAILED");
  assertStrictEquals(failure.cause, cause);
  assertEquals(failure.sequence, 1);
  assert(failure.message.includes("records from 2 on"), failure.message);
  assert(failure.message.includes("unknown"), failure.message);
  assertStrictEquals(await assertCode(() => inFlight[1], "FAILED"), failure);
  fileSystem.onCall = () => {};
  fileSystem.calls.length = 0;
  for (
    const run of [
      () => store.append(4),
      () => store.appendAll([4]),
      () => store.rotate(),
      () => store.truncateBefore(1),
    ]
  ) assertStrictEquals(await assertRejects(run, DurableError), failure);
  assertStrictEquals(
    assertThrows(() => store.appendSync(4), DurableError),
    failure,
  );
  assertEquals(store.sequence, 1);
  await store.close();
  assertEquals(
    fileSystem.trace.filter((call) => !call.startsWith("close")),
    [],
  );
});

test("MiniStore.appendSync() fails for good, with what is pending", async () => {
  const fileSystem = new FaultyFileSystem(new MemoryFileSystem());
  const store = await MiniStore.open<number>("a", { fileSystem });
  fileSystem.onCall = ({ kind }) => {
    if (kind === "write") throw new DurableError("NO_SPACE", "Injected");
  };
  const pending = store.append(1);
  const failure = assertThrows(() => store.appendSync(2), DurableError);
  assertEquals([failure.code, (failure.cause as DurableError).code], [
    "FAILED",
    "NO_SPACE",
  ]);
  assertStrictEquals(await assertRejects(() => pending, DurableError), failure);
  await store.close();
});

test("MiniStore.appendSync() that succeeds does not hide that a sync in flight fails", async () => {
  const fileSystem = new FaultyFileSystem(new MemoryFileSystem());
  const store = await MiniStore.open<number>("a", { fileSystem });
  let fail = () => {};
  const begun = new Promise<void>((resolve) => {
    fileSystem.onCall = ({ kind }) => {
      if (kind !== "dataSync") return;
      fileSystem.onCall = () => {};
      resolve();
      return new Promise((_, reject) => {
        fail = () => reject(new DurableError("IO", "Injected"));
      });
    };
  });
  const first = store.append(1);
  await begun;
  assertEquals(store.appendSync(2), 2);
  assertEquals(await first, 1); // the blocking sync has made it durable
  fail();
  await assertCode(() => store.append(3), "FAILED");
  await store.close();
});

test("MiniStore.close() says FAILED if its mark is not durable, and lets go of the lock", async () => {
  const inner = new MemoryFileSystem();
  const fileSystem = new FaultyFileSystem(inner);
  const store = await MiniStore.open<number>("a", { fileSystem });
  await store.append(1);
  fileSystem.onCall = ({ kind }) => {
    if (kind === "dataSync") throw new DurableError("IO", "Injected");
  };
  await assertCode(() => store.close(), "FAILED");
  await using again = await MiniStore.open<number>("a", { fileSystem: inner });
  assertEquals(again.sequence, 1);
  // Its mark is there, but perhaps in the page cache only.
  assertEquals(again.recovery.closed, true);
  assert(again.recovery.rewrittenBytes > 0);
});

test("MiniStore.open() copies a log that was not closed before it exposes it", async () => {
  const inner = new MemoryFileSystem();
  const store = await MiniStore.open<string>("a", { fileSystem: inner });
  await store.append("first");
  await store.append("second");
  const before = await readText(inner, "a");
  const crashed = await withFiles(await filesOf(inner));
  await store.close();
  const fileSystem = new FaultyFileSystem(crashed);
  await using again = await MiniStore.open("a", { fileSystem });
  assertEquals(again.recovery.rewrittenBytes, before.length);
  assertEquals(await readText(crashed, "a"), before);
  const { trace } = fileSystem;
  const steps = [
    "create a.new-000000",
    "write a.new-000000",
    "sync a.new-000000",
  ];
  const places = [...steps, "rename a.new-000000", "syncDir ."].map((call) =>
    trace.indexOf(call)
  );
  assertEquals(places, places.toSorted((a, b) => a - b));
  assert(places[0] >= 0);
  assertEquals(trace.indexOf("write a"), -1, "the old file is left alone");
});

test("MiniStore.open() writes nothing to a log that was closed", async () => {
  const inner = new MemoryFileSystem();
  await (await MiniStore.open<string>("a", { fileSystem: inner })).close();
  const fileSystem = new FaultyFileSystem(inner);
  await using store = await MiniStore.open("a", { fileSystem });
  assertEquals(store.recovery.rewrittenBytes, 0);
  assert(fileSystem.trace.every((call) => !/^(write|rename)/.test(call)));
});

test("MiniStore.open() changes nothing where the torn tail cannot be kept aside", async () => {
  const inner = new MemoryFileSystem();
  const store = await MiniStore.open<string>("a", { fileSystem: inner });
  await store.append("first");
  await store.close();
  await using file = await inner.open("a", { mode: "write" });
  const size = await file.size();
  await file.write(new TextEncoder().encode("torn"), size);
  const fileSystem = new FaultyFileSystem(inner);
  fileSystem.onCall = ({ kind, path }) => {
    if (kind === "sync" && path === "a.new-000000") {
      throw new DurableError("NO_SPACE", "Injected");
    }
  };
  await assertCode(() => MiniStore.open("a", { fileSystem }), "NO_SPACE");
  assertEquals(await file.size(), size + 4);
  assertEquals(await inner.readDir("."), ["a"]);
  await using again = await MiniStore.open("a", { fileSystem: inner });
  assertEquals(again.recovery.torn?.bytes, 4);
});

test("MiniStore.open() cuts only behind a durable copy of the torn tail", async () => {
  const inner = new MemoryFileSystem();
  const store = await MiniStore.open<string>("a", { fileSystem: inner });
  await store.append("first");
  await store.close();
  {
    await using file = await inner.open("a", { mode: "write" });
    await file.write(new TextEncoder().encode("torn"), await file.size());
  }
  const fileSystem = new FaultyFileSystem(inner);
  await using again = await MiniStore.open("a", { fileSystem });
  const kept = again.recovery.torn?.keptAs ?? "";
  assertEquals(await readText(inner, kept), "torn");
  const copy = [
    "create a.new-000000",
    "write a.new-000000",
    "sync a.new-000000",
    "sync a.new-000000",
  ];
  const place = ["rename a.new-000000", "syncDir ."];
  assertEquals(
    fileSystem.calls.filter(({ kind }) => CHANGES.includes(kind)).map((call) =>
      `${call.kind} ${call.path}`
    ).slice(1, 13),
    [...copy, ...place, ...copy, ...place],
  );
});

test("MiniStore.open() keeps one whole copy of a torn tail, however often it is interrupted", async () => {
  const inner = new MemoryFileSystem();
  const store = await MiniStore.open<string>("a", { fileSystem: inner });
  await store.append("first");
  await store.close();
  const file = await inner.open("a", { mode: "write" });
  const size = await file.size();
  await file.write(new TextEncoder().encode("torn"), size);
  const copies = async () =>
    (await inner.readDir(".")).filter((name) => name.includes("torn-"));
  const other = await inner.open(`a.torn-${size}-x`, { mode: "create" });
  await other.write(new TextEncoder().encode("else"), 0);
  const fileSystem = new FaultyFileSystem(inner);
  let drafts = 0;
  fileSystem.onCall = ({ kind }) => {
    if (kind === "rename" && ++drafts % 2 === 0) {
      throw new DurableError("IO", "Injected");
    }
  };
  for (let n = 0; n < 3; n++) {
    await assertCode(() => MiniStore.open("a", { fileSystem }), "IO");
    assertEquals((await copies()).length, 2);
  }
  fileSystem.onCall = () => {};
  fileSystem.calls.length = 0;
  await using again = await MiniStore.open("a", { fileSystem });
  const kept = again.recovery.torn?.keptAs ?? "";
  assert(kept !== `a.torn-${size}-x`);
  assertEquals(await copies(), [`a.torn-${size}-x`, kept]);
  const { trace } = fileSystem;
  const synced = trace.indexOf("sync a.new-000000");
  assert(synced >= 0, "a copy that was found is made durable again");
  assert(synced < trace.indexOf("rename a.new-000000"));
});
