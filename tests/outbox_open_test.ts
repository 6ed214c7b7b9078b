import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { MiniQueue, mutators, Outbox, type OutboxOptions } from "../mod.ts";
import { FakeClock, SimulatedFileSystem } from "../src/testing/mod.ts";
import { test } from "./support/harness.ts";
import { all, codeOf, DIR, segmentsOf } from "./support/queues_b.ts";
import {
  type Mail,
  MUTATORS,
  openAgain,
  openShop,
  type Order,
  seen,
  type Shop,
} from "./support/shops.ts";

test("Outbox.state cannot be changed, before the first mutation and behind it", async () => {
  const { shop } = await openShop();
  for (let n = 0; n < 2; n++) {
    const state = shop.state as Shop;
    assertThrows(() => state.total = 9, TypeError);
    assertThrows(() => state.orders.push("o"), TypeError);
    assertEquals(shop.state, { total: 0, orders: [] });
    await shop.commit({ apply: [{ add: { by: 0 } }] });
  }
  await shop.close();
});

test("Outbox.open() does not share its initial state with anybody", async () => {
  const initial: Shop = { total: 0, orders: [] };
  const opened = await openShop({ initial });
  await opened.shop.commit({
    apply: [{ order: { id: "o-1" } }, { add: { by: 2 } }],
  });
  assertEquals(initial, { total: 0, orders: [] });
  initial.orders.push("by the caller");
  initial.total = 100;
  assertEquals(opened.shop.state, { total: 2, orders: ["o-1"] });
  await opened.shop.close();
  const again = await openAgain(opened);
  assertEquals(again.shop.state, { total: 2, orders: ["o-1"] });
  await again.shop.close();
});

test("Outbox.open() gives a directory that held a queue alone the initial state, and keeps its messages", async () => {
  for (const compact of [false, true]) {
    const fileSystem = new SimulatedFileSystem();
    const clock = new FakeClock();
    const queue = await MiniQueue.open<Mail>(DIR, { fileSystem, clock });
    await queue.enqueue({ mail: "a" }, { id: "own" });
    await queue.enqueue({ mail: "b" });
    const { receipt } = await queue.dequeue();
    if (compact) await queue.compact();
    await queue.close();
    const initial = { total: 10, orders: [] };
    const opened = await openShop({ fileSystem, clock, initial });
    const { shop } = opened;
    assertEquals(shop.state, { total: 10, orders: [] });
    assertThrows(() => (shop.state as Shop).total = 9, TypeError);
    assertEquals(
      await codeOf(shop.transact(({ total }) => ({
        apply: total === 10 ? [{ add: { by: -11 } }] : [],
      }))),
      "REJECTED",
    );
    assertEquals(shop.state, { total: 10, orders: [] });
    await shop.commit({
      apply: [{ add: { by: 1 } }],
      ack: [shop.queue.lease(receipt)],
    });
    assertEquals(shop.state.total, 11);
    const expected = await seen(opened);
    await shop.close();
    const again = await openAgain(opened, { initial });
    assertEquals(await seen(again), expected);
    await again.shop.queue.compact();
    await again.shop.close();
  }
});

test("Outbox.open() finds everything again, from the log and from a snapshot", async () => {
  const options = { queue: { maxSegmentBytes: 200, payloadMemory: 0 } };
  const opened = await openShop(options);
  const { shop } = opened;
  for (let n = 0; n < 20; n++) {
    await shop.commit({
      apply: [{ add: { by: n } }, { order: { id: `o-${n}` } }],
      enqueue: [{ payload: { mail: `o-${n}` } }],
    });
    if (n % 4 > 0) {
      await shop.commit({ ack: [await shop.queue.dequeue()] });
    }
  }
  const expected = await seen(opened);
  await shop.close();
  const second = await openAgain(opened, options);
  assertEquals(await seen(second), expected);
  const { removedSegments } = await second.shop.queue.compact();
  assert(removedSegments > 0);
  assertEquals(await seen(second), expected);
  await second.shop.commit({ apply: [{ add: { by: 1000 } }] });
  const more = await seen(second);
  await second.shop.close();
  const third = await openAgain(second, options);
  assertEquals(await seen(third), more);
  assert(third.shop.recovery.snapshot !== undefined);
  await third.shop.close();
});

test("Outbox.open() of a new version reads older mutations by upcast, and older snapshots by migrate; queue records are left alone", async () => {
  for (const compact of [false, true]) {
    const opened = await openShop();
    await opened.shop.commit({
      apply: [{ add: { by: 5 } }, { order: { id: "o-1" } }],
      enqueue: [{ payload: { mail: "o-1" } }],
    });
    await opened.shop.queue.dequeue();
    if (compact) await opened.shop.queue.compact();
    await opened.shop.close();
    const upcasted: unknown[] = [];
    const migrated: unknown[] = [];
    opened.fileSystem.restart();
    const { fileSystem, clock } = opened;
    interface Shop2 {
      cents: number;
      orders: string[];
    }
    const options: OutboxOptions<Shop2, Order, Mail> = {
      initial: { cents: 0, orders: [] },
      apply: mutators({
        add: (state: Shop2, p: { by: number }) => void (state.cents += p.by),
        order: (state: Shop2, p: { id: string }) =>
          void state.orders.push(p.id),
      }),
      version: 2,
      upcast(mutation, from) {
        upcasted.push([mutation, from]);
        const { add } = mutation as { add?: { by: number } };
        return add ? { add: { by: add.by * 100 } } : mutation as Order;
      },
      migrate(state, from) {
        migrated.push([state, from]);
        const { total, orders } = state as Shop;
        return { cents: total * 100, orders };
      },
      queue: { fileSystem, clock },
    };
    const shop = await Outbox.open(DIR, options);
    assertEquals(shop.state, { cents: 500, orders: ["o-1"] });
    assertEquals(shop.queue.stats().leased, 1);
    assertEquals(
      upcasted,
      compact ? [] : [[{ add: { by: 5 } }, 1], [{ order: { id: "o-1" } }, 1]],
    );
    assertEquals(
      migrated,
      compact ? [[{ total: 5, orders: ["o-1"] }, 1]] : [],
    );
    await shop.commit({
      apply: [{ add: { by: 1 } }],
      enqueue: [{ payload: { mail: "new" } }],
    });
    await shop.queue.compact();
    await shop.close();
    fileSystem.restart();
    const again = await Outbox.open(DIR, options);
    assertEquals(again.state, { cents: 501, orders: ["o-1"] });
    assertEquals(
      (await all(again.queue.list())).map(({ payload }) => payload),
      [{ mail: "o-1" }, { mail: "new" }],
    );
    await again.close();
  }
});

test("Outbox.open() of a new version gives a queue's snapshot without a state the initial one, not what migrate makes of nothing", async () => {
  const fileSystem = new SimulatedFileSystem();
  const queue = await MiniQueue.open<Mail>(DIR, { fileSystem });
  await queue.enqueue({ mail: "a" });
  await queue.compact();
  await queue.close();
  const { shop } = await openShop({
    fileSystem,
    version: 2,
    upcast: (mutation) => mutation as Order,
    migrate: () => {
      throw new Error("there is no state");
    },
  });
  assertEquals(shop.state, { total: 0, orders: [] });
  assertEquals((await shop.queue.peek())?.payload, { mail: "a" });
  await shop.close();
});

test("Outbox.open() without upcast refuses what an older version wrote, and changes nothing", async () => {
  const opened = await openShop();
  await opened.shop.commit({ apply: [{ add: { by: 5 } }] });
  await opened.shop.close();
  const before = segmentsOf(opened.fileSystem);
  await assertRejects(() => openAgain(opened, { version: 2 }), Error);
  assertEquals(segmentsOf(opened.fileSystem), before);
  const again = await openAgain(opened);
  assertEquals(again.shop.state.total, 5);
  await again.shop.close();
});

test("MiniQueue.open() refuses the log of an outbox that has mutations in it, and keeps the state of one in a snapshot", async () => {
  const opened = await openShop();
  const { fileSystem, clock, shop } = opened;
  await shop.commit({
    apply: [{ add: { by: 5 } }],
    enqueue: [{ payload: { mail: "a" } }],
  });
  await shop.close();
  await assertRejects(() => MiniQueue.open(DIR, { fileSystem, clock }), Error);
  const second = await openAgain(opened);
  await second.shop.queue.compact();
  await second.shop.close();
  const queue = await MiniQueue.open<Mail>(DIR, { fileSystem, clock });
  await (await queue.dequeue()).ack();
  await queue.compact();
  await queue.close();
  const third = await openAgain(opened);
  assertEquals([third.shop.state.total, third.shop.queue.size], [5, 0]);
  await third.shop.close();
});

test("Outbox.open() works with a state that is no object, and with one that is replaced", async () => {
  const fileSystem = new SimulatedFileSystem();
  const open = () =>
    Outbox.open("count", {
      initial: 0,
      apply: (count: number, by: number) => count + by,
      queue: { fileSystem },
    });
  const first = await open();
  assertEquals(first.state, 0);
  await first.commit({ apply: [0] });
  assertEquals(first.state, 0);
  await first.commit({ apply: [2, 3], enqueue: [{ payload: 1 }] });
  assertEquals(first.state, 5);
  assertEquals(await first.transact((count) => ({ apply: [count] })), []);
  await first.close();
  fileSystem.restart();
  const again = await open();
  assertEquals(again.state, 10);
  await again.close();
  const lists = await Outbox.open("list", {
    initial: [] as number[],
    apply: (list: number[], n: number) => [...list, n],
    queue: { fileSystem },
  });
  await lists.commit({ apply: [1, 2] });
  assertEquals(lists.state, [1, 2]);
  await lists.close();
});

test("Outbox.open() refuses bad options before it touches the disk", async () => {
  const fileSystem = new SimulatedFileSystem();
  const good = {
    initial: { total: 0, orders: [] },
    apply: mutators(MUTATORS),
    queue: { fileSystem },
  };
  const bad: object[] = [
    { ...good, apply: undefined },
    { ...good, apply: {} },
    { ...good, initial: undefined },
    { ...good, initial: { a: NaN } },
    { ...good, initial: new Date() },
    { ...good, validate: 5 },
    { ...good, version: 0 },
    { ...good, version: "1" },
    { ...good, upcast: 5 },
    { ...good, migrate: {} },
    { ...good, journal: "a" },
    { ...good, fileSystem },
    { ...good, queue: { fileSystem, maxAttempts: 0 } },
    { ...good, queue: { fileSystem, version: 1 } },
    { ...good, queue: 5 },
    { ...good, queue: null },
  ];
  for (const options of bad) {
    const error = await Outbox.open(DIR, options as never).then(
      () => undefined,
      (error) => error,
    );
    assert(
      error instanceof TypeError || error instanceof RangeError,
      `${Object.entries(options)}: ${error}`,
    );
  }
  assertEquals(fileSystem.operations, []);
});
