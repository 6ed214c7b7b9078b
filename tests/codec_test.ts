import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type Codec, MemoryFileSystem, MiniStore } from "../mod.ts";
import { checkForRust, checkLine } from "../src/wal/codec.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import { filesOf } from "./support/journals.ts";
import { REFUSED, TOO_DEEP } from "./support/refused_values.ts";

for (const [what, value, pattern] of REFUSED) {
  test(`MiniStore.append() refuses ${what} with a TypeError and writes nothing`, async () => {
    const fileSystem = new MemoryFileSystem();
    await using store = await MiniStore.open<unknown>("a", { fileSystem });
    const before = await filesOf(fileSystem);
    const error = await assertRejects(() => store.append(value), TypeError);
    assert(error.message.startsWith("Cannot encode the record"), error.message);
    assert(pattern.test(error.message), error.message);
    assertThrows(() => store.appendSync(value), TypeError);
    assertEquals(await filesOf(fileSystem), before);
  });
}

test("MiniStore.append() refuses a record that is nested too deeply with a RangeError", async () => {
  const fileSystem = new MemoryFileSystem();
  await using store = await MiniStore.open<unknown>("a", { fileSystem });
  await assertRejects(
    () => store.append(TOO_DEEP),
    RangeError,
    "nested too deeply",
  );
  assertEquals(await store.append(1), 1);
});

test("MiniStore.append() keeps what JSON keeps, and leaves undefined properties out", async () => {
  const fileSystem = new MemoryFileSystem();
  const store = await MiniStore.open<unknown>("a", { fileSystem });
  const bare = Object.assign(Object.create(null), { a: 1 });
  const proto = JSON.parse('{"__proto__":{"x":1},"constructor":2}');
  const records = [
    0,
    -1.5,
    1e21,
    Number.MAX_SAFE_INTEGER,
    Number.MIN_VALUE,
    "",
    "\u0000\n\r\u2028\ud800",
    true,
    null,
    [],
    {},
    [[], [null]],
    { "": { "\n": "//" } },
    bare,
    proto,
    "\ufeff",
    "// commit 1 00000000",
  ];
  for (const record of records) await store.append(record);
  await store.append({ a: 1, b: undefined });
  await store.close();
  const back = await MiniStore.replay<unknown>("a", { fileSystem });
  assertEquals(
    back.slice(0, -1).map((record) => JSON.stringify(record)),
    records.map((r) => JSON.stringify(r)),
  );
  assertEquals(back.at(-1), { a: 1 });
});

test("MiniStore with JSON.stringify as codec takes JSON's conversions as they are", async () => {
  const fileSystem = new MemoryFileSystem();
  const codec: Codec<unknown> = { encode: JSON.stringify, decode: JSON.parse };
  const store = await MiniStore.open("a", { fileSystem, codec });
  await store.appendAll([NaN, new Date(0), { a: new Map() }, -0]);
  await assertRejects(
    () => store.append(undefined),
    TypeError,
    "returned undefined",
  );
  await store.close();
  assertEquals(await MiniStore.replay("a", { fileSystem }), [
    null,
    "1970-01-01T00:00:00.000Z",
    { a: {} },
    0,
  ]);
});

test("MiniStore refuses what a codec returns if it is not one line of JSON text", async () => {
  const fileSystem = new MemoryFileSystem();
  let text: unknown = "";
  const codec: Codec<number> = { encode: () => text as string, decode: Number };
  await using store = await MiniStore.open("a", { fileSystem, codec });
  for (
    text of [
      "",
      "{",
      "1\n2",
      "1\r",
      "\t1",
      "// commit 1 00000000",
      '"\ud800"',
      "undefined",
      5,
      null,
    ]
  ) {
    await assertRejects(
      () => store.append(1),
      TypeError,
      "codec.encode returned",
    );
  }
  text = " 1 ";
  assertEquals(await store.append(1), 1);
  assertEquals(await MiniStore.replay("a", { fileSystem, codec }), [1]);
});

test("MiniStore passes on what a codec throws, and says INVALID_RECORD with the position on replay", async () => {
  const fileSystem = new MemoryFileSystem();
  const thrown = new Error("no such key");
  const codec: Codec<string> = {
    encode: (record) => {
      if (record === "bad") throw thrown;
      return JSON.stringify(record);
    },
    decode: (text) => {
      if (text.includes("worse")) throw thrown;
      return JSON.parse(text);
    },
  };
  const store = await MiniStore.open("a", { fileSystem, codec });
  assertEquals(await assertRejects(() => store.append("bad"), Error), thrown);
  await store.appendAll(["good", "worse"]);
  await store.close();
  const error = await assertCode(
    () => MiniStore.replay("a", { fileSystem, codec }),
    "INVALID_RECORD",
  );
  assertEquals([error.path, error.line, error.sequence, error.cause], [
    "a",
    3,
    2,
    thrown,
  ]);
  assert(error.message.includes("no such key"), error.message);
});

test("checkLine() and checkForRust() know lone surrogates from what looks like them", () => {
  checkLine('"\\ud800"');
  for (
    const text of [
      '"\\\\ud800"',
      '"\\ud83c\\udf88"',
      '"\\\\\\\\ud800"',
      '"\\u00e4 \\"\\\\"',
      '{"\\\\u":1}',
    ]
  ) checkForRust(text);
  for (
    const text of [
      '"\\ud800"',
      '"\\\\\\ud800"',
      '"\\udf88\\ud83c"',
      '"\\uD83C x"',
      '"\\ud83c\\ud83c\\udf88"',
    ]
  ) {
    assertThrows(() => checkForRust(text), TypeError, "lone surrogate");
  }
});

test("checkForRust() refuses what serde_json gives up on", () => {
  const nested = (depth: number) =>
    `${"[".repeat(depth)}"]"${"]".repeat(depth)}`;
  checkForRust(nested(127));
  checkForRust('{"a":"[[[\\"[1e999","b":[-1.5e300,true,null,1E-9]}');
  assertThrows(() => checkForRust(nested(128)), TypeError, "127 levels");
  assertThrows(() => checkForRust('{"a":[1e400]}'), TypeError, "number 1e400");
});

test("MiniStore.append() refuses raw JSON text, which comes back as something else", async () => {
  const { rawJSON } = JSON as unknown as {
    rawJSON?: (text: string) => unknown;
  };
  if (rawJSON === undefined) return;
  const fileSystem = new MemoryFileSystem();
  await using store = await MiniStore.open<unknown>("a", { fileSystem });
  for (const record of [rawJSON("1e999"), { n: [rawJSON("1")] }]) {
    await assertRejects(() => store.append(record), TypeError, "raw JSON text");
  }
  assertEquals(await store.append({ rawJSON: "1" }), 1);
});
