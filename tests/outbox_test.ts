import { assert, assertEquals, assertRejects } from "@std/assert";
import type { OutboxCommit } from "../mod.ts";
import { SimulatedFileSystem } from "../src/testing/mod.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import { bytesOf, Gate, recordsOf, syncsOf, turn } from "./support/queues_b.ts";
import {
  type Mail,
  openAgain,
  openShop,
  type Order,
  seen,
} from "./support/shops.ts";

test("Outbox.commit() changes the state and the queue with one sync, and shows both when they are durable", async () => {
  const opened = await openShop();
  const { fileSystem, shop } = opened;
  const before = syncsOf(fileSystem);
  const gate = new Gate(fileSystem);
  const done = shop.commit({
    apply: [{ add: { by: 5 } }, { order: { id: "o-1" } }],
    enqueue: [{ payload: { mail: "o-1" } }, {
      payload: { mail: "later" },
      delay: 50,
    }],
  });
  await turn();
  assertEquals([shop.state.total, shop.queue.size, shop.sequence], [0, 0, 0]);
  gate.open();
  assertEquals(await done, ["3", "4"]);
  assertEquals(syncsOf(fileSystem) - before, 1);
  assertEquals(shop.state, { total: 5, orders: ["o-1"] });
  assertEquals(shop.queue.stats().delayed, 1);
  assertEquals([shop.queue.size, shop.sequence], [2, 4]);
  await shop.close();
});

test("Outbox.commit() acknowledges a message with the mutation that it asked for", async () => {
  const opened = await openShop();
  const { fileSystem, shop } = opened;
  await shop.queue.enqueue({ mail: "a" });
  const message = await shop.queue.dequeue();
  const before = syncsOf(fileSystem);
  assertEquals(
    await shop.commit({ apply: [{ add: { by: 1 } }], ack: [message] }),
    [],
  );
  assertEquals(syncsOf(fileSystem) - before, 1);
  await assertCode(() => message.ack(), "LEASE_LOST");
  assertEquals([shop.state.total, shop.queue.size], [1, 0]);
  await shop.close();
  const again = await openAgain(opened);
  assertEquals([again.shop.state.total, again.shop.queue.size], [1, 0]);
  await again.shop.close();
});

test("Outbox.commit() is all or nothing in every crash state", async () => {
  const opened = await openShop();
  const { fileSystem, clock, shop } = opened;
  await shop.commit({ enqueue: [{ payload: { mail: "first" } }] });
  const message = await shop.queue.dequeue();
  const before = JSON.stringify(await seen(opened));
  const images: SimulatedFileSystem[] = [];
  fileSystem.onOperation = () => {
    for (const { image } of fileSystem.crashStates({ sectorSize: 32 })) {
      images.push(new SimulatedFileSystem({ image }));
    }
  };
  await shop.commit({
    apply: [{ add: { by: 5 } }, { order: { id: "o-1" } }],
    enqueue: [{ payload: { mail: "x".repeat(100) } }, {
      payload: { mail: "o-1" },
    }],
    ack: [message],
  });
  const after = JSON.stringify(await seen(opened));
  fileSystem.onOperation = () => {};
  for (const { image } of fileSystem.crashStates()) {
    images.push(new SimulatedFileSystem({ image }));
  }
  await shop.close();
  const found = new Set<string>();
  for (const image of images) {
    const again = await openShop({ fileSystem: image, clock });
    found.add(JSON.stringify(await seen(again)));
    await again.shop.close();
  }
  assert(images.length > 10, `${images.length}`);
  assertEquals([...found].sort(), [before, after].sort());
});

test("Outbox.commit() of nothing resolves when what was handed in before is durable", async () => {
  const { fileSystem, shop } = await openShop();
  const before = bytesOf(fileSystem);
  assertEquals(await shop.commit({}), []);
  assertEquals(
    await shop.commit({ apply: [], enqueue: [], ack: [] }),
    [],
  );
  assertEquals(bytesOf(fileSystem), before);
  await shop.close();
});

test("Outbox.commit() acknowledges a message once that is named twice", async () => {
  const { fileSystem, shop } = await openShop();
  await shop.queue.enqueue({ mail: "a" });
  const message = await shop.queue.dequeue();
  await shop.commit({ ack: [message, message] });
  assertEquals(shop.queue.size, 0);
  assertEquals(recordsOf(fileSystem, "ack").length, 1);
  await shop.close();
});

test("Outbox.commit() acknowledges a message once that is named by itself and by its receipt", async () => {
  const { fileSystem, shop } = await openShop();
  await shop.queue.enqueue({ mail: "a" });
  const message = await shop.queue.dequeue();
  const lease = shop.queue.lease(message.receipt);
  await shop.commit({ ack: [message, lease] });
  assertEquals(shop.queue.size, 0);
  assertEquals(recordsOf(fileSystem, "ack").length, 1);
  await shop.close();
});

test("Outbox.commit() refuses a lease of the same queue as it was opened before", async () => {
  const opened = await openShop();
  await opened.shop.queue.enqueue({ mail: "a" });
  const message = await opened.shop.queue.dequeue();
  await opened.shop.close();
  const again = await openAgain(opened);
  await assertRejects(
    () => again.shop.commit({ ack: [message] }),
    TypeError,
    "it is of another queue",
  );
  await again.shop.commit({ ack: [again.shop.queue.lease(message.receipt)] });
  assertEquals(again.shop.queue.size, 0);
  await again.shop.close();
});

test("Outbox.commit() takes messages once that have a key, and mutations all the same", async () => {
  const { shop } = await openShop();
  const parts: OutboxCommit<Order, Mail> = {
    apply: [{ add: { by: 1 } }],
    enqueue: [{ payload: { mail: "a" }, dedupeKey: "k" }, {
      payload: { mail: "b" },
      dedupeKey: "k",
    }],
  };
  assertEquals(await shop.commit(parts), ["2", "2"]);
  assertEquals(await shop.commit(parts), ["2", "2"]);
  assertEquals([shop.state.total, shop.queue.size], [2, 1]);
  await shop.close();
});

test("Outbox.commit() writes what it was given, whatever the caller does with it afterwards", async () => {
  const opened = await openShop();
  const order = { order: { id: "o-1" } };
  const payload = { mail: "o-1" };
  const done = opened.shop.commit({ apply: [order], enqueue: [{ payload }] });
  order.order.id = payload.mail = "changed";
  await done;
  const expected = await seen(opened);
  assertEquals(opened.shop.state.orders, ["o-1"]);
  await opened.shop.close();
  const again = await openAgain(opened);
  assertEquals(await seen(again), expected);
  await again.shop.close();
});

test("Outbox.commit() hands a message to who waits for it with the same sync", async () => {
  const { fileSystem, shop } = await openShop();
  const waiting = shop.queue.dequeue();
  await turn();
  const before = syncsOf(fileSystem);
  await shop.commit({ enqueue: [{ payload: { mail: "a" } }] });
  assertEquals((await waiting).payload, { mail: "a" });
  assertEquals(syncsOf(fileSystem) - before, 1);
  await shop.close();
});

test("Outbox.commit() within a handler settles its message: process() leaves it alone", async () => {
  const opened = await openShop();
  const { fileSystem, clock, shop } = opened;
  const stop = new AbortController();
  const done = shop.queue.process(async (message) => {
    await shop.commit({ apply: [{ add: { by: 1 } }], ack: [message] });
    assert(!message.signal.aborted);
  }, { signal: stop.signal });
  for (let n = 0; n < 5; n++) await shop.queue.enqueue({ mail: `${n}` });
  await shop.queue.idle();
  stop.abort();
  await done;
  assertEquals([shop.state.total, clock.timers], [5, 0]);
  assertEquals(recordsOf(fileSystem, "ack").length, 5);
  await shop.close();
});

test("Outbox.transact() decides upon the newest state, with nothing in between", async () => {
  const opened = await openShop();
  const { fileSystem, shop } = opened;
  const gate = new Gate(fileSystem);
  const seen: number[] = [];
  const done = Array.from({ length: 5 }, () =>
    shop.transact(({ total }) => {
      seen.push(total);
      return total < 3
        ? {
          apply: [{ add: { by: 1 } }],
          enqueue: [{ payload: { mail: `${total}` } }],
        }
        : {};
    }));
  assertEquals(shop.state.total, 0);
  gate.open();
  const ids = await Promise.all(done);
  assertEquals(seen, [0, 1, 2, 3, 3]);
  assertEquals(ids, [["2"], ["4"], ["6"], [], []]);
  assertEquals([shop.state.total, shop.queue.size], [3, 3]);
  await shop.close();
});

test("Outbox.transact() is refused if the function submits something itself", async () => {
  const { shop } = await openShop();
  const submits = [
    () => shop.commit({ apply: [{ add: { by: 1 } }] }),
    () => shop.queue.enqueue({ mail: "o-1" }),
  ];
  for (const submit of submits) {
    for (const apply of [[], [{ add: { by: 10 } }]] as Order[][]) {
      let own: Promise<unknown> | undefined;
      await assertCode(() =>
        shop.transact(() => {
          own = submit();
          return { apply };
        }), "CONFLICT");
      await own;
    }
  }
  assertEquals([shop.state.total, shop.queue.size, shop.sequence], [2, 2, 4]);
  await shop.close();
});

test("Outbox.commit() puts a message back under its own id, with the acknowledgement", async () => {
  const { clock, shop } = await openShop();
  const { queue } = shop;
  await queue.enqueue({ mail: "first" }, { id: "job", dedupeWindow: 10 });
  clock.advance(20);
  const message = await queue.dequeue();
  const ids = await shop.commit({
    ack: [message],
    enqueue: [{ payload: { mail: "second" }, id: "job" }],
  });
  assertEquals([ids, queue.size], [["job"], 1]);
  assertEquals((await queue.dequeue()).payload.mail, "second");
  await shop.close();
});
