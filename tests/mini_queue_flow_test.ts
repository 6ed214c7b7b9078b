import {
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import { Jobs, LEASE } from "./support/queues.ts";

test("MiniQueue.pause() hands nothing out until resume(), or until the queue is opened again", async () => {
  const jobs = await Jobs.open();
  const { queue } = jobs;
  await jobs.add("a", "b", "c");
  const held = await jobs.take();
  queue.pause();
  assertEquals(queue.isPaused, true);
  assertEquals(await queue.tryDequeue(), undefined);
  assertEquals(await queue.claim(5), []);
  const waiting = queue.dequeue();
  await held.ack(); // what was handed out goes on
  await queue.enqueue("d");
  assertEquals(queue.stats().totals.delivered, 1);
  queue.resume();
  assertEquals([(await waiting).payload, queue.isPaused], ["b", false]);
  queue.pause();
  await jobs.reopen();
  assertEquals(jobs.queue.isPaused, false);
  assertEquals(await jobs.drain(), ["c", "d"]);
  await jobs.queue.close();
});

test("MiniQueue.clear() removes what waits, and neither what is worked on nor dead letters", async () => {
  const jobs = await Jobs.open();
  const { queue, clock } = jobs;
  await jobs.add("dead", "run out", "held", "waits");
  await queue.enqueue("delayed", { delay: 1000 });
  await (await jobs.take()).fail("no");
  const runOut = await jobs.take();
  clock.advance(LEASE - 1);
  const held = await jobs.take();
  clock.advance(1);
  assertEquals(await queue.clear(), 3);
  assertEquals(queue.size, 1);
  await assertCode(() => runOut.ack(), "LEASE_LOST");
  await held.retry();
  assertEquals(await queue.clear(), 1);
  assertEquals(await queue.clear(), 0);
  const { totals, dead } = queue.stats();
  assertEquals([totals.cleared, dead, queue.size], [4, 1, 0]);
  await jobs.reopen();
  clock.advance(10_000);
  assertEquals(await jobs.drain(), []);
  await jobs.queue.close();
});

test("MiniQueue.clear() removes more than one record may name", async () => {
  const jobs = await Jobs.open();
  const { queue } = jobs;
  await jobs.add(...Array.from({ length: 2500 }, () => "x"));
  assertEquals(await queue.clear(), 2500);
  assertEquals([queue.size, queue.stats().totals.cleared], [0, 2500]);
  await queue.enqueue("y");
  assertEquals(await jobs.drain(), ["y"]);
  await queue.close();
});

test("MiniQueue.idle() waits for what is ready, delayed and worked on, and not for dead letters", async () => {
  const jobs = await Jobs.open();
  const { queue, clock } = jobs;
  await queue.idle();
  await jobs.add("a", "b");
  await queue.enqueue("c", { delay: 10 });
  let isIdle = false;
  const idle = queue.idle().then(() => isIdle = true);
  await (await jobs.take()).fail("no");
  assertEquals(await jobs.drain(), ["b"]);
  assertEquals(isIdle, false);
  clock.advance(10);
  const last = await jobs.take();
  assertEquals(isIdle, false);
  await last.ack();
  await idle;
  await queue.close();
});

test("MiniQueue.idle() ends with the reason of its signal, whenever that aborts", async () => {
  const { queue } = await Jobs.open();
  await queue.enqueue("a");
  const reason = new Error("enough");
  const stop = new AbortController();
  const { signal } = stop;
  const atOnce = queue.idle({ signal });
  const before = queue.idle({ signal: AbortSignal.abort(reason) });
  stop.abort(reason);
  assertStrictEquals(await assertRejects(() => before, Error), reason);
  // So that one that waits on fails, and does not hang.
  const [, error] = await Promise.all([
    queue.enqueue("b").then(() => queue.close()),
    assertRejects(() => atOnce, Error),
  ]);
  assertStrictEquals(error, reason);
});

test("MiniQueue.idle() that has waited for a while ends with the reason of its signal", async () => {
  const { queue } = await Jobs.open();
  await queue.enqueue("a");
  const stop = new AbortController();
  const waiting = queue.idle({ signal: stop.signal });
  await queue.enqueue("b");
  const reason = new Error("enough");
  stop.abort(reason);
  assertStrictEquals(await assertRejects(() => waiting, Error), reason);
  await queue.close();
});

test("MiniQueue iterates over messages as they come, and ends when it is closed", async () => {
  const jobs = await Jobs.open();
  const { queue } = jobs;
  await jobs.add("a", "b");
  const seen: string[] = [];
  for await (const message of queue) {
    seen.push(message.payload);
    await message.ack();
    if (message.payload === "b") await queue.enqueue("c");
    if (message.payload === "c") void queue.close();
  }
  assertEquals(seen, ["a", "b", "c"]);
});

test("MiniQueue.process() works off what is there, and tells idle() when it is done", async () => {
  const jobs = await Jobs.open();
  const { queue } = jobs;
  await jobs.add("a", "b", "c");
  const log: string[] = [];
  const stop = new AbortController();
  const done = queue.process(({ payload, attempts }) => {
    log.push(`${payload}${attempts}`);
    if (payload === "b" && attempts === 1) throw new Error("busy");
  }, { signal: stop.signal });
  await queue.idle();
  assertEquals(log, ["a1", "b1", "b2", "c1"]);
  stop.abort();
  await done;
  assertEquals(queue.stats().totals, {
    enqueued: 3,
    delivered: 4,
    acknowledged: 3,
    retried: 1,
    buried: 0,
    redriven: 0,
    cleared: 0,
    purged: 0,
  });
  await queue.close();
});

test("MiniQueue.process() without autoExtend does not wait for a handler that never ends when the queue is closed", async () => {
  const jobs = await Jobs.open();
  const { queue } = jobs;
  await jobs.add("a");
  const started = Promise.withResolvers<AbortSignal>();
  const done = queue.process(({ signal }) => {
    started.resolve(signal);
    return new Promise(() => {});
  }, { autoExtend: false }).then(() => "ended");
  const signal = await started.promise;
  await queue.close();
  // So that one that waits on fails, and does not hang.
  assertEquals(signal.aborted, true);
  assertEquals(await done, "ended");
  assertEquals((await jobs.reopen()).stats().leased, 1);
  await jobs.queue.close();
});

test("MiniQueue.lease() refuses what is no receipt", async () => {
  const { queue } = await Jobs.open();
  const wrong = ["", "1", "1.", ".2", "1.2.3", "-1.2", " 1.2", "1.2\n", "a.b"];
  wrong.push("01.2", "1.02", "0.2", "1.0", "0.0", "1.1234567890123456");
  wrong.push(undefined as unknown as string, 1.2 as unknown as string);
  for (const receipt of wrong) {
    assertThrows(() => queue.lease(receipt), TypeError, "receipt");
  }
  await queue.close();
});
