import { assertEquals } from "@std/assert";
import { crc32 } from "../src/crc32.ts";
import {
  encodeHeader,
  findMark,
  hex8,
  parseHeader,
  parseHex8,
  parseMark,
  type SegmentHeader,
} from "../src/wal/format.ts";
import { retreat } from "../src/wal/proof.ts";
import { test } from "./support/harness.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const HEADER: SegmentHeader = {
  segment: 3,
  first: 40,
  prev: 0xabc,
  id: "6f1c2a9b",
  dropped: 0,
  schema: 1,
  sealed: [],
};

test("encodeHeader() writes the line that the format shows", () => {
  const text = new TextDecoder().decode(
    encodeHeader({ ...HEADER, segment: 1, first: 1, prev: 0 }),
  );
  const stem =
    '// MINISTORE JOURNAL v0.2.0 {"segment":1,"first":1,"prev":"00000000","id":"6f1c2a9b"} ';
  assertEquals(text, `${stem}${hex8(crc32(bytes(stem)))}\n`);
});

test("parseHeader() reads what encodeHeader() wrote", () => {
  for (
    const extra of [{}, { dropped: 12 }, {
      sealed: [[3, 120, 0xff], [0, 27, 1]] as const,
    }]
  ) {
    const header = { ...HEADER, ...extra };
    const line = encodeHeader(header);
    const parsed = parseHeader(line);
    assertEquals(parsed, {
      ...header,
      length: line.length,
      chain: parsed?.chain ?? -1,
    });
  }
});

test("parseHeader() refuses every flipped bit and every cut", () => {
  const line = encodeHeader({
    ...HEADER,
    dropped: 7,
    sealed: [[3, 120, 0xff]],
  });
  for (let n = 0; n < line.length; n++) {
    assertEquals(parseHeader(line.slice(0, n)), undefined);
    for (let bit = 0; bit < 8; bit++) {
      const copy = line.slice();
      copy[n] ^= 1 << bit;
      assertEquals(parseHeader(copy), undefined, `byte ${n}, bit ${bit}`);
    }
  }
});

test("parseHeader() refuses numbers that nobody can count on", () => {
  const cases: [string, unknown][] = [
    ["segment", 2 ** 53 - 1],
    ["segment", 0],
    ["first", 2 ** 53 - 1],
    ["first", -1],
    ["dropped", 1.5],
    ["sealed", [1]],
    ["sealed", [null]],
    ["sealed", [[-1, 5, "00000000"]]],
    ["sealed", [[1, 5, "x"]]],
    ["sealed", {}],
  ];
  for (const [key, value] of cases) {
    const fields = {
      segment: 3,
      first: 40,
      prev: "00000abc",
      id: "6f1c2a9b",
      [key]: value,
    };
    const stem = `// MINISTORE JOURNAL v0.2.0 ${JSON.stringify(fields)} `;
    assertEquals(
      parseHeader(bytes(`${stem}${hex8(crc32(bytes(stem)))}\n`)),
      undefined,
      `${key} ${value}`,
    );
  }
});

test("parseMark() reads commit and closed lines, and nothing else", () => {
  const parse = (text: string) => parseMark(bytes(text), 0, bytes(text).length);
  assertEquals(parse("// commit 42 0000abcd\n"), {
    kind: "commit",
    sequence: 42,
    chain: 0xabcd,
    stem: 13,
    length: 22,
  });
  assertEquals(parse("// closed 0 ffffffff\nmore"), {
    kind: "closed",
    sequence: 0,
    chain: 0xffffffff,
    stem: 12,
    length: 21,
  });
  for (
    const text of [
      "// commit 42 0000abcd",
      "// commit 42 0000abc\n",
      "// commit 42 0000ABCD\n",
      "// commit 042 0000abcd\n",
      "// commit  0000abcd\n",
      "// commit -1 0000abcd\n",
      "//commit 42 0000abcd\n",
      "// commit 42 0000abcd \n",
      "// commit 42 0000abcd\r\n",
      "// Commit 42 0000abcd\n",
      "// commit 12345678901234567 0000abcd\n",
      "// opened 1 0000abcd\n",
    ]
  ) assertEquals(parse(text), undefined, text);
  assertEquals(parseHex8(bytes("0123456g"), 0), undefined);
});

test("findMark() finds the next line that begins with two slashes", () => {
  const find = (text: string, from = 0, lineStart = true) =>
    findMark(bytes(text), from, bytes(text).length, lineStart);
  assertEquals(find("// x"), 0);
  assertEquals(find("// x", 0, false), -1);
  for (let length = 0; length < 12; length++) {
    for (const filler of ["x", "/", "\n", "/\n", "\n/", "x/"]) {
      const text = filler.repeat(length).slice(0, length);
      const whole = `${text}\n// commit`;
      const expected = whole.startsWith("//") ? 0 : whole.indexOf("\n//") + 1;
      assertEquals(find(whole), expected, JSON.stringify(whole));
    }
  }
  assertEquals(find('{"url":"https://x//y"}\n{"a":1}\n/'), -1);
});

test("retreat() takes a difference of checksums back over bytes", () => {
  for (const length of [0, 1, 7, 8, 255, 70_001]) {
    const tail = new Uint8Array(length).map((_, n) => n * 31);
    const [a, b] = [0x12345678, 0xdeadbeef];
    const difference = (crc32(tail, a) ^ crc32(tail, b)) >>> 0;
    assertEquals(retreat(difference, length), (a ^ b) >>> 0, `${length}`);
  }
});
