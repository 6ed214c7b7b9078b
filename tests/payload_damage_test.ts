import { assert, assertEquals } from "@std/assert";
import type { Message } from "../mod.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import {
  all,
  assertCounts,
  codeOf,
  damage,
  isPending,
  openJobs,
  recordsOf,
  segmentsOf,
  start,
  turn,
} from "./support/queues_b.ts";

test("MiniQueue.dequeue() of a damaged payload rejects with CORRUPT, and makes the message a dead letter that says so", async () => {
  const options = { payloadMemory: 0, maxSegmentBytes: 1 };
  const { fileSystem, queue } = await openJobs<string>(options);
  for (const text of ["first", "second", "third"]) await queue.enqueue(text);
  await damage(fileSystem, "second");
  assertEquals((await queue.dequeue()).payload, "first");
  const error = await assertCode(() => queue.dequeue(), "CORRUPT");
  assert(error.path !== undefined && error.sequence !== undefined, `${error}`);
  assertEquals((await queue.dequeue()).payload, "third");
  assertCounts(queue, { leased: 2, dead: 1 });
  const [{ messages, reason }] = recordsOf(fileSystem, "bury");
  assertEquals([messages, reason], [[2], error.message.slice(0, 1024)]);
  await queue.close();
});

test("MiniQueue.process() goes on behind a damaged payload: the message is a dead letter with its position as the reason", async () => {
  const options = { payloadMemory: 0, maxSegmentBytes: 1 };
  for (const concurrency of [1, 3]) {
    const jobs = await openJobs<string>(options);
    const { fileSystem, queue } = jobs;
    for (const text of ["first", "second", "third"]) await queue.enqueue(text);
    await damage(fileSystem, "second");
    const seen: string[] = [];
    const work = start(jobs, ({ payload }) => void seen.push(payload), {
      concurrency,
    });
    await queue.idle();
    assertEquals(seen, ["first", "third"]);
    assert(await isPending(work.done));
    assertCounts(queue, { dead: 1 });
    const [{ messages, reason }] = recordsOf(fileSystem, "bury");
    assertEquals(messages, [2]);
    assert(
      /queue\.jsonl.*(byte|record|line) \d+/.test(`${reason}`),
      `${reason}`,
    );
    await work.end();
    await queue.close();
  }
});

test("MiniQueue.claim() returns the messages whose payloads are whole, and rejects only if there are none", async () => {
  const options = { payloadMemory: 0, maxSegmentBytes: 1 };
  const { fileSystem, queue } = await openJobs<string>(options);
  for (const text of ["first", "second", "third", "fourth"]) {
    await queue.enqueue(text);
  }
  await damage(fileSystem, "second");
  await damage(fileSystem, "fourth");
  const messages = await queue.claim(3);
  assertEquals(messages.map(({ payload, attempts }) => [payload, attempts]), [
    ["first", 1],
    ["third", 1],
  ]);
  assertCounts(queue, { ready: 1, leased: 2, dead: 1 });
  await assertCode(() => queue.claim(3), "CORRUPT");
  assertCounts(queue, { leased: 2, dead: 2 });
  assertEquals(await queue.claim(3), []);
  for (const message of messages) await message.ack();
  assertEquals(queue.size, 0);
  await queue.close();
});

test("MiniQueue.deadLetters.purge() removes a letter whose payload is damaged", async () => {
  const options = { payloadMemory: 0, maxSegmentBytes: 1 };
  const { fileSystem, queue } = await openJobs<string>(options);
  await queue.enqueue("only");
  await damage(fileSystem, "only");
  assertEquals(await codeOf(queue.dequeue()), "CORRUPT");
  assertEquals(await queue.deadLetters.purge(["1"]), 1);
  assertCounts(queue, {});
  await queue.close();
});

test("MiniQueue.list(), peek() and compact() report a damaged payload, and nothing is lost", async () => {
  const options = { payloadMemory: 0, maxSegmentBytes: 1 };
  const { fileSystem, queue } = await openJobs<string>(options);
  await queue.enqueue("only");
  for (let n = 0; n < 9; n++) await queue.enqueue("other", { priority: 1 });
  for (const message of await queue.claim(9)) await message.ack();
  await damage(fileSystem, "only");
  const records = () =>
    segmentsOf(fileSystem).join("\n").split("\n").filter((line) =>
      line.startsWith("{")
    );
  const before = records();
  assertEquals(await codeOf(all(queue.list())), "CORRUPT");
  assertEquals(await codeOf(queue.peek()), "CORRUPT");
  assertEquals(await codeOf(queue.compact()), "CORRUPT");
  const { length } = segmentsOf(fileSystem);
  for (let n = 0; n < 3; n++) {
    assertEquals(await codeOf(queue.compact()), "CORRUPT");
  }
  assertEquals(segmentsOf(fileSystem).length, length);
  assertEquals(records(), before);
  assertCounts(queue, { ready: 1 });
  await queue.enqueue("more");
  await queue.close();
});

test("MiniQueue.dequeue() reports a failing read, and the message comes back behind its backoff, with no attempt counted", async () => {
  for (const kind of ["open-read", "read"] as const) {
    const { fileSystem, clock, queue } = await openJobs<string>({
      payloadMemory: 0,
      backoff: 500,
      maxAttempts: 1,
    });
    await queue.enqueue("a");
    fileSystem.inject({ kinds: [kind], errno: "EIO" });
    assertEquals(await codeOf(queue.dequeue()), "IO", kind);
    assertCounts(queue, { delayed: 1 });
    await queue.enqueue("b"); // nothing has failed for good
    clock.advance(499);
    assertEquals((await queue.claim(2)).map(({ payload }) => payload), ["b"]);
    clock.advance(1);
    const [message] = await queue.claim(2);
    assertEquals([message.payload, message.attempts], ["a", 1]);
    await queue.close();
  }
});

test("MiniQueue.claim() returns what could be read, and what could not comes back behind its backoff", async () => {
  const { fileSystem, clock, queue } = await openJobs<string>({
    payloadMemory: 0,
    maxSegmentBytes: 1,
    backoff: 500,
  });
  for (const text of ["first", "second", "third"]) await queue.enqueue(text);
  fileSystem.inject({ kinds: ["open-read"], errno: "EMFILE", at: 2 });
  const messages = await queue.claim(3);
  assertEquals(messages.length, 2);
  assertCounts(queue, { leased: 2, delayed: 1 });
  clock.advance(500);
  const [last] = await queue.claim(3);
  assertEquals(last.attempts, 1);
  assertEquals(
    [...messages, last].map(({ payload }) => payload).sort(),
    ["first", "second", "third"],
  );
  await queue.close();
});

test("MiniQueue.process() rejects with what a read says that fails, behind the handlers that run, and the message comes back", async () => {
  for (const [errno, code] of [["EIO", "IO"], ["EMFILE", "TOO_MANY_FILES"]]) {
    const jobs = await openJobs<string>({ payloadMemory: 0, backoff: 500 });
    const { fileSystem, clock, queue } = jobs;
    let end = () => {};
    const seen: [string, number][] = [];
    const handler = ({ payload, attempts }: Message<string>) => {
      seen.push([payload, attempts]);
      if (payload !== "slow") return;
      return new Promise<void>((resolve) => end = resolve);
    };
    const work = start(jobs, handler, { concurrency: 2 });
    await queue.enqueue("slow");
    await turn();
    fileSystem.inject({ kinds: ["open-read"], errno: errno as "EIO" });
    await queue.enqueue("a");
    assert(await isPending(work.done));
    assertCounts(queue, { leased: 1, delayed: 1 });
    end();
    assertEquals(await codeOf(work.done), code);
    const more = start(jobs, handler);
    clock.advance(500);
    await queue.idle();
    assertEquals(seen, [["slow", 1], ["a", 1]]);
    await more.end();
    await queue.close();
  }
});

test("MiniQueue.list() and peek() report a failing read, and can be called again", async () => {
  const { fileSystem, queue } = await openJobs<string>({ payloadMemory: 0 });
  await queue.enqueue("a");
  for (const kind of ["open-read", "read"] as const) {
    fileSystem.inject({ kinds: [kind], errno: "EMFILE" });
    assertEquals(await codeOf(all(queue.list())), "TOO_MANY_FILES");
    fileSystem.inject({ kinds: [kind], errno: "EMFILE" });
    assertEquals(await codeOf(queue.peek()), "TOO_MANY_FILES");
  }
  assertEquals((await queue.peek())?.payload, "a");
  assertEquals((await all(queue.list()))[0].payload, "a");
  await queue.close();
});
