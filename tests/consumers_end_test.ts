import { assert, assertEquals, assertRejects } from "@std/assert";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import {
  assertCounts,
  codeOf,
  Gate,
  isPending,
  openJobs,
  reopen,
  turn,
} from "./support/queues_b.ts";

test("MiniQueue.close() tells all who wait CLOSED, and so does every call behind it", async () => {
  const { clock, queue } = await openJobs<string>();
  await queue.enqueue("later", { delay: 70 });
  const waiting = [queue.dequeue(), queue.dequeue(), queue.idle()].map(codeOf);
  await turn();
  const closing = queue.close();
  assertEquals(await Promise.all(waiting), ["CLOSED", "CLOSED", "CLOSED"]);
  assertEquals(queue.close(), closing);
  await closing;
  assertEquals(clock.timers, 0);
  await assertCode(() => queue.dequeue(), "CLOSED");
  await assertCode(() => queue.tryDequeue(), "CLOSED");
  await assertCode(() => queue.claim(1), "CLOSED");
  await assertCode(() => queue.idle(), "CLOSED");
  await assertCode(() => queue.enqueue("b"), "CLOSED");
  await assertCode(() => queue.clear(), "CLOSED");
  await assertCode(() => queue.compact(), "CLOSED");
});

test("MiniQueue.dequeue() tells all who wait when a write fails, each the same error", async () => {
  const { fileSystem, queue } = await openJobs<string>();
  const waiting = [queue.dequeue(), queue.dequeue(), queue.idle()];
  const errors = Promise.all(waiting.map((one) => one.catch((e) => e)));
  fileSystem.inject({ kinds: ["dataSync"], errno: "EIO" });
  const error = await assertCode(() => queue.enqueue("a"), "FAILED");
  const [first, second, idle] = await errors;
  assertEquals([first, second], [error, error]);
  assertEquals(idle, undefined, "there was nothing to wait for");
  assertEquals(await queue.dequeue().catch((e) => e), error);
  await queue.close().catch(() => {});
});

test("MiniQueue.pause() hands nothing out until resume(), to those who wait nor to those who ask", async () => {
  const { clock, queue } = await openJobs<string>();
  await queue.enqueue("later", { delay: 10 });
  const waiting = queue.dequeue();
  assertEquals([queue.isPaused, clock.timers], [false, 1]);
  queue.pause();
  queue.pause();
  assertEquals([queue.isPaused, clock.timers], [true, 0]);
  clock.advance(10);
  await queue.enqueue("a");
  assert(await isPending(waiting));
  assertEquals(await queue.tryDequeue(), undefined);
  assertEquals(await queue.claim(10), []);
  const next = queue.dequeue();
  assert(await isPending(next));
  queue.resume();
  assertEquals(queue.isPaused, false);
  assertEquals((await waiting).payload, "later");
  assertEquals((await next).payload, "a");
  await queue.close();
});

test("MiniQueue.pause() lets what was handed out go on, and ends with the program", async () => {
  const jobs = await openJobs<string>();
  const { queue } = jobs;
  await queue.enqueueAll([{ payload: "a" }, { payload: "b" }]);
  const message = await queue.dequeue();
  queue.pause();
  await message.extend(1000);
  await message.ack();
  await queue.close();
  const again = await reopen(jobs);
  assertEquals(again.queue.isPaused, false);
  assertEquals((await again.queue.dequeue()).payload, "b");
  await again.queue.close();
});

test("MiniQueue is iterated over until it is closed, and a loop that is left takes nothing more", async () => {
  const { queue } = await openJobs<number>();
  await queue.enqueueAll([1, 2, 3].map((payload) => ({ payload })));
  const seen: number[] = [];
  for await (const message of queue) {
    seen.push(message.payload);
    await message.ack();
    if (message.payload === 2) break;
  }
  assertEquals(seen, [1, 2]);
  assertCounts(queue, { ready: 1 });
  const loop = (async () => {
    for await (const message of queue) {
      seen.push(message.payload);
      await message.ack();
    }
  })();
  await queue.idle();
  assert(await isPending(loop));
  await queue.close();
  await loop;
  assertEquals(seen, [1, 2, 3]);
});

test("MiniQueue that is iterated over throws what has failed", async () => {
  const { fileSystem, queue } = await openJobs<number>();
  const next = queue[Symbol.asyncIterator]().next();
  const code = codeOf(next);
  fileSystem.inject({ kinds: ["write"], errno: "ENOSPC" });
  await assertCode(() => queue.enqueue(1), "FAILED");
  assertEquals(await code, "FAILED");
  await queue.close().catch(() => {});
});

test("MiniQueue.idle() resolves when the last message is gone, on disk", async () => {
  const { fileSystem, queue } = await openJobs<number>();
  await queue.idle();
  await queue.enqueueAll([1, 2, 3, 4].map((payload) => ({ payload })));
  const [one, two, three] = await queue.claim(3);
  const idle = queue.idle();
  await one.ack();
  await two.fail("bad");
  assert(await isPending(idle));
  assertEquals(await queue.clear(), 1);
  assert(await isPending(idle));
  const gate = new Gate(fileSystem);
  const acked = three.ack();
  assert(await isPending(idle));
  gate.open();
  await acked;
  await idle;
  await queue.close();
});

test("MiniQueue.idle() rejects with the reason of its signal", async () => {
  const { queue } = await openJobs<number>();
  await queue.enqueue(1);
  const stop = new AbortController();
  const idle = queue.idle({ signal: stop.signal });
  assert(await isPending(idle));
  stop.abort(new Error("enough"));
  await assertRejects(() => idle, Error, "enough");
  await assertRejects(
    () => queue.idle({ signal: stop.signal }),
    Error,
    "enough",
  );
  await queue.close();
});

test("MiniQueue.idle() waits for what was handed in before it was called", async () => {
  const { fileSystem, queue } = await openJobs<number>();
  const gate = new Gate(fileSystem);
  const done = queue.enqueue(1);
  const idle = queue.idle();
  gate.open();
  await done;
  assert(await isPending(idle));
  await (await queue.dequeue()).ack();
  await idle;
  await queue.close();
});

test("MiniQueue.idle() whose signal aborts while it waits for the disk rejects with its reason", async () => {
  const { fileSystem, queue } = await openJobs<number>();
  const gate = new Gate(fileSystem);
  const done = queue.enqueue(1);
  const stop = new AbortController();
  const idle = queue.idle({ signal: stop.signal }).catch((error) => error);
  stop.abort("enough");
  gate.open();
  await done;
  assert(!await isPending(idle), "it waits on, though it was given up");
  assertEquals(await idle, "enough");
  await queue.close();
});
