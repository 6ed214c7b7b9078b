import { assert, assertEquals } from "@std/assert";
import { MiniQueue } from "../mod.ts";
import { SimulatedFileSystem } from "../src/testing/mod.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import { DIR } from "./support/queues_b.ts";
import { type Mail, openAgain, openShop, type Order } from "./support/shops.ts";

const START = { total: 0, orders: [] };

test("Outbox.open() of a new version needs no upcast and no migrate for a queue that has no mutations yet", async () => {
  for (const compact of [false, true]) {
    const opened = await openShop();
    await opened.shop.queue.enqueue({ mail: "a" });
    await opened.shop.queue.enqueue({ mail: "b" });
    await (await opened.shop.queue.dequeue()).ack();
    if (compact) await opened.shop.queue.compact();
    await opened.shop.close();
    const initial = { total: 7, orders: ["first"] };
    const next = await openAgain(opened, { version: 2, initial });
    assertEquals(next.shop.state, initial);
    assertEquals(next.shop.recovery.damage, undefined);
    assertEquals((await next.shop.queue.peek())?.payload, { mail: "b" });
    await next.shop.commit({ apply: [{ add: { by: 1 } }] });
    await next.shop.queue.compact();
    await next.shop.close();
    const again = await openAgain(next, { version: 2, initial: START });
    assertEquals(again.shop.state, { total: 8, orders: ["first"] });
    await again.shop.close();
  }
});

test("Outbox.open() of a new version opens the log of a queue alone, from its records and from its snapshot", async () => {
  for (const compact of [false, true]) {
    const fileSystem = new SimulatedFileSystem();
    const queue = await MiniQueue.open<Mail>(DIR, { fileSystem });
    await queue.enqueue({ mail: "a" });
    if (compact) await queue.compact();
    await queue.close();
    const { shop } = await openShop({ fileSystem, version: 2 });
    assertEquals([shop.state, shop.queue.size], [START, 1]);
    await shop.close();
  }
});

test("Outbox.open() of a new version without upcast and migrate refuses mutations, and a state in a snapshot", async () => {
  for (const compact of [false, true]) {
    const opened = await openShop();
    const { shop } = opened;
    await shop.queue.enqueue({ mail: "a" });
    await shop.commit({ apply: [{ add: { by: 5 } }] });
    await shop.queue.dequeue();
    if (compact) await shop.queue.compact();
    await shop.close();
    const next = () => openAgain(opened, { version: 2 });
    const error = await assertCode(next, "UNSUPPORTED_VERSION");
    assertEquals(
      error.message,
      compact
        ? 'Cannot use the snapshot in "jobs": it is of version 1, this program writes version 2, and the option migrate is missing; the log cannot replace the snapshot, because it begins with record 4'
        : 'Cannot use "jobs/queue.jsonl": record 2 is of version 1, this program writes version 2, and the option upcast is missing',
    );
    const again = await openAgain(opened);
    assertEquals(again.shop.state.total, 5);
    await again.shop.close();
  }
});

test("Outbox.open() of a new version changes nothing until the first commit, so that the older program can go on", async () => {
  const opened = await openShop();
  await opened.shop.commit({ apply: [{ add: { by: 5 } }] });
  await opened.shop.close();
  const upcast = (mutation: unknown) => mutation as Order;
  const newer = await openAgain(opened, { version: 2, upcast });
  assertEquals(newer.shop.state.total, 5);
  await newer.shop.close();
  const older = await openAgain(opened);
  await older.shop.commit({ apply: [{ add: { by: 1 } }] });
  await older.shop.close();
  const last = await openAgain(opened, { version: 2, upcast });
  await last.shop.commit({ apply: [{ add: { by: 1 } }] });
  assertEquals(last.shop.state.total, 7);
  await last.shop.close();
  await assertCode(() => openAgain(opened), "UNSUPPORTED_VERSION");
});

test("Outbox.commit() judges the first mutation as every other: what was changed and changed back was changed", async () => {
  const { shop } = await openShop({
    apply: (state) => {
      state.orders.push("o-1");
      state.orders.pop();
      return { total: 9, orders: [] };
    },
  });
  for (let n = 0; n < 2; n++) {
    const commit = () => shop.commit({ apply: [{ add: { by: 1 } }] });
    const { cause } = await assertCode(commit, "REJECTED");
    assertEquals(
      (cause as Error).message,
      "The reducer changed the state and returned a value: it must do only one of the two",
    );
  }
  assertEquals(shop.state, START);
  await shop.close();
});

test("Outbox.commit() gives the reducer of the first mutation its number", async () => {
  const numbers: number[] = [];
  const { shop } = await openShop({
    apply: (_state, _order, number) => void numbers.push(number),
  });
  await shop.queue.enqueue({ mail: "a" });
  const orders: Order[] = [{ add: { by: 1 } }, { add: { by: 1 } }];
  await shop.commit({ apply: orders });
  assertEquals(numbers, [2, 3]);
  await shop.close();
});

test("Outbox.open() refuses a migrate or an upcast that returns nothing, or a promise", async () => {
  const nothing = () => undefined as never;
  const promise = () => Promise.reject(new Error("late")) as never;
  for (const wrong of [nothing, promise]) {
    for (
      const [option, compact] of [["migrate", true], ["upcast", false]] as const
    ) {
      const opened = await openShop();
      await opened.shop.commit({ apply: [{ add: { by: 5 } }] });
      if (compact) await opened.shop.queue.compact();
      await opened.shop.close();
      const code = option === "migrate" ? "REJECTED" : "INVALID_RECORD";
      const error = await assertCode(
        () => openAgain(opened, { version: 2, [option]: wrong }),
        code,
      );
      assert(error.message.includes(`${option} returned`), error.message);
      const again = await openAgain(opened);
      assertEquals(again.shop.state.total, 5);
      await again.shop.close();
    }
  }
});
