import { assert, assertEquals } from "@std/assert";
import type { SimulatedFileSystem, SyncFailure } from "../src/testing/mod.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import {
  change,
  disksOf,
  diskWith,
  syncFile,
  visibleText,
} from "./support/simulated.ts";

/** All models but those that put garbage in the place of bytes. */
const EXACT = {
  data: ["D0", "D1", "D2", "D3", "D5", "D8", "D9", "D11"],
  sectorSize: 2,
} as const;

function failNextSync(fileSystem: SimulatedFileSystem, sync: SyncFailure) {
  fileSystem.inject({ kinds: ["sync", "syncDir"], errno: "EIO", sync });
}

/** A file "a" that held "ab", and "XY" behind it whose sync is to fail. */
async function extended(sync: SyncFailure): Promise<SimulatedFileSystem> {
  const fileSystem = diskWith({ a: "ab" });
  await change(fileSystem, "a", [2, "XY"]);
  failNextSync(fileSystem, sync);
  return fileSystem;
}

test("FileHandle.sync() makes the bytes of its file durable, and nothing else (simulated)", async () => {
  const fileSystem = diskWith({ a: "", b: "" });
  await change(fileSystem, "a", [0, "1"]);
  await change(fileSystem, "b", [0, "2"]);
  await change(fileSystem, "c", [0, "3"]);
  await syncFile(fileSystem, "a");
  assertEquals(disksOf(fileSystem, EXACT), [
    "a=1 b=",
    "a=1 b=\0",
    "a=1 b=\0 c=",
    "a=1 b=\0 c=\0",
    "a=1 b=\0 c=3",
    "a=1 b= c=",
    "a=1 b= c=\0",
    "a=1 b= c=3",
    "a=1 b=2",
    "a=1 b=2 c=",
    "a=1 b=2 c=\0",
    "a=1 b=2 c=3",
  ]);
});

test("FileHandle.sync() syncs the file whatever its name, and through any handle (simulated)", async () => {
  const fileSystem = diskWith({ a: "" });
  await change(fileSystem, "a", [0, "1"]);
  const handle = await fileSystem.open("a", { mode: "read" });
  await fileSystem.rename("a", "b");
  await handle.sync();
  await handle.close();
  assertEquals(disksOf(fileSystem), ["a=1", "a=1 b=1", "b=1"]);
});

test("SimulatedFileSystem.syncDir() makes the names of its directory durable, and nothing else", async () => {
  const fileSystem = diskWith({ "d/": "", "e/": "" });
  await change(fileSystem, "d/a", [0, "1"]);
  await change(fileSystem, "e/b", [0, "2"]);
  await syncFile(fileSystem, "e/b");
  await fileSystem.syncDir("d");
  assertEquals(disksOf(fileSystem, { data: ["D0", "D1"] }), [
    "d/ d/a= e/",
    "d/ d/a= e/ e/b=2",
    "d/ d/a=1 e/",
    "d/ d/a=1 e/ e/b=2",
  ]);
  // Nor does the directory above reach into those below.
  await fileSystem.syncDir(".");
  assertEquals(disksOf(fileSystem, { names: ["N0"], data: ["D0"] }), [
    "d/ d/a= e/",
  ]);
});

test("FileHandle.sync() that fails leaves everything pending, and the next one can do it (F0)", async () => {
  const fileSystem = await extended("F0");
  const before = disksOf(fileSystem, EXACT);
  await assertCode(() => syncFile(fileSystem, "a"), "IO");
  assertEquals(visibleText(fileSystem), "a=abXY");
  assertEquals(disksOf(fileSystem, EXACT), before);
  await syncFile(fileSystem, "a");
  assertEquals(disksOf(fileSystem), ["a=abXY"]);
});

test("FileHandle.sync() that fails keeps what is visible and loses the bytes, and later ones lie (F1)", async () => {
  const fileSystem = await extended("F1");
  await assertCode(() => syncFile(fileSystem, "a"), "IO");
  assertEquals(visibleText(fileSystem), "a=abXY");
  assertEquals(disksOf(fileSystem, EXACT), ["a=ab", "a=ab\0\0"]);
  await syncFile(fileSystem, "a");
  assertEquals(disksOf(fileSystem), ["a=ab\0\0"]);
  assertEquals(visibleText(fileSystem), "a=abXY");
  // What is written again is written.
  await change(fileSystem, "a", [3, "Y"]);
  await syncFile(fileSystem, "a");
  assertEquals(disksOf(fileSystem), ["a=ab\0Y"]);
});

test("FileHandle.sync() that fails loses bytes in place too, and keeps truncations pending (F1)", async () => {
  const fileSystem = diskWith({ a: "abcd" });
  await change(fileSystem, "a", [0, "XY"], 3);
  failNextSync(fileSystem, "F1");
  await assertCode(() => syncFile(fileSystem, "a"), "IO");
  assertEquals(visibleText(fileSystem), "a=XYc");
  assertEquals(disksOf(fileSystem), ["a=abc", "a=abcd"]);
  await syncFile(fileSystem, "a");
  assertEquals(disksOf(fileSystem), ["a=abc"]);
});

test("FileHandle.sync() that fails loses what was written in the place of what was cut off (F1)", async () => {
  const fileSystem = diskWith({ a: "abcd" });
  await change(fileSystem, "a", 1, [1, "XYZ"]);
  failNextSync(fileSystem, "F1");
  await assertCode(() => syncFile(fileSystem, "a"), "IO");
  await syncFile(fileSystem, "a");
  assertEquals(disksOf(fileSystem), ["a=a\0\0\0"]);
});

test("FileHandle.sync() that fails reverts what is visible (F2)", async () => {
  const fileSystem = await extended("F2");
  await assertCode(() => syncFile(fileSystem, "a"), "IO");
  assertEquals(visibleText(fileSystem), "a=ab");
  assertEquals(disksOf(fileSystem), ["a=ab"]);
  await change(fileSystem, "a", [2, "Z"]);
  await syncFile(fileSystem, "a");
  assertEquals(disksOf(fileSystem), ["a=abZ"]);
});

test("FileHandle.sync() that fails leaves a file system that refuses to write, and to sync (F3)", async () => {
  const fileSystem = await extended("F3");
  const file = await fileSystem.open("a", { mode: "write" });
  assert(!fileSystem.readOnly);
  await assertCode(() => file.sync(), "IO");
  assert(fileSystem.readOnly);
  const before = disksOf(fileSystem, EXACT);
  for (
    const call of [
      () => file.write(new Uint8Array(1), 0),
      () => file.truncate(0),
      () => file.sync(),
      () => file.dataSync(),
      () => fileSystem.open("a", { mode: "write" }),
      () => fileSystem.open("b", { mode: "create" }),
      () => fileSystem.mkdir("d"),
      () => fileSystem.rename("a", "b"),
      () => fileSystem.remove("a"),
      () => fileSystem.syncDir("."),
      () => fileSystem.lock("l"),
    ]
  ) await assertCode(call, "READ_ONLY");
  assertEquals(await file.read(new Uint8Array(9), 0), 4);
  await file.close();
  assertEquals(await fileSystem.readDir("."), ["a"]);
  assertEquals(disksOf(fileSystem, EXACT), before);
  fileSystem.restart();
  assert(fileSystem.readOnly && fileSystem.clone().readOnly);
});

test("FileHandle.sync() that fails reports it one call late (F4)", async () => {
  const fileSystem = await extended("F4");
  await syncFile(fileSystem, "a");
  assertEquals(visibleText(fileSystem), "a=abXY");
  assertEquals(disksOf(fileSystem, EXACT), ["a=ab", "a=ab\0\0"]);
  await change(fileSystem, "a", [4, "Z"]);
  await assertCode(() => syncFile(fileSystem, "a"), "IO");
  assertEquals(disksOf(fileSystem, { data: ["D0", "D1"] }), [
    "a=ab",
    "a=ab\0\0\0",
  ]);
  await syncFile(fileSystem, "a");
  assertEquals(disksOf(fileSystem), ["a=ab\0\0\0"]);
});

test("FileHandle.sync() that fails has done its work all the same (F6)", async () => {
  const fileSystem = await extended("F6");
  await assertCode(() => syncFile(fileSystem, "a"), "IO");
  assertEquals(disksOf(fileSystem), ["a=abXY"]);
});

test("SimulatedFileSystem.syncDir() fails in the same ways", async () => {
  /** What is visible and what can be on the disk, after a sync that fails and after the next one. */
  const afterwards = async (sync: SyncFailure) => {
    const fileSystem = diskWith({ r: "1" });
    await change(fileSystem, "a");
    await fileSystem.remove("r");
    failNextSync(fileSystem, sync);
    const attempt = () =>
      fileSystem.syncDir(".").then(() => "ok", ({ code }) => String(code));
    const look = async () => [
      await attempt(),
      visibleText(fileSystem),
      disksOf(fileSystem),
    ];
    return [await look(), await look()];
  };
  const any = ["", "a=", "a= r=1", "r=1"];
  const [lost, done] = [["r=1"], ["a="]];
  assertEquals(await afterwards("F0"), [["IO", "a=", any], ["ok", "a=", done]]);
  assertEquals(await afterwards("F1"), [["IO", "a=", lost], [
    "ok",
    "a=",
    lost,
  ]]);
  assertEquals(await afterwards("F2"), [
    ["IO", "r=1", lost],
    ["ok", "r=1", lost],
  ]);
  assertEquals(await afterwards("F3"), [
    ["IO", "a=", any],
    ["READ_ONLY", "a=", any],
  ]);
  assertEquals(await afterwards("F4"), [["ok", "a=", lost], [
    "IO",
    "a=",
    lost,
  ]]);
  assertEquals(await afterwards("F6"), [["IO", "a=", done], [
    "ok",
    "a=",
    done,
  ]]);
});

test("SimulatedFileSystem.syncDir() that fails never takes the name of a file that was to come from another directory", async () => {
  for (const sync of ["F1", "F2"] as const) {
    const fileSystem = diskWith({ "d/": "", "d/a": "1", "e/": "" });
    await fileSystem.rename("d/a", "e/a");
    failNextSync(fileSystem, sync);
    await assertCode(() => fileSystem.syncDir("e"), "IO");
    assertEquals(disksOf(fileSystem), ["d/ d/a=1 e/"]);
    await fileSystem.syncDir("d");
    assertEquals(disksOf(fileSystem), ["d/ d/a=1 e/"]);
    const visible = sync === "F1" ? "d/ e/ e/a=1" : "d/ d/a=1 e/";
    assertEquals(visibleText(fileSystem), visible);
  }
});
