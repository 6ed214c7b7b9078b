import { assert, assertEquals, assertRejects } from "@std/assert";
import { DurableError, MemoryFileSystem, MiniStore } from "../mod.ts";
import { encodeHeader, parseHeader } from "../src/wal/format.ts";
import { assertCode } from "./support/errors.ts";
import { FaultyFileSystem } from "./support/faulty_file_system.ts";
import { test } from "./support/harness.ts";
import {
  bytesOf,
  concat,
  type Files,
  filesOf,
  journal,
  PATH,
  RECORDS,
  replaced,
  withFiles,
} from "./support/journals.ts";
import { writeFile } from "./support/text.ts";

const [ONE, TWO, THREE] = [1, 2, 3].map((n) => `${PATH}.00000${n}`);
const NEXT = (n: number) => `${PATH}.new-00000${n}`;
const segments = () => journal({ rotateAfter: [1, 2, 3] });

async function refused(files: Files, what: string): Promise<DurableError> {
  const fileSystem = await withFiles(files);
  const open = await assertRejects(
    () => MiniStore.open(PATH, { fileSystem }),
    DurableError,
  );
  assertEquals(open.code, "CORRUPT", `${what}: ${open.message}`);
  assertEquals(await filesOf(fileSystem), files, what);
  const read = await assertRejects(
    () => MiniStore.replay(PATH, { fileSystem }),
    DurableError,
  );
  assertEquals(read.code, "CORRUPT", `${what}: ${read.message}`);
  assert(open.path !== undefined && open.offset !== undefined, what);
  return open;
}

async function opens(files: Files, what: string): Promise<MiniStore<unknown>> {
  const fileSystem = await withFiles(files);
  assertEquals(
    await MiniStore.replay(PATH, { fileSystem }),
    RECORDS,
    `${what}: read before`,
  );
  const store = await MiniStore.open<unknown>(PATH, { fileSystem });
  assertEquals(await MiniStore.replay(PATH, { fileSystem }), RECORDS, what);
  assertEquals(await store.append("appended"), RECORDS.length + 1, what);
  await store.close();
  assertEquals(await MiniStore.replay(PATH, { fileSystem }), [
    ...RECORDS,
    "appended",
  ], what);
  const left = [...(await filesOf(fileSystem)).keys()].filter((name) =>
    name.includes("new-")
  );
  assertEquals(left, [], what);
  return store;
}

test("MiniStore reads segments in their order", async () => {
  const files = await segments();
  assertEquals([...files.keys()], [PATH, ONE, TWO, THREE]);
  await opens(files, "as it is");
});

test("MiniStore refuses a missing segment, wherever it is", async () => {
  const files = await segments();
  for (const name of [PATH, ONE, TWO, THREE]) {
    const error = await refused(replaced(files, name, undefined), name);
    assert(/missing|begins with record/.test(error.message), error.message);
  }
});

test("MiniStore refuses swapped, repeated and foreign segments", async () => {
  const files = await segments();
  const other = await segments();
  const swap = replaced(
    replaced(files, ONE, files.get(TWO)),
    TWO,
    files.get(ONE),
  );
  await refused(swap, "swapped");
  await refused(replaced(files, TWO, files.get(ONE)), "repeated");
  await refused(replaced(files, TWO, other.get(TWO)), "foreign");
  await refused(
    replaced(files, PATH, other.get(PATH)),
    "foreign active segment",
  );
  await refused(
    replaced(files, PATH, files.get(THREE)),
    "active segment replaced by a sealed one",
  );
  await refused(
    replaced(files, `${PATH}.001`, files.get(ONE)),
    "one number under two names",
  );
  await refused(
    replaced(files, `${PATH}.000004`, files.get(THREE)),
    "an extra segment",
  );
  const longer = replaced(
    files,
    TWO,
    concat(bytesOf(files, TWO), bytesOf(files, THREE)),
  );
  await refused(longer, "one segment glued to another");
});

test("MiniStore does not mistake other files for segments", async () => {
  let files: Files = await segments();
  for (
    const name of [
      `${PATH}.bak`,
      `${PATH}.000001.gz`,
      `${PATH}.20261120`,
      `${PATH}.1`,
      "other.000009",
      `${PATH}.torn-5-x`,
      `${PATH}x`,
    ]
  ) {
    files = replaced(files, name, new Uint8Array([1]));
  }
  await opens(files, "with other files");
});

test("MiniStore.open() finishes a rotation that was interrupted at any step", async () => {
  const inner = new MemoryFileSystem();
  const fileSystem = new FaultyFileSystem(inner);
  const store = await MiniStore.open<unknown>(PATH, { fileSystem });
  await store.appendAll(RECORDS);
  const states: Files[] = [];
  const snapshot = async () => void states.push(await filesOf(inner));
  fileSystem.onCall = ({ kind }) => {
    if (
      ["write", "create", "sync", "dataSync", "rename", "syncDir", "truncate"]
        .includes(kind) && kind !== "write"
    ) return snapshot();
  };
  await store.rotate();
  fileSystem.onCall = () => {};
  await snapshot();
  await store.close();
  assert(states.length >= 8, `${states.length} states`);
  for (const [n, files] of states.entries()) await opens(files, `step ${n}`);
});

test("MiniStore.open() finishes a rename that a power cut left under both names", async () => {
  const files = await segments();
  const fresh = new MemoryFileSystem();
  const rotated = new FaultyFileSystem(fresh);
  for (const [name, bytes] of files) {
    await using handle = await fresh.open(name, { mode: "create" });
    await handle.write(bytes, 0);
  }
  const store = await MiniStore.open<unknown>(PATH, { fileSystem: rotated });
  const renames: Files[] = [];
  rotated.onCall = async ({ kind }) => {
    if (kind === "rename") renames.push(await filesOf(fresh));
  };
  await store.rotate();
  rotated.onCall = () => {};
  const [, before, between] = renames; // the first gives the new one its name
  await store.close();
  const four = `${PATH}.000004`;
  const sealedTwice = replaced(before, four, before.get(PATH));
  await opens(sealedTwice, "the sealed segment has both names");
  const newTwice = replaced(between, PATH, between.get(NEXT(5)));
  await opens(newTwice, "the new segment has both names");
  const store2 = await opens(between, "neither segment is active");
  assertEquals(store2.recovery.rotated, true);
  // A second crash, while the prepared segment was written again.
  const prepared = bytesOf(between, NEXT(5));
  const damaged = {
    empty: new Uint8Array(),
    "a part": prepared.slice(0, 30),
    "all NUL": new Uint8Array(prepared.length),
    garbage: new Uint8Array(prepared.length).fill(0xa5),
    "half NUL": concat(prepared.slice(0, 40), new Uint8Array(40)),
    "of another version": new TextEncoder().encode(
      "// MINISTORE JOURNAL v7.0.0 {}\n",
    ),
  };
  for (const [what, bytes] of Object.entries(damaged)) {
    await opens(
      replaced(between, NEXT(5), bytes),
      `the new segment is ${what}`,
    );
  }
  const last = bytesOf(between, four);
  const text = new TextDecoder("latin1").decode(last);
  const wrong = last.slice();
  wrong[text.lastIndexOf("// closed ") + 10] ^= 4;
  const files4 = await withFiles(replaced(between, four, wrong));
  await assertCode(
    () => MiniStore.open(PATH, { fileSystem: files4 }),
    "CORRUPT",
  );
});

test("MiniStore.open() removes a segment that was prepared and not begun", async () => {
  const files = await segments();
  await opens(replaced(files, NEXT(5), new Uint8Array(3)), "a part of it");
  await opens(
    replaced(files, NEXT(5), bytesOf(files, ONE).slice(0, 90)),
    "another header",
  );
});

test("MiniStore.open() leaves nothing behind the header where the prepared segment was longer", async () => {
  const inner = new MemoryFileSystem();
  const fileSystem = new FaultyFileSystem(inner);
  const store = await MiniStore.open<number>("a", { fileSystem });
  await store.append(1);
  let renames = 0;
  fileSystem.onCall = ({ kind }) => {
    if (kind === "rename" && ++renames === 3) {
      throw new DurableError("IO", "Injected");
    }
  };
  await assertCode(() => store.rotate(), "FAILED");
  await store.close();
  await writeFile(inner, "a.new-000002", "x".repeat(300));
  await using again = await MiniStore.open<number>("a", { fileSystem: inner });
  assertEquals(again.recovery.rotated, true);
  assertEquals(await again.append(2), 2);
  assertEquals(await MiniStore.replay("a", { fileSystem: inner }), [1, 2]);
});

test("MiniStore refuses a segment that has records under the name of one that has not begun", async () => {
  const files = await segments();
  const unnamed = replaced(files, PATH, undefined);
  const lost = new Map(unnamed).set(NEXT(4), bytesOf(files));
  const error = await refused(lost, "both renames but the last");
  assertEquals([error.path, error.sequence], [NEXT(4), 6]);
  lost.delete(THREE);
  lost.set(PATH, bytesOf(files, THREE));
  await refused(lost, "no rename");
});

test("MiniStore refuses segments that are all named for the next number", async () => {
  const files = await segments();
  const renamed: Files = new Map([
    [TWO, bytesOf(files, ONE)],
    [THREE, bytesOf(files, TWO)],
    [`${PATH}.000004`, bytesOf(files, THREE)],
    [NEXT(5), new Uint8Array()],
  ]);
  const error = await refused(renamed, "named for the next number");
  assert(error.message.includes("is named for segment 2"), error.message);
});

test("MiniStore refuses a segment that does not count on from the one before", async () => {
  const files = await segments();
  const bytes = bytesOf(files);
  const header = parseHeader(bytes.subarray(0, bytes.indexOf(10) + 1));
  assert(header !== undefined);
  for (const first of [header.first - 1, header.first + 1]) {
    const other = encodeHeader({ ...header, first });
    const error = await refused(replaced(files, PATH, other), `${first}`);
    assert(error.message.includes("does not continue"), error.message);
  }
});

test("MiniStore.open() takes no prepared segment that does not follow the sealed one", async () => {
  const files = await segments();
  const bytes = bytesOf(files);
  const header = parseHeader(bytes.subarray(0, bytes.indexOf(10) + 1));
  assert(header !== undefined);
  const { first, prev } = header;
  const others = [{ first: first + 1 }, { prev: prev ^ 1 }, { segment: 5 }];
  for (const other of others) {
    const prepared = encodeHeader({ ...header, ...other });
    const moved = replaced(files, NEXT(4), prepared);
    const fileSystem = await withFiles(replaced(moved, PATH, undefined));
    const store = await MiniStore.open<unknown>(PATH, { fileSystem });
    assertEquals([store.recovery.rotated, store.sequence], [true, first - 1]);
    await store.append("appended");
    await store.close();
    await using again = await MiniStore.open(PATH, { fileSystem });
    assertEquals(again.sequence, first);
  }
});

test("MiniStore reads segments in their order, in whatever order the directory lists them", async () => {
  const files = await segments();
  await opens(new Map([...files].reverse()), "from the last to the first");
});

test("MiniStore refuses a sealed segment with bytes behind its closed line", async () => {
  const files = await segments();
  const longer = concat(bytesOf(files, TWO), "1\n");
  await refused(replaced(files, TWO, longer), "with bytes behind");
});

test("MiniStore refuses another file of the same size in the place of a second name", async () => {
  const files = await segments();
  const [own, other] = await Promise.all(["own", "its"].map(async (record) => {
    const fileSystem = await withFiles(files);
    const store = await MiniStore.open<unknown>(PATH, { fileSystem });
    await store.append(record);
    await store.close();
    return await filesOf(fileSystem);
  }));
  const both = replaced(own, `${PATH}.000004`, bytesOf(other));
  assertEquals(bytesOf(own).length, bytesOf(other).length);
  await refused(replaced(both, NEXT(5), new Uint8Array()), "of the same size");
});

test("MiniStore refuses a first segment that follows something", async () => {
  const place = { segment: 1, id: "6f1c2a9b", schema: 1, sealed: [] };
  for (
    const wrong of [
      { first: 1, prev: 7, dropped: 0 },
      { first: 5, prev: 0, dropped: 4 },
    ]
  ) {
    const bytes = encodeHeader({ ...place, ...wrong });
    const error = await refused(new Map([[PATH, bytes]]), "the first segment");
    assert(error.message.includes("does not begin with"), error.message);
  }
});
