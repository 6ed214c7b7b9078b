/**
 * A journal that is removed, renamed or replaced while it is open, by a person, an
 * editor, or another writer: nothing is acknowledged in a file that has lost its
 * name.
 */

import { assert, assertEquals } from "@std/assert";
import { link } from "node:fs/promises";
import {
  type DurableError,
  type FileSystem,
  MemoryFileSystem,
  MiniStore,
} from "../mod.ts";
import { adapters, onDisk } from "./support/adapters.ts";
import { assertCode } from "./support/errors.ts";
import { FaultyFileSystem } from "./support/faulty_file_system.ts";
import { test } from "./support/harness.ts";
import { readText, writeFile } from "./support/text.ts";

/** What happens to a journal, as programs and people do it. */
const CHANGES: Record<
  string,
  (fileSystem: FileSystem, path: string) => Promise<void>
> = {
  "is removed": (fileSystem, path) => fileSystem.remove(path),
  "is renamed": (fileSystem, path) => fileSystem.rename(path, `${path}.old`),
  "is replaced by a copy, as sed -i does it": async (fileSystem, path) => {
    await writeFile(
      fileSystem,
      `${path}.copy`,
      await readText(fileSystem, path),
    );
    await fileSystem.rename(`${path}.copy`, path);
  },
  "is kept as a backup and written anew, as editors do it": async (
    fileSystem,
    path,
  ) => {
    const text = await readText(fileSystem, path);
    await fileSystem.rename(path, `${path}~`);
    await writeFile(fileSystem, path, text);
  },
};

const WRITES: Record<string, (store: MiniStore<string>) => Promise<unknown>> = {
  append: (store) => store.append("lost"),
  appendAll: (store) => store.appendAll(["lost", "as well"]),
  appendSync: (store) => Promise.resolve().then(() => store.appendSync("lost")),
  rotate: (store) => store.rotate(),
  close: (store) => store.close(),
};

async function assertRefused(run: () => Promise<unknown>, path: string) {
  const error = await assertCode(run, "FAILED");
  assertEquals((error.cause as DurableError).code, "CORRUPT");
  assert(
    error.message.includes(
      `"${path}" does not lead to the file that is open any more: it was removed, renamed or replaced`,
    ),
    error.message,
  );
}

for (const adapter of adapters) {
  for (const [change, carryOut] of Object.entries(CHANGES)) {
    test(`MiniStore acknowledges nothing once its journal ${change} (${adapter.name})`, () =>
      adapter.with(async (fileSystem, dir) => {
        for (const [name, write] of Object.entries(WRITES)) {
          const path = `${dir}/${name}`;
          const store = await MiniStore.open<string>(path, { fileSystem });
          await store.append("kept");
          await carryOut(fileSystem, path);
          const before = await fileSystem.stat(path) &&
            await readText(fileSystem, path);
          await assertRefused(() => write(store), path);
          await assertRefused(() => store.append("lost"), path);
          await store.close().catch(() => {});
          const after = await fileSystem.stat(path) &&
            await readText(fileSystem, path);
          assertEquals(after, before, "the file at the path is not ours");
          assert(await fileSystem.stat(`${path}.open`), "nothing was closed");
        }
      }));

    test(`MiniStore acknowledges nothing if its journal ${change} during the sync (${adapter.name})`, () =>
      adapter.with(async (inner, dir) => {
        const fileSystem = new FaultyFileSystem(inner);
        const path = `${dir}/a`;
        const store = await MiniStore.open<string>(path, { fileSystem });
        await store.append("kept");
        fileSystem.onCall = async ({ kind }) => {
          if (kind !== "dataSync") return;
          fileSystem.onCall = () => {};
          await carryOut(inner, path);
        };
        await assertRefused(() => store.append("lost"), path);
        await store.close();
      }));
  }
}

test("MiniStore.appendSync() acknowledges nothing, nor does the append in flight, if the journal is removed during the sync", async () => {
  const inner = new MemoryFileSystem();
  const fileSystem = new FaultyFileSystem(inner);
  const store = await MiniStore.open<string>("a", { fileSystem });
  fileSystem.onCall = ({ kind }) => {
    if (kind === "dataSync") void inner.remove("a").catch(() => {});
  };
  await assertRefused(
    () => Promise.resolve().then(() => store.appendSync("lost")),
    "a",
  );
  await store.close();
});

/** The journal of a writer that did not close, and a lock that does not hold. */
async function twoWriters() {
  const inner = new MemoryFileSystem();
  const lost = await MiniStore.open<string>("a", { fileSystem: inner });
  await lost.append("first");
  const fileSystem = new FaultyFileSystem(inner);
  const lock = inner.lock.bind(inner);
  fileSystem.lock = () => lock("elsewhere");
  return { inner, lost, fileSystem };
}

test("MiniStore.open() loses no record that a writer without a lock had acknowledged before its file was replaced", async () => {
  const { inner, lost, fileSystem } = await twoWriters();
  fileSystem.onCall = ({ kind, path }) => {
    if (kind !== "rename" || path !== "a.new-000000") return;
    fileSystem.onCall = () => {};
    assertEquals(lost.appendSync("second"), 2);
  };
  const error = await assertCode(
    () => MiniStore.open("a", { fileSystem }),
    "CORRUPT",
  );
  assert(error.message.includes("something else writes to it"), error.message);
  assertEquals(await MiniStore.replay("a", { fileSystem: inner }), [
    "first",
    "second",
  ]);
  await assertRefused(() => lost.append("third"), "a");
  await lost.close();
});

test("MiniStore.append() of a writer without a lock fails as soon as its file is replaced, whatever was written to it since", async () => {
  const { inner, lost, fileSystem } = await twoWriters();
  let refused = 0;
  fileSystem.onCall = async ({ kind, path }) => {
    // Between the rename and the byte too many.
    if (path !== "." || kind !== "syncDir" || refused > 0) return;
    refused++;
    await assertRefused(() => lost.append("second"), "a");
  };
  const second = await MiniStore.open<string>("a", { fileSystem });
  assertEquals(refused, 1);
  assertEquals(await second.append("own"), 2);
  await second.close();
  await lost.close();
  assertEquals(await MiniStore.replay("a", { fileSystem: inner }), [
    "first",
    "own",
  ]);
});

test("MiniStore.open() makes a log of its own of a second name of a file that was not closed, and writes nothing to the other", () =>
  onDisk.with(async (inner, dir) => {
    const [path, other] = [`${dir}/a`, `${dir}/b`];
    const first = await MiniStore.open<string>(path, { fileSystem: inner });
    await first.append("one");
    await link(path, other); // has a lock of its own
    const fileSystem = new FaultyFileSystem(inner);
    let isReplaced = false;
    fileSystem.onCall = ({ kind, path: name }) => {
      isReplaced ||= kind === "rename";
      if (!isReplaced || kind !== "close" || name !== other) return;
      fileSystem.onCall = () => {}; // the old file has been looked at for the last time
      assertEquals(first.appendSync("two"), 2);
    };
    const second = await MiniStore.open<string>(other, { fileSystem });
    assertEquals(await first.append("three"), 3);
    assertEquals(await second.append("another"), 2);
    await first.close();
    await second.close();
    const read = (name: string) =>
      MiniStore.replay(name, { fileSystem: inner });
    assertEquals(await read(path), ["one", "two", "three"]);
    assertEquals(await read(other), ["one", "another"]);
  }));

test("MiniStore.truncateBefore() does not replace a file that has taken the place of an empty segment", async () => {
  const fileSystem = new MemoryFileSystem();
  const store = await MiniStore.open<string>("a", { fileSystem });
  await store.append("first");
  await store.rotate();
  await fileSystem.remove("a");
  await writeFile(fileSystem, "a", "another file");
  await assertRefused(() => store.truncateBefore(2), "a");
  assertEquals(await readText(fileSystem, "a"), "another file");
  await store.close();
});
