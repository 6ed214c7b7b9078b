import { assert, assertEquals, assertRejects } from "@std/assert";
import { DurableError, MemoryFileSystem, MiniStore } from "../mod.ts";
import { assertCode } from "./support/errors.ts";
import { CHANGES, FaultyFileSystem } from "./support/faulty_file_system.ts";
import { test } from "./support/harness.ts";
import { bytesOf, type Files, filesOf, withFiles } from "./support/journals.ts";
import { readText, writeFile } from "./support/text.ts";

const HEADER = "// MINISTORE JOURNAL v0.1.4\n";
const encode = (text: string) => new TextEncoder().encode(text);
const files = (texts: Record<string, string>): Files =>
  new Map(Object.entries(texts).map(([name, text]) => [name, encode(text)]));
const records = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, n) => ({ n: from + n }));
const lines = (from: number, to: number) =>
  records(from, to).map((record) => `${JSON.stringify(record)}\n`).join("");

/** Three mini-rs files: records 1-3, 4-5 and 6. */
const ROTATED = files({
  "a": HEADER + lines(6, 6),
  "a.000001": "// MINISTORE JOURNAL v0.1.0\n" + lines(1, 3),
  "a.000002": HEADER + lines(4, 5),
});

async function stream(fileSystem: MemoryFileSystem, from?: number) {
  const all: [number, unknown][] = [];
  for await (
    const { sequence, record } of MiniStore.stream("a", { fileSystem, from })
  ) {
    all.push([sequence, record]);
  }
  return all;
}

test("MiniStore reads mini-rs journals of every 0.1 version as they are", async () => {
  for (const version of ["0.1.0", "0.1.1", "0.1.2", "0.1.3", "0.1.4"]) {
    const text = `// MINISTORE JOURNAL v${version}\n${lines(1, 2)}`;
    const before = files({ a: text });
    const fileSystem = await withFiles(before);
    assertEquals(await MiniStore.replay("a", { fileSystem }), records(1, 2));
    assertEquals(await stream(fileSystem, 2), [[2, { n: 2 }]]);
    const { ok, records: count, closed } = await MiniStore.verify("a", {
      fileSystem,
    });
    assertEquals([ok, count, closed], [true, 2, false]);
    assertEquals(await filesOf(fileSystem), before);
  }
});

test("MiniStore reads rotated mini-rs files in order, also with the oldest deleted", async () => {
  const fileSystem = await withFiles(ROTATED);
  assertEquals(await MiniStore.replay("a", { fileSystem }), records(1, 6));
  assertEquals((await stream(fileSystem, 5)).map(([n]) => n), [5, 6]);
  await fileSystem.remove("a.000001");
  assertEquals(
    await stream(fileSystem),
    records(4, 6).map((record, n) => [n + 1, record]),
  );
});

test("MiniStore.open() seals mini-rs files and goes on in v0.2", async () => {
  const fileSystem = await withFiles(ROTATED);
  let store = await MiniStore.open<{ n: number }>("a", { fileSystem });
  assertEquals([store.recovery.upgraded, store.sequence, store.firstSequence], [
    true,
    6,
    1,
  ]);
  assertEquals(await store.append({ n: 7 }), 7);
  await store.close();
  const after = await filesOf(fileSystem);
  assertEquals(bytesOf(after, "a.000001"), bytesOf(ROTATED, "a.000001"));
  assertEquals(bytesOf(after, "a.000002"), bytesOf(ROTATED, "a.000002"));
  assertEquals(bytesOf(after, "a.000003"), bytesOf(ROTATED, "a"));
  assert((await readText(fileSystem, "a")).includes('"segment":4,"first":7,'));
  store = await MiniStore.open("a", { fileSystem });
  assertEquals([store.recovery.upgraded, store.sequence, store.firstSequence], [
    false,
    7,
    1,
  ]);
  await store.rotate();
  await store.append({ n: 8 });
  assertEquals(await MiniStore.replay("a", { fileSystem }), records(1, 8));
  assertEquals(await store.truncateBefore(5), 1);
  assertEquals(
    await stream(fileSystem),
    records(4, 8).map((record) => [record.n, record]),
  );
  await store.close();
  store = await MiniStore.open("a", { fileSystem });
  assertEquals(store.firstSequence, 4);
  await store.close();
});

test("MiniStore refuses a mini-rs file that changed since it was sealed", async () => {
  const fileSystem = await withFiles(ROTATED);
  await (await MiniStore.open("a", { fileSystem })).close();
  const text = await readText(fileSystem, "a.000002");
  await writeFile(fileSystem, "a.000002", text.replace('"n":4', '"n":9'));
  const error = await assertCode(
    () => MiniStore.replay("a", { fileSystem }),
    "CORRUPT",
  );
  assertEquals(error.path, "a.000002");
  await writeFile(fileSystem, "a.000002", text + '{"n":0}\n');
  await assertCode(() => MiniStore.open("a", { fileSystem }), "CORRUPT");
});

test("MiniStore.open() of a mini-rs journal survives a stop at every step", async () => {
  for (let stop = 1;; stop++) {
    const inner = await withFiles(ROTATED);
    await writeFile(inner, "a", HEADER + lines(6, 6) + '{"n":');
    const fileSystem = new FaultyFileSystem(inner);
    let changes = 0;
    fileSystem.onCall = ({ kind }) => {
      if (CHANGES.includes(kind) && ++changes >= stop) {
        throw new DurableError("IO", "Injected");
      }
    };
    const failed = await MiniStore.open("a", { fileSystem }).then((store) =>
      store.close()
    ).catch(() => {});
    assertEquals(failed, undefined);
    await using store = await MiniStore.open("a", { fileSystem: inner });
    assertEquals(store.sequence, 6, `stop ${stop}`);
    assertEquals(
      await MiniStore.replay("a", { fileSystem: inner }),
      records(1, 6),
      `stop ${stop}`,
    );
    if (changes < stop) break;
  }
});

const TORN: [string, string][] = [
  ["half a record", '{"n":3'],
  ["a line that is not JSON", '{"n":3\n'],
  ["NUL bytes", "\0\0\0\0"],
  ["NUL bytes and a line end", "\0\0\0\0\n"],
  ["garbage with line ends", '{"n":3\n\u0000\u0001\n\n}x'],
  ["a whole record without a line end", '{"n":3}'],
];
for (const [what, tail] of TORN) {
  test(`MiniStore takes ${what} at the end of a mini-rs journal for a torn tail`, async () => {
    const whole = HEADER + lines(1, 2);
    const fileSystem = await withFiles(files({ a: whole + tail }));
    assertEquals(await MiniStore.replay("a", { fileSystem }), records(1, 2));
    const { ok, torn } = await MiniStore.verify("a", { fileSystem });
    assertEquals([ok, torn?.offset, torn?.line, torn?.bytes], [
      true,
      whole.length,
      4,
      tail.length,
    ]);
    await using store = await MiniStore.open("a", { fileSystem });
    const cut = store.recovery.torn;
    assertEquals([cut?.offset, cut?.bytes, store.sequence], [
      whole.length,
      tail.length,
      2,
    ]);
    assertEquals(await readText(fileSystem, cut?.keptAs ?? ""), tail);
    assertEquals(await readText(fileSystem, "a.000001"), whole);
  });
}

test("MiniStore refuses damage in the midst of mini-rs files, with its position", async () => {
  const cases = [
    files({ a: `${HEADER}{"n":1}\n{"n":\n{"n":3}\n` }),
    files({ a: `${HEADER}{"n":1}\n{"a":{"n":2}\n{"n":3}\n` }),
    files({ a: `${HEADER}{"n":1}\n\n{"n":3}\n` }),
    files({ a: `${HEADER}{"n":1}\n// commit 1 00000000\n{"n":3}\n` }),
    files({ a: HEADER + lines(3, 3), "a.000001": HEADER + '{"n":1}\n{"n":' }),
  ];
  for (const [n, damaged] of cases.entries()) {
    const fileSystem = await withFiles(damaged);
    const error = await assertCode(
      () => MiniStore.replay("a", { fileSystem }),
      "CORRUPT",
    );
    assertEquals(
      [error.line, error.sequence],
      [3, 2],
      `case ${n}: ${error.message}`,
    );
    await assertCode(() => MiniStore.open("a", { fileSystem }), "CORRUPT");
    assertEquals(await filesOf(fileSystem), damaged);
  }
  const bad = new Map([[
    "a",
    new Uint8Array([...encode(`${HEADER}"`), 0xff, ...encode('"\n{"n":2}\n')]),
  ]]);
  const error = await assertCode(
    async () => MiniStore.replay("a", { fileSystem: await withFiles(bad) }),
    "CORRUPT",
  );
  assertEquals([error.offset, error.line, error.sequence], [
    HEADER.length,
    2,
    1,
  ]);
});

test("MiniStore reads a mini-rs journal with CRLF, as mini-rs does", async () => {
  const fileSystem = await withFiles(
    files({ a: (HEADER + lines(1, 2)).replaceAll("\n", "\r\n") }),
  );
  assertEquals(await MiniStore.replay("a", { fileSystem }), records(1, 2));
});

test("MiniStore.open() with format v0.1 writes what the Rust crate writes, byte for byte", async () => {
  const fileSystem = new MemoryFileSystem();
  const options = { fileSystem, format: "v0.1" } as const;
  let store = await MiniStore.open<unknown>("a", options);
  assertEquals(await store.append({ Set: { value: 42 } }), 1);
  await store.close();
  assertEquals(
    await readText(fileSystem, "a"),
    `${HEADER}{"Set":{"value":42}}\n`,
  );
  store = await MiniStore.open("a", options);
  assertEquals([
    store.sequence,
    store.recovery.upgraded,
    store.recovery.created,
  ], [1, false, false]);
  assertEquals(await store.appendAll([1, "ü"]), 3);
  assertEquals(store.appendSync(null), 4);
  await store.rotate();
  await store.append(5);
  await store.close();
  assertEquals(
    await readText(fileSystem, "a.000001"),
    `${HEADER}{"Set":{"value":42}}\n1\n"ü"\nnull\n`,
  );
  assertEquals(await readText(fileSystem, "a"), `${HEADER}5\n`);
  store = await MiniStore.open("a", options);
  assertEquals([store.sequence, store.firstSequence], [5, 1]);
  assertEquals(await store.truncateBefore(5), 1);
  await store.close();
  assertEquals([...(await filesOf(fileSystem)).keys()], ["a"]);
});

test("MiniStore.open() with format v0.1 refuses what mini-rs could not read", async () => {
  const fileSystem = new MemoryFileSystem();
  await using store = await MiniStore.open<unknown>("a", {
    fileSystem,
    format: "v0.1",
  });
  for (const text of ["\ud800", "x\udc00y", "\udc00\ud800", "\\\ud800"]) {
    await assertRejects(
      () => store.append({ text }),
      TypeError,
      "lone surrogate",
    );
    await assertRejects(
      () => store.append({ [text]: 1 }),
      TypeError,
      "lone surrogate",
    );
  }
  for (const text of ["\\ud800", "\\\\ud800", "🎈", "\u0007\\u\\"]) {
    await store.append({ text });
  }
  assertEquals(store.sequence, 4);
});

test("MiniStore.open() with format v0.1 refuses a journal of v0.2", async () => {
  const fileSystem = new MemoryFileSystem();
  await (await MiniStore.open("a", { fileSystem })).close();
  const before = await filesOf(fileSystem);
  await assertCode(
    () => MiniStore.open("a", { fileSystem, format: "v0.1" }),
    "UNSUPPORTED_VERSION",
  );
  assertEquals(await filesOf(fileSystem), before);
});

test("MiniStore.open() goes on where mini-rs stopped in its rotation", async () => {
  const fileSystem = await withFiles(
    files({ "a.000001": HEADER + lines(1, 2) }),
  );
  assertEquals(await MiniStore.replay("a", { fileSystem }), records(1, 2));
  await using store = await MiniStore.open<unknown>("a", { fileSystem });
  assertEquals([store.sequence, store.recovery.rotated], [2, true]);
  assertEquals(await store.append({ n: 3 }), 3);
  assertEquals(await MiniStore.replay("a", { fileSystem }), records(1, 3));
  const partial = await withFiles(
    files({ "a.000001": HEADER + lines(1, 2), a: "// MINIS" }),
  );
  await using other = await MiniStore.open("a", {
    fileSystem: partial,
    format: "v0.1",
  });
  assertEquals(other.sequence, 2);
  assertEquals(await readText(partial, "a"), HEADER);
});

test("MiniStore.open() copies a mini-rs file before it trusts it", async () => {
  for (const format of ["v0.1", "v0.2"] as const) {
    const text = HEADER + lines(1, 2);
    const fileSystem = new FaultyFileSystem(
      await withFiles(files({ a: text })),
    );
    const store = await MiniStore.open("a", { fileSystem, format });
    assertEquals(store.recovery.rewrittenBytes, text.length);
    const { calls, trace } = fileSystem;
    const written = calls.find(({ kind, path }) =>
      kind === "write" && path === "a.new-000000"
    );
    assertEquals(new TextDecoder().decode(written?.bytes), text);
    const renamed = trace.indexOf("rename a.new-000000");
    assert(renamed > trace.indexOf("sync a.new-000000"));
    assertEquals(trace[renamed + 1], "syncDir .");
    const sealed = trace.indexOf("rename a");
    assert(sealed < 0 || sealed > renamed);
    await store.close();
  }
});
