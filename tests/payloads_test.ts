import { assert, assertEquals } from "@std/assert";
import type { QueueOptions } from "../mod.ts";
import { SeededRandom } from "../src/testing/random.ts";
import { test } from "./support/harness.ts";
import {
  all,
  Gate,
  openJobs,
  reopen,
  segmentsOf,
  turn,
} from "./support/queues_b.ts";

/** Ways to keep nothing, little, and everything in memory, in small and large segments. */
const ROOMS: readonly QueueOptions<unknown>[] = [
  { payloadMemory: 0 },
  { payloadMemory: 0, maxSegmentBytes: 1 },
  { payloadMemory: 700, maxSegmentBytes: 500 },
  { payloadMemory: 5000 },
  {},
];

test("MiniQueue hands out the right payloads, whatever is kept in memory, in any order", async () => {
  for (const options of ROOMS) {
    const jobs = await openJobs<{ n: number; text: string }>(
      options as QueueOptions<{ n: number; text: string }>,
    );
    const { queue } = jobs;
    const random = new SeededRandom(7);
    for (let n = 1; n <= 60; n++) {
      const text = "\u20ac".repeat(random.below(40));
      await queue.enqueue({ n, text }, {
        priority: random.below(5),
        id: `m${n} ${text.length}`,
      });
    }
    const seen = new Set<string>();
    while (queue.size > 0) {
      for (const message of await queue.claim(1 + random.below(4))) {
        const { n, text } = message.payload;
        assertEquals(message.id, `m${n} ${text.length}`);
        seen.add(message.id);
        await message.ack();
      }
    }
    assertEquals(seen.size, 60, JSON.stringify(options));
    await queue.close();
  }
});

test("MiniQueue hands out the right payloads when it is opened again", async () => {
  for (const options of ROOMS) {
    const first = await openJobs<unknown>(options);
    for (let n = 1; n <= 40; n++) await first.queue.enqueue({ n });
    await first.queue.close();
    const second = await reopen(first, options);
    const { queue } = second;
    for (let n = 41; n <= 50; n++) await queue.enqueue({ n });
    const listed = await all(queue.list());
    assertEquals(
      listed.map(({ id, payload }) => [id, payload]),
      Array.from({ length: 50 }, (_, n) => [`${n + 1}`, { n: n + 1 }]),
    );
    const messages = await queue.claim(50);
    assertEquals(
      messages.map(({ payload }) => payload),
      listed.map(({ payload }) => payload),
    );
    await queue.close();
  }
});

test("MiniQueue that does not pile up never reads its log", async () => {
  const { fileSystem, queue } = await openJobs<number>();
  const before = fileSystem.operations.length;
  for (let n = 0; n < 100; n++) {
    await queue.enqueue(n);
    await (await queue.dequeue()).ack();
  }
  const kinds = new Set(
    fileSystem.operations.slice(before).map(({ kind }) => kind),
  );
  // The size is looked at before each write.
  assertEquals([...kinds].sort(), ["dataSync", "size", "write"]);
  await queue.close();
});

test("MiniQueue reads what piles up block by block, not message by message", async () => {
  const first = await openJobs<number>();
  await first.queue.enqueueAll(
    Array.from({ length: 2000 }, (_, payload) => ({ payload })),
  );
  await first.queue.close();
  const { fileSystem, queue } = await reopen(first);
  const before = fileSystem.operations.length;
  for (let n = 0; n < 2000; n++) {
    assertEquals((await queue.dequeue()).payload, n);
  }
  const reads = fileSystem.operations.slice(before).filter(({ kind }) =>
    kind === "open-read"
  );
  assert(reads.length < 20, `${reads.length} times`);
  await queue.close();
});

test("MiniQueue keeps no more payloads in memory than payloadMemory allows", async () => {
  const jobs = await openJobs<string>({ payloadMemory: 4000 });
  const { fileSystem, queue } = jobs;
  const long = "x".repeat(1000);
  await queue.enqueueAll(Array.from({ length: 10 }, () => ({ payload: long })));
  const messages = await queue.claim(10);
  assertEquals(messages.length, 10);
  const before = fileSystem.operations.length;
  for (const message of messages) await message.release();
  assertEquals((await queue.claim(2)).length, 2);
  // Two or three fit into three quarters of the room, the others are read.
  const calls = fileSystem.operations.slice(before);
  assertEquals(calls.filter(({ kind }) => kind === "open-read").length, 0);
  await queue.claim(8);
  assert(fileSystem.operations.some(({ kind }) => kind === "open-read"));
  await queue.close();
});

test("Message.payload is data of the caller's own, from memory and from disk", async () => {
  for (const payloadMemory of [0, 100_000]) {
    const jobs = await openJobs<{ list: number[] }>({ payloadMemory });
    const { queue } = jobs;
    const given = { list: [1] };
    const done = queue.enqueue(given);
    given.list.push(2);
    await done;
    const [listed] = await all(queue.list());
    listed.payload.list.push(3);
    const peeked = await queue.peek();
    peeked?.payload.list.push(4);
    const message = await queue.dequeue();
    assertEquals(message.payload, { list: [1] });
    message.payload.list.push(5);
    await message.release();
    assertEquals((await queue.dequeue()).payload, { list: [1] });
    await queue.close();
  }
});

test("MiniQueue.dequeue() finds a payload whose segment is sealed while it is read", async () => {
  const jobs = await openJobs<string>({
    payloadMemory: 0,
    maxSegmentBytes: 150,
  });
  const { fileSystem, queue } = jobs;
  await queue.enqueue("a");
  const gate = new Gate(fileSystem, ["open-read"], 1);
  const waiting = queue.dequeue();
  await turn();
  assertEquals(gate.size, 1);
  const before = segmentsOf(fileSystem).length;
  for (let n = 0; n < 5; n++) await queue.enqueue("x".repeat(100));
  assert(segmentsOf(fileSystem).length > before);
  gate.open();
  assertEquals((await waiting).payload, "a");
  await queue.close();
});

test("MiniQueue.dequeue() finds a payload that a compaction moves while it is read", async () => {
  const options = { payloadMemory: 0, maxSegmentBytes: 1 };
  // Wherever the read is when the compaction overtakes it.
  for (let at = 1; at <= 8; at++) {
    const jobs = await openJobs<string>(options);
    const { fileSystem, queue } = jobs;
    await queue.enqueue("a", { priority: -1 });
    for (let n = 0; n < 20; n++) await queue.enqueue("b");
    for (const message of await queue.claim(20)) await message.ack();
    let go = () => {};
    let calls = 0;
    fileSystem.onOperation = ({ kind }) => {
      if (kind !== "open-read" && kind !== "read") return undefined;
      if (++calls !== at) return undefined;
      return new Promise<void>((resolve) => go = resolve);
    };
    const waiting = queue.dequeue();
    const outcome = waiting.then(
      ({ payload }) => payload,
      (error) => `${error}`,
    );
    await turn();
    fileSystem.onOperation = () => {};
    const compacted = queue.compact();
    await turn();
    go();
    await compacted;
    assertEquals(await outcome, "a", `held at read ${at}`);
    await queue.close();
  }
});

test("MiniQueue.list() goes on when a message is acknowledged and compacted away while its payload is read", async () => {
  for (let at = 1; at <= 6; at++) {
    const options = { payloadMemory: 0, maxSegmentBytes: 1 };
    const { fileSystem, queue } = await openJobs<string>(options);
    await queue.enqueue("a");
    await queue.enqueue("b");
    const message = await queue.dequeue();
    let go = () => {};
    let calls = 0;
    fileSystem.onOperation = ({ kind }) => {
      if (kind !== "open-read" && kind !== "read") return undefined;
      if (++calls !== at) return undefined;
      return new Promise<void>((resolve) => go = resolve);
    };
    const listed = all(queue.list()).then(
      (messages) => messages.map(({ payload }) => payload).join(),
      (error) => `${error}`,
    );
    await turn();
    fileSystem.onOperation = () => {};
    const compacted = message.ack().then(() => queue.compact());
    await turn();
    go();
    await compacted;
    const outcome = await listed;
    assert(["a,b", "b"].includes(outcome), `held at read ${at}: ${outcome}`);
    await queue.close();
  }
});
