import { assert, assertEquals, assertRejects } from "@std/assert";
import { parseJson } from "../src/native_json.ts";
import { parsePieces } from "../src/snapshot/parse.ts";
import { type JsonBuilder, plainBuilder } from "../src/snapshot/plain.ts";
import { SeededRandom } from "../src/testing/random.ts";
import { test } from "./support/harness.ts";
import { randomJson } from "./support/json_values.ts";

/** Parses a text that comes in parts of `size` characters. */
function parse(
  text: string,
  size: number,
  builder: JsonBuilder = plainBuilder,
  window: number = size,
): Promise<unknown> {
  let at = 0;
  const next = () => {
    const part = text.slice(at, at += size);
    return Promise.resolve(part === "" ? undefined : part);
  };
  return parsePieces({ next }, builder, window);
}

const pretty = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
const isOpened = (text: string) => text[1] === "\n";

test("parsePieces() gives what JSON.parse gives, whatever the window", async () => {
  const random = new SeededRandom(11);
  for (let n = 0; n < 400; n++) {
    const text = pretty(randomJson(random, 80));
    if (!isOpened(text)) continue;
    for (const size of [1, 7, 30, 100, 1000, 100_000]) {
      const value = await parse(text, size);
      // The order of keys counts, and so does an own "__proto__".
      assert(pretty(value) === pretty(parseJson(text)), text);
    }
  }
});

test("parsePieces() reads containers that are deep or wide", async () => {
  let deep: unknown = { end: [1] };
  for (let n = 0; n < 100; n++) deep = n % 2 ? [n, deep, "x"] : { n, deep };
  const values = [
    deep,
    Array.from({ length: 3000 }, (_, n) => ({ n, list: [n, [n]] })),
    Object.fromEntries(Array.from({ length: 3000 }, (_, n) => [`k${n}`, [n]])),
    { entries: { a: "x".repeat(5000), b: ["y".repeat(5000), {}], c: [] } },
  ];
  for (const value of values) {
    for (const size of [10, 64, 1000]) {
      assertEquals(await parse(pretty(value), size), value);
    }
  }
});

test("parsePieces() hands over whole runs, and opens only what is larger than the window", async () => {
  const calls: string[] = [];
  const builder: JsonBuilder = {
    object: () => (calls.push("object"), {}),
    array: () => (calls.push("array"), []),
    addMembers: (_, members) => void calls.push(Object.keys(members).join()),
    addItems: (_, items) => void calls.push(`${items.length} items`),
    set: (_, key) => void calls.push(`set ${key}`),
    push: () => void calls.push("push"),
  };
  const value = { a: 1, b: 2, c: Array.from({ length: 50 }, () => 7), d: 4 };
  await parse(pretty(value), 100, builder);
  assertEquals(calls.slice(0, 3), ["object", "a,b", "array"]);
  assertEquals(calls.slice(-2), ["set c", "d"]);
  assert(calls.slice(3, -2).every((call) => call.endsWith("items")));
});

test("parsePieces() refuses a text that was cut or has one character more", async () => {
  const text = pretty({ a: [1, 2, { b: [3, "x"] }], c: { d: {} }, e: [[]] });
  for (const size of [5, 20, 1000]) {
    for (let end = 0; end < text.length - 1; end++) {
      await assertRejects(() => parse(text.slice(0, end), size), SyntaxError);
    }
    for (const more of ["x", "}", "]", ",", "\n}", "{}"]) {
      await assertRejects(() => parse(text + more, size), SyntaxError);
    }
  }
});

test("parsePieces() never gives something else than JSON.parse, however a text is damaged or laid out", async () => {
  const random = new SeededRandom(13);
  const characters = [...'{}[],:"\\ \n1ax', ",\n", "\n  ", "\n    ", "},\n  {"];
  let accepted = 0;
  let refused = 0;
  for (let n = 0; n < 3000; n++) {
    let text = pretty(randomJson(random, 30));
    for (let k = random.below(3); k >= 0; k--) {
      const at = random.below(text.length);
      const drop = random.below(3);
      const put = random.below(4) ? random.pick(characters) : "";
      text = text.slice(0, at) + put + text.slice(at + drop);
    }
    for (const size of [8, 50]) {
      let value: unknown;
      try {
        value = await parse(text, size);
      } catch (error) {
        assert(error instanceof SyntaxError, `${error}`);
        refused++;
        continue;
      }
      assert(pretty(value) === pretty(parseJson(text)), text);
      accepted++;
    }
  }
  assert(accepted > 300 && refused > 300, `${accepted} and ${refused}`);
});

test("parsePieces() refuses commas and members that are missing", async () => {
  const texts = [
    '{\n  "a": 1,\n}\n',
    '{\n  ,\n  "a": 1\n}\n',
    '{,\n  "a": 1\n}\n',
    '{\n  "a": 1,,\n  "b": 2\n}\n',
    '{\n  "a": {\n    "b": 1\n  }\n  "c": 1\n}\n',
    '{\n  "a": {\n    "b": 1\n  },\n}\n',
    "[\n  1,\n]\n",
    "[\n  ,\n  1\n]\n",
    "[\n  [\n    1\n  ]\n  2\n]\n",
    '{\n  1: {\n    "b": 1\n  }\n}\n',
    "[\n  1\n}\n",
  ];
  for (const text of texts) {
    for (const size of [1, 4, 1000]) {
      await assertRejects(
        () => parse(text, size),
        SyntaxError,
        undefined,
        text,
      );
    }
  }
});
