import { assert, assertEquals } from "@std/assert";
import { systemClock } from "../src/clock.ts";
import { FakeClock } from "../src/testing/mod.ts";
import { SeededRandom } from "../src/testing/random.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import { drained, Jobs, LEASE, START } from "./support/queues.ts";

const HOUR = 3_600_000;

test("FakeClock stands still until it is moved", () => {
  const clock = new FakeClock(5);
  assertEquals([clock.now(), clock.now(), clock.timers], [5, 5, 0]);
  clock.advance(10);
  assertEquals(clock.now(), 15);
  clock.set(3);
  assertEquals(clock.now(), 3);
  clock.advance(1);
  assertEquals(clock.now(), 4);
  assertEquals(new FakeClock().now(), 1_000_000_000_000);
});

test("FakeClock.advance() calls back in order, at the time of each, those that are begun meanwhile too", () => {
  const clock = new FakeClock(0);
  const log: string[] = [];
  const note = (name: string) => () => log.push(`${name} ${clock.now()}`);
  clock.setTimer(note("c"), 30);
  clock.setTimer(note("a"), 10);
  clock.setTimer(note("b"), 10);
  clock.setTimer(() => {
    note("d")();
    clock.setTimer(note("e"), 5);
    clock.setTimer(note("f"), 0);
    clock.setTimer(note("g"), 100);
  }, 20);
  const giveUp = clock.setTimer(note("never"), 15);
  giveUp();
  giveUp();
  assertEquals(clock.timers, 4);
  clock.advance(9);
  assertEquals(log, []);
  clock.advance(31);
  assertEquals(log, ["a 10", "b 10", "d 20", "f 20", "e 25", "c 30"]);
  assertEquals([clock.now(), clock.timers], [40, 1]);
});

test("FakeClock.set() lets no time pass: timers run on as they would have", () => {
  const clock = new FakeClock(1000);
  const log: number[] = [];
  clock.setTimer(() => log.push(clock.now()), 10);
  clock.set(5000);
  clock.set(0);
  assertEquals(log, []);
  clock.advance(9);
  assertEquals(log, []);
  clock.advance(1);
  assertEquals(log, [10]);
});

test("systemClock tells the time of the computer, and calls back once", async () => {
  const before = Date.now();
  const now = systemClock.now();
  assert(now >= before && now <= Date.now());
  systemClock.setTimer(() => {
    throw new Error("it was given up");
  }, 0)();
  const letGo = systemClock.hold(); // a timer by itself keeps no program alive
  let giveUp = () => {};
  await new Promise<void>((resolve) => {
    giveUp = systemClock.setTimer(resolve, 1);
  });
  giveUp(); // harmless
  letGo();
  letGo(); // harmless
});

for (const back of [1, 500, 999]) {
  test(`MiniQueue lets a clock stand still that is set back by ${back} ms`, async () => {
    const jobs = await Jobs.open();
    const { queue, clock } = jobs;
    await jobs.add("held");
    const held = await jobs.take();
    await queue.enqueue("late", { delay: 50 });
    clock.advance(40);
    queue.stats();
    clock.set(clock.now() - back);
    await jobs.add("now");
    const now = await jobs.take();
    assertEquals(now.enqueuedAt.getTime(), START + 40);
    await now.ack();
    clock.advance(back);
    assertEquals(await drained(queue), []); // as long as it stood still
    clock.advance(10);
    assertEquals(await drained(queue), ["late"]);
    clock.advance(49);
    await held.extend(1);
    clock.advance(1);
    await assertCode(() => held.ack(), "LEASE_LOST");
    await queue.close();
  });
}

for (const back of [1000, 1001, HOUR]) {
  test(`MiniQueue lets leases run on from now when the clock is set back by ${back} ms`, async () => {
    const jobs = await Jobs.open();
    const { queue, clock } = jobs;
    await jobs.add("held");
    const held = await jobs.take();
    clock.advance(40);
    queue.stats(); // looks at the clock
    clock.set(clock.now() - back);
    assertEquals(queue.stats().leased, 1);
    clock.advance(LEASE - 1);
    assertEquals(await queue.tryDequeue(), undefined);
    clock.advance(1);
    await assertCode(() => held.ack(), "LEASE_LOST");
    assertEquals((await jobs.take()).attempts, 2);
    await queue.close();
  });
}

test("MiniQueue holds a message that is settled, or held for longer, behind a clock that was set back", async () => {
  const jobs = await Jobs.open();
  const { queue, clock } = jobs;
  await jobs.add("a", "b", "c");
  const [a, b, c] = await queue.claim(3);
  clock.set(START - HOUR);
  await b.extend(3 * LEASE);
  clock.advance(LEASE - 1);
  await a.ack();
  clock.advance(1);
  await assertCode(() => c.ack(), "LEASE_LOST");
  clock.advance(2 * LEASE - 1);
  await b.ack();
  assertEquals(await jobs.drain(), ["c"]);
  await queue.close();
});

test("MiniQueue keeps to the times that were asked for when the clock is set back", async () => {
  const jobs = await Jobs.open();
  const { queue, clock } = jobs;
  await queue.enqueue("delayed", { delay: 50 });
  await queue.enqueue("expires", { expiresIn: 50, delay: 20 });
  await queue.enqueue("ready");
  clock.set(START - 5000);
  assertEquals(await jobs.drain(), ["ready"]);
  clock.advance(5019);
  assertEquals(await jobs.drain(), []);
  clock.advance(1);
  assertEquals(await jobs.drain(), ["expires"]);
  clock.advance(30);
  assertEquals(await jobs.drain(), ["delayed"]);
  await queue.close();
});

test("MiniQueue ends leases and delays when the clock is set forward", async () => {
  const jobs = await Jobs.open();
  const { queue, clock } = jobs;
  await jobs.add("held");
  const held = await jobs.take();
  await queue.enqueue("delayed", { delay: HOUR });
  await queue.enqueue("expires", { expiresIn: HOUR });
  clock.set(START + HOUR);
  await assertCode(() => held.ack(), "LEASE_LOST");
  assertEquals(await jobs.drain(), ["held", "delayed"]);
  assertEquals(await jobs.dead(), [["expires", "expired"]]);
  await queue.close();
});

for (const ahead of [-HOUR, -1000, -999, -1, 1, LEASE - 1, LEASE, HOUR]) {
  test(`MiniQueue opened again with a clock that was set by ${ahead} ms loses nothing, and repeats nothing that is done`, async () => {
    const jobs = await Jobs.open();
    const { clock } = jobs;
    await jobs.add("done", "held", "ready");
    await (await jobs.take()).ack();
    const { receipt } = await jobs.take();
    await jobs.queue.enqueue("delayed", { delay: 50 });
    clock.set(START + ahead);
    await jobs.kill();
    const { size } = jobs.queue;
    assertEquals(size, 3);
    assertEquals(jobs.queue.stats().oldestAge, Math.max(0, ahead));
    const left = ahead >= 0 ? LEASE - ahead : LEASE; // from now, if it began later
    if (left > 0) {
      clock.advance(left - 1);
      await jobs.queue.lease(receipt).extend(1);
      clock.advance(1);
    }
    await assertCode(() => jobs.queue.lease(receipt).ack(), "LEASE_LOST");
    const seen = await jobs.drain();
    clock.advance(2 * HOUR);
    seen.push(...await jobs.drain());
    assertEquals(seen.toSorted(), ["delayed", "held", "ready"]);
    await jobs.queue.close();
  });
}

test("MiniQueue loses nothing and repeats nothing that is done, however the clock jumps, in random histories", async () => {
  for (let seed = 1; seed <= 25; seed++) {
    const random = new SeededRandom(seed);
    const jobs = await Jobs.open({ maxAttempts: 1e6 });
    const { clock } = jobs;
    const there = new Set<string>();
    const held: string[] = [];
    for (let step = 1; step <= 150; step++) {
      const where = `seed ${seed}, step ${step}`;
      const roll = random.below(100);
      if (roll < 25) {
        const id = await jobs.queue.enqueue("x", {
          group: random.pick([undefined, "g", "h"]),
          delay: random.pick([0, 0, random.below(5000)]),
        });
        there.add(id);
      } else if (roll < 45) {
        for (const { id, receipt } of await jobs.queue.claim(3)) {
          assert(there.has(id), where);
          held.push(receipt);
        }
        const groups: string[] = [];
        for await (const { group } of jobs.queue.list({ state: "leased" })) {
          if (group !== undefined) groups.push(group);
        }
        assertEquals(groups.length, new Set(groups).size, where);
      } else if (roll < 70 && held.length > 0) {
        const [receipt] = held.splice(random.below(held.length), 1);
        const lease = jobs.queue.lease(receipt);
        const isAck = random.below(2) === 0;
        const end = await (isAck ? lease.ack() : lease.retry()).then(
          () => "done",
          ({ code }) => code,
        );
        assert(end === "done" || end === "LEASE_LOST", where);
        if (end === "done" && isAck) {
          assert(there.delete(receipt.split(".")[0]), where);
        }
      } else if (roll < 80) clock.advance(random.below(LEASE));
      else if (roll < 90) {
        const by = random.pick([10, 999, 1000, 3000, HOUR]);
        clock.set(clock.now() + (random.below(2) === 0 ? by : -by));
      } else if (roll < 95) await jobs.kill();
      else await jobs.reopen();
      assertEquals(jobs.queue.size, there.size, where);
    }
    clock.set(START + 1000 * HOUR);
    assertEquals((await jobs.drain()).length, there.size, `seed ${seed}`);
    await jobs.queue.close();
  }
});
