import { assertEquals, assertRejects } from "@std/assert";
import type { FileHandle, FileSystem } from "../mod.ts";
import {
  type CrashReport,
  type CrashTest,
  CrashTestError,
  testCrashes,
} from "../src/testing/mod.ts";
import { test } from "./support/harness.ts";
import { readText } from "./support/text.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** What a program does, from a handle of an empty durable file `f` on, until it acknowledges that `f` holds "x". */
type Save = (file: FileHandle, fileSystem: FileSystem) => Promise<unknown>;

/** A program that saves a letter and acknowledges it. */
function saving(save: Save, path = "f"): CrashTest<string> {
  return {
    async run(fileSystem, watch) {
      await using file = await fileSystem.open("f", { mode: "create" });
      await fileSystem.syncDir(".");
      let saved = "";
      watch(() => saved);
      await save(file, fileSystem);
      saved = "x";
    },
    async check(fileSystem, saved) {
      if (saved === "") return;
      const found = await readText(fileSystem, path);
      if (found !== saved) throw new Error(`It holds "${found}"`);
    },
  };
}

async function failureOf<T>(test: CrashTest<T>): Promise<CrashTestError> {
  return await assertRejects(() => testCrashes(test), CrashTestError);
}

async function passes<T>(test: CrashTest<T>): Promise<CrashReport> {
  const report = await testCrashes({ ...test, again: {} });
  assertEquals(report.ordersLeft, 0);
  return report;
}

test("testCrashes() finds a write that is not awaited, and passes it awaited", async () => {
  const error = await failureOf(saving(async (file) => {
    file.write(bytes("x"), 0);
    await file.sync();
  }));
  assertEquals(error.message.split("\n"), [
    'It holds ""',
    "Killed before call 5 close f",
    "Calls overlapped, and were carried out in this order",
    "  call 4 sync f, before call 3",
    "Not carried out yet: call 3 write f at 0, 1 bytes",
    "The disk holds",
    "f (0 bytes)",
  ]);
  await passes(saving(async (file) => {
    await file.write(bytes("x"), 0);
    await file.sync();
  }));
});

test("testCrashes() finds a rename that is not awaited, and passes it awaited", async () => {
  const save = (isAwaited: boolean) =>
  async (
    file: FileHandle,
    fileSystem: FileSystem,
  ) => {
    await file.write(bytes("x"), 0);
    await file.sync();
    const renamed = fileSystem.rename("f", "g");
    if (isAwaited) await renamed;
    await fileSystem.syncDir(".");
  };
  const error = await failureOf(saving(save(false), "g"));
  assertEquals(error.message.split("\n"), [
    'Cannot open "g": no such file or directory',
    "Killed before call 7 close f",
    "Calls overlapped, and were carried out in this order",
    "  call 6 syncDir ., before call 5",
    "Not carried out yet: call 5 rename f to g",
    "The disk holds",
    "f (1 bytes)",
    '  "x" without a line end',
  ]);
  await passes(saving(save(true), "g"));
});

test("testCrashes() finds a sync that begins with the write that it is for, and passes it after the write", async () => {
  const error = await failureOf(
    saving((file) => Promise.all([file.write(bytes("x"), 0), file.sync()])),
  );
  assertEquals(error.message.split("\n"), [
    'It holds ""',
    "Power cut before call 5 close f, by N0 and D0",
    "Calls overlapped, and were carried out in this order",
    "  call 4 sync f, before call 3",
    "  call 3 write f at 0, 1 bytes",
    "The disk holds",
    "f (0 bytes)",
  ]);
  await passes(
    saving((file) =>
      Promise.all([file.write(bytes("x"), 0).then(() => file.sync())])
    ),
  );
});

test("testCrashes() finds a sync that is not awaited, and passes it awaited", async () => {
  const error = await failureOf(saving(async (file) => {
    await file.write(bytes("x"), 0);
    file.sync();
  }));
  assertEquals(error.message.split("\n"), [
    'It holds ""',
    "Power cut before call 5 close f, by N0 and D0",
    "Not carried out yet: call 4 sync f",
    "The disk holds",
    "f (0 bytes)",
  ]);
  await passes(saving(async (file) => {
    await file.write(bytes("x"), 0);
    await file.sync();
  }));
});

test("testCrashes() finds writes to one place that overlap, and passes them one after the other", async () => {
  const error = await failureOf(saving(async (file) => {
    await Promise.all([file.write(bytes("y"), 0), file.write(bytes("x"), 0)]);
    await file.sync();
  }));
  assertEquals(error.message.split("\n"), [
    'It holds "y"',
    "Killed before call 6 close f",
    "Calls overlapped, and were carried out in this order",
    "  call 4 write f at 0, 1 bytes, before call 3",
    "  call 3 write f at 0, 1 bytes",
    "  call 5 sync f",
    "The disk holds",
    "f (1 bytes)",
    '  "y" without a line end',
  ]);
  await passes(saving(async (file) => {
    await file.write(bytes("y"), 0);
    await file.write(bytes("x"), 0);
    await file.sync();
  }));
});

test("testCrashes() finds a call that depends on a name on its way, and passes it when the name is there", async () => {
  const save =
    (isAwaited: boolean) => async (_: FileHandle, fileSystem: FileSystem) => {
      const removed = fileSystem.remove("f");
      if (isAwaited) await removed;
      await using file = await fileSystem.open("f", { mode: "create" });
      await file.write(bytes("x"), 0);
      await file.sync();
      await fileSystem.syncDir(".");
    };
  const error = await failureOf(saving(save(false)));
  assertEquals(error.message.split("\n"), [
    'Cannot open "f": it exists already',
    "The program itself failed, after call 5",
    "Calls overlapped, and were carried out in this order",
    "  call 4 create f, before call 3",
    "Not carried out yet: call 3 remove f",
    "The disk holds",
    "f (0 bytes)",
  ]);
  await passes(saving(save(true)));
});

test("testCrashes() finds a failing sync that is swallowed, and passes it reported", async () => {
  const save = (swallow: boolean) => async (file: FileHandle) => {
    await file.write(bytes("x"), 0);
    try {
      await file.sync();
    } catch (error) {
      if (!swallow) throw error;
    }
  };
  const error = await failureOf(saving(save(true)));
  assertEquals(error.message.split("\n"), [
    'It holds ""',
    "Power cut before call 5 close f, by N0 and D0",
    "Made to fail: call 4 sync f: EIO (F0)",
    "The disk holds",
    "f (0 bytes)",
  ]);
  const { faults } = await passes(saving(save(false)));
  assertEquals(faults, 4);
});
