import { assert, assertEquals, assertRejects } from "@std/assert";
import process from "node:process";
import {
  type DurableError,
  type FileHandle,
  type FileInfo,
  type FileOpenOptions,
  MemoryFileSystem,
  MiniStore,
} from "../mod.ts";
import { adapters, onDisk } from "./support/adapters.ts";
import { assertCode } from "./support/errors.ts";
import { CHANGES, FaultyFileSystem } from "./support/faulty_file_system.ts";
import { SimulatedFileSystem } from "../src/testing/mod.ts";
import { test } from "./support/harness.ts";
import { readText, writeFile } from "./support/text.ts";

test("MiniStore.append() fails, and overwrites nothing, once something else has written to the file", async () => {
  for (const how of ["append", "appendSync", "rotate", "close"] as const) {
    const fileSystem = new MemoryFileSystem();
    const store = await MiniStore.open<string>("a", { fileSystem });
    await store.append("own");
    await using file = await fileSystem.open("a", { mode: "write" });
    await file.write(new TextEncoder().encode("foreign"), await file.size());
    const before = await readText(fileSystem, "a");
    const error = await assertCode(async () => {
      if (how === "append") await store.append("more");
      else if (how === "appendSync") store.appendSync("more");
      else await store[how]();
    }, "FAILED");
    assertEquals((error.cause as DurableError).code, "CORRUPT");
    assert(
      error.message.includes("something else writes to it"),
      error.message,
    );
    await store.close().catch(() => {});
    assertEquals(await readText(fileSystem, "a"), before);
  }
});

test("MiniStore.rotate() fails if the path does not lead to its own file any more", async () => {
  for (const change of ["removed", "replaced"]) {
    const fileSystem = new MemoryFileSystem();
    const store = await MiniStore.open<string>("a", { fileSystem });
    await store.append("own");
    const other = "x".repeat((await readText(fileSystem, "a")).length);
    await fileSystem.remove("a");
    if (change === "replaced") await writeFile(fileSystem, "a", other);
    const error = await assertCode(() => store.rotate(), "FAILED");
    assert(error.message.includes("does not lead to the file"), error.message);
    if (change === "replaced") {
      assertEquals(await readText(fileSystem, "a"), other);
    }
    assertEquals(await fileSystem.stat("a.000001"), undefined);
    await store.close();
  }
});

for (const adapter of adapters) {
  test(`MiniStore takes a name with any character that the system allows (${adapter.name})`, () =>
    adapter.with(async (fileSystem, dir) => {
      const names = [
        "with space",
        "ümläut 🎈",
        "dots...",
        "-dash",
        "new\nline",
        "a.000001x",
      ];
      if (process.platform !== "win32") names.push("back\\slash", 'quo"te');
      for (const name of names) {
        const path = `${dir}/${name}`;
        for (let n = 1; n <= 3; n++) {
          const store = await MiniStore.open<number>(path, { fileSystem });
          assertEquals([store.sequence, store.recovery.created], [
            n - 1,
            n === 1,
          ], name);
          await store.append(n);
          await store.rotate();
          await store.close();
        }
        assertEquals(
          await MiniStore.replay(path, { fileSystem }),
          [1, 2, 3],
          name,
        );
      }
    }));
}

/** A file system that does not tell upper from lower case, as macOS and Windows have. */
class CaseInsensitive extends MemoryFileSystem {
  override open(path: string, options: FileOpenOptions): Promise<FileHandle> {
    return super.open(path.toLowerCase(), options);
  }
  override stat(path: string): Promise<FileInfo | undefined> {
    return super.stat(path.toLowerCase());
  }
}

test("MiniStore.open() refuses another spelling of a log that is there", async () => {
  const fileSystem = new CaseInsensitive();
  const store = await MiniStore.open("journal", { fileSystem });
  await store.append(1);
  await store.close();
  const before = await readText(fileSystem, "journal");
  const error = await assertCode(
    () => MiniStore.open("Journal", { fileSystem }),
    "EXISTS",
  );
  assert(error.message.includes("another spelling"), error.message);
  assertEquals(await readText(fileSystem, "journal"), before);
});

test("MiniStore.open() of two logs at once in a directory that is not there makes it once", () =>
  onDisk.with(async (fileSystem, dir) => {
    const paths = ["a", "b", "c"].map((name) => `${dir}/new/deep/${name}`);
    const stores = await Promise.all(
      paths.map((path) => MiniStore.open<number>(path, { fileSystem })),
    );
    await Promise.all(stores.map((store) => store.append(1)));
    await Promise.all(stores.map((store) => store.close()));
  }));

test("MiniStore.open() at once, twice, gives one store and one LOCKED", () =>
  onDisk.with(async (fileSystem, dir) => {
    const attempts = [1, 2].map(() =>
      MiniStore.open<number>(`${dir}/x/a`, { fileSystem })
    );
    const results = await Promise.allSettled(attempts);
    const [store] = results.flatMap((result) =>
      result.status === "fulfilled" ? [result.value] : []
    );
    const [refusal] = results.flatMap((result) =>
      result.status === "rejected" ? [result.reason] : []
    );
    assertEquals((refusal as DurableError).code, "LOCKED");
    assertEquals(await store.append(1), 1);
    await store.close();
  }));

test("MiniStore.open() says what is wrong with a lock file that is none", () =>
  onDisk.with(async (fileSystem, dir) => {
    await writeFile(
      fileSystem,
      `${dir}/a.lock`,
      "something else, and more than a page of it ".repeat(200),
    );
    const error = await assertCode(
      () => MiniStore.open(`${dir}/a`, { fileSystem }),
      "IO",
    );
    assert(error.message.includes("it is not empty"), error.message);
    await fileSystem.mkdir(`${dir}/b.lock`);
    await assertCode(
      () => MiniStore.open(`${dir}/b`, { fileSystem }),
      "IS_DIRECTORY",
    );
    assertEquals((await fileSystem.readDir(dir)).sort(), ["a.lock", "b.lock"]);
  }));

test("MiniStore.open() refuses a sealed segment, which belongs to another log", async () => {
  const fileSystem = new MemoryFileSystem();
  const store = await MiniStore.open<number>("a", { fileSystem });
  await store.append(1);
  await store.rotate();
  await assertRejects(
    () => MiniStore.open("a.000001", { fileSystem }),
    TypeError,
    'sealed segment of "a"',
  );
  assertEquals((await fileSystem.readDir(".")).sort(), [
    "a",
    "a.000001",
    "a.open",
  ]);
  assertEquals(await MiniStore.replay("a.000001", { fileSystem }), [1]);
  await store.close();
});

test("MiniStore.open() changes nothing in a log that has a writer", async () => {
  const fileSystem = new FaultyFileSystem(new MemoryFileSystem());
  await using store = await MiniStore.open<number>("a", { fileSystem });
  await store.append(1);
  fileSystem.calls.length = 0;
  await assertCode(() => MiniStore.open("a", { fileSystem }), "LOCKED");
  const changes = fileSystem.calls.filter(({ kind }) => CHANGES.includes(kind));
  assertEquals(changes.map(({ kind }) => kind), ["mkdir"]);
});

test("MiniStore fails a writer that lost its lock to a second one, and loses nothing of either", async () => {
  const fileSystem = new SimulatedFileSystem();
  const lost = await MiniStore.open<string>("a", { fileSystem });
  await lost.append("first");
  const other = fileSystem.lock.bind(fileSystem);
  fileSystem.lock = () => other("elsewhere"); // a lock that does not hold
  const second = await MiniStore.open<string>("a", { fileSystem });
  assertEquals(await second.append("BBB"), 2);
  await second.close();
  await assertCode(() => lost.append("AAA"), "FAILED");
  await lost.close();
  assertEquals(await MiniStore.replay("a", { fileSystem }), ["first", "BBB"]);
});

test("MiniStore.open() fails where a file grows while it is copied", async () => {
  const inner = new MemoryFileSystem();
  await writeFile(inner, "a", "// MINISTORE JOURNAL v0.1.4\n1\n");
  const fileSystem = new FaultyFileSystem(inner);
  fileSystem.onCall = async ({ kind, path }) => {
    if (kind !== "write" || path !== "a.new-000000") return;
    fileSystem.onCall = () => {};
    await using file = await inner.open("a", { mode: "write" });
    await file.write(new TextEncoder().encode("2\n"), await file.size());
  };
  const error = await assertCode(
    () => MiniStore.open("a", { fileSystem, format: "v0.1" }),
    "CORRUPT",
  );
  assertEquals([error.offset, error.line], [30, 3]);
  assertEquals(await MiniStore.replay("a", { fileSystem: inner }), [1, 2]);
});

test("MiniStore.close() does not touch the mark of a log that took its path", async () => {
  const fileSystem = new MemoryFileSystem();
  const store = await MiniStore.open<number>("a", { fileSystem });
  await store.append(1);
  await fileSystem.rename("a", "moved");
  await writeFile(fileSystem, "a", "another log");
  await assertCode(() => store.close(), "FAILED");
  assert(await fileSystem.stat("a.open"));
});
