import { assertEquals, assertRejects } from "@std/assert";
import type { EnqueueOptions } from "../mod.ts";
import { test } from "./support/harness.ts";
import { Jobs, LEASE, START } from "./support/queues.ts";

const WHEN: readonly [how: string, options: EnqueueOptions, wait: number][] = [
  ["delay", { delay: 10 }, 10],
  ["delay", { delay: 0.25 }, 1],
  ["delay", { delay: 9.5 }, 10],
  ["notBefore", { notBefore: START + 10 }, 10],
  ["notBefore", { notBefore: new Date(START + 10) }, 10],
  ["notBefore", { notBefore: START + 9.1 }, 10],
  ["delay", { delay: 3_155_760_000_000 }, 3_155_760_000_000],
];

for (const [how, options, wait] of WHEN) {
  const [value] = Object.values(options);
  test(`MiniQueue hands a message with ${how} ${+value} out when its time has come, and no millisecond earlier`, async () => {
    const jobs = await Jobs.open();
    await jobs.queue.enqueue("a", options);
    for (const how of ["reopen", "kill", "stay open"] as const) {
      if (how !== "stay open") await jobs[how]();
      assertEquals(jobs.queue.stats().delayed, 1);
      assertEquals(await jobs.queue.tryDequeue(), undefined);
    }
    jobs.clock.advance(wait - 1);
    assertEquals(await jobs.queue.tryDequeue(), undefined);
    jobs.clock.advance(1);
    assertEquals(jobs.queue.stats().delayed, 0);
    assertEquals((await jobs.take()).payload, "a");
    await jobs.queue.close();
  });
}

test("MiniQueue hands a message out at once whose time is over, or that has none", async () => {
  const jobs = await Jobs.open();
  const { queue } = jobs;
  await queue.enqueue("a", { delay: 0 });
  await queue.enqueue("b", { notBefore: START - 1 });
  await queue.enqueue("c", { notBefore: START });
  await queue.enqueue("d", { notBefore: new Date(0) });
  await queue.enqueue("e", { delay: undefined, notBefore: undefined });
  assertEquals(await jobs.drain(), ["a", "b", "c", "d", "e"]);
  const both = { delay: 1, notBefore: START } as const;
  await assertRejects(() => queue.enqueue("f", both), TypeError, "together");
  await queue.close();
});

for (const how of ["stays open", "reopen", "kill"] as const) {
  test(`MiniQueue ends a delay for good when the message is handed out (${how})`, async () => {
    const jobs = await Jobs.open();
    const { queue, clock } = jobs;
    await queue.enqueue("a", { delay: 5000 });
    clock.advance(5000);
    const [{ notBefore }] = await Array.fromAsync(queue.list());
    assertEquals(notBefore, new Date(START + 5000));
    const message = await jobs.take();
    clock.set(START); // that is before the end of the delay
    if (how !== "stays open") await jobs[how]();
    const [held] = await Array.fromAsync(jobs.queue.list());
    assertEquals([held.state, held.notBefore], ["leased", undefined]);
    clock.advance(LEASE - 1);
    assertEquals(await jobs.queue.tryDequeue(), undefined);
    clock.advance(1);
    const { delayed, leased, ready } = jobs.queue.stats();
    assertEquals([delayed, leased, ready], [0, 0, 1]);
    const again = await jobs.take();
    assertEquals(again.attempts, 2);
    await again.release();
    assertEquals((await jobs.take()).payload, message.payload);
    await jobs.queue.close();
  });
}

test("MiniQueue.dequeue() gets a delayed message when its time has come", async () => {
  const jobs = await Jobs.open();
  const { queue, clock } = jobs;
  await queue.enqueue("b", { delay: 20 });
  await queue.enqueue("a", { delay: 10 });
  const both = [queue.dequeue(), queue.dequeue()];
  clock.advance(9);
  await jobs.queue.enqueueAll([]);
  assertEquals(queue.stats().totals.delivered, 0);
  clock.advance(1);
  assertEquals((await both[0]).payload, "a");
  clock.advance(9);
  assertEquals(queue.stats().totals.delivered, 1);
  clock.advance(1);
  assertEquals((await both[1]).payload, "b");
  await queue.close();
});

for (const [wait, isLate] of [[9, false], [10, true], [11, true]] as const) {
  test(`MiniQueue hands a message that is worth 10 ms out after ${wait} ms: ${!isLate}`, async () => {
    const jobs = await Jobs.open();
    await jobs.queue.enqueue("a", { expiresIn: 10 });
    jobs.clock.advance(wait);
    assertEquals(await jobs.drain(), isLate ? [] : ["a"]);
    assertEquals(await jobs.dead(), isLate ? [["a", "expired"]] : []);
    assertEquals(jobs.queue.size, 0);
    await jobs.queue.close();
  });
}

test("MiniQueue.peek() passes what would not be handed out: what has expired, or has no attempt left", async () => {
  const jobs = await Jobs.open({ maxAttempts: 1 });
  const { queue, clock } = jobs;
  const next = async () => (await queue.peek())?.payload;
  assertEquals(await next(), undefined);
  await jobs.add("no attempt left");
  await jobs.take();
  await queue.enqueue("old", { expiresIn: LEASE });
  assertEquals(await next(), "old");
  clock.advance(LEASE);
  assertEquals(await next(), undefined);
  await jobs.add("good");
  assertEquals(await next(), "good");
  assertEquals(await jobs.drain(), ["good"]);
  await queue.close();
});

test("MiniQueue counts a message that has expired until its turn comes, and not as delivered", async () => {
  const jobs = await Jobs.open();
  const { queue, clock } = jobs;
  await queue.enqueue("old", { expiresIn: 10, delay: 30 });
  await queue.enqueue("none", { expiresIn: 0 });
  assertEquals(await jobs.drain(), []);
  clock.advance(29);
  assertEquals(await jobs.drain(), []);
  assertEquals([queue.size, queue.stats().dead], [1, 1]);
  clock.advance(1);
  assertEquals(await jobs.drain(), []);
  assertEquals(await jobs.dead(), [["old", "expired"], ["none", "expired"]]);
  const { delivered, buried } = queue.stats().totals;
  assertEquals([delivered, buried], [0, 2]);
  await queue.close();
});

test("Message that was taken in time may be settled after it has expired; given back, it is dead", async () => {
  const jobs = await Jobs.open();
  const { queue, clock } = jobs;
  for (const text of ["done", "back", "lost"]) {
    await queue.enqueue(text, { expiresIn: 10 });
  }
  const [done, back] = await queue.claim(3);
  clock.advance(50);
  await done.ack();
  await back.release();
  assertEquals(await jobs.drain(), []);
  assertEquals(await jobs.dead(), [["back", "expired"]]);
  clock.advance(LEASE - 50);
  await jobs.reopen();
  assertEquals(await jobs.drain(), []);
  assertEquals(await jobs.dead(), [["back", "expired"], ["lost", "expired"]]);
  await jobs.queue.close();
});

test("MiniQueue.dequeue() passes thousands of messages that have expired", async () => {
  const jobs = await Jobs.open();
  const { queue, clock } = jobs;
  const count = 4321; // more than one call sweeps out
  const old = Array.from(
    { length: count },
    (_, n) => ({ payload: `${n}`, expiresIn: 5 }),
  );
  await queue.enqueueAll(old);
  const waiting = jobs.take();
  assertEquals((await waiting).payload, "0");
  clock.advance(5);
  await queue.enqueue("good");
  const [message] = await Promise.all([queue.dequeue()]);
  assertEquals(message.payload, "good");
  assertEquals(queue.stats().dead, count - 1);
  await queue.enqueueAll(old);
  clock.advance(5);
  assertEquals(await queue.tryDequeue(), undefined);
  await queue.enqueueAll([]);
  assertEquals(queue.stats().dead, 2 * count - 1);
  await queue.close();
});
