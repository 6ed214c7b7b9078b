import { assert, assertEquals, assertRejects } from "@std/assert";
import { MemoryFileSystem, MiniStore } from "../mod.ts";
import { encodeHeader, parseHeader } from "../src/wal/format.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import { filesOf } from "./support/journals.ts";
import {
  appendVersion,
  linesOf,
  openAndClose,
  openLines,
  withSchemas,
} from "./support/logs.ts";
import { following } from "./support/tails.ts";
import { readText, writeFile } from "./support/text.ts";

test("encodeHeader() says the schema version behind the id, if it is not 1", () => {
  const header = {
    segment: 1,
    first: 1,
    prev: 0,
    id: "6f1c2a9b",
    schema: 12,
    dropped: 3,
    sealed: [],
  };
  const line = encodeHeader(header);
  const text = new TextDecoder().decode(line);
  assert(text.includes('"id":"6f1c2a9b","schema":12,"dropped":3}'), text);
  assertEquals(parseHeader(line)?.schema, 12);
  const one = encodeHeader({ ...header, schema: 1 });
  assert(!new TextDecoder().decode(one).includes("schema"));
  assertEquals(parseHeader(one)?.schema, 1);
});

test("parseHeader() refuses a schema version that is none", () => {
  const header = { segment: 1, first: 1, prev: 0, id: "6f1c2a9b" };
  for (const schema of [0, -1, 1.5, NaN, 2 ** 53, Infinity]) {
    const wrong = { ...header, schema, dropped: 0, sealed: [] };
    assertEquals(parseHeader(encodeHeader(wrong)), undefined, `${schema}`);
  }
});

test("readLog() says the schema version of each record, which rotation carries on", async () => {
  const fileSystem = new MemoryFileSystem();
  for (const schema of [1, 1, 2, 2, 7]) await appendVersion(fileSystem, schema);
  const { writer, close } = await openLines(fileSystem, { schema: 7 });
  await writer.rotate();
  await writer.append("7");
  const expected = [1, 1, 2, 2, 7, 7].map((n): [number, number] => [n, n]);
  assertEquals(await withSchemas(linesOf(fileSystem)), expected);
  const { seen, poll } = following(fileSystem);
  assertEquals(await poll(), [1, 1, 2, 2, 7, 7]);
  assertEquals(seen.length, 6);
  const names = [...(await filesOf(fileSystem)).keys()];
  assertEquals(names.filter((name) => /\d$/.test(name)).length, 3);
  await writer.truncateBefore(6);
  assert((await readText(fileSystem, "a")).includes('"schema":7,"dropped":5'));
  assertEquals(writer.firstSequence, 6);
  await close();
  assertEquals(await withSchemas(linesOf(fileSystem)), [[7, 7]]);
});

test("openForWriting() refuses a log with a higher schema version, and changes nothing", async () => {
  const fileSystem = new MemoryFileSystem();
  for (const schema of [1, 3]) await appendVersion(fileSystem, schema);
  const text = await readText(fileSystem, "a");
  await writeFile(fileSystem, "a", `${text}torn`);
  const before = await filesOf(fileSystem);
  for (const schema of [1, 2]) {
    const open = () => openLines(fileSystem, { schema });
    const error = await assertCode(open, "UNSUPPORTED_VERSION");
    assertEquals(
      error.message,
      `Cannot open "a": its records have schema version 3, and this program reads those up to ${schema}; use a newer program`,
    );
    assertEquals(error.path, "a");
  }
  const store = () => MiniStore.open("a", { fileSystem });
  await assertCode(store, "UNSUPPORTED_VERSION");
  assertEquals(await filesOf(fileSystem), before);
  assertEquals((await MiniStore.replay("a", { fileSystem })).length, 2);
  await appendVersion(fileSystem, 4);
  const again = () => openLines(fileSystem, { schema: 3 });
  await assertCode(again, "UNSUPPORTED_VERSION");
});

test("openForWriting() counts mini-rs files as schema version 1", async () => {
  const fileSystem = new MemoryFileSystem();
  await writeFile(fileSystem, "a", "// MINISTORE JOURNAL v0.1.4\n1\n1\n");
  const legacy = { format: "v0.1", schema: 2 } as const;
  await assertRejects(() => openLines(fileSystem, legacy), RangeError);
  assertEquals(await fileSystem.stat("a.lock"), undefined);
  await appendVersion(fileSystem, 2);
  assertEquals(await withSchemas(linesOf(fileSystem)), [[1, 1], [1, 1], [
    2,
    2,
  ]]);
  const again = () => openLines(fileSystem, { schema: 1 });
  await assertCode(again, "UNSUPPORTED_VERSION");
});

test("readLog() and LogTail.read() refuse what is above maxSchema, and hand out what is before it", async () => {
  const fileSystem = new MemoryFileSystem();
  await appendVersion(fileSystem, 1);
  const source = { maxSchema: 1 };
  const tail = following(fileSystem, 1, "a", source);
  assertEquals(await tail.poll(), [1]);
  await appendVersion(fileSystem, 2);
  const error = await assertCode(tail.poll, "UNSUPPORTED_VERSION");
  assertEquals(
    error.message,
    'Cannot read "a": its records have schema version 2, and this program reads those up to 1; use a newer program',
  );
  const fresh = following(fileSystem, 1, "a", source);
  await assertCode(fresh.poll, "UNSUPPORTED_VERSION");
  assertEquals([fresh.seen, fresh.tail.next], [[[1, 1]], 2]);
  const knowing = following(fileSystem, 2, "a", { maxSchema: 2 });
  assertEquals(await knowing.poll(), [2]);
});

test("LogTail.read() goes on where an empty segment was replaced by one with a higher schema version", async () => {
  const fileSystem = new MemoryFileSystem();
  const { poll } = following(fileSystem);
  await openAndClose(fileSystem, 1);
  assertEquals(await poll(), []);
  await appendVersion(fileSystem, 3);
  assertEquals(await poll(), [3]);
});
