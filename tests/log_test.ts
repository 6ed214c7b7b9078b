import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DurableError, MemoryFileSystem, MiniStore } from "../mod.ts";
import type { Waiter } from "../src/wal/group.ts";
import { assertCode } from "./support/errors.ts";
import { CHANGES, FaultyFileSystem } from "./support/faulty_file_system.ts";
import { test } from "./support/harness.ts";
import { filesOf } from "./support/journals.ts";
import { openLines } from "./support/logs.ts";

test("openForWriting() holds the lock until its close() is done, which may be called twice", async () => {
  const fileSystem = new MemoryFileSystem();
  const log = await openLines(fileSystem);
  assertEquals(log.recovery.created, true);
  await assertCode(() => openLines(fileSystem), "LOCKED");
  const pending = log.writer.append("1");
  const closing = log.close();
  assertEquals(log.close(), closing);
  await closing;
  assertEquals(await pending, 1);
  assertEquals(await MiniStore.replay("a", { fileSystem }), [1]);
  const again = await openLines(fileSystem);
  assertEquals([again.recovery.closed, again.writer.sequence], [true, 1]);
  await again.close();
});

test("openForWriting() prepares under the lock, before anything of the log is changed", async () => {
  const inner = new MemoryFileSystem();
  const first = await openLines(inner);
  await first.writer.append("1");
  const file = await inner.open("a", { mode: "write" });
  await file.write(new TextEncoder().encode("torn"), await file.size());
  await file.close();
  await first.close().catch(() => {}); // it sees the bytes of somebody else
  const before = await filesOf(inner);
  const fileSystem = new FaultyFileSystem(inner);
  const error = await assertRejects(
    () =>
      openLines(fileSystem, {}, async () => {
        await assertCode(() => openLines(inner), "LOCKED");
        throw new Error("not today");
      }),
    Error,
  );
  assertEquals(error.message, "not today");
  assertEquals(await filesOf(inner), before);
  const changes = fileSystem.calls.filter(({ kind, path }) =>
    CHANGES.includes(kind) && path.startsWith("a")
  );
  assertEquals(changes, []);
  let prepared = 0;
  const prepare = () => Promise.resolve(void prepared++);
  const log = await openLines(fileSystem, {}, prepare);
  assertEquals([prepared, log.recovery.torn?.bytes], [1, 4]);
  await assertCode(() => openLines(inner, {}, prepare), "LOCKED");
  assertEquals(prepared, 1);
  await log.close();
});

/** A waiter that notes what becomes of it. */
function waiter(texts: string | string[], notes: unknown[]): Waiter {
  return {
    texts,
    resolve: (sequence) => notes.push(sequence),
    reject: (error) => notes.push(error),
  };
}

test("Writer.submit() tells its waiters in the order of the log when they are durable", async () => {
  const fileSystem = new FaultyFileSystem(new MemoryFileSystem());
  const { writer, close } = await openLines(fileSystem);
  const notes: unknown[] = [];
  const own = waiter("4", notes);
  // It may be an object with methods, and hand in more.
  class Chained {
    readonly texts = ["2", "3"];
    #next: Waiter = own;
    resolve(sequence: number): void {
      notes.push(sequence);
      writer.submit(this.#next);
    }
    reject(): void {}
  }
  fileSystem.onCall = ({ kind }) => {
    if (kind === "dataSync") notes.push("sync", writer.sequence);
  };
  writer.submit(waiter("1", notes));
  writer.submit(new Chained());
  assertEquals([notes.length, writer.submitted, writer.sequence], [0, 3, 0]);
  await writer.append("5");
  assertEquals(notes, ["sync", 0, 1, 3]);
  assertEquals([writer.submitted, writer.sequence], [5, 4]);
  await close();
  assertEquals(notes.slice(4), ["sync", 4, 5, "sync", 5]);
  assertEquals(await MiniStore.replay("a", { fileSystem }), [1, 2, 3, 5, 4]);
});

test("Writer.submit() throws what append() rejects with", async () => {
  const fileSystem = new FaultyFileSystem(new MemoryFileSystem());
  const notes: unknown[] = [];
  const failing = await openLines(fileSystem);
  assertEquals(failing.writer.failure, undefined);
  fileSystem.onCall = ({ kind }) => {
    if (kind === "dataSync") throw new Error("EIO");
  };
  failing.writer.submit(waiter("1", notes));
  failing.writer.submit(waiter("2", notes));
  const error = await assertCode(() => failing.writer.append("3"), "FAILED");
  const { failure, submitted, sequence } = failing.writer;
  assert(failure === error);
  assertEquals([notes, submitted, sequence], [[error, error], 3, 0]);
  const submit = () => failing.writer.submit(waiter("4", notes));
  assert(assertThrows(submit, DurableError) === error);
  assertEquals(failing.writer.submitted, 3);
  fileSystem.onCall = () => {};
  await failing.close();
  const closed = await openLines(fileSystem);
  await closed.close();
  const late = () => closed.writer.submit(waiter("5", notes));
  assertEquals(assertThrows(late, DurableError).code, "CLOSED");
  assertEquals(notes.length, 2);
});
