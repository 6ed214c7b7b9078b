import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DurableError, MemoryFileSystem, MiniStore } from "../mod.ts";
import { SeededRandom } from "../src/testing/random.ts";
import { Lookup } from "../src/wal/lookup.ts";
import { adapters } from "./support/adapters.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import {
  assertFound,
  BLOCK,
  flip,
  HEAD,
  opened,
  recordAt,
  texts,
} from "./support/lookups.ts";
import { append } from "./support/tails.ts";
import { readBytes, readText, writeFile } from "./support/text.ts";

for (const adapter of adapters) {
  test(`Lookup.read() finds every record of several segments, in any order (${adapter.name})`, () =>
    adapter.with(async (fileSystem, dir) => {
      const seed = 17;
      const random = new SeededRandom(seed);
      const path = `${dir}/a.jsonl`;
      const store = await MiniStore.open<string>(path, { fileSystem });
      const records: string[] = [];
      for (const most of [1, 3, 5000, 40, 300, 1, 900]) {
        for (let groups = random.below(12) + 1; groups > 0; groups--) {
          const group = Array.from(
            { length: random.below(most) + 1 },
            (_, n) => `${n} // grüße 🎈\n`.repeat(random.below(30)),
          );
          await store.appendAll(group);
          records.push(...group);
        }
        await store.rotate();
      }
      const lookup = new Lookup({ fileSystem, path });
      const some = Array.from(
        { length: 400 },
        () => random.below(records.length) + 1,
      );
      await assertFound(lookup, records, some, `seed ${seed}`);
      for (let n = 1; n <= records.length;) {
        const { first, lines } = await lookup.read(n);
        assert(first <= n, `seed ${seed}, record ${n} in ${first}`);
        const part = records.slice(first - 1, first - 1 + lines.length);
        assertEquals(lines, part.map((text) => JSON.stringify(text)));
        n = first + lines.length;
      }
      await store.close();
    }));
}

test("Lookup.read() finds records whenever a writer rotates and appends", async () => {
  for (const before of [0, 1, 3]) {
    for (let at = 1, acted = true; acted; at++) {
      const { fileSystem, store, lookup } = await opened();
      await store.append(1);
      if (before === 3) await store.rotate();
      await store.appendAll([2, 3]);
      const all = Array.from({ length: store.sequence }, (_, n) => n + 1);
      if (before > 0) await assertFound(lookup, all, [before]);
      acted = false;
      fileSystem.calls.length = 0;
      fileSystem.onCall = async ({ number }) => {
        if (number !== at || acted) return;
        acted = true;
        for (let n = 4; n < 7; n++) {
          await store.rotate();
          await store.append(n);
          all.push(n);
        }
      };
      const where = `${before} before, call ${at}`;
      await assertFound(lookup, all, [3, 1, 2], where);
      await assertFound(lookup, all, undefined, where);
      if (!acted) assert(at > 10, where);
      await store.close();
    }
  }
});

test("Lookup.read() says when a record was removed, whenever that happens", async () => {
  for (let at = 1, acted = true; acted; at++) {
    const { fileSystem, store, lookup } = await opened();
    for (let n = 1; n <= 4; n++) {
      await store.append(n);
      if (n < 4) await store.rotate();
    }
    if (at % 2 === 0) await assertFound(lookup, [1, 2, 3, 4], [2]);
    acted = false;
    fileSystem.calls.length = 0;
    fileSystem.onCall = async ({ number }) => {
      if (number !== at || acted) return;
      acted = true;
      await store.truncateBefore(4);
    };
    const found = await recordAt(lookup, 2).catch((error) => error);
    if (found instanceof DurableError) {
      assertEquals([found.code, found.sequence], ["TRUNCATED", 2]);
    } else assertEquals(found, 2);
    if (acted) await assertCode(() => lookup.read(3), "TRUNCATED");
    assertEquals(await recordAt(lookup, 4), 4, `call ${at}`);
    await store.append(5);
    assertEquals(await recordAt(lookup, 5), 5, `call ${at}`);
    await store.close();
  }
});

test("Lookup.read() finds the log again when all it knew was removed", async () => {
  const { store, lookup } = await opened();
  await store.append(1);
  await assertFound(lookup, [1]);
  for (let n = 2; n < 6; n++) {
    await store.rotate();
    await store.append(n);
  }
  await store.truncateBefore(4);
  assertEquals(await recordAt(lookup, 5), 5);
  await assertCode(() => lookup.read(1), "TRUNCATED");
  await store.close();
});

test("Lookup.forget() forgets segments whose records are all removed", async () => {
  const { fileSystem, store, lookup } = await opened();
  for (let n = 1; n < 8; n += 2) {
    await store.appendAll([n, n + 1]);
    await store.rotate();
  }
  await assertFound(lookup, [1, 2, 3, 4, 5, 6, 7, 8]);
  await store.truncateBefore(4);
  lookup.forget(4);
  fileSystem.calls.length = 0;
  await assertFound(lookup, [1, 2, 3, 4, 5, 6, 7, 8], [3, 4, 8]);
  assert(!fileSystem.trace.includes("readDir ."), "its segments are known");
  for (const n of [1, 2]) {
    const error = await assertCode(() => lookup.read(n), "TRUNCATED");
    assertEquals([error.path, error.sequence], ["a", n]);
  }
  assert(!fileSystem.trace.includes("open-read a.000001"), "it is forgotten");
  await store.close();
});

test("Lookup.read() takes the segment that replaced one without records", async () => {
  const { store, lookup } = await opened();
  await store.append(1);
  await store.rotate();
  await assertCode(() => lookup.read(2), "CORRUPT");
  await store.truncateBefore(2);
  await store.append(2);
  assertEquals(await recordAt(lookup, 2), 2);
  await assertCode(() => lookup.read(1), "TRUNCATED");
  await store.close();
});

test("Lookup.read() goes on behind a recovery, and behind a clean close", async () => {
  const { inner, store, lookup } = await opened();
  await store.append(1);
  await assertFound(lookup, [1]);
  await store.close();
  await append(inner, "a", "torn");
  for (let n = 2; n < 4; n++) {
    const again = await MiniStore.open<number>("a", { fileSystem: inner });
    await again.append(n);
    await assertFound(lookup, [1, 2, 3].slice(0, n));
    await again.close();
  }
});

test("Lookup.read() refuses damage that it comes to, each time at the same position", async () => {
  const { inner, store, lookup } = await opened();
  for (const record of ["one", "two", "three"]) await store.append(record);
  await store.rotate();
  await store.append("four");
  const whole = await readText(inner, "a.000001");
  const offset = whole.indexOf('"two"');
  await flip(inner, "a.000001", offset + 2);
  for (const n of [2, 3, 2]) {
    const error = await assertCode(() => lookup.read(n), "CORRUPT");
    assertEquals(
      [error.path, error.offset, error.line, error.sequence],
      ["a.000001", offset, 4, 2],
    );
  }
  await assertFound(lookup, ["one", "two", "three", "four"], [1, 4]);
  await writeFile(inner, "a.000001", whole);
  await assertFound(lookup, ["one", "two", "three", "four"]);
  await store.close();
});

test("Lookup.read() refuses a log that ends in front of the record, until it is there", async () => {
  const { inner, store, lookup } = await opened();
  for (const last of [0, 1, 2]) {
    const end = (await readText(inner, "a")).length;
    const error = await assertCode(() => lookup.read(last + 1), "CORRUPT");
    assertEquals(
      [error.path, error.offset, error.line, error.sequence],
      ["a", end, 2 * last + 2, last + 1],
    );
    await store.append(last + 1);
    await assertFound(lookup, [1, 2, 3].slice(0, last + 1));
  }
  const whole = await readBytes(inner, "a");
  await writeFile(inner, "a", whole.slice(0, whole.length - 30));
  await assertCode(() => lookup.read(3), "CORRUPT");
  await assertCode(() => lookup.read(4), "CORRUPT");
  await writeFile(inner, "a", whole);
  await assertFound(lookup, [1, 2, 3]);
});

test("Lookup.read() shares scans, and reads known blocks while one is under way", async () => {
  const { inner, fileSystem, store, lookup } = await opened();
  const records = texts(20_000, 20);
  for (let n = 0; n < 20_000; n += 100) {
    await store.appendAll(records.slice(n, n + 100));
  }
  await assertFound(lookup, records, [1]);
  const { length } = await readBytes(inner, "a");
  fileSystem.calls.length = 0;
  const held = Promise.withResolvers<void>();
  const scanning = Promise.withResolvers<void>();
  // The third: behind two of headers, and when the size is known.
  fileSystem.onCall = ({ kind }) => {
    if (kind !== "read" || fileSystem.count("read") !== 3) return;
    scanning.resolve();
    return held.promise;
  };
  const numbers = [20_000, 7000, 13_000, 19_999, 7000, 20_000];
  const cost = await fileSystem.cost(async () => {
    const early = assertFound(lookup, records, [20_000]);
    await scanning.promise;
    await store.append("new");
    const fresh = recordAt(lookup, 20_001);
    const late = numbers.map((n) => assertFound(lookup, records, [n]));
    await assertFound(lookup, records, [2, 1]);
    held.resolve();
    await Promise.all([early, ...late]);
    assertEquals(await fresh, "new");
  });
  const reads = (numbers.length + 4) * (BLOCK + 3 * HEAD + 100);
  assert(cost < length + reads + 3 * BLOCK, `${cost} bytes of ${length}`);
  await store.close();
});

test("Lookup.read() tries again after a failure, and leaves no file open", async () => {
  for (let at = 1, failed = true; failed; at++) {
    const { fileSystem, store, lookup } = await opened();
    const records = texts(3000, 150); // a group that is read twice
    await store.append("first");
    await store.rotate();
    await store.appendAll(records);
    failed = false;
    let files = 0;
    fileSystem.onCall = ({ number, kind }) => {
      if (number === at && kind !== "close") {
        failed = true;
        throw new DurableError("IO", "Injected");
      }
      if (kind === "open-read") files++;
    };
    const outcomes = await Promise.allSettled([
      recordAt(lookup, 2),
      recordAt(lookup, 1500),
    ]);
    for (const outcome of outcomes) {
      if (outcome.status === "fulfilled") continue;
      assertEquals(outcome.reason.code, "IO", `call ${at}`);
    }
    assertEquals(fileSystem.count("close"), files, `call ${at}`);
    failed ||= fileSystem.calls[at - 1]?.kind === "close";
    fileSystem.onCall = () => {};
    const all = ["first", ...records];
    await assertFound(lookup, all, [1, 2, 2000, 3001], `call ${at}`);
    if (!failed) assert(at > 30, `${at} calls`);
    await store.close();
  }
});

test("Lookup refuses numbers that no record has", async () => {
  const { lookup, fileSystem, store } = await opened();
  for (const n of [0, -1, 1.5, NaN, Infinity, 2 ** 53]) {
    await assertRejects(() => lookup.read(n), RangeError, "whole numbers");
    assertThrows(() => lookup.forget(n), RangeError, "whole numbers");
  }
  assertEquals(fileSystem.calls, []);
  await store.close();
  const none = new Lookup({ fileSystem, path: "none" });
  none.forget(1);
  await assertCode(() => none.read(1), "TRUNCATED");
});

test("Lookup.read() leaves files of mini-rs alone, and reads what is behind them", async () => {
  const fileSystem = new MemoryFileSystem();
  const lookup = new Lookup({ fileSystem, path: "a" });
  const old = await MiniStore.open<number>("a", { fileSystem, format: "v0.1" });
  await old.appendAll([1, 2]);
  await assertCode(() => lookup.read(1), "UNSUPPORTED_VERSION");
  await old.close();
  const store = await MiniStore.open<number>("a", { fileSystem });
  await store.append(3);
  assertEquals(await recordAt(lookup, 3), 3);
  const error = await assertCode(() => lookup.read(2), "UNSUPPORTED_VERSION");
  assertEquals([error.path, error.sequence], ["a.000001", 2]);
  await store.close();
});

test("Lookup.read() shares a read, and names to each caller the record that it asked for if that was removed", async () => {
  const { fileSystem, store, lookup } = await opened();
  await store.appendAll([1, 2, 3]);
  await store.rotate();
  await store.append(4);
  await assertFound(lookup, [1, 2, 3, 4]);
  fileSystem.calls.length = 0;
  const blocks = await Promise.all([1, 2, 3].map((n) => lookup.read(n)));
  assertEquals(new Set(blocks).size, 1);
  assertEquals(fileSystem.count("open-read"), 1);
  await store.truncateBefore(4);
  const errors = await Promise.all(
    [1, 2, 3].map((n) => lookup.read(n).catch((error) => error)),
  );
  assertEquals(
    errors.map(({ code, sequence }) => [code, sequence]),
    [["TRUNCATED", 1], ["TRUNCATED", 2], ["TRUNCATED", 3]],
  );
  await store.close();
});
