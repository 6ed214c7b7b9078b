import { assert, assertEquals } from "@std/assert";
import { StateManager } from "../mod.ts";
import { type OperationKind, SimulatedFileSystem } from "../src/testing/mod.ts";
import {
  fill,
  NEW,
  type Options,
  put,
  snapshotOf,
  watch,
} from "./support/auto_snapshots.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import { turn } from "./support/queues_b.ts";
import {
  DIR,
  openShop,
  type Order,
  shopOptions,
  textOf,
} from "./support/states.ts";

const FAILING: readonly [OperationKind, RegExp][] = [
  ["create", /snapshot\.json\.new$/],
  ["write", /snapshot\.json\.new$/],
  ["sync", /snapshot\.seq\.new$/],
  ["rename", /snapshot\.meta\.json\.new$/],
  ["stat", /journal\.jsonl\.open$/],
];

test("StateManager tells why an automatic snapshot has failed, and the log goes on", async () => {
  for (const errno of ["ENOSPC", "EACCES", "EROFS", "EMFILE"] as const) {
    for (const [kind, path] of FAILING) {
      const fileSystem = new SimulatedFileSystem();
      const shop = await openShop(fileSystem, { snapshotAfter: 1000 });
      await fill(shop, 12);
      const before = await snapshotOf(fileSystem);
      assert(before > 0);
      let attempts = 0;
      fileSystem.onOperation = (operation) => {
        if (operation.kind !== kind || !path.test(operation.path)) return;
        attempts++;
        fileSystem.inject({ kinds: [kind], errno });
      };
      await fill(shop, 40);
      const what = `${errno} at ${kind}`;
      const error = shop.snapshotError as { code?: string };
      assert(error?.code !== undefined, `${what}: ${error}`);
      assertEquals(shop.sequence, 52, what);
      // 5,000 bytes: an attempt for each 1,000 or 2,000, not for each write.
      assert(attempts >= 2 && attempts <= 6, `${what}: ${attempts} attempts`);
      fileSystem.onOperation = () => {};
      await fill(shop, 12);
      assertEquals(shop.snapshotError, undefined, what);
      assert(await snapshotOf(fileSystem) > 52, what);
      const live = textOf(shop.state);
      await shop.close();
      const again = await openShop(fileSystem);
      assertEquals(textOf(again.state), live, what);
      await again.close();
    }
  }
});

test("StateManager.createSnapshot() that succeeds ends the error of an automatic one", async () => {
  const fileSystem = new SimulatedFileSystem();
  const shop = await openShop(fileSystem, { snapshotAfter: 1000 });
  fileSystem.inject({ kinds: ["create"], errno: "ENOSPC" });
  await fill(shop, 12);
  assertEquals((shop.snapshotError as { code: string }).code, "NO_SPACE");
  fileSystem.inject({ kinds: ["create"], errno: "ENOSPC" });
  await assertCode(() => shop.createSnapshot(), "NO_SPACE");
  await shop.createSnapshot();
  assertEquals(shop.snapshotError, undefined);
  await shop.close();
});

test("StateManager.close() finishes an automatic snapshot that is under way", async () => {
  const fileSystem = new SimulatedFileSystem();
  const now = fileSystem.now.bind(fileSystem);
  fileSystem.now = () => (fileSystem.advance(1), now()); // every slice is short
  const options: Options = { snapshotAfter: 20_000, slice: 1 };
  const shop = await openShop(fileSystem, options);
  await shop.apply(put(0));
  await shop.createSnapshot();
  const large = Array.from({ length: 3000 }, (_, n): Order => ({
    put: { key: `key ${n}`, count: n, tags: ["tag"] },
  }));
  let writes = 0;
  let closing: Promise<void> | undefined;
  fileSystem.onOperation = ({ kind, path }) => {
    if (kind !== "write" || path !== NEW) return;
    if (++writes === 3) closing = Promise.resolve().then(() => shop.close());
  };
  await shop.applyAll(large);
  await turn();
  await closing;
  assert(writes > 5, `${writes} pieces were written`);
  assertEquals(await fileSystem.stat(NEW), undefined, "nothing is left over");
  assertEquals(await snapshotOf(fileSystem), 3001);
  assertEquals(shop.snapshotError, undefined);
});

for (const keepHistory of [true, false]) {
  test(`StateManager gets its snapshots though each run of the program is short (keepHistory: ${keepHistory})`, async () => {
    const fileSystem = new SimulatedFileSystem();
    const options: Options = { snapshotAfter: 500, keepHistory };
    for (let run = 0; run < 100; run++) {
      const shop = await openShop(fileSystem, options);
      const { replayed } = shop.recovery;
      assert(replayed <= 40, `run ${run} replays ${replayed}`);
      await shop.apply(put(0));
      await shop.close();
    }
    const files = [...fileSystem.visible.files.entries()];
    const log = files.filter(([path]) => path.includes("journal.jsonl"))
      .reduce((sum, [, bytes]) => sum + bytes.length, 0);
    assertEquals(log < 3000, !keepHistory, `${log} bytes of log`);
  });
}

test("StateManager.close() begins no automatic snapshot for what it commits", async () => {
  const fileSystem = new SimulatedFileSystem();
  const shop = await openShop(fileSystem, { snapshotAfter: 1000 });
  const seen = watch(fileSystem);
  const jobs = Array.from({ length: 30 }, (_, n) => shop.apply(put(n)));
  await shop.close();
  await Promise.all(jobs);
  await turn();
  assertEquals(seen.attempts, 0);
  const names = [...fileSystem.visible.files.keys()].sort();
  assertEquals(names, [`${DIR}/journal.jsonl`]);
});

test("StateManager keeps its history beside automatic snapshots, which at, changes, verify and follow read", async () => {
  const fileSystem = new SimulatedFileSystem();
  const options = { snapshotAfter: 1000, maxSegmentBytes: 2000 };
  const shop = await openShop(fileSystem, options);
  const follower = await StateManager.follow(DIR, {
    ...shopOptions(fileSystem),
    interval: Infinity,
  });
  const sequences: number[] = [];
  const reading = (async () => {
    for await (const { sequence } of shop.changes({ from: 1 })) {
      sequences.push(sequence);
    }
  })();
  await fill(shop, 100);
  assert(await snapshotOf(fileSystem) > 80);
  const first = await StateManager.at(DIR, 1, shopOptions(fileSystem));
  assertEquals(first.stock.k0.count, 0);
  const report = await StateManager.verify(DIR, shopOptions(fileSystem));
  assertEquals([report.ok, report.fromScratch, report.sequence], [
    true,
    true,
    100,
  ]);
  assertEquals(await follower.catchUp(), 100);
  assertEquals(textOf(follower.state), textOf(shop.state));
  await follower.close();
  await shop.close();
  await reading;
  assertEquals(sequences, Array.from({ length: 100 }, (_, n) => n + 1));
});

test("StateManager with keepHistory: false compacts automatically, so that its directory stays small", async () => {
  const fileSystem = new SimulatedFileSystem();
  const options: Options = { snapshotAfter: 4000, keepHistory: false };
  const shop = await openShop(fileSystem, options);
  let most = 0;
  for (let n = 0; n < 1000; n++) {
    await shop.apply(put(n));
    let size = 0;
    for (const [, bytes] of fileSystem.visible.files) size += bytes.length;
    most = Math.max(most, size);
  }
  assert(most < 20_000, `${most} bytes, and 100,000 were logged`);
  await turn();
  await assertCode(
    () => StateManager.at(DIR, 1, shopOptions(fileSystem)),
    "TRUNCATED",
  );
  const live = textOf(shop.state);
  await shop.close();
  const again = await openShop(fileSystem, options);
  assertEquals([textOf(again.state), again.sequence], [live, 1000]);
  await again.close();
});
