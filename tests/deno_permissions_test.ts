import { assert, assertEquals } from "@std/assert";
import { isAbsolute, relative } from "node:path";
import process from "node:process";
import { adapters, onDisk } from "./support/adapters.ts";
import { test } from "./support/harness.ts";
import { Child } from "./support/processes.ts";

test("MiniStore on Deno needs --allow-read=DIR --allow-write=DIR and nothing else", () =>
  onDisk.with(async (_, dir) => {
    const child = new Child("deno", "holder_child.ts", dir, [
      `${dir}/state/a.jsonl`,
    ]);
    assertEquals(await child.line(), "open");
    assertEquals(await child.end(), ["closed"]);
  }));

test("MiniStore on Deno needs no right to read the working directory for a relative path", () =>
  onDisk.with(async (_, dir) => {
    const path = relative(process.cwd(), `${dir}/state/a.jsonl`);
    assert(!isAbsolute(path), path);
    const child = new Child("deno", "holder_child.ts", dir, [path]);
    assertEquals(await child.line(), "open");
    assertEquals(await child.end(), ["closed"]);
  }));

test("MiniQueue on Deno needs --allow-read=DIR --allow-write=DIR and nothing else", () =>
  onDisk.with(async (_, dir) => {
    const child = new Child("deno", "queue_child.ts", dir, [`${dir}/jobs`]);
    assertEquals(await child.end(), ["a of 2"]);
  }));

test("MiniStore.open() on Deno says PERMISSION outside of what is allowed, and asks nothing", () =>
  onDisk.with(async (_, dir) => {
    for (const path of ["/etc/a.jsonl", `${dir}-other/a.jsonl`]) {
      const child = new Child("deno", "holder_child.ts", dir, [path]);
      const line = await child.line();
      assert(line.startsWith("PERMISSION Cannot "), line);
      await child.end();
    }
  }));

test("MiniStore.open() on Deno makes no directory whose name it may not sync", () =>
  onDisk.with(async (fileSystem, dir) => {
    const child = new Child("deno", "holder_child.ts", `${dir}/state`, [
      `${dir}/state/a.jsonl`,
    ]);
    const line = await child.line();
    assert(line.startsWith("PERMISSION Cannot create the directory "), line);
    await child.end();
    assertEquals(await fileSystem.readDir(dir), []);
  }));

for (const adapter of adapters.filter(({ onDisk }) => onDisk)) {
  test(`FileSystem.mkdir() syncs each name in its parent, and that of what is there (${adapter.name})`, () =>
    adapter.with(async (fileSystem, dir) => {
      const synced: string[] = [];
      const syncDir = fileSystem.syncDir.bind(fileSystem);
      fileSystem.syncDir = (path) => {
        synced.push(path.slice(dir.length));
        return syncDir(path);
      };
      try {
        await fileSystem.mkdir(`${dir}/a/b`);
        await fileSystem.mkdir(`${dir}/a/b`);
      } finally {
        fileSystem.syncDir = syncDir;
      }
      assertEquals(synced.slice(1), ["", "/a", "/a"]);
    }));
}
