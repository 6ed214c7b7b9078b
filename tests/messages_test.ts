import { assertEquals, assertRejects } from "@std/assert";
import {
  DurableError,
  MemoryFileSystem,
  MiniStore,
  Outbox,
  SnapStore,
  StateManager,
} from "../mod.ts";
import { assertCode } from "./support/errors.ts";
import { FaultyFileSystem } from "./support/faulty_file_system.ts";
import { test } from "./support/harness.ts";
import { filesOf } from "./support/journals.ts";
import { DIR, openShop, REDUCE, shopWith } from "./support/states.ts";
import { readText, writeFile } from "./support/text.ts";

const SNAPSHOT = `${DIR}/snapshot.json`;
const MISSING =
  'Cannot restore the snapshot in "shop": "snapshot.json" is missing, of which "snapshot.meta.json" says that it has 48 bytes; restore both files from one backup';

test("SnapStore.restore() says that the snapshot's file is missing, and what to do", async () => {
  const fileSystem = await shopWith({ snapshotAt: 4 });
  await fileSystem.remove(SNAPSHOT);
  const store = new SnapStore(DIR, { fileSystem });
  const error = await assertCode(() => store.restore(), "CORRUPT");
  assertEquals([error.message, error.path, error.sequence], [
    MISSING,
    SNAPSHOT,
    4,
  ]);
  const shop = await openShop(fileSystem);
  assertEquals(shop.recovery.damage?.message, MISSING);
  await shop.close();
});

test("StateManager.open() says that a missing snapshot cannot be replaced by a log that begins later", async () => {
  const fileSystem = await shopWith({ snapshotAt: 4, compact: true });
  await fileSystem.remove(SNAPSHOT);
  const error = await assertCode(() => openShop(fileSystem), "CORRUPT");
  assertEquals(
    error.message,
    `${MISSING}; the log cannot replace the snapshot, because it begins with record 5`,
  );
});

test("SnapStore.restore() says how the snapshot's file differs from what was written", async () => {
  const fileSystem = await shopWith({ snapshotAt: 4 });
  const text = await readText(fileSystem, SNAPSHOT);
  const store = new SnapStore(DIR, { fileSystem });
  const start = 'Cannot restore the snapshot in "shop": "snapshot.json"';
  const differences: [string, string][] = [
    [
      `${text}\n`,
      'has 49 bytes, and "snapshot.meta.json" says that it has 48; restore both files from one backup',
    ],
    [
      text.replace("1", "2"),
      'does not have the checksum that "snapshot.meta.json" says; restore both files from one backup',
    ],
  ];
  for (const [damaged, what] of differences) {
    await writeFile(fileSystem, SNAPSHOT, damaged);
    const error = await assertCode(() => store.restore(), "CORRUPT");
    assertEquals(error.message, `${start} ${what}`);
  }
});

test("StateManager.open() says that the records in front of the log were in a snapshot that is gone", async () => {
  const fileSystem = await shopWith({ snapshotAt: 4, compact: true });
  for (const name of ["json", "seq", "meta.json"]) {
    await fileSystem.remove(`${DIR}/snapshot.${name}`);
  }
  const error = await assertCode(() => openShop(fileSystem), "CORRUPT");
  assertEquals(
    error.message,
    'Cannot use "shop/journal.jsonl": it begins with record 5, and there is no snapshot: the records before it were removed, as compact() does when a snapshot holds them, and the files of that snapshot are gone; restore snapshot.json and snapshot.meta.json from a backup',
  );
});

test("StateManager.open() says which records are missing between the snapshot and the log", async () => {
  const fileSystem = await shopWith({ snapshotAt: 4, compact: true });
  const older = await shopWith({ snapshotAt: 2 });
  for (const name of ["json", "seq", "meta.json"]) {
    const path = `${DIR}/snapshot.${name}`;
    await writeFile(fileSystem, path, await readText(older, path));
  }
  const error = await assertCode(() => openShop(fileSystem), "CORRUPT");
  assertEquals(
    error.message,
    'Cannot use "shop/journal.jsonl": it begins with record 5, and the snapshot ends with record 2: the records between them are missing; restore the snapshot and the log from one backup',
  );
});

test("StateManager.open() says that a log ends before the snapshot, and what to do", async () => {
  const fileSystem = await shopWith({ mutations: 3 });
  const text = await readText(fileSystem, `${DIR}/journal.jsonl`);
  const later = await shopWith({ snapshotAt: 4 });
  await writeFile(later, `${DIR}/journal.jsonl`, text);
  const error = await assertCode(() => openShop(later), "CORRUPT");
  assertEquals(
    error.message,
    'Cannot use "shop/journal.jsonl": it ends with record 3, and the snapshot with record 4: records that were durable are missing from the log; restore the snapshot and the log from one backup',
  );
});

test("MiniStore.open() says that segments were removed by something else, and which records are missing", async () => {
  const fileSystem = new MemoryFileSystem();
  const store = await MiniStore.open("a", { fileSystem });
  for (let n = 0; n < 3; n++) {
    await store.append(n);
    await store.rotate();
  }
  await store.close();
  await fileSystem.remove("a.000001");
  const open = () => MiniStore.open("a", { fileSystem });
  const error = await assertCode(open, "CORRUPT");
  assertEquals(
    error.message,
    'Cannot use "a.000002": record 1 is missing: the log begins with record 2, and none was removed by truncateBefore, retain or compact, at byte 0, line 1 (record 2); restore the segments before this one from a backup, even if a snapshot holds their records',
  );
});

test("StateManager.open() and Outbox.open() name the option initial if it is missing, or is not JSON data", async () => {
  const fileSystem = new MemoryFileSystem();
  const missing =
    "Cannot use the option initial: it is missing, and must be the state before the first mutation, such as { count: 0 }";
  const opens = [
    (initial?: unknown) =>
      StateManager.open(
        DIR,
        { initial, apply: REDUCE, fileSystem } as never,
      ),
    (initial?: unknown) =>
      Outbox.open(
        DIR,
        { initial, apply: REDUCE, queue: { fileSystem } } as never,
      ),
  ];
  for (const open of opens) {
    const error = await assertRejects(() => open(), TypeError);
    assertEquals(error.message, missing);
    const date = await assertRejects(() => open({ at: new Date() }), TypeError);
    assertEquals(
      date.message,
      "Cannot use the option initial: Cannot store an instance of Date as state.at: JSON would change it",
    );
  }
  assertEquals([...await fileSystem.readDir(".")], []);
});

test("MiniStore.open() says how many bytes it needs if the disk is full", async () => {
  const inner = new MemoryFileSystem();
  const store = await MiniStore.open("a", { fileSystem: inner });
  await store.append("0123456789");
  const size = (await readText(inner, "a")).length;
  const left = await filesOf(inner); // as a crash leaves them
  for (const torn of ["", "torn"]) {
    const fileSystem = new MemoryFileSystem();
    for (const [name, bytes] of left) {
      if (name !== "a.lock") await writeFile(fileSystem, name, bytes);
    }
    await writeFile(fileSystem, "a", await readText(inner, "a") + torn);
    const before = await filesOf(fileSystem);
    const full = new FaultyFileSystem(fileSystem);
    full.onCall = ({ kind }) => {
      if (kind === "write") {
        throw new DurableError("NO_SPACE", "Cannot write: no space");
      }
    };
    const open = () => MiniStore.open("a", { fileSystem: full });
    const error = await assertCode(open, "NO_SPACE");
    assertEquals(
      error.message,
      `Cannot open "a": there is no room to copy its newest segment, which needs ${
        size + torn.length
      } bytes: Cannot write: no space; make room and open it again, nothing of the log was changed`,
    );
    assertEquals([error.path, (error.cause as DurableError).code], [
      "a",
      "NO_SPACE",
    ]);
    const after = await filesOf(fileSystem);
    const names = [...after.keys()].filter((name) => name !== "a.lock");
    assertEquals(names, [...before.keys()]);
    for (const name of names) assertEquals(after.get(name), before.get(name));
    const again = await MiniStore.open("a", { fileSystem });
    assertEquals(again.recovery.torn?.bytes, torn.length || undefined);
    await again.close();
  }
  await store.close();
});
