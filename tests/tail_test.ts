import { assert, assertEquals } from "@std/assert";
import { MemoryFileSystem, MiniStore } from "../mod.ts";
import { adapters } from "./support/adapters.ts";
import { assertCode } from "./support/errors.ts";
import { FaultyFileSystem } from "./support/faulty_file_system.ts";
import { test } from "./support/harness.ts";
import { append, following } from "./support/tails.ts";
import { readBytes, readText, writeFile } from "./support/text.ts";

for (const adapter of adapters) {
  test(`LogTail.read() yields what is new (${adapter.name})`, () =>
    adapter.with(async (fileSystem, dir) => {
      const path = `${dir}/deep/a.jsonl`;
      const { poll, seen, tail } = following(fileSystem, 1, path);
      assertEquals(await poll(), []);
      const store = await MiniStore.open<number>(path, { fileSystem });
      assertEquals(await poll(), []);
      await store.append(1);
      assertEquals(await poll(), [1]);
      assertEquals(await poll(), []);
      await store.appendAll([2, 3]);
      await store.rotate();
      await store.append(4);
      assertEquals(await poll(), [2, 3, 4]);
      await store.rotate();
      assertEquals(await poll(), []);
      await store.append(5);
      await store.close();
      assertEquals(await poll(), [5]);
      assertEquals(seen, [1, 2, 3, 4, 5].map((n) => [n, n]));
      assertEquals(tail.next, 6);
    }));
}

test("LogTail.read() opens one file when nothing is new, and reads its header", async () => {
  const inner = new MemoryFileSystem();
  const store = await MiniStore.open("a", { fileSystem: inner });
  const fileSystem = new FaultyFileSystem(inner);
  const { poll } = following(fileSystem);
  await store.append("x".repeat(100_000));
  await poll();
  fileSystem.calls.length = 0;
  await poll();
  assertEquals(fileSystem.trace, [
    "open-read a",
    "size a",
    "read a",
    "size a",
    "close a",
  ]);
  await store.append("y");
  fileSystem.calls.length = 0;
  assertEquals(await poll(), ["y"]);
  assertEquals(fileSystem.calls.length, 6);
  await store.close();
});

test("LogTail.read() begins where it is asked to, also in the future", async () => {
  const fileSystem = new MemoryFileSystem();
  const store = await MiniStore.open<number>("a", { fileSystem });
  await store.appendAll([1, 2]);
  await store.rotate();
  await store.append(3);
  for (const from of [1, 2, 3]) {
    const { poll } = following(fileSystem, from);
    assertEquals(await poll(), [1, 2, 3].slice(from - 1));
  }
  const { poll, tail } = following(fileSystem, 6);
  assertEquals([await poll(), tail.next], [[], 6]);
  await store.append(4);
  await store.rotate();
  await store.append(5);
  assertEquals([await poll(), tail.next], [[], 6]);
  await store.append(6);
  assertEquals([await poll(), tail.next], [[6], 7]);
  await store.close();
});

test("LogTail.read() hands nothing out twice when the loop is left early", async () => {
  const fileSystem = new MemoryFileSystem();
  const store = await MiniStore.open<string>("a", { fileSystem });
  const { tail } = following(fileSystem);
  // More than is handed out at a time, before and behind the first call's end.
  const texts = Array.from({ length: 60 }, (_, n) => `${n}`.repeat(2000));
  const seen: unknown[] = [];
  for (const part of [texts.slice(0, 30), texts.slice(30)]) {
    for (const text of part) await store.append(text);
    await store.rotate();
    let batches = 0;
    for (let before = -1; before < seen.length;) {
      before = seen.length;
      for await (const { records } of tail.read()) {
        seen.push(...records);
        batches++;
        break;
      }
    }
    assert(batches > 2, `${batches} batches`);
  }
  assertEquals(seen, texts);
  await store.close();
});

test("LogTail.read() goes on behind a truncation of what it has read", async () => {
  const fileSystem = new MemoryFileSystem();
  const store = await MiniStore.open<number>("a", { fileSystem });
  const { poll, seen } = following(fileSystem);
  for (let n = 1; n < 10; n++) {
    await store.append(n);
    await poll();
    await store.rotate();
    if (n % 3 === 0) assertEquals(await poll(), []);
    await store.truncateBefore(n + 1);
    if (n % 2 === 0) assertEquals(await poll(), []);
  }
  await store.append(10);
  await poll();
  assertEquals(seen.map(([n]) => n), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  await store.close();
});

test("LogTail.read() says when what it needs was removed", async () => {
  const fileSystem = new MemoryFileSystem();
  const store = await MiniStore.open<number>("a", { fileSystem });
  await store.append(1);
  const { poll, tail } = following(fileSystem);
  const late = following(fileSystem);
  await poll();
  await store.append(2);
  await store.rotate();
  await store.append(3);
  await store.truncateBefore(3);
  const error = await assertCode(poll, "TRUNCATED");
  assertEquals([error.sequence, tail.next], [3, 2]);
  await assertCode(late.poll, "TRUNCATED");
  await store.close();
});

test("LogTail.read() says when the log was removed, or another one took its place", async () => {
  const fileSystem = new MemoryFileSystem();
  const begin = async () => {
    const store = await MiniStore.open<number>("a", { fileSystem });
    await store.appendAll([1, 2, 3]);
    await store.close();
  };
  await begin();
  const { poll } = following(fileSystem);
  await poll();
  const text = await readText(fileSystem, "a");
  await fileSystem.remove("a");
  await assertCode(poll, "TRUNCATED");
  await begin();
  const error = await assertCode(poll, "CORRUPT");
  assert(error.message.includes("not the segment 1"), error.message);
  const cut = text.slice(0, text.indexOf("\n2\n") + 1);
  await writeFile(fileSystem, "a", cut);
  const shorter = await assertCode(poll, "CORRUPT");
  assertEquals([shorter.offset, shorter.line], [cut.length, 3]);
  await writeFile(fileSystem, "a", text);
  assertEquals(await poll(), []);
});

test("LogTail.read() waits for a group that is not there in full, and passes a recovery", async () => {
  const fileSystem = new MemoryFileSystem();
  let store = await MiniStore.open<number>("a", { fileSystem });
  await store.append(1);
  const { poll } = following(fileSystem);
  await poll();
  const text = await readText(fileSystem, "a");
  await store.append(2);
  const whole = await readBytes(fileSystem, "a");
  await store.close();
  for (let size = text.length; size < whole.length; size++) {
    await writeFile(fileSystem, "a", whole.slice(0, size));
    assertEquals(await poll(), [], `${size} bytes`);
  }
  store = await MiniStore.open("a", { fileSystem });
  assert(store.recovery.torn !== undefined);
  assertEquals(await poll(), []);
  await store.append(3);
  assertEquals(await poll(), [3]);
  await store.close();
  await append(fileSystem, "a", "torn");
  assertEquals(await poll(), []);
  store = await MiniStore.open("a", { fileSystem });
  await store.rotate();
  await store.append(4);
  assertEquals(await poll(), [4]);
  await store.close();
});

test("LogTail.read() refuses damage in front of a valid mark, with its position", async () => {
  const fileSystem = new MemoryFileSystem();
  const store = await MiniStore.open<string>("a", { fileSystem });
  await store.append("one");
  const { poll, tail } = following(fileSystem);
  await poll();
  const { length } = await readBytes(fileSystem, "a");
  for (const text of ["two", "three", "four"]) await store.append(text);
  const bytes = await readBytes(fileSystem, "a");
  const damaged = bytes.slice();
  damaged[length + 1] ^= 1;
  await writeFile(fileSystem, "a", damaged);
  const error = await assertCode(poll, "CORRUPT");
  assertEquals([error.offset, error.line, error.sequence], [length, 4, 2]);
  assertEquals(tail.next, 2);
  await writeFile(fileSystem, "a", bytes);
  assertEquals(await poll(), ["two", "three", "four"]);
});

test("LogTail.read() refuses a sealed segment that is damaged, and one that does not follow", async () => {
  const fileSystem = new MemoryFileSystem();
  const store = await MiniStore.open<number>("a", { fileSystem });
  await store.append(1);
  const [first, second, third] = [1, 2, 3].map(() => following(fileSystem));
  for (const { poll } of [first, second, third]) await poll();
  await store.append(2);
  await store.rotate();
  await store.append(3);
  await store.close();
  const [sealed, active] = [
    await readText(fileSystem, "a.000001"),
    await readText(fileSystem, "a"),
  ];
  await writeFile(fileSystem, "a.000001", `${sealed}x\n`);
  const damaged = await assertCode(first.poll, "CORRUPT");
  assertEquals(damaged.path, "a.000001");
  assertEquals(damaged.offset, sealed.length);
  assertEquals(first.seen.length, 2);
  await writeFile(fileSystem, "a.000001", sealed.slice(0, -1));
  await assertCode(second.poll, "CORRUPT");
  await writeFile(fileSystem, "a.000001", sealed);
  const other = new MemoryFileSystem();
  const foreign = await MiniStore.open<number>("a", { fileSystem: other });
  await foreign.appendAll([1, 2]);
  await foreign.rotate();
  await writeFile(fileSystem, "a", await readBytes(other, "a"));
  await foreign.close();
  const error = await assertCode(third.poll, "CORRUPT");
  assert(error.message.includes("does not continue"), error.message);
  await writeFile(fileSystem, "a", active);
  for (const { poll, seen } of [first, second, third]) {
    await poll();
    assertEquals(seen, [[1, 1], [2, 2], [3, 3]]);
  }
});

test("LogTail.read() stands still at a record that is refused", async () => {
  const fileSystem = new MemoryFileSystem();
  const store = await MiniStore.open<number>("a", { fileSystem });
  let refused: unknown = 3;
  const check = (value: unknown) => {
    if (value === refused) throw new Error("not now");
    return value;
  };
  const reading = { decode: JSON.parse, check };
  const { poll, tail, seen } = following(fileSystem, 1, "a", { reading });
  await store.append(1);
  await poll();
  await store.appendAll([2, 3, 4]);
  for (let n = 0; n < 2; n++) {
    const error = await assertCode(poll, "INVALID_RECORD");
    assertEquals([error.sequence, tail.next], [3, 3]);
  }
  refused = undefined;
  assertEquals(await poll(), [3, 4]);
  assertEquals(seen.map(([n]) => n), [1, 2, 3, 4]);
  await store.close();
});

test("LogTail.read() ends with the reason of its signal", async () => {
  const fileSystem = new MemoryFileSystem();
  const store = await MiniStore.open<number>("a", { fileSystem });
  await store.append(1);
  const controller = new AbortController();
  const { signal } = controller;
  const { poll } = following(fileSystem, 1, "a", { signal });
  assertEquals(await poll(), [1]);
  controller.abort("enough");
  const reason = await poll().catch((error) => error);
  assertEquals(reason, "enough");
  await store.close();
});
