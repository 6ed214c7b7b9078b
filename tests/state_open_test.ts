import { assert, assertEquals } from "@std/assert";
import {
  type DurableError,
  type DurableErrorCode,
  MemoryFileSystem,
  MiniStore,
  SnapStore,
  StateManager,
  type StateManagerOptions,
} from "../mod.ts";
import { assertCode } from "./support/errors.ts";
import { FaultyFileSystem } from "./support/faulty_file_system.ts";
import { test } from "./support/harness.ts";
import {
  DIR,
  EMPTY,
  openShop,
  type Order,
  type Shop,
  shopWith,
} from "./support/states.ts";
import { readBytes, readText, writeFile } from "./support/text.ts";

const JOURNAL = `${DIR}/journal.jsonl`;
const SNAPSHOT = `${DIR}/snapshot.json`;

/** Flips a bit of a file. */
async function flip(
  fileSystem: MemoryFileSystem,
  path: string,
  offset: number,
): Promise<void> {
  const bytes = await readBytes(fileSystem, path);
  bytes[offset] ^= 1;
  await writeFile(fileSystem, path, bytes);
}

/** The error of an open that is refused, which must not change a file. */
async function refused(
  fileSystem: MemoryFileSystem,
  code: DurableErrorCode,
  options?: Partial<StateManagerOptions<Shop, Order>>,
): Promise<DurableError> {
  const watched = new FaultyFileSystem(fileSystem);
  const error = await assertCode(() => openShop(watched, options), code);
  const writing = watched.trace.filter((call) =>
    /^(write|truncate|rename|remove|create)/.test(call)
  );
  assertEquals(writing, []);
  return error;
}

test("StateManager.open() gives the same state with a snapshot and a tail as with the whole log", async () => {
  for (let snapshotAt = 0; snapshotAt <= 10; snapshotAt++) {
    const fileSystem = await shopWith({ snapshotAt });
    const shop = await openShop(fileSystem);
    assertEquals(shop.state.total, 55);
    assertEquals([shop.recovery.snapshot, shop.recovery.replayed], [
      snapshotAt || undefined,
      10 - snapshotAt,
    ]);
    await shop.close();
  }
});

test("StateManager.open() takes the whole log if the snapshot is damaged, and tells", async () => {
  const fileSystem = await shopWith({ snapshotAt: 4 });
  await flip(fileSystem, SNAPSHOT, 5);
  const shop = await openShop(fileSystem);
  assertEquals([
    shop.state.total,
    shop.recovery.snapshot,
    shop.recovery.replayed,
  ], [55, undefined, 10]);
  assertEquals(shop.recovery.damage?.code, "CORRUPT");
  assertEquals(shop.recovery.damage?.path, SNAPSHOT);
  assertEquals(await shop.createSnapshot(), 10);
  await shop.close();
  const healed = await openShop(fileSystem);
  assertEquals([healed.recovery.snapshot, healed.recovery.damage], [
    10,
    undefined,
  ]);
  await healed.close();
});

test("StateManager.open() refuses a damaged snapshot that the log cannot replace", async () => {
  const fileSystem = await shopWith({ snapshotAt: 4, compact: true });
  await flip(fileSystem, SNAPSHOT, 5);
  const error = await refused(fileSystem, "CORRUPT");
  assert(error.message.includes("it begins with record 5"), error.message);
  assertEquals(error.path, SNAPSHOT);
});

test("StateManager.open() refuses a log that begins behind the snapshot, or without one", async () => {
  const fileSystem = await shopWith({ snapshotAt: 4, compact: true });
  for (const name of ["json", "seq", "meta.json"]) {
    await fileSystem.remove(`${DIR}/snapshot.${name}`);
  }
  const error = await refused(fileSystem, "CORRUPT");
  assert(
    error.message.includes("begins with record 5, and there is no snapshot"),
    error.message,
  );
  assertEquals(error.sequence, 1);
  const old = new SnapStore<Shop>(DIR, { fileSystem });
  await old.create(EMPTY, 2);
  const gap = await refused(fileSystem, "CORRUPT");
  assert(
    gap.message.includes(
      "begins with record 5, and the snapshot ends with record 2",
    ),
    gap.message,
  );
  assertEquals(gap.sequence, 3);
});

test("StateManager.open() refuses a log that ends in front of the snapshot, or is not there", async () => {
  const fileSystem = await shopWith({});
  await new SnapStore<Shop>(DIR, { fileSystem }).create(EMPTY, 12);
  const error = await refused(fileSystem, "CORRUPT");
  assert(
    error.message.includes(
      "ends with record 10, and the snapshot with record 12",
    ),
    error.message,
  );
  assertEquals(error.sequence, 11);
  await fileSystem.remove(JOURNAL);
  const missing = await refused(fileSystem, "CORRUPT");
  assertEquals(missing.sequence, 1);
});

test("StateManager.open() refuses a record that it cannot apply, with its number", async () => {
  const fileSystem = await shopWith({});
  const strict = (state: Shop, order: Order) => {
    if (typeof order === "object" && "add" in order && order.add.by === 7) {
      throw new Error("seven");
    }
    void state;
  };
  const rejected = await refused(fileSystem, "REJECTED", { apply: strict });
  assertEquals([rejected.sequence, (rejected.cause as Error).message], [
    7,
    "seven",
  ]);
  const store = await MiniStore.open<unknown>(JOURNAL, { fileSystem });
  await store.append({ unknown: 1 });
  await store.close();
  assertEquals((await refused(fileSystem, "INVALID_RECORD")).sequence, 11);
});

test("StateManager.open() removes what an interrupted snapshot has left", async () => {
  const fileSystem = await shopWith({ snapshotAt: 4 });
  for (const name of ["json", "seq", "meta.json"]) {
    await writeFile(fileSystem, `${DIR}/snapshot.${name}.new`, "{half");
  }
  const shop = await openShop(fileSystem);
  assertEquals([shop.state.total, shop.recovery.snapshot], [55, 4]);
  assertEquals(
    (await fileSystem.readDir(DIR)).filter((name) => name.endsWith(".new")),
    [],
  );
  await shop.close();
});

test("StateManager.open() with a higher version upcasts mutations, and migrates the snapshot", async () => {
  const fileSystem = await shopWith({ snapshotAt: 4 });
  const upcasts: number[] = [];
  type Order2 = { plus: number };
  const options = {
    initial: { sum: 0 },
    apply: (state: { sum: number }, { plus }: Order2) =>
      void (state.sum += plus),
    version: 3,
    upcast: (old: unknown, from: number) => {
      upcasts.push(from);
      return { plus: (old as { add: { by: number } }).add.by };
    },
    migrate: (state: unknown, from: number) => ({
      sum: (state as Shop).total * from,
    }),
    fileSystem,
  };
  const next = await StateManager.open(DIR, options);
  assertEquals(next.state.sum, 55);
  assertEquals(upcasts, [1, 1, 1, 1, 1, 1]);
  assertEquals(await next.apply({ plus: 100 }), 11);
  await next.close();
  const again = await StateManager.open(DIR, options);
  assertEquals(again.state.sum, 155);
  await again.createSnapshot();
  await again.close();
  const third = await StateManager.open(DIR, {
    ...options,
    upcast: undefined,
    migrate: undefined,
  });
  assertEquals([third.state.sum, third.recovery.snapshot], [155, 11]);
  await third.close();
  assert((await readText(fileSystem, JOURNAL)).includes('"schema":3'));
  assert(
    (await readText(fileSystem, `${DIR}/snapshot.meta.json`)).includes(
      '"version":3',
    ),
  );
  // A program that knows less leaves all of it alone.
  const error = await refused(fileSystem, "UNSUPPORTED_VERSION");
  assert(error.message.includes("its version is 3"), error.message);
});

test("StateManager.open() with a higher version and no way to read older data refuses it, but for a snapshot that the log can replace", async () => {
  const fileSystem = await shopWith({ snapshotAt: 4 });
  const error = await refused(fileSystem, "UNSUPPORTED_VERSION", {
    version: 2,
  });
  assert(error.message.includes("record 1 is of version 1"), error.message);
  const upcast = (mutation: unknown) => mutation as Order;
  const shop = await openShop(fileSystem, { version: 2, upcast });
  assertEquals([
    shop.state.total,
    shop.recovery.snapshot,
    shop.recovery.damage?.code,
  ], [55, undefined, "UNSUPPORTED_VERSION"]);
  await shop.close();
  const compacted = await shopWith({ snapshotAt: 4, compact: true });
  await refused(compacted, "UNSUPPORTED_VERSION", { version: 2, upcast });
});

test("StateManager.open() refuses a newer log though there is no newer snapshot", async () => {
  const fileSystem = new MemoryFileSystem();
  const shop = await openShop(fileSystem, { version: 2 });
  await shop.apply({ add: { by: 1 } });
  await shop.close();
  await refused(fileSystem, "UNSUPPORTED_VERSION");
  const again = await openShop(fileSystem, { version: 2 });
  await again.close();
});

test("StateManager.open() goes on from a directory of mini-rs", async () => {
  const fileSystem = new MemoryFileSystem();
  await fileSystem.mkdir(DIR);
  const lines = [1, 2, 3, 4].map((by) => `{"add":{"by":${by}}}\n`);
  await writeFile(
    fileSystem,
    JOURNAL,
    `// MINISTORE JOURNAL v0.1.4\n${lines.join("")}`,
  );
  await writeFile(
    fileSystem,
    SNAPSHOT,
    '{\n  "total": 3,\n  "names": [],\n  "stock": {}\n}',
  );
  await writeFile(fileSystem, `${DIR}/snapshot.seq`, "2");
  const shop = await openShop(fileSystem);
  assertEquals([
    shop.state.total,
    shop.sequence,
    shop.recovery.snapshot,
    shop.recovery.replayed,
  ], [10, 4, 2, 2]);
  assertEquals(await shop.apply({ add: { by: 5 } }), 5);
  assertEquals((await shop.compact()).sequence, 5);
  await shop.close();
  const again = await openShop(fileSystem);
  assertEquals([again.state.total, again.sequence], [15, 5]);
  await again.close();
});

test("StateManager.open() refuses a mini-rs log whose beginning was deleted: its lines do not count any more", async () => {
  const fileSystem = new MemoryFileSystem();
  await fileSystem.mkdir(DIR);
  const header = "// MINISTORE JOURNAL v0.1.4\n";
  await writeFile(
    fileSystem,
    `${JOURNAL}.000002`,
    `${header}{"add":{"by":3}}\n`,
  );
  await writeFile(fileSystem, JOURNAL, `${header}{"add":{"by":4}}\n`);
  const error = await refused(fileSystem, "CORRUPT");
  assert(error.message.includes("mini-rs has deleted"), error.message);
});

test("StateManager.open() goes on from a mini-rs log of two segments", async () => {
  const fileSystem = new MemoryFileSystem();
  await fileSystem.mkdir(DIR);
  const header = "// MINISTORE JOURNAL v0.1.4\n";
  const first = `${header}{"add":{"by":3}}\n`;
  await writeFile(fileSystem, `${JOURNAL}.000001`, first);
  await writeFile(fileSystem, JOURNAL, `${header}{"add":{"by":4}}\n`);
  const shop = await openShop(fileSystem);
  assertEquals([shop.state.total, shop.sequence], [7, 2]);
  await shop.close();
});

test("StateManager.open() finds a torn pair of mini-rs over a snapshot of ours", async () => {
  const fileSystem = await shopWith({ snapshotAt: 4 });
  // It renames the state first, and lost power before the number.
  await writeFile(
    fileSystem,
    SNAPSHOT,
    '{\n  "total": 1000,\n  "names": [],\n  "stock": {}\n}',
  );
  const shop = await openShop(fileSystem);
  assertEquals([shop.state.total, shop.recovery.damage?.code], [55, "CORRUPT"]);
  await shop.close();
});

test("StateManager.open() cuts a torn tail, and finds all that was acknowledged", async () => {
  const fileSystem = await shopWith({ snapshotAt: 4 });
  const open = await openShop(fileSystem);
  await open.apply({ add: { by: 5 } });
  const bytes = new TextEncoder().encode(
    `${await readText(fileSystem, JOURNAL)}{"add":{"by`,
  );
  await open.close();
  const copy = new MemoryFileSystem();
  await copy.mkdir(DIR);
  await writeFile(copy, JOURNAL, bytes);
  const shop = await openShop(copy);
  assertEquals([shop.state.total, shop.recovery.log.torn?.bytes], [60, 11]);
  await shop.close();
});
