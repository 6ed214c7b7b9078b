import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { MemoryFileSystem, MiniStore, type MiniStoreOptions } from "../mod.ts";
import { onDisk } from "./support/adapters.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import { readText, writeFile } from "./support/text.ts";

test("MiniStore refuses options that are not what they must be, before it touches a file", async () => {
  const fileSystem = new MemoryFileSystem();
  const cases: [object, typeof TypeError | typeof RangeError, string][] = [
    [{ maxSegmentBytes: 0 }, RangeError, "maxSegmentBytes"],
    [{ maxSegmentBytes: NaN }, RangeError, "maxSegmentBytes"],
    [{ maxSegmentBytes: "64" }, TypeError, "maxSegmentBytes"],
    [{ retain: -1 }, RangeError, "retain"],
    [{ retain: 1.5 }, RangeError, "retain"],
    [{ maxRecordBytes: 0 }, RangeError, "maxRecordBytes"],
    [{ maxRecordBytes: Infinity }, RangeError, "maxRecordBytes"],
    [{ format: "v0.3" }, RangeError, "format"],
    [{ codec: {} }, TypeError, "codec"],
    [{ validate: {} }, TypeError, "validate"],
    [{ maxSegmentbytes: 5 }, TypeError, "maxSegmentbytes"],
  ];
  for (const [options, kind, name] of cases) {
    const error = await assertRejects(
      () =>
        MiniStore.open("a/b", { fileSystem, ...options } as MiniStoreOptions),
      kind,
      name,
    );
    assert(error.message.startsWith("Cannot use "), error.message);
  }
  for (const path of ["", "a/", ".", "a/..", "x/.", "a\0b", 5, undefined]) {
    await assertRejects(
      () => MiniStore.open(path as string, { fileSystem }),
      TypeError,
      "Cannot use",
    );
  }
  assertThrows(
    () => MiniStore.stream("a", { fileSystem, from: 0 }),
    RangeError,
    "from",
  );
  assertThrows(
    () => MiniStore.stream("a", { signal: 1 as unknown as AbortSignal }),
    TypeError,
    "signal",
  );
  assertEquals(await fileSystem.readDir("."), []);
});

test("MiniStore.append() refuses a record over maxRecordBytes, counted in UTF-8, and goes on", async () => {
  const fileSystem = new MemoryFileSystem();
  await using store = await MiniStore.open<string>("a", {
    fileSystem,
    maxRecordBytes: 10,
  });
  assertEquals(await store.append("12345678"), 1);
  await assertRejects(
    () => store.append("123456789"),
    RangeError,
    "maxRecordBytes",
  );
  assertEquals(await store.append("üüüü"), 2);
  await assertRejects(
    () => store.append("üüüü5"),
    RangeError,
    "maxRecordBytes",
  );
  assertThrows(() => store.appendSync("x".repeat(1000)), RangeError);
  assertEquals(await MiniStore.replay("a", { fileSystem }), [
    "12345678",
    "üüüü",
  ]);
});

test("MiniStore refuses what is not a journal, and leaves it and its directory alone", () =>
  onDisk.with(async (fileSystem, dir) => {
    const cases = [
      ["NOT_A_JOURNAL", '{"name":"package.json"}\n'],
      ["NOT_A_JOURNAL", "no line end at all"],
      ["NOT_A_JOURNAL", "\0\0\0\0\0\0"],
      ["NOT_A_JOURNAL", "// MINISTORE\n"],
      ["UNSUPPORTED_VERSION", "// MINISTORE JOURNAL v0.3.0 {}\n"],
      ["UNSUPPORTED_VERSION", "// MINISTORE JOURNAL v1.0.0\n{}\n"],
      ["CORRUPT", "// MINISTORE JOURNAL v0.2.0 {} 00000000\n"],
      ["CORRUPT", "// MINISTORE JOURNAL v0.1.4 and more\n"],
    ] as const;
    for (const [code, text] of cases) {
      const path = `${dir}/file`;
      await writeFile(fileSystem, path, text);
      const error = await assertCode(
        () => MiniStore.open(path, { fileSystem }),
        code,
      );
      assertEquals([error.path, error.offset, error.line], [path, 0, 1]);
      await assertCode(() => MiniStore.replay(path, { fileSystem }), code);
      assertEquals(
        (await MiniStore.verify(path, { fileSystem })).damage?.code,
        code,
      );
      assertEquals(await readText(fileSystem, path), text);
      assertEquals(await fileSystem.readDir(dir), ["file"]);
    }
    await fileSystem.mkdir(`${dir}/file.d`);
    await assertCode(
      () => MiniStore.open(`${dir}/file.d`, { fileSystem }),
      "IS_DIRECTORY",
    );
    await assertCode(
      () => MiniStore.replay(`${dir}/file.d`, { fileSystem }),
      "IS_DIRECTORY",
    );
    await assertCode(
      () => MiniStore.open(`${dir}/file/below`, { fileSystem }),
      "NOT_DIRECTORY",
    );
    assertEquals((await fileSystem.readDir(dir)).sort(), ["file", "file.d"]);
  }));
