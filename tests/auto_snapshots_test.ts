import { assert, assertEquals, assertRejects } from "@std/assert";
import { MemoryFileSystem, StateManager } from "../mod.ts";
import { SimulatedFileSystem } from "../src/testing/mod.ts";
import {
  counting,
  fill,
  META,
  NEW,
  type Options,
  put,
  snapshotOf,
  watch,
} from "./support/auto_snapshots.ts";
import { test } from "./support/harness.ts";
import { turn } from "./support/queues_b.ts";
import { openShop, type Order, REDUCE, textOf } from "./support/states.ts";
import { readText } from "./support/text.ts";

test("StateManager writes a snapshot automatically when 4 MiB were logged, and none before", async () => {
  const fileSystem = new MemoryFileSystem();
  const shop = await openShop(fileSystem);
  await fill(shop, 7, 550_000); // 3.7 MiB
  assertEquals(await snapshotOf(fileSystem), 0);
  await fill(shop, 1, 550_000);
  assertEquals(await snapshotOf(fileSystem), 8);
  assertEquals(shop.snapshotError, undefined);
  await shop.close();
});

test("StateManager.open() reads what the state holds, however long the history is", async () => {
  const read = async (mutations: number, snapshotAfter: number) => {
    const fileSystem = new MemoryFileSystem();
    const options = { snapshotAfter, maxSegmentBytes: 200_000 };
    const shop = await openShop(fileSystem, options);
    await fill(shop, mutations, 1000);
    const live = textOf(shop.state);
    await shop.close();
    const counter = counting(fileSystem);
    const again = await openShop(fileSystem, options);
    assertEquals(textOf(again.state), live);
    assertEquals(again.sequence, mutations);
    const { replayed } = again.recovery;
    await again.close();
    return { bytes: counter.read, replayed };
  };
  const [short, long] = [
    await read(2_000, 100_000),
    await read(8_000, 100_000),
  ];
  assert(long.replayed <= 110, `${long.replayed} were replayed`);
  // The snapshot of 10,000 bytes, the tail with the segment it begins in, the newest
  // segment, and the two ends of each of the others.
  const most = 600_000 + 40 * 16_384;
  assert(long.bytes < most, `${long.bytes} bytes were read`);
  const more = long.bytes - short.bytes;
  assert(more < 30 * 16_384 + 200_000, `${more} bytes more were read`);
  const off = await read(8_000, Infinity);
  assertEquals(off.replayed, 8_000);
  assert(off.bytes > 8_000_000, `${off.bytes} bytes were read without`);
});

test("StateManager with snapshotAfter: Infinity writes no snapshot unless it is asked to", async () => {
  const fileSystem = new MemoryFileSystem();
  const shop = await openShop(fileSystem, { snapshotAfter: Infinity });
  await fill(shop, 12, 1_000_000);
  assertEquals(await snapshotOf(fileSystem), 0);
  assertEquals(await shop.createSnapshot(), 12);
  await shop.close();
});

test("StateManager's automatic snapshots write no more bytes than the log, but for the last one", async () => {
  // One that is larger than `snapshotAfter`, one that grows, and one that stays small.
  for (const [members, by] of [[200, 0], [1, 1], [1, 0]]) {
    const fileSystem = new SimulatedFileSystem();
    const shop = await openShop(fileSystem, { snapshotAfter: 1000 });
    const seen = watch(fileSystem);
    let n = 0;
    const key = () => `key ${n % (members + (n >> 1) * by)}`;
    for (; n < 600; n++) await shop.apply({ put: { key: key(), count: n } });
    await turn();
    assert(seen.snapshots >= 2, `${seen.snapshots} snapshots`);
    assert(
      seen.written - seen.last <= seen.logged,
      `${seen.written} bytes of snapshots, the last ${seen.last}, for ${seen.logged} bytes of log`,
    );
    await shop.close();
  }
});

test("StateManager that is restarted often gets its snapshot, with the write after which it is due", async () => {
  const fileSystem = new SimulatedFileSystem();
  const options: Options = { snapshotAfter: 1000 };
  const seen = watch(fileSystem);
  const kept: number[] = [];
  for (let run = 0; run < 20; run++) {
    const shop = await openShop(fileSystem, options);
    await turn();
    await fill(shop, 2);
    kept.push(await snapshotOf(fileSystem));
    await shop.close();
  }
  // 200 bytes and two marks in each run.
  assert(seen.snapshots >= 4 && seen.snapshots <= 10, `${kept}`);
});

test("StateManager.open() writes no snapshot by itself, also where one is due", async () => {
  const fileSystem = new SimulatedFileSystem();
  const first = await openShop(fileSystem, { snapshotAfter: Infinity });
  await fill(first, 50);
  await first.close();
  const seen = watch(fileSystem);
  const shop = await openShop(fileSystem, { snapshotAfter: 1000 });
  await turn();
  assertEquals(seen.attempts, 0);
  await fill(shop, 1);
  assertEquals(await snapshotOf(fileSystem), 51);
  await fill(shop, 2);
  assertEquals(seen.snapshots, 1, "what opening replayed is in it");
  await shop.close();
});

test("StateManager.open() counts what is logged after the snapshot, not what it holds", async () => {
  // Within what is read at once, and beyond.
  for (const logged of [11_000, 40_000]) {
    const fileSystem = new SimulatedFileSystem();
    const options: Options = { snapshotAfter: logged + 1000 };
    const shop = await openShop(fileSystem, options);
    const seen = watch(fileSystem);
    while (seen.logged < logged) await shop.apply(put(0));
    await shop.createSnapshot();
    await shop.close();
    seen.attempts = 0;
    for (let run = 0; run < 5; run++) {
      const again = await openShop(fileSystem, options);
      await fill(again, 2);
      await again.close();
    }
    assertEquals(seen.attempts, 0, `${seen.logged - logged} bytes`);
  }
});

test("StateManager.open() knows the size of the snapshot: a large one is not due after a few writes", async () => {
  const fileSystem = new SimulatedFileSystem();
  const shop = await openShop(fileSystem);
  await shop.applyAll(Array.from({ length: 100 }, (_, n): Order => ({
    put: { key: `key ${n}`, count: n },
  })));
  await shop.createSnapshot(); // some 4,000 bytes
  await shop.close();
  const again = await openShop(fileSystem, { snapshotAfter: 1000 });
  const seen = watch(fileSystem);
  await fill(again, 20);
  assertEquals(seen.attempts, 0, `${seen.logged} bytes`);
  await fill(again, 30);
  assertEquals(seen.attempts, 1, `${seen.logged} bytes`);
  await again.close();
});

test("StateManager.apply() resolves while an automatic snapshot is held up", async () => {
  const fileSystem = new SimulatedFileSystem();
  const shop = await openShop(fileSystem, { snapshotAfter: 1000 });
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  let attempts = 0;
  fileSystem.onOperation = ({ kind, path }) => {
    if (kind === "create" && path === NEW) attempts++;
    return kind === "create" && path === NEW ? held : undefined;
  };
  await fill(shop, 100);
  assertEquals([shop.sequence, attempts], [100, 1]);
  const asked = shop.createSnapshot();
  const compacted = shop.compact();
  release();
  assertEquals(await asked, 100, "a snapshot that is asked for waits its turn");
  assertEquals((await compacted).sequence, 100);
  await turn();
  assertEquals(attempts, 3, "what was asked for is enough");
  await shop.close();
});

test("StateManager writes one more snapshot for all that was due while one was written", async () => {
  const fileSystem = new SimulatedFileSystem();
  const shop = await openShop(fileSystem, { snapshotAfter: 1000 });
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  let attempts = 0;
  fileSystem.onOperation = ({ kind, path }) => {
    if (kind === "create" && path === NEW) attempts++;
    return kind === "create" && path === NEW ? held : undefined;
  };
  await fill(shop, 200);
  release();
  await turn();
  assertEquals(attempts, 2);
  assertEquals(await snapshotOf(fileSystem), 200);
  await shop.close();
});

test("StateManager refuses keepHistory and snapshotAfter that are not what they must be", async () => {
  const fileSystem = new MemoryFileSystem();
  const cases: [object, typeof TypeError | typeof RangeError, string][] = [
    [{ snapshotAfter: 0 }, RangeError, "snapshotAfter"],
    [{ snapshotAfter: NaN }, RangeError, "snapshotAfter"],
    [{ snapshotAfter: "auto" }, TypeError, "snapshotAfter"],
    [{ keepHistory: 1 }, TypeError, "keepHistory"],
    [{ keepHistory: false, format: "v0.1" }, TypeError, "format v0.1"],
  ];
  for (const [options, kind, name] of cases) {
    await assertRejects(() => openShop(fileSystem, options), kind, name);
  }
  assertEquals(await fileSystem.readDir("."), []);
});

test("StateManager in format v0.1 writes automatic snapshots too, and tells of what mini-rs could not read", async () => {
  const fileSystem = new MemoryFileSystem();
  const options: Options = { format: "v0.1", snapshotAfter: 1000 };
  const shop = await openShop(fileSystem, options);
  await fill(shop, 20);
  const kept = await snapshotOf(fileSystem);
  assert(kept >= 8, `${kept}`);
  await shop.close();
  const again = await openShop(fileSystem, options);
  assertEquals([again.recovery.snapshot, again.sequence], [kept, 20]);
  await again.close();

  const odd = await StateManager.open("odd", {
    initial: { value: "" },
    apply: (_: { value: string }, size: number) => ({
      value: "\\ud800 \ud800".slice(7).repeat(size),
    }),
    format: "v0.1",
    snapshotAfter: 1,
    fileSystem,
  });
  assertEquals(await odd.apply(1), 1);
  await turn();
  assert(odd.snapshotError instanceof TypeError, `${odd.snapshotError}`);
  await odd.close();
});

test("StateManager replaces an older snapshot that there is no migrate for, after the next write", async () => {
  const fileSystem = new SimulatedFileSystem();
  const first = await openShop(fileSystem, { snapshotAfter: 1000 });
  await fill(first, 20);
  await first.close();
  const next = await openShop(fileSystem, {
    snapshotAfter: 1000,
    version: 2,
    upcast: (mutation) => mutation as Order,
  });
  assertEquals(next.recovery.damage?.code, "UNSUPPORTED_VERSION");
  assertEquals(next.recovery.replayed, 20);
  await fill(next, 1);
  const live = textOf(next.state);
  await next.close();
  const meta = await readText(fileSystem, META);
  assert(meta.startsWith('{"seq":21,') && meta.includes('"version":2'), meta);
  const again = await openShop(fileSystem, { version: 2, apply: REDUCE });
  assertEquals([again.recovery.snapshot, textOf(again.state)], [21, live]);
  await again.close();
});
