import { assertEquals, assertRejects } from "@std/assert";
import { DurableError, MemoryFileSystem, MiniStore } from "../mod.ts";
import { assertCode } from "./support/errors.ts";
import { CHANGES, FaultyFileSystem } from "./support/faulty_file_system.ts";
import { test } from "./support/harness.ts";
import { filesOf } from "./support/journals.ts";
import { readText, writeFile } from "./support/text.ts";

test("MiniStore.open() cuts a torn tail behind a header without any group", async () => {
  const fileSystem = new MemoryFileSystem();
  await (await MiniStore.open("a", { fileSystem })).close();
  const bytes = (await filesOf(fileSystem)).get("a") ?? new Uint8Array();
  const header = bytes.subarray(0, bytes.indexOf(10) + 1);
  await writeFile(fileSystem, "a", new Uint8Array([...header, 1, 2, 3]));
  await using store = await MiniStore.open("a", { fileSystem });
  assertEquals(store.recovery.torn?.bytes, 3);
  assertEquals((await fileSystem.stat("a"))?.size, header.length);
});

test("MiniStore.open() makes a copy of a torn tail that it finds durable before it cuts", async () => {
  const inner = new MemoryFileSystem();
  await (await MiniStore.open("a", { fileSystem: inner })).close();
  const bytes = (await filesOf(inner)).get("a") ?? new Uint8Array();
  await writeFile(inner, "a", new Uint8Array([...bytes, 1, 2, 3]));
  const fileSystem = new FaultyFileSystem(inner);
  let renames = 0;
  fileSystem.onCall = ({ kind }) => {
    if (kind === "rename" && ++renames === 2) {
      throw new DurableError("IO", "Injected");
    }
  };
  await assertCode(() => MiniStore.open("a", { fileSystem }), "IO");
  fileSystem.onCall = () => {};
  fileSystem.calls.length = 0;
  await using store = await MiniStore.open("a", { fileSystem });
  const kept = store.recovery.torn?.keptAs ?? "";
  assertEquals(await readText(inner, kept), "\u0001\u0002\u0003");
  const names = [...(await filesOf(inner)).keys()];
  assertEquals(names, ["a", "a.open", kept]);
  // It may be in the page cache only: the crash came before or behind its sync.
  const changes = fileSystem.calls.filter(({ kind }) => CHANGES.includes(kind));
  assertEquals(
    changes.slice(1, 7).map(({ kind, path }) => `${kind} ${path}`),
    [
      "create a.new-000000",
      "write a.new-000000",
      "sync a.new-000000",
      "sync a.new-000000",
      "rename a.new-000000",
      "syncDir .",
    ],
  );
});

test("MiniStore.open() takes no draft that a crash left, and removes it", async () => {
  const inner = new MemoryFileSystem();
  const store = await MiniStore.open<number>("a", { fileSystem: inner });
  await store.append(1);
  const text = await readText(inner, "a");
  await store.close();
  for (const draft of ["half a copy", text]) {
    await writeFile(inner, "a.new-000000", draft);
    await using again = await MiniStore.open<number>("a", {
      fileSystem: inner,
    });
    assertEquals([...(await filesOf(inner)).keys()], ["a", "a.open"]);
    assertEquals(again.sequence, 1);
  }
});

test("MiniStore.open() leaves a file alone that stands where its mark would be", async () => {
  const fileSystem = new MemoryFileSystem();
  await writeFile(fileSystem, "a.open", "opening hours");
  await assertCode(() => MiniStore.open("a", { fileSystem }), "EXISTS");
  assertEquals(await readText(fileSystem, "a.open"), "opening hours");
});

test("MiniStore.open() refuses names that files beside a log have", async () => {
  const fileSystem = new MemoryFileSystem();
  for (const end of ["open", "lock", "lock.holder", "new-000000"]) {
    await assertRejects(
      () => MiniStore.open(`a.${end}`, { fileSystem }),
      TypeError,
      "another log uses",
    );
  }
  assertEquals(await fileSystem.readDir("."), []);
});

test("MiniStore.open() keeps a torn tail beside another one of the same moment", async () => {
  const fileSystem = new MemoryFileSystem();
  fileSystem.now = () => 0;
  await (await MiniStore.open("a", { fileSystem })).close();
  const bytes = (await filesOf(fileSystem)).get("a") ?? new Uint8Array();
  const kept: (string | undefined)[] = [];
  for (const tail of ["one", "two", "three"]) {
    const torn = [...bytes, ...new TextEncoder().encode(tail)];
    await writeFile(fileSystem, "a", new Uint8Array(torn));
    await using store = await MiniStore.open("a", { fileSystem });
    kept.push(store.recovery.torn?.keptAs);
  }
  const name = `a.torn-${bytes.length}-1970-01-01T00-00-00-000Z`;
  assertEquals(kept, [name, `${name}+`, `${name}++`]);
  const texts = kept.map((name) => readText(fileSystem, name ?? ""));
  assertEquals(await Promise.all(texts), ["one", "two", "three"]);
});
