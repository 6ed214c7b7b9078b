import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { MemoryFileSystem, StateManager } from "../mod.ts";
import { SimulatedFileSystem } from "../src/testing/mod.ts";
import { assertCode } from "./support/errors.ts";
import { FaultyFileSystem } from "./support/faulty_file_system.ts";
import { test } from "./support/harness.ts";
import { DIR, EMPTY, openShop, type Order, textOf } from "./support/states.ts";
import { readText } from "./support/text.ts";

const JOURNAL = `${DIR}/journal.jsonl`;

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
  assertStrictEquals(await assertRejects(() => pending[1], Error), failure);
  assertEquals([shop.state.total, shop.sequence], [1, 1]);
  assertEquals(shop.snapshot(), { ...EMPTY, total: 1 });
  const late = [
    () => shop.apply({ add: { by: 1 } }),
    () => shop.applyAll([{ add: { by: 1 } }]),
    () => shop.transact(() => []),
  ];
  for (const call of late) {
    assertStrictEquals(await assertRejects(call, Error), failure);
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
