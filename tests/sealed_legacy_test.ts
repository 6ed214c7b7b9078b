import { assert, assertEquals } from "@std/assert";
import { MiniStore } from "../mod.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import { type Files, filesOf, withFiles } from "./support/journals.ts";
import { readText, writeFile } from "./support/text.ts";

const HEADER = "// MINISTORE JOURNAL v0.1.4\n";
const files = (texts: Record<string, string>): Files =>
  new Map(
    Object.entries(texts).map((
      [name, text],
    ) => [name, new TextEncoder().encode(text)]),
  );
const lines = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, n) => `{"n":${from + n}}\n`)
    .join("");

/** Three mini-rs files: records 1-3, 4-5 and 6. */
const ROTATED = files({
  "a": HEADER + lines(6, 6),
  "a.000001": HEADER + lines(1, 3),
  "a.000002": HEADER + lines(4, 5),
});

test("MiniStore refuses a torn mini-rs file that is sealed already", async () => {
  const damaged = files({ "a.000001": `${HEADER + lines(1, 2)}{"n":` });
  const fileSystem = await withFiles(damaged);
  const error = await assertCode(
    () => MiniStore.open("a", { fileSystem }),
    "CORRUPT",
  );
  assertEquals(error.path, "a.000001");
  await assertCode(() => MiniStore.replay("a", { fileSystem }), "CORRUPT");
  assertEquals(await filesOf(fileSystem), damaged);
});

test("MiniStore refuses a mini-rs file that the journal behind it does not continue", async () => {
  const fileSystem = await withFiles(ROTATED);
  await (await MiniStore.open("a", { fileSystem })).close();
  const newest = await readText(fileSystem, "a");
  for (const n of [1, 2, 3, 4]) {
    await writeFile(fileSystem, `a.00000${n}`, HEADER + lines(n, n));
  }
  const last = newest.replace('"segment":4', '"segment":5').split("\n")[0];
  const stem = new TextEncoder().encode(last.slice(0, -8));
  const crc = fileSystem.crc32(stem, 0).toString(16).padStart(8, "0");
  await writeFile(fileSystem, "a", `${last.slice(0, -8)}${crc}\n`);
  const error = await assertCode(
    () => MiniStore.open("a", { fileSystem }),
    "CORRUPT",
  );
  assert(error.message.includes("does not continue all"), error.message);
});

test("MiniStore reads mini-rs files that are alike as two files", async () => {
  const alike = files({
    "a": HEADER + lines(1, 1),
    "a.000001": HEADER + lines(1, 1),
  });
  const fileSystem = await withFiles(alike);
  const twice = [{ n: 1 }, { n: 1 }];
  assertEquals(await MiniStore.replay("a", { fileSystem }), twice);
  await using store = await MiniStore.open("a", { fileSystem });
  assertEquals(store.sequence, 2);
  assertEquals(await MiniStore.replay("a", { fileSystem }), twice);
});

test("MiniStore refuses a sealed mini-rs file that is empty or holds a part of a header", async () => {
  for (const text of ["", HEADER.slice(0, 9)]) {
    const fileSystem = await withFiles(ROTATED);
    await writeFile(fileSystem, "a.000001", text);
    await assertCode(() => MiniStore.replay("a", { fileSystem }), "CORRUPT");
    await assertCode(() => MiniStore.open("a", { fileSystem }), "CORRUPT");
  }
});

test("MiniStore takes no record that a rule refuses for the torn tail of a mini-rs file", async () => {
  const fileSystem = await withFiles(files({ a: HEADER + lines(1, 2) }));
  const validate = (record: unknown) => (record as { n: number }).n < 2;
  const error = await assertCode(
    () => MiniStore.replay("a", { fileSystem, validate }),
    "INVALID_RECORD",
  );
  assertEquals(error.sequence, 2);
});
