import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { DurableError, MemoryFileSystem, StateManager } from "../mod.ts";
import { adapters } from "./support/adapters.ts";
import { assertCode } from "./support/errors.ts";
import { FaultyFileSystem } from "./support/faulty_file_system.ts";
import { test } from "./support/harness.ts";
import { DIR, EMPTY, openShop, REDUCE } from "./support/states.ts";
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
  ];
  for (const attempt of attempts) assertThrows(attempt, TypeError);
  assertEquals(shop.snapshot().stock, { a: { count: 1, tags: ["t"] } });
  assertEquals(Object.entries(state.stock).length, 1);
  assert(Array.isArray(state.names) && "a" in state.stock);
  assertStrictEquals(state.stock, shop.state.stock);
  await shop.close();
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
