import { assert, assertEquals, assertRejects } from "@std/assert";
import { MemoryFileSystem, MiniQueue, type QueueOptions } from "../mod.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import {
  all,
  bytesOf,
  codeOf,
  DIR,
  openJobs,
  recordsOf,
  reopen,
} from "./support/queues_b.ts";
import { assertRefused } from "./support/refusals.ts";

class Point {
  x = 1;
}

const CHANGED: Record<string, unknown> = {
  undefined: undefined,
  NaN: NaN,
  Infinity: Infinity,
  "a bigint": 1n,
  "a symbol": Symbol("a"),
  "a function": () => 1,
  "a date": new Date(0),
  "a map": new Map([[1, 2]]),
  "a class of its own": new Point(),
  "a typed array": new Uint8Array(2),
  "a hole": [1, , 2],
  "undefined in a list": [undefined],
  "something with a toJSON": { toJSON: () => 1 },
  "a symbol as a key": { [Symbol("a")]: 1 },
};

test("MiniQueue.enqueue() refuses a payload that JSON would change, and says where", async () => {
  const jobs = await openJobs();
  const { queue } = jobs;
  for (const [what, payload] of Object.entries(CHANGED)) {
    await assertRefused(jobs, () => queue.enqueue(payload), what);
    if (payload === undefined) continue; // such a member is as good as none
    const error = await assertRefused(
      jobs,
      () => queue.enqueue({ list: [{ payload }] }),
      `${what} within`,
    );
    assert(/list|serialize|BigInt/.test(error.message), error.message);
  }
  const round: unknown[] = [];
  round.push(round);
  await assertRefused(jobs, () => queue.enqueue(round), "a cycle");
  let deep: unknown = 1;
  for (let n = 0; n < 200_000; n++) deep = [deep];
  await assertRefused(jobs, () => queue.enqueue(deep), "a deep list");
  await assertRefused(
    jobs,
    () =>
      queue.enqueue({
        get a() {
          throw new Error("no");
        },
      }),
    "a getter that throws",
  );
  await queue.close();
});

const KEPT: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1.5e300,
  Number.MAX_SAFE_INTEGER,
  "",
  "\u0000\n\r\u2028\u2029\u{1f600}",
  "\ud800",
  "// commit 1 00000000 00000000",
  '{"ack":{"message":1,"lease":2}}',
  [],
  {},
  [[], [[null]]],
  { "": 1, "__proto__": 2, "1": 3, b: 4 },
  JSON.parse('{"__proto__":{"x":1},"constructor":2}'),
  { enqueue: { payload: 1 }, carry: { payload: 2 } },
];

test("MiniQueue hands out payloads as they were given, from memory and from disk, before and after compact()", async () => {
  for (const payloadMemory of [0, 1 << 20]) {
    const jobs = await openJobs({ payloadMemory, maxSegmentBytes: 400 });
    for (const payload of KEPT) await jobs.queue.enqueue(payload);
    const texts = (payloads: readonly { readonly payload: unknown }[]) =>
      payloads.map(({ payload }) => JSON.stringify(payload));
    const expected = KEPT.map((payload) => JSON.stringify(payload));
    assertEquals(texts(await all(jobs.queue.list())), expected);
    await jobs.queue.compact();
    await jobs.queue.close();
    const { queue } = await reopen(jobs, { payloadMemory });
    const messages = await queue.claim(KEPT.length);
    assertEquals(texts(messages), expected);
    await queue.close();
  }
});

test("MiniQueue.enqueue() takes a payload of maxPayloadBytes of UTF-8, and none of a byte more", async () => {
  for (const letter of ["x", "\u00e4", "\u20ac", "\u{1f600}"]) {
    const bytes = new TextEncoder().encode(letter).length;
    const jobs = await openJobs<string>({ maxPayloadBytes: 8 * bytes + 2 });
    const { queue } = jobs;
    await queue.enqueue(letter.repeat(8)); // and its quotes
    const error = await assertRefused(
      jobs,
      () => queue.enqueue(letter.repeat(8) + "x"),
      letter,
    );
    assert(error.message.includes("maxPayloadBytes"), error.message);
    await queue.close();
  }
});

test("MiniQueue opens again with the longest payload that is taken by default", async () => {
  const fileSystem = new MemoryFileSystem();
  const text = "x".repeat(16_777_216 - 2);
  const first = await MiniQueue.open<string>(DIR, { fileSystem });
  await first.enqueue(text, { id: "i".repeat(1024) });
  await assertRejects(() => first.enqueue(`${text}x`), RangeError);
  await first.close();
  const again = await MiniQueue.open<string>(DIR, {
    fileSystem,
    payloadMemory: 0,
  });
  assertEquals((await again.dequeue()).payload === text, true);
  await again.close();
});

test("MiniQueue.enqueue() refuses what validate refuses, and writes nothing", async () => {
  const rules: Record<string, QueueOptions<number>["validate"]> = {
    "a guard": (value): value is number => typeof value === "number",
    "a function that throws": (value) => {
      if (typeof value !== "number") throw new Error("not a number");
    },
    "a schema": {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: (value) =>
          typeof value === "number"
            ? { value }
            : { issues: [{ message: "one" }, { message: "two" }] },
      },
    },
  };
  for (const [what, validate] of Object.entries(rules)) {
    const jobs = await openJobs<number>({ validate });
    const { fileSystem, queue } = jobs;
    await queue.enqueue(1);
    const before = bytesOf(fileSystem);
    const bad = "2" as never;
    const error = await assertCode(() => queue.enqueue(bad), "INVALID_RECORD");
    if (what === "a schema") {
      assert(error.message.endsWith("it is not valid: one; two"));
    }
    assertEquals(
      await codeOf(queue.enqueueAll([{ payload: 2 }, { payload: bad }])),
      "INVALID_RECORD",
    );
    assertEquals(bytesOf(fileSystem), before, what);
    assertEquals(queue.size, 1);
    await queue.close();
  }
});

test("MiniQueue.enqueue() refuses rules that take their time", async () => {
  const rules = [
    () => Promise.resolve(false),
    {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: () => Promise.resolve({ value: 1 }),
      },
    },
  ] as never[];
  for (const validate of rules) {
    const jobs = await openJobs<number>({ validate });
    await assertRefused(jobs, () => jobs.queue.enqueue(1), "a promise");
    await jobs.queue.close();
  }
});

test("MiniQueue.enqueue() writes what a schema makes of a payload", async () => {
  const trimmed: QueueOptions<string>["validate"] = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) => ({ value: String(value).trim() }),
    },
  };
  const jobs = await openJobs<string>({ validate: trimmed });
  await jobs.queue.enqueue("  a ");
  assertEquals(recordsOf(jobs.fileSystem, "enqueue")[0].payload, "a");
  await jobs.queue.close();
  const { queue } = await reopen(jobs);
  assertEquals((await queue.dequeue()).payload, "a");
  await queue.close();
});
