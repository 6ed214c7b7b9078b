import { assert, assertEquals } from "@std/assert";
import { MemoryFileSystem, MiniQueue } from "../mod.ts";
import { Payloads } from "../src/queue/payloads.ts";
import { test } from "./support/harness.ts";
import { Metered, opened } from "./support/lookups.ts";
import { all } from "./support/queues_b.ts";

const MESSAGES = 2500;
const TEXT = "what a small program would hand on to be done later ".repeat(2);

/** A file system with a closed queue of many messages. */
async function filled(): Promise<MemoryFileSystem> {
  const inner = new MemoryFileSystem();
  const queue = await MiniQueue.open<string>("jobs", { fileSystem: inner });
  const letters = Array.from(
    { length: MESSAGES },
    (_, n) => ({ payload: `${n} ${TEXT}` }),
  );
  await queue.enqueueAll(letters);
  await queue.close();
  return inner;
}

/** How many bytes it takes to work a queue off that was opened again. */
async function bytesAt(concurrency: number): Promise<number> {
  const fileSystem = new Metered(await filled());
  const queue = await MiniQueue.open<string>("jobs", { fileSystem });
  fileSystem.bytes = 0;
  const seen: string[] = [];
  const done = new AbortController();
  await queue.process(async ({ payload }) => {
    await null;
    seen.push(payload);
    if (seen.length === MESSAGES) done.abort();
  }, { concurrency, signal: done.signal });
  const wanted = Array.from({ length: MESSAGES }, (_, n) => `${n} ${TEXT}`);
  assertEquals(seen.toSorted(), wanted.sort(), `${concurrency} at a time`);
  await queue.close();
  return fileSystem.bytes;
}

test("MiniQueue reads no more of its log for many handlers at once than for one", async () => {
  const alone = await bytesAt(1);
  for (const concurrency of [64, 1000]) {
    const bytes = await bytesAt(concurrency);
    assert(
      bytes <= 1.5 * alone,
      `${bytes} bytes for ${concurrency}, ${alone} for one`,
    );
  }
});

test("MiniQueue reads at most a few blocks of its log at a time, however many handlers wait", async () => {
  const inner = new MemoryFileSystem();
  const first = await MiniQueue.open<string>("jobs", { fileSystem: inner });
  const payload = "x".repeat(70_000); // a block of its own for each
  await first.enqueueAll(Array.from({ length: 100 }, () => ({ payload })));
  await first.close();
  const fileSystem = new Metered(inner);
  const queue = await MiniQueue.open<string>("jobs", {
    fileSystem,
    payloadMemory: 0,
  });
  // All blocks are known then, and none is in memory.
  assertEquals((await all(queue.list())).length, 100);
  fileSystem.calls.length = 0;
  const messages = await Promise.all(
    Array.from({ length: 100 }, () => queue.dequeue()),
  );
  assert(messages.every((message) => message.payload === payload));
  const opens = fileSystem.count("open-read");
  assert(opens >= 100, `${opens} reads`);
  let open = 0;
  let most = 0;
  for (const { kind } of fileSystem.calls) {
    if (kind === "open-read") most = Math.max(most, ++open);
    if (kind === "close") open--;
  }
  assert(most > 1 && most <= 17, `${most} files open at a time`);
  await queue.close();
});

test("Payloads.read() keeps a block once, however many callers waited for it", async () => {
  const { fileSystem, store, lookup } = await opened();
  const text = "x".repeat(1000);
  await store.appendAll(
    Array.from({ length: 130 }, (_, n) => ({
      enqueue: { payload: `${n + 1} ${text}` },
    })),
  );
  // Room for three blocks: records 1 to 62 or so, as many behind them, and the rest.
  const payloads = new Payloads(lookup, "a", 4 * 220_000);
  const readAll = (from: number) =>
    Promise.all(Array.from({ length: 50 }, async (_, n) => {
      const record = from + n;
      assertEquals(await payloads.read(record), `"${record} ${text}"`);
    }));
  await payloads.read(130); // all of it was scanned
  await readAll(1);
  await readAll(70);
  assertEquals(await fileSystem.cost(() => readAll(1)), 0);
  await store.close();
});
