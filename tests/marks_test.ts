import { assertEquals } from "@std/assert";
import { MiniStore } from "../mod.ts";
import { crc32 } from "../src/crc32.ts";
import {
  chainSeed,
  encodeHeader,
  hex8,
  idBytes,
  type Mark,
  markStem,
  parseHeader,
  parseMark,
} from "../src/wal/format.ts";
import { test } from "./support/harness.ts";
import { concat, withFiles } from "./support/journals.ts";

const HEADER = encodeHeader({
  segment: 1,
  first: 1,
  prev: 0,
  id: "6f1c2a9b",
  dropped: 0,
  schema: 1,
  sealed: [],
});

/** Records, and the mark that they are followed by. */
type Group = readonly [records: string, kind: Mark["kind"], sequence: number];

/** A journal whose chain is right, whatever its marks state. */
function journal(...groups: readonly Group[]): Uint8Array {
  let chain = parseHeader(HEADER)?.chain ?? 0;
  const parts: (Uint8Array | string)[] = [HEADER];
  for (const [records, kind, sequence] of groups) {
    const text = records + markStem(kind, sequence);
    const bytes = new TextEncoder().encode(text);
    chain = crc32(bytes, chainSeed(chain, idBytes("6f1c2a9b")));
    parts.push(`${text}${hex8(chain)}\n`);
  }
  return concat(...parts);
}

async function verify(...groups: readonly Group[]) {
  const fileSystem = await withFiles(new Map([["a", journal(...groups)]]));
  return await MiniStore.verify("a", { fileSystem });
}

const FIRST: Group = ["1\n2\n", "commit", 2];

test("MiniStore takes a mark with the right checksum for valid where the format allows one", async () => {
  const { ok, records, closed, torn } = await verify(
    FIRST,
    ["", "closed", 2],
    ["3\n", "commit", 3],
    ["", "closed", 3],
  );
  assertEquals([ok, records, closed, torn], [true, 3, true, undefined]);
});

const WRONG: Record<string, Group> = {
  "a commit line without records": ["", "commit", 3],
  "a commit line that does not count on": ["3\n", "commit", 2],
  "a commit line that counts back": ["3\n", "commit", 1],
  "a closed line behind records": ["3\n", "closed", 2],
  "a closed line with a number before the last one": ["", "closed", 1],
  "a closed line with a number behind the last one": ["", "closed", 3],
};
for (const [what, group] of Object.entries(WRONG)) {
  test(`MiniStore does not count ${what}, though its checksum is right`, async () => {
    const { records, lastSequence, closed, torn } = await verify(FIRST, group);
    assertEquals([records, lastSequence, closed], [2, 2, false]);
    assertEquals(torn?.offset, journal(FIRST).length);
  });
}

test("MiniStore refuses a commit line that does not count its records, though its checksum is right", async () => {
  const { damage } = await verify(FIRST, ["3\n4\n", "commit", 5]);
  assertEquals([damage?.code, damage?.sequence], ["CORRUPT", 4]);
});

test("MiniStore refuses a line that is not JSON in a group whose checksum is right", async () => {
  const { damage, records } = await verify(FIRST, ["3\n{\n", "commit", 4]);
  assertEquals([damage?.code, damage?.sequence], ["CORRUPT", 4]);
  assertEquals(records, 3);
});

test("MiniStore does not count a closed line with a wrong checksum", async () => {
  const bytes = journal(FIRST, ["", "closed", 2]);
  bytes[bytes.length - 2] ^= 1;
  const fileSystem = await withFiles(new Map([["a", bytes]]));
  const { ok, closed, torn } = await MiniStore.verify("a", { fileSystem });
  assertEquals([ok, closed], [true, false]);
  assertEquals(torn?.offset, journal(FIRST).length);
});

test("parseMark() wants a space between the number and the checksum", () => {
  for (const between of ["_", "x", "", "7890"]) {
    const line = `// commit 1234567890123${between}85208839\n`;
    const bytes = new TextEncoder().encode(line);
    assertEquals(parseMark(bytes, 0, bytes.length), undefined, line);
  }
});

test("MiniStore.verify() does not call a log closed that has bytes behind its closed line", async () => {
  const bytes = concat(journal(FIRST, ["", "closed", 2]), "torn");
  const fileSystem = await withFiles(new Map([["a", bytes]]));
  const { ok, closed, torn } = await MiniStore.verify("a", { fileSystem });
  assertEquals([ok, closed, torn?.bytes], [true, false, 4]);
});
