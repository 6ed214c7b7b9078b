import { assert, assertEquals, assertRejects } from "@std/assert";
import { type FileSystem, MemoryFileSystem, MiniStore } from "../mod.ts";
import { SimulatedFileSystem, testCrashes } from "../src/testing/mod.ts";
import { encodeHeader, parseHeader } from "../src/wal/format.ts";
import { openForWriting } from "../src/wal/log.ts";
import { onDisk } from "./support/adapters.ts";
import { assertCode } from "./support/errors.ts";
import { FaultyFileSystem } from "./support/faulty_file_system.ts";
import { test } from "./support/harness.ts";
import { filesOf } from "./support/journals.ts";
import { linesOf, openLines, withSchemas } from "./support/logs.ts";
import { following } from "./support/tails.ts";
import { readText, writeFile } from "./support/text.ts";

/** Opens a log with a schema version, appends the version as a record, and closes it. */
async function append(fileSystem: FileSystem, schema: number): Promise<void> {
  const { writer, close } = await openLines(fileSystem, { schema });
  await writer.append(`${schema}`);
  await close();
}

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
  for (const schema of [1, 1, 2, 2, 7]) await append(fileSystem, schema);
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

test("openForWriting() begins a segment for a higher schema version, on disk too", () =>
  onDisk.with(async (native, dir) => {
    const log = { fileSystem: native, path: `${dir}/a.jsonl` };
    const settings = { maxSegmentBytes: 1, retain: 9, format: "v0.2" } as const;
    for (const schema of [1, 2, 3]) {
      const { writer, close } = await openForWriting(log, {
        ...settings,
        schema,
      });
      assertEquals(await writer.append(`${schema}`), schema);
      await close();
    }
    const source = { ...linesOf(native), path: log.path };
    assertEquals(await withSchemas(source), [[1, 1], [2, 2], [3, 3]]);
    assertEquals((await MiniStore.verify(log.path)).segments, 3);
  }));

test("openForWriting() puts a new header in the place of a segment without records", async () => {
  const fileSystem = new MemoryFileSystem();
  for (const schema of [1, 2]) {
    const { close } = await openLines(fileSystem, { schema });
    await close();
  }
  assertEquals([...(await filesOf(fileSystem)).keys()], ["a"]);
  await append(fileSystem, 2);
  assertEquals(await withSchemas(linesOf(fileSystem)), [[2, 2]]);
  const before = await filesOf(fileSystem);
  const { close } = await openLines(fileSystem, { schema: 2 });
  await close();
  assertEquals(await filesOf(fileSystem), before);
});

test("openForWriting() refuses a log with a higher schema version, and changes nothing", async () => {
  const fileSystem = new MemoryFileSystem();
  for (const schema of [1, 3]) await append(fileSystem, schema);
  const text = await readText(fileSystem, "a");
  await writeFile(fileSystem, "a", `${text}torn`);
  const before = await filesOf(fileSystem);
  for (const schema of [1, 2]) {
    const open = () => openLines(fileSystem, { schema });
    const error = await assertCode(open, "UNSUPPORTED_VERSION");
    assertEquals(
      error.message,
      `Cannot open "a": its records have schema version 3, and this program knows those up to ${schema}`,
    );
    assertEquals(error.path, "a");
  }
  const store = () => MiniStore.open("a", { fileSystem });
  await assertCode(store, "UNSUPPORTED_VERSION");
  assertEquals(await filesOf(fileSystem), before);
  assertEquals((await MiniStore.replay("a", { fileSystem })).length, 2);
  await append(fileSystem, 4);
  const again = () => openLines(fileSystem, { schema: 3 });
  await assertCode(again, "UNSUPPORTED_VERSION");
});

test("openForWriting() counts mini-rs files as schema version 1", async () => {
  const fileSystem = new MemoryFileSystem();
  await writeFile(fileSystem, "a", "// MINISTORE JOURNAL v0.1.4\n1\n1\n");
  const legacy = { format: "v0.1", schema: 2 } as const;
  await assertRejects(() => openLines(fileSystem, legacy), RangeError);
  assertEquals(await fileSystem.stat("a.lock"), undefined);
  await append(fileSystem, 2);
  assertEquals(await withSchemas(linesOf(fileSystem)), [[1, 1], [1, 1], [
    2,
    2,
  ]]);
  const again = () => openLines(fileSystem, { schema: 1 });
  await assertCode(again, "UNSUPPORTED_VERSION");
});

test("readLog() and LogTail.read() refuse what is above maxSchema, and hand out what is before it", async () => {
  const fileSystem = new MemoryFileSystem();
  await append(fileSystem, 1);
  const source = { maxSchema: 1 };
  const tail = following(fileSystem, 1, "a", source);
  assertEquals(await tail.poll(), [1]);
  await append(fileSystem, 2);
  const error = await assertCode(tail.poll, "UNSUPPORTED_VERSION");
  assertEquals(
    error.message,
    'Cannot read "a": its records have schema version 2, and this program knows those up to 1',
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
  for (const schema of [1, 2, 3]) {
    const { close } = await openLines(fileSystem, { schema });
    assertEquals(await poll(), []);
    await close();
    if (schema !== 2) assertEquals(await poll(), []);
  }
  await append(fileSystem, 3);
  assertEquals(await poll(), [3]);
});

test("openForWriting() lets the lock go if it cannot begin the new segment", async () => {
  const outcomes: string[] = [];
  while (outcomes.at(-1) !== "open") {
    const inner = new MemoryFileSystem();
    await append(inner, 1);
    const fileSystem = new FaultyFileSystem(inner);
    let renames = 0;
    fileSystem.onCall = ({ kind }) => {
      if (kind === "rename" && renames++ === outcomes.length) {
        throw new Error("EIO");
      }
    };
    const outcome = await append(fileSystem, 2).then(
      () => "open",
      ({ code }) => code,
    );
    outcomes.push(outcome);
    await append(inner, 2);
    const records = await withSchemas(linesOf(inner));
    assertEquals(records.slice(0, 2), [[1, 1], [2, 2]]);
  }
  assertEquals(outcomes, ["FAILED", "FAILED", "FAILED", "open"]);
});

test("openForWriting() raises the schema version so that a crash at each step leaves a log that opens", async () => {
  const { states } = await testCrashes<number>({
    run: async (fileSystem, watch) => {
      let owed = 0;
      watch(() => owed);
      for (const schema of [1, 2]) {
        const { writer, close } = await openLines(fileSystem, { schema });
        owed = await writer.append(`${schema}`);
        if (schema === 2) await close();
        else fileSystem.restart();
      }
    },
    check: async (fileSystem, owed, watch) => {
      watch(() => owed);
      // The old program goes on if it can; what it writes has its own version.
      const old = await openLines(fileSystem, { schema: 1 }).catch((error) => {
        assertEquals(error.code, "UNSUPPORTED_VERSION", error.message);
      });
      await old?.writer.append("1");
      await old?.close();
      await append(fileSystem, 2);
      const records = await withSchemas(linesOf(fileSystem));
      const least = owed + (old ? 2 : 1);
      assert(records.length >= least, `${records.length} of ${least} records`);
      for (const [record, schema] of records) assertEquals(record, schema);
    },
    states: { limit: 20 },
    again: { data: ["D0", "D7"], limit: 2 },
  });
  assert(states > 200, `${states} states`);
});

test("openForWriting() finishes a rotation to a schema version that another program had begun", async () => {
  let [own, refused] = [0, 0];
  for (let stop = 1;; stop++) {
    const fileSystem = new SimulatedFileSystem();
    await append(fileSystem, 1);
    let calls = 0;
    fileSystem.onOperation = () => {
      if (++calls === stop) fileSystem.stop();
    };
    const stopped = await append(fileSystem, 2).then(() => false, () => true);
    if (!stopped) break;
    fileSystem.onOperation = () => {};
    fileSystem.restart();
    const old = await append(fileSystem, 1).then(
      () => ++own,
      ({ code }) => (assertEquals(code, "UNSUPPORTED_VERSION"), ++refused),
    );
    assert(old > 0);
    await append(fileSystem, 2);
    for (const [record, schema] of await withSchemas(linesOf(fileSystem))) {
      assertEquals(record, schema, `stopped at ${stop}`);
    }
  }
  assert(own > 10 && refused > 5, `${own} and ${refused}`);
});
