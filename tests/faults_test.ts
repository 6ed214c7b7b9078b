import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { DurableError, MemoryFileSystem, MiniStore } from "../mod.ts";
import { assertCode } from "./support/errors.ts";
import { FaultyFileSystem } from "./support/faulty_file_system.ts";
import { test } from "./support/harness.ts";

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
});

test("MiniStore.open() writes the last two groups again before it exposes them", async () => {
  const inner = new MemoryFileSystem();
  const store = await MiniStore.open<string>("a", { fileSystem: inner });
  await store.append("first");
  await store.append("second");
  await store.append("third");
  await store.close();
  const fileSystem = new FaultyFileSystem(inner);
  const again = await MiniStore.open("a", { fileSystem });
  const written = fileSystem.calls.filter(({ kind, path }) =>
    kind === "write" && path === "a"
  );
  const text = written.map(({ bytes }) => new TextDecoder().decode(bytes)).join(
    "",
  );
  assert(
    /^"second"\n\/\/ commit 2 \w{8}\n"third"\n\/\/ commit 3 \w{8}\n\/\/ closed 3 \w{8}\n$/
      .test(text),
    text,
  );
  assertEquals(again.recovery.rewrittenBytes, text.length);
  const trace = fileSystem.trace;
  assert(trace.indexOf("sync a") > trace.lastIndexOf("write a"));
  assert(trace.lastIndexOf("syncDir .") > trace.indexOf("sync a"));
  await again.close();
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
    if (kind === "sync" && path.includes("torn")) {
      throw new DurableError("NO_SPACE", "Injected");
    }
  };
  await assertCode(() => MiniStore.open("a", { fileSystem }), "NO_SPACE");
  assertEquals(await file.size(), size + 4);
  assertEquals(
    (await inner.readDir(".")).filter((name) => name.includes("torn")),
    [],
  );
  await using again = await MiniStore.open("a", { fileSystem: inner });
  assertEquals(again.recovery.torn?.bytes, 4);
});

test("MiniStore.open() truncates only behind a durable copy of the torn tail, and syncs the truncation", async () => {
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
  const kept = again.recovery.torn?.keptAs;
  const wanted = [`sync ${kept}`, "syncDir .", "truncate a", "sync a"];
  let at = -1;
  for (const call of wanted) {
    at = fileSystem.trace.indexOf(call, at + 1);
    assert(at >= 0, `${call} in order`);
  }
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
  fileSystem.onCall = ({ kind }) => {
    if (kind === "truncate") throw new DurableError("IO", "Injected");
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
  assert(
    trace.indexOf(`sync ${kept}`) >= 0,
    "a copy that was found is synced again",
  );
  assert(trace.indexOf(`sync ${kept}`) < trace.indexOf("truncate a"));
});
