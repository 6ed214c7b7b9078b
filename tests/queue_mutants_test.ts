/** Small measures of a queue, each of which nothing else would miss. */

import { assert, assertEquals } from "@std/assert";
import { Payloads } from "../src/queue/payloads.ts";
import { SimulatedFileSystem } from "../src/testing/mod.ts";
import { Lookup } from "../src/wal/lookup.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import { held, Jobs, LEASE } from "./support/queues.ts";
import { recordsOf } from "./support/queues_b.ts";
import { openShop } from "./support/shops.ts";

test("Message.signal that is asked for when the message was settled never aborts", async () => {
  const { jobs, message } = await held();
  await message.ack();
  const { signal } = message;
  assertEquals([signal.aborted, jobs.clock.timers], [false, 0]);
  jobs.clock.advance(LEASE);
  await jobs.queue.close();
  assertEquals(signal.aborted, false);
});

test("Message.extend() begins a lease anew, so that a clock set back to behind its claim does not make it longer", async () => {
  const hour = 3_600_000;
  const { jobs, message } = await held();
  const { queue, clock } = jobs;
  clock.advance(LEASE - 1);
  const { receipt } = message;
  await message.extend(hour);
  clock.advance(hour - 1);
  await message.extend(LEASE);
  clock.set(clock.now() - hour + 1);
  assertEquals(await queue.tryDequeue(), undefined);
  clock.advance(LEASE);
  assertEquals((await jobs.take()).attempts, 2);
  await assertCode(() => queue.lease(receipt).ack(), "LEASE_LOST");
  await queue.close();
});

test("MiniQueue.dequeue() passes over a message whose lease runs out while its payload is read", async () => {
  const jobs = await Jobs.open({ payloadMemory: 0 });
  const { fileSystem, queue, clock } = jobs;
  await jobs.add("a");
  let reads = 0;
  fileSystem.onOperation = ({ kind }) => {
    if (kind === "read" && ++reads === 1) clock.advance(LEASE);
  };
  const message = await queue.dequeue(); // nobody had begun with it
  assertEquals([message.payload, message.attempts], ["a", 1]);
  await message.ack();
  await queue.close();
});

/** A queue with two messages of a group: the first was dead meanwhile, and is back in front of the second, which had been let through. */
async function redriven(): Promise<Jobs> {
  const jobs = await Jobs.open();
  const { queue } = jobs;
  for (const payload of ["a", "b"]) {
    await queue.enqueue(payload, { group: "g" });
  }
  await (await jobs.take()).fail("no");
  await queue.deadLetters.redrive();
  return jobs;
}

test("MiniQueue.claim() takes one of a group, though another one was let through before", async () => {
  const { queue } = await redriven();
  const messages = await queue.claim(2);
  assertEquals(messages.map(({ payload }) => payload), ["a"]);
  await queue.close();
});

test("MiniQueue.claim() takes a message once that was let through twice", async () => {
  const jobs = await redriven();
  await (await jobs.take()).ack();
  const messages = await jobs.queue.claim(2);
  assertEquals(
    messages.map(({ payload, attempts }) => [payload, attempts]),
    [["b", 1]],
  );
  await jobs.queue.close();
});

test("MiniQueue does not hand a message out that was let through twice and is held", async () => {
  const jobs = await redriven();
  await (await jobs.take()).ack();
  const b = await jobs.take();
  assertEquals(await jobs.queue.tryDequeue(), undefined);
  await b.ack();
  await jobs.queue.close();
});

test("MiniQueue does not hand a message out that was let through twice and is delayed", async () => {
  const jobs = await redriven();
  await (await jobs.take()).ack();
  await (await jobs.take()).release(LEASE);
  assertEquals(await jobs.queue.tryDequeue(), undefined);
  jobs.clock.advance(LEASE);
  assertEquals((await jobs.take()).payload, "b");
  await jobs.queue.close();
});

test("MiniQueue.compact() keeps what was enqueued when it had seen what is needed, and is in its snapshot", async () => {
  const jobs = await Jobs.open({ payloadMemory: 0 });
  const { fileSystem, queue } = jobs;
  await jobs.add("done");
  await (await jobs.take()).ack();
  let late: Promise<string> | undefined;
  fileSystem.onOperation = async ({ kind }) => {
    if (kind !== "stat" || late) return;
    late = queue.enqueue("late");
    await late;
  };
  await queue.compact();
  assertEquals((await jobs.take()).payload, "late");
  await queue.close();
});

test("MiniQueue.compact() leaves a message alone that is gone when its payload was read to be carried on", async () => {
  for (let at = 1; at <= 6; at++) {
    // Each record in a segment of its own, so that each is read by itself.
    const jobs = await Jobs.open({ payloadMemory: 0, maxSegmentBytes: 1 });
    const { fileSystem, queue } = jobs;
    await jobs.add("a");
    await jobs.add("b");
    for (let n = 0; n < 8; n++) await jobs.add("done");
    const [a, , ...done] = await queue.claim(10);
    for (const message of done) await message.ack();
    let reads = 0;
    fileSystem.onOperation = async ({ kind }) => {
      if (kind === "open-read" && ++reads === at) await a.ack();
    };
    const { removedSegments } = await queue.compact();
    assert(removedSegments > 0);
    fileSystem.onOperation = () => {};
    jobs.clock.advance(LEASE);
    assertEquals(await jobs.drain(), reads < at ? ["a", "b"] : ["b"]);
    await queue.close();
  }
});

test("MiniQueue.open() knows the held one of a group among those that are back, and one whose lease is over", async () => {
  const jobs = await Jobs.open();
  // So many that messages are no longer kept in the order of their numbers.
  await jobs.add(...Array.from({ length: 2000 }, () => "other"));
  const group = { group: "g", priority: 1 };
  for (const payload of ["a", "b", "c"]) {
    await jobs.queue.enqueue(payload, group);
  }
  await (await jobs.take()).fail("no");
  await (await jobs.take()).fail("no");
  assertEquals((await jobs.take()).payload, "c");
  jobs.clock.advance(LEASE);
  await jobs.queue.deadLetters.redrive();
  assertEquals((await jobs.take()).payload, "a");
  await jobs.kill();
  assertEquals((await jobs.take()).payload, "other");
  await jobs.queue.close();
});

test("Outbox.commit() that is refused leaves keys that are over to be forgotten later", async () => {
  const { fileSystem, clock, shop } = await openShop();
  for (let n = 0; n < 100; n++) {
    await shop.queue.enqueue({ mail: "a" }, {
      dedupeKey: `${n}`,
      dedupeWindow: 1,
    });
  }
  clock.advance(1);
  const apply = [{ add: { by: -1 } }];
  const enqueue = [{ payload: { mail: "b" } }];
  await assertCode(() => shop.commit({ apply, enqueue }), "REJECTED");
  await shop.commit({ enqueue });
  const [{ keys }] = recordsOf(fileSystem, "forget");
  assertEquals((keys as string[]).length, 100);
  await shop.close();
});

test("Outbox.commit() gives the reducer mutations of its own", async () => {
  const { shop } = await openShop({
    apply(state, mutation) {
      if ("order" in mutation) state.orders.push(mutation.order.id);
      if ("order" in mutation) mutation.order.id = "changed";
    },
  });
  const mutation = { order: { id: "a" } };
  await shop.commit({ apply: [mutation, mutation] });
  assertEquals([...shop.state.orders], ["a", "a"]);
  assertEquals(mutation, { order: { id: "a" } });
  await shop.close();
});

test("Payloads take none from a record that is not of a message", async () => {
  const path = "jobs/queue.jsonl";
  const fileSystem = new SimulatedFileSystem();
  const payloads = new Payloads(new Lookup({ fileSystem, path }), path, 1000);
  payloads.add(1, `{"apply":{"payload":"a"}}`);
  payloads.add(2, `{"carry":{"message":1,"payload":"b"}}`);
  await assertCode(() => payloads.read(1), "CORRUPT");
  assertEquals(await payloads.read(2), `"b"`);
});

test("MiniQueue.enqueueAll() puts all messages into the queue, or none, if the program is killed at any call", async () => {
  for (let at = 1;; at++) {
    const jobs = await Jobs.open();
    const { fileSystem } = jobs;
    let calls = 0;
    const killed = new Promise<void>((resolve) => {
      fileSystem.onOperation = () => {
        if (++calls < at) return undefined;
        resolve();
        return new Promise<void>(() => {});
      };
    });
    const added = jobs.add("a", "b", "c").catch(() => {});
    await Promise.race([killed, added]);
    fileSystem.onOperation = () => {};
    await jobs.kill();
    const all = await jobs.drain();
    assertEquals(all, all.length > 0 ? ["a", "b", "c"] : []);
    await jobs.queue.close();
    if (calls < at) break; // it was done before
  }
});
