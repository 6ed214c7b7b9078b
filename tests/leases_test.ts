import { assert, assertEquals, assertRejects } from "@std/assert";
import type { DurableError, Lease, Message } from "../mod.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import { ACTIONS, held, type Jobs, JOURNAL, LEASE } from "./support/queues.ts";
import { readBytes } from "./support/text.ts";

/** Asserts that nothing can be done with a lease, why, and that nothing changes. */
async function assertLost(
  jobs: Jobs,
  lease: Lease,
  why: string,
): Promise<void> {
  const state = async () => [
    await readBytes(jobs.fileSystem, JOURNAL),
    jobs.queue.stats(),
  ];
  const before = await state();
  for (const held of [lease, jobs.queue.lease(lease.receipt)]) {
    for (const [name, act] of Object.entries(ACTIONS)) {
      const error = await assertCode(() => act(held), "LEASE_LOST");
      const text = `Cannot ${name.trim()} message 1 in "${JOURNAL}": ${why}`;
      assertEquals(error.message, text);
      assertEquals([error.path, error.sequence], [JOURNAL, 1]);
    }
  }
  assertEquals(await state(), before);
}

const ENDS: readonly {
  how: string;
  why: string;
  end(jobs: Jobs, message: Message<string>): Promise<unknown>;
}[] = [
  {
    how: "has run out",
    why: "its lease ran out 0 ms ago",
    async end({ clock }) {
      await clock.advance(LEASE);
    },
  },
  {
    how: "has run out long ago",
    why: "its lease ran out 4900 ms ago",
    async end({ clock }) {
      await clock.advance(5000);
    },
  },
  {
    how: "has run out, and the message was handed out again",
    why: "it was delivered again",
    async end(jobs) {
      jobs.clock.advance(LEASE);
      await jobs.take();
    },
  },
  {
    how: "has ended by ack()",
    why: "it was acknowledged or removed",
    end: (_, message) => message.ack(),
  },
  {
    how: "has ended by retry()",
    why: "it was given back",
    end: (_, message) => message.retry(),
  },
  {
    how: "has ended by release()",
    why: "it was given back",
    end: (_, message) => message.release(5),
  },
  {
    how: "has ended by fail()",
    why: "it is a dead letter",
    end: (_, message) => message.fail("no"),
  },
  {
    how: "is of a message that was redriven",
    why: "it was given back",
    async end({ queue }, message) {
      await message.fail("no");
      await queue.deadLetters.redrive();
    },
  },
  {
    how: "is of a message that was purged",
    why: "it was acknowledged or removed",
    async end({ queue }, message) {
      await message.fail("no");
      await queue.deadLetters.purge();
    },
  },
  {
    how: "is of a message that was given back and handed out again",
    why: "it was delivered again",
    async end(jobs, message) {
      await message.retry({ delay: 0 });
      await jobs.take();
    },
  },
  {
    how: "has run out, and the message was cleared",
    why: "it was acknowledged or removed",
    async end({ queue, clock }) {
      clock.advance(LEASE);
      await queue.clear();
    },
  },
];

for (const { how, why, end } of ENDS) {
  test(`Lease that ${how} settles nothing, also after a restart`, async () => {
    const { jobs, message } = await held();
    const { receipt } = message;
    await end(jobs, message);
    await assertLost(jobs, message, why);
    await jobs.reopen();
    await assertLost(jobs, jobs.queue.lease(receipt), why);
    await jobs.kill();
    await assertLost(jobs, jobs.queue.lease(receipt), why);
    await jobs.queue.compact();
    await jobs.reopen();
    await assertLost(jobs, jobs.queue.lease(receipt), why);
    await jobs.queue.close();
  });
}

test("Lease settles up to one millisecond before it runs out, and not then", async () => {
  for (const [name, act] of Object.entries(ACTIONS)) {
    for (const late of [-1, 0, 1]) {
      const { jobs, message } = await held();
      jobs.clock.advance(LEASE + late);
      if (late < 0) await act(message);
      else {
        const error = await assertCode(() => act(message), "LEASE_LOST");
        assert(error.message.endsWith(`ran out ${late} ms ago`), name);
      }
      await jobs.queue.close();
    }
  }
});

test("Message is handed out again exactly when its lease runs out, its attempt counted", async () => {
  const { jobs, message } = await held();
  assertEquals(message.attempts, 1);
  jobs.clock.advance(LEASE - 1);
  assertEquals(await jobs.queue.tryDequeue(), undefined);
  jobs.clock.advance(1);
  const again = await jobs.take();
  assertEquals([again.payload, again.attempts], ["a", 2]);
  assertEquals(again.receipt === message.receipt, false);
  await assertCode(() => message.ack(), "LEASE_LOST");
  await again.ack();
  await jobs.queue.close();
});

test("MiniQueue.dequeue() holds a message for as long as its caller asks for", async () => {
  const { jobs, message } = await held();
  await message.ack();
  await jobs.add("b", "c");
  await jobs.queue.dequeue({ visibilityTimeout: 10 });
  await jobs.queue.claim(1, { visibilityTimeout: 20.5 });
  jobs.clock.advance(9);
  assertEquals(await jobs.queue.tryDequeue(), undefined);
  jobs.clock.advance(1);
  const b = await jobs.queue.tryDequeue({ visibilityTimeout: 1000 });
  assertEquals(b?.payload, "b");
  jobs.clock.advance(10);
  assertEquals(await jobs.queue.tryDequeue(), undefined); // half a millisecond is one
  jobs.clock.advance(1);
  assertEquals((await jobs.take()).payload, "c");
  await jobs.queue.close();
});

for (const how of ["reopen", "kill"] as const) {
  test(`Lease in flight holds over a restart (${how}), and the message returns by its deadline`, async () => {
    const { jobs, message } = await held();
    jobs.clock.advance(40);
    await jobs[how]();
    assertEquals(await jobs.queue.tryDequeue(), undefined);
    assertEquals(jobs.queue.stats().leased, 1);
    jobs.clock.advance(LEASE - 41);
    await jobs[how]();
    assertEquals(await jobs.queue.tryDequeue(), undefined);
    jobs.clock.advance(1);
    const again = await jobs.take();
    assertEquals([again.attempts, again.payload], [2, "a"]);
    await assertCode(
      () => jobs.queue.lease(message.receipt).ack(),
      "LEASE_LOST",
    );
    await jobs.queue.close();
  });

  test(`MiniQueue.lease() settles by a receipt after a restart (${how})`, async () => {
    for (const [name, act] of Object.entries(ACTIONS)) {
      const { jobs, message } = await held();
      await jobs[how]();
      const lease = jobs.queue.lease(message.receipt);
      assertEquals(lease.receipt, message.receipt);
      await act(lease);
      const { size } = jobs.queue;
      const { dead, leased } = jobs.queue.stats();
      const wanted = {
        acknowledge: [0, 0, 0],
        retry: [1, 0, 0],
        "retry ": [1, 0, 0],
        fail: [0, 1, 0],
        extend: [1, 0, 1],
      }[name];
      assertEquals([size, dead, leased], wanted, name);
      await jobs.queue.close();
    }
  });
}

test("MiniQueue.lease() of a message that never was settles nothing", async () => {
  const { jobs, message } = await held();
  for (const receipt of ["99.100", "1.1", "1.3", "2.2"]) {
    await assertCode(() => jobs.queue.lease(receipt).ack(), "LEASE_LOST");
  }
  await message.ack();
  await jobs.queue.close();
});

test("Message.ack() called twice at once acknowledges once", async () => {
  const { jobs, message } = await held();
  const ends = await Promise.allSettled([
    message.ack(),
    message.ack(),
    message.retry(),
    jobs.queue.lease(message.receipt).fail("no"),
  ]);
  assertEquals(
    ends.map((end) =>
      end.status === "rejected" && (end.reason as DurableError).code
    ),
    [false, "LEASE_LOST", "LEASE_LOST", "LEASE_LOST"],
  );
  assertEquals(jobs.queue.stats().totals.acknowledged, 1);
  assertEquals([jobs.queue.size, jobs.queue.stats().dead], [0, 0]);
  await jobs.queue.close();
});

test("Message.ack() that was handed in before close() holds; one behind it is CLOSED", async () => {
  const { jobs, message } = await held();
  await jobs.add("b");
  const other = await jobs.take();
  const done = message.ack();
  const closing = jobs.queue.close();
  await assertCode(() => other.ack(), "CLOSED");
  await Promise.all([done, closing]);
  await assertCode(() => message.ack(), "CLOSED");
  await jobs.reopen();
  assertEquals(jobs.queue.size, 1);
  await jobs.queue.lease(other.receipt).ack();
  await jobs.queue.close();
});

test("Message.extend() holds from now on, again and again, over restarts", async () => {
  const { jobs, message } = await held();
  jobs.clock.advance(LEASE - 1);
  await message.extend(50);
  jobs.clock.advance(49);
  assertEquals(await jobs.queue.tryDequeue(), undefined);
  await message.extend(1000.5);
  await jobs.kill();
  jobs.clock.advance(1000);
  assertEquals(await jobs.queue.tryDequeue(), undefined);
  await jobs.queue.lease(message.receipt).extend(7);
  jobs.clock.advance(6);
  assertEquals(await jobs.queue.tryDequeue(), undefined);
  jobs.clock.advance(1);
  assertEquals((await jobs.take()).attempts, 2);
  await jobs.queue.close();
});

test("Message.extend() may also let a lease end earlier", async () => {
  const { jobs, message } = await held();
  const { signal } = message;
  await message.extend(10);
  const waiting = jobs.queue.dequeue();
  jobs.clock.advance(9);
  await message.extend(5);
  jobs.clock.advance(5);
  assertEquals((await waiting).attempts, 2);
  assertEquals(signal.aborted, true);
  await jobs.queue.close();
});

test("Lease refuses bad times, and is held as before", async () => {
  const { jobs, message } = await held();
  for (const time of [0, 0.5, -1, NaN, Infinity, 1e15]) {
    await assertRejects(() => message.extend(time), RangeError);
  }
  for (const delay of [-1, NaN, Infinity, 1e15]) {
    await assertRejects(() => message.release(delay), RangeError);
    await assertRejects(() => message.retry({ delay }), RangeError);
  }
  const wrong = { later: 1 } as unknown as { delay: number };
  await assertRejects(() => message.retry(wrong), TypeError);
  await assertRejects(() => message.extend("1" as unknown as 1), TypeError);
  await message.ack();
  await jobs.queue.close();
});

test("Message.release() does not count the attempt, and waits as long as it is told to", async () => {
  const { jobs, message } = await held({ maxAttempts: 1, backoff: 1e9 });
  await message.release(10);
  jobs.clock.advance(9);
  assertEquals(await jobs.queue.tryDequeue(), undefined);
  jobs.clock.advance(1);
  for (let time = 1; time <= 3; time++) {
    const again = await jobs.take();
    assertEquals(again.attempts, 1);
    await again.release();
    await jobs.kill();
  }
  assertEquals(jobs.queue.stats().dead, 0);
  await jobs.queue.close();
});
