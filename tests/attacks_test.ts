import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { MemoryFileSystem, StateManager } from "../mod.ts";
import { Tree } from "../src/state/tree.ts";
import { SimulatedFileSystem } from "../src/testing/mod.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import { DIR, openShop, type Order, shopOptions } from "./support/states.ts";
import { writeFile } from "./support/text.ts";
import { treeOf } from "./support/trees.ts";

type Data = Record<string, unknown>;

const add = (by: number): Order => ({ add: { by } });

/** Runs a state and opens it again: what was live must be what a replay gives. */
async function assertReplayed<M>(
  initial: Data,
  apply: (state: Data, mutation: M) => void,
  use: (state: StateManager<Data, M>) => Promise<unknown>,
): Promise<Data> {
  const options = { initial, apply, fileSystem: new MemoryFileSystem() };
  const first = await StateManager.open("s", options);
  await use(first);
  const live = first.snapshot();
  await first.close();
  const second = await StateManager.open("s", options);
  assertEquals(JSON.stringify(second.snapshot()), JSON.stringify(live));
  await second.close();
  return live;
}

test("StateManager.transact() gives the reducer the parts of the state as they were decided upon", async () => {
  type Bump = { bump: number } | { archive: unknown };
  const apply = (state: Data, mutation: Bump) => {
    if ("bump" in mutation) (state.item as { n: number }).n += mutation.bump;
    else state.archive = mutation.archive;
  };
  const live = await assertReplayed<Bump>(
    { item: { n: 2 } },
    apply,
    (state) => state.transact(({ item }) => [{ bump: 1 }, { archive: item }]),
  );
  assertEquals(live, { item: { n: 3 }, archive: { n: 2 } });
});

test("StateManager.applyAll() gives the reducer a mutation of its own each time", async () => {
  const consume = (state: Data, list: number[]) => {
    const seen = state.seen as number[];
    seen.push(list.length);
    list.length = 0;
  };
  const given = [1, 2, 3];
  const live = await assertReplayed<number[]>(
    { seen: [] },
    consume,
    (state) => state.applyAll([given, given]),
  );
  assertEquals([live, given], [{ seen: [3, 3] }, [1, 2, 3]]);
  const shared = [3, 1, 2];
  const sort = (state: Data, p: { a: number[]; b: number[] }) => {
    p.a.sort();
    state.b = p.b;
  };
  const kept = await assertReplayed<{ a: number[]; b: number[] }>(
    {},
    sort,
    (state) => state.apply({ a: shared, b: shared }),
  );
  assertEquals(kept, { b: [3, 1, 2] });
});

test("StateManager.state stays as it was read, also when an object gets many members", async () => {
  const shop = await openShop(new MemoryFileSystem());
  const { stock } = shop.state;
  for (let n = 0; n < 100; n++) {
    await shop.apply({ put: { key: `k${n}`, count: n } });
  }
  const grown = shop.state.stock;
  const pending = shop.apply({ put: { key: "k0", count: 7 } });
  assertEquals([Object.keys(stock), grown.k0.count], [[], 0]);
  await pending;
  assertEquals([grown.k0.count, shop.state.stock.k0.count], [0, 7]);
  assertEquals(Object.keys(grown).length, 100);
  await shop.close();
});

test("Tree.change() refuses what an expression gave by chance in the place of the state", () => {
  const attempts: ((state: Data) => unknown)[] = [
    (state) => delete (state.map as Data).nothing,
    (state) => (state.list as unknown[]).push(),
    (state) => state.off && 1,
    () => null,
    () => "",
  ];
  for (const attempt of attempts) {
    const tree = treeOf<Data>({ map: {}, list: [], off: false });
    assertThrows(
      () => tree.change(1, attempt as never, [undefined]),
      TypeError,
      "returned",
    );
    assertEquals(tree.copy(), { map: {}, list: [], off: false });
  }
});

test("Tree.change() refuses an index that no array has", () => {
  const tree = treeOf<{ list: number[] }>({ list: [] });
  for (const index of [2 ** 32 - 1, 2 ** 32, 2 ** 40]) {
    const set = (state: { list: number[] }) => void (state.list[index] = 1);
    assertThrows(() => tree.change(1, set, [undefined]), TypeError);
  }
});

test("Tree.change() removes and adds many members without looking at all of them each time", () => {
  const many = Object.fromEntries(
    Array.from({ length: 20_000 }, (_, n) => [`k${n}`, n]),
  );
  // As a snapshot may leave it: a frozen object with many members.
  const tree = new Tree<Data>({ map: Object.freeze({ ...many }) });
  let looks = 0;
  const keys = Object.keys;
  Object.keys = (target: object) => {
    looks++;
    return keys(target);
  };
  try {
    tree.change(1, ({ map }: Data) => {
      for (const key in many) delete (map as Data)[key];
    }, [undefined]);
    tree.change(2, (state: Data) => {
      const map = state.map as Data;
      for (const key in many) map[key] = 1;
    }, [undefined]);
  } finally {
    Object.keys = keys;
  }
  assert(looks < 10, `${looks} looks`);
  assertEquals(Object.keys(tree.copy().map as Data).length, 20_000);
});

test("Tree.durable can be read while very many changes of one member are pending", () => {
  const tree = treeOf<{ n: number }>({ n: 0 });
  tree.await();
  for (let n = 1; n <= 100_000; n++) {
    tree.change(n, (state: { n: number }) => void state.n++, [undefined]);
    if (n === 50_000) assertEquals(tree.durable.n, 0);
  }
  for (let n = 1; n <= 100_000; n++) {
    tree.settle(n);
    if (n % 1000 === 0) assertEquals(tree.durable.n, n);
  }
  assertEquals(tree.durable.n, 100_000);
});

test("StateManager.changes() says FAILED when the state fails, not when it is closed", async () => {
  const fileSystem = new SimulatedFileSystem();
  const shop = await openShop(fileSystem);
  await shop.apply(add(1));
  const waiting = shop.changes().next();
  fileSystem.inject({ kinds: ["dataSync"], at: 1, errno: "EIO", sync: "F0" });
  await assertCode(() => shop.apply(add(2)), "FAILED");
  await assertCode(() => waiting, "FAILED");
  const late = shop.changes({ from: 1 });
  assertEquals((await late.next()).value?.sequence, 1);
  await assertCode(() => late.next(), "FAILED");
  await shop.close();
});

test("StateManager.compact() that fails tells those who read changes", async () => {
  const fileSystem = new SimulatedFileSystem();
  const shop = await openShop(fileSystem);
  await shop.apply(add(1));
  const waiting = shop.changes().next();
  fileSystem.inject({ kinds: ["dataSync"], at: 1, errno: "EIO", sync: "F0" });
  await assertCode(() => shop.compact(), "FAILED");
  await assertCode(() => waiting, "FAILED");
  await shop.close();
});

test("StateManager keeps apart what two journals of a directory hold", async () => {
  const fileSystem = new MemoryFileSystem();
  const a = await openShop(fileSystem, { journal: "a.jsonl" });
  const b = await openShop(fileSystem, { journal: "b.jsonl" });
  await a.apply(add(1));
  await b.apply(add(2));
  await a.createSnapshot();
  const error = await assertCode(() => b.createSnapshot(), "EXISTS");
  assert(error.message.includes('"a.jsonl"'), error.message);
  await a.close();
  await b.close();
  await assertCode(
    () => openShop(fileSystem, { journal: "b.jsonl" }),
    "EXISTS",
  );
  const again = await openShop(fileSystem, { journal: "a.jsonl" });
  assertEquals(again.state.total, 1);
  await again.close();
});

test("StateManager.createSnapshot() refuses a directory that is not the one that was opened", async () => {
  const fileSystem = new MemoryFileSystem();
  const shop = await openShop(fileSystem);
  await shop.apply(add(1));
  const { stat } = fileSystem;
  // As behind a change of the working directory.
  fileSystem.stat = (path) =>
    stat.call(fileSystem, path.replace("shop/", "elsewhere/"));
  await assertCode(() => shop.createSnapshot(), "CORRUPT");
  fileSystem.stat = stat;
  await shop.close();
});

test("StateManager.open() says what an upcast threw, whatever that is", async () => {
  const fileSystem = new MemoryFileSystem();
  const shop = await openShop(fileSystem);
  await shop.apply(add(1));
  await shop.close();
  const upcast = () => {
    throw null;
  };
  const error = await assertCode(
    () => openShop(fileSystem, { version: 2, upcast }),
    "INVALID_RECORD",
  );
  assert(error.message.includes("null"), error.message);
  await assertRejects(() => openShop(fileSystem, { version: 0 }), RangeError);
});

test("StateManager.verify() is not misled by a writer that compacts meanwhile", async () => {
  const fileSystem = new SimulatedFileSystem();
  const shop = await openShop(fileSystem);
  for (let n = 1; n <= 3; n++) await shop.apply(add(n));
  let rounds = 3;
  let isBusy = false;
  fileSystem.onOperation = async ({ kind, path }) => {
    const isLook = kind === "read" && path.endsWith("journal.jsonl");
    if (isBusy || rounds === 0 || !isLook) return;
    isBusy = true;
    rounds--;
    await shop.apply(add(1));
    await shop.compact();
    isBusy = false;
  };
  const report = await StateManager.verify(DIR, shopOptions(fileSystem));
  fileSystem.onOperation = () => undefined;
  assertEquals([report.ok, report.damage?.message, rounds], [
    true,
    undefined,
    0,
  ]);
  await shop.close();
});

test("StateFollower.catchUp() sees what was committed before the call, also while it is looking", async () => {
  const fileSystem = new MemoryFileSystem();
  const shop = await openShop(fileSystem);
  const follower = await StateManager.follow(DIR, {
    ...shopOptions(fileSystem),
    interval: Infinity,
  });
  for (let n = 1; n <= 50; n++) {
    const early = follower.catchUp();
    await shop.apply(add(1));
    assertEquals(await follower.catchUp(), n);
    await early;
  }
  await follower.close();
  await shop.close();
});

test("StateManager.open() does not pair a state of minisnap with the number of the one before", async () => {
  const fileSystem = new MemoryFileSystem();
  await fileSystem.mkdir(DIR);
  const files = {
    "journal.jsonl":
      '// MINISTORE JOURNAL v0.1.4\n{"add":{"by":1}}\n{"add":{"by":2}}\n',
    "snapshot.json": '{\n  "total": 3,\n  "names": [],\n  "stock": {}\n}',
    "snapshot.seq": "1",
    "snapshot.seq.tmp": "2", // its second rename did not come
  };
  for (const [name, text] of Object.entries(files)) {
    await writeFile(fileSystem, `${DIR}/${name}`, text);
  }
  const shop = await openShop(fileSystem);
  assertEquals([shop.state.total, shop.recovery.damage?.code], [3, "CORRUPT"]);
  await shop.compact();
  await shop.close();
  const again = await openShop(fileSystem);
  assertEquals([again.state.total, again.recovery.snapshot], [3, 2]);
  await again.close();
});
