import { assert, assertEquals } from "@std/assert";
import { test } from "./support/harness.ts";
import {
  assertCounts,
  codeOf,
  Gate,
  isPending,
  openJobs,
  recordsOf,
  reopen,
  syncsOf,
  turn,
} from "./support/queues_b.ts";

test("MiniQueue.dequeue() that is given up while its claim is written leaves the message to the next, with no attempt counted", async () => {
  const { fileSystem, queue } = await openJobs<string>();
  await queue.enqueue("a");
  const gate = new Gate(fileSystem);
  const stop = new AbortController();
  const first = codeOf(queue.dequeue({ signal: stop.signal }));
  const second = queue.dequeue();
  await turn();
  assertEquals(gate.size, 1);
  stop.abort({ code: "enough" });
  assert(await isPending(second));
  gate.open();
  assertEquals(await first, "enough");
  const message = await second;
  assertEquals([message.payload, message.attempts], ["a", 1]);
  await message.ack();
  assertEquals(queue.size, 0);
  await queue.close();
});

test("MiniQueue.dequeue() that is given up while its claim is written, with nobody behind it, leaves the message ready", async () => {
  const { fileSystem, queue } = await openJobs<string>();
  await queue.enqueue("a");
  const gate = new Gate(fileSystem);
  const stop = new AbortController();
  const given = codeOf(queue.dequeue({ signal: stop.signal }));
  await turn();
  stop.abort({ code: "enough" });
  await turn();
  gate.open();
  assertEquals(await given, "enough");
  await turn();
  assertCounts(queue, { ready: 1 });
  assertEquals((await queue.tryDequeue())?.attempts, 1);
  await queue.close();
});

test("MiniQueue.dequeue() of many who wait writes no record that names more than a thousand messages", async () => {
  const { fileSystem, queue } = await openJobs<number>();
  const waiting = Array.from({ length: 2500 }, () => queue.dequeue());
  await queue.enqueueAll(waiting.map((_, payload) => ({ payload })));
  await Promise.all(waiting);
  const counts = recordsOf(fileSystem, "claim").map(({ messages }) =>
    (messages as number[]).length
  );
  assertEquals(counts.reduce((sum, count) => sum + count, 0), 2500);
  assert(Math.max(...counts) <= 1000, `${counts}`);
  await queue.close();
});

test("MiniQueue.close() gives back what is being handed out, and tells who waits for it CLOSED", async () => {
  const jobs = await openJobs<string>();
  const { fileSystem, queue } = jobs;
  await queue.enqueueAll([{ payload: "a" }, { payload: "b" }]);
  const gate = new Gate(fileSystem);
  const waiting = [queue.dequeue(), queue.claim(1)].map(codeOf);
  await turn();
  assertEquals(gate.size, 1);
  const closing = queue.close();
  gate.open();
  assertEquals(await Promise.all(waiting), ["CLOSED", "CLOSED"]);
  await closing;
  const again = await reopen(jobs);
  assertCounts(again.queue, { ready: 2 });
  const messages = await again.queue.claim(2);
  assertEquals(messages.map(({ payload, attempts }) => [payload, attempts]), [
    ["a", 1],
    ["b", 1],
  ]);
  await again.queue.close();
});

test("MiniQueue.close() gives back what was handed out and is still being read, and tells who waits for it CLOSED", async () => {
  const options = { payloadMemory: 0 };
  const jobs = await openJobs<string>(options);
  const { fileSystem, queue } = jobs;
  await queue.enqueue("a");
  const gate = new Gate(fileSystem, ["open-read"], 1);
  const waiting = codeOf(queue.dequeue());
  await turn();
  assertEquals(gate.size, 1);
  const closing = queue.close();
  gate.open();
  assertEquals(await waiting, "CLOSED");
  await closing;
  const again = await reopen(jobs, options);
  assertEquals((await again.queue.tryDequeue())?.attempts, 1);
  await again.queue.close();
});

test("MiniQueue.dequeue() waits on if its message is settled by a guessed receipt before it arrives", async () => {
  const { fileSystem, queue } = await openJobs<string>();
  await queue.enqueue("a");
  const gate = new Gate(fileSystem, ["dataSync"], 1);
  const waiting = queue.dequeue();
  await turn();
  assertEquals(gate.size, 1);
  const settled = queue.lease("1.2").ack();
  gate.open();
  await settled;
  assert(await isPending(waiting));
  await queue.enqueue("b");
  const message = await waiting;
  assertEquals([message.payload, message.attempts], ["b", 1]);
  await message.ack();
  assertEquals(queue.size, 0);
  await queue.close();
});

test("MiniQueue.dequeue() waits on if its message is settled by a guessed receipt while it is read", async () => {
  const { fileSystem, queue } = await openJobs<string>({ payloadMemory: 0 });
  await queue.enqueue("a");
  const gate = new Gate(fileSystem, ["open-read"], 1);
  const waiting = queue.dequeue();
  await turn();
  assertEquals(gate.size, 1);
  const settled = queue.lease("1.2").ack();
  gate.open();
  await settled;
  assert(await isPending(waiting));
  await queue.enqueue("b");
  assertEquals((await waiting).payload, "b");
  await queue.close();
});

test("MiniQueue.dequeue() whose message is settled before it arrives can still be given up", async () => {
  const { fileSystem, queue } = await openJobs<string>();
  await queue.enqueue("a");
  const gate = new Gate(fileSystem, ["dataSync"], 1);
  const stop = new AbortController();
  const waiting = codeOf(queue.dequeue({ signal: stop.signal }));
  await turn();
  const settled = queue.lease("1.2").ack();
  stop.abort({ code: "enough" });
  gate.open();
  assertEquals(await waiting, "enough");
  await settled;
  assertCounts(queue, {});
  await queue.close();
});

test("MiniQueue.dequeue() that is given up while its claim is written rejects when the message was given back", async () => {
  const { fileSystem, queue } = await openJobs<string>();
  await queue.enqueue("a");
  const gate = new Gate(fileSystem);
  const stop = new AbortController();
  const waiting = codeOf(queue.dequeue({ signal: stop.signal }));
  await turn();
  stop.abort({ code: "enough" });
  assert(await isPending(waiting));
  gate.release(); // the claim is durable; that it is given back is not
  assert(await isPending(waiting));
  assertEquals([gate.size, queue.stats().leased], [1, 1]);
  gate.open();
  assertEquals(await waiting, "enough");
  assertCounts(queue, { ready: 1 });
  await queue.close();
});

test("MiniQueue.claim() takes what is ready in one commit, and does not wait", async () => {
  const { fileSystem, clock, queue } = await openJobs<number>();
  assertEquals(await queue.claim(10), []);
  await queue.enqueueAll([1, 2, 3].map((payload) => ({ payload })));
  await queue.enqueue(4, { delay: 5 });
  const before = syncsOf(fileSystem);
  const messages = await queue.claim(10, { visibilityTimeout: 50 });
  assertEquals(messages.map(({ payload }) => payload), [1, 2, 3]);
  assertEquals(syncsOf(fileSystem) - before, 1);
  clock.advance(50);
  assertEquals(
    (await queue.claim(2)).map(({ payload, attempts }) => [payload, attempts]),
    [[1, 2], [2, 2]],
  );
  await queue.close();
});

test("MiniQueue.claim() goes on behind thousands of messages that have expired", async () => {
  const { clock, queue } = await openJobs<number>();
  await queue.enqueueAll(
    Array.from({ length: 9000 }, (_, payload) => ({ payload, expiresIn: 10 })),
  );
  await queue.enqueue(9000);
  clock.advance(10);
  assertEquals((await queue.claim(1)).map(({ payload }) => payload), [9000]);
  assertCounts(queue, { leased: 1, dead: 9000 });
  await queue.close();
});

test("MiniQueue.dequeue() goes on behind thousands of messages that have expired", async () => {
  const { clock, queue } = await openJobs<number>();
  await queue.enqueueAll(
    Array.from({ length: 9000 }, (_, payload) => ({ payload, expiresIn: 10 })),
  );
  clock.advance(10);
  const waiting = queue.dequeue();
  await queue.enqueue(9000);
  assertEquals((await waiting).payload, 9000);
  assertCounts(queue, { leased: 1, dead: 9000 });
  await queue.close();
});
