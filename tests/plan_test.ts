import { assertEquals } from "@std/assert";
import { MemoryFileSystem, MiniStore } from "../mod.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import {
  bytesOf,
  concat,
  filesOf,
  journal,
  PATH,
  replaced,
  withFiles,
} from "./support/journals.ts";
import { FaultyFileSystem } from "./support/faulty_file_system.ts";

test("MiniStore.truncateBefore() removes an empty mini-rs file with the segments behind it", async () => {
  const fileSystem = new MemoryFileSystem();
  await (await MiniStore.open("j", { fileSystem, format: "v0.1" })).close();
  const store = await MiniStore.open<unknown>("j", { fileSystem });
  await store.append(1);
  await store.rotate();
  await store.appendAll([2, 3]);
  assertEquals(await store.truncateBefore(3), 2);
  await store.close();
  assertEquals(await MiniStore.replay("j", { fileSystem }), [2, 3]);
});

test("MiniStore.open() describes mini-rs files as they are, not as a prepared header says", async () => {
  const inner = await withFiles(
    await journal({ format: "v0.1", rotateAfter: [2] }),
  );
  const fileSystem = new FaultyFileSystem(inner);
  const states: ReadonlyMap<string, Uint8Array>[] = [];
  fileSystem.onCall = async ({ kind }) => {
    if (kind === "rename") states.push(await filesOf(inner));
  };
  await (await MiniStore.open(PATH, { fileSystem })).close();
  const one = `${PATH}.000001`;
  const text = new TextDecoder().decode(bytesOf(states[1], one));
  const changed = await withFiles(
    replaced(states[1], one, concat(text.replace(/\n$/, "\r\n"))),
  );
  await (await MiniStore.open(PATH, { fileSystem: changed })).close();
  assertEquals(
    (await MiniStore.verify(PATH, { fileSystem: changed })).damage,
    undefined,
  );
});

test("MiniStore.replay() refuses a damaged sealed segment also while a rotation is half done", async () => {
  const bytes = bytesOf(await journal());
  const fileSystem = await withFiles(
    new Map([[`${PATH}.000001`, bytes.slice(0, -3)], [
      `${PATH}.new-000002`,
      new Uint8Array(),
    ]]),
  );
  assertEquals((await MiniStore.verify(PATH, { fileSystem })).ok, false);
  await assertCode(() => MiniStore.replay(PATH, { fileSystem }), "CORRUPT");
});

test("MiniStore.open() changes nothing when a segment under both names is damaged", async () => {
  const bytes = bytesOf(await journal({ close: false }));
  const state = new Map([[PATH, bytes], [`${PATH}.000001`, bytes], [
    `${PATH}.new-000002`,
    new Uint8Array(),
  ]]);
  const fileSystem = await withFiles(state);
  await assertCode(() => MiniStore.open(PATH, { fileSystem }), "CORRUPT");
  assertEquals(
    [...(await filesOf(fileSystem)).keys()].sort(),
    [...state.keys()].sort(),
  );
});

test("MiniStore.open() refuses a segment behind the one that has both names", async () => {
  const bytes = bytesOf(await journal());
  const state = new Map([[PATH, bytes], [`${PATH}.000001`, bytes], [
    `${PATH}.000002`,
    bytes,
  ], [`${PATH}.new-000002`, new Uint8Array()]]);
  const fileSystem = await withFiles(state);
  await assertCode(() => MiniStore.open(PATH, { fileSystem }), "CORRUPT");
});

test("MiniStore.verify() reports one number under two names, and a lone prepared file with records", async () => {
  const files = await journal({ rotateAfter: [1] });
  const twice = await withFiles(
    replaced(files, `${PATH}.001`, files.get(`${PATH}.000001`)),
  );
  assertEquals(
    (await MiniStore.verify(PATH, { fileSystem: twice })).damage?.code,
    "CORRUPT",
  );
  const lone = await withFiles(
    new Map([[`${PATH}.new-000001`, bytesOf(await journal({ close: false }))]]),
  );
  assertEquals(
    (await MiniStore.verify(PATH, { fileSystem: lone })).damage?.code,
    "CORRUPT",
  );
});

test("MiniStore.replay() gives the line of a sealed segment whose end is damaged", async () => {
  const files = await journal({ rotateAfter: [1] });
  const one = `${PATH}.000001`;
  const fileSystem = await withFiles(
    replaced(files, one, bytesOf(files, one).slice(0, -2)),
  );
  const { line } = await assertCode(
    () => MiniStore.replay(PATH, { fileSystem }),
    "CORRUPT",
  );
  assertEquals(line, 4);
});

test("MiniStore takes a byte order mark for damage in mini-rs files", async () => {
  const head = "// MINISTORE JOURNAL v0.1.4\n";
  const torn = await withFiles(new Map([["a", concat(head, "1\n\ufeff2\n")]]));
  assertEquals(await MiniStore.replay("a", { fileSystem: torn }), [1]);
  const marked = await withFiles(new Map([["a", concat("\ufeff" + head)]]));
  await assertCode(
    () => MiniStore.replay("a", { fileSystem: marked }),
    "NOT_A_JOURNAL",
  );
});

test("MiniStore does not mind a directory that is named like a segment to begin", async () => {
  const fileSystem = await withFiles(await journal());
  await fileSystem.mkdir(`${PATH}.new-000007`);
  const before = await MiniStore.replay(PATH, { fileSystem });
  await using store = await MiniStore.open(PATH, { fileSystem });
  assertEquals(store.sequence, before.length);
});

/** A log of segments with a record each. */
async function segments(count: number): Promise<MemoryFileSystem> {
  const fileSystem = new MemoryFileSystem();
  const store = await MiniStore.open("j", { fileSystem });
  for (let n = 1; n <= count; n++) {
    await store.append(n);
    if (n < count) await store.rotate();
  }
  await store.close();
  return fileSystem;
}

const MISSING: readonly [files: string[], message: string][] = [
  [
    ["j"],
    'Cannot use "j": segment 4 is missing, which comes after the sealed segment "j.000003", at byte 0, line 1; restore the file from a backup',
  ],
  [
    ["j.000002"],
    'Cannot use "j.000003": segment 2 is missing: this file is segment 3, and the one before it is segment 1, at byte 0, line 1; restore "j.000002" from a backup',
  ],
  [
    ["j.000002", "j.000003"],
    'Cannot use "j": segments 2 to 3 are missing: this file is segment 4, and the one before it is segment 1, at byte 0, line 1; restore "j.000002" to "j.000003" from a backup',
  ],
  [
    ["j.000001", "j.000002"],
    'Cannot use "j.000003": records 1 to 2 are missing: the log begins with record 3, and none was removed by truncateBefore, retain or compact, at byte 0, line 1 (record 3); restore the segments before this one from a backup, even if a snapshot holds their records',
  ],
];

for (const [files, message] of MISSING) {
  test(`MiniStore.replay() and open() say what is missing, and what to do: ${files.join(" and ")}`, async () => {
    const fileSystem = await segments(4);
    for (const file of files) await fileSystem.remove(file);
    const replay = () => MiniStore.replay("j", { fileSystem });
    assertEquals((await assertCode(replay, "CORRUPT")).message, message);
    const open = () => MiniStore.open("j", { fileSystem });
    assertEquals((await assertCode(open, "CORRUPT")).message, message);
  });
}

test("MiniStore.replay() says which records are missing behind those that were removed", async () => {
  const fileSystem = await segments(4);
  const store = await MiniStore.open("j", { fileSystem });
  assertEquals(await store.truncateBefore(2), 1);
  await store.close();
  await fileSystem.remove("j.000002");
  const { message } = await assertCode(
    () => MiniStore.replay("j", { fileSystem }),
    "CORRUPT",
  );
  assertEquals(
    message,
    'Cannot use "j.000003": record 2 is missing: the log begins with record 3, and only those up to 1 were removed by truncateBefore, retain or compact, at byte 0, line 1 (record 3); restore the segments before this one from a backup, even if a snapshot holds their records',
  );
});
