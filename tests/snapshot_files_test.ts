import { assert, assertEquals, assertRejects } from "@std/assert";
import { MemoryFileSystem } from "../src/adapters/memory.ts";
import { DurableError } from "../src/errors.ts";
import type { FileSystem } from "../src/file_system.ts";
import type { ParseLimits } from "../src/snapshot/json_file.ts";
import type { SnapshotPlace } from "../src/snapshot/meta.ts";
import { plainBuilder } from "../src/snapshot/plain.ts";
import { readSnapshot } from "../src/snapshot/read.ts";
import { SnapStore } from "../src/snapshot/snap_store.ts";
import { writeSnapshot } from "../src/snapshot/write.ts";
import { SimulatedFileSystem } from "../src/testing/mod.ts";
import { runtime, test, withDirectory } from "./support/harness.ts";
import { writeFile } from "./support/text.ts";

function placeOn(fileSystem: FileSystem): SnapshotPlace {
  return { fileSystem, dir: "s", slice: 10 };
}

const SMALL: ParseLimits = { window: 64, whole: 256, longest: 1024 };

test("readSnapshot() reads a file that is longer than the longest string, if it is laid out as ours", async () => {
  const fileSystem = new MemoryFileSystem();
  const state = {
    entries: Object.fromEntries(
      Array.from({ length: 500 }, (_, n) => [`ключ ${n}`, { n, text: "🎈" }]),
    ),
  };
  await new SnapStore("s", { fileSystem }).create(state, 3);
  const reading = { version: 1, limits: SMALL };
  const read = () => readSnapshot(placeOn(fileSystem), reading, plainBuilder);
  assertEquals((await read()).state, state);

  await fileSystem.remove("s/snapshot.meta.json");
  await writeFile(fileSystem, "s/snapshot.json", JSON.stringify(state));
  const error = await assertRejects(read, DurableError);
  assertEquals(error.code, "CORRUPT");
  assertEquals(
    error.message,
    'Cannot restore the snapshot in "s": "snapshot.json" is damaged: it is not laid out as JSON.stringify(state, null, 2) does, and is too long to be parsed in one piece',
  );

  const short = { a: "x".repeat(500) };
  await writeFile(fileSystem, "s/snapshot.json", JSON.stringify(short));
  assertEquals((await read()).state, short);
});

test("readSnapshot() says where text is not UTF-8", async () => {
  const fileSystem = new MemoryFileSystem();
  await fileSystem.mkdir("s");
  const text = `[\n${"  1,\n".repeat(200)}  2\n]\n`;
  const bytes = new TextEncoder().encode(text);
  bytes[500] = 0xff;
  await writeFile(fileSystem, "s/snapshot.json", bytes);
  await writeFile(fileSystem, "s/snapshot.seq", "1");
  const reading = { version: 1, limits: SMALL };
  const error = await assertRejects(
    () => readSnapshot(placeOn(fileSystem), reading, plainBuilder),
    DurableError,
  );
  assertEquals([error.code, error.path, error.offset], [
    "CORRUPT",
    "s/snapshot.json",
    448,
  ]);
});

test("writeSnapshot() writes what a slice has made, and no more than 256 KiB of text at once", async () => {
  const fileSystem = new SimulatedFileSystem(); // a millisecond for each call
  let pulled = 0;
  function* pieces() {
    for (; pulled < 100; pulled++) yield `${pulled === 0 ? "[" : ","}${pulled}`;
    yield `,"${"x".repeat(300_000)}"`;
    yield ",1]";
  }
  const place = { fileSystem, dir: "s", slice: 4 };
  const meta = await writeSnapshot(place, {
    pieces: pieces(),
    sequence: 1,
    version: 1,
  });
  const writes = fileSystem.operations.filter(({ kind, path }) =>
    kind === "write" && path === "s/snapshot.json.new"
  );
  assert(writes.length >= 2, `${writes.length} writes`);
  assertEquals((await fileSystem.stat("s/snapshot.json"))?.size, meta.bytes);
  const { state } = await readSnapshot(place, { version: 1 }, plainBuilder);
  assertEquals((state as unknown[]).length, 102);
});

test("writeSnapshot() does not wait for a clock that is set back", async () => {
  const inner = new MemoryFileSystem();
  let time = 1_000_000;
  const fileSystem: FileSystem = new Proxy(inner, {
    get(target, name) {
      if (name === "now") return () => time -= 1000;
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const place = { fileSystem, dir: "s", slice: 10 };
  await writeSnapshot(place, {
    pieces: ["[1", ",2", "]"],
    sequence: 1,
    version: 1,
  });
  const { state } = await readSnapshot(place, { version: 1 }, plainBuilder);
  assertEquals(state, [1, 2]);
});

test("SnapStore lets other work go on while a large state is created and restored", async () => {
  await withDirectory(async (directory) => {
    const list = Array.from(
      { length: 400_000 },
      (_, n) => ({ n, a: `item ${n}` }),
    );
    const store = new SnapStore<typeof list>(directory);
    let turns = 0;
    let going = true;
    const turn = () => {
      turns++;
      if (going) setTimeout(turn, 0);
    };
    turn();
    await store.create(list, 1);
    const creating = turns;
    const { state } = await store.restore();
    going = false;
    await new Promise((resolve) => setTimeout(resolve, 5));
    assertEquals(state.length, list.length);
    assert(creating >= 5, `${creating} turns while creating on ${runtime}`);
    assert(turns - creating >= 5, `${turns - creating} turns while restoring`);
  });
});
