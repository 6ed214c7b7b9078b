import { assertEquals, assertRejects } from "@std/assert";
import type { DurableError } from "../mod.ts";
import { test } from "./support/harness.ts";
import { ACTIONS, held, JOURNAL, LEASE } from "./support/queues.ts";

test("Message.signal aborts when the lease runs out, and not while it is extended", async () => {
  const { jobs, message } = await held();
  const { signal } = message;
  assertEquals([signal.aborted, message.signal === signal], [false, true]);
  jobs.clock.advance(LEASE - 1);
  assertEquals(signal.aborted, false);
  await message.extend(LEASE);
  jobs.clock.advance(LEASE - 1);
  assertEquals(signal.aborted, false);
  jobs.clock.advance(1);
  assertEquals(signal.aborted, true);
  const { code, message: text, sequence } = signal.reason as DurableError;
  assertEquals(
    [code, text, sequence],
    [
      "LEASE_LOST",
      `Message 1 in "${JOURNAL}" is no longer held: its lease ran out`,
      1,
    ],
  );
  assertEquals(jobs.clock.timers, 0);
  await jobs.queue.close();
});

test("Message.signal that is asked for too late is aborted at once", async () => {
  const { jobs, message } = await held();
  jobs.clock.advance(LEASE);
  assertEquals(message.signal.aborted, true);
  await jobs.queue.close();
});

for (
  const [name, settle] of Object.entries(ACTIONS).filter(([name]) =>
    name !== "extend"
  )
) {
  test(`Message.signal does not abort when the message was settled here (${name.trim()}), and no timer stays`, async () => {
    const { jobs, message } = await held();
    const { signal } = message;
    assertEquals(jobs.clock.timers, 1);
    const done = settle(message);
    assertEquals(jobs.clock.timers, 0);
    await done;
    jobs.clock.advance(10 * LEASE);
    assertEquals(signal.aborted, false);
    await jobs.queue.close();
  });
}

test("Message.signal goes on when settling failed", async () => {
  const { jobs, message } = await held();
  const { signal } = message;
  await assertRejects(() => message.retry({ delay: -1 }), RangeError);
  await assertRejects(() => message.extend(0), RangeError);
  jobs.clock.advance(LEASE);
  assertEquals(signal.aborted, true);
  await jobs.queue.close();
});

test("Message.signal aborts when the message was settled by its receipt elsewhere", async () => {
  const { jobs, message } = await held();
  const { signal } = message;
  await jobs.queue.lease(message.receipt).ack();
  jobs.clock.advance(LEASE);
  assertEquals(signal.aborted, true);
  await jobs.queue.close();
});

test("Message.signal aborts with CLOSED when the queue is closed, at once", async () => {
  const { jobs, message } = await held();
  const { signal } = message;
  const closing = jobs.queue.close();
  assertEquals(signal.aborted, true);
  const { code, path } = signal.reason as DurableError;
  assertEquals([code, path], ["CLOSED", JOURNAL]);
  await closing;
  assertEquals(jobs.clock.timers, 0);
});

test("Message.signal that is asked for when the queue is closed is aborted with CLOSED", async () => {
  const { jobs, message } = await held();
  await jobs.queue.close();
  const { aborted, reason } = message.signal;
  assertEquals([aborted, (reason as DurableError)?.code], [true, "CLOSED"]);
});

test("Message.signal of a message that was settled, or lost before, is not told that the queue is closed", async () => {
  const { jobs, message } = await held();
  await jobs.add("b");
  const other = await jobs.take();
  const signals = [message.signal, other.signal];
  await message.ack();
  jobs.clock.advance(LEASE);
  await jobs.queue.close();
  assertEquals(signals.map(({ aborted }) => aborted), [false, true]);
  assertEquals((signals[1].reason as DurableError).code, "LEASE_LOST");
  assertEquals(message.signal.aborted, false);
});
