import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { DurableError, MemoryFileSystem, MiniStore } from "../mod.ts";
import { onDisk } from "./support/adapters.ts";
import { assertCode } from "./support/errors.ts";
import { FaultyFileSystem } from "./support/faulty_file_system.ts";
import { test } from "./support/harness.ts";
import { readText } from "./support/text.ts";

/** A file system whose data syncs wait to be let through. */
function heldSyncs() {
  const fileSystem = new FaultyFileSystem(new MemoryFileSystem());
  const waiting: (() => void)[] = [];
  const arrivals: (() => void)[] = [];
  const hold = () => {
    fileSystem.onCall = ({ kind }) => {
      if (kind !== "dataSync") return;
      return new Promise<void>((resolve) => {
        waiting.push(resolve);
        arrivals.shift()?.();
      });
    };
  };
  /** Resolves when a sync has begun. */
  const begun = () =>
    waiting.length > 0
      ? Promise.resolve()
      : new Promise<void>((resolve) => arrivals.push(resolve));
  const release = () => waiting.shift()?.();
  const free = () => {
    fileSystem.onCall = () => {};
  };
  return { fileSystem, hold, begun, release, free };
}

const groups = (text: string) =>
  text.match(/^\/\/ commit (\d+)/gm)?.map((line) => Number(line.slice(10)));

test("MiniStore.append() of one turn shares one commit line and one sync", async () => {
  const fileSystem = new FaultyFileSystem(new MemoryFileSystem());
  await using store = await MiniStore.open<number>("a", { fileSystem });
  fileSystem.calls.length = 0;
  const sequences = await Promise.all([1, 2, 3].map((n) => store.append(n)));
  assertEquals(sequences, [1, 2, 3]);
  assertEquals(fileSystem.trace, ["write a", "dataSync a"]);
  assertEquals(groups(await readText(fileSystem, "a")), [3]);
});

test("MiniStore.append() during a sync is in the next group", async () => {
  const { fileSystem, hold, begun, release, free } = heldSyncs();
  await using store = await MiniStore.open<string>("a", { fileSystem });
  hold();
  const settled: number[] = [];
  const note = (sequence: number) => void settled.push(sequence);
  const first = store.append("first").then(note);
  await begun();
  const later = ["second", "third"].map((text) =>
    store.append(text).then(note)
  );
  assertEquals(groups(await readText(fileSystem, "a")), [1]);
  assertEquals(store.sequence, 0);
  release();
  await first;
  assertEquals(settled, [1]);
  assertEquals(store.sequence, 1);
  await begun();
  assertEquals(groups(await readText(fileSystem, "a")), [1, 3]);
  assertEquals(settled, [1]);
  release();
  await Promise.all(later);
  assertEquals(settled, [1, 2, 3]);
  free();
});

test("MiniStore.append() resolves only behind a sync that began after its bytes", async () => {
  const fileSystem = new FaultyFileSystem(new MemoryFileSystem());
  await using store = await MiniStore.open<number>("a", { fileSystem });
  const events: string[] = [];
  fileSystem.onCall = ({ kind, bytes }) => {
    const records = bytes
      ? ` ${new TextDecoder().decode(bytes).match(/^\d+$/gm)}`
      : "";
    events.push(kind + records);
  };
  for (let n = 1; n <= 3; n++) {
    await store.append(n);
    events.push(`acknowledged ${n}`);
  }
  assertEquals(
    events,
    [1, 2, 3].flatMap((n) => [`write ${n}`, "dataSync", `acknowledged ${n}`]),
  );
});

test("MiniStore.append() keeps 10,000 concurrent records in the order of the calls", () =>
  onDisk.with(async (fileSystem, dir) => {
    const path = `${dir}/a.jsonl`;
    const store = await MiniStore.open<number>(path, { fileSystem });
    const acknowledged: number[] = [];
    const count = 10_000;
    await Promise.all(Array.from({ length: count }, async (_, n) => {
      acknowledged.push(await store.append(n));
    }));
    await store.close();
    const numbers = Array.from({ length: count }, (_, n) => n);
    assertEquals(acknowledged, numbers.map((n) => n + 1));
    assertEquals(await MiniStore.replay(path, { fileSystem }), numbers);
    const commits = groups(await readText(fileSystem, path))?.length ?? 0;
    assert(commits < 100, `${commits} groups`);
  }));

test("MiniStore.append() of many writers that go on shares groups", async () => {
  const fileSystem = new MemoryFileSystem();
  const store = await MiniStore.open<string>("a", { fileSystem });
  const writer = async (name: number) => {
    for (let n = 0; n < 10; n++) await store.append(`${name}.${n}`);
  };
  await Promise.all(Array.from({ length: 64 }, (_, name) => writer(name)));
  await store.close();
  assertEquals(groups(await readText(fileSystem, "a"))?.length, 10);
  const records = await MiniStore.replay<string>("a", { fileSystem });
  for (let name = 0; name < 64; name++) {
    const own = records.filter((record) => record.startsWith(`${name}.`));
    assertEquals(own, Array.from({ length: 10 }, (_, n) => `${name}.${n}`));
  }
});

test("MiniStore.append() takes the record as it is at the call", async () => {
  const fileSystem = new MemoryFileSystem();
  const store = await MiniStore.open<{ n: number }>("a", { fileSystem });
  const record = { n: 1 };
  const appended = store.append(record);
  record.n = 2;
  await appended;
  await store.close();
  assertEquals(await MiniStore.replay("a", { fileSystem }), [{ n: 1 }]);
});

test("MiniStore.appendAll() is one group, however large", async () => {
  const fileSystem = new MemoryFileSystem();
  const store = await MiniStore.open<string>("a", { fileSystem });
  const batch = Array.from(
    { length: 3000 },
    (_, n) => `${n} ${"x".repeat(5000)}`,
  );
  const [single, last] = await Promise.all([
    store.append("one"),
    store.appendAll(batch),
  ]);
  assertEquals([single, last], [1, 3001]);
  await store.append("two");
  await store.close();
  assertEquals(groups(await readText(fileSystem, "a")), [3001, 3002]);
  assertEquals(await MiniStore.replay("a", { fileSystem }), [
    "one",
    ...batch,
    "two",
  ]);
});

test("MiniStore.append() closes a group of separate records at a few megabytes", async () => {
  const fileSystem = new MemoryFileSystem();
  const store = await MiniStore.open<string>("a", { fileSystem });
  const text = "x".repeat(1 << 20);
  const sequences = await Promise.all(
    Array.from({ length: 10 }, () => store.append(text)),
  );
  assertEquals(sequences.at(-1), 10);
  await store.close();
  assertEquals(groups(await readText(fileSystem, "a")), [4, 8, 10]);
});

test("MiniStore.appendSync() takes what is pending into its own group, in order", async () => {
  const fileSystem = new MemoryFileSystem();
  const store = await MiniStore.open<string>("a", { fileSystem });
  const pending = [store.append("a"), store.appendAll(["b", "c"])];
  assertEquals(store.appendSync("d"), 4);
  assertEquals(store.sequence, 4);
  assertEquals(await Promise.all(pending), [1, 3]);
  assertEquals(store.appendSync("e"), 5);
  await store.close();
  assertEquals(groups(await readText(fileSystem, "a")), [4, 5]);
  assertEquals(await MiniStore.replay("a", { fileSystem }), [
    "a",
    "b",
    "c",
    "d",
    "e",
  ]);
});

test("MiniStore.appendSync() with a sync in flight first syncs by itself", async () => {
  const { fileSystem, hold, begun, release, free } = heldSyncs();
  await using store = await MiniStore.open<string>("a", { fileSystem });
  hold();
  const order: string[] = [];
  const inFlight = store.append("in flight").then((n) =>
    order.push(`in flight ${n}`)
  );
  await begun();
  free();
  const pending = store.append("pending").then((n) =>
    order.push(`pending ${n}`)
  );
  fileSystem.calls.length = 0;
  assertEquals(store.appendSync("now"), 3);
  assertEquals(fileSystem.trace, ["dataSync a", "write a", "dataSync a"]);
  assertEquals(store.sequence, 3);
  await Promise.all([inFlight, pending]);
  assertEquals(order, ["in flight 1", "pending 2"]);
  release();
  await store.append("after");
  assertEquals(await MiniStore.replay("a", { fileSystem }), [
    "in flight",
    "pending",
    "now",
    "after",
  ]);
});

test("MiniStore.appendSync() between appends keeps one order on disk", () =>
  onDisk.with(async (fileSystem, dir) => {
    const path = `${dir}/a`;
    const store = await MiniStore.open<string>(path, { fileSystem });
    const order: [number, string][] = [];
    const pending: Promise<void>[] = [];
    for (let n = 0; n < 50; n++) {
      pending.push(
        store.append(`async ${n}`).then((at) =>
          void order.push([at, `async ${n}`])
        ),
      );
      for (let turn = 0; turn < n % 20; turn++) await null;
      order.push([store.appendSync(`sync ${n}`), `sync ${n}`]);
    }
    await Promise.all(pending);
    await store.close();
    const records = await MiniStore.replay<string>(path, { fileSystem });
    assertEquals(records.length, 100);
    for (const [sequence, record] of order) {
      assertEquals(records[sequence - 1], record);
    }
  }));

test("MiniStore.appendSync() during a rotation says BUSY and writes nothing", async () => {
  const fileSystem = new FaultyFileSystem(new MemoryFileSystem());
  await using store = await MiniStore.open<string>("a", { fileSystem });
  await store.append("one");
  let refusal: unknown;
  fileSystem.onCall = ({ kind }) => {
    if (kind !== "rename" || refusal !== undefined) return;
    refusal = assertThrows(() => store.appendSync("two"), DurableError);
  };
  await store.rotate();
  assertEquals((refusal as DurableError).code, "BUSY");
  assertEquals(store.appendSync("two"), 2);
});

test("MiniStore.close() commits what is pending", async () => {
  const fileSystem = new MemoryFileSystem();
  const store = await MiniStore.open<string>("a", { fileSystem });
  const pending = [store.append("a"), store.rotate(), store.append("b")];
  await store.close();
  assertEquals(await Promise.all(pending), [1, undefined, 2]);
  assertEquals((await MiniStore.verify("a", { fileSystem })).closed, true);
});

test("MiniStore refuses every call after close(), which can be called twice", async () => {
  const fileSystem = new MemoryFileSystem();
  const store = await MiniStore.open<string>("a", { fileSystem });
  await store.append("a");
  assertStrictEquals(store.close(), store.close());
  await store.close();
  const before = await readText(fileSystem, "a");
  for (
    const run of [
      () => store.append("b"),
      () => store.appendAll(["b"]),
      () => store.rotate(),
      () => store.truncateBefore(1),
    ]
  ) {
    const error = await assertCode(run, "CLOSED");
    assert(error.message.endsWith('"a": the store is closed'), error.message);
  }
  assertEquals(
    assertThrows(() => store.appendSync("b"), DurableError).code,
    "CLOSED",
  );
  assertEquals(await readText(fileSystem, "a"), before);
  assertEquals(store.sequence, 1);
});

test("MiniStore closes by `await using`, and then lets another open", async () => {
  const fileSystem = new MemoryFileSystem();
  {
    await using store = await MiniStore.open("a", { fileSystem });
    await store.append(1);
    await assertCode(() => MiniStore.open("a", { fileSystem }), "LOCKED");
  }
  await using again = await MiniStore.open("a", { fileSystem });
  assertEquals([again.sequence, again.recovery.closed], [1, true]);
});

test("MiniStore.appendAll() refuses an empty batch, and one bad record refuses all", async () => {
  const fileSystem = new MemoryFileSystem();
  await using store = await MiniStore.open<unknown>("a", { fileSystem });
  await assertRejects(
    () => store.appendAll([]),
    RangeError,
    "the batch is empty",
  );
  await assertRejects(() => store.appendAll([1, NaN, 2]), TypeError, "NaN");
  assertEquals(store.sequence, 0);
  assertEquals(await store.append(1), 1);
});
