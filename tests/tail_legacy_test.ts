import { assertEquals } from "@std/assert";
import { MemoryFileSystem, MiniStore } from "../mod.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import { append, following } from "./support/tails.ts";
import { writeFile } from "./support/text.ts";

const HEADER = "// MINISTORE JOURNAL v0.1.4\n";

test("LogTail.read() follows a mini-rs file that grows and is sealed", async () => {
  const fileSystem = new MemoryFileSystem();
  const { poll, seen } = following(fileSystem);
  await writeFile(fileSystem, "a", HEADER.slice(0, 20));
  assertEquals(await poll(), []);
  await append(fileSystem, "a", HEADER.slice(20));
  assertEquals(await poll(), []);
  await append(fileSystem, "a", "1\n2");
  assertEquals(await poll(), [1]);
  await append(fileSystem, "a", "\n3\n");
  assertEquals(await poll(), [2, 3]);
  assertEquals(await poll(), []);
  await append(fileSystem, "a", "{torn\n");
  assertEquals(await poll(), []);
  const store = await MiniStore.open<number>("a", { fileSystem });
  assertEquals(store.sequence, 3);
  await store.append(4);
  assertEquals(await poll(), [4]);
  await store.truncateBefore(4);
  await store.append(5);
  assertEquals(await poll(), [5]);
  assertEquals(seen.map(([n]) => n), [1, 2, 3, 4, 5]);
  await store.close();
});

test("LogTail.read() follows a log of v0.1 over rotations, and across names of three digits", async () => {
  const fileSystem = new MemoryFileSystem();
  await writeFile(fileSystem, "a.001", `${HEADER}1\n2\n`);
  await writeFile(fileSystem, "a", `${HEADER}3\n`);
  await writeFile(fileSystem, "a.20261120", "a copy of another day");
  const options = { fileSystem, format: "v0.1" } as const;
  const { poll, seen } = following(fileSystem);
  assertEquals(await poll(), [1, 2, 3]);
  let store = await MiniStore.open<number>("a", options);
  for (let n = 4; n < 10; n++) {
    await store.append(n);
    if (n % 2 === 0) await poll();
    await store.rotate();
    if (n % 3 === 0) await poll();
  }
  await store.close();
  store = await MiniStore.open<number>("a", { fileSystem });
  await store.append(10);
  assertEquals((await poll()).at(-1), 10);
  assertEquals(seen.map(([n]) => n), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  assertEquals(seen.map(([, n]) => n), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  await store.close();
});

test("LogTail.read() refuses a mini-rs file that is damaged or became another one", async () => {
  const fileSystem = new MemoryFileSystem();
  await writeFile(fileSystem, "a", `${HEADER}1\n`);
  const [one, two] = [following(fileSystem), following(fileSystem)];
  await one.poll();
  await two.poll();
  await append(fileSystem, "a", "{torn\n3\n");
  const error = await assertCode(one.poll, "CORRUPT");
  assertEquals([error.line, error.sequence], [3, 2]);
  await fileSystem.remove("a");
  const store = await MiniStore.open("a", { fileSystem });
  await assertCode(two.poll, "CORRUPT");
  await store.close();
});
