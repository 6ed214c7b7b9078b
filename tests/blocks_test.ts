import { assert, assertEquals } from "@std/assert";
import { crc32 } from "../src/crc32.ts";
import { BlockIndex } from "../src/wal/blocks.ts";
import { chainSeed, hex8, idBytes, markStem } from "../src/wal/format.ts";
import { inspect } from "../src/wal/segments.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import {
  assertFound,
  BLOCK,
  flip,
  HEAD,
  opened,
  recordAt,
  texts,
} from "./support/lookups.ts";
import { append } from "./support/tails.ts";
import { readBytes, readText, writeFile } from "./support/text.ts";

test("Lookup.read() scans a large group once, and then reads it block by block", async () => {
  const { inner, fileSystem, store, lookup } = await opened();
  const records = texts(100_000, 12);
  await store.append("before");
  await store.appendAll(records);
  const { length } = await readBytes(inner, "a");
  // It is begun, found to be large, checked, and read again in pieces.
  const scan = await fileSystem.cost(() => lookup.read(2));
  assert(scan < 2 * length + (1 << 21), `${scan} bytes of ${length}`);
  const blocks: number[] = [];
  const rest = await fileSystem.cost(async () => {
    for (let n = 1; n <= store.sequence;) {
      const { first, lines } = await lookup.read(n);
      blocks.push(first);
      assertEquals(JSON.parse(lines[0]), first > 1 ? records[n - 2] : "before");
      n = first + lines.length;
    }
  });
  assert(rest <= length + blocks.length * HEAD, `${rest} bytes of ${length}`);
  assertEquals(blocks.length, Math.ceil(length / (BLOCK + 40)));
  await assertFound(lookup, ["before", ...records], [50_000, 3, 100_001]);
  await store.close();
});

test("Lookup.read() scans no further than it is asked to, and on from there", async () => {
  const { inner, fileSystem, store, lookup } = await opened();
  await store.append("first");
  // Who asked for too much once has got an answer, and is not scanned for again.
  await assertCode(() => lookup.read(1_000_000), "CORRUPT");
  for (let n = 0; n < 100; n++) await store.appendAll(texts(100, 50));
  const { length } = await readBytes(inner, "a");
  const near = await fileSystem.cost(() => lookup.read(150));
  assert(near < 5 * BLOCK, `${near} bytes`);
  const middle = await fileSystem.cost(() => lookup.read(5000));
  assert(middle > length / 3 && middle < length * 2 / 3, `${middle} bytes`);
  const far = await fileSystem.cost(() => lookup.read(10_000));
  assert(far > length / 3 && far < length * 2 / 3, `${far} bytes`);
  await store.close();
});

test("Lookup.read() goes on with a log that grows, group by group, in one block", async () => {
  const { fileSystem, store, lookup } = await opened();
  for (let n = 1; n <= 300; n++) {
    await store.append(n);
    assertEquals(await recordAt(lookup, n), n);
    assertEquals((await lookup.read(1)).lines.length, n);
  }
  const cost = await fileSystem.cost(() => lookup.read(7));
  await store.append("x".repeat(BLOCK));
  await store.append("y");
  const { first, lines } = await lookup.read(302);
  assertEquals([first, lines], [302, ['"y"']]);
  assertEquals((await lookup.read(301)).first, 1);
  assert(cost < 15_000, `${cost} bytes`);
  await store.close();
});

test("Lookup.read() reads records of every length around that of a block", async () => {
  const { store, lookup } = await opened();
  const records: string[] = [];
  for (const size of [BLOCK, 2 * BLOCK, 20 * BLOCK]) {
    for (const delta of [-90, -25, -3, -2, -1, 0, 1, 20]) {
      records.push("x".repeat(size + delta), "short");
    }
  }
  for (const record of records.slice(0, 20)) await store.append(record);
  await store.appendAll(records.slice(20));
  await assertFound(lookup, records);
  const sole = await lookup.read(records.length - 1);
  assertEquals(sole.lines.length, 1 + Number(sole.first < records.length - 1));
  await store.close();
});

test("Lookup.read() refuses a group that does not hold as many records as it states", async () => {
  const { inner, store, lookup } = await opened();
  await store.append(1);
  await store.close();
  await assertFound(lookup, [1]);
  const { head, closing } = await inspect(inner, "a");
  assert(head.kind === "v0.2" && closing !== undefined);
  const end = (await readText(inner, "a")).length;
  const group = `2\n3\n${markStem("commit", 4)}`;
  const seed = chainSeed(closing.chain, idBytes(head.header.id));
  const chain = hex8(crc32(new TextEncoder().encode(group), seed));
  await append(inner, "a", `${group}${chain}\n`);
  for (const n of [2, 3, 4, 2]) {
    const error = await assertCode(() => lookup.read(n), "CORRUPT");
    assertEquals([error.offset, error.sequence], [end, 2]);
  }
  await assertFound(lookup, [1]);
});

test("Lookup.read() refuses a line that is not UTF-8, though the checksum of its group is right", async () => {
  const { inner, store, lookup } = await opened();
  await store.append(1);
  await store.close();
  const { head, closing } = await inspect(inner, "a");
  assert(head.kind === "v0.2" && closing !== undefined);
  const before = await readBytes(inner, "a");
  const group = new TextEncoder().encode(`2\n"?"\n${markStem("commit", 3)}`);
  group[3] = 0xff;
  const seed = chainSeed(closing.chain, idBytes(head.header.id));
  const chain = new TextEncoder().encode(`${hex8(crc32(group, seed))}\n`);
  await writeFile(inner, "a", new Uint8Array([...before, ...group, ...chain]));
  const error = await assertCode(() => lookup.read(3), "CORRUPT");
  const { offset, line, sequence } = error; // behind header, record and two marks
  assertEquals([offset, line, sequence], [before.length + 2, 6, 3]);
});

test("Lookup.read() takes nothing from a file that becomes shorter while it is scanned", async () => {
  const records = texts(12_000, 30); // a group that is read twice
  for (let at = 3, reached = true; reached; at++) {
    const { inner, fileSystem, store, lookup } = await opened();
    await store.appendAll(records);
    const whole = await readBytes(inner, "a");
    const file = await inner.open("a", { mode: "write" });
    reached = false;
    fileSystem.onCall = async ({ kind }) => {
      if (kind !== "read" || fileSystem.count("read") !== at) return;
      reached = true;
      await file.truncate(whole.length - 100);
    };
    const code = await recordAt(lookup, 12_000).catch(({ code }) => code);
    if (reached) assertEquals(code, "CORRUPT", `read ${at}`);
    else assert(at > 20, `${at} reads`);
    fileSystem.onCall = () => {};
    await file.write(whole, 0);
    await file.close();
    await assertFound(lookup, records, [12_000, 1, 6000], `read ${at}`);
    await store.close();
  }
});

test("Lookup.read() opens one file for a known block, and looks into no directory for a new one", async () => {
  const { fileSystem, store, lookup } = await opened();
  await store.append(1);
  await assertFound(lookup, [1]);
  const known = ["open-read", "size", "read", "read", "close"];
  const calls = async (sequence: number) => {
    fileSystem.calls.length = 0;
    await lookup.read(sequence);
    return fileSystem.calls.map(({ kind }) => kind);
  };
  assertEquals(await calls(1), known);
  await store.append(2);
  const look = ["open-read", "size", "read", "close"];
  const scan = ["open-read", "size", "read", "size", "read", "close"];
  assertEquals(await calls(2), [...look, ...scan, ...known]);
  await store.rotate();
  await calls(2);
  assertEquals(await calls(1), known);
  assertEquals(fileSystem.calls[0].path, "a.000001");
  await store.close();
});

test("Lookup.read() refuses a block that has changed since it was scanned, and no other", async () => {
  const { inner, store, lookup } = await opened();
  const records = texts(2000, 40);
  await store.appendAll(records);
  await store.rotate();
  await assertFound(lookup, records, [2000]);
  const { first, lines } = await lookup.read(1000);
  const whole = await readText(inner, "a.000001");
  const offset = whole.indexOf(`\n${lines[0]}\n`) + 1;
  const line = first + 1; // behind the header
  await flip(inner, "a.000001", offset + 200);
  const error = await assertCode(() => lookup.read(1000), "CORRUPT");
  assertEquals(
    [error.path, error.offset, error.line, error.sequence],
    ["a.000001", offset, line, first],
  );
  await assertFound(lookup, records, [first - 1, first + lines.length]);
  await writeFile(inner, "a.000001", whole.slice(0, offset + 9));
  assertEquals(
    (await assertCode(() => lookup.read(first), "CORRUPT")).offset,
    offset,
  );
  await writeFile(inner, "a.000001", whole);
  await assertFound(lookup, records, [1000, 2000, 1]);
  await store.close();
});

test("BlockIndex.add() takes nothing behind a gap", async () => {
  const { inner, store } = await opened();
  await store.append(1);
  const { head } = await inspect(inner, "a");
  assert(head.kind === "v0.2");
  const index = new BlockIndex(inner, head.header);
  const bytes = new TextEncoder().encode("1\n");
  const offset = head.header.length;
  const end = { offset: offset + 2, chain: 0, sequence: 1, closed: false };
  index.add({ offset: offset + 1, bytes, last: 1 });
  index.confirm(end);
  assertEquals(index.find(1), undefined);
  index.add({ offset, bytes, last: 1 });
  index.confirm(end);
  assertEquals(index.find(1)?.length, 2);
  await store.close();
});
