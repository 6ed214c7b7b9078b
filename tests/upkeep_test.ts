import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  MemoryFileSystem,
  MiniStore,
  SnapStore,
  StateManager,
} from "../mod.ts";
import { SimulatedFileSystem } from "../src/testing/mod.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import { DIR, openShop, type Order, textOf } from "./support/states.ts";
import { readText } from "./support/text.ts";

const JOURNAL = `${DIR}/journal.jsonl`;

test("StateManager.createSnapshot() that fails keeps the one before, and the log goes on", async () => {
  const fileSystem = new SimulatedFileSystem();
  const shop = await openShop(fileSystem);
  await shop.apply({ add: { by: 1 } });
  await shop.createSnapshot();
  await shop.apply({ add: { by: 2 } });
  fileSystem.inject({ kinds: ["sync"], at: 1, errno: "EIO", sync: "F0" });
  await assertCode(() => shop.createSnapshot(), "IO");
  await assertCode(() => {
    fileSystem.inject({ kinds: ["sync"], at: 1, errno: "EIO", sync: "F0" });
    return shop.compact();
  }, "IO");
  assertEquals(await shop.apply({ add: { by: 4 } }), 3);
  await shop.close();
  const again = await openShop(fileSystem);
  assertEquals([
    again.recovery.snapshot,
    again.recovery.replayed,
    again.state.total,
  ], [1, 2, 7]);
  await again.close();
});

test("StateManager.createSnapshot() is of the moment of the call, though mutations go on", async () => {
  const fileSystem = new SimulatedFileSystem();
  const shop = await openShop(fileSystem);
  await shop.applyAll(
    Array.from(
      { length: 200 },
      (_, n): Order => ({ put: { key: `k${n}`, count: n } }),
    ),
  );
  const wanted = textOf(shop.state);
  const running: Promise<unknown>[] = [];
  fileSystem.onOperation = ({ path }) => {
    if (!path.includes("snapshot") || running.length > 20) return undefined;
    const n = running.length;
    running.push(shop.applyAll([
      { drop: { key: `k${n}` } },
      { put: { key: `k${n}`, count: -1 } },
      { put: { key: `k${100 + n}`, count: -1 } },
      { put: { key: `new${n}`, count: n } },
    ]));
    return undefined;
  };
  assertEquals(await shop.createSnapshot(), 200);
  fileSystem.onOperation = () => undefined;
  assert(running.length > 5);
  await Promise.all(running);
  const text = await readText(fileSystem, `${DIR}/snapshot.json`);
  assertEquals(textOf(JSON.parse(text)), wanted);
  const live = textOf(shop.state);
  await shop.close();
  const again = await openShop(fileSystem);
  assertEquals(textOf(again.state), live);
  await again.close();
});

test("StateManager.compact() keeps what was applied meanwhile", async () => {
  const fileSystem = new MemoryFileSystem();
  const shop = await openShop(fileSystem, { maxSegmentBytes: 200 });
  for (let n = 0; n < 20; n++) await shop.apply({ name: { text: `${n}` } });
  const [{ sequence, removedSegments }] = await Promise.all([
    shop.compact(),
    ...Array.from(
      { length: 20 },
      (_, n) => shop.apply({ name: { text: `${20 + n}` } }),
    ),
  ]);
  assertEquals(sequence, 20);
  assert(removedSegments > 0);
  const live = textOf(shop.state);
  await shop.close();
  const again = await openShop(fileSystem);
  assertEquals(textOf(again.state), live);
  assertEquals(again.recovery.replayed, 20);
  await again.close();
  const left = await MiniStore.verify(JOURNAL, { fileSystem });
  assertEquals([
    left.ok,
    left.firstSequence === undefined || left.firstSequence > 1,
  ], [true, true]);
});

test("StateManager.compact() refuses a state that has failed, and removes nothing", async () => {
  const fileSystem = new SimulatedFileSystem();
  const shop = await openShop(fileSystem);
  await shop.apply({ add: { by: 1 } });
  fileSystem.inject({ kinds: ["dataSync"], at: 1, errno: "EIO", sync: "F0" });
  await assertCode(() => shop.apply({ add: { by: 2 } }), "FAILED");
  await assertCode(() => shop.compact(), "FAILED");
  assertEquals(await shop.createSnapshot(), 1, "what is durable can be kept");
  await shop.close();
  const again = await openShop(fileSystem);
  assertEquals(again.recovery.snapshot, 1);
  await again.close();
});

test("StateManager.createSnapshot() in format v0.1 refuses what mini-rs could not read, and keeps the snapshot before", async () => {
  const nested = (levels: number): unknown => {
    let value: unknown = 1;
    for (let n = 0; n < levels; n++) value = n % 2 === 0 ? [value] : { value };
    return value;
  };
  const fileSystem = new MemoryFileSystem();
  const state = await StateManager.open("s", {
    initial: { value: 0 as unknown },
    apply: (state: { value: unknown }, kind: string) => {
      if (kind === "half") state.value = { text: "\\ud800 \ud800".slice(7) };
      else state.value = nested(Number(kind));
    },
    format: "v0.1",
    fileSystem,
  });
  await state.apply("126");
  assertEquals(await state.createSnapshot(), 1);
  await state.apply("half");
  await assertRejects(
    () => state.createSnapshot(),
    TypeError,
    "a lone surrogate",
  );
  await state.apply("127");
  await assertRejects(() => state.createSnapshot(), TypeError, "127 levels");
  assertEquals(
    (await new SnapStore("s", { fileSystem }).restore()).sequence,
    1,
  );
  await state.close();
});
