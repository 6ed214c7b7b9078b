import { assert, assertEquals } from "@std/assert";
import { type DurableError, MemoryFileSystem, MiniStore } from "../mod.ts";
import { SimulatedFileSystem, StoppedError } from "../src/testing/mod.ts";
import { assertCode } from "./support/errors.ts";
import { FaultyFileSystem } from "./support/faulty_file_system.ts";
import { test } from "./support/harness.ts";
import { append, following } from "./support/tails.ts";

/** What a writer does while a tail reads. */
type Act = (
  store: MiniStore<number>,
  inner: MemoryFileSystem,
) => Promise<MiniStore<number>>;

/** Lets a writer act at each call that reading makes, from three places on. */
async function actAtEveryCall(act: Act, mayTruncate: boolean): Promise<void> {
  let calls = 0;
  for (const place of [0, 1, 2]) {
    for (let at = 1, acted = true; acted; at++) {
      const inner = new MemoryFileSystem();
      let store = await MiniStore.open<number>("a", { fileSystem: inner });
      const fileSystem = new FaultyFileSystem(inner);
      const { poll, seen } = following(fileSystem);
      await store.appendAll([1, 2]);
      if (place > 0) await poll();
      await store.append(3);
      if (place > 1) await store.rotate();
      await store.append(4);
      acted = false;
      fileSystem.calls.length = 0;
      fileSystem.onCall = async ({ number }) => {
        if (number !== at || acted) return;
        acted = true;
        calls++;
        store = await act(store, inner);
      };
      const where = `place ${place}, call ${at}`;
      let error: DurableError | undefined;
      await poll().then(poll).then(() => {
        fileSystem.onCall = () => {};
        return poll();
      }).catch((reason) => error = reason);
      const { sequence } = store;
      const numbers = Array.from({ length: seen.length }, (_, n) => n + 1);
      assertEquals(seen, numbers.map((n) => [n, n]), where);
      if (error) {
        assert(mayTruncate, `${where}: ${error.message}`);
        assertEquals(error.code, "TRUNCATED", `${where}: ${error.message}`);
      } else assertEquals(seen.length, sequence, where);
      await store.close();
    }
  }
  assert(calls > 15, `${calls} calls`);
}

test("LogTail.read() reads on while a writer appends and rotates, whenever that happens", () =>
  actAtEveryCall(async (store) => {
    await store.rotate();
    await store.append(5);
    await store.rotate();
    await store.append(6);
    await store.rotate();
    return store;
  }, false));

test("LogTail.read() never takes a truncation under way for damage", () =>
  actAtEveryCall(async (store) => {
    await store.append(5);
    await store.rotate();
    await store.rotate();
    await store.truncateBefore(6);
    await store.append(6);
    return store;
  }, true));

test("LogTail.read() never takes a recovery under way for damage", () =>
  actAtEveryCall(async (store, inner) => {
    await store.close();
    await append(inner, "a", `${"1234567\n".repeat(60)}torn`);
    const again = await MiniStore.open<number>("a", { fileSystem: inner });
    for (let n = 5; n < 12; n++) await again.append(n);
    return again;
  }, false));

/** All that a writer does, beginning anew where it was stopped. */
async function write(fileSystem: SimulatedFileSystem): Promise<number> {
  for (let round = 0; round < 2; round++) {
    const store = await MiniStore.open<number>("a", { fileSystem });
    const add = () => store.append(store.sequence + 1);
    await add();
    await store.rotate();
    await add();
    await add();
    await store.rotate();
    await store.truncateBefore(store.sequence + 1);
    await add();
    await store.close();
  }
  const store = await MiniStore.open<number>("a", { fileSystem });
  await store.close();
  return store.sequence;
}

test("LogTail.read() sees each record once, whenever it looks and the writer is killed", async () => {
  let done = false;
  for (let stop = 1; !done; stop++) {
    const fileSystem = new SimulatedFileSystem();
    const { poll, seen } = following(fileSystem);
    let [changes, looking, stopped] = [0, false, false];
    fileSystem.onOperation = async ({ kind }) => {
      if (looking) return;
      if (++changes === stop && !stopped) {
        stopped = true;
        fileSystem.stop();
      }
      // Blocking calls cannot wait for somebody who looks.
      if (stopped || ["write", "dataSync", "size"].includes(kind)) return;
      looking = true;
      try {
        await poll();
      } finally {
        looking = false;
      }
    };
    done = true;
    await write(fileSystem).catch((error) => {
      let cause = error;
      while (cause.cause !== undefined) cause = cause.cause;
      if (!(cause instanceof StoppedError)) throw error;
      done = false;
    });
    fileSystem.onOperation = () => {};
    fileSystem.restart();
    looking = true;
    await poll();
    const sequence = await write(fileSystem).then(() => undefined, (e) => e);
    assertEquals(sequence, undefined, `stopped at ${stop}`);
    // What was truncated unseen is the one thing that may be missing.
    const late = await poll().then(() => "none", (error) => error.code);
    assert(late === "none" || late === "TRUNCATED", `${stop}: ${late}`);
    const numbers = Array.from({ length: seen.length }, (_, n) => n + 1);
    assertEquals(seen, numbers.map((n) => [n, n]), `stopped at ${stop}`);
    if (done) assert(stop > 100, `${stop} calls`);
  }
});

test("LogTail.read() says when records that it has seen are lost after a failing sync", async () => {
  const fileSystem = new SimulatedFileSystem();
  let store = await MiniStore.open<number>("a", { fileSystem });
  await store.append(1);
  const { poll } = following(fileSystem);
  const held = Promise.withResolvers<void>();
  fileSystem.onOperation = async ({ kind }) => {
    if (kind !== "dataSync") return;
    fileSystem.onOperation = () => {};
    assertEquals(await poll(), [1, 2]);
    held.resolve();
  };
  fileSystem.inject({ kinds: ["dataSync"], errno: "EIO", sync: "F2" });
  await assertCode(() => store.append(2), "FAILED");
  await held.promise;
  await store.close();
  store = await MiniStore.open("a", { fileSystem });
  assertEquals(store.sequence, 1);
  await assertCode(poll, "CORRUPT");
  await store.close();
});
