import { assert, assertEquals, assertRejects } from "@std/assert";
import { DurableError, MemoryFileSystem, MiniStore } from "../mod.ts";
import { adapters, onDisk } from "./support/adapters.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import { filesOf, withFiles } from "./support/journals.ts";
import { readText, writeFile } from "./support/text.ts";

for (const adapter of adapters) {
  test(`MiniStore appends, reopens and replays (${adapter.name})`, () =>
    adapter.with(async (fileSystem, dir) => {
      const path = `${dir}/state/deep/journal.jsonl`;
      let store = await MiniStore.open<unknown>(path, { fileSystem });
      assertEquals(store.recovery, {
        created: true,
        closed: false,
        upgraded: false,
        rotated: false,
        rewrittenBytes: 0,
        torn: undefined,
      });
      assertEquals([store.path, store.sequence, store.firstSequence], [
        path,
        0,
        1,
      ]);
      assertEquals(await store.append({ Set: { value: 42 } }), 1);
      assertEquals(await store.appendAll([{ Inc: { delta: 25 } }, null]), 3);
      assertEquals(store.appendSync("ü 🎈 \ud800"), 4);
      assertEquals(store.sequence, 4);
      await store.close();
      store = await MiniStore.open(path, { fileSystem });
      assertEquals([
        store.sequence,
        store.recovery.created,
        store.recovery.closed,
      ], [4, false, true]);
      await store.rotate();
      assertEquals(await store.append(5), 5);
      await store.close();
      const records = [
        { Set: { value: 42 } },
        { Inc: { delta: 25 } },
        null,
        "ü 🎈 \ud800",
        5,
      ];
      assertEquals(await MiniStore.replay(path, { fileSystem }), records);
      const report = await MiniStore.verify(path, { fileSystem });
      assertEquals(
        [report.ok, report.segments, report.records, report.closed],
        [true, 2, 5, true],
      );
      assertEquals([report.firstSequence, report.lastSequence], [1, 5]);
    }));
}

test("MiniStore writes what the format says, byte for byte", async () => {
  const fileSystem = new MemoryFileSystem();
  const store = await MiniStore.open<unknown>("a", { fileSystem });
  await store.append({ Set: { value: 42 } });
  await store.appendAll([{ Inc: { delta: 25 } }, { Inc: { delta: 1 } }]);
  await store.close();
  const text = await readText(fileSystem, "a");
  const pattern =
    /^\/\/ MINISTORE JOURNAL v0\.2\.0 \{"segment":1,"first":1,"prev":"00000000","id":"(\w{8})"\} (\w{8})\n\{"Set":\{"value":42\}\}\n\/\/ commit 1 (\w{8})\n\{"Inc":\{"delta":25\}\}\n\{"Inc":\{"delta":1\}\}\n\/\/ commit 3 (\w{8})\n\/\/ closed 3 (\w{8})\n$/;
  const [, id, ...stated] = pattern.exec(text) ?? [];
  // The chain, computed once more from the words of the specification.
  const crc = (part: string, seed: number) =>
    fileSystem.crc32(new TextEncoder().encode(part), seed);
  let chain = crc(text.slice(0, text.indexOf("\n") - 8), 0);
  const computed = [chain];
  for (
    const part of [
      '{"Set":{"value":42}}\n// commit 1 ',
      '{"Inc":{"delta":25}}\n{"Inc":{"delta":1}}\n// commit 3 ',
      "// closed 3 ",
    ]
  ) computed.push(chain = crc(part, crc(id, chain)));
  assertEquals(
    stated,
    computed.map((value) => value.toString(16).padStart(8, "0")),
  );
});

test("MiniStore.open() and close() again and again change nothing", async () => {
  const fileSystem = new MemoryFileSystem();
  const store = await MiniStore.open<number>("a", { fileSystem });
  await store.append(1);
  await store.close();
  const before = await filesOf(fileSystem);
  for (let n = 0; n < 3; n++) {
    await (await MiniStore.open("a", { fileSystem })).close();
    assertEquals(await filesOf(fileSystem), before);
  }
});

test("MiniStore.open() begins anew on an empty file and on what mini-rs leaves of a header", async () => {
  for (
    const text of [
      "",
      "//",
      "// MINISTORE JOURNAL v0.",
      "// MINISTORE JOURNAL v0.1.4",
    ]
  ) {
    const fileSystem = new MemoryFileSystem();
    await writeFile(fileSystem, "a", text);
    assertEquals(await MiniStore.replay("a", { fileSystem }), []);
    await using store = await MiniStore.open<number>("a", { fileSystem });
    assertEquals([store.recovery.created, store.sequence], [true, 0]);
    await store.append(1);
    assertEquals(await MiniStore.replay("a", { fileSystem }), [1]);
  }
});

test("MiniStore.open() refuses a part of a header of v0.2, which no crash leaves", async () => {
  for (
    const text of [
      "// MINISTORE JOURNAL v0.2",
      '// MINISTORE JOURNAL v0.2.0 {"segment":1,"fir',
    ]
  ) {
    const fileSystem = new MemoryFileSystem();
    await writeFile(fileSystem, "a", text);
    await assertCode(() => MiniStore.open("a", { fileSystem }), "CORRUPT");
    assertEquals(await readText(fileSystem, "a"), text);
  }
});

test("MiniStore.open() goes on behind a header alone", async () => {
  const fileSystem = new MemoryFileSystem();
  const store = await MiniStore.open("a", { fileSystem });
  const header = await readText(fileSystem, "a");
  await store.close();
  const fresh = new MemoryFileSystem();
  await writeFile(fresh, "a", header);
  await using again = await MiniStore.open<number>("a", { fileSystem: fresh });
  assertEquals(
    [again.sequence, again.recovery.created, again.recovery.closed],
    [0, false, false],
  );
  assertEquals(await again.append(1), 1);
});

test("MiniStore.replay() and stream() of no log give no records; verify() says NOT_FOUND", async () => {
  const fileSystem = new MemoryFileSystem();
  assertEquals(await MiniStore.replay("no/a", { fileSystem }), []);
  for await (const _ of MiniStore.stream("no/a", { fileSystem })) {
    throw new Error("a record");
  }
  await assertCode(() => MiniStore.verify("no/a", { fileSystem }), "NOT_FOUND");
  assertEquals(await filesOf(fileSystem), new Map());
});

test("MiniStore.stream() begins at a sequence number and counts", async () => {
  const fileSystem = new MemoryFileSystem();
  await using store = await MiniStore.open<number>("a", {
    fileSystem,
    maxSegmentBytes: 150,
  });
  for (let n = 1; n <= 50; n++) await store.append(n * 10);
  for (const from of [1, 2, 17, 49, 50, 51, 60]) {
    const seen: number[] = [];
    for await (
      const { sequence, record } of MiniStore.stream<number>("a", {
        fileSystem,
        from,
      })
    ) {
      assertEquals(record, sequence * 10);
      seen.push(sequence);
    }
    assertEquals(
      seen,
      Array.from({ length: Math.max(0, 51 - from) }, (_, n) => from + n),
    );
  }
});

test("MiniStore.stream() ends with the reason of its signal, and closes its file when it is left", async () => {
  const fileSystem = new MemoryFileSystem();
  await using store = await MiniStore.open<number>("a", { fileSystem });
  await store.appendAll([1, 2, 3]);
  const reason = new Error("enough");
  const iterate = async (signal: AbortSignal, on: (record: number) => void) => {
    for await (
      const { record } of MiniStore.stream<number>("a", { fileSystem, signal })
    ) on(record);
  };
  const aborted = await assertRejects(
    () => iterate(AbortSignal.abort(reason), () => {}),
    Error,
  );
  assertEquals(aborted, reason);
  const controller = new AbortController();
  const seen: number[] = [];
  await assertRejects(
    () =>
      iterate(controller.signal, (record) => {
        seen.push(record);
        if (record === 2) controller.abort(reason);
      }),
    Error,
    "enough",
  );
  assertEquals(seen, [1, 2]);
  await onDisk.with(async (disk, dir) => {
    const onFile = await MiniStore.open<number>(`${dir}/a`, {
      fileSystem: disk,
    });
    await onFile.appendAll([1, 2, 3]);
    for await (const _ of MiniStore.stream(`${dir}/a`, { fileSystem: disk })) {
      break;
    }
    await onFile.close(); // Deno's test runner finds a file that stayed open
  });
});

test("MiniStore reads what is durable while another writes, and repairs nothing", async () => {
  const fileSystem = new MemoryFileSystem();
  await using store = await MiniStore.open<number>("a", { fileSystem });
  await store.append(1);
  assertEquals(await MiniStore.replay("a", { fileSystem }), [1]);
  const file = await fileSystem.open("a", { mode: "read" });
  const bytes = new Uint8Array(await file.size());
  await file.read(bytes, 0);
  const copy = await withFiles(
    new Map([["a", bytes.subarray(0, bytes.length - 1)]]),
  );
  assertEquals(await MiniStore.replay("a", { fileSystem: copy }), []);
  assertEquals((await copy.stat("a"))?.size, bytes.length - 1);
});

test("MiniStore.verify() tells damage from a torn tail and throws for neither", async () => {
  const fileSystem = new MemoryFileSystem();
  const store = await MiniStore.open<number>("a", { fileSystem });
  await store.appendAll([1, 2]);
  await store.close();
  const text = await readText(fileSystem, "a");
  await writeFile(fileSystem, "a", text + "torn");
  const torn = await MiniStore.verify("a", { fileSystem });
  assertEquals([torn.ok, torn.closed, torn.torn], [true, false, {
    path: "a",
    offset: text.length,
    line: 6,
    bytes: 4,
  }]);
  await writeFile(fileSystem, "a", text.replace("1\n2\n", "1\n3\n"));
  const damaged = await MiniStore.verify("a", { fileSystem });
  assert(damaged.damage instanceof DurableError);
  assertEquals([damaged.ok, damaged.records, damaged.damage.line], [
    false,
    0,
    2,
  ]);
});
