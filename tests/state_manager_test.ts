import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  DurableError,
  MemoryFileSystem,
  MiniStore,
  StateManager,
} from "../mod.ts";
import { SimulatedFileSystem } from "../src/testing/mod.ts";
import { adapters } from "./support/adapters.ts";
import { assertCode } from "./support/errors.ts";
import { FaultyFileSystem } from "./support/faulty_file_system.ts";
import { test } from "./support/harness.ts";
import {
  DIR,
  EMPTY,
  openShop,
  type Order,
  REDUCE,
  textOf,
} from "./support/states.ts";
import { readText } from "./support/text.ts";

const JOURNAL = `${DIR}/journal.jsonl`;

for (const adapter of adapters) {
  test(`StateManager keeps a state across snapshot, compaction and reopening on ${adapter.name}`, async () => {
    await adapter.with(async (fileSystem, directory) => {
      const dir = `${directory}/shop`;
      const options = { initial: EMPTY, apply: REDUCE, fileSystem };
      const first = await StateManager.open(dir, options);
      assertEquals(first.recovery.log.created, true);
      assertEquals(await first.apply({ add: { by: 5 } }), 1);
      assertEquals(await first.apply({ put: { key: "pear", count: 2 } }), 2);
      assertEquals(await first.createSnapshot(), 2);
      assertEquals(await first.apply({ name: { text: "ann" } }), 3);
      await first.close();

      const second = await StateManager.open(dir, options);
      assertEquals(second.recovery.snapshot, 2);
      assertEquals(second.recovery.replayed, 1);
      const wanted = {
        total: 5,
        names: ["ann"],
        stock: { pear: { count: 2 } },
      };
      assertEquals(second.snapshot(), wanted);
      assertEquals(await second.compact(), { sequence: 3, removedSegments: 1 });
      assertEquals(await second.apply({ add: { by: 1 } }), 4);
      await second.close();

      const third = await StateManager.open(dir, options);
      assertEquals(third.snapshot(), { ...wanted, total: 6 });
      assertEquals([third.sequence, third.recovery.snapshot], [4, 3]);
      assertEquals(third.stateDir, dir);
      assertEquals(third.journalPath, `${dir}/journal.jsonl`);
      await third.close();
    });
  });
}

test("StateManager.apply() writes mutations as serde writes enums", async () => {
  const fileSystem = new MemoryFileSystem();
  const shop = await openShop(fileSystem);
  await shop.apply({ add: { by: 10 } });
  await shop.apply("clear");
  await shop.close();
  const text = await readText(fileSystem, JOURNAL);
  const records = text.split("\n").filter((line) => !line.startsWith("//"));
  assertEquals(records, ['{"add":{"by":10}}', '"clear"', ""]);
});

test("StateManager.apply() shows nothing that is not durable", async () => {
  const fileSystem = new SimulatedFileSystem();
  const shop = await openShop(fileSystem);
  await shop.apply({ add: { by: 1 } });
  const seen: number[] = [];
  fileSystem.onOperation = () => {
    seen.push(shop.state.total, shop.sequence);
    return undefined;
  };
  const pending = shop.apply({ add: { by: 2 } });
  assertEquals([shop.state.total, shop.sequence], [1, 1]);
  await pending;
  fileSystem.onOperation = () => undefined;
  assert(seen.length > 0);
  assertEquals(
    seen.filter((_, n) => n % 2 === 0).every((total) => total === 1),
    true,
  );
  assertEquals([shop.state.total, shop.sequence], [3, 2]);
  await shop.close();
});

test("StateManager.apply() of many calls at once shares syncs and keeps the order", async () => {
  const fileSystem = new FaultyFileSystem(new MemoryFileSystem());
  const shop = await openShop(fileSystem);
  fileSystem.calls.length = 0;
  const order: number[] = [];
  const calls = Array.from(
    { length: 3000 },
    (_, n) =>
      shop.apply({ name: { text: `${n}` } }).then((sequence) =>
        order.push(sequence)
      ),
  );
  await Promise.all(calls);
  assert(fileSystem.trace.length <= 4, fileSystem.trace.join());
  assertEquals(order, Array.from({ length: 3000 }, (_, n) => n + 1));
  assertEquals(shop.state.names.join(), order.map((n) => n - 1).join());
  await shop.close();
});

test("StateManager.apply() of a mutation that the reducer refuses changes nothing, in memory or on disk", async () => {
  const fileSystem = new FaultyFileSystem(new MemoryFileSystem());
  const shop = await openShop(fileSystem);
  await shop.apply({ add: { by: 5 } });
  fileSystem.calls.length = 0;
  const error = await assertCode(
    () => shop.apply({ add: { by: -6 } }),
    "REJECTED",
  );
  assertEquals(error.sequence, 1);
  assertEquals((error.cause as Error).message, "the total is negative");
  assertEquals(fileSystem.trace, []);
  assertEquals(shop.state.total, 5);
  assertEquals(await shop.apply({ add: { by: 1 } }), 2);
  await shop.close();
  const again = await openShop(fileSystem);
  assertEquals(again.state.total, 6);
  await again.close();
});

test("StateManager.apply() sees what was handed in before, though it is not durable yet", async () => {
  const shop = await openShop(new MemoryFileSystem());
  const results = await Promise.allSettled(
    [5, -3, -3, 2].map((by) => shop.apply({ add: { by } })),
  );
  assertEquals(results.map(({ status }) => status), [
    "fulfilled",
    "fulfilled",
    "rejected",
    "fulfilled",
  ]);
  assertEquals(shop.state.total, 4);
  await shop.close();
});

test("StateManager.apply() refuses bad input before anything is written", async () => {
  const fileSystem = new FaultyFileSystem(new MemoryFileSystem());
  const shop = await openShop(fileSystem, { maxRecordBytes: 100 });
  fileSystem.calls.length = 0;
  const bad: unknown[] = [
    { nope: {} },
    { add: { by: 1 }, name: { text: "" } },
    {},
    null,
    undefined,
    7,
    { add: { by: NaN } },
    { name: { text: new Date(0) } },
    { name: { text: 1n } },
  ];
  for (const mutation of bad) {
    await assertRejects(() => shop.apply(mutation as Order), TypeError);
  }
  await assertRejects(
    () => shop.apply({ name: { text: "x".repeat(100) } }),
    RangeError,
    "maxRecordBytes",
  );
  await assertRejects(() => shop.applyAll([]), RangeError, "empty");
  assertEquals(fileSystem.trace, []);
  assertEquals([shop.sequence, textOf(shop.state)], [0, textOf(EMPTY)]);
  assertEquals(await shop.apply({ add: { by: 1 } }), 1);
  await shop.close();
});

test("StateManager.apply() runs the option validate before the reducer", async () => {
  const fileSystem = new MemoryFileSystem();
  const validate = (value: unknown) => !JSON.stringify(value).includes("evil");
  const shop = await openShop(fileSystem, { validate });
  await assertCode(
    () => shop.apply({ name: { text: "evil" } }),
    "INVALID_RECORD",
  );
  await shop.apply({ name: { text: "good" } });
  await shop.close();
  const strict = {
    validate: (value: unknown) => !JSON.stringify(value).includes("good"),
  };
  const error = await assertCode(
    () => openShop(fileSystem, strict),
    "INVALID_RECORD",
  );
  assertEquals(error.sequence, 1);
});

test("StateManager.apply() gives the reducer what a replay gives it", async () => {
  const fileSystem = new MemoryFileSystem();
  const options = {
    initial: { seen: [] as string[] },
    apply: (
      state: { seen: string[] },
      p: { a: number; b?: number | undefined },
    ) => {
      state.seen.push(Object.keys(p).join());
    },
    fileSystem,
  };
  const first = await StateManager.open("s", options);
  await first.apply({ b: undefined, a: 1 });
  const live = first.snapshot();
  await first.close();
  const second = await StateManager.open("s", options);
  assertEquals(second.snapshot(), live);
  assertEquals(live.seen, ["a"]);
  await second.close();
});

test("StateManager.apply() keeps no reference to what the caller gave", async () => {
  const shop = await openShop(new MemoryFileSystem());
  const tags = ["red"];
  const pending = shop.apply({ put: { key: "a", count: 1, tags } });
  tags.push("late");
  await pending;
  tags.push("later");
  assertEquals(shop.state.stock.a.tags?.join(), "red");
  const copy = shop.snapshot();
  copy.stock.a.tags?.push("own");
  assertEquals(shop.snapshot().stock.a.tags, ["red"]);
  await shop.close();
});

test("StateManager.apply() with expectedSequence refuses what others were faster than", async () => {
  const fileSystem = new FaultyFileSystem(new MemoryFileSystem());
  const shop = await openShop(fileSystem);
  const add = (expectedSequence: number) =>
    shop.apply({ add: { by: 1 } }, { expectedSequence });
  assertEquals(await add(0), 1);
  const first = add(1);
  const error = await assertCode(() => add(1), "CONFLICT");
  assertEquals(error.sequence, 2);
  assertEquals(await first, 2);
  await assertCode(
    () => shop.applyAll([{ add: { by: 1 } }], { expectedSequence: 3 }),
    "CONFLICT",
  );
  assertEquals([shop.sequence, shop.state.total], [2, 2]);
  await shop.close();
});

test("StateManager.applyAll() applies all or none, and shows all at once", async () => {
  const fileSystem = new FaultyFileSystem(new MemoryFileSystem());
  const shop = await openShop(fileSystem);
  await shop.apply({ add: { by: 1 } });
  const totals: number[] = [];
  shop.subscribe(() => totals.push(shop.state.total));
  assertEquals(
    await shop.applyAll([{ add: { by: 1 } }, { add: { by: 2 } }]),
    3,
  );
  assertEquals(totals, [4, 4]);
  fileSystem.calls.length = 0;
  await assertCode(
    () => shop.applyAll([{ name: { text: "x" } }, { add: { by: -9 } }]),
    "REJECTED",
  );
  await assertRejects(
    () => shop.applyAll([{ add: { by: 1 } }, { add: { by: NaN } }]),
    TypeError,
  );
  assertEquals(fileSystem.trace, []);
  assertEquals(textOf(shop.state), textOf({ ...EMPTY, total: 4 }));
  await shop.close();
});

test("StateManager.transact() decides upon the newest state, with nothing in between", async () => {
  const shop = await openShop(new MemoryFileSystem());
  const take = () =>
    shop.transact((state) => {
      if (state.total < 2) throw new Error("sold out");
      return [{ add: { by: -2 } }, { name: { text: `${state.total}` } }];
    });
  const results = await Promise.allSettled([
    shop.apply({ add: { by: 5 } }),
    take(),
    take(),
    take(),
    shop.apply({ add: { by: 10 } }),
  ]);
  assertEquals(
    results.map((r) => r.status === "fulfilled" ? r.value : r.reason.message),
    [1, 3, 5, "sold out", 6],
  );
  assertEquals(
    textOf(shop.state),
    textOf({ total: 11, names: ["5", "3"], stock: {} }),
  );
  assertEquals(await shop.transact(() => []), 6);
  await shop.close();
});

test("StateManager.transact() without mutations waits until what it has seen is durable", async () => {
  const fileSystem = new SimulatedFileSystem();
  const shop = await openShop(fileSystem);
  fileSystem.inject({ kinds: ["dataSync"], at: 1, errno: "EIO", sync: "F0" });
  const lost = shop.apply({ add: { by: 1 } });
  const read = shop.transact((state) => {
    assertEquals(state.total, 1);
    return [];
  });
  await assertCode(() => lost, "FAILED");
  await assertCode(() => read, "FAILED");
  await shop.close();
});

test("StateManager.transact() refuses an asynchronous function", async () => {
  const shop = await openShop(new MemoryFileSystem());
  // deno-lint-ignore require-await
  const late = (async () => [{ add: { by: 1 } }]) as never;
  await assertRejects(() => shop.transact(late), TypeError, "asynchronous");
  assertEquals(shop.sequence, 0);
  await shop.close();
});

test("StateManager.state is read-only all the way down", async () => {
  const shop = await openShop(new MemoryFileSystem());
  await shop.apply({ put: { key: "a", count: 1, tags: ["t"] } });
  const state = shop.state as typeof EMPTY;
  const attempts: (() => unknown)[] = [
    () => state.total = 1,
    () => state.names.push("x"),
    () => delete state.stock.a,
    () => (state.stock.a.tags ?? []).length = 0,
    () => Object.defineProperty(state.stock, "b", { value: 1 }),
    () => Object.setPrototypeOf(state, null),
    () => Object.freeze(state.stock),
  ];
  for (const attempt of attempts) assertThrows(attempt, TypeError);
  assertEquals(shop.snapshot().stock, { a: { count: 1, tags: ["t"] } });
  assertEquals(Object.entries(state.stock).length, 1);
  assert(Array.isArray(state.names) && "a" in state.stock);
  assertStrictEquals(state.stock, shop.state.stock);
  await shop.close();
});

test("StateManager stays at the last durable mutation when a sync fails, and refuses everything later with the same error", async () => {
  const fileSystem = new SimulatedFileSystem();
  const shop = await openShop(fileSystem);
  await shop.apply({ add: { by: 1 } });
  fileSystem.inject({
    kinds: ["dataSync"],
    at: 1,
    errno: "ENOSPC",
    sync: "F0",
  });
  const pending = [2, 4].map((by) => shop.apply({ add: { by } }));
  const failure = await assertCode(() => pending[0], "FAILED");
  assertStrictEquals(await assertRejects(() => pending[1]), failure);
  assertEquals([shop.state.total, shop.sequence], [1, 1]);
  assertEquals(shop.snapshot(), { ...EMPTY, total: 1 });
  const late = [
    () => shop.apply({ add: { by: 1 } }),
    () => shop.applyAll([{ add: { by: 1 } }]),
    () => shop.transact(() => []),
  ];
  for (const call of late) {
    assertStrictEquals(await assertRejects(call), failure);
  }
  assertEquals(shop.state.total, 1);
  await shop.close();
  const again = await openShop(fileSystem);
  assert(
    [1, 7].includes(again.state.total),
    "the group is there as a whole, or not",
  );
  await again.close();
});

test("StateManager.createSnapshot() that fails keeps the one before, and the log goes on", async () => {
  const fileSystem = new SimulatedFileSystem();
  const shop = await openShop(fileSystem);
  await shop.apply({ add: { by: 1 } });
  await shop.createSnapshot();
  await shop.apply({ add: { by: 2 } });
  fileSystem.inject({ kinds: ["sync"], at: 1, errno: "EIO", sync: "F0" });
  await assertCode(() => shop.createSnapshot(), "IO");
  await assertCode(() => {
    fileSystem.inject({ kinds: ["sync"], at: 1, errno: "EIO", sync: "F0" });
    return shop.compact();
  }, "IO");
  assertEquals(await shop.apply({ add: { by: 4 } }), 3);
  await shop.close();
  const again = await openShop(fileSystem);
  assertEquals([
    again.recovery.snapshot,
    again.recovery.replayed,
    again.state.total,
  ], [1, 2, 7]);
  await again.close();
});

test("StateManager.createSnapshot() is of the moment of the call, though mutations go on", async () => {
  const fileSystem = new SimulatedFileSystem();
  const shop = await openShop(fileSystem);
  await shop.applyAll(
    Array.from(
      { length: 200 },
      (_, n): Order => ({ put: { key: `k${n}`, count: n } }),
    ),
  );
  const wanted = textOf(shop.state);
  const running: Promise<unknown>[] = [];
  fileSystem.onOperation = ({ path }) => {
    if (!path.includes("snapshot") || running.length > 20) return undefined;
    const n = running.length;
    running.push(shop.applyAll([
      { drop: { key: `k${n}` } },
      { put: { key: `k${n}`, count: -1 } },
      { put: { key: `k${100 + n}`, count: -1 } },
      { put: { key: `new${n}`, count: n } },
    ]));
    return undefined;
  };
  assertEquals(await shop.createSnapshot(), 200);
  fileSystem.onOperation = () => undefined;
  assert(running.length > 5);
  await Promise.all(running);
  const text = await readText(fileSystem, `${DIR}/snapshot.json`);
  assertEquals(textOf(JSON.parse(text)), wanted);
  const live = textOf(shop.state);
  await shop.close();
  const again = await openShop(fileSystem);
  assertEquals(textOf(again.state), live);
  await again.close();
});

test("StateManager.compact() keeps what was applied meanwhile", async () => {
  const fileSystem = new MemoryFileSystem();
  const shop = await openShop(fileSystem, { maxSegmentBytes: 200 });
  for (let n = 0; n < 20; n++) await shop.apply({ name: { text: `${n}` } });
  const [{ sequence, removedSegments }] = await Promise.all([
    shop.compact(),
    ...Array.from(
      { length: 20 },
      (_, n) => shop.apply({ name: { text: `${20 + n}` } }),
    ),
  ]);
  assertEquals(sequence, 20);
  assert(removedSegments > 0);
  const live = textOf(shop.state);
  await shop.close();
  const again = await openShop(fileSystem);
  assertEquals(textOf(again.state), live);
  assertEquals(again.recovery.replayed, 20);
  await again.close();
  const left = await MiniStore.verify(JOURNAL, { fileSystem });
  assertEquals([
    left.ok,
    left.firstSequence === undefined || left.firstSequence > 1,
  ], [true, true]);
});

test("StateManager.open() refuses a second writer with LOCKED, and takes the lock before it reads", async () => {
  const fileSystem = new MemoryFileSystem();
  const shop = await openShop(fileSystem);
  await assertCode(() => openShop(fileSystem), "LOCKED");
  await shop.apply({ add: { by: 3 } });
  await shop.close();
  const again = await openShop(fileSystem);
  assertEquals(again.sequence, 1);
  await again.close();
});

test("StateManager.close() lets the state be read, and refuses everything else with CLOSED", async () => {
  const shop = await openShop(new MemoryFileSystem());
  const pending = shop.apply({ add: { by: 3 } });
  const snapshot = shop.createSnapshot();
  await shop.close();
  await shop.close();
  assertEquals(await pending, 1);
  assert(await snapshot <= 1);
  assertEquals(shop.state.total, 3);
  const calls = [
    () => shop.apply({ add: { by: 1 } }),
    () => shop.applyAll([{ add: { by: 1 } }]),
    () => shop.transact(() => []),
    () => shop.createSnapshot(),
    () => shop.compact(),
  ];
  for (const call of calls) await assertCode(call, "CLOSED");
});

test("StateManager.subscribe() tells of each commit in order, when the state shows it", async () => {
  const shop = await openShop(new MemoryFileSystem());
  const seen: unknown[] = [];
  const end = shop.subscribe(({ sequence, mutation }) => {
    seen.push([sequence, mutation, shop.sequence, shop.state.total]);
  });
  const resolved = shop.apply({ add: { by: 2 } }).then(() =>
    seen.push("resolved")
  );
  await Promise.all([resolved, shop.apply({ add: { by: 3 } })]);
  end();
  end();
  await shop.apply({ add: { by: 4 } });
  assertEquals(seen, [
    [1, { add: { by: 2 } }, 1, 2],
    [2, { add: { by: 3 } }, 2, 5],
    "resolved",
  ]);
  assertThrows(() => shop.subscribe(1 as never), TypeError);
  await shop.close();
});

test("StateManager.subscribe() lets a listener apply, and end itself", async () => {
  const shop = await openShop(new MemoryFileSystem());
  let follow: Promise<number> | undefined;
  const end = shop.subscribe(() => {
    end();
    follow = shop.apply({ name: { text: "follow" } });
  });
  await shop.apply({ add: { by: 1 } });
  assertEquals(await follow, 2);
  await shop.close();
});

test("StateManager.open() refuses options that it does not know or cannot use", async () => {
  const fileSystem = new FaultyFileSystem(new MemoryFileSystem());
  const open = (options: object, dir: unknown = DIR) =>
    StateManager.open(
      dir as string,
      { initial: 0, apply: (n: number) => n, fileSystem, ...options } as never,
    );
  for (
    const options of [
      { unknown: 1 },
      { apply: 1 },
      { upcast: 1 },
      { migrate: "x" },
      { initial: undefined },
      { initial: new Map() },
      { journal: "" },
      { journal: "a/b" },
      { journal: ".." },
      { journal: "snapshot.json" },
      { journal: "snapshot_1.json" },
      { version: "1" },
      { retain: 1 },
      { codec: {} },
    ]
  ) {
    await assertRejects(
      () => open(options),
      TypeError,
      undefined,
      JSON.stringify(options),
    );
  }
  for (
    const options of [{ version: 0 }, { version: 1.5 }, { slice: 0 }, {
      maxSegmentBytes: 0,
    }, { version: 2, format: "v0.1" }]
  ) {
    await assertRejects(() => open(options), RangeError);
  }
  for (const dir of ["", "a\0b", 7]) {
    await assertRejects(() => open({}, dir), TypeError);
  }
  assertEquals(fileSystem.trace, []);
});

test("StateManager.open() with format v0.1 writes what mini-rs reads, and refuses to compact", async () => {
  const fileSystem = new MemoryFileSystem();
  const shop = await openShop(fileSystem, { format: "v0.1" });
  await shop.apply({ add: { by: 1 } });
  await shop.createSnapshot();
  await assertRejects(() => shop.compact(), TypeError, "v0.1");
  await shop.apply({ add: { by: 2 } });
  await shop.close();
  assertEquals(
    await readText(fileSystem, JOURNAL),
    '// MINISTORE JOURNAL v0.1.4\n{"add":{"by":1}}\n{"add":{"by":2}}\n',
  );
  const again = await openShop(fileSystem);
  assertEquals([again.state.total, again.recovery.snapshot], [3, 1]);
  await again.close();
});

test("StateManager errors are DurableErrors with a code, a path and a sequence number", async () => {
  const shop = await openShop(new MemoryFileSystem());
  const error = await assertCode(
    () => shop.apply({ add: { by: -1 } }),
    "REJECTED",
  );
  assert(error instanceof DurableError);
  assertEquals([error.path, error.sequence], [JOURNAL, 0]);
  assertEquals(
    error.message,
    'Cannot apply to "shop/journal.jsonl": the reducer refuses the mutation: the total is negative',
  );
  await shop.close();
});
