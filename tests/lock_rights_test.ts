import { assert, assertEquals } from "@std/assert";
import { chmod, mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { MiniStore, SnapStore } from "../mod.ts";
import { adapters } from "./support/adapters.ts";
import { assertCode } from "./support/errors.ts";
import { test, withDirectory } from "./support/harness.ts";
import { Child, type Runtime, RUNTIMES } from "./support/processes.ts";

const ALLOW = ["--allow-sys=uid,gid,setuid,setgid,umask"];
const LOCKS = ["a.jsonl.lock", "snapshot.lock"];
const start = (runtime: Runtime, how: "umask" | "reader", dir: string) =>
  new Child(runtime, "rights_child.ts", dir, [how, dir], ALLOW);
const modeOf = async (path: string) =>
  ((await stat(path)).mode & 0o777).toString(8);

/** A journal and a snapshot that any user may write, with locks that have `mode`. */
async function prepare(dir: string, mode: number): Promise<void> {
  await (await MiniStore.open(`${dir}/a.jsonl`)).close();
  await new SnapStore(dir).create({ a: 1 }, 1);
  for (const name of await readdir(dir)) await chmod(`${dir}/${name}`, 0o666);
  for (const name of LOCKS) await chmod(`${dir}/${name}`, mode);
  await chmod(dir, 0o777);
}

/** What a user who may not do what the locks' mode refuses is told, and what it leaves. */
async function refusals(runtime: Runtime, dir: string): Promise<string[]> {
  const before = await readdir(dir);
  await using child = start(runtime, "reader", dir);
  const lines = [await child.line(), await child.line()];
  for (const name of LOCKS) {
    assertEquals((await stat(`${dir}/${name}`)).size, 0);
    await chmod(`${dir}/${name}`, 0o666);
  }
  // The child still runs, and holds nothing.
  await (await MiniStore.open(`${dir}/a.jsonl`)).close();
  await new SnapStore(dir).create({}, 1);
  const left = (await readdir(dir)).filter((name) => !/^\d+$/.test(name));
  assertEquals(left.sort(), before.sort());
  return lines;
}

for (const runtime of RUNTIMES) {
  test(`FileSystem.lock() on ${runtime} refuses a lock file that it may read and not write`, () =>
    withDirectory(async (dir) => {
      await prepare(dir, 0o444);
      assertEquals(
        await refusals(runtime, dir),
        ["journal", "snapshot"].map((what, n) =>
          `${what} PERMISSION Cannot lock "${dir}/${
            LOCKS[n]
          }": this process may read the file but not write it, and such a lock would exclude nobody; give the user who runs it the right to write the file`
        ),
      );
    }));

  test(`FileSystem.lock() on ${runtime} says PERMISSION for a lock file that it may not read`, () =>
    withDirectory(async (dir) => {
      await prepare(dir, 0o000);
      for (const line of await refusals(runtime, dir)) {
        assert(/^\w+ PERMISSION Cannot lock .*give the user/.test(line), line);
      }
    }));

  test(`FileSystem.lock() on ${runtime} gives the lock file the rights that the journal gets`, () =>
    withDirectory(async (dir) => {
      await using child = start(runtime, "umask", dir);
      assertEquals(await child.line(), "journal open");
      assertEquals(await child.line(), "snapshot open");
      const mode = await modeOf(`${dir}/a.jsonl`);
      assertEquals(mode, "664");
      for (const name of LOCKS) {
        assertEquals(await modeOf(`${dir}/${name}`), mode);
      }
    }));
}

for (const adapter of adapters.filter(({ onDisk }) => onDisk)) {
  test(`FileSystem.lock() leaves the file empty, held and released, and refuses one that is not a lock (${adapter.name})`, () =>
    adapter.with(async (fs, dir) => {
      const lock = await fs.lock(`${dir}/l`);
      assertEquals((await stat(`${dir}/l`)).size, 0);
      assertEquals((await fs.readDir(dir)).sort(), ["l", "l.holder"]);
      await lock.release();
      assertEquals((await stat(`${dir}/l`)).size, 0);
      assertEquals(await fs.readDir(dir), ["l"]);

      await writeFile(`${dir}/text`, "not a lock");
      const error = await assertCode(() => fs.lock(`${dir}/text`), "IO");
      assert(error.message.includes("it is not empty"), error.message);
      assertEquals((await stat(`${dir}/text`)).size, 10);
      await mkdir(`${dir}/d`);
      await assertCode(() => fs.lock(`${dir}/d`), "IS_DIRECTORY");
      assertEquals((await fs.readDir(dir)).sort(), ["d", "l", "text"]);
    }));
}
