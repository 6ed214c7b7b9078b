import { assert, assertEquals } from "@std/assert";
import { MemoryFileSystem, SnapStore, StateManager } from "../mod.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import {
  DIR,
  openShop,
  type Order,
  type Shop,
  shopOptions,
} from "./support/states.ts";
import { readText, writeFile } from "./support/text.ts";

async function shopWith(compact: boolean): Promise<MemoryFileSystem> {
  const fileSystem = new MemoryFileSystem();
  const shop = await openShop(fileSystem);
  for (let n = 1; n <= 6; n++) {
    await shop.applyAll([{ add: { by: n } }, {
      put: { key: `k${n}`, count: n },
    }]);
    if (n === 3) await (compact ? shop.compact() : shop.createSnapshot());
  }
  await shop.close();
  return fileSystem;
}

test("StateManager.verify() says that a healthy state is one", async () => {
  for (const compact of [false, true]) {
    const report = await StateManager.verify(
      DIR,
      shopOptions(await shopWith(compact)),
    );
    assertEquals([
      report.ok,
      report.sequence,
      report.snapshot,
      report.fromScratch,
    ], [true, 12, 6, !compact]);
    assertEquals([report.difference, report.damage, report.log.ok], [
      undefined,
      undefined,
      true,
    ]);
  }
});

test("StateManager.verify() finds a reducer that is not deterministic, with the first mutation that shows it", async () => {
  const fileSystem = await shopWith(false);
  let calls = 0;
  const apply = (state: Shop, order: Order): void => {
    calls++;
    if (typeof order === "object" && "put" in order) {
      state.stock[order.put.key] = {
        count: order.put.key === "k5" ? calls : 1,
      };
    }
  };
  const report = await StateManager.verify(
    DIR,
    shopOptions(fileSystem, { apply }),
  );
  assertEquals(report.ok, false);
  // The snapshot, which another reducer made, differs first.
  assertEquals(report.difference?.between, "replay and snapshot");
  assertEquals(report.difference?.sequence, 6);
  const fresh = new MemoryFileSystem();
  const shop = await StateManager.open(DIR, shopOptions(fresh, { apply }));
  for (const key of ["k1", "k5", "k6"]) {
    await shop.apply({ put: { key, count: 1 } });
  }
  await shop.close();
  const { difference } = await StateManager.verify(
    DIR,
    shopOptions(fresh, { apply }),
  );
  assertEquals([difference?.between, difference?.sequence, difference?.path], [
    "replays",
    2,
    "stock.k5.count",
  ]);
  assert(
    typeof difference?.left === "number" &&
      difference.left !== difference.right,
  );
});

test("StateManager.verify() finds a snapshot that is not what the log says", async () => {
  const fileSystem = await shopWith(false);
  const store = new SnapStore<Shop>(DIR, { fileSystem });
  const { state, sequence } = await store.restore();
  state.stock.k2.count = 99;
  await store.create(state, sequence);
  const { ok, difference } = await StateManager.verify(
    DIR,
    shopOptions(fileSystem),
  );
  assertEquals(ok, false);
  assertEquals(difference, {
    between: "replay and snapshot",
    sequence: 6,
    path: "stock.k2.count",
    left: 2,
    right: 99,
  });
});

test("StateManager.verify() reports damage of the log, of the snapshot, and between them", async () => {
  const path = `${DIR}/journal.jsonl`;
  const fileSystem = await shopWith(false);
  const text = await readText(fileSystem, path);
  await writeFile(fileSystem, path, text.replace('"k4"', '"k9"'));
  const broken = await StateManager.verify(DIR, shopOptions(fileSystem));
  assertEquals([broken.ok, broken.damage?.code, broken.log.ok], [
    false,
    "CORRUPT",
    false,
  ]);
  await writeFile(fileSystem, path, text);
  await writeFile(fileSystem, `${DIR}/snapshot.json`, "{}");
  const unread = await StateManager.verify(DIR, shopOptions(fileSystem));
  assertEquals([unread.ok, unread.damage?.code, unread.sequence], [
    false,
    "CORRUPT",
    12,
  ]);
  const behind = await shopWith(false);
  await new SnapStore<Shop>(DIR, { fileSystem: behind }).create({
    total: 0,
    names: [],
    stock: {},
  }, 20);
  const ahead = await StateManager.verify(DIR, shopOptions(behind));
  assertEquals([ahead.ok, ahead.damage?.code, ahead.damage?.sequence], [
    false,
    "CORRUPT",
    13,
  ]);
  const lost = await shopWith(true);
  for (const name of ["json", "seq", "meta.json"]) {
    await lost.remove(`${DIR}/snapshot.${name}`);
  }
  assertEquals(
    (await StateManager.verify(DIR, shopOptions(lost))).damage?.code,
    "CORRUPT",
  );
  await assertCode(
    () => StateManager.verify("nothing", shopOptions(lost)),
    "NOT_FOUND",
  );
});

test("StateManager.verify() finds a reducer that looks at the time or at random numbers, even within one millisecond", async () => {
  const looks: Record<string, () => unknown> = {
    "Date.now()": () => Date.now(),
    "new Date()": () => new Date().toISOString(),
    "Date()": () => Date(),
    "the hour": () => new Date().getHours(),
    "performance.now()": () => Math.floor(performance.now() / 1e9),
    "Math.random()": () => Math.random(),
    "a coin": () => Math.random() < 0.5,
    "a die": () => Math.floor(Math.random() * 6),
    "crypto.randomUUID()": () => crypto.randomUUID(),
  };
  for (const [name, look] of Object.entries(looks)) {
    const options = {
      initial: { seen: [] as unknown[] },
      apply: (state: { seen: unknown[] }, _: number) => {
        state.seen.push(look());
      },
      fileSystem: new MemoryFileSystem(),
    };
    const manager = await StateManager.open("d", options);
    for (let n = 0; n < 8; n++) await manager.apply(n);
    await manager.close();
    const { ok, difference } = await StateManager.verify("d", options);
    assertEquals([ok, difference?.between], [false, "replays"], name);
  }
});

test("StateManager.verify() leaves the clock and the random numbers as they were, also behind a reducer that throws", async () => {
  const { now } = Date;
  const before = [Date, now, Math.random, performance.now];
  let isOpen = true;
  const options = {
    initial: { time: 0 },
    apply: (state: { time: number }, time: number) => {
      const made = new Date(time);
      if (!isOpen || !(made instanceof Date)) throw new Error("no");
      state.time = made.getTime() + Date.UTC(1970) + Date.parse("1970");
    },
    fileSystem: new MemoryFileSystem(),
  };
  const manager = await StateManager.open("d", options);
  await manager.apply(5);
  await manager.close();
  assertEquals((await StateManager.verify("d", options)).ok, true);
  isOpen = false;
  const { damage } = await StateManager.verify("d", options);
  assertEquals(damage?.code, "REJECTED");
  assertEquals([Date, Date.now, Math.random, performance.now], before);
});

test("StateManager.verify() says that a state is healthy whose reducer made a cycle that is gone again", async () => {
  const options = {
    initial: { a: { n: 0 } } as Record<string, unknown>,
    apply: (state: Record<string, unknown>, n: number) => {
      const a = state.a as Record<string, unknown>;
      a.self = a;
      const o: Record<string, unknown> = { n };
      o.o = o;
      state.o = o;
      delete a.self;
      delete o.o;
    },
    fileSystem: new MemoryFileSystem(),
  };
  const manager = await StateManager.open("d", options);
  for (const n of [1, 2]) await manager.apply(n);
  assertEquals(manager.snapshot(), { a: { n: 0 }, o: { n: 2 } });
  await manager.close();
  assertEquals((await StateManager.verify("d", options)).ok, true);
});
