import { assertEquals } from "@std/assert";
import { test } from "./support/harness.ts";
import { Jobs, LEASE } from "./support/queues.ts";

test("MiniQueue hands out what has a higher priority first, and what came first within one", async () => {
  const jobs = await Jobs.open();
  const priorities = [0, 100, -100, 5, 0, 5, -1, 100, 1];
  for (const [n, priority] of priorities.entries()) {
    await jobs.queue.enqueue(`${priority}/${n}`, { priority });
  }
  const wanted = [
    "100/1",
    "100/7",
    "5/3",
    "5/5",
    "1/8",
    "0/0",
    "0/4",
    "-1/6",
    "-100/2",
  ];
  assertEquals(
    (await jobs.queue.claim(9)).map(({ payload }) => payload),
    wanted,
  );
  jobs.clock.advance(LEASE);
  await jobs.reopen();
  assertEquals(await jobs.drain(), wanted);
  await jobs.queue.close();
});

test("MiniQueue lets a late message of a higher priority pass all that wait", async () => {
  const jobs = await Jobs.open();
  await jobs.add("a", "b");
  assertEquals((await jobs.take()).payload, "a");
  await jobs.queue.enqueue("c", { priority: 1 });
  assertEquals(await jobs.drain(), ["c", "b"]);
  await jobs.queue.close();
});

test("MiniQueue hands a message that was given back out in its old place", async () => {
  const jobs = await Jobs.open();
  await jobs.add("a", "b", "c");
  const [a, b] = await jobs.queue.claim(2);
  await b.release();
  await a.retry();
  assertEquals(await jobs.drain(), ["a", "b", "c"]);
  await jobs.queue.close();
});

test("MiniQueue hands a message whose lease has run out out in its old place", async () => {
  const jobs = await Jobs.open();
  await jobs.add("a", "b", "c");
  await jobs.take();
  jobs.clock.advance(LEASE);
  assertEquals(await jobs.drain(), ["a", "b", "c"]);
  await jobs.queue.close();
});

test("MiniQueue hands a delayed message out in its place when its time has come, and lets others pass until then", async () => {
  const jobs = await Jobs.open();
  await jobs.queue.enqueue("late", { delay: 10 });
  await jobs.add("a", "b");
  assertEquals((await jobs.take()).payload, "a");
  jobs.clock.advance(10);
  assertEquals(await jobs.drain(), ["late", "b"]);
  await jobs.queue.close();
});

test("MiniQueue hands messages of a group out one at a time, those of others meanwhile", async () => {
  const jobs = await Jobs.open();
  const add = (text: string, group?: string) =>
    jobs.queue.enqueue(text, { group });
  await add("g1", "g");
  await add("g2", "g");
  await add("h1", "h");
  await add("g3", "g");
  await add("alone");
  await add("h2", "h");
  const first = await jobs.queue.claim(10);
  assertEquals(first.map(({ payload }) => payload), ["g1", "h1", "alone"]);
  assertEquals(await jobs.queue.tryDequeue(), undefined);
  await first[0].ack();
  const g2 = await jobs.take();
  assertEquals([g2.payload, g2.group], ["g2", "g"]);
  assertEquals(await jobs.queue.tryDequeue(), undefined);
  await first[1].fail("no");
  assertEquals((await jobs.take()).payload, "h2");
  await g2.ack();
  assertEquals((await jobs.take()).payload, "g3");
  await jobs.queue.close();
});

for (const how of ["stays open", "reopen", "kill"] as const) {
  test(`MiniQueue keeps the order of a group over retries, delays and lost leases (${how})`, async () => {
    const jobs = await Jobs.open();
    const again = async () => {
      if (how !== "stays open") await jobs[how]();
    };
    const nothing = async () =>
      assertEquals(await jobs.queue.tryDequeue(), undefined);
    for (const text of ["a", "b", "c"]) {
      await jobs.queue.enqueue(text, { group: "g" });
    }
    const back = await jobs.take();
    await back.retry({ delay: 10 });
    await again();
    await nothing(); // those behind it wait as long
    jobs.clock.advance(9);
    await nothing();
    jobs.clock.advance(1);
    assertEquals((await jobs.take()).payload, "a");
    await again();
    await nothing();
    jobs.clock.advance(LEASE);
    await again();
    const third = await jobs.take();
    assertEquals([third.payload, third.attempts], ["a", 3]);
    await again();
    await jobs.queue.lease(third.receipt).ack();
    await again();
    assertEquals(await jobs.drain(), ["b", "c"]);
    await jobs.queue.close();
  });
}

test("MiniQueue keeps the order of a group whatever the priorities and delays of its messages are", async () => {
  const jobs = await Jobs.open();
  const { queue, clock } = jobs;
  await queue.enqueue("first", { group: "g", priority: -5, delay: 10 });
  await queue.enqueue("second", { group: "g", priority: 5 });
  await queue.enqueue("other", { priority: 1 });
  assertEquals(await jobs.drain(), ["other"]);
  clock.advance(10);
  await queue.enqueue("last", { priority: 1 });
  // The group waits with the priority of its first message, then of its second.
  assertEquals(await jobs.drain(), ["last", "first", "second"]);
  await queue.close();
});

test("MiniQueue goes on with a group when its first message is cleared, expires, or is given up", async () => {
  const jobs = await Jobs.open({ maxAttempts: 1 });
  const { queue, clock } = jobs;
  await queue.enqueue("expires", { group: "g", expiresIn: 5 });
  await queue.enqueue("given up", { group: "g" });
  await queue.enqueue("next", { group: "g" });
  clock.advance(5);
  await (await jobs.take()).retry({ reason: "no" });
  assertEquals((await jobs.take()).payload, "next");
  assertEquals(await jobs.dead(), [["expires", "expired"], ["given up", "no"]]);
  clock.advance(LEASE);
  await queue.enqueue("very last", { group: "g" });
  assertEquals(await jobs.drain(), ["very last"]);
  await queue.enqueue("one", { group: "g", delay: 5 });
  await queue.enqueue("two", { group: "g" });
  await queue.clear();
  await queue.enqueue("three", { group: "g" });
  assertEquals(await jobs.drain(), ["three"]);
  await queue.close();
});

test("MiniQueue passes many messages of a group that have expired", async () => {
  const jobs = await Jobs.open();
  await jobs.queue.enqueueAll(Array.from({ length: 50 }, (_, n) => ({
    payload: `old ${n}`,
    group: "g",
    expiresIn: 1,
  })));
  await jobs.queue.enqueue("good", { group: "g" });
  jobs.clock.advance(1);
  assertEquals((await jobs.queue.dequeue()).payload, "good");
  assertEquals(jobs.queue.stats().dead, 50);
  await jobs.queue.close();
});

test("MiniQueue puts a message that is redriven in front of those of its group that came later", async () => {
  const jobs = await Jobs.open();
  for (const text of ["a", "b", "c"]) {
    await jobs.queue.enqueue(text, { group: "g" });
  }
  await (await jobs.take()).fail("no");
  const b = await jobs.take();
  await jobs.queue.deadLetters.redrive();
  assertEquals(await jobs.queue.tryDequeue(), undefined); // one at a time
  await b.release();
  assertEquals(await jobs.drain(), ["a", "b", "c"]);
  await jobs.queue.close();
});

for (const how of ["stays open", "reopen"] as const) {
  test(`MiniQueue puts a message that is redriven in front of one of its group whose lease has run out (${how})`, async () => {
    const jobs = await Jobs.open();
    for (const text of ["a", "b", "c"]) {
      await jobs.queue.enqueue(text, { group: "g" });
    }
    await (await jobs.take()).fail("no");
    await jobs.take();
    await jobs.queue.deadLetters.redrive();
    jobs.clock.advance(LEASE);
    if (how === "reopen") await jobs.reopen();
    assertEquals(await jobs.drain(), ["a", "b", "c"]);
    await jobs.queue.close();
  });
}

for (const how of ["stays open", "reopen", "kill"] as const) {
  test(`MiniQueue hands one message of a group out at a time, also in front of one whose lease has run out (${how})`, async () => {
    const jobs = await Jobs.open();
    const { deadLetters } = jobs.queue;
    for (const text of ["a", "b", "c"]) {
      await jobs.queue.enqueue(text, { group: "g" });
    }
    await (await jobs.take()).fail("no");
    await (await jobs.take()).fail("no");
    await jobs.take();
    assertEquals(await deadLetters.redrive(), 2);
    jobs.clock.advance(LEASE);
    const a = await jobs.take();
    assertEquals(a.payload, "a");
    if (how !== "stays open") await jobs[how]();
    assertEquals(await jobs.queue.tryDequeue(), undefined);
    await jobs.queue.lease(a.receipt).ack();
    assertEquals(await jobs.drain(), ["b", "c"]);
    await jobs.queue.close();
  });
}

test("MiniQueue keeps the order of a group whose messages are redriven one after the other", async () => {
  const jobs = await Jobs.open();
  const { deadLetters } = jobs.queue;
  for (const text of ["a", "b", "c"]) {
    await jobs.queue.enqueue(text, { group: "g" });
  }
  await (await jobs.take()).fail("no");
  await (await jobs.take()).fail("no");
  await jobs.take();
  await deadLetters.redrive(["1"]); // while the third is held
  jobs.clock.advance(LEASE);
  await deadLetters.redrive(["2"]); // when its lease has run out
  assertEquals(await jobs.drain(), ["a", "b", "c"]);
  await jobs.queue.close();
});

test("MiniQueue looks again what is next behind what is given up: it may let something better through", async () => {
  const jobs = await Jobs.open();
  const { queue, clock } = jobs;
  await queue.enqueue("old", { group: "g", expiresIn: 5 });
  await queue.enqueue("plain");
  await queue.enqueue("better", { group: "g", priority: 1 });
  clock.advance(5);
  assertEquals((await jobs.take()).payload, "better");
  assertEquals(await jobs.drain(), ["plain"]);
  await queue.close();
});

test("MiniQueue takes any text for the name of a group", async () => {
  const jobs = await Jobs.open();
  const groups = ["__proto__", "constructor", "0", " ", "ä", "x".repeat(1024)];
  for (const group of [...groups, ...groups]) {
    await jobs.queue.enqueue(group, { group });
  }
  const first = await jobs.queue.claim(100);
  assertEquals(first.map(({ group }) => group), groups);
  await jobs.reopen();
  assertEquals(await jobs.queue.tryDequeue(), undefined);
  for (const { receipt } of first) await jobs.queue.lease(receipt).ack();
  assertEquals(await jobs.drain(), groups);
  await jobs.queue.close();
});
