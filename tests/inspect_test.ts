import { assert, assertEquals } from "@std/assert";
import type { MiniQueue, QueuedMessage } from "../mod.ts";
import { test } from "./support/harness.ts";
import {
  all,
  assertCounts,
  Gate,
  openJobs,
  reopen,
  turn,
} from "./support/queues_b.ts";

const LEASE = 1000;

test("MiniQueue.list() shows everything that is known of a message", async () => {
  const { clock, queue } = await openJobs<{ a: number }>({ backoff: 500 });
  const start = clock.now();
  await queue.enqueue({ a: 1 }, {
    id: "own",
    priority: 5,
    group: "g",
    expiresIn: 90_000,
  });
  const plain: QueuedMessage<{ a: number }> = {
    id: "own",
    payload: { a: 1 },
    state: "ready",
    attempts: 0,
    enqueuedAt: new Date(start),
    priority: 5,
    group: "g",
    notBefore: undefined,
    expiresAt: new Date(start + 90_000),
    leasedUntil: undefined,
    reason: undefined,
    diedAt: undefined,
  };
  const one = async (dead = false) => {
    const list = dead ? queue.deadLetters.list() : queue.list();
    const [message] = await all(list);
    return message;
  };
  assertEquals(await one(), plain);
  assertEquals(await queue.peek(), plain);
  clock.advance(10);
  const message = await queue.dequeue({ visibilityTimeout: LEASE });
  const leasedUntil = new Date(start + 10 + LEASE);
  assertEquals(await one(), {
    ...plain,
    state: "leased",
    attempts: 1,
    leasedUntil,
  });
  assertEquals(await queue.peek(), undefined);
  await message.retry({ reason: "busy" });
  const notBefore = new Date(start + 510);
  const tried = { ...plain, attempts: 1, notBefore, reason: "busy" };
  assertEquals(await one(), { ...tried, state: "delayed" });
  assertEquals(await queue.peek(), undefined);
  clock.advance(500);
  assertEquals(await one(), { ...tried, state: "ready" });
  await (await queue.dequeue()).fail("bad");
  assertEquals(await one(), undefined);
  assertEquals(await one(true), {
    ...tried,
    notBefore: undefined, // its delay was over for good
    state: "dead",
    attempts: 2,
    reason: "bad",
    diedAt: new Date(start + 510),
  });
  await queue.close();
});

test("MiniQueue.list() shows messages in the order in which they came, or those of one state", async () => {
  const { queue } = await openJobs<number>();
  await queue.enqueue(1, { priority: -5 });
  await queue.enqueue(2, { delay: 5 });
  await queue.enqueue(3, { priority: 9 });
  await queue.enqueue(4, { priority: 8 });
  await queue.enqueue(5, { priority: 5 });
  await (await queue.dequeue()).fail("bad");
  await queue.dequeue();
  const of = async (state?: QueuedMessage<number>["state"]) =>
    (await all(queue.list({ state }))).map(({ payload }) => payload);
  assertEquals(await of(), [1, 2, 4, 5]);
  assertEquals(await of("ready"), [1, 5]);
  assertEquals(await of("delayed"), [2]);
  assertEquals(await of("leased"), [4]);
  assertEquals(await of("dead"), [3]);
  assertEquals((await queue.peek())?.payload, 5);
  assertCounts(queue, { ready: 2, delayed: 1, leased: 1, dead: 1 });
  await queue.close();
});

test("MiniQueue.list() counts a message that waits for others of its group as ready", async () => {
  const { queue } = await openJobs<number>();
  for (let n = 1; n <= 3; n++) await queue.enqueue(n, { group: "g" });
  await queue.dequeue();
  assertCounts(queue, { ready: 2, leased: 1 });
  assertEquals((await all(queue.list({ state: "ready" }))).length, 2);
  assertEquals(await queue.peek(), undefined);
  await queue.close();
});

test("MiniQueue.list() goes on while the queue does", async () => {
  const { queue } = await openJobs<number>();
  for (let n = 1; n <= 5; n++) await queue.enqueue(n);
  const seen: number[] = [];
  for await (const { payload } of queue.list()) {
    seen.push(payload);
    const message = await queue.tryDequeue();
    await message?.ack(); // the one that was shown just now
    if (payload === 2) await queue.enqueue(6);
  }
  assertEquals(seen.slice(0, 5), [1, 2, 3, 4, 5]);
  assertEquals(new Set(seen).size, seen.length);
  await queue.close();
});

test("MiniQueue.stats() tells the age of the oldest message that is not dead", async () => {
  const { clock, queue } = await openJobs<number>();
  assertEquals(queue.stats().oldestAge, 0);
  await queue.enqueue(1, { priority: 1 });
  clock.advance(100);
  await queue.enqueue(2);
  clock.advance(10);
  assertEquals(queue.stats().oldestAge, 110);
  await (await queue.dequeue()).fail("bad");
  assertEquals(queue.stats().oldestAge, 10);
  clock.set(clock.now() - 500_000);
  assertEquals(queue.stats().oldestAge, 0);
  await queue.close();
});

test("MiniQueue.peek() changes nothing: the same message is handed out then", async () => {
  const { fileSystem, queue } = await openJobs<number>();
  assertEquals(await queue.peek(), undefined);
  await queue.enqueueAll([
    { payload: 1 },
    { payload: 2, priority: 1 },
    { payload: 3, priority: 1, group: "g" },
  ]);
  const before = fileSystem.operations.length;
  for (let n = 0; n < 3; n++) assertEquals((await queue.peek())?.payload, 2);
  assertEquals(fileSystem.operations.length, before);
  for (const payload of [2, 3, 1]) {
    assertEquals((await queue.peek())?.payload, payload);
    assertEquals((await queue.dequeue()).payload, payload);
  }
  await queue.close();
});

for (const payloadMemory of [0, 100_000]) {
  test(`MiniQueue.peek() shows nothing that was handed in behind it and is not durable, with payloadMemory ${payloadMemory}`, async () => {
    const { fileSystem, queue } = await openJobs<string>({ payloadMemory });
    await queue.enqueue("old");
    const gate = new Gate(fileSystem, ["write"]);
    const peeked = queue.peek();
    const done = queue.enqueue("new", { priority: 1 });
    // It may wait for the new one to be durable, or show the old one.
    const shown = peeked.then((message) => [message?.payload, queue.size]);
    shown.catch(() => {}); // awaited below
    await turn();
    gate.open();
    const [payload, size] = await shown;
    assert(payload === "old" || size === 2, `${payload} of ${size}`);
    await done;
    assertEquals((await queue.peek())?.payload, "new");
    await queue.close();
  });
}

test("MiniQueue.stats() counts a lease that has run out as ready, before anybody asks for the message", async () => {
  const { clock, queue } = await openJobs<number>({ visibilityTimeout: 10 });
  await queue.enqueue(1);
  await queue.dequeue();
  clock.advance(9);
  assertCounts(queue, { leased: 1 });
  clock.advance(1);
  assertCounts(queue, { ready: 1 });
  assertEquals((await all(queue.list()))[0].state, "ready");
  await queue.close();
});

test("MiniQueue.list() goes by number, behind a redrive too, and so do dead letters", async () => {
  const jobs = await openJobs<number>();
  const { queue } = jobs;
  for (let n = 1; n <= 12; n++) await queue.enqueue(n);
  const messages = await queue.claim(12);
  for (const n of [11, 2, 9]) await messages[n - 1].fail("bad");
  const dead = (of: MiniQueue<number>) => all(of.deadLetters.list());
  assertEquals((await dead(queue)).map(({ payload }) => payload), [2, 9, 11]);
  await queue.deadLetters.redrive(["9", "2"]);
  const numbers = Array.from({ length: 12 }, (_, n) => n + 1);
  const expected = numbers.filter((n) => n !== 11);
  const listed = async (of: MiniQueue<number>) =>
    (await all(of.list())).map(({ payload }) => payload);
  assertEquals(await listed(queue), expected);
  await queue.compact();
  assertEquals(await listed(queue), expected);
  await queue.close();
  const again = await reopen(jobs);
  assertEquals(await listed(again.queue), expected);
  await again.queue.close();
});

test("MiniQueue.peek() does not wait for the disk, and shows the first durable message that is not being handed out", async () => {
  const { fileSystem, queue } = await openJobs<string>();
  await queue.enqueueAll([{ payload: "first" }, { payload: "second" }]);
  const gate = new Gate(fileSystem);
  const done = queue.enqueue("new", { priority: 1 });
  await turn();
  assertEquals(gate.size, 1);
  assertEquals((await queue.peek())?.payload, "first");
  gate.release();
  await done;
  assertEquals((await queue.peek())?.payload, "new");
  const claimed = queue.claim(2);
  await turn();
  assertEquals(gate.size, 1);
  assertEquals((await queue.peek())?.payload, "second");
  gate.open();
  await claimed;
  assertEquals((await queue.peek())?.payload, "second");
  await queue.close();
});

test("MiniQueue.peek() passes what has expired, and does not remove it", async () => {
  const { clock, queue } = await openJobs<string>();
  await queue.enqueue("old", { priority: 1, expiresIn: 10 });
  await queue.enqueue("good");
  clock.advance(10);
  assertEquals((await queue.peek())?.payload, "good");
  assertCounts(queue, { ready: 2 });
  assertEquals((await queue.dequeue()).payload, "good");
  assertCounts(queue, { leased: 1, dead: 1 });
  await queue.close();
});

test("MiniQueue.list() shows no message as a dead letter that becomes one meanwhile", async () => {
  const { queue } = await openJobs<number>();
  await queue.enqueueAll([{ payload: 1 }, { payload: 2 }]);
  const [, second] = await queue.claim(2);
  const states: string[] = [];
  for await (const { state } of queue.list()) {
    states.push(state);
    if (states.length === 1) await second.fail("bad");
  }
  assertEquals(states, ["leased"]);
  await queue.close();
});
