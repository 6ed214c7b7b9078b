import { assert, assertEquals } from "@std/assert";
import type { Message } from "../mod.ts";
import { test } from "./support/harness.ts";
import {
  assertCounts,
  codeOf,
  Gate,
  isPending,
  openJobs,
  syncsOf,
  turn,
} from "./support/queues_b.ts";

test("MiniQueue.dequeue() waits for a message, and gets the first that comes", async () => {
  const { queue } = await openJobs<string>();
  const waiting = queue.dequeue();
  assert(await isPending(waiting));
  const id = await queue.enqueue("a");
  const message = await waiting;
  assertEquals([message.id, message.payload, message.attempts], [id, "a", 1]);
  await queue.close();
});

test("MiniQueue.dequeue() serves who waits longest first", async () => {
  const { queue } = await openJobs<number>();
  const order: string[] = [];
  const waiting = ["first", "second", "third"].map((name) =>
    queue.dequeue().then(({ payload }) => order.push(`${name} ${payload}`))
  );
  await queue.enqueueAll([1, 2].map((payload) => ({ payload })));
  await queue.enqueue(3);
  await Promise.all(waiting);
  assertEquals(order, ["first 1", "second 2", "third 3"]);
  await queue.close();
});

test("MiniQueue.dequeue() gives the message that comes first in the order, not the one that was enqueued first", async () => {
  const { queue } = await openJobs<string>();
  const waiting = queue.dequeue();
  await queue.enqueueAll([
    { payload: "low", priority: -1 },
    { payload: "high", priority: 1 },
  ]);
  assertEquals((await waiting).payload, "high");
  await queue.close();
});

test("MiniQueue.dequeue() is not passed by tryDequeue() of others", async () => {
  const { queue } = await openJobs<string>();
  const waiting = queue.dequeue();
  const done = queue.enqueue("a");
  assertEquals(await queue.tryDequeue(), undefined);
  await done;
  assertEquals((await waiting).payload, "a");
  await queue.close();
});

test("MiniQueue.dequeue() of a message that is enqueued meanwhile shares its sync", async () => {
  const { fileSystem, queue } = await openJobs<string>();
  const waiting = queue.dequeue();
  const before = syncsOf(fileSystem);
  await queue.enqueue("a");
  await waiting;
  assertEquals(syncsOf(fileSystem) - before, 1);
  await queue.close();
});

test("MiniQueue.dequeue() hands nothing out before the claim is durable", async () => {
  const { fileSystem, queue } = await openJobs<string>();
  await queue.enqueue("a");
  const gate = new Gate(fileSystem);
  const waiting = queue.dequeue();
  assert(await isPending(waiting));
  assertEquals(gate.size, 1);
  assertCounts(queue, { ready: 1 });
  gate.open();
  await waiting;
  assertCounts(queue, { leased: 1 });
  await queue.close();
});

test("MiniQueue.dequeue() rejects with the reason of the signal, before and while it waits", async () => {
  const { queue } = await openJobs<string>();
  const reason = new Error("enough");
  const over = AbortSignal.abort(reason);
  assertEquals(
    await queue.dequeue({ signal: over }).catch((error) => error),
    reason,
  );
  const stop = new AbortController();
  const waiting = queue.dequeue({ signal: stop.signal });
  assert(await isPending(waiting));
  stop.abort(reason);
  assertEquals(await waiting.catch((error) => error), reason);
  await queue.enqueue("a"); // nobody waits for it
  assertCounts(queue, { ready: 1 });
  await queue.close();
});

test("MiniQueue.dequeue() that has ended does not hear of its signal any more", async () => {
  const { queue } = await openJobs<string>();
  const stop = new AbortController();
  let heard = 0;
  const { signal } = stop;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    heard++;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    heard--;
    remove(...args);
  };
  await queue.enqueue("a");
  const message = await queue.dequeue({ signal });
  assertEquals(heard, 0);
  stop.abort();
  await message.ack();
  await queue.close();
});

test("MiniQueue.dequeue() can have 10,000 waiting at once", async () => {
  const { queue } = await openJobs<number>();
  const stop = new AbortController();
  const served: number[] = [];
  let gaveUp = 0;
  const waiting = Array.from(
    { length: 10_000 },
    (_, n) =>
      queue.dequeue(n % 2 === 0 ? {} : { signal: stop.signal }).then(
        ({ payload }) => served.push(payload),
        () => gaveUp++,
      ),
  );
  stop.abort();
  await turn();
  assertEquals(gaveUp, 5000);
  await queue.enqueueAll(
    Array.from({ length: 5000 }, (_, payload) => ({ payload })),
  );
  await Promise.all(waiting);
  assertEquals(served, Array.from({ length: 5000 }, (_, n) => n));
  assertCounts(queue, { leased: 5000 });
  await queue.close();
});

test("MiniQueue.dequeue() keeps the order of those who wait when they hold for different times", async () => {
  const { clock, queue } = await openJobs<number>();
  const order: number[] = [];
  const times = [1000, 1000, 50, 1000, 50];
  const messages: Message<number>[] = [];
  const waiting = times.map((visibilityTimeout, n) =>
    queue.dequeue({ visibilityTimeout }).then((message) => {
      order.push(n);
      messages[n] = message;
    })
  );
  await queue.enqueueAll(times.map((_, payload) => ({ payload })));
  await Promise.all(waiting);
  assertEquals(order, [0, 1, 2, 3, 4]);
  assertEquals(messages.map(({ payload }) => payload), [0, 1, 2, 3, 4]);
  clock.advance(50);
  assertEquals(
    await Promise.all(messages.map((message) => codeOf(message.ack()))),
    ["none", "none", "LEASE_LOST", "none", "LEASE_LOST"],
  );
  await queue.close();
});

test("MiniQueue.dequeue() wakes when a delay ends or a lease runs out, by one timer, and by none when nobody waits", async () => {
  const { clock, queue } = await openJobs<string>({ visibilityTimeout: 100 });
  await queue.enqueue("later", { delay: 70 });
  assertEquals(clock.timers, 0);
  const waiting = [queue.dequeue(), queue.dequeue()];
  assertEquals(clock.timers, 1);
  clock.advance(69);
  assert(await isPending(waiting[0]));
  clock.advance(1);
  assertEquals((await waiting[0]).payload, "later");
  assertEquals(clock.timers, 1);
  clock.advance(99);
  assert(await isPending(waiting[1]));
  clock.advance(1);
  const again = await waiting[1];
  assertEquals([again.payload, again.attempts], ["later", 2]);
  await turn();
  assertEquals(clock.timers, 0);
  await queue.close();
});

test("MiniQueue.dequeue() that is given up takes its timer with it", async () => {
  const { clock, queue } = await openJobs<string>();
  await queue.enqueue("later", { delay: 70 });
  const stop = new AbortController();
  const waiting = queue.dequeue({ signal: stop.signal });
  assertEquals(clock.timers, 1);
  stop.abort();
  await waiting.catch(() => {});
  assertEquals(clock.timers, 0);
  await queue.close();
});
