import { assert, assertEquals } from "@std/assert";
import type { Lease, MiniQueue, QueuedMessage } from "../mod.ts";
import { test } from "./support/harness.ts";
import {
  all,
  assertCounts,
  codeOf,
  Gate,
  type Jobs,
  openJobs,
  reopen,
  turn,
} from "./support/queues_b.ts";

/** Everything that is shown of a queue at once; nothing of it waits for the disk. */
async function seen<P>(queue: MiniQueue<P>): Promise<unknown> {
  const { size } = queue;
  const stats = queue.stats();
  const listed = await all(queue.list());
  return { size, stats, listed, dead: await all(queue.deadLetters.list()) };
}

type Change = (queue: MiniQueue<string>, held: Lease) => Promise<unknown>;

const CHANGES: Record<string, Change> = {
  "enqueue()": (queue) => queue.enqueue("new", { priority: 9 }),
  "enqueue() with a delay": (queue) => queue.enqueue("new", { delay: 9 }),
  "enqueueAll()": (queue) =>
    queue.enqueueAll([{ payload: "new" }, { payload: "new" }]),
  "claim()": (queue) => queue.claim(3),
  "dequeue(), with what has expired in front": (queue) => queue.dequeue(),
  "ack()": (_, held) => held.ack(),
  "retry()": (_, held) => held.retry(),
  "release()": (_, held) => held.release(),
  "fail()": (_, held) => held.fail("bad"),
  "extend()": (_, held) => held.extend(90_000),
  "redrive()": (queue) => queue.deadLetters.redrive(),
  "purge()": (queue) => queue.deadLetters.purge(),
  "clear()": (queue) => queue.clear(),
};

/** A queue with messages in every state, one of them held. */
async function inUse(): Promise<Jobs<string> & { readonly held: Lease }> {
  const jobs = await openJobs<string>();
  const { clock, queue } = jobs;
  await queue.enqueue("held");
  const held = await queue.dequeue();
  await queue.enqueue("dead");
  await (await queue.dequeue()).fail("bad");
  await queue.enqueue("expired", { expiresIn: 5, priority: 3 });
  await queue.enqueue("ready");
  await queue.enqueue("delayed", { delay: 1000 });
  clock.advance(10);
  return { ...jobs, held };
}

for (const [name, change] of Object.entries(CHANGES)) {
  test(`MiniQueue shows nothing of ${name} before it is durable, and all of it then`, async () => {
    const jobs = await inUse();
    const { fileSystem, queue, held } = jobs;
    const before = await seen(queue);
    const gate = new Gate(fileSystem);
    const done = change(queue, held);
    await turn();
    assert(gate.size > 0, "nothing is written");
    assertEquals(await seen(queue), before);
    gate.open();
    await done;
    const after = await seen(queue);
    assert(JSON.stringify(after) !== JSON.stringify(before));
    await queue.close();
    const again = await reopen(jobs);
    assertEquals(await seen(again.queue), after);
    await again.queue.close();
  });

  test(`MiniQueue shows nothing of ${name} that has failed, though the clock is set back`, async () => {
    const { fileSystem, clock, queue, held } = await inUse();
    fileSystem.inject({ kinds: ["dataSync"], errno: "EIO" });
    const code = await codeOf(change(queue, held));
    assertEquals(code, "FAILED");
    clock.set(clock.now() - 60_000);
    const { ready, delayed, leased, dead } = queue.stats();
    const of = async (state: QueuedMessage<string>["state"]) =>
      (await all(queue.list({ state }))).length;
    assertEquals({ ready, delayed, leased, dead }, {
      ready: await of("ready"),
      delayed: await of("delayed"),
      leased: await of("leased"),
      dead: await of("dead"),
    });
    // The clock shows a time before any of it: what has a time waits for it.
    assertEquals({ ready, delayed, leased, dead }, {
      ready: 2,
      delayed: 1,
      leased: 1,
      dead: 1,
    });
    await queue.close().catch(() => {});
  });
}

test("MiniQueue.stats() shows what is durable when the clock is set back while something is written", async () => {
  const { fileSystem, clock, queue } = await openJobs<number>();
  await queue.enqueue(1);
  await queue.enqueue(2, { delay: 1000 });
  const message = await queue.dequeue();
  const gate = new Gate(fileSystem);
  const done = [message.ack(), queue.enqueue(3, { delay: 1000 })];
  await turn();
  clock.set(clock.now() - 60_000);
  assertCounts(queue, { delayed: 1, leased: 1 });
  gate.open();
  await Promise.all(done);
  assertCounts(queue, { delayed: 2 });
  await queue.close();
});

test("MiniQueue.list() shows a message as ready until it is a dead letter on disk, also by a clock that was set back", async () => {
  const { fileSystem, clock, queue } = await openJobs<number>({
    maxAttempts: 1,
    visibilityTimeout: 1000,
  });
  await queue.enqueue(1);
  await queue.dequeue();
  clock.set(clock.now() - 86_400_000);
  assertCounts(queue, { leased: 1 }); // from here on for its time
  clock.advance(1000);
  const gate = new Gate(fileSystem);
  const taken = queue.tryDequeue();
  await turn();
  const [{ state }] = await all(queue.list());
  assertEquals(state, "ready");
  gate.open();
  assertEquals(await taken, undefined);
  await turn();
  assertCounts(queue, { dead: 1 });
  await queue.close();
});

for (const why of ["expired", "attempts"]) {
  for (const count of [1, 2]) {
    test(`MiniQueue shows right after claim(${count}) what it has made a dead letter: ${why}`, async () => {
      const { fileSystem, clock, queue } = await openJobs<number>({
        maxAttempts: 1,
        visibilityTimeout: 10,
      });
      await queue.enqueue(1, why === "expired" ? { expiresIn: 10 } : {});
      if (why === "attempts") await queue.dequeue();
      clock.advance(10);
      assertCounts(queue, { ready: 1 });
      assertEquals(await queue.claim(count), []);
      assertCounts(queue, { dead: 1 });
      assertEquals([queue.size, await queue.peek()], [0, undefined]);
      assertEquals((await all(queue.list())).length, 0);
      assertEquals((await all(queue.deadLetters.list())).length, 1);
      await queue.idle(); // nothing is left
      await queue.enqueue(2, { expiresIn: 10 });
      clock.advance(10);
      fileSystem.inject({ kinds: ["dataSync"], errno: "EIO" });
      assertEquals(await codeOf(queue.claim(count)), "FAILED");
      assertCounts(queue, { ready: 1, dead: 1 });
      await queue.close().catch(() => {});
    });
  }
}

test("MiniQueue.list() shows until when a message is held by the clock that was set back", async () => {
  const { clock, queue } = await openJobs<number>({ visibilityTimeout: 1000 });
  await queue.enqueue(1);
  await queue.dequeue();
  clock.set(clock.now() - 86_400_000);
  const [{ leasedUntil, state }] = await all(queue.list());
  assertEquals([leasedUntil?.getTime(), state], [clock.now() + 1000, "leased"]);
  await queue.close();
});
