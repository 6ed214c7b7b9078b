import { assert, assertEquals, assertRejects } from "@std/assert";
import type { ProcessOptions } from "../mod.ts";
import { test } from "./support/harness.ts";
import {
  assertCounts,
  codeOf,
  Gate,
  never,
  openJobs,
  reopen,
  start,
  syncsOf,
  turn,
} from "./support/queues_b.ts";

test("MiniQueue.process() acknowledges each message when its handler has ended", async () => {
  const jobs = await openJobs<number>();
  const { queue } = jobs;
  const seen: number[] = [];
  const work = start(jobs, async ({ payload }) => {
    await turn();
    seen.push(payload);
  });
  await queue.enqueueAll([1, 2, 3].map((payload) => ({ payload })));
  await queue.idle();
  assertEquals(seen, [1, 2, 3]);
  assertEquals(queue.stats().totals.acknowledged, 3);
  await work.end();
  await queue.close();
  const again = await reopen(jobs);
  assertEquals(again.queue.size, 0);
  await again.queue.close();
});

test("MiniQueue.process() works on as many messages at a time as concurrency says, and on no more", async () => {
  const jobs = await openJobs<number>();
  const { queue } = jobs;
  const ends: (() => void)[] = [];
  let most = 0;
  let running = 0;
  const work = start(jobs, async () => {
    most = Math.max(most, ++running);
    await new Promise<void>((resolve) => ends.push(resolve));
    running--;
  }, { concurrency: 3 });
  await queue.enqueueAll([1, 2, 3, 4, 5].map((payload) => ({ payload })));
  await turn();
  assertEquals([running, queue.stats().leased], [3, 3]);
  for (let n = 0; n < 5; n++) {
    ends.shift()?.();
    await turn();
  }
  await queue.idle();
  assertEquals(most, 3);
  await work.end();
  await queue.close();
});

test("MiniQueue.process() writes the end of one message and the claim of the next with one sync", async () => {
  const jobs = await openJobs<number>();
  const { fileSystem, queue } = jobs;
  await queue.enqueueAll(
    Array.from({ length: 50 }, (_, payload) => ({ payload })),
  );
  const before = syncsOf(fileSystem);
  const work = start(jobs, () => {});
  await queue.idle();
  // One for the first claim, one for each end.
  assertEquals(syncsOf(fileSystem) - before, 51);
  await work.end();
  await queue.close();
});

test("MiniQueue.process() with concurrency shares syncs among all that end together", async () => {
  const jobs = await openJobs<number>();
  const { fileSystem, queue } = jobs;
  await queue.enqueueAll(
    Array.from({ length: 100 }, (_, payload) => ({ payload })),
  );
  const before = syncsOf(fileSystem);
  const work = start(jobs, () => {}, { concurrency: 10 });
  await queue.idle();
  assertEquals(syncsOf(fileSystem) - before, 11);
  await work.end();
  await queue.close();
});

test("MiniQueue.process() that is idle takes a message with the sync that makes it durable", async () => {
  const jobs = await openJobs<number>();
  const { fileSystem, queue } = jobs;
  const work = start(jobs, never);
  await turn();
  const before = syncsOf(fileSystem);
  await queue.enqueue(1);
  await turn();
  assertEquals([syncsOf(fileSystem) - before, queue.stats().leased], [1, 1]);
  void work;
  await queue.close();
});

test("MiniQueue.process() starts no handler before the attempt is durable", async () => {
  const jobs = await openJobs<number>();
  const { fileSystem, queue } = jobs;
  await queue.enqueue(1);
  const gate = new Gate(fileSystem);
  let calls = 0;
  const work = start(jobs, () => void calls++);
  await turn();
  assertEquals([calls, gate.size], [0, 1]);
  gate.open();
  await queue.idle();
  assertEquals(calls, 1);
  await work.end();
  await queue.close();
});

test("MiniQueue.process() waits for anything that has a then", async () => {
  const jobs = await openJobs<string>();
  const { queue } = jobs;
  let go = () => {};
  const work = start(jobs, () => ({
    then(resolve: () => void) {
      go = resolve;
    },
  }));
  await queue.enqueue("a");
  await turn();
  assertCounts(queue, { leased: 1 });
  go();
  await queue.idle();
  await work.end();
  await queue.close();
});

test("MiniQueue.process() refuses a handler that is none, and bad options, before it takes anything", async () => {
  const { queue } = await openJobs<number>();
  await queue.enqueue(1);
  const bad: readonly object[] = [
    ...[0, 1.5, NaN, Infinity, "2", null].map((concurrency) => ({
      concurrency,
    })),
    ...[0, -1, NaN, Infinity, "2", null].map((visibilityTimeout) => ({
      visibilityTimeout,
    })),
    ...["yes", 1, null].map((autoExtend) => ({ autoExtend })),
    ...[{}, null, "stop"].map((signal) => ({ signal })),
    { parallel: 2 },
  ];
  for (const options of bad) {
    const error = await assertRejects(
      () => queue.process(never, options as ProcessOptions),
      Error,
      "Cannot use",
    );
    assert(/^(Type|Range)Error$/.test(error.name), error.name);
  }
  await assertRejects(() => queue.process(undefined as never), TypeError);
  await assertRejects(() => queue.process({} as never), TypeError);
  await assertRejects(() => queue.process(never, null as never), TypeError);
  assertCounts(queue, { ready: 1 });
  await queue.close();
  assertEquals(await codeOf(queue.process(never)), "CLOSED");
});

test("MiniQueue.process() can be called more than once: the workers share the messages", async () => {
  const jobs = await openJobs<number>();
  const { queue } = jobs;
  const seen: string[] = [];
  const one = start(jobs, ({ payload }) => void seen.push(`one ${payload}`));
  const two = start(jobs, ({ payload }) => void seen.push(`two ${payload}`));
  await turn();
  await queue.enqueueAll([1, 2].map((payload) => ({ payload })));
  await queue.idle();
  assertEquals(seen, ["one 1", "two 2"]);
  await Promise.all([one.end(), two.end()]);
  await queue.close();
});

test("MiniQueue.process() hands each handler data of its own", async () => {
  const jobs = await openJobs<{ list: number[] }>({ backoff: 0 });
  const { queue } = jobs;
  const seen: string[] = [];
  const work = start(jobs, ({ payload, attempts }) => {
    payload.list.push(attempts);
    seen.push(`${payload.list}`);
    if (attempts < 3) throw new Error("again");
  });
  await queue.enqueue({ list: [0] });
  await queue.idle();
  assertEquals(seen, ["0,1", "0,2", "0,3"]);
  await work.end();
  await queue.close();
});

test("MiniQueue.process() keeps the order of a group, though many work and some fail", async () => {
  const jobs = await openJobs<number>({ backoff: 10 });
  const { clock, queue } = jobs;
  const seen: number[] = [];
  let running = 0;
  const work = start(jobs, async ({ payload, attempts }) => {
    assertEquals(++running, 1);
    await turn();
    running--;
    if (payload % 3 === 0 && attempts === 1) throw new Error("again");
    seen.push(payload);
  }, { concurrency: 5 });
  await queue.enqueueAll(
    Array.from({ length: 10 }, (_, payload) => ({ payload, group: "g" })),
  );
  while (queue.size > 0) {
    await turn();
    clock.advance(10);
  }
  assertEquals(seen, Array.from({ length: 10 }, (_, n) => n));
  await work.end();
  await queue.close();
});
