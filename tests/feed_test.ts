import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { MemoryFileSystem, type StateChange } from "../mod.ts";
import { SimulatedFileSystem } from "../src/testing/mod.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import { openShop, type Order } from "./support/states.ts";

const add = (by: number): Order => ({ add: { by } });

/** Takes as many changes as are wanted. */
async function take(
  changes: AsyncIterator<StateChange<Order>>,
  count: number,
): Promise<number[]> {
  const sequences: number[] = [];
  while (sequences.length < count) {
    const { value, done } = await changes.next();
    if (done) break;
    sequences.push(value.sequence);
  }
  return sequences;
}

test("StateManager.changes() begins in the past and goes on live, until the state is closed", async () => {
  const shop = await openShop(new MemoryFileSystem(), { maxSegmentBytes: 200 });
  for (let n = 1; n <= 10; n++) await shop.apply(add(n));
  const changes = shop.changes({ from: 3 });
  assertEquals(await take(changes, 6), [3, 4, 5, 6, 7, 8]);
  const next = take(changes, 4);
  await Promise.all([shop.apply(add(11)), shop.apply(add(12))]);
  assertEquals(await next, [9, 10, 11, 12]);
  const waiting = changes.next();
  await shop.apply(add(13));
  assertEquals((await waiting).value, { sequence: 13, mutation: add(13) });
  const last = changes.next();
  await shop.close();
  assertEquals(await last, { value: undefined, done: true });
});

test("StateManager.changes() yields each change once, however they come", async () => {
  const shop = await openShop(new MemoryFileSystem());
  const seen: number[] = [];
  const reading = (async () => {
    for await (const { sequence } of shop.changes({ from: 1 })) {
      seen.push(sequence);
    }
  })();
  for (let round = 0; round < 5; round++) {
    await Promise.all(Array.from({ length: 700 }, () => shop.apply(add(1))));
  }
  await shop.close();
  await reading;
  assertEquals(seen, Array.from({ length: 3500 }, (_, n) => n + 1));
});

test("StateManager.changes() of a slow reader reads what it has missed from the log", async () => {
  const shop = await openShop(new MemoryFileSystem());
  await shop.apply(add(1));
  const changes = shop.changes({ from: 1 });
  assertEquals(await take(changes, 1), [1]);
  for (let round = 0; round < 4; round++) {
    await Promise.all(Array.from({ length: 600 }, () => shop.apply(add(1))));
  }
  assertEquals(
    (await take(changes, 2400)).join(),
    Array.from({ length: 2400 }, (_, n) => n + 2).join(),
  );
  await changes.return();
  await shop.close();
});

test("StateManager.changes() without from begins with the next commit", async () => {
  const shop = await openShop(new MemoryFileSystem());
  await shop.apply(add(1));
  const changes = shop.changes();
  const next = changes.next();
  await shop.apply(add(2));
  assertEquals((await next).value?.sequence, 2);
  await changes.return();
  await shop.close();
});

test("StateManager.changes() ends with its signal, also while it waits", async () => {
  const shop = await openShop(new MemoryFileSystem());
  const controller = new AbortController();
  const waiting = shop.changes({ signal: controller.signal }).next();
  const reason = new Error("enough");
  controller.abort(reason);
  assertStrictEquals(await assertRejects(() => waiting, Error), reason);
  const late = shop.changes({ from: 1, signal: controller.signal });
  assertStrictEquals(await assertRejects(() => late.next(), Error), reason);
  await shop.close();
});

test("StateManager.changes() says TRUNCATED for what was compacted away, and FAILED behind the last commit of a state that has failed", async () => {
  const fileSystem = new SimulatedFileSystem();
  const shop = await openShop(fileSystem);
  for (let n = 1; n <= 3; n++) await shop.apply(add(n));
  await shop.compact();
  await assertCode(() => shop.changes({ from: 2 }).next(), "TRUNCATED");
  await shop.apply(add(4));
  const changes = shop.changes({ from: 4 });
  assertEquals(await take(changes, 1), [4]);
  fileSystem.inject({ kinds: ["dataSync"], at: 1, errno: "EIO", sync: "F0" });
  const last = changes.next();
  await assertCode(() => shop.apply(add(5)), "FAILED");
  await shop.close();
  await assertCode(() => last, "FAILED");
});

test("StateManager.changes() refuses numbers that no record has", async () => {
  const shop = await openShop(new MemoryFileSystem());
  for (const from of [0, -1, 1.5, NaN]) {
    await assertRejects(
      async () => void await shop.changes({ from }).next(),
      RangeError,
    );
  }
  await shop.close();
});

test("StateManager.changes() says FAILED if the state could not be closed", async () => {
  const fileSystem = new SimulatedFileSystem();
  const shop = await openShop(fileSystem);
  await shop.apply(add(1));
  const waiting = shop.changes().next();
  fileSystem.inject({
    kinds: ["dataSync"],
    at: 1,
    errno: "EIO",
    sync: "F0",
  });
  await assertCode(() => shop.close(), "FAILED");
  await assertCode(() => waiting, "FAILED");
});
