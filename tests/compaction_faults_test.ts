import { assert, assertEquals } from "@std/assert";
import { MiniQueue, StateManager } from "../mod.ts";
import { SimulatedFileSystem } from "../src/testing/mod.ts";
import { SeededRandom } from "../src/testing/random.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import {
  all,
  codeOf,
  DIR,
  Gate,
  mixed,
  openJobs,
  reopen,
  segmentsOf,
  turn,
  viewOf,
} from "./support/queues_b.ts";

test("MiniQueue.compact() while messages are acknowledged that are not on disk yet", async () => {
  for (const others of [0, 1]) {
    const jobs = await openJobs<number>({ maxSegmentBytes: 1 });
    const { fileSystem, queue } = jobs;
    await queue.enqueue(1);
    for (let n = 0; n < others; n++) await queue.enqueue(2);
    const message = await queue.dequeue();
    const gate = new Gate(fileSystem);
    const acked = message.ack();
    await turn();
    const compacted = queue.compact();
    compacted.catch(() => {});
    await turn();
    gate.open();
    await acked;
    await compacted;
    assertEquals(queue.size, others);
    await queue.close();
    const again = await reopen(jobs);
    assertEquals(
      (await all(again.queue.list())).map(({ payload }) => payload),
      others ? [2] : [],
    );
    await again.queue.close();
  }
});

test("MiniQueue.compact() goes along with whatever happens meanwhile", async () => {
  for (let seed = 1; seed <= 12; seed++) {
    const random = new SeededRandom(seed);
    const options = { maxSegmentBytes: 400, payloadMemory: seed % 2 * 1000 };
    const jobs = await openJobs<number>(options);
    const { fileSystem, queue } = jobs;
    const left = new Set<number>();
    let last = 0;
    const add = () => {
      const payload = ++last;
      left.add(payload);
      return queue.enqueue(payload, { priority: random.below(3) });
    };
    const work = async () => {
      const message = await queue.tryDequeue();
      if (!message) return;
      const kind = random.below(4);
      if (kind === 0) await message.release();
      else if (kind === 1) await message.fail("bad");
      else {
        await message.ack();
        left.delete(message.payload);
      }
    };
    for (let n = 0; n < 20; n++) await add();
    for (let round = 0; round < 12; round++) {
      const running: Promise<unknown>[] = [];
      let calls = 0;
      fileSystem.onOperation = () => {
        if (++calls % 7 === 0 && running.length < 10) {
          running.push(random.below(2) ? add() : work());
        }
      };
      await queue.compact();
      fileSystem.onOperation = () => {};
      await Promise.all(running);
      for (let n = 0; n < 5; n++) await work();
    }
    const expected = [...left].sort((a, b) => a - b);
    const found = async (of: MiniQueue<number>) => {
      const messages = [
        ...await all(of.list()),
        ...await all(of.deadLetters.list()),
      ];
      return messages.map(({ payload }) => payload).sort((a, b) => a - b);
    };
    assertEquals(await found(queue), expected, `seed ${seed}`);
    await queue.close();
    const again = await reopen(jobs, options);
    assertEquals(await found(again.queue), expected, `seed ${seed}`);
    await again.queue.close();
  }
});

test("MiniQueue.stats() tells why an automatic compaction has failed, until one succeeds", async () => {
  const { fileSystem, queue } = await openJobs<number>({ snapshotAfter: 600 });
  fileSystem.inject({ kinds: ["create"], errno: "ENOSPC" });
  for (let n = 0; n < 12; n++) await queue.enqueue(n);
  await turn();
  const { compactionError } = queue.stats();
  assertEquals((compactionError as { code: string }).code, "NO_SPACE");
  for (let n = 0; n < 12; n++) await queue.enqueue(n);
  await turn();
  assertEquals(queue.stats().compactionError, undefined);
  await queue.close();
});

test("MiniQueue.compact() that fails at the snapshot removes nothing, and the queue goes on", async () => {
  const kinds = ["create", "write", "sync", "rename", "syncDir"] as const;
  for (const kind of kinds) {
    for (let at = 1; at <= 4; at++) {
      const jobs = await mixed();
      const { fileSystem, queue } = jobs;
      await queue.compact();
      await queue.enqueue("more");
      const expected = await viewOf(queue);
      let calls = 0;
      let failed = false;
      fileSystem.onOperation = (operation) => {
        const { path } = operation;
        if (operation.kind !== kind || failed) return;
        if (!path.includes("snapshot") && kind !== "syncDir") return;
        if (++calls === at) {
          failed = true;
          fileSystem.inject({ kinds: [kind], errno: "EIO" });
        }
      };
      const segments = segmentsOf(fileSystem).slice(0, -1);
      const outcome = await codeOf(queue.compact());
      fileSystem.onOperation = () => {};
      const what = `${kind} ${at}: ${outcome}`;
      if (outcome === "IO") {
        assertEquals(
          segmentsOf(fileSystem).slice(0, segments.length),
          segments,
        );
        assertEquals(await viewOf(queue), expected, what);
        await queue.enqueue("still open");
        await queue.deadLetters.purge();
        await queue.compact();
        await queue.close();
      } else await queue.close().catch(() => {});
      const again = await reopen(jobs);
      const { length } = await all(again.queue.list());
      assertEquals(length, outcome === "IO" ? 8 : 7, what);
      await again.queue.close();
    }
  }
});

test("MiniQueue.compact() that breaks the log tells all who wait", async () => {
  const jobs = await mixed();
  const { fileSystem, queue } = jobs;
  for (const message of await queue.claim(3)) await message.ack();
  queue.pause();
  const code = codeOf(queue.dequeue());
  const idle = codeOf(queue.idle());
  await turn();
  fileSystem.onOperation = ({ kind, path }) => {
    if (kind !== "rename" || !path.endsWith("queue.jsonl")) return;
    fileSystem.onOperation = () => {};
    fileSystem.inject({ kinds: ["rename"], errno: "EIO" });
  };
  const error = await assertCode(() => queue.compact(), "FAILED");
  assertEquals([await code, await idle], ["FAILED", "FAILED"]);
  assertEquals(await queue.enqueue(1).catch((error) => error), error);
  await queue.close().catch(() => {});
});

test("MiniQueue.compact() keeps dead letters, with their payloads, until they are purged", async () => {
  const jobs = await openJobs<string>({ maxSegmentBytes: 1 });
  const { queue } = jobs;
  await queue.enqueue("bad");
  await (await queue.dequeue()).fail("unreadable");
  for (let n = 0; n < 10; n++) {
    await queue.enqueue("good");
    await (await queue.dequeue()).ack();
  }
  await queue.compact();
  await queue.compact();
  await queue.close();
  const again = await reopen(jobs, { payloadMemory: 0, maxSegmentBytes: 1 });
  const { fileSystem } = again;
  const [dead] = await all(again.queue.deadLetters.list());
  assertEquals([dead.payload, dead.reason], ["bad", "unreadable"]);
  await again.queue.deadLetters.redrive();
  const message = await again.queue.dequeue();
  assertEquals([message.payload, message.attempts], ["bad", 1]);
  await message.fail("again");
  await again.queue.deadLetters.purge();
  await again.queue.compact();
  assertEquals(segmentsOf(fileSystem).length, 1);
  await again.queue.close();
});

test("MiniQueue.compact() that is killed at any call loses nothing", async () => {
  const jobs = await mixed({ payloadMemory: 0 });
  const { fileSystem, queue } = jobs;
  const expected = await viewOf(queue);
  const copies: SimulatedFileSystem[] = [];
  const seen = new Set<number>();
  fileSystem.onOperation = () => {
    const copy = fileSystem.clone();
    if (seen.has(copy.fingerprint())) return;
    seen.add(copy.fingerprint());
    copies.push(copy);
    // Some of the disks that a power cut leaves.
    for (const { image } of fileSystem.crashStates({ limit: 4 })) {
      copies.push(new SimulatedFileSystem({ image }));
    }
  };
  await queue.compact();
  fileSystem.onOperation = () => {};
  await queue.close();
  assert(copies.length > 20, `${copies.length}`);
  for (const copy of copies) {
    const again = await openJobs({ payloadMemory: 0 }, copy, jobs.clock);
    assertEquals(await viewOf(again.queue), expected);
    await again.queue.close();
  }
});

test("MiniQueue.open() refuses a snapshot that is not of a queue, and changes nothing", async () => {
  const fileSystem = new SimulatedFileSystem();
  const state = await StateManager.open(DIR, {
    initial: { messages: {} },
    apply: () => {},
    journal: "queue.jsonl",
    fileSystem,
  });
  await state.apply(1);
  await state.compact();
  await state.close();
  const before = segmentsOf(fileSystem);
  const error = await assertCode(
    () => MiniQueue.open(DIR, { fileSystem }),
    "CORRUPT",
  );
  assert(error.message.includes("it has no dead"), error.message);
  assertEquals(
    segmentsOf(fileSystem).map((text) => text.split("\n// closed")[0]),
    before.map((text) => text.split("\n// closed")[0]),
  );
});

test("MiniQueue.compact() that has nothing to carry on touches the log only behind the snapshot", async () => {
  const { fileSystem, queue } = await openJobs<number>();
  for (let n = 0; n < 10; n++) await queue.enqueue(n);
  const created: string[] = [];
  fileSystem.onOperation = ({ kind, path }) => {
    if (kind === "create") created.push(path);
  };
  await queue.compact();
  assert(created[0].includes("snapshot"), `${created}`);
  await queue.close();
});
