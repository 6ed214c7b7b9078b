import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  DeadLetter,
  type Message,
  type ProcessOptions,
  RetryAfter,
} from "../mod.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import {
  assertCounts,
  codeOf,
  damage,
  isPending,
  type Jobs,
  openJobs,
  start,
  turn,
} from "./support/queues_b.ts";

/** What onError was told, in short, and options that note it. */
function noting(): {
  readonly told: [what: string, message: string | undefined][];
  readonly options: ProcessOptions<string>;
} {
  const told: [string, string | undefined][] = [];
  return {
    told,
    options: {
      onError(error, message) {
        const { code, message: text = String(error) } = Object(error);
        told.push([code ?? text, message?.payload]);
      },
    },
  };
}

/** Opens a queue with a message that is tried again at once, and works on it until `end`. */
async function work(
  handler: (message: Message<string>, jobs: Jobs<string>) => unknown,
  more: ProcessOptions<string> = {},
) {
  const jobs = await openJobs<string>({ backoff: 0, visibilityTimeout: 100 });
  const { told, options } = noting();
  await jobs.queue.enqueue("a");
  const worker = start(jobs, (message) => handler(message, jobs), {
    ...options,
    ...more,
  });
  return { ...jobs, told, worker };
}

test("MiniQueue.process() tells onError of each error of its handler, with the message, once", async () => {
  const { queue, told, worker } = await work(({ attempts }) => {
    if (attempts === 1) throw new Error("thrown");
    if (attempts === 2) return Promise.reject(new Error("rejected"));
    if (attempts === 3) throw undefined;
    if (attempts === 4) throw new DeadLetter("given up");
  });
  await queue.idle();
  assertEquals(told, [
    ["thrown", "a"],
    ["rejected", "a"],
    ["undefined", "a"],
    ["given up", "a"],
  ]);
  assertCounts(queue, { dead: 1 });
  await worker.end();
  await queue.close();
});

test("MiniQueue.process() tells onError that its handler asks for a rest", async () => {
  let tries = 0;
  const { queue, told, worker } = await work(() => {
    if (++tries === 1) throw new RetryAfter(0);
  });
  await queue.idle();
  assertEquals(told, [["Try again after 0 ms", "a"]]);
  await worker.end();
  await queue.close();
});

test("MiniQueue.process() tells onError nothing of what its handler has settled itself", async () => {
  const ways: ((
    message: Message<string>,
    jobs: Jobs<string>,
  ) => Promise<unknown>)[] = [
    (message) => message.ack(),
    (message) => message.fail("no"),
    (message) => message.release(1000),
    (message, { queue }) => message.ack().then(() => queue.close()),
    // By its receipt, as if it had been sent elsewhere.
    ({ receipt }, { queue }) => turn().then(() => queue.lease(receipt).ack()),
    ({ receipt }, { queue }) =>
      turn().then(() => queue.lease(receipt).ack()).then(() => queue.close()),
  ];
  for (const [n, settle] of ways.entries()) {
    const { queue, told, worker } = await work(settle);
    await turn();
    await turn();
    await worker.end();
    assertEquals(told, [], `way ${n}`);
    await queue.close();
  }
});

test("MiniQueue.process() tells onError, once, of a lease that was lost while the handler ran", async () => {
  for (const how of ["never ends", "throws the reason of its signal"]) {
    const { queue, clock, told, worker } = await work(
      ({ attempts, signal }) => {
        if (attempts > 1) return;
        return new Promise((_, reject) => {
          if (how === "never ends") return;
          signal.addEventListener("abort", () => reject(signal.reason));
        });
      },
      { autoExtend: false },
    );
    await turn();
    clock.advance(100);
    await queue.idle();
    assertEquals(told, [["LEASE_LOST", "a"]], how);
    await worker.end();
    await queue.close();
  }
});

test("MiniQueue.process() tells onError of a handler that was done too late, though it never waited", async () => {
  let tries = 0;
  const { queue, told, worker } = await work((_, { clock }) => {
    if (++tries === 1) clock.advance(100);
  });
  await queue.idle();
  assertEquals([tries, told], [2, [["LEASE_LOST", "a"]]]);
  await worker.end();
  await queue.close();
});

test("MiniQueue.process() tells onError of what was done when the queue was closed, and is to be done again", async () => {
  const go = Promise.withResolvers<void>();
  const { queue, told, worker } = await work(() => go.promise);
  await turn();
  await queue.close();
  assertEquals(told, []);
  go.resolve();
  await worker.done;
  assertEquals(told, [["CLOSED", "a"]]);
});

test("MiniQueue.process() tells onError of what was done and cannot be written", async () => {
  const go = Promise.withResolvers<void>();
  const { queue, fileSystem, told, worker } = await work(() => go.promise);
  await turn();
  fileSystem.inject({ kinds: ["dataSync"], errno: "EIO" });
  go.resolve();
  assertEquals(await codeOf(worker.done), "FAILED");
  assertEquals(told, [["FAILED", "a"]]);
  await queue.close().catch(() => {});
});

test("MiniQueue.process() tells onError of a payload that is damaged, of which there is no message", async () => {
  const { queue, fileSystem } = await openJobs<string>({
    payloadMemory: 0,
    maxSegmentBytes: 1,
  });
  for (const payload of ["first", "second", "third"]) {
    await queue.enqueue(payload);
  }
  await damage(fileSystem, "second");
  const { told, options } = noting();
  await queue.process(() => {}, { ...options, until: "idle" });
  assertEquals(told, [["CORRUPT", undefined]]);
  assertCounts(queue, { dead: 1 });
  await queue.close();
});

for (
  const [how, fail] of [
    ["throws", () => {
      throw new Error("no log");
    }],
    ["rejects", () => Promise.reject(new Error("no log"))],
  ] as const
) {
  test(`MiniQueue.process() ends with what its onError ${how}, and has settled its messages as ever`, async () => {
    const { queue, worker } = await work(
      () => Promise.reject(new Error("no mail")),
      { onError: fail, concurrency: 2 },
    );
    await assertRejects(() => worker.done, Error, "no log");
    const [message] = await Array.fromAsync(queue.list());
    assertEquals([message.attempts, message.reason], [1, "Error: no mail"]);
    assertCounts(queue, { ready: 1 });
    await queue.close();
  });
}

test("MiniQueue.process() ends with what its onError throws of a message that could not be settled", async () => {
  const { queue, worker } = await work((_, { clock }) => clock.advance(100), {
    onError(error) {
      throw error;
    },
  });
  await assertCode(() => worker.done, "LEASE_LOST");
  await queue.close();
});

test("MiniQueue.process() waits for an onError that is asynchronous", async () => {
  const go = Promise.withResolvers<void>();
  let isDone = false;
  const { queue, worker } = await work(({ attempts }) => {
    if (attempts === 1) throw new Error("no");
  }, {
    until: "idle",
    onError: () => go.promise.then(() => isDone = true),
  });
  await queue.idle();
  assert(await isPending(worker.done), "it has ended");
  go.resolve();
  await worker.done;
  assert(isDone);
  await queue.close();
});

test("MiniQueue.process() settles a message that has failed before onError is told", async () => {
  const codes: string[] = [];
  const { queue, worker } = await work(({ attempts }) => {
    if (attempts === 1) throw new Error("no");
  }, {
    async onError(_, message) {
      if (message) codes.push(await codeOf(message.ack()));
    },
  });
  await queue.idle();
  await worker.end();
  assertEquals(codes, ["LEASE_LOST"]);
  assertEquals(queue.stats().totals.delivered, 2);
  await queue.close();
});

test("MiniQueue.process() refuses an onError that is not a function, and works on nothing", async () => {
  const { queue } = await openJobs<string>();
  await queue.enqueue("a");
  await assertRejects(
    () => queue.process(() => {}, { onError: "log" as never }),
    TypeError,
    "Cannot use the option onError: it is not a function",
  );
  assertCounts(queue, { ready: 1 });
  await queue.close();
});
