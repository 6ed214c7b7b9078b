/**
 * What every file system must do. A new adapter passes this, or is wrong.
 */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { crc32 } from "../../src/crc32.ts";
import type { Adapter } from "./adapters.ts";
import { assertCode } from "./errors.ts";
import { test } from "./harness.ts";
import { readText, writeFile } from "./text.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** Registers the tests of the contract for one adapter. */
export function testFileSystemContract(adapter: Adapter): void {
  const check = (
    what: string,
    run: Parameters<Adapter["with"]>[0],
  ) =>
    test(`FileSystem ${what} (${adapter.name})`, () =>
      adapter.with(run).then(() => {}));

  check("writes at an offset and reads it back", async (fs, dir) => {
    await using handle = await fs.open(`${dir}/a`, { mode: "create" });
    await handle.write(bytes("hello world"), 0);
    handle.writeSync(bytes("W"), 6);
    await handle.write(bytes("!"), 11);
    const buffer = new Uint8Array(20);
    assertEquals(await handle.read(buffer, 6), 6);
    assertEquals(new TextDecoder().decode(buffer.subarray(0, 6)), "World!");
    assertEquals(await handle.read(buffer, 12), 0);
    assertEquals(await handle.size(), 12);
  });

  check("reads the beginning again and again", async (fs, dir) => {
    await using handle = await fs.open(`${dir}/a`, { mode: "create" });
    await handle.write(bytes("abcdef"), 0);
    const buffer = new Uint8Array(3);
    for (
      const [offset, text] of [[0, "abc"], [0, "abc"], [3, "def"], [0, "abc"], [
        1,
        "bcd",
      ]] as const
    ) {
      assertEquals(await handle.read(buffer, offset), 3);
      assertEquals(new TextDecoder().decode(buffer), text);
    }
  });

  check("keeps offsets of reads and writes apart", async (fs, dir) => {
    await using handle = await fs.open(`${dir}/a`, { mode: "create" });
    await handle.write(bytes("aaaa"), 0);
    await handle.read(new Uint8Array(1), 0);
    handle.writeSync(bytes("b"), 4);
    await handle.truncate(3);
    await handle.write(bytes("c"), 3);
    assertEquals(await readText(fs, `${dir}/a`), "aaac");
  });

  check("writes large buffers completely", async (fs, dir) => {
    await using handle = await fs.open(`${dir}/a`, { mode: "create" });
    const large = new Uint8Array(5_000_001).fill(7);
    await handle.write(large, 0);
    handle.writeSync(large, large.length);
    assertEquals(await handle.size(), 2 * large.length);
    const back = new Uint8Array(2 * large.length);
    assertEquals(await handle.read(back, 0), back.length);
    assert(back.every((byte) => byte === 7));
  });

  check("syncs in all three ways", async (fs, dir) => {
    await using handle = await fs.open(`${dir}/a`, { mode: "create" });
    handle.writeSync(bytes("x"), 0);
    await handle.dataSync();
    handle.dataSyncSync();
    await handle.sync();
    await fs.syncDir(dir);
  });

  check("truncates shorter and longer, with zeros", async (fs, dir) => {
    await using handle = await fs.open(`${dir}/a`, { mode: "create" });
    await handle.write(bytes("abcdef"), 0);
    await handle.truncate(2);
    await handle.truncate(4);
    assertEquals(await readText(fs, `${dir}/a`), "ab\0\0");
  });

  check("closes a handle twice, and then refuses it", async (fs, dir) => {
    const handle = await fs.open(`${dir}/a`, { mode: "create" });
    await handle.close();
    await handle.close();
    await assertCode(() => handle.write(bytes("x"), 0), "IO");
    await assertCode(() => handle.size(), "IO");
  });

  check("stat() of nothing is undefined", async (fs, dir) => {
    assertEquals(await fs.stat(`${dir}/nothing`), undefined);
    assertEquals(await fs.stat(`${dir}/no/thing`), undefined);
    await writeFile(fs, `${dir}/a`, "abc");
    assertEquals(await fs.stat(`${dir}/a`), { kind: "file", size: 3 });
    assertEquals((await fs.stat(dir))?.kind, "directory");
  });

  check(
    "mkdir() makes missing parents, and is content with what is there",
    async (fs, dir) => {
      await fs.mkdir(`${dir}/x/y/z`);
      await fs.mkdir(`${dir}/x/y/z`);
      assertEquals((await fs.stat(`${dir}/x/y/z`))?.kind, "directory");
      assertEquals(await fs.readDir(`${dir}/x`), ["y"]);
    },
  );

  check(
    "rename() takes the place of a file; open handles stay",
    async (fs, dir) => {
      await writeFile(fs, `${dir}/a`, "new");
      await writeFile(fs, `${dir}/b`, "old");
      await using old = await fs.open(`${dir}/b`, { mode: "read" });
      await fs.rename(`${dir}/a`, `${dir}/b`);
      assertEquals(await fs.stat(`${dir}/a`), undefined);
      assertEquals(await readText(fs, `${dir}/b`), "new");
      const buffer = new Uint8Array(3);
      await old.read(buffer, 0);
      assertEquals(new TextDecoder().decode(buffer), "old");
    },
  );

  check(
    "statSync() says whether the path leads to the file",
    async (fs, dir) => {
      await writeFile(fs, `${dir}/a`, "abc");
      const look = async (change: () => Promise<void>) => {
        await using handle = await fs.open(`${dir}/a`, { mode: "write" });
        assertEquals(handle.statSync(), { size: 3, atPath: true });
        await change();
        const { size, atPath } = handle.statSync();
        await writeFile(fs, `${dir}/b`, "abc");
        await fs.rename(`${dir}/b`, `${dir}/a`);
        assertEquals(handle.statSync(), { size, atPath: false });
        return [size, atPath];
      };
      const grow = async () => {
        await using other = await fs.open(`${dir}/a`, { mode: "write" });
        await other.write(bytes("defg"), 3);
      };
      assertEquals(await look(grow), [7, true]);
      assertEquals(await look(() => fs.remove(`${dir}/a`)), [3, false]);
      const move = () => fs.rename(`${dir}/a`, `${dir}/c`);
      assertEquals(await look(move), [3, false]);
    },
  );

  check("readDir() names files and directories", async (fs, dir) => {
    await writeFile(fs, `${dir}/a`, "");
    await fs.mkdir(`${dir}/b`);
    assertEquals((await fs.readDir(dir)).sort(), ["a", "b"]);
  });

  check("remove() takes files only", async (fs, dir) => {
    await writeFile(fs, `${dir}/a`, "");
    await fs.remove(`${dir}/a`);
    assertEquals(await fs.readDir(dir), []);
    await fs.mkdir(`${dir}/b`);
    await assertCode(() => fs.remove(`${dir}/b`), "IS_DIRECTORY");
    assertEquals(await fs.readDir(dir), ["b"]);
  });

  check("says NOT_FOUND, with the cause and the path", async (fs, dir) => {
    const path = `${dir}/nothing`;
    for (
      const run of [
        () => fs.open(path, { mode: "read" }),
        () => fs.open(path, { mode: "write" }),
        () => fs.open(`${path}/x`, { mode: "create" }),
        () => fs.remove(path),
        () => fs.rename(path, `${dir}/b`),
        () => fs.readDir(path),
        () => fs.syncDir(path),
      ]
    ) {
      const error = await assertCode(run, "NOT_FOUND");
      assert(error.cause instanceof Error);
      assert(error.path?.startsWith(path));
      assertNotEquals(error.message.indexOf(path), -1);
    }
  });

  check("says EXISTS for a file that must be new", async (fs, dir) => {
    await writeFile(fs, `${dir}/a`, "kept");
    await assertCode(() => fs.open(`${dir}/a`, { mode: "create" }), "EXISTS");
    assertEquals(await readText(fs, `${dir}/a`), "kept");
  });

  check("says IS_DIRECTORY where a file should be", async (fs, dir) => {
    await fs.mkdir(`${dir}/d`);
    await assertCode(
      () => fs.open(`${dir}/d`, { mode: "write" }),
      "IS_DIRECTORY",
    );
    await assertCode(
      () => fs.open(`${dir}/d`, { mode: "read" }),
      "IS_DIRECTORY",
    );
  });

  check("says NOT_DIRECTORY where a file is in the way", async (fs, dir) => {
    await writeFile(fs, `${dir}/f`, "");
    await assertCode(
      () => fs.open(`${dir}/f/x`, { mode: "create" }),
      "NOT_DIRECTORY",
    );
    await assertCode(() => fs.readDir(`${dir}/f`), "NOT_DIRECTORY");
    await assertCode(() => fs.mkdir(`${dir}/f/x`), "NOT_DIRECTORY");
  });

  check(
    "resolve() leads to the same file, again and again",
    async (fs, dir) => {
      for (const path of [`${dir}/a`, `${dir}/../a`, `${dir}//x/./a`, dir]) {
        assertEquals(fs.resolve(path), path);
      }
      const relative = fs.resolve("durable-nothing-has-this-name");
      assertEquals(fs.resolve(relative), relative);
      assertEquals(fs.split(relative).base, "durable-nothing-has-this-name");
      assertEquals(await fs.stat(relative), undefined);
    },
  );

  check("lock() has one holder at a time", async (fs, dir) => {
    const lock = await fs.lock(`${dir}/l`);
    const error = await assertCode(() => fs.lock(`${dir}/l`), "LOCKED");
    assert(/process/.test(error.message), error.message);
    await lock.release();
    await lock.release();
    await using again = await fs.lock(`${dir}/l`);
    await assertCode(() => fs.lock(`${dir}/l`), "LOCKED");
    await using other = await fs.lock(`${dir}/m`);
    assert(again !== other);
  });

  check("lock() in a missing directory says NOT_FOUND", async (fs, dir) => {
    await assertCode(() => fs.lock(`${dir}/no/l`), "NOT_FOUND");
  });

  check("crc32() is the one of zlib, and continues", (fs) => {
    assertEquals(fs.crc32(bytes("123456789"), 0), 0xcbf43926);
    const text = bytes("The quick brown fox jumps over the lazy dog");
    for (let cut = 0; cut <= text.length; cut++) {
      const seed = fs.crc32(text.subarray(0, cut), 0);
      assertEquals(fs.crc32(text.subarray(cut), seed), 0x414fa339);
      assertEquals(crc32(text.subarray(cut), seed), 0x414fa339);
    }
    return Promise.resolve();
  });

  check("now() and random() are whole numbers, and random() varies", (fs) => {
    assert(Number.isSafeInteger(fs.now()) && fs.now() > 0);
    const values = Array.from({ length: 8 }, () => fs.random());
    assert(values.every((value) => value >>> 0 === value));
    assert(new Set(values).size > 4);
    return Promise.resolve();
  });
}
