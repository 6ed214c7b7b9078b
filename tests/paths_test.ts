import { assert, assertEquals, assertRejects } from "@std/assert";
import { mkdir, readdir, readFile, rename, stat } from "node:fs/promises";
import process from "node:process";
import {
  MiniQueue,
  MiniStore,
  Outbox,
  SnapStore,
  StateManager,
} from "../mod.ts";
import { adapters } from "./support/adapters.ts";
import { runtime, test, withDirectory } from "./support/harness.ts";
import { COUNTER } from "./support/moving.ts";
import { Child, RUNTIMES } from "./support/processes.ts";

/** Names that SQLite, or what is around it, would read in another way. */
const NAMES = [
  "file:x?mode=memory",
  "file:a%20b#c.jsonl",
  "file:/a.jsonl",
  "file:/d?mode=memory/a%2Fb.jsonl",
  " space.jsonl",
  ":memory:",
  "?#%41.jsonl",
];

/** A lock that is taken by itself, as a snapshot's or a program's own is. */
const LOCK = "file:lock?mode=memory";

for (const holder of RUNTIMES) {
  test(`MiniStore.open() takes a path on ${holder} for a path, never for a URI`, () =>
    withDirectory(async (dir) => {
      const open = (runtime: (typeof RUNTIMES)[number]) =>
        // With fewer rights Deno gives SQLite absolute paths by itself.
        new Child(runtime, "places_child.ts", dir, [dir, LOCK, ...NAMES], [
          "--allow-all",
        ]);
      await using held = open(holder);
      for (const name of [LOCK, ...NAMES]) {
        assertEquals(await held.line(), "open", name);
      }
      assertEquals((await stat(`${dir}/${LOCK}`)).size, 0);
      for (const name of NAMES) {
        assertEquals((await stat(`${dir}/${name}.lock`)).size, 0);
      }
      for (const second of RUNTIMES) {
        await using child = open(second);
        for (const name of [LOCK, ...NAMES]) {
          assertEquals(await child.line(), "LOCKED", `${name} on ${second}`);
        }
        await child.end();
      }
      assertEquals(await held.end(), ["closed"]);
    }));

  test(`What is open on ${holder} stays where it is when the working directory changes`, () =>
    withDirectory(async (dir) => {
      const [first, second] = [`${dir}/first`, `${dir}/second`];
      await mkdir(first);
      await fill(second);
      const before = await contents(second);
      await using child = new Child(holder, "moving_child.ts", dir, [
        first,
        second,
      ]);
      assertEquals(
        await child.line(),
        JSON.stringify([["before", "between", "after"], 1]),
      );
      assertEquals(await child.end(), []);
      assertEquals(await contents(second), before);

      const report = await MiniStore.verify(`${first}/store.jsonl`);
      assertEquals([report.ok, report.closed, report.records], [true, true, 3]);
      const state = await StateManager.open(`${first}/state`, COUNTER);
      assertEquals([state.state.n, state.recovery.snapshot], [1, 1]);
      await state.close();
      const queue = await MiniQueue.open(`${first}/queue`);
      assertEquals((await queue.peek())?.payload, "job");
      await queue.close();
      const outbox = await Outbox.open(`${first}/outbox`, COUNTER);
      assertEquals(outbox.state.n, 1);
      await outbox.close();
      const { state: newest } = await new SnapStore(`${first}/snapshots`)
        .restore();
      assertEquals(newest, { at: "first, later" });
      for (const name of await readdir(first, { recursive: true })) {
        assert(!/\.(open|holder)$/.test(name), `${name} is left`);
      }
    }));
}

/** The files that a program in another directory might meet by mistake. */
async function fill(dir: string): Promise<void> {
  const store = await MiniStore.open(`${dir}/store.jsonl`);
  await store.append("of the second");
  await store.close();
  const state = await StateManager.open(`${dir}/state`, COUNTER);
  await state.apply(70);
  await state.close();
  const queue = await MiniQueue.open(`${dir}/queue`);
  await queue.enqueue("of the second");
  await queue.close();
  const outbox = await Outbox.open(`${dir}/outbox`, COUNTER);
  await outbox.commit({ apply: [70] });
  await outbox.close();
  await new SnapStore(`${dir}/snapshots`).create({ at: "second" }, 1);
}

async function contents(dir: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const name of (await readdir(dir, { recursive: true })).sort()) {
    const path = `${dir}/${name}`;
    if ((await stat(path)).isFile()) files[name] = await readFile(path, "utf8");
  }
  return files;
}

for (const adapter of adapters.filter(({ onDisk }) => onDisk)) {
  test(`FileSystem.resolve() puts the working directory in front, and changes nothing else (${adapter.name})`, () =>
    adapter.with((fs) => {
      const cwd = process.cwd();
      assertEquals(fs.resolve("a.jsonl"), `${cwd}/a.jsonl`);
      assertEquals(fs.resolve(".//./a.jsonl"), `${cwd}/a.jsonl`);
      assertEquals(fs.resolve("file:a?b"), `${cwd}/file:a?b`);
      assertEquals(fs.resolve("."), cwd);
      assertEquals(fs.resolve("./"), cwd);
      // Where a link leads to another directory, only the system knows what is above.
      assertEquals(fs.resolve("link/../a"), `${cwd}/link/../a`);
      assertEquals(fs.resolve("../a"), `${cwd}/../a`);
      assertEquals(fs.resolve(".a"), `${cwd}/.a`);
      return Promise.resolve();
    }));

  test(`FileSystem.resolve() asks for the working directory only if it must, and does without (${adapter.name})`, () =>
    adapter.with((fs) => {
      const { Deno } = globalThis as { Deno?: { cwd(): string } };
      const owner: { cwd(): string } = Deno && adapter.name === runtime
        ? Deno
        : process;
      const cwd = owner.cwd;
      try {
        owner.cwd = () => {
          throw new Error("it may not be asked for");
        };
        assertEquals(fs.resolve("/a/./b"), "/a/./b");
        assertEquals(fs.resolve("a"), "./a");
        assertEquals(fs.resolve("file:a?mode=memory"), "./file:a?mode=memory");
        assertEquals(fs.resolve(fs.resolve("a")), "./a");
        owner.cwd = () => "/";
        assertEquals(fs.resolve("a"), "/a");
      } finally {
        owner.cwd = cwd;
      }
      return Promise.resolve();
    }));
}

/** A path of so many bytes, in directories that are not there. */
function longPath(dir: string, size: number, name: string): string {
  let path = dir;
  const rest = () => size - path.length - name.length - 1;
  while (rest() > 200) path += `/${"d".repeat(99)}`;
  return `${path}/${"e".repeat(rest() - 1)}/${name}`;
}

for (const adapter of adapters) {
  test(`MiniStore.open() has names for all its files, however long its own may be (${adapter.name})`, () =>
    adapter.with(async (fileSystem, dir) => {
      const name = "ü".repeat(97) + ".jsonl"; // 200 bytes
      const path = `${dir}/${name}`;
      const store = await MiniStore.open(path, { fileSystem });
      await store.append("a");
      await store.rotate();
      await store.append("b");
      await store.close();
      const file = await fileSystem.open(path, { mode: "write" });
      await file.write(new TextEncoder().encode("torn"), await file.size());
      await file.close();
      const again = await MiniStore.open(path, { fileSystem });
      assertEquals(again.recovery.torn?.bytes, 4);
      const torn = again.recovery.torn?.path ?? "";
      // The one that was made, and the longest that a clock and a file can give.
      const time = new Date(8.64e15).toISOString();
      for (
        const longest of [
          fileSystem.split(torn).base,
          `${name}.torn-${Number.MAX_SAFE_INTEGER}-${time}+++++`,
        ]
      ) assert(new TextEncoder().encode(longest).length <= 255, longest);
      await again.close();
      assertEquals(await MiniStore.replay(path, { fileSystem }), ["a", "b"]);
    }));

  test(`MiniStore.open() refuses a path that is too long before it makes anything (${adapter.name})`, () =>
    adapter.with(async (fileSystem, dir) => {
      const before = await fileSystem.readDir(dir);
      const refused: [string, string][] = [
        [
          `${dir}/new/${"ü".repeat(98)}.jsonl`,
          "has 202 bytes, and may have 200",
        ],
        [`${dir}/new/${"a".repeat(201)}`, "has 201 bytes, and may have 200"],
        [longPath(dir, 500, "a"), "the path has 500 bytes, and may have 499"],
        [
          `${dir}/new/${"d".repeat(256)}/a`,
          "has 256 bytes, and may have 255",
        ],
      ];
      for (const [path, why] of refused) {
        const error = await assertRejects(
          () => MiniStore.open(path, { fileSystem }),
          RangeError,
        );
        assert(error.message.startsWith(`Cannot open "${path}": `));
        assert(error.message.includes(why), error.message);
        assertEquals(await fileSystem.readDir(dir), before);
      }
      for (
        const path of [longPath(dir, 499, "a"), `${dir}/${"d".repeat(255)}/a`]
      ) {
        await (await MiniStore.open(path, { fileSystem })).close();
      }
    }));

  test(`SnapStore.create() refuses a path that is too long before it makes anything (${adapter.name})`, () =>
    adapter.with(async (fileSystem, dir) => {
      const before = await fileSystem.readDir(dir);
      const refused = [
        longPath(dir, 491, "s"),
        `${dir}/new/${"d".repeat(256)}`,
      ];
      for (const path of refused) {
        const store = new SnapStore(path, { fileSystem });
        const error = await assertRejects(
          () => store.create({}, 1),
          RangeError,
        );
        assert(
          /has (491|256) bytes, and may have (490|255)/.test(error.message),
        );
        assertEquals(await fileSystem.readDir(dir), before);
      }
      const store = new SnapStore(longPath(dir, 490, "s"), { fileSystem });
      await store.create({}, 1);
      assertEquals((await store.restore()).sequence, 1);
    }));
}

test("StateManager.open() refuses a journal whose name is too long before it makes anything", () =>
  withDirectory(async (dir) => {
    const journal = "j".repeat(201);
    await assertRejects(
      () => StateManager.open(`${dir}/new`, { ...COUNTER, journal }),
      RangeError,
      "has 201 bytes, and may have 200",
    );
    assertEquals(await readdir(dir), []);
  }));

test("MiniStore.replay() and verify() read a journal whose name is too long to be opened", () =>
  withDirectory(async (dir) => {
    const store = await MiniStore.open(`${dir}/a`);
    await store.append("kept");
    await store.close();
    const path = `${dir}/${"a".repeat(240)}`;
    await rename(`${dir}/a`, path);
    await assertRejects(() => MiniStore.open(path), RangeError);
    assertEquals(await MiniStore.replay(path), ["kept"]);
    assertEquals((await MiniStore.verify(path)).ok, true);
  }));
