import { assert, assertEquals } from "@std/assert";
import { FakeClock } from "../src/testing/mod.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import { Jobs, LEASE, START } from "./support/queues.ts";

const HOUR = 3_600_000;

test("MiniQueue runs one timer while somebody waits for what is due later, and none otherwise", async () => {
  const jobs = await Jobs.open();
  const { queue, clock } = jobs;
  const timers = () => clock.timers;
  await jobs.add("a", "b");
  await queue.enqueue("later", { delay: 50 });
  assertEquals(timers(), 0); // nobody waits
  const [a] = [await jobs.take(), await jobs.take()];
  assertEquals(timers(), 0); // held, and nobody waits
  const stop = new AbortController();
  const waiting = queue.dequeue({ signal: stop.signal });
  const other = queue.dequeue();
  assertEquals(timers(), 1);
  queue.pause();
  assertEquals(timers(), 0);
  queue.resume();
  assertEquals(timers(), 1);
  await a.ack();
  stop.abort(new Error("enough"));
  await waiting.catch(() => {});
  assertEquals(timers(), 1);
  clock.advance(50);
  const later = await other;
  assertEquals([later.payload, timers()], ["later", 0]);
  await later.retry({ delay: 10 });
  assertEquals(timers(), 0);
  const last = queue.dequeue();
  assertEquals(timers(), 1);
  const ended = assertCode(() => last, "CLOSED");
  await queue.close();
  assertEquals(timers(), 0);
  await ended;
});

/** What is no reason to wait any more. */
const OVER: readonly [string, (jobs: Jobs) => Promise<unknown>][] = [
  ["nothing was ever enqueued", () => Promise.resolve()],
  ["all was acknowledged", (jobs) => jobs.add("a").then(() => jobs.drain())],
  ["a delayed message was cleared", async ({ queue }) => {
    await queue.enqueue("a", { delay: HOUR });
    await queue.clear();
  }],
  ["a message was held for longer, and acknowledged", async (jobs) => {
    await jobs.add("a");
    const message = await jobs.take();
    await message.extend(HOUR);
    await message.ack();
  }],
  ["a message was given up", async (jobs) => {
    await jobs.add("a");
    const message = await jobs.take();
    assertEquals(message.signal.aborted, false);
    await message.fail("no");
  }],
  ["a delayed message was taken and acknowledged", async (jobs) => {
    await jobs.queue.enqueue("a", { delay: 10, group: "g" });
    await jobs.queue.enqueue("b", { delay: 20, group: "g" });
    jobs.clock.advance(20);
    await jobs.drain();
  }],
];

for (const [why, prepare] of OVER) {
  for (const how of ["first", "meanwhile", "reopen"] as const) {
    test(`MiniQueue.dequeue() needs no timer when ${why} (${how})`, async () => {
      const jobs = await Jobs.open();
      if (how === "meanwhile") {
        await jobs.add("x");
        const x = await jobs.take();
        await prepare(jobs);
        const waiting = assertCode(() => jobs.queue.dequeue(), "CLOSED");
        assertEquals(jobs.clock.timers, 1); // for x
        await x.ack();
        assertEquals(jobs.clock.timers, 0);
        await jobs.queue.close();
        await waiting;
        return;
      }
      await prepare(jobs);
      if (how === "reopen") await jobs.reopen();
      assertEquals(jobs.clock.timers, 0);
      const waiting = assertCode(() => jobs.queue.dequeue(), "CLOSED");
      assertEquals(jobs.clock.timers, 0);
      await jobs.queue.close();
      await waiting;
    });
  }
}

test("MiniQueue.process() leaves no timer behind the last message", async () => {
  const jobs = await Jobs.open();
  const { queue, clock } = jobs;
  await jobs.add("a", "b", "c");
  const seen: number[] = [];
  const done = queue.process(async () => {
    await queue.enqueueAll([]);
    seen.push(clock.timers);
  }, { concurrency: 2 });
  await queue.idle();
  assertEquals(seen, [1, 1, 1]);
  assertEquals(clock.timers, 0);
  await queue.close();
  await done;
  assertEquals(clock.timers, 0);
});

test("MiniQueue.dequeue() sees within a minute that the clock was set forward", async () => {
  const jobs = await Jobs.open();
  const { queue, clock } = jobs;
  await queue.enqueue("a", { delay: 10 * HOUR });
  const waiting = queue.dequeue();
  clock.advance(30_000);
  clock.set(START + 10 * HOUR);
  clock.advance(29_999);
  await queue.enqueueAll([]);
  assertEquals(queue.stats().totals.delivered, 0);
  clock.advance(1);
  assertEquals((await waiting).payload, "a");
  assertEquals(clock.timers, 0);
  await queue.close();
});

test("MiniQueue.dequeue() gets a message whose lease runs out in time, though the clock was set back meanwhile", async () => {
  const jobs = await Jobs.open();
  const { queue, clock } = jobs;
  await jobs.add("a");
  await jobs.take();
  const waiting = queue.dequeue();
  clock.advance(40);
  queue.stats(); // looks at the clock
  clock.set(START - HOUR);
  queue.stats();
  clock.advance(LEASE - 1);
  await queue.enqueueAll([]);
  assertEquals(queue.stats().totals.delivered, 1);
  clock.advance(1);
  await queue.enqueueAll([]);
  assertEquals(queue.stats().totals.delivered, 2);
  assertEquals((await waiting).attempts, 2);
  assertEquals(clock.timers, 0);
  await queue.close();
});

test("MiniQueue.dequeue() gets what is due at once when something else is asked for behind a jump forward", async () => {
  const jobs = await Jobs.open();
  const { queue, clock } = jobs;
  await queue.enqueue("a", { delay: HOUR });
  const waiting = queue.dequeue();
  clock.set(START + HOUR);
  await queue.enqueue("b", { delay: 1 });
  assertEquals((await waiting).payload, "a");
  await queue.close();
});

test("MiniQueue.dequeue() gets each message, with one timer at most, whenever the clock is set", async () => {
  for (const jump of [-20_000, -1000, -999, -1, 50, 20_000]) {
    for (let look = 1; look <= 40; look++) {
      const where = `set by ${jump} ms at look ${look}`;
      const clock = new JumpingClock(START, look, jump);
      const jobs = await Jobs.open({ maxAttempts: 100 }, clock);
      const { queue } = jobs;
      await queue.enqueue("later", { delay: 30 });
      await jobs.add("lost", "held", "back");
      await jobs.queue.dequeue();
      const held = await queue.dequeue({ visibilityTimeout: 10 * HOUR });
      const { signal } = held;
      await (await queue.dequeue()).retry({ delay: 20 }).catch(({ code }) =>
        assertEquals([code, jump > LEASE], ["LEASE_LOST", true], where)
      );
      const waiting = ["back", "later", "lost"].map(() => queue.dequeue());
      for (const one of waiting) one.catch(() => {}); // waited for below
      for (let time = 0; time < 30_000; time += 2000) {
        assert(clock.timers <= 1, `${clock.timers} timers, ${where}`);
        clock.advance(2000);
        await queue.enqueueAll([]);
      }
      const { delivered } = queue.stats().totals;
      assert(delivered >= 6, `${delivered} were handed out, ${where}`);
      await Promise.all(waiting);
      assertEquals(signal.aborted, false, where);
      await held.ack();
      assertEquals([queue.size, queue.stats().dead], [3, 0], where);
      assertEquals(clock.timers, 0, where);
      await queue.close();
      assert(clock.hasJumped, where);
    }
  }
});

/** A clock that is set by itself when it is looked at for the n-th time. */
class JumpingClock extends FakeClock {
  #looks: number;
  readonly #jump: number;

  constructor(start: number, look: number, jump: number) {
    super(start);
    this.#looks = look;
    this.#jump = jump;
  }

  get hasJumped(): boolean {
    return this.#looks <= 0;
  }

  override now(): number {
    if (--this.#looks === 0) this.set(super.now() + this.#jump);
    if (this.#looks < -10_000) throw new Error("it is looked at endlessly");
    return super.now();
  }
}
