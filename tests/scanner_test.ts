import { assert, assertEquals } from "@std/assert";
import { MemoryFileSystem, MiniStore } from "../mod.ts";
import { test } from "./support/harness.ts";
import { filesOf, replaced, withFiles } from "./support/journals.ts";
import { assertCode } from "./support/errors.ts";

/** A generator of numbers, the same for the same seed (mulberry32). */
function random(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

test("MiniStore reads groups and records of every size around the buffers", async () => {
  const sizes = [1 << 16, 1 << 17, 1 << 18, 1 << 19, 1 << 22, 5 << 20];
  const fileSystem = new MemoryFileSystem();
  const store = await MiniStore.open<string>("a", { fileSystem });
  const records: string[] = [];
  for (const size of sizes) {
    for (const delta of [-40, -23, -1, 0, 1, 17]) {
      const record = "é/".repeat((size + delta) / 3).slice(
        0,
        Math.floor((size + delta) / 1.5),
      );
      records.push(record, "short");
      await store.append(record);
      await store.append("short");
    }
  }
  await store.close();
  assertEquals(await MiniStore.replay("a", { fileSystem }), records);
  assertEquals(
    (await MiniStore.verify("a", { fileSystem })).records,
    records.length,
  );
});

test("MiniStore reads large groups of many records in pieces, and checks them before", async () => {
  const fileSystem = new MemoryFileSystem();
  const store = await MiniStore.open<string>("a", { fileSystem });
  const batch = Array.from(
    { length: 30_000 },
    (_, n) => `${n} ${"//".repeat(n % 300)}`,
  );
  await store.append("before");
  await store.appendAll(batch);
  await store.append("after");
  await store.close();
  assertEquals(await MiniStore.replay("a", { fileSystem }), [
    "before",
    ...batch,
    "after",
  ]);
  const files = await filesOf(fileSystem);
  const bytes = files.get("a") ?? new Uint8Array();
  assert(bytes.length > 8_000_000, `${bytes.length} bytes`);
  const damaged = bytes.slice();
  damaged[bytes.length - 1000] ^= 1;
  const seen: unknown[] = [];
  const again = await withFiles(replaced(files, "a", damaged));
  await assertCode(async () => {
    for await (
      const { record } of MiniStore.stream("a", { fileSystem: again })
    ) seen.push(record);
  }, "CORRUPT");
  assertEquals(seen, ["before"]);
  const cut = await withFiles(
    replaced(files, "a", bytes.slice(0, bytes.length - 200)),
  );
  assertEquals(await MiniStore.replay("a", { fileSystem: cut }), ["before"]);
  await using reopened = await MiniStore.open("a", { fileSystem: cut });
  assertEquals(reopened.sequence, 1);
  assert((reopened.recovery.torn?.bytes ?? 0) > 8_000_000);
});

test("MiniStore reads what it wrote for random sizes of records and groups", async () => {
  for (const seed of [1, 2, 3]) {
    const next = random(seed);
    const fileSystem = new MemoryFileSystem();
    const store = await MiniStore.open<string>("a", {
      fileSystem,
      maxSegmentBytes: 300_000,
    });
    const all: string[] = [];
    for (let n = 0; n < 200; n++) {
      const group = Array.from({ length: 1 + Math.floor(next() * 8) }, () => {
        const length = Math.floor(next() ** 6 * 40_000);
        return String.fromCodePoint(33 + Math.floor(next() * 1000)).repeat(
          length,
        );
      });
      all.push(...group);
      await store.appendAll(group);
    }
    await store.close();
    assertEquals(
      await MiniStore.replay("a", { fileSystem }),
      all,
      `seed ${seed}`,
    );
    const from = Math.floor(all.length / 2);
    const tail: string[] = [];
    for await (
      const { record } of MiniStore.stream<string>("a", { fileSystem, from })
    ) tail.push(record);
    assertEquals(tail, all.slice(from - 1), `seed ${seed}`);
  }
});
