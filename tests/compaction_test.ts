import { assert, assertEquals } from "@std/assert";
import type { SimulatedFileSystem } from "../src/testing/mod.ts";
import { SeededRandom } from "../src/testing/random.ts";
import { test } from "./support/harness.ts";
import {
  assertCounts,
  codeOf,
  DIR,
  mixed,
  openJobs,
  recordsOf,
  reopen,
  segmentsOf,
  viewOf,
} from "./support/queues_b.ts";

/** The size of the log, in characters. */
function lengthOf(fileSystem: SimulatedFileSystem): number {
  return segmentsOf(fileSystem).join("").length;
}

test("MiniQueue.compact() changes nothing that can be read, before and after a restart, twice", async () => {
  for (const options of [{}, { payloadMemory: 0 }]) {
    const jobs = await mixed(options);
    const expected = await viewOf(jobs.queue);
    const { removedSegments } = await jobs.queue.compact();
    assert(removedSegments > 5, `${removedSegments}`);
    assertEquals(await viewOf(jobs.queue), expected);
    await jobs.queue.close();
    const second = await reopen(jobs, { ...options, maxSegmentBytes: 300 });
    assertEquals(await viewOf(second.queue), expected);
    await second.queue.compact();
    assertEquals(await viewOf(second.queue), expected);
    await second.queue.close();
    const third = await reopen(second, options);
    assertEquals(await viewOf(third.queue), expected);
    await third.queue.close();
  }
});

test("MiniQueue.compact() changes nothing that can be done with messages", async () => {
  const jobs = await mixed();
  const { clock, queue } = jobs;
  await queue.compact();
  await queue.close();
  const again = (await reopen(jobs)).queue;
  assertEquals(await again.enqueue(1, { id: "own" }), "own");
  assertEquals(await again.enqueue(1, { dedupeKey: "key" }), "own");
  assertEquals(await again.deadLetters.redrive(), 2);
  clock.advance(30_000);
  const kinds: unknown[] = [];
  const done = again.process(({ payload }) => {
    kinds.push((payload as { kind: string }).kind);
  });
  await again.idle();
  assertEquals(kinds, [
    "leased",
    "dead",
    "expired",
    "retried",
    "delayed",
    "keyed",
    "group 1",
    "group 2",
  ]);
  await again.close();
  await done;
});

test("MiniQueue.compact() leaves leases as they are: who holds a message can settle it", async () => {
  const jobs = await openJobs<number>({ maxSegmentBytes: 1 });
  const { queue } = jobs;
  for (let n = 0; n < 8; n++) await queue.enqueue(n);
  const messages = await queue.claim(8);
  for (const message of messages.slice(1, 6)) await message.ack();
  await queue.compact();
  await messages[0].ack();
  const { receipt } = messages[6];
  await queue.close();
  const again = await reopen(jobs);
  await again.queue.lease(receipt).extend(1000);
  await again.queue.lease(receipt).ack();
  assertEquals(await codeOf(again.queue.lease(receipt).ack()), "LEASE_LOST");
  assertCounts(again.queue, { leased: 1 });
  await again.queue.close();
});

test("MiniQueue.compact() of an empty queue removes all of its log but the newest segment", async () => {
  const jobs = await openJobs<number>({ maxSegmentBytes: 100 });
  const { fileSystem, queue } = jobs;
  for (let n = 0; n < 20; n++) {
    await queue.enqueue(n);
    await (await queue.dequeue()).ack();
  }
  const { sequence } = await queue.compact();
  assertEquals(sequence, 60);
  assertEquals(segmentsOf(fileSystem).length, 1);
  assertEquals(recordsOf(fileSystem, "enqueue"), []);
  assertEquals(await queue.enqueue(1), "61", "numbers go on");
  await queue.close();
  const again = await reopen(jobs);
  assertEquals(again.queue.recovery.snapshot, 60);
  assertEquals(await again.queue.enqueue(1), "62");
  await again.queue.close();
});

test("MiniQueue.compact() carries the few payloads on that are needed, and removes what was in front of them", async () => {
  const jobs = await openJobs<string>({
    maxSegmentBytes: 200,
    payloadMemory: 0,
  });
  const { fileSystem, queue } = jobs;
  await queue.enqueue("kept", { priority: -1 });
  for (let n = 0; n < 20; n++) {
    await queue.enqueue("gone");
    await (await queue.dequeue()).ack();
  }
  const before = segmentsOf(fileSystem).length;
  const { removedSegments } = await queue.compact();
  assertEquals(recordsOf(fileSystem, "carry"), [{
    message: 1,
    payload: "kept",
  }]);
  assert(removedSegments >= before - 2, `${removedSegments} of ${before}`);
  assertEquals(recordsOf(fileSystem, "enqueue"), []);
  assertEquals((await queue.peek())?.payload, "kept");
  await queue.close();
  const again = await reopen(jobs, { payloadMemory: 0 });
  const message = await again.queue.dequeue();
  assertEquals([message.id, message.payload], ["1", "kept"]);
  await message.ack();
  await again.queue.close();
});

test("MiniQueue.compact() of a log in one segment removes what is not needed, though something is", async () => {
  const { fileSystem, queue } = await openJobs<string>();
  await queue.enqueue("kept", { priority: -1 });
  for (let n = 0; n < 200; n++) {
    await queue.enqueue("gone");
    await (await queue.dequeue()).ack();
  }
  const before = lengthOf(fileSystem);
  await queue.compact();
  const after = lengthOf(fileSystem);
  assert(after * 10 < before, `${before} characters have become ${after}`);
  assertEquals((await queue.dequeue()).payload, "kept");
  await queue.close();
});

test("MiniQueue.compact() does not write a payload again and again", async () => {
  const { fileSystem, queue } = await openJobs<string>({
    maxSegmentBytes: 200,
  });
  await queue.enqueue("kept", { priority: -1 });
  for (let n = 0; n < 20; n++) {
    await queue.enqueue("gone");
    await (await queue.dequeue()).ack();
  }
  const { totals } = queue.stats();
  let written = 0;
  fileSystem.onOperation = ({ bytes }) => {
    const text = new TextDecoder().decode(bytes);
    written += text.split('{"carry"').length - 1;
  };
  for (let n = 0; n < 10; n++) await queue.compact();
  assert(written >= 1 && written <= 2, `${written} times`);
  assertEquals(queue.stats().totals, totals);
  await queue.close();
});

test("MiniQueue.compact() does not rewrite a backlog that is needed", async () => {
  const { fileSystem, queue } = await openJobs<string>({
    maxSegmentBytes: 2000,
  });
  for (let n = 0; n < 200; n++) await queue.enqueue(`message ${n}`);
  const before = recordsOf(fileSystem, "enqueue").length;
  for (let n = 0; n < 3; n++) await queue.compact();
  assertEquals(recordsOf(fileSystem, "carry"), []);
  assertEquals(recordsOf(fileSystem, "enqueue").length, before);
  // A third of it done: still more is needed than not.
  for (const message of await queue.claim(60)) await message.ack();
  await queue.compact();
  assertEquals(recordsOf(fileSystem, "carry"), []);
  assertEquals((await queue.claim(140)).length, 140);
  await queue.close();
});

test("MiniQueue.compact() writes no more than it removes, over a long history, and the log stays in proportion", async () => {
  const random = new SeededRandom(5);
  const jobs = await openJobs<string>({ maxSegmentBytes: 1000 });
  const { fileSystem, queue } = jobs;
  let carried = 0;
  fileSystem.onOperation = ({ bytes }) => {
    carried += new TextDecoder().decode(bytes).split('{"carry"').length - 1;
  };
  let most = 0;
  let records = 0;
  for (let round = 0; round < 60; round++) {
    const count = 1 + random.below(20);
    await queue.enqueueAll(
      Array.from({ length: count }, () => ({
        payload: "x".repeat(random.below(50)),
        priority: random.below(3),
      })),
    );
    records += count;
    for (const message of await queue.claim(1 + random.below(20))) {
      await message.ack();
      records++;
    }
    if (random.below(3) === 0) await queue.compact();
    most = Math.max(most, queue.size);
  }
  await queue.compact();
  await queue.compact();
  assert(carried <= records, `${carried} of ${records}`);
  const kept =
    segmentsOf(fileSystem).join("\n").split("\n").filter((line) =>
      line.startsWith("{")
    ).length;
  assert(
    kept <= 4 * queue.size + 20,
    `${kept} records for ${queue.size} messages`,
  );
  await queue.close();
});

test("MiniQueue.compact() that is called again while it runs is the same one", async () => {
  const jobs = await mixed();
  const { fileSystem, queue } = jobs;
  const before = fileSystem.operations.length;
  const results = await Promise.all([queue.compact(), queue.compact()]);
  assertEquals(results[0], results[1]);
  const snapshots = fileSystem.operations.slice(before).filter(({ kind, to }) =>
    kind === "rename" && to === `${DIR}/snapshot.json`
  );
  assertEquals(snapshots.length, 1);
  await queue.close();
});
