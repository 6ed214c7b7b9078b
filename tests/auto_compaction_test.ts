import { assert, assertEquals } from "@std/assert";
import { MemoryFileSystem, MiniQueue, Outbox } from "../mod.ts";
import type { SimulatedFileSystem } from "../src/testing/mod.ts";
import { SeededRandom } from "../src/testing/random.ts";
import { test } from "./support/harness.ts";
import {
  all,
  codeOf,
  damage,
  DIR,
  isPending,
  LOG,
  openJobs,
  recordsOf,
  reopen,
  segmentsOf,
  turn,
} from "./support/queues_b.ts";

const META = `${DIR}/snapshot.meta.json`;
const NEW = `${DIR}/snapshot.json.new`;

/** The size of all files in a directory, as listing it tells. */
async function sizeOf(
  fileSystem: SimulatedFileSystem | MemoryFileSystem,
  dir: string = DIR,
): Promise<number> {
  let size = 0;
  for (const name of await fileSystem.readDir(dir)) {
    size += (await fileSystem.stat(`${dir}/${name}`))?.size ?? 0;
  }
  return size;
}

/** Counts snapshots that are committed, and bytes that are written. */
function watch(
  fileSystem: SimulatedFileSystem,
): { snapshots: number; carried: number; logged: number } {
  const seen = { snapshots: 0, carried: 0, logged: 0 };
  const [encoder, decoder] = [new TextEncoder(), new TextDecoder()];
  fileSystem.onOperation = ({ kind, path, to, bytes }) => {
    if (kind === "rename" && to === META) seen.snapshots++;
    if (kind !== "write" || !path.startsWith(LOG) || !bytes) return;
    const carried = encoder.encode(
      decoder.decode(bytes).split("\n").filter((line) =>
        line.startsWith('{"carry"')
      ).join(""),
    ).length;
    seen.carried += carried;
    seen.logged += bytes.length - carried;
  };
  return seen;
}

/** Enqueues and acknowledges messages of so many characters. */
async function work(
  queue: MiniQueue<string>,
  count: number,
  size = 0,
): Promise<void> {
  for (let n = 0; n < count; n++) {
    await queue.enqueue("x".repeat(size));
    await (await queue.dequeue()).ack();
  }
}

test("MiniQueue stays small on disk by default, over 25 MiB of messages that come and go", async () => {
  const fileSystem = new MemoryFileSystem();
  const queue = await MiniQueue.open<string>(DIR, { fileSystem });
  const waiting = "y".repeat(1000);
  await queue.enqueue(waiting, { priority: -1 });
  let most = 0;
  for (let n = 0; n < 400; n++) {
    await work(queue, 1, 65_536);
    most = Math.max(most, await sizeOf(fileSystem));
  }
  assert(most < 9_000_000, `${most} bytes`);
  assertEquals(queue.stats().compactionError, undefined);
  assertEquals((await queue.dequeue()).payload, waiting);
  await queue.close();
});

test("MiniQueue with snapshotAfter: Infinity compacts only when it is asked to", async () => {
  const fileSystem = new MemoryFileSystem();
  const queue = await MiniQueue.open<string>(DIR, {
    fileSystem,
    snapshotAfter: Infinity,
  });
  await work(queue, 100, 100_000);
  await turn();
  assert(await sizeOf(fileSystem) > 10_000_000);
  await queue.compact();
  assert(await sizeOf(fileSystem) < 10_000);
  await queue.close();
});

test("MiniQueue compacts automatically, again and again, and opens from what is left", async () => {
  const jobs = await openJobs<string>({ snapshotAfter: 3000 });
  const { fileSystem, queue } = jobs;
  const seen = watch(fileSystem);
  for (let n = 0; n < 20; n++) {
    await queue.enqueue(`kept ${n}`, { priority: -1 });
    await work(queue, 20);
    await turn();
    const size = await sizeOf(fileSystem);
    assert(size < 3000 + 4000 + n * 300, `${size} bytes for ${n} messages`);
  }
  assert(seen.snapshots >= 15, `${seen.snapshots}`);
  await queue.close();
  const again = (await reopen(jobs)).queue;
  assert(again.recovery.replayed < 100, `${again.recovery.replayed}`);
  assertEquals(
    (await all(again.list())).map(({ payload }) => payload),
    Array.from({ length: 20 }, (_, n) => `kept ${n}`),
  );
  await again.close();
});

test("MiniQueue that is restarted often compacts all the same", async () => {
  let jobs = await openJobs<string>({ snapshotAfter: 2000 });
  const seen = watch(jobs.fileSystem);
  for (let run = 0; run < 30; run++) {
    await work(jobs.queue, 3);
    await turn();
    await jobs.queue.close();
    jobs = await reopen(jobs, { snapshotAfter: 2000 });
  }
  assert(seen.snapshots >= 5, `${seen.snapshots} snapshots`);
  assert(await sizeOf(jobs.fileSystem) < 6000);
  await jobs.queue.close();
});

test("MiniQueue carries no more automatically than was logged, however large what waits is", async () => {
  const random = new SeededRandom(7);
  const { fileSystem, queue } = await openJobs<string>({
    snapshotAfter: 3000,
    payloadMemory: 0,
    maxSegmentBytes: 5000,
  });
  const seen = watch(fileSystem);
  const large: string[] = [];
  for (let n = 0; n < 20; n++) {
    large.push(`${n} ${"z".repeat(5000 + random.below(1000))}`);
    await queue.enqueue(large[n], { priority: -1 });
  }
  let most = 0;
  for (let n = 0; n < 60; n++) {
    await work(queue, 30); // few bytes, and many records
    await turn();
    most = Math.max(most, await sizeOf(fileSystem));
  }
  assert(seen.carried > 150_000, `${seen.carried} bytes were carried`);
  assert(
    seen.carried <= seen.logged + 6200, // and one payload
    `${seen.carried} bytes were carried, ${seen.logged} logged`,
  );
  assert(most < 3 * 110_000, `${most} bytes`);
  const last = await sizeOf(fileSystem);
  assert(last < 2 * 110_000 + 20_000, `${last} bytes`);
  assertEquals((await all(queue.list())).map(({ payload }) => payload), large);
  // What was asked for is not bounded by that.
  await queue.compact();
  assert(await sizeOf(fileSystem) < 135_000);
  await queue.close();
});

test("MiniQueue does not begin a segment for each automatic snapshot of a backlog", async () => {
  const { fileSystem, queue } = await openJobs<string>({ snapshotAfter: 1000 });
  const seen = watch(fileSystem);
  for (let n = 0; n < 200; n++) {
    await queue.enqueue(`message ${n} ${"x".repeat(100)}`);
    await turn();
  }
  assert(seen.snapshots >= 3, `${seen.snapshots} snapshots`);
  assertEquals(seen.carried, 0);
  assertEquals(segmentsOf(fileSystem).length, 2);
  await queue.close();
});

test("MiniQueue.enqueue() resolves while an automatic compaction is held up, and compact() waits for it", async () => {
  const { fileSystem, queue } = await openJobs<string>({ snapshotAfter: 1000 });
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  let attempts = 0;
  fileSystem.onOperation = ({ kind, path }) => {
    if (kind !== "create" || path !== NEW) return undefined;
    attempts++;
    return held;
  };
  await work(queue, 30);
  await turn();
  assertEquals(attempts, 1);
  const asked = queue.compact();
  assertEquals(queue.compact().constructor, Promise);
  await turn();
  assertEquals(attempts, 1);
  release();
  assertEquals((await asked).sequence, 90);
  await turn();
  assertEquals(attempts, 2, "what was asked for is enough");
  await queue.close();
});

test("MiniQueue.close() finishes an automatic compaction that is under way", async () => {
  const moments = [
    ["write", NEW],
    ["sync", NEW],
    ["rename", META],
    ["read", `${DIR}/snapshot.json`],
  ] as const;
  for (const [kind, path] of moments) {
    const jobs = await openJobs<string>({ snapshotAfter: 1000 });
    const { fileSystem, queue } = jobs;
    await queue.enqueue("kept", { priority: -1 });
    let closing: Promise<void> | undefined;
    fileSystem.onOperation = (operation) => {
      if (
        operation.kind !== kind || path !== (operation.to ?? operation.path)
      ) {
        return;
      }
      closing ??= Promise.resolve().then(() => queue.close());
    };
    const error = await codeOf(work(queue, 100));
    await closing;
    assertEquals(error, "CLOSED");
    assertEquals(queue.stats().compactionError, undefined);
    const names = [...fileSystem.visible.files.keys()];
    const left = names.filter((name) => name.includes(".new"));
    assertEquals(left, []);
    fileSystem.onOperation = () => {};
    const again = (await reopen(jobs)).queue;
    assert((again.recovery.snapshot ?? 0) > 0, "there is a snapshot");
    const [kept] = await all(again.list());
    assertEquals(kept.payload, "kept");
    await again.close();
  }
});

test("MiniQueue.close() waits for the read that an automatic compaction has begun, and then touches nothing", async () => {
  const { fileSystem, queue } = await openJobs<string>({
    snapshotAfter: 1000,
    payloadMemory: 0,
  });
  await queue.enqueue("kept", { priority: -1 });
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  let isHeld = false;
  let working = true;
  fileSystem.onOperation = ({ kind, path }) => {
    // Its own reads are of what is in memory no more, too.
    if (working || kind !== "open-read" || !path.startsWith(LOG)) {
      return undefined;
    }
    isHeld = true;
    return held;
  };
  while (!isHeld) {
    const ids = Array.from({ length: 5 }, () => ({ payload: "x" }));
    working = true;
    await queue.enqueueAll(ids);
    const messages = await queue.claim(5);
    working = false;
    await Promise.all(messages.map((message) => message.ack()));
    await turn();
  }
  const closing = queue.close();
  assert(await isPending(closing));
  release();
  await closing;
  const { length } = fileSystem.operations;
  await turn();
  assertEquals(fileSystem.operations.length, length);
});

test("MiniQueue writes snapshots also where a payload is damaged that is to be carried, and tells of it", async () => {
  const jobs = await openJobs<string>({ snapshotAfter: 2000 });
  const { fileSystem } = jobs;
  await jobs.queue.enqueue("damaged", { priority: -1 });
  await jobs.queue.close();
  const { queue } = await reopen(jobs, { snapshotAfter: 2000 });
  await damage(fileSystem, "damaged");
  await work(queue, 60);
  await turn();
  const { compactionError } = queue.stats();
  assertEquals((compactionError as { code: string }).code, "CORRUPT");
  assert(await fileSystem.stat(META), "there is a snapshot");
  assertEquals(recordsOf(fileSystem, "carry"), []);
  await queue.close();
});

test("Outbox compacts automatically, with what both of its parts log", async () => {
  const fileSystem = new MemoryFileSystem();
  const options = {
    initial: { total: 0 },
    apply: (state: { total: number }, by: number) => {
      state.total += by;
    },
    queue: { fileSystem, snapshotAfter: 3000 },
  };
  const box = await Outbox.open("box", options);
  for (let n = 0; n < 300; n++) {
    await box.commit({ apply: [1], enqueue: [{ payload: n }] });
    const message = await box.queue.dequeue();
    await box.commit({ apply: [1], ack: [message] });
    if (n % 10 === 0) await turn();
  }
  await turn();
  const size = await sizeOf(fileSystem, "box");
  assert(size < 8000, `${size} bytes`);
  await box.close();
  const again = await Outbox.open("box", options);
  assertEquals([again.state.total, again.queue.size], [600, 0]);
  assert(again.recovery.replayed < 100, `${again.recovery.replayed}`);
  await again.close();
});
