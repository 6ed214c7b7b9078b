import { assert, assertEquals, assertRejects } from "@std/assert";
import { MemoryFileSystem } from "../src/adapters/memory.ts";
import { DurableError, type DurableErrorCode } from "../src/errors.ts";
import { formatMeta, parseMeta } from "../src/snapshot/meta.ts";
import { SnapStore } from "../src/snapshot/snap_store.ts";
import { checkSnapshot } from "../src/snapshot/write.ts";
import { SimulatedFileSystem } from "../src/testing/mod.ts";
import { test } from "./support/harness.ts";
import { readBytes, readText, writeFile } from "./support/text.ts";

const OLD = { at: 7, text: "grüße", list: [1, 2, 3] };
const NEW = { at: 12, text: "12 🎈", list: [{ a: 1 }, { a: 21 }] };

type Files = Readonly<Record<string, string | Uint8Array>>;

async function withFiles(files: Files): Promise<MemoryFileSystem> {
  const fileSystem = new MemoryFileSystem();
  await fileSystem.mkdir("s");
  for (const [name, content] of Object.entries(files)) {
    await writeFile(fileSystem, `s/${name}`, content);
  }
  return fileSystem;
}

/** What two creates leave, if the power is cut in front of the `calls`th rename of the second, or nothing is. */
async function filesAfter(
  renames?: number,
): Promise<Record<string, Uint8Array>> {
  const fileSystem = new SimulatedFileSystem();
  const store = new SnapStore("s", { fileSystem });
  await store.create(OLD, 7);
  if (renames !== undefined) {
    const kinds = ["rename", "remove"] as const;
    fileSystem.inject({ kinds, at: renames, errno: "EIO", lasting: true });
  }
  await store.create(NEW, 12).catch(() => {});
  const files: Record<string, Uint8Array> = {};
  for (const name of await fileSystem.readDir("s")) {
    files[name] = await readBytes(fileSystem, `s/${name}`);
  }
  return files;
}

/** The sequence number restored, or the code of the error; the state must be the one of that number. */
async function outcome(files: Files): Promise<number | DurableErrorCode> {
  const fileSystem = await withFiles(files);
  try {
    const { state, sequence } = await new SnapStore("s", { fileSystem })
      .restore();
    assertEquals(state, sequence === 7 ? OLD : NEW);
    assert(sequence === 7 || sequence === 12, `${sequence}`);
    return sequence;
  } catch (error) {
    if (!(error instanceof DurableError)) throw error;
    assert(error.path?.startsWith("s/snapshot"), error.path);
    return error.code;
  }
}

test("SnapStore.restore() finds each bit that is flipped, in each file, whenever the power was cut", async () => {
  for (const renames of [undefined, 1, 2, 3]) {
    const files = await filesAfter(renames);
    const intact = renames === 1 ? 7 : 12;
    assertEquals(await outcome(files), intact);
    for (const [name, bytes] of Object.entries(files)) {
      const seen = new Set<unknown>();
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const copy = bytes.slice();
        copy[bit >> 3] ^= 1 << (bit & 7);
        seen.add(await outcome({ ...files, [name]: copy }));
      }
      const needed = name === "snapshot.meta.json" ||
        name === (renames === 2 ? "snapshot.json.new" : "snapshot.json");
      assertEquals(
        [...seen],
        bytes.length === 0 ? [] : [needed ? "CORRUPT" : intact],
        `${name} behind ${renames}`,
      );
    }
  }
});

test("SnapStore.restore() finds each file that is cut short or missing", async () => {
  for (const renames of [undefined, 1, 2, 3]) {
    const files = await filesAfter(renames);
    const intact = renames === 1 ? 7 : 12;
    for (const [name, bytes] of Object.entries(files)) {
      const needed = name === "snapshot.meta.json" ||
        name === (renames === 2 ? "snapshot.json.new" : "snapshot.json");
      for (let size = 0; size < bytes.length; size++) {
        const found = await outcome({ ...files, [name]: bytes.slice(0, size) });
        assertEquals(found, needed ? "CORRUPT" : intact, `${name} to ${size}`);
      }
      const longer = new Uint8Array(bytes.length + 1);
      longer.set(bytes);
      const found = await outcome({ ...files, [name]: longer });
      assertEquals(found, needed ? "CORRUPT" : intact, `${name} longer`);
    }
  }
  const { "snapshot.json": _, ...rest } = await filesAfter();
  assertEquals(await outcome(rest), "CORRUPT");
});

test("SnapStore.restore() reads what mini-rs wrote, and its torn pair as it is", async () => {
  const json = JSON.stringify(OLD, null, 2);
  for (const seq of ["7", "7\n", " 7 "]) {
    assertEquals(
      await outcome({ "snapshot.json": json, "snapshot.seq": seq }),
      7,
    );
  }
  // Laid out in another way, or with leftovers of its own.
  assertEquals(
    await outcome({
      "snapshot.json": JSON.stringify(OLD),
      "snapshot.seq": "7",
      "snapshot.json.tmp": "{",
    }),
    7,
  );
  assertEquals(await outcome({}), "NOT_FOUND");
  assertEquals(await outcome({ "snapshot.json.new": json }), "NOT_FOUND");
  assertEquals(await outcome({ "snapshot.json": json }), "CORRUPT");
  assertEquals(await outcome({ "snapshot.seq": "7" }), "CORRUPT");
  for (const seq of ["", "x", "-1", "7.5", "1e3", "9007199254740993"]) {
    assertEquals(
      await outcome({ "snapshot.json": json, "snapshot.seq": seq }),
      "CORRUPT",
    );
  }
  // It keeps what its temporary file held behind the end of a shorter state.
  for (const bad of [`${json}}`, json.slice(0, -1), `\ufeff${json}`, ""]) {
    assertEquals(
      await outcome({ "snapshot.json": bad, "snapshot.seq": "7" }),
      "CORRUPT",
    );
  }
});

test("SnapStore.restore() takes what mini-rs wrote over ours, unless it was cut short", async () => {
  const { "snapshot.meta.json": meta } = await (async () => {
    const fileSystem = new MemoryFileSystem();
    await new SnapStore("s", { fileSystem }).create(OLD, 7);
    return {
      "snapshot.meta.json": await readBytes(fileSystem, "s/snapshot.meta.json"),
    };
  })();
  const json = JSON.stringify(NEW, null, 2);
  const ours = { "snapshot.meta.json": meta, "snapshot.json": json };
  assertEquals(await outcome({ ...ours, "snapshot.seq": "12" }), 12);
  assertEquals(await outcome({ ...ours, "snapshot.seq": "7" }), "CORRUPT");
  assertEquals(await outcome({ ...ours, "snapshot.seq": "" }), "CORRUPT");
});

test("SnapStore.restore() takes the numbered file of minisnap 0.1.3 with the highest number, if it is above ours", async () => {
  const ours = await filesAfter();
  const numbered = (sequence: number, state: unknown) => ({
    [`snapshot_${String(sequence).padStart(20, "0")}.json`]: JSON.stringify(
      { seq: sequence, state },
      null,
      2,
    ),
  });
  const old = numbered(7, OLD);
  const next = numbered(12, NEW);
  assertEquals(await outcome(old), 7);
  assertEquals(await outcome({ ...next, ...old }), 12);
  assertEquals(await outcome({ ...ours, ...old }), 12);
  const above = await withFiles({ ...ours, ...numbered(13, "new") });
  const { sequence } = await new SnapStore("s", { fileSystem: above })
    .restore();
  assertEquals(sequence, 13);
  const pair = { "snapshot.json": JSON.stringify(OLD), "snapshot.seq": "7" };
  assertEquals(await outcome({ ...pair, ...next }), 12);
  for (
    const content of [
      "",
      "[]",
      "12",
      JSON.stringify({ seq: 11, state: NEW }),
      JSON.stringify({ seq: 12 }),
      JSON.stringify({ state: NEW }),
      JSON.stringify({ seq: 12, state: NEW }).slice(0, -1),
    ]
  ) {
    const name = Object.keys(next)[0];
    assertEquals(await outcome({ ...pair, [name]: content }), "CORRUPT");
  }
});

test("SnapStore.restore() reads large numbered files, and states that are no objects", async () => {
  const list = Array.from({ length: 300_000 }, (_, n) => `item ${n}`);
  for (const state of [{ list }, list, "text", 0, null, [], {}]) {
    const text = JSON.stringify({ seq: 3, state }, null, 2);
    const fileSystem = await withFiles({
      "snapshot_00000000000000000003.json": text,
    });
    const found = await new SnapStore("s", { fileSystem }).restore();
    assertEquals(JSON.stringify(found.state), JSON.stringify(state));
    assertEquals(found.sequence, 3);
  }
});

test("SnapStore.create() replaces what is damaged, and goes on where mini-rs was", async () => {
  const damaged: Files[] = [
    { "snapshot.meta.json": "{" },
    { "snapshot.json": "{", "snapshot.seq": "99" },
    { "snapshot.json": "{}" },
    { "snapshot.seq": "99" },
    { ...await filesAfter(), "snapshot.json": "{}" },
    { ...await filesAfter(2), "snapshot.json.new": "{}" },
    { "snapshot.json": "{}", "snapshot.seq": "7" },
    await filesAfter(1),
  ];
  for (const files of damaged) {
    const fileSystem = await withFiles(files);
    const store = new SnapStore<unknown>("s", { fileSystem });
    await store.create({ new: true }, 8);
    const { state, sequence } = await store.restore();
    assertEquals({ state, sequence }, { state: { new: true }, sequence: 8 });
    assertEquals(await readText(fileSystem, "s/snapshot.seq"), "8");
  }
});

test("SnapStore.create() does not go back", async () => {
  const there: [Files, string][] = [
    [await filesAfter(), "snapshot.json"],
    [await filesAfter(2), "snapshot.json"],
    [{ "snapshot.json": "{}", "snapshot.seq": "12" }, "snapshot.json"],
    [{ "snapshot_12.json": '{"seq":12,"state":{}}' }, "snapshot_12.json"],
    [{ "snapshot_12.json": "damaged" }, "snapshot_12.json"],
  ];
  for (const [files, name] of there) {
    const fileSystem = await withFiles(files);
    const store = new SnapStore<unknown>("s", { fileSystem });
    const error = await assertRejects(() => store.create({}, 11), RangeError);
    assertEquals(
      error.message,
      `Cannot create a snapshot at 11 in "s": "${name}" is at 12, and is newer`,
    );
  }
});

test("parseMeta() takes the line that formatMeta() makes and no other", () => {
  const meta = { sequence: 10, bytes: 123, crc32: 0x0abcdef1, version: 1 };
  for (const one of [meta, { ...meta, version: 2, sequence: 2 ** 53 - 1 }]) {
    const line = formatMeta(one);
    assertEquals(parseMeta(line), one);
    assertEquals(JSON.parse(line).crc32, "0abcdef1");
    assertEquals(JSON.parse(line).version, one.version === 1 ? undefined : 2);
    for (
      const other of [
        `${line}\n`,
        ` ${line}`,
        line.trim(),
        line.replace(":", ": "),
      ]
    ) {
      assertEquals(parseMeta(other), undefined);
    }
  }
  assertEquals(
    formatMeta({ ...meta, crc32: -1 }).slice(0, 41),
    '{"seq":10,"bytes":123,"crc32":"ffffffff",',
  );
});

test("checkSnapshot() finds damage, and a snapshot of another number", async () => {
  const check = async (files: Files, sequence: number) => {
    const fileSystem = await withFiles(files);
    try {
      await checkSnapshot({ fileSystem, dir: "s", slice: 10 }, sequence);
      return "fine";
    } catch (error) {
      return (error as DurableError).code;
    }
  };
  assertEquals(await check(await filesAfter(), 12), "fine");
  assertEquals(await check(await filesAfter(2), 12), "fine");
  assertEquals(await check(await filesAfter(), 11), "CORRUPT");
  assertEquals(
    await check({ ...await filesAfter(), "snapshot.json": "{}" }, 12),
    "CORRUPT",
  );
  assertEquals(
    await check({ "snapshot.json": "{}", "snapshot.seq": "12" }, 12),
    "NOT_FOUND",
  );
});
