import { assert, assertEquals } from "@std/assert";
import { type DurableError, MemoryFileSystem, MiniStore } from "../mod.ts";
import { FaultyFileSystem } from "./support/faulty_file_system.ts";
import { test } from "./support/harness.ts";

/** Three segments with records 1 to 5, open. */
async function writer(inner: MemoryFileSystem): Promise<MiniStore<number>> {
  const store = await MiniStore.open<number>("a", { fileSystem: inner });
  await store.appendAll([1, 2]);
  await store.rotate();
  await store.append(3);
  await store.rotate();
  await store.appendAll([4, 5]);
  return store;
}

/**
 * Reads a log once for each call that reading makes, and lets `act` happen at
 * that call.
 */
async function atEveryCall(
  prepare: (inner: MemoryFileSystem) => Promise<MiniStore<number>>,
  act: (store: MiniStore<number>, inner: MemoryFileSystem) => Promise<unknown>,
  check: (outcome: number[] | DurableError, at: number) => void,
): Promise<void> {
  let at = 1;
  for (;; at++) {
    const inner = new MemoryFileSystem();
    const store = await prepare(inner);
    const fileSystem = new FaultyFileSystem(inner);
    let acted = false;
    fileSystem.onCall = async ({ number }) => {
      if (number !== at) return;
      acted = true;
      await act(store, inner);
    };
    let outcome: number[] | DurableError;
    try {
      outcome = await MiniStore.replay<number>("a", { fileSystem });
    } catch (error) {
      outcome = error as DurableError;
    }
    await store.close();
    if (!acted) break;
    check(outcome, at);
  }
  assert(at > 20, `${at} calls`);
}

function assertPrefix(outcome: number[] | DurableError, at: number): void {
  if (!Array.isArray(outcome)) {
    throw new Error(`call ${at}: ${outcome.message}`);
  }
  assertEquals(
    outcome,
    Array.from({ length: outcome.length }, (_, n) => n + 1),
    `call ${at}`,
  );
  assert(outcome.length >= 5, `call ${at}: ${outcome.length} records`);
}

test("MiniStore.replay() reads on while a writer appends and rotates, whenever that happens", async () => {
  await atEveryCall(writer, async (store) => {
    await store.rotate();
    await store.append(6);
    await store.rotate();
    await store.append(7);
  }, assertPrefix);
});

test("MiniStore.replay() never takes a truncation under way for damage", async () => {
  await atEveryCall(
    writer,
    (store) => store.truncateBefore(4),
    (outcome, at) => {
      if (!Array.isArray(outcome)) {
        return assertEquals(
          outcome.code,
          "TRUNCATED",
          `call ${at}: ${outcome.message}`,
        );
      }
      const all = [1, 2, 3, 4, 5];
      assertEquals(
        outcome,
        all.slice(all.length - outcome.length),
        `call ${at}`,
      );
      assert(outcome.length >= 2, `call ${at}`);
    },
  );
});

test("MiniStore.stream() goes on where an empty segment was replaced by a truncation", async () => {
  const inner = new MemoryFileSystem();
  const store = await writer(inner);
  await store.rotate();
  const seen: number[] = [];
  for await (
    const { record } of MiniStore.stream<number>("a", {
      fileSystem: inner,
      from: 4,
    })
  ) {
    if (record === 4) await store.truncateBefore(4);
    seen.push(record);
  }
  assertEquals(seen, [4, 5]);
  await store.close();
});

test("MiniStore.replay() does not take a recovery under way for damage", async () => {
  const torn = async (inner: MemoryFileSystem) => {
    const store = await writer(inner);
    await store.close();
    const file = await inner.open("a", { mode: "write" });
    await file.write(
      new TextEncoder().encode(`${"1234567\n".repeat(60)}torn`),
      await file.size(),
    );
    return store;
  };
  let again: MiniStore<number> | undefined;
  await atEveryCall(torn, async (_, fileSystem) => {
    again = await MiniStore.open<number>("a", { fileSystem });
    for (let n = 6; n < 12; n++) await again.append(n);
  }, assertPrefix);
  await again?.close();
});

test("MiniStore.replay() begins again if its first segment goes before it is open", async () => {
  const inner = new MemoryFileSystem();
  const store = await writer(inner);
  const fileSystem = new FaultyFileSystem(inner);
  let looks = 0;
  fileSystem.onCall = async ({ kind, path }) => {
    if (kind !== "open-read" || path !== "a.000001" || ++looks !== 2) return;
    await store.truncateBefore(4);
  };
  const records = await MiniStore.replay<number>("a", { fileSystem });
  assertEquals([looks, records], [2, [4, 5]]);
  await store.close();
});
