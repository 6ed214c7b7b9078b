import { assert, assertEquals } from "@std/assert";
import { DeadLetter, type Message, RetryAfter } from "../mod.ts";
import { test } from "./support/harness.ts";
import {
  all,
  assertCounts,
  isPending,
  openJobs,
  recordsOf,
  start,
  turn,
} from "./support/queues_b.ts";

const THROWN: Record<string, { thrown: unknown; reason: string }> = {
  "an error": { thrown: new TypeError("no"), reason: "TypeError: no" },
  "a text": { thrown: "no", reason: "no" },
  "undefined": { thrown: undefined, reason: "undefined" },
  "null": { thrown: null, reason: "null" },
  "a number": { thrown: 7, reason: "7" },
  "a symbol": { thrown: Symbol("no"), reason: "Symbol(no)" },
  "an object": { thrown: { a: 1 }, reason: "[object Object]" },
  "an object whose toString throws": {
    thrown: {
      toString() {
        throw new Error("again");
      },
    },
    reason: "something that cannot be shown as a string",
  },
  "an object without a prototype": {
    thrown: Object.create(null),
    reason: "something that cannot be shown as a string",
  },
  "a lone surrogate": { thrown: "a\ud800", reason: "a\ufffd" },
  "a very long text": { thrown: "x".repeat(5000), reason: "x".repeat(1024) },
};

for (const [name, { thrown, reason }] of Object.entries(THROWN)) {
  test(`MiniQueue.process() tries again when its handler throws ${name}`, async () => {
    const jobs = await openJobs<string>({ backoff: 100 });
    const { clock, queue } = jobs;
    const reasons: unknown[] = [];
    const work = start(jobs, (message) => {
      reasons.push(message.reason);
      if (message.attempts === 1) throw thrown;
      if (message.attempts === 2) return Promise.reject(thrown);
    });
    await queue.enqueue("a");
    await turn();
    assertCounts(queue, { delayed: 1 });
    clock.advance(99);
    await turn();
    assertEquals(reasons.length, 1);
    clock.advance(1);
    await turn();
    clock.advance(100);
    await queue.idle();
    assertEquals(reasons, [undefined, reason, reason]);
    await work.end();
    await queue.close();
  });
}

const HOSTILE: Record<string, () => unknown> = {
  "an object whose name cannot be read": () => ({
    get name() {
      throw new Error("no name");
    },
  }),
  "an error whose message is a symbol": () =>
    Object.assign(new Error(), { message: Symbol("no") }),
  "an error whose message cannot be read": () =>
    Object.defineProperty(new Error(), "message", {
      get() {
        throw new Error("no message");
      },
    }),
  "a proxy that was revoked": () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  "something named RetryAfter with a delay that is none": () => ({
    name: "RetryAfter",
    delay: -1,
  }),
  "something named RetryAfter whose delay is not a number": () => ({
    name: "RetryAfter",
    delay: "soon",
  }),
  "something named RetryAfter with the delay NaN": () => ({
    name: "RetryAfter",
    delay: NaN,
  }),
};

for (const [name, make] of Object.entries(HOSTILE)) {
  test(`MiniQueue.process() goes on when its handler throws ${name}`, async () => {
    const jobs = await openJobs<string>({ backoff: 100 });
    const { clock, queue } = jobs;
    const work = start(jobs, ({ attempts }) => {
      if (attempts === 1) throw make();
    });
    await queue.enqueue("a");
    assert(await isPending(work.done), "process has ended");
    assertCounts(queue, { delayed: 1 });
    clock.advance(100);
    await turn();
    assertEquals(queue.size, 0);
    await work.end();
    await queue.close();
  });
}

test("MiniQueue.process() goes on when a handler returns something whose then throws", async () => {
  const jobs = await openJobs<string>({ backoff: 100 });
  const { clock, queue } = jobs;
  const work = start(jobs, ({ attempts }) =>
    attempts > 1 ? "done" : {
      get then() {
        throw new Error("no then");
      },
    });
  await queue.enqueue("a");
  await turn();
  const [message] = await all(queue.list());
  assertEquals([message.state, message.reason], ["delayed", "Error: no then"]);
  clock.advance(100);
  await queue.idle();
  await work.end();
  await queue.close();
});

test("MiniQueue.process() counts no attempt for RetryAfter", async () => {
  const jobs = await openJobs<string>({ maxAttempts: 2 });
  const { clock, queue } = jobs;
  const attempts: number[] = [];
  const work = start(jobs, (message) => {
    attempts.push(message.attempts);
    if (attempts.length < 5) throw new RetryAfter(500);
  });
  await queue.enqueue("a");
  for (let n = 1; n < 5; n++) {
    await turn();
    assertCounts(queue, { delayed: 1 });
    clock.advance(499);
    await turn();
    assertEquals(attempts.length, n);
    clock.advance(1);
  }
  await queue.idle();
  assertEquals(attempts, [1, 1, 1, 1, 1]);
  await work.end();
  await queue.close();
});

test("RetryAfter refuses what is no length of time", () => {
  for (const delay of [-1, NaN, Infinity]) {
    assertEquals(nameOf(() => new RetryAfter(delay)), "RangeError");
  }
  assertEquals(nameOf(() => new RetryAfter("1" as never)), "TypeError");
  const { name, delay, message } = new RetryAfter(5);
  assertEquals([name, delay, message], [
    "RetryAfter",
    5,
    "Try again after 5 ms",
  ]);
});

function nameOf(run: () => unknown): string {
  try {
    run();
    return "none";
  } catch (error) {
    return (error as Error).name;
  }
}

test("MiniQueue.process() makes a message a dead letter at once for DeadLetter, whichever copy of the package it is of", async () => {
  const jobs = await openJobs<string>();
  const { queue } = jobs;
  const work = start(jobs, ({ payload }) => {
    if (payload === "ours") throw new DeadLetter("unreadable");
    throw Object.assign(new Error("foreign"), { name: "DeadLetter" });
  });
  await queue.enqueueAll([{ payload: "ours" }, { payload: "theirs" }]);
  await queue.idle();
  const dead = await all(queue.deadLetters.list());
  assertEquals(
    dead.map(({ payload, reason, attempts }) => [
      payload,
      reason,
      attempts,
    ]),
    [["ours", "unreadable", 1], ["theirs", "foreign", 1]],
  );
  await work.end();
  await queue.close();
});

test("MiniQueue.process() gives a message up behind maxAttempts, with the last reason", async () => {
  const jobs = await openJobs<string>({ maxAttempts: 3, backoff: [10, 20] });
  const { clock, queue } = jobs;
  const work = start(jobs, ({ attempts }) => {
    throw new Error(`failure ${attempts}`);
  });
  await queue.enqueue("a");
  await turn();
  clock.advance(10);
  await turn();
  clock.advance(20);
  await queue.idle();
  const [{ reason, attempts }] = await all(queue.deadLetters.list());
  assertEquals([reason, attempts], ["Error: failure 3", 3]);
  await work.end();
  await queue.close();
});

const SETTLED: Record<string, (message: Message<string>) => Promise<void>> = {
  ack: (message) => message.ack(),
  retry: (message) => message.retry({ delay: 1000 }),
  release: (message) => message.release(1000),
  fail: (message) => message.fail("bad"),
};

for (const [name, settle] of Object.entries(SETTLED)) {
  test(`MiniQueue.process() leaves a message alone that its handler has settled by ${name}(), even if it throws then`, async () => {
    const jobs = await openJobs<string>();
    const { fileSystem, queue } = jobs;
    const work = start(jobs, async (message) => {
      const done = settle(message);
      if (message.payload === "awaited") await done;
      if (message.payload === "thrown") throw new Error("too late");
    });
    const names = ["awaited", "not awaited", "thrown"];
    await queue.enqueueAll(names.map((payload) => ({ payload })));
    await turn();
    assert(await isPending(work.done));
    const { acknowledged, retried, buried } = queue.stats().totals;
    const expected = name === "ack"
      ? [3, 0, 0]
      : name === "fail"
      ? [0, 0, 3]
      : [0, 3, 0];
    assertEquals([acknowledged, retried, buried], expected);
    const kinds = ["ack", "retry", "bury"].map((kind) =>
      recordsOf(fileSystem, kind).length
    );
    assertEquals(kinds, expected);
    await work.end();
    await queue.close();
  });
}
