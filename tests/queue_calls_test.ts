import { assertEquals, assertThrows } from "@std/assert";
import type { DequeueOptions } from "../mod.ts";
import { test } from "./support/harness.ts";
import {
  all,
  assertCounts,
  codeOf,
  type Jobs,
  openJobs,
  reopen,
} from "./support/queues_b.ts";
import {
  assertRefused,
  each,
  NO_COUNTS,
  NO_TIMES,
} from "./support/refusals.ts";

test("MiniQueue.dequeue(), claim(), tryDequeue(), idle() and list() refuse bad options, and hand nothing out", async () => {
  const jobs = await openJobs<number>();
  const { queue } = jobs;
  await queue.enqueue(1);
  const bad: object[] = [
    ...each("visibilityTimeout", [0, ...NO_TIMES]),
    { timeout: 5 },
  ];
  for (const options of bad) {
    const what = `${Object.entries(options)}`;
    await assertRefused(jobs, () => queue.dequeue(options), what);
    await assertRefused(jobs, () => queue.tryDequeue(options), what);
    await assertRefused(jobs, () => queue.claim(1, options), what);
  }
  for (const signal of [null, {}, "stop"]) {
    const options = { signal } as DequeueOptions;
    await assertRefused(jobs, () => queue.dequeue(options), `${signal}`);
    await assertRefused(jobs, () => queue.idle(options as never), `${signal}`);
  }
  const { signal } = new AbortController();
  await assertRefused(
    jobs,
    () => queue.claim(1, { signal } as never),
    "signal",
  );
  await assertRefused(jobs, () => queue.idle({ until: 5 } as never), "until");
  for (const count of [...NO_COUNTS, 1001, Infinity]) {
    await assertRefused(jobs, () => queue.claim(count as number), `${count}`);
  }
  await assertRefused(jobs, () => queue.claim(undefined as never), "undefined");
  assertThrows(() => queue.list({ state: "gone" as never }), RangeError);
  assertThrows(() => queue.list({ state: null as never }), RangeError);
  assertThrows(() => queue.list({ kind: "dead" } as never), TypeError);
  assertThrows(() => queue.list(null as never), TypeError);
  assertCounts(queue, { ready: 1 });
  await queue.close();
});

test("Message.retry(), release() and extend() refuse bad times, and the message is held on", async () => {
  const jobs: Jobs<number> = await openJobs<number>();
  const { queue } = jobs;
  await queue.enqueue(1);
  const message = await queue.dequeue();
  for (const time of NO_TIMES) {
    const bad = time as number;
    const what = `${String(time)}`;
    await assertRefused(jobs, () => message.retry({ delay: bad }), what);
    await assertRefused(jobs, () => message.release(bad), what);
    await assertRefused(jobs, () => message.extend(bad), what);
  }
  await assertRefused(jobs, () => message.extend(0), "0");
  await assertRefused(
    jobs,
    () => message.retry({ after: 5 } as never),
    "after",
  );
  await assertRefused(jobs, () => message.retry(null as never), "null");
  assertEquals(message.signal.aborted, false);
  await message.ack();
  await queue.close();
});

test("MiniQueue.lease() refuses what is no receipt", async () => {
  const { queue } = await openJobs<number>();
  const bad = [
    "",
    "1",
    "1.",
    ".1",
    "1.2.3",
    "1.2 ",
    "a.b",
    "-1.2",
    "1e3.2",
    "01.2",
    "1.02",
    "0.1",
  ];
  for (const receipt of [...bad, "1234567890123456.1", null, 5, {}]) {
    assertThrows(
      () => queue.lease(receipt as string),
      TypeError,
      "as the receipt of a message",
    );
  }
  assertEquals(await codeOf(queue.lease("1.2").ack()), "LEASE_LOST");
  await queue.close();
});

test("Message.fail() and retry() keep any reason as a text", async () => {
  const jobs = await openJobs<number>();
  const { queue } = jobs;
  const reasons: readonly unknown[] = [
    "plain",
    new RangeError("far"),
    undefined,
    null,
    Symbol("s"),
    { toString: () => "told" },
    Object.create(null),
    "\udc00",
    "x".repeat(2000),
  ];
  for (const reason of reasons) {
    await queue.enqueue(1);
    await (await queue.dequeue()).fail(reason);
  }
  await queue.close();
  const again = await reopen(jobs);
  const dead = await all(again.queue.deadLetters.list());
  assertEquals(dead.map(({ reason }) => reason), [
    "plain",
    "RangeError: far",
    "undefined",
    "null",
    "Symbol(s)",
    "told",
    "something that cannot be shown as a string",
    "\ufffd",
    "x".repeat(1024),
  ]);
  await again.queue.close();
});
