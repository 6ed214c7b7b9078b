import { assert, assertEquals, assertThrows } from "@std/assert";
import { DurableError, MemoryFileSystem, MiniStore } from "../mod.ts";
import { SimulatedFileSystem, testCrashes } from "../src/testing/mod.ts";
import { openForWriting } from "../src/wal/log.ts";
import { onDisk } from "./support/adapters.ts";
import { assertCode } from "./support/errors.ts";
import { FaultyFileSystem } from "./support/faulty_file_system.ts";
import { test } from "./support/harness.ts";
import { filesOf } from "./support/journals.ts";
import {
  appendVersion,
  linesOf,
  openAndClose,
  openLines,
  withSchemas,
} from "./support/logs.ts";
import { writeFile } from "./support/text.ts";

test("Writer.append() begins a segment for a higher schema version, on disk too", () =>
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

test("openForWriting() with a higher schema version changes nothing that was closed, so that an older program can go on", async () => {
  const fileSystem = new MemoryFileSystem();
  await openAndClose(fileSystem, 3); // a log without records has no version yet
  await appendVersion(fileSystem, 1);
  const before = await filesOf(fileSystem);
  await openAndClose(fileSystem, 2);
  assertEquals(await filesOf(fileSystem), before);
  await appendVersion(fileSystem, 1);
  const { writer, close } = await openLines(fileSystem, { schema: 2 });
  await writer.rotate();
  await writer.truncateBefore(3);
  await close();
  await appendVersion(fileSystem, 1);
  assertEquals(await withSchemas(linesOf(fileSystem)), [[1, 1]]);
  await appendVersion(fileSystem, 2);
  await assertCode(() => openAndClose(fileSystem, 1), "UNSUPPORTED_VERSION");
});

test("openForWriting() of mini-rs files with a higher schema version leaves them to an older program", async () => {
  const fileSystem = new MemoryFileSystem();
  await writeFile(fileSystem, "a", "// MINISTORE JOURNAL v0.1.4\n1\n");
  await openAndClose(fileSystem, 2);
  await appendVersion(fileSystem, 1);
  await appendVersion(fileSystem, 2);
  const expected: [number, number][] = [[1, 1], [1, 1], [2, 2]];
  assertEquals(await withSchemas(linesOf(fileSystem)), expected);
});

test("Writer.append() begins the segment of a higher schema version once, in front of all that waits", async () => {
  const fileSystem = new MemoryFileSystem();
  await appendVersion(fileSystem, 1);
  const { writer, close } = await openLines(fileSystem, { schema: 2 });
  const appends = [writer.append("2"), writer.append(["2", "2"])];
  const rotated = writer.rotate();
  appends.push(writer.append("2"));
  assertEquals(await Promise.all(appends), [2, 4, 5]);
  await rotated;
  await close();
  const expected = [1, 2, 2, 2, 2].map((n): [number, number] => [n, n]);
  assertEquals(await withSchemas(linesOf(fileSystem)), expected);
  const { segments } = await MiniStore.verify("a", { fileSystem });
  assertEquals(segments, 3);
});

test("Writer.appendSync() is BUSY while the segment of a higher schema version is not begun, as it cannot wait for it", async () => {
  const fileSystem = new MemoryFileSystem();
  await appendVersion(fileSystem, 1);
  const { writer, close } = await openLines(fileSystem, { schema: 2 });
  const { code } = assertThrows(() => writer.appendSync("2"), DurableError);
  assertEquals(code, "BUSY");
  assertEquals(await writer.append("2"), 2);
  assertEquals(writer.appendSync("2"), 3);
  await close();
  const records = await withSchemas(linesOf(fileSystem));
  assertEquals(records, [[1, 1], [2, 2], [2, 2]]);
});

test("Writer.append() puts a new header in the place of a segment without records", async () => {
  const fileSystem = new MemoryFileSystem();
  for (const schema of [1, 2]) await openAndClose(fileSystem, schema);
  assertEquals([...(await filesOf(fileSystem)).keys()], ["a"]);
  await appendVersion(fileSystem, 2);
  assertEquals([...(await filesOf(fileSystem)).keys()], ["a"]);
  assertEquals(await withSchemas(linesOf(fileSystem)), [[2, 2]]);
  const before = await filesOf(fileSystem);
  await openAndClose(fileSystem, 2);
  assertEquals(await filesOf(fileSystem), before);
});

test("Writer.append() fails if it cannot begin the segment of a higher schema version, and the log opens again", async () => {
  const outcomes: string[] = [];
  while (outcomes.at(-1) !== "open") {
    const inner = new MemoryFileSystem();
    await appendVersion(inner, 1);
    const fileSystem = new FaultyFileSystem(inner);
    let renames = 0;
    fileSystem.onCall = ({ kind }) => {
      if (kind === "rename" && renames++ === outcomes.length) {
        throw new Error("EIO");
      }
    };
    const outcome = await appendVersion(fileSystem, 2).then(
      () => "open",
      ({ code }) => code,
    );
    outcomes.push(outcome);
    await appendVersion(inner, 2);
    const records = await withSchemas(linesOf(inner));
    assertEquals(records.slice(0, 2), [[1, 1], [2, 2]]);
  }
  assertEquals(outcomes, ["FAILED", "FAILED", "FAILED", "open"]);
});

test("Writer.append() raises the schema version so that a crash at each step leaves a log that opens", async () => {
  const { states } = await testCrashes<number>({
    orders: 0, // our own calls are tried in other orders elsewhere
    faults: [],
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
      await appendVersion(fileSystem, 2);
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
    await appendVersion(fileSystem, 1);
    let calls = 0;
    fileSystem.onOperation = () => {
      if (++calls === stop) fileSystem.stop();
    };
    const stopped = await appendVersion(fileSystem, 2).then(
      () => false,
      () => true,
    );
    if (!stopped) break;
    fileSystem.onOperation = () => {};
    fileSystem.restart();
    const old = await appendVersion(fileSystem, 1).then(
      () => ++own,
      ({ code }) => (assertEquals(code, "UNSUPPORTED_VERSION"), ++refused),
    );
    assert(old > 0);
    await appendVersion(fileSystem, 2);
    for (const [record, schema] of await withSchemas(linesOf(fileSystem))) {
      assertEquals(record, schema, `stopped at ${stop}`);
    }
  }
  assert(own > 10 && refused > 5, `${own} and ${refused}`);
});

test("openForWriting() with a higher schema version leaves a log that the older program opens, wherever it is stopped", async () => {
  const { states } = await testCrashes<number>({
    orders: 0, // our own calls are tried in other orders elsewhere
    faults: [],
    run: async (fileSystem, watch) => {
      let owed = 0;
      watch(() => owed);
      const { writer, close } = await openLines(fileSystem, { schema: 1 });
      owed = await writer.append("1");
      await writer.rotate();
      owed = await writer.append("1");
      await close();
      for (let n = 0; n < 2; n++) await openAndClose(fileSystem, 2);
    },
    check: async (fileSystem, owed, watch) => {
      watch(() => owed);
      await openAndClose(fileSystem, 2);
      await appendVersion(fileSystem, 1);
      const records = await withSchemas(linesOf(fileSystem));
      assert(records.length > owed, `${records.length} of ${owed} records`);
      for (const record of records) assertEquals(record, [1, 1]);
    },
    states: { limit: 20 },
    again: { data: ["D0", "D7"], limit: 2 },
  });
  assert(states > 100, `${states} states`);
});
