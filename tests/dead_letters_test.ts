import { assert, assertEquals, assertRejects } from "@std/assert";
import { test } from "./support/harness.ts";
import { DIR, Jobs, LEASE, START } from "./support/queues.ts";

test("MiniQueue gives up on a message after maxAttempts, however each attempt ended", async () => {
  const jobs = await Jobs.open({ maxAttempts: 3 });
  await jobs.add("a");
  await (await jobs.take()).retry({ reason: "first" });
  assertEquals((await jobs.take()).attempts, 2);
  jobs.clock.advance(LEASE);
  await jobs.kill();
  const third = await jobs.take();
  assertEquals([third.attempts, third.reason], [3, "first"]);
  await third.retry({ reason: "third", delay: 1e6 });
  assertEquals(await jobs.dead(), [["a", "third"]]);
  assertEquals([jobs.queue.size, jobs.queue.stats().delayed], [0, 0]);
  await jobs.queue.close();
});

for (const maxAttempts of [1, 2, 7]) {
  test(`MiniQueue hands a message of ${maxAttempts} attempts out so often and no more, whether held, given back or killed`, async () => {
    for (const how of ["retry", "run out", "kill"] as const) {
      const jobs = await Jobs.open({ maxAttempts: 3 });
      await jobs.queue.enqueue("a", { maxAttempts });
      let count = 0;
      for (;;) {
        const message = await jobs.queue.tryDequeue();
        if (!message) break;
        assertEquals(message.attempts, ++count);
        if (how === "retry") await message.retry();
        else jobs.clock.advance(LEASE);
        if (how === "kill") await jobs.kill();
      }
      assertEquals(count, maxAttempts, how);
      const reason = how === "retry"
        ? "it was given back"
        : `the lease of attempt ${maxAttempts} ran out`;
      assertEquals(await jobs.dead(), [["a", reason]]);
      await jobs.queue.close();
    }
  });
}

test("MiniQueue hands a message out five times if nothing was asked for", async () => {
  const jobs = await Jobs.open();
  await jobs.add("a");
  for (let n = 1; n <= 5; n++) await (await jobs.take()).retry();
  assertEquals(await jobs.queue.tryDequeue(), undefined);
  assertEquals(jobs.queue.stats().dead, 1);
  await jobs.queue.close();
});

test("MiniQueue opened with fewer maxAttempts gives up on what has had as many, with the last reason", async () => {
  const jobs = await Jobs.open();
  await jobs.add("a", "b");
  await jobs.queue.enqueue("own", { maxAttempts: 3 });
  for (let n = 1; n <= 2; n++) {
    const [a, b, own] = await jobs.queue.claim(3);
    await a.retry({ reason: `why ${n}` });
    await b.retry();
    await own.retry();
  }
  await jobs.reopen({ maxAttempts: 2 });
  assertEquals(await jobs.drain(), ["own"]);
  assertEquals(await jobs.dead(), [["a", "why 2"], [
    "b",
    "no attempt is left",
  ]]);
  await jobs.queue.close();
});

test("Message.fail() makes a dead letter at once, whatever attempts are left", async () => {
  const jobs = await Jobs.open({ maxAttempts: 100 });
  await jobs.queue.enqueue("a", { id: "x", priority: 3, group: "g" });
  const message = await jobs.take();
  jobs.clock.advance(7);
  await message.fail("no");
  const [dead, ...others] = await Array.fromAsync(
    jobs.queue.deadLetters.list(),
  );
  assertEquals(others, []);
  assertEquals(dead, {
    id: "x",
    payload: "a",
    state: "dead",
    attempts: 1,
    enqueuedAt: new Date(START),
    priority: 3,
    group: "g",
    notBefore: undefined,
    expiresAt: undefined,
    leasedUntil: undefined,
    reason: "no",
    diedAt: new Date(START + 7),
  });
  assertEquals([jobs.queue.size, jobs.queue.stats().dead], [0, 1]);
  await jobs.queue.close();
});

/** A queue with the dead letters a to e, of which c has an id of its own. */
async function fiveDead(): Promise<Jobs> {
  const jobs = await Jobs.open();
  for (const text of ["a", "b", "c", "d", "e"]) {
    await jobs.queue.enqueue(text, text === "c" ? { id: "see" } : {});
  }
  const all = await jobs.queue.claim(5);
  for (const message of all.reverse()) await message.fail(message.payload);
  return jobs;
}

function isSorted(numbers: readonly number[]): boolean {
  return numbers.every((number, n) => n === 0 || numbers[n - 1] < number);
}

/** The payloads of the dead letters. */
async function texts(jobs: Jobs): Promise<string> {
  return (await jobs.dead()).map(([payload]) => payload).join("");
}

test("DeadLetters.list() gives them in the order in which they came, and the same after a restart", async () => {
  const jobs = await fiveDead();
  assertEquals(await texts(jobs), "abcde");
  await jobs.reopen();
  assertEquals(await texts(jobs), "abcde");
  await jobs.queue.compact();
  await jobs.kill();
  assertEquals(await texts(jobs), "abcde");
  assertEquals(await jobs.queue.tryDequeue(), undefined);
  await jobs.queue.close();
});

for (const count of [60, 70, 1500]) {
  test(`MiniQueue lists ${count} messages in the order in which they came, dead, and redriven`, async () => {
    const jobs = await Jobs.open();
    await jobs.add(...Array.from({ length: count }, (_, n) => `${n}`));
    const held = [
      ...await jobs.queue.claim(1000),
      ...await jobs.queue.claim(1000),
    ];
    await Promise.all(held.reverse().map((message) => message.fail("no")));
    const dead = (await jobs.dead()).map(([payload]) => Number(payload));
    assertEquals(dead.length, count);
    assert(isSorted(dead), `dead letters: ${dead.slice(0, 50)} …`);
    jobs.clock.advance(10);
    await jobs.add("new");
    await jobs.queue.deadLetters.redrive([`${count}`, "3"]);
    const listed = await Array.fromAsync(jobs.queue.list());
    const ids = listed.map(({ id }) => Number(id));
    assertEquals(ids.length, 3);
    assert(isSorted(ids), `messages: ${ids}`);
    await jobs.queue.close();
  });
}

test("MiniQueue.stats() tells the age of the oldest message, also if that was redriven", async () => {
  const jobs = await Jobs.open();
  await jobs.add("old");
  await (await jobs.take()).fail("no");
  jobs.clock.advance(10);
  await jobs.add(...Array.from({ length: 100 }, () => "new"));
  jobs.clock.advance(5);
  assertEquals(jobs.queue.stats().oldestAge, 5);
  await jobs.queue.deadLetters.redrive();
  assertEquals(jobs.queue.stats().oldestAge, 15);
  await jobs.queue.close();
});

test("DeadLetters.redrive() puts chosen ones back, and looks at no others", async () => {
  const jobs = await fiveDead();
  const { deadLetters } = jobs.queue;
  await jobs.add("waits");
  assertEquals(await deadLetters.redrive([]), 0);
  const chosen = ["4", "see", "4", "99", "nobody", "12", ""];
  assertEquals(await deadLetters.redrive(chosen), 2);
  assertEquals(await texts(jobs), "abe");
  assertEquals(await deadLetters.redrive(new Set(["4"])), 0);
  await jobs.kill();
  assertEquals(await jobs.drain(), ["c", "d", "waits"]);
  assertEquals(jobs.queue.stats().totals.redriven, 2);
  await jobs.queue.close();
});

test("DeadLetters.purge() removes chosen ones for good", async () => {
  const jobs = await fiveDead();
  const { deadLetters } = jobs.queue;
  assertEquals(await deadLetters.purge(["see", "1", "1"]), 2);
  assertEquals(await texts(jobs), "bde");
  await jobs.reopen();
  assertEquals(await texts(jobs), "bde");
  assertEquals(await jobs.queue.deadLetters.redrive(["see", "1"]), 0);
  assertEquals(await jobs.queue.deadLetters.purge(), 3);
  assertEquals(await texts(jobs), "");
  assertEquals([jobs.queue.size, jobs.queue.stats().totals.purged], [0, 5]);
  await jobs.queue.close();
});

test("DeadLetters take no text for an id that only looks like a number of a message", async () => {
  const jobs = await fiveDead();
  const { deadLetters } = jobs.queue;
  const wrong = ["01", "1.0", " 1", "1e0", "+1", "id:see", "key:see"];
  for (const id of wrong) assertEquals(await deadLetters.redrive([id]), 0, id);
  for (const id of wrong) assertEquals(await deadLetters.purge([id]), 0, id);
  assertEquals(await texts(jobs), "abcde");
  await jobs.queue.close();
});

test("DeadLetters do not know a message by its number that has an id of the caller's", async () => {
  const jobs = await fiveDead();
  const { deadLetters } = jobs.queue;
  assertEquals(await deadLetters.redrive(["3"]), 0);
  assertEquals(await deadLetters.purge(["3"]), 0);
  assertEquals(await texts(jobs), "abcde");
  await jobs.queue.close();
});

test("DeadLetters take no text for a list of ids, nor anything else that is none", async () => {
  const jobs = await fiveDead();
  const { deadLetters } = jobs.queue;
  for (const wrong of ["1", "", 1, null, {}, () => {}]) {
    const ids = wrong as Iterable<string>;
    await assertRejects(() => deadLetters.redrive(ids), TypeError, "list");
    await assertRejects(() => deadLetters.purge(ids), TypeError, "list");
  }
  assertEquals(await texts(jobs), "abcde");
  await jobs.queue.close();
});

test("DeadLetters.purge() takes no messages that are not dead", async () => {
  const jobs = await Jobs.open();
  await jobs.add("ready", "held");
  await jobs.queue.enqueue("delayed", { delay: 5 });
  assertEquals(await jobs.queue.deadLetters.purge(["1", "2", "3"]), 0);
  assertEquals(await jobs.queue.deadLetters.redrive(["1", "2", "3"]), 0);
  assertEquals(jobs.queue.size, 3);
  await jobs.queue.close();
});

test("DeadLetters.redrive() makes a message as if it had never been handed out, in its old place", async () => {
  const jobs = await Jobs.open({ maxAttempts: 2 });
  const { queue, clock } = jobs;
  await queue.enqueue("a", { expiresIn: 50, delay: 10, priority: 1 });
  await jobs.add("b");
  clock.advance(10);
  await (await jobs.take()).retry();
  await (await jobs.take()).retry({ reason: "twice" });
  assertEquals(await queue.deadLetters.redrive(), 1);
  clock.advance(1000); // it does not expire any more
  await jobs.reopen();
  const again = await jobs.take();
  assertEquals(
    [again.payload, again.attempts, again.priority, again.reason],
    ["a", 1, 1, "twice"],
  );
  assertEquals(again.enqueuedAt, new Date(START));
  await again.retry();
  assertEquals((await jobs.take()).attempts, 2);
  await jobs.queue.close();
});

test("DeadLetters.redrive() serves who waits", async () => {
  const jobs = await fiveDead();
  const waiting = jobs.queue.dequeue();
  assertEquals(await jobs.queue.deadLetters.redrive(["2"]), 1);
  assertEquals((await waiting).payload, "b");
  await jobs.queue.close();
});

test("DeadLetters.redrive() and purge() called at once handle each letter once", async () => {
  const jobs = await fiveDead();
  const { deadLetters } = jobs.queue;
  const counts = await Promise.all([
    deadLetters.redrive(["1", "2"]),
    deadLetters.purge(["2", "see"]),
    deadLetters.redrive(),
    deadLetters.purge(),
  ]);
  assertEquals(counts, [2, 1, 2, 0]);
  const { redriven, purged } = jobs.queue.stats().totals;
  assertEquals([redriven, purged, jobs.queue.size], [4, 1, 4]);
  await jobs.kill();
  assertEquals(await jobs.drain(), ["a", "b", "d", "e"]);
  await jobs.queue.close();
});

test("DeadLetters handle more than one record may name", async () => {
  const jobs = await Jobs.open();
  const count = 3100;
  await jobs.queue.enqueueAll(
    Array.from({ length: count }, (_, n) => ({
      payload: `${n}`,
      expiresIn: 0,
    })),
  );
  assertEquals(await jobs.queue.tryDequeue(), undefined);
  await jobs.queue.enqueueAll([]);
  const { deadLetters } = jobs.queue;
  assertEquals(jobs.queue.stats().dead, count);
  assertEquals(await deadLetters.redrive(), count);
  assertEquals([jobs.queue.size, jobs.queue.stats().dead], [count, 0]);
  await jobs.reopen();
  for (let rest = count; rest > 0; rest -= 1000) {
    const some = await jobs.queue.claim(1000);
    assertEquals(some.length, Math.min(rest, 1000));
    assertEquals(some[0].payload, `${count - rest}`);
    await Promise.all(some.map((message) => message.fail("no")));
  }
  assertEquals(await jobs.queue.deadLetters.purge(), count);
  assertEquals(jobs.queue.stats().dead, 0);
  await jobs.queue.close();
});

test("DeadLetters stay through compactions with their payloads, and can be redriven behind them", async () => {
  const jobs = await fiveDead();
  for (let round = 1; round <= 3; round++) {
    await jobs.add(...Array.from({ length: 20 }, () => "passes"));
    await jobs.drain();
    await jobs.queue.compact();
    await jobs.reopen();
  }
  assertEquals(await texts(jobs), "abcde");
  assertEquals(await jobs.queue.deadLetters.redrive(["see"]), 1);
  assertEquals(await jobs.drain(), ["c"]);
  const names = await jobs.fileSystem.readDir(DIR);
  assert(names.includes("snapshot.json"), names.join());
  await jobs.queue.close();
});
