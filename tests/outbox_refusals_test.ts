import { assertEquals, assertRejects } from "@std/assert";
import type { OutboxCommit } from "../mod.ts";
import { SimulatedFileSystem } from "../src/testing/mod.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import { bytesOf, codeOf } from "./support/queues_b.ts";
import {
  type Mail,
  openShop,
  type Order,
  seen,
  type Shop,
} from "./support/shops.ts";

test("Outbox.commit() that is refused changes nothing, on disk or in memory", async () => {
  const opened = await openShop({
    validate: (order) => {
      if ("order" in (order as object)) {
        if ((order as { order: { id: unknown } }).order.id === "") {
          throw new Error("the id is empty");
        }
      }
    },
  });
  const { fileSystem, clock, shop } = opened;
  const { queue } = shop;
  await shop.commit({
    apply: [{ add: { by: 1 } }],
    enqueue: ["a", "b", "c"].map((mail) => ({ payload: { mail } })),
  });
  const [lost, good] = await queue.claim(2, { visibilityTimeout: 100 });
  clock.advance(50);
  await good.extend(1000);
  clock.advance(50);
  const other = await openShop({ fileSystem: new SimulatedFileSystem() });
  await other.shop.queue.enqueue({ mail: "foreign" });
  const foreign = await other.shop.queue.dequeue();
  const fine: OutboxCommit<Order, Mail> = {
    apply: [{ add: { by: 7 } }],
    enqueue: [{ payload: { mail: "d" }, id: "own", dedupeKey: "key" }],
    ack: [good],
  };
  const [add] = fine.apply ?? [];
  const [letter] = fine.enqueue ?? [];
  const refused: Record<string, [string, OutboxCommit<Order, Mail>]> = {
    "a reducer that throws": ["REJECTED", {
      ...fine,
      apply: [add, { add: { by: -100 } }],
    }],
    "a lease that ran out": ["LEASE_LOST", { ...fine, ack: [good, lost] }],
    "a mutation that is not valid": ["INVALID_RECORD", {
      ...fine,
      apply: [add, { order: { id: "" } }],
    }],
    "a mutation that nobody knows": ["TypeError", {
      ...fine,
      apply: [add, { unknown: {} } as unknown as Order],
    }],
    "a mutation that JSON would change": ["TypeError", {
      ...fine,
      apply: [add, { add: { by: NaN } }],
    }],
    "a payload that JSON would change": ["TypeError", {
      ...fine,
      enqueue: [letter, { payload: new Date(0) as never }],
    }],
    "bad options": ["RangeError", {
      ...fine,
      enqueue: [letter, { payload: { mail: "x" }, delay: -1 }],
    }],
    "a lease of another queue": ["TypeError", {
      ...fine,
      ack: [good, foreign],
    }],
    "something that is no lease": ["TypeError", {
      ...fine,
      ack: [good, { receipt: "1.2" } as never],
    }],
    "unknown parts": ["TypeError", { ...fine, mails: [] } as never],
    "no parts": ["TypeError", null as never],
  };
  const expected = await seen(opened);
  for (const [what, [wanted, parts]] of Object.entries(refused)) {
    const before = bytesOf(fileSystem);
    const name = await shop.commit(parts).then(
      () => "taken",
      (error) => error.code ?? error.name,
    );
    assertEquals(name, wanted, what);
    assertEquals(bytesOf(fileSystem), before, what);
    assertEquals(await seen(opened), expected, what);
  }
  // Nothing of it is in the way of the same again.
  assertEquals(await shop.commit(fine), ["own"]);
  assertEquals(shop.state.total, 8);
  await shop.close();
  await foreign.ack();
  await other.shop.close();
});

test("Outbox.commit() refuses what is no list: nothing is left out in silence", async () => {
  const { shop } = await openShop();
  await shop.queue.enqueue({ mail: "a" });
  const message = await shop.queue.dequeue();
  const bad: Record<string, unknown> = {
    apply: { add: { by: 1 } },
    enqueue: { payload: { mail: "x" } },
    ack: message,
  };
  for (const [name, value] of Object.entries(bad)) {
    const parts = { [name]: value } as OutboxCommit<Order, Mail>;
    const outcome = await shop.commit(parts).then(
      () => "it was taken",
      (error) => error.name,
    );
    assertEquals(outcome, "TypeError", name);
  }
  await shop.close();
});

test("Outbox.transact() refuses what is asynchronous, and passes on what is thrown; nothing is written", async () => {
  const { fileSystem, shop } = await openShop();
  const before = bytesOf(fileSystem);
  await assertRejects(
    () => shop.transact((() => Promise.resolve({})) as never),
    TypeError,
    "asynchronous",
  );
  await assertRejects(
    () => shop.transact((() => Promise.reject(new Error("late"))) as never),
    TypeError,
    "asynchronous",
  );
  await assertRejects(
    () =>
      shop.transact(() => {
        throw new Error("no");
      }),
    Error,
    "no",
  );
  await assertRejects(
    () =>
      shop.transact((state) => {
        (state as Shop).total = 5;
        return {};
      }),
    TypeError,
  );
  await assertRejects(() => shop.transact(undefined as never), TypeError);
  assertEquals(bytesOf(fileSystem), before);
  assertEquals(shop.state.total, 0);
  await shop.close();
});

test("Outbox.commit() that fails rejects with FAILED, and the state stays at what is durable", async () => {
  const opened = await openShop();
  const { fileSystem, shop } = opened;
  await shop.commit({
    apply: [{ add: { by: 1 } }],
    enqueue: [{ payload: { mail: "a" } }],
  });
  const message = await shop.queue.dequeue();
  const expected = await seen(opened);
  fileSystem.inject({ kinds: ["dataSync"], errno: "EIO" });
  const parts = {
    apply: [{ add: { by: 1 } }],
    enqueue: [{ payload: { mail: "b" } }],
    ack: [message],
  };
  const error = await assertCode(() => shop.commit(parts), "FAILED");
  assertEquals(await seen(opened), expected);
  for (
    const call of [
      () => shop.commit(parts),
      () => shop.commit({}),
      () => shop.transact(() => parts),
    ]
  ) assertEquals(await call().catch((error) => error), error);
  assertEquals(await seen(opened), expected);
  await shop.close().catch(() => {});
});

test("Outbox.close() closes both: everything rejects with CLOSED", async () => {
  const { shop } = await openShop();
  await shop.queue.enqueue({ mail: "a" });
  const message = await shop.queue.dequeue();
  const done = shop.commit({ apply: [{ add: { by: 1 } }] });
  await shop.close();
  await done; // it was handed in before
  for (
    const call of [
      () => shop.commit({ apply: [{ add: { by: 1 } }] }),
      () => shop.commit({}),
      () => shop.transact(() => ({})),
      () => shop.commit({ ack: [message] }),
      () => shop.queue.enqueue({ mail: "b" }),
    ]
  ) assertEquals(await codeOf(call()), "CLOSED");
  assertEquals(shop.state.total, 1);
  await shop.close();
});
