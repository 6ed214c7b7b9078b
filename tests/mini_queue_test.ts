import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import {
  type EnqueueRequest,
  MemoryFileSystem,
  MiniQueue,
  StateManager,
} from "../mod.ts";
import { FakeClock } from "../src/testing/mod.ts";
import { adapters } from "./support/adapters.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import { DIR, Jobs, openJobs, START } from "./support/queues.ts";
import { openShop } from "./support/states.ts";
import { readBytes } from "./support/text.ts";

for (const adapter of adapters) {
  test(`MiniQueue keeps what was not acknowledged, and only that, over reopening on ${adapter.name}`, async () => {
    await adapter.with(async (fileSystem, directory) => {
      const clock = new FakeClock(START);
      const dir = `${directory}/some/where/jobs`;
      const open = () => MiniQueue.open<string>(dir, { fileSystem, clock });
      {
        await using queue = await open();
        assertEquals(queue.dir, dir);
        assertEquals(queue.recovery.log.created, true);
        assertEquals([await queue.enqueue("a"), queue.size], ["1", 1]);
        assertEquals([await queue.enqueue("b"), queue.size], ["2", 2]);
        assertEquals([await queue.enqueue("c"), queue.size], ["3", 3]);
        const first = await queue.dequeue();
        assertEquals([first.id, first.payload, first.attempts], ["1", "a", 1]);
        await first.ack();
        assertEquals(queue.size, 2);
      }
      {
        await using queue = await open();
        assertEquals(queue.recovery.log.created, false);
        assertEquals(queue.size, 2);
        const second = await queue.dequeue();
        assertEquals([second.id, second.payload], ["2", "b"]);
      }
      clock.advance(30_000); // the lease was not given back
      await using queue = await open();
      const rest = await queue.claim(10);
      assertEquals(
        rest.map(({ id, payload, attempts }) => [
          id,
          payload,
          attempts,
        ]),
        [["2", "b", 2], ["3", "c", 1]],
      );
      for (const message of rest) await message.ack();
      assertEquals(queue.size, 0);
    });
  });
}

test("MiniQueue.open() refuses a second opener with LOCKED, until the first has closed", async () => {
  const fileSystem = new MemoryFileSystem();
  const clock = new FakeClock();
  const queue = await openJobs(fileSystem, clock);
  await assertCode(() => openJobs(fileSystem, clock), "LOCKED");
  await queue.enqueue("a");
  await queue.close();
  const again = await openJobs(fileSystem, clock);
  assertEquals(again.size, 1);
  await again.close();
});

test("MiniQueue.open() refuses the directory of a state, and a state that of a queue", async () => {
  const fileSystem = new MemoryFileSystem();
  const shop = await openShop(fileSystem);
  await shop.apply({ add: { by: 1 } });
  await shop.createSnapshot();
  await shop.close();
  await assertCode(() => MiniQueue.open("shop", { fileSystem }), "EXISTS");

  const queue = await MiniQueue.open("shop2", { fileSystem });
  await queue.enqueue(1);
  await queue.compact();
  await queue.close();
  const wrong = () =>
    StateManager.open("shop2", { initial: 0, apply: () => {}, fileSystem });
  await assertCode(wrong, "EXISTS");
});

test("MiniQueue.open() refuses a log that is not a queue's, and changes nothing", async () => {
  const fileSystem = new MemoryFileSystem();
  const options = {
    initial: { total: 0 },
    apply: () => {},
    journal: "queue.jsonl",
    fileSystem,
  };
  const state = await StateManager.open<{ total: number }, unknown>(
    DIR,
    options,
  );
  await state.apply({ sell: { count: 1 } });
  await state.close();
  const before = await readBytes(fileSystem, `${DIR}/queue.jsonl`);
  for (let time = 1; time <= 2; time++) { // the lock is given back
    await assertCode(
      () => MiniQueue.open(DIR, { fileSystem }),
      "INVALID_RECORD",
    );
  }
  assertEquals(await readBytes(fileSystem, `${DIR}/queue.jsonl`), before);
});

test("MiniQueue.open() says of a clock that shows no time that the clock is wrong, and gives the lock back", async () => {
  const fileSystem = new MemoryFileSystem();
  const clock = { now: () => NaN, setTimer: () => () => {} };
  await assertRejects(
    () => MiniQueue.open(DIR, { fileSystem, clock }),
    TypeError,
    "clock",
  );
  await (await MiniQueue.open(DIR, { fileSystem })).close();
});

test("MiniQueue.close() commits what was handed in, tells who waits, and refuses everything else with CLOSED", async () => {
  const jobs = await Jobs.open();
  const { queue } = jobs;
  await queue.enqueue("a");
  const message = await queue.dequeue();
  const adding = queue.enqueue("b", { delay: 1 });
  const waiting = queue.dequeue();
  const ended = assertCode(() => waiting, "CLOSED");
  const notIdle = assertCode(() => queue.idle(), "CLOSED");
  const closing = queue.close();
  assertStrictEquals(queue.close(), closing);
  await closing;
  assertEquals(await adding, "3");
  await ended;
  await notIdle;
  const calls: (() => Promise<unknown>)[] = [
    () => queue.enqueue("c"),
    () => queue.enqueueAll([{ payload: "c" }]),
    () => queue.dequeue(),
    () => queue.tryDequeue(),
    () => queue.claim(1),
    () => queue.process(() => {}),
    () => queue.idle(),
    () => queue.clear(),
    () => queue.compact(),
    () => queue.deadLetters.redrive(),
    () => queue.deadLetters.purge(["1"]),
    () => message.ack(),
    () => message.retry(),
    () => message.release(),
    () => message.fail("x"),
    () => message.extend(1),
    () => queue.lease(message.receipt).ack(),
  ];
  for (const call of calls) {
    const error = await assertCode(call, "CLOSED");
    assert(error.message.includes("closed"), error.message);
  }
  for await (const _ of queue) throw new Error("it is closed");
  assertEquals(jobs.clock.timers, 0);
  assertEquals((await jobs.reopen()).size, 2);
  await jobs.queue.close();
});

test("MiniQueue.close() gives back what is on its way to somebody, its attempt not counted", async () => {
  const jobs = await Jobs.open({ maxAttempts: 1 });
  await jobs.add("a", "b", "c");
  const waiting = jobs.queue.dequeue();
  const claiming = jobs.queue.claim(2);
  const ended = [
    assertCode(() => waiting, "CLOSED"),
    assertCode(() => claiming, "CLOSED"),
  ];
  const closing = jobs.queue.close();
  await Promise.all(ended);
  await closing;
  await jobs.reopen();
  const again = await jobs.queue.claim(3);
  assertEquals(
    again.map(({ payload, attempts }) => `${payload}${attempts}`),
    ["a1", "b1", "c1"],
  );
  await jobs.queue.close();
});

test("MiniQueue.enqueue() gives ids that are never given twice, also behind a compaction", async () => {
  const jobs = await Jobs.open();
  const ids = new Set<string>();
  for (let round = 1; round <= 4; round++) {
    for (let n = 0; n < 5; n++) ids.add(await jobs.queue.enqueue("x"));
    for (const id of ids) assert(/^[1-9]\d*$/.test(id), id);
    assertEquals((await jobs.drain()).length, 5);
    await jobs.queue.compact();
    await jobs.reopen();
    assertEquals(ids.size, 5 * round);
  }
  await jobs.queue.close();
});

test("MiniQueue.enqueueAll() gives ids in order, takes none, and refuses all if one is bad", async () => {
  const jobs = await Jobs.open();
  const { queue } = jobs;
  assertEquals(await queue.enqueueAll([]), []);
  const ids = await queue.enqueueAll([
    { payload: "a" },
    { payload: "b", id: "bee" },
    { payload: "c", priority: 1 },
  ]);
  assertEquals(ids, ["1", "bee", "3"]);
  const bad = [
    [{ payload: "d" }, { payload: "e", priority: 101 }],
    [{ payload: "d" }, { payload: () => {} }],
    [{ payload: "d" }, { delay: 1 }],
    [{ payload: "d" }, null],
  ] as unknown as Iterable<EnqueueRequest<string>>[];
  for (const requests of bad) {
    await assertRejects(() => queue.enqueueAll(requests), Error);
  }
  assertEquals(queue.size, 3);
  function* lazily(): Generator<EnqueueRequest<string>> {
    yield { payload: "d" };
    yield { payload: "e" };
  }
  assertEquals(await queue.enqueueAll(lazily()), ["4", "5"]);
  assertEquals(await jobs.drain(), ["c", "a", "b", "d", "e"]);
  await queue.close();
});

test("MiniQueue.enqueue() called many times at once keeps the order of the calls", async () => {
  const jobs = await Jobs.open();
  const texts = Array.from({ length: 300 }, (_, n) => `t${n}`);
  const ids = await Promise.all(texts.map((text) => jobs.queue.enqueue(text)));
  assertEquals(ids, texts.map((_, n) => String(n + 1)));
  assertEquals(await jobs.drain(), texts);
  await jobs.queue.close();
});

test("MiniQueue.claim() takes at most as many as are asked for, in order, each once", async () => {
  const jobs = await Jobs.open();
  const { queue } = jobs;
  await jobs.add("a", "b", "c", "d", "e");
  const payloads = async (count: number) =>
    (await queue.claim(count)).map(({ payload }) => payload);
  const [two, other, none] = await Promise.all([
    payloads(2),
    payloads(1000),
    payloads(1),
  ]);
  assertEquals([two, other, none], [["a", "b"], ["c", "d", "e"], []]);
  for (const count of [0, -1, 1.5, 1001, NaN, Infinity]) {
    await assertRejects(() => queue.claim(count), RangeError, "count");
  }
  const missing = undefined as unknown as number;
  await assertRejects(() => queue.claim(missing), RangeError, "count");
  assertEquals(await queue.tryDequeue(), undefined);
  await queue.close();
});

test("Message tells what was asked for, and what has become of it", async () => {
  const jobs = await Jobs.open();
  const { queue, clock } = jobs;
  await queue.enqueue("a", { priority: -7, group: "g", id: "my id" });
  clock.advance(5);
  const first = await jobs.take();
  const { id, payload, attempts, priority, group, reason } = first;
  assertEquals(
    [id, payload, attempts, priority, group, reason],
    ["my id", "a", 1, -7, "g", undefined],
  );
  assertEquals(first.enqueuedAt, new Date(START));
  await first.retry({ reason: new RangeError("too far") });
  await jobs.reopen();
  const second = await jobs.take();
  assertEquals(
    [second.attempts, second.reason, second.enqueuedAt.getTime()],
    [2, "RangeError: too far", START],
  );
  await second.ack();
  await jobs.add("plain");
  const plain = await jobs.take();
  assertEquals([plain.priority, plain.group], [0, undefined]);
  await jobs.queue.close();
});

test("Message.payload is data of the caller's own, each time", async () => {
  const fileSystem = new MemoryFileSystem();
  const queue = await MiniQueue.open<{ list: number[] }>(DIR, { fileSystem });
  const given = { list: [1] };
  const adding = queue.enqueue(given);
  given.list.push(2);
  await adding;
  const first = await queue.dequeue();
  first.payload.list.push(3);
  await first.release();
  const second = await queue.dequeue();
  assertEquals(second.payload, { list: [1] });
  await second.ack();
  await queue.close();
});
