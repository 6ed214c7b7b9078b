import { assert, assertEquals } from "@std/assert";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import {
  assertCounts,
  Gate,
  isPending,
  never,
  openJobs,
  recordsOf,
  reopen,
  start,
  turn,
} from "./support/queues_b.ts";

test("MiniQueue.process() holds the message of a handler that takes long, by a write at half of its time", async () => {
  const jobs = await openJobs<string>({ visibilityTimeout: 1000 });
  const { fileSystem, clock, queue } = jobs;
  let end = () => {};
  let signal = AbortSignal.abort();
  const work = start(jobs, (message) => {
    signal = message.signal;
    return new Promise<void>((resolve) => end = resolve);
  });
  await queue.enqueue("a");
  await turn();
  for (let n = 1; n <= 20; n++) {
    clock.advance(500);
    await turn();
    assertEquals(recordsOf(fileSystem, "extend").length, n);
  }
  assertEquals([signal.aborted, queue.stats().totals.delivered], [false, 1]);
  end();
  await queue.idle();
  await work.end();
  assertEquals(clock.timers, 0);
  await queue.close();
});

test("MiniQueue.process() leaves no timer when a handler ends while its lease is extended", async () => {
  const jobs = await openJobs<string>({ visibilityTimeout: 1000 });
  const { fileSystem, clock, queue } = jobs;
  let end = () => {};
  const work = start(jobs, () => new Promise<void>((resolve) => end = resolve));
  await queue.enqueue("a");
  await turn();
  const gate = new Gate(fileSystem);
  clock.advance(500);
  await turn();
  assertEquals(gate.size, 1);
  end();
  await turn();
  gate.open();
  await queue.idle();
  await work.end();
  assertEquals(clock.timers, 0);
  await queue.close();
});

test("MiniQueue.process() without autoExtend gives a handler up whose lease runs out, and tells it by the signal", async () => {
  const jobs = await openJobs<string>({ visibilityTimeout: 1000 });
  const { fileSystem, clock, queue } = jobs;
  const told: unknown[] = [];
  const work = start(jobs, (message) => {
    if (message.attempts > 1) return;
    message.signal.addEventListener(
      "abort",
      () => told.push(message.signal.reason.code),
    );
    return never();
  }, { autoExtend: false });
  await queue.enqueueAll([{ payload: "a" }, { payload: "b" }]);
  await turn();
  clock.advance(999);
  await turn();
  assertEquals(told, []);
  clock.advance(1);
  await turn();
  clock.advance(1000);
  await queue.idle();
  assertEquals(told, ["LEASE_LOST", "LEASE_LOST"]);
  assertEquals(recordsOf(fileSystem, "extend"), []);
  await work.end();
  assertEquals(clock.timers, 0);
  await queue.close();
});

test("MiniQueue.process() starts a handler when its claim is on disk, with the whole lease before it", async () => {
  const jobs = await openJobs<string>({ visibilityTimeout: 1000 });
  const { fileSystem, clock, queue } = jobs;
  await queue.enqueue("a");
  const gate = new Gate(fileSystem);
  const attempts: number[] = [];
  const aborted: number[] = [];
  const work = start(jobs, (message) => {
    attempts.push(message.attempts);
    const { signal } = message;
    signal.addEventListener("abort", () => aborted.push(message.attempts));
    return message.attempts === 1 ? never() : undefined;
  }, { autoExtend: false });
  await turn();
  clock.advance(1000); // the sync of the claim takes that long
  assertEquals(attempts, []);
  gate.open();
  await turn();
  clock.advance(999);
  await turn();
  assertEquals([attempts, aborted], [[1], []]);
  clock.advance(1);
  await turn();
  assertEquals([attempts, aborted], [[1, 2], [1]]);
  assertEquals(queue.size, 0);
  await work.end();
  await queue.close();
});

test("MiniQueue.process() does not count the result of a handler that outlives its lease", async () => {
  const jobs = await openJobs<string>({ visibilityTimeout: 1000 });
  const { clock, queue } = jobs;
  const ends: ((error?: Error) => void)[] = [];
  const work = start(
    jobs,
    () =>
      new Promise<void>((resolve, reject) => {
        ends.push((error) => error ? reject(error) : resolve());
      }),
    { autoExtend: false },
  );
  await queue.enqueue("a");
  await turn();
  clock.advance(1000);
  await turn();
  assertEquals(ends.length, 2);
  ends[0]();
  await turn();
  assertCounts(queue, { leased: 1 });
  clock.advance(1000);
  await turn();
  ends[1](new Error("late"));
  await turn();
  assertCounts(queue, { leased: 1 });
  ends[2]();
  await queue.idle();
  assertEquals(queue.stats().totals.acknowledged, 1);
  await work.end();
  await queue.close();
});

test("MiniQueue.process() ends by its signal when the handlers that run have ended, and what they did is on disk", async () => {
  const jobs = await openJobs<number>();
  const { queue } = jobs;
  const ends: (() => void)[] = [];
  const work = start(
    jobs,
    () => new Promise<void>((resolve) => ends.push(resolve)),
    { concurrency: 2 },
  );
  await queue.enqueueAll([1, 2, 3, 4].map((payload) => ({ payload })));
  await turn();
  const ending = work.end();
  ends[0]();
  assert(await isPending(ending));
  ends[1]();
  await ending;
  assertEquals([ends.length, queue.stats().totals.acknowledged], [2, 2]);
  assertCounts(queue, { ready: 2 });
  await queue.close();
});

test("MiniQueue.process() that was ended leaves nothing held, though a claim was being written", async () => {
  const jobs = await openJobs<number>();
  const { fileSystem, queue } = jobs;
  const work = start(jobs, () => {});
  await turn();
  const gate = new Gate(fileSystem);
  const done = queue.enqueue(1); // its claim is handed in with it
  await turn();
  // As the documentation of close() says: first the signal, then close.
  const closed = work.end().then(() => queue.close());
  await turn();
  gate.open();
  await done;
  await closed;
  const again = await reopen(jobs);
  assertCounts(again.queue, { ready: 1 });
  assertEquals((await again.queue.tryDequeue())?.attempts, 1);
  await again.queue.close();
});

test("MiniQueue.process() that was ended before it began does nothing", async () => {
  const { queue } = await openJobs<number>();
  await queue.enqueue(1);
  await queue.process(() => {}, { signal: AbortSignal.abort() });
  assertCounts(queue, { ready: 1 });
  await queue.close();
});

test("MiniQueue.process() ends when the queue is closed, behind the handlers that run", async () => {
  const jobs = await openJobs<number>();
  const { clock, queue } = jobs;
  let end = () => {};
  const work = start(
    jobs,
    () => new Promise<void>((resolve) => end = resolve),
    { concurrency: 2 },
  );
  await queue.enqueue(1);
  await turn();
  await queue.close();
  assert(await isPending(work.done));
  end();
  await work.done;
  assertEquals(clock.timers, 0);
  const again = await reopen(jobs);
  assertCounts(again.queue, { leased: 1 }); // the end came too late
  await again.queue.close();
});

test("MiniQueue.process() rejects with FAILED when nothing can be written any more, behind the handlers that run", async () => {
  const jobs = await openJobs<number>();
  const { fileSystem, queue } = jobs;
  let end = () => {};
  const work = start(
    jobs,
    () => new Promise<void>((resolve) => end = resolve),
    { concurrency: 2 },
  );
  await queue.enqueue(1);
  await turn();
  fileSystem.inject({ kinds: ["dataSync"], errno: "EIO" });
  const error = await assertCode(() => queue.enqueue(2), "FAILED");
  assert(await isPending(work.done));
  end();
  assertEquals(await work.done.catch((e) => e), error);
  await queue.close().catch(() => {});
});

test("MiniQueue.process() without autoExtend does not wait for a handler that runs when the queue is closed", async () => {
  const jobs = await openJobs<string>();
  const { clock, queue } = jobs;
  let reason: unknown;
  const work = start(jobs, (message) => {
    message.signal.addEventListener("abort", () => {
      reason = message.signal.reason;
    });
    return never();
  }, { autoExtend: false });
  await queue.enqueue("a");
  await turn();
  await queue.close();
  assertEquals((reason as { code?: string } | undefined)?.code, "CLOSED");
  assert(!await isPending(work.done), "it waits on");
  await work.done;
  assertEquals(clock.timers, 0);
});

test("MiniQueue.process() tells its handlers by the signal that the queue is closed, and waits for them", async () => {
  const jobs = await openJobs<string>();
  const { queue } = jobs;
  const work = start(jobs, ({ signal }) =>
    new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve());
    }));
  await queue.enqueue("a");
  await turn();
  await queue.close();
  assert(!await isPending(work.done), "the handler was not told");
  await work.done;
});
