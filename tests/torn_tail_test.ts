import { assert, assertEquals } from "@std/assert";
import { DurableError, MemoryFileSystem, MiniStore } from "../mod.ts";
import { assertCode } from "./support/errors.ts";
import { CHANGES, FaultyFileSystem } from "./support/faulty_file_system.ts";
import { test } from "./support/harness.ts";
import { filesOf } from "./support/journals.ts";
import { writeFile } from "./support/text.ts";

test("MiniStore.open() syncs the truncation of a segment without any group", async () => {
  const inner = new MemoryFileSystem();
  await (await MiniStore.open("a", { fileSystem: inner })).close();
  const bytes = (await filesOf(inner)).get("a") ?? new Uint8Array();
  const header = bytes.subarray(0, bytes.indexOf(10) + 1);
  await writeFile(inner, "a", new Uint8Array([...header, 1, 2, 3]));
  const fileSystem = new FaultyFileSystem(inner);
  await using store = await MiniStore.open("a", { fileSystem });
  assertEquals(store.recovery.torn?.bytes, 3);
  const { trace } = fileSystem;
  assert(trace.indexOf("sync a") > trace.indexOf("truncate a"));
  assert(trace.indexOf("truncate a") >= 0);
});

test("MiniStore.open() makes a copy of a torn tail that it finds durable before it cuts", async () => {
  const inner = new MemoryFileSystem();
  await (await MiniStore.open("a", { fileSystem: inner })).close();
  const bytes = (await filesOf(inner)).get("a") ?? new Uint8Array();
  await writeFile(inner, "a", new Uint8Array([...bytes, 1, 2, 3]));
  const fileSystem = new FaultyFileSystem(inner);
  fileSystem.onCall = ({ kind }) => {
    if (kind === "truncate") throw new DurableError("IO", "Injected");
  };
  await assertCode(() => MiniStore.open("a", { fileSystem }), "IO");
  fileSystem.onCall = () => {};
  fileSystem.calls.length = 0;
  await using store = await MiniStore.open("a", { fileSystem });
  const kept = store.recovery.torn?.keptAs;
  const changes = fileSystem.calls.filter(({ kind }) => CHANGES.includes(kind));
  // It may be in the page cache only: the crash came before or behind its sync.
  assertEquals(changes.slice(1, 5).map(({ kind, path }) => `${kind} ${path}`), [
    `write ${kept}`,
    `sync ${kept}`,
    "syncDir .",
    "truncate a",
  ]);
});

test("MiniStore.open() writes the last two groups again, large ones too", async () => {
  for (const lengths of [[9, 9, 9], [9, 3 << 20, 9], [9, 9, 3 << 20]]) {
    const inner = new MemoryFileSystem();
    const store = await MiniStore.open<string>("a", { fileSystem: inner });
    const sizes: number[] = [];
    for (const length of lengths) {
      sizes.push((await inner.stat("a"))?.size ?? 0);
      await store.append("x".repeat(length));
    }
    await store.close();
    const end = (await inner.stat("a"))?.size ?? 0;
    await using again = await MiniStore.open("a", { fileSystem: inner });
    assertEquals(again.recovery.rewrittenBytes, end - sizes[1], `${lengths}`);
  }
});
