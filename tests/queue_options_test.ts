import { assertEquals, assertRejects } from "@std/assert";
import {
  type EnqueueOptions,
  type EnqueueRequest,
  MiniQueue,
  type QueueOptions,
} from "../mod.ts";
import { FakeClock, SimulatedFileSystem } from "../src/testing/mod.ts";
import { test } from "./support/harness.ts";
import {
  all,
  assertCounts,
  DIR,
  openJobs,
  recordsOf,
  reopen,
} from "./support/queues_b.ts";
import {
  assertRefused,
  each,
  NO_COUNTS,
  NO_TIMES,
} from "./support/refusals.ts";

const BAD_BACKOFFS = [
  ...NO_TIMES,
  [-1],
  [1, NaN],
  [1, , 2],
  ["1"],
  Array.from({ length: 1001 }, () => 1),
  { base: -1 },
  { base: NaN },
  { base: "1" },
  { factor: 2 },
  { base: 1, factor: 0.5 },
  { base: 1, factor: Infinity },
  { base: 1, factor: NaN },
  { base: 1, max: -1 },
  { base: 1, max: Infinity },
  { base: 1, jitter: -0.1 },
  { base: 1, jitter: 1.1 },
  { base: 1, jitter: NaN },
  { base: 1, jitter: "0" },
  { base: 1, growth: 2 },
  () => 1,
];

test("MiniQueue.open() refuses bad options before it touches the disk", async () => {
  const clock = new FakeClock();
  const bad: object[] = [
    ...each("visibilityTimeout", [0, ...NO_TIMES]),
    ...each("maxAttempts", [...NO_COUNTS, Infinity, 1e10]),
    ...each("backoff", BAD_BACKOFFS),
    ...each("dedupeWindow", NO_TIMES),
    ...each("maxPayloadBytes", [...NO_COUNTS, Infinity, 134_217_729]),
    ...each("payloadMemory", [-1, NaN, Infinity, "1", null, {}]),
    ...each("snapshotAfter", NO_COUNTS),
    ...each("maxSegmentBytes", NO_COUNTS),
    ...each("clock", [null, {}, { now: clock.now }, 5, Date]),
    ...each("random", [null, 0.5, {}]),
    ...each("validate", [null, "yes", {}, { "~standard": {} }]),
    { retries: 5 },
    { journal: "queue.jsonl" },
    { initial: {} },
    { apply: () => {} },
  ];
  for (const options of bad) {
    const fileSystem = new SimulatedFileSystem();
    const what = String(Object.keys(options)) +
      Object.values(options).map(String);
    const open = () =>
      MiniQueue.open(DIR, { fileSystem, ...options } as QueueOptions<unknown>);
    await assertRefused({ fileSystem }, open, what);
  }
  for (const options of [null, 5, "options"]) {
    await assertRejects(
      () => MiniQueue.open(DIR, options as never),
      TypeError,
      "Cannot use the options",
    );
  }
});

test("MiniQueue.open() says of a clock that shows no time that it does", async () => {
  const fileSystem = new SimulatedFileSystem();
  const clock = { now: () => NaN, setTimer: () => () => {} };
  await assertRejects(
    () => MiniQueue.open(DIR, { fileSystem, clock }),
    TypeError,
    "Cannot use the clock: its function now returned NaN, which is not a time in milliseconds",
  );
  // It holds nothing: the next one opens.
  await (await MiniQueue.open(DIR, { fileSystem })).close();
});

test("MiniQueue.open() takes the extremes of all options", async () => {
  for (
    const options of [
      {
        visibilityTimeout: 1,
        maxAttempts: 1,
        backoff: 0,
        dedupeWindow: 0,
        maxPayloadBytes: 1,
        payloadMemory: 0,
        snapshotAfter: 1,
        maxSegmentBytes: 1,
      },
      {
        visibilityTimeout: 3_155_760_000_000,
        maxAttempts: 1_000_000_000,
        backoff: { base: 3_155_760_000_000, factor: 1e6, jitter: 1 },
        dedupeWindow: 3_155_760_000_000,
        maxPayloadBytes: 134_217_728,
        payloadMemory: Number.MAX_SAFE_INTEGER,
        snapshotAfter: Infinity,
        maxSegmentBytes: Infinity,
      },
    ]
  ) {
    const { queue } = await openJobs<number>(options);
    await queue.enqueue(1, { id: "a", dedupeKey: "b" });
    const message = await queue.dequeue();
    await message.retry({ delay: 0 }).catch(() => {});
    await queue.close();
  }
});

const BAD_ENQUEUE: readonly object[] = [
  ...each("delay", NO_TIMES),
  ...each("expiresIn", NO_TIMES),
  ...each("dedupeWindow", NO_TIMES),
  ...each("notBefore", [
    -1,
    NaN,
    Infinity,
    8.64e15 + 1,
    new Date(NaN),
    new Date(-1),
    "2026-01-01",
    null,
    {},
  ]),
  ...each("priority", [-101, 101, 0.5, NaN, Infinity, "1", null, {}]),
  ...each("maxAttempts", [...NO_COUNTS, Infinity, 1e10]),
  ...each("backoff", BAD_BACKOFFS),
  ...["dedupeKey", "group", "id"].flatMap((name) =>
    each(name, ["", "x".repeat(1025), "\ud800", "a\udc00b", 5, null, {}, []])
  ),
  ...each("id", ["0", "7", "0012", "99999999999999999999"]),
  { delay: 0, notBefore: 0 },
  { delay: 5, notBefore: new Date(5) },
  { ttl: 5 },
  { payload: 5 },
];

test("MiniQueue.enqueue() refuses bad options, and writes nothing", async () => {
  const jobs = await openJobs<number>();
  const { queue } = jobs;
  await queue.enqueue(1);
  for (const options of BAD_ENQUEUE) {
    const what = `${Object.keys(options)}: ${
      Object.values(options).map(String)
    }`;
    await assertRefused(jobs, () => queue.enqueue(2, options), what);
    if ("payload" in options) continue;
    const good = { payload: 3 };
    const bad = { payload: 4, ...options } as EnqueueRequest<number>;
    await assertRefused(jobs, () => queue.enqueueAll([good, bad]), what);
  }
  for (const options of [null, 5, "delay"]) {
    await assertRefused(
      jobs,
      () => queue.enqueue(2, options as EnqueueOptions),
      `${options}`,
    );
  }
  assertCounts(queue, { ready: 1 });
  assertEquals(await queue.enqueue(2), "2", "no number was used up");
  await queue.close();
});

test("MiniQueue.enqueue() takes the extremes of all options, and they are there after a restart", async () => {
  const jobs = await openJobs<number>();
  const LONG = "\u{1f600}".repeat(512);
  await jobs.queue.enqueue(1, { priority: -100, maxAttempts: 1 });
  await jobs.queue.enqueue(2, {
    priority: 100,
    expiresIn: 3_155_760_000_000,
    group: LONG,
    id: LONG,
    dedupeKey: LONG,
    backoff: Array.from({ length: 1000 }, () => 1),
    maxAttempts: 1_000_000_000,
    dedupeWindow: 3_155_760_000_000,
  });
  await jobs.queue.enqueue(3, { notBefore: 8.64e15 });
  await jobs.queue.enqueue(4, { notBefore: 0, priority: 0 });
  await jobs.queue.enqueue(5, { delay: 3_155_760_000_000 });
  await jobs.queue.close();
  const { queue } = await reopen(jobs);
  const listed = await all(queue.list());
  assertEquals(listed.map(({ payload, state }) => [payload, state]), [
    [1, "ready"],
    [2, "ready"],
    [3, "delayed"],
    [4, "ready"],
    [5, "delayed"],
  ]);
  assertEquals([listed[1].id, listed[1].group], [LONG, LONG]);
  assertEquals(listed[2].notBefore, new Date(8.64e15));
  assertEquals(
    (await queue.claim(5)).map(({ payload }) => payload),
    [2, 4, 1],
  );
  await queue.close();
});

test("MiniQueue.enqueue() takes names that objects have", async () => {
  const jobs = await openJobs<string>();
  const names = ["__proto__", "constructor", "toString", "hasOwnProperty"];
  for (const name of names) {
    const options = { id: name, dedupeKey: name, group: name };
    assertEquals(await jobs.queue.enqueue(name, options), name);
    assertEquals(await jobs.queue.enqueue("again", options), name);
  }
  await jobs.queue.close();
  const { queue } = await reopen(jobs);
  for (const name of names) {
    assertEquals(await queue.enqueue("again", { id: name }), name);
  }
  const messages = await queue.claim(10);
  assertEquals(messages.map(({ id }) => id), names);
  await queue.close();
});

test("MiniQueue.enqueue() keeps its options, whatever the caller does with them afterwards", async () => {
  const { clock, queue } = await openJobs<number>();
  const list = [100];
  const grown = { base: 100, jitter: 0 };
  const notBefore = new Date(clock.now());
  const done = [
    queue.enqueue(1, { backoff: list }),
    queue.enqueue(2, { backoff: grown, notBefore }),
  ];
  list[0] = grown.base = 1_000_000;
  notBefore.setTime(8e15);
  await Promise.all(done);
  list[0] = grown.base = 2_000_000;
  for (const message of await queue.claim(2)) await message.retry();
  clock.advance(100);
  assertCounts(queue, { ready: 2 });
  await queue.close();
});

class Growing {
  base = 100;
  jitter = 0;
  get max(): number {
    return 150;
  }
}

test("MiniQueue takes a backoff that is an instance of a class, field by field, and keeps what it said then", async () => {
  const own = new Growing();
  const standard = new Growing();
  const jobs = await openJobs<number>({ backoff: standard });
  const { fileSystem, clock, queue } = jobs;
  const done = queue.enqueueAll([{ payload: 1, backoff: own }, { payload: 2 }]);
  own.base = standard.base = 1_000_000;
  await done;
  assertEquals(recordsOf(fileSystem, "enqueue")[0].backoff, {
    base: 100,
    max: 150,
    jitter: 0,
  });
  for (const delay of [100, 150]) {
    for (const message of await queue.claim(2)) await message.retry();
    clock.advance(delay - 1);
    assertCounts(queue, { delayed: 2 });
    clock.advance(1);
    assertCounts(queue, { ready: 2 });
  }
  await queue.close();
});

test("MiniQueue.enqueueAll() refuses what is no list of requests, and writes nothing", async () => {
  const jobs = await openJobs<number>();
  const { queue } = jobs;
  const bad: unknown[] = [
    [1],
    [null],
    [undefined],
    ["payload"],
    [{}],
    [{ delay: 5 }],
    [{ payload: 1 }, { payload: undefined }],
    null,
    undefined,
    5,
    { payload: 1 },
    { length: 1, 0: { payload: 1 } },
  ];
  for (const requests of bad) {
    await assertRefused(
      jobs,
      () => queue.enqueueAll(requests as EnqueueRequest<number>[]),
      JSON.stringify(requests) ?? "undefined",
    );
  }
  assertEquals(await queue.enqueueAll([]), []);
  assertEquals(queue.size, 0);
  await queue.close();
});

test("MiniQueue.deadLetters refuses ids that are no list", async () => {
  const jobs = await openJobs<number>();
  const { queue } = jobs;
  for (let n = 1; n <= 3; n++) await queue.enqueue(n);
  for (const message of await queue.claim(3)) await message.fail("bad");
  for (const ids of ["12", 1, {}, { length: 1, 0: "1" }]) {
    const what = JSON.stringify(ids);
    const list = ids as unknown as string[];
    await assertRefused(jobs, () => queue.deadLetters.purge(list), what);
    await assertRefused(jobs, () => queue.deadLetters.redrive(list), what);
  }
  // Not an id, though it would be a number.
  for (const id of ["01", "1.0", " 1", "+1", "1e0", "0"]) {
    assertEquals(await queue.deadLetters.purge([id]), 0, id);
    assertEquals(await queue.deadLetters.redrive([id]), 0, id);
  }
  assertEquals(queue.stats().dead, 3);
  await queue.close();
});
