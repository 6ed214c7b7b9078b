import { assert, assertEquals } from "@std/assert";
import type { Message, QueueOptions } from "../mod.ts";
import { test } from "./support/harness.ts";
import {
  assertCounts,
  codeOf,
  type Jobs,
  openJobs,
  recordsOf,
  reopen,
  start,
  turn,
} from "./support/queues_b.ts";
import { SlowDisk } from "./support/slow_disk.ts";

const LEASE = 100;
/** How long a sync takes that takes longer than a lease. */
const STALL = 10 * LEASE;

/** A queue on a slow disk, with leases of {@linkcode LEASE} and one attempt for each message. */
async function slowJobs(
  options: QueueOptions<string> = {},
): Promise<Jobs<string> & { readonly disk: SlowDisk }> {
  const jobs = await openJobs<string>({
    visibilityTimeout: LEASE,
    maxAttempts: 1,
    backoff: 0,
    ...options,
  });
  return { ...jobs, disk: new SlowDisk(jobs.fileSystem, jobs.clock, 20) };
}

type Take = (jobs: Jobs<string>) => Promise<Message<string> | undefined>;

/** Every way to be handed a message. */
const TAKES: Record<string, Take> = {
  "tryDequeue()": ({ queue }) => queue.tryDequeue(),
  "dequeue()": ({ queue }) => queue.dequeue(),
  "claim()": async ({ queue }) => (await queue.claim(5))[0],
  "iteration": async ({ queue }) => {
    for await (const message of queue) return message;
  },
  "process()": (jobs) =>
    new Promise((resolve, reject) => {
      const work = start(jobs, async (message) => {
        resolve(message);
        void work.end();
        await message.release(1e6); // the test holds it no longer than the handler
      }, { autoExtend: false });
      work.done.catch(reject);
    }),
};

for (const [name, take] of Object.entries(TAKES)) {
  test(`MiniQueue hands a message out by ${name} though the sync takes longer than the lease, and counts one attempt`, async () => {
    const jobs = await slowJobs();
    await jobs.queue.enqueue("a");
    jobs.disk.takes(STALL);
    const message = await take(jobs);
    assertEquals([message?.payload, message?.attempts], ["a", 1]);
    assertEquals(jobs.queue.stats().totals.delivered, 1);
    assertEquals(recordsOf(jobs.fileSystem, "bury"), []);
    jobs.disk.takes(0);
    await jobs.queue.close();
  });
}

for (const name of ["tryDequeue()", "dequeue()", "claim()", "iteration"]) {
  test(`A lease given by ${name} on a slow disk runs for the whole visibility timeout from when the message arrives`, async () => {
    const jobs = await slowJobs({ maxAttempts: 2 });
    const { clock, disk, queue } = jobs;
    await queue.enqueue("a");
    disk.stallsOnce(STALL);
    const message = await TAKES[name](jobs);
    assert(message, "nothing was handed out");
    const began = clock.now();
    const { signal } = message;
    const [{ leasedUntil }] = await Array.fromAsync(queue.list());
    assertEquals(leasedUntil?.getTime(), began + LEASE);
    clock.advance(LEASE - 1);
    assertEquals([await queue.tryDequeue(), signal.aborted], [
      undefined,
      false,
    ]);
    assertCounts(queue, { leased: 1 });
    const next = queue.dequeue();
    clock.advance(1);
    assertEquals([(await next).attempts, signal.aborted], [2, true]);
    assertEquals(await codeOf(message.ack()), "LEASE_LOST");
    await (await next).ack();
    await queue.close();
  });
}

test("MiniQueue hands nothing out a second time while its claim is written, however long that takes", async () => {
  const jobs = await slowJobs();
  const { disk, fileSystem, queue } = jobs;
  await queue.enqueue("a");
  disk.stallsOnce(STALL);
  const first = queue.tryDequeue({ visibilityTimeout: 1 });
  const waiting = queue.dequeue();
  for (const part of [1 / 4, 1 / 2, 3 / 4]) {
    await disk.reaches(part * STALL);
    assertEquals([await queue.claim(3), await queue.peek()], [[], undefined]);
    assertEquals(await queue.clear(), 0);
  }
  const message = await first;
  assertEquals([message?.payload, message?.attempts], ["a", 1]);
  await message?.ack();
  await queue.enqueue("b");
  assertEquals((await waiting).payload, "b");
  assertEquals(recordsOf(fileSystem, "bury"), []);
  await queue.close();
});

test("A lease does not run while its message is read from the log, nor while others of the same claim are", async () => {
  const jobs = await slowJobs({ payloadMemory: 0 });
  const { clock, fileSystem, queue } = jobs;
  await queue.enqueueAll(["a", "b"].map((payload) => ({ payload })));
  fileSystem.onOperation = ({ kind }) => {
    if (kind === "read") clock.advance(STALL);
  };
  const messages = await queue.claim(2);
  fileSystem.onOperation = () => {};
  assertEquals(messages.map(({ payload, attempts }) => [payload, attempts]), [
    ["a", 1],
    ["b", 1],
  ]);
  clock.advance(LEASE - 1);
  for (const message of messages) await message.ack();
  await queue.close();
});

test("A message whose consumer gave up during a long sync goes back with no attempt counted", async () => {
  const jobs = await slowJobs();
  const { disk, queue } = jobs;
  await queue.enqueue("a");
  const stop = new AbortController();
  disk.stallsOnce(STALL);
  const waiting = codeOf(queue.dequeue({ signal: stop.signal }));
  await disk.reaches(STALL / 2);
  stop.abort({ code: "enough" });
  assertEquals(await waiting, "enough");
  assertCounts(queue, { ready: 1 });
  assertEquals((await queue.tryDequeue())?.attempts, 1);
  await queue.close();
});

test("MiniQueue.close() during a long sync gives back what was not handed out, with no attempt counted", async () => {
  const jobs = await slowJobs();
  const { disk, queue } = jobs;
  await queue.enqueueAll(["a", "b"].map((payload) => ({ payload })));
  disk.takes(STALL);
  const waiting = [queue.dequeue(), queue.claim(1)].map(codeOf);
  await disk.reaches(STALL / 2);
  await queue.close();
  assertEquals(await Promise.all(waiting), ["CLOSED", "CLOSED"]);
  const again = await reopen(jobs, { maxAttempts: 1 });
  const messages = await again.queue.claim(3);
  assertEquals(messages.map(({ payload, attempts }) => [payload, attempts]), [
    ["a", 1],
    ["b", 1],
  ]);
  await again.queue.close();
});

test("A lease that is extended does not run while that is written, and runs for its time from then on", async () => {
  const jobs = await slowJobs({ maxAttempts: 2 });
  const { clock, disk, queue } = jobs;
  await queue.enqueue("a");
  const message = await queue.dequeue();
  const { signal } = message;
  clock.advance(LEASE / 2);
  disk.stallsOnce(STALL);
  const waiting = queue.dequeue();
  await message.extend(2 * LEASE);
  assertEquals(recordsOf(jobs.fileSystem, "claim").length, 1);
  assertEquals(signal.aborted, false);
  clock.advance(2 * LEASE - 1);
  assertEquals([await queue.tryDequeue(), signal.aborted], [undefined, false]);
  clock.advance(1);
  assertEquals([(await waiting).attempts, signal.aborted], [2, true]);
  await queue.close();
});

test("The last of several extensions that are written at once says when a lease ends", async () => {
  const jobs = await slowJobs({ maxAttempts: 2 });
  const { clock, disk, queue } = jobs;
  await queue.enqueue("a");
  const message = await queue.dequeue();
  disk.takes(STALL);
  const first = message.extend(5 * LEASE);
  await disk.reaches(STALL / 2); // the others are in the next commit
  await Promise.all([first, message.extend(2 * LEASE), message.extend(7)]);
  disk.takes(0);
  clock.advance(6);
  assertEquals(await queue.tryDequeue(), undefined);
  clock.advance(1);
  assertEquals((await queue.tryDequeue())?.attempts, 2);
  await queue.close();
});

for (const action of ["ack", "retry", "release", "fail"] as const) {
  test(`Message.${action}() within the lease counts however long it is written, and nobody else has the message meanwhile`, async () => {
    const jobs = await slowJobs({ maxAttempts: 2 });
    const { disk, queue } = jobs;
    await queue.enqueue("a");
    const message = await queue.dequeue();
    disk.stallsOnce(STALL);
    const done = action === "ack"
      ? message.ack()
      : action === "retry"
      ? message.retry({ delay: 10 * STALL })
      : action === "release"
      ? message.release(10 * STALL)
      : message.fail("bad");
    await disk.reaches(STALL * 3 / 4);
    assertEquals(await queue.tryDequeue(), undefined);
    await done;
    assertEquals(recordsOf(jobs.fileSystem, "claim").length, 1);
    const { acknowledged, retried, buried } = queue.stats().totals;
    assertEquals(acknowledged + retried + buried, 1);
    await queue.close();
  });
}

test("A lease on disk ends as it was decided: after a restart a message may come again, and the older receipt is refused", async () => {
  const jobs = await slowJobs({ maxAttempts: 3 });
  const { disk, queue } = jobs;
  await queue.enqueue("a");
  disk.stallsOnce(STALL);
  const { receipt } = await queue.dequeue();
  const again = await reopen(jobs, { maxAttempts: 3 });
  const message = await again.queue.tryDequeue();
  assertEquals(message?.attempts, 2);
  const older = again.queue.lease(receipt);
  for (const act of [() => older.ack(), () => older.extend(LEASE)]) {
    assertEquals(await codeOf(act()), "LEASE_LOST");
  }
  await message?.ack();
  await again.queue.close();
});

test("MiniQueue.process() at concurrency 16 loses no message, and works on none twice, when the disk stalls for ten leases", async () => {
  const jobs = await slowJobs();
  const { clock, disk, queue } = jobs;
  const seen: string[] = [];
  let stalls = 0;
  const work = start(jobs, async (message) => {
    seen.push(`${message.payload} ${message.attempts}`);
    if (seen.length % 25 === 0) {
      stalls++;
      disk.stallsOnce(STALL);
    }
    // Longer than a lease: it is held by extending it.
    await new Promise<void>((resolve) => clock.setTimer(resolve, LEASE * 1.5));
  }, { concurrency: 16 });
  const names = Array.from({ length: 100 }, (_, n) => `m${n}`);
  await queue.enqueueAll(names.map((payload) => ({ payload })));
  let isIdle = false;
  const idle = queue.idle().finally(() => isIdle = true);
  idle.catch(() => {}); // it is awaited below
  while (!isIdle) {
    await turn();
    if (disk.syncing === undefined) clock.advance(LEASE / 10);
  }
  await idle;
  await work.end();
  assertEquals(stalls, 4);
  assertEquals(seen, names.map((name) => `${name} 1`));
  assertCounts(queue, {});
  await queue.close();
});

test("A lease that waits for its extension to be written is over when that has failed and its old time has passed", async () => {
  const jobs = await slowJobs();
  const { clock, fileSystem, queue } = jobs;
  await queue.enqueue("a");
  const message = await queue.dequeue();
  const { signal } = message;
  fileSystem.inject({ kinds: ["dataSync"], errno: "EIO" });
  assertEquals(await codeOf(message.extend(LEASE)), "FAILED");
  clock.advance(LEASE);
  assertEquals(signal.aborted, true);
  assertCounts(queue, { ready: 1 });
  await queue.close().catch(() => {});
});
