import {
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { DurableError } from "../mod.ts";
import { SimulatedFileSystem, StoppedError } from "../src/testing/mod.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import {
  change,
  disksOf,
  diskWith,
  syncFile,
  visibleText,
} from "./support/simulated.ts";

test("SimulatedFileSystem begins with its image, all of it durable", async () => {
  const fileSystem = diskWith({ a: "1", "d/": "", "d/b": "2" });
  assertEquals(visibleText(fileSystem), "a=1 d/ d/b=2");
  assertEquals(disksOf(fileSystem), ["a=1 d/ d/b=2"]);
  assertEquals(await fileSystem.stat("d/b"), { kind: "file", size: 1 });
  assertEquals(await fileSystem.stat("/d/./b"), { kind: "file", size: 1 });
  assertEquals((await fileSystem.stat("."))?.kind, "directory");
  assertEquals((await fileSystem.stat("/"))?.kind, "directory");
});

test("SimulatedFileSystem never changes the image that it began with", async () => {
  const bytes = new Uint8Array([1, 2, 3]);
  const image = { files: new Map([["a", bytes]]), directories: [] };
  const fileSystem = new SimulatedFileSystem({ image });
  await change(fileSystem, "a", [0, "x"], 1);
  await syncFile(fileSystem, "a");
  await fileSystem.remove("a");
  assertEquals([...bytes], [1, 2, 3]);
  assertEquals(image.files.size, 1);
});

test("SimulatedFileSystem.trace lists the calls, a line each", async () => {
  const fileSystem = new SimulatedFileSystem();
  fileSystem.inject({
    kinds: ["write"],
    at: 2,
    errno: "ENOSPC",
    written: 1,
  });
  fileSystem.inject({ kinds: ["dataSync"], errno: "EIO", sync: "F1" });
  fileSystem.inject({ kinds: ["remove"], errno: "EPERM", persisted: true });
  const lock = await fileSystem.lock("l");
  const file = await fileSystem.open("a", { mode: "create" });
  await file.write(new Uint8Array(3), 0);
  await assertCode(() => file.write(new Uint8Array(2), 3), "NO_SPACE");
  await file.read(new Uint8Array(1), 2);
  await file.truncate(2);
  assertThrows(() => file.dataSyncSync(), DurableError);
  await file.sync();
  await file.size();
  await file.close();
  await file.close();
  await fileSystem.rename("a", "b");
  await fileSystem.stat("b");
  await fileSystem.readDir(".");
  await fileSystem.syncDir(".");
  await (await fileSystem.open("b", { mode: "read" })).close();
  await assertCode(() => fileSystem.remove("b"), "PERMISSION");
  await lock.release();
  assertEquals(fileSystem.trace.split("\n"), [
    "1 lock l",
    "2 create a",
    "3 write a at 0, 3 bytes",
    "4 write a at 3, 2 bytes: ENOSPC after 1 bytes",
    "5 read a at 2",
    "6 truncate a to 2 bytes",
    "7 dataSync a: EIO (F1)",
    "8 sync a",
    "9 size a",
    "10 close a",
    "11 rename a to b",
    "12 stat b",
    "13 readDir .",
    "14 syncDir .",
    "15 open-read b",
    "16 close b",
    "17 remove b: EPERM (done all the same)",
  ]);
  assertEquals(visibleText(fileSystem), "");
});

test("SimulatedFileSystem.operations keeps what was written, also if the buffer changes", async () => {
  const fileSystem = new SimulatedFileSystem();
  const file = await fileSystem.open("a", { mode: "create" });
  const buffer = new Uint8Array([1, 2]);
  file.writeSync(buffer, 0);
  buffer.fill(9);
  assertEquals([...fileSystem.operations[1].bytes ?? []], [1, 2]);
  assertEquals([...fileSystem.visible.files.get("a") ?? []], [1, 2]);
  await file.close();
});

test("SimulatedFileSystem.now() moves by a millisecond at each call, and by advance()", async () => {
  const fileSystem = new SimulatedFileSystem();
  assertEquals(fileSystem.now(), Date.UTC(2020, 0, 1));
  assertEquals(fileSystem.now(), Date.UTC(2020, 0, 1));
  await fileSystem.stat("a");
  await fileSystem.readDir(".");
  assertEquals(fileSystem.now(), Date.UTC(2020, 0, 1) + 2);
  fileSystem.advance(1000);
  assertEquals(fileSystem.now(), Date.UTC(2020, 0, 1) + 1002);
  assertEquals(new SimulatedFileSystem({ time: 5 }).now(), 5);
});

test("SimulatedFileSystem.random() repeats with its seed", () => {
  const bits = (seed?: number) => {
    const fileSystem = new SimulatedFileSystem({ seed });
    return Array.from({ length: 4 }, () => fileSystem.random());
  };
  assertEquals(bits(7), bits(7));
  assertEquals(bits(), bits(1));
  assertNotEquals(bits(7), bits(8));
  const other = new SimulatedFileSystem().clone(7);
  assertEquals(other.random(), bits(7)[0]);
});

test("SimulatedFileSystem.onOperation runs in front of each call, and may fail it or let it wait", async () => {
  const fileSystem = diskWith({ a: "1" });
  const seen: string[] = [];
  fileSystem.onOperation = ({ kind, path }) => {
    seen.push(`${kind} ${path}: ${visibleText(fileSystem)}`);
    if (kind === "rename") throw new RangeError("hook");
    if (kind === "remove") return Promise.resolve();
  };
  const removed = fileSystem.remove("a");
  assertEquals(visibleText(fileSystem), "a=1"); // it waits
  await removed;
  assertEquals(visibleText(fileSystem), "");
  await assertRejects(() => fileSystem.rename("a", "b"), RangeError);
  assertEquals(seen, ["remove a: a=1", "rename a: "]);
});

test("SimulatedFileSystem.stop() makes every call throw, on every handle", async () => {
  const fileSystem = diskWith({ a: "1" });
  const file = await fileSystem.open("a", { mode: "write" });
  fileSystem.stop();
  const calls = fileSystem.operations.length;
  for (
    const call of [
      () => fileSystem.stat("a"),
      () => fileSystem.open("a", { mode: "read" }),
      () => fileSystem.mkdir("d"),
      () => fileSystem.rename("a", "b"),
      () => fileSystem.remove("a"),
      () => fileSystem.readDir("."),
      () => fileSystem.syncDir("."),
      () => fileSystem.lock("l"),
      () => file.read(new Uint8Array(1), 0),
      () => file.write(new Uint8Array(1), 0),
      () => file.truncate(0),
      () => file.size(),
      () => file.dataSync(),
      () => file.sync(),
    ]
  ) await assertRejects(call, StoppedError, "the program has been stopped");
  assertThrows(() => file.writeSync(new Uint8Array(1), 0), StoppedError);
  assertThrows(() => file.statSync(), StoppedError);
  assertThrows(() => file.dataSyncSync(), StoppedError);
  assertEquals(fileSystem.operations.length, calls);
  assertEquals(visibleText(fileSystem), "a=1");
});

test("SimulatedFileSystem.stop() also ends a call that waits", async () => {
  const fileSystem = diskWith({ a: "1" });
  for (const end of ["stop", "restart"] as const) {
    fileSystem.onOperation = async () => {};
    const waiting = fileSystem.remove("a");
    fileSystem[end]();
    await assertRejects(() => waiting, StoppedError);
  }
  assertEquals(visibleText(fileSystem), "a=1");
});

test("SimulatedFileSystem.restart() takes handles and locks, and leaves what is visible and what is pending", async () => {
  const fileSystem = diskWith({ a: "1" });
  const file = await fileSystem.open("a", { mode: "write" });
  await file.write(new Uint8Array([0x32]), 1);
  const old = await fileSystem.lock("l");
  fileSystem.stop();
  fileSystem.restart();
  await assertRejects(() => file.sync(), StoppedError);
  assertThrows(() => file.writeSync(new Uint8Array(1), 0), StoppedError);
  const lock = await fileSystem.lock("l");
  await old.release(); // of the other program: nothing happens
  await assertCode(() => fileSystem.lock("l"), "LOCKED");
  await lock.release();
  assertEquals(visibleText(fileSystem), "a=12");
  assertEquals(disksOf(fileSystem, { data: ["D0", "D1"] }), ["a=1", "a=12"]);
  await syncFile(fileSystem, "a");
  assertEquals(disksOf(fileSystem), ["a=12"]);
});

test("SimulatedFileSystem.lock() knows a path by any of its spellings", async () => {
  const fileSystem = diskWith({ "d/": "" });
  const lock = await fileSystem.lock("d/l");
  await assertCode(() => fileSystem.lock("./d//l"), "LOCKED");
  await assertCode(() => fileSystem.lock("d"), "IS_DIRECTORY");
  await (await fileSystem.lock("d/m")).release();
  await lock.release();
  await using _ = await fileSystem.lock("d/../d/l");
});

test("SimulatedFileSystem.clone() has what is visible, durable and pending, and goes its own way", async () => {
  const fileSystem = diskWith({ a: "1", b: "stale", "d/": "" });
  const handle = await fileSystem.open("a", { mode: "write" });
  await handle.write(new Uint8Array([0x32]), 1);
  await fileSystem.rename("a", "c");
  await fileSystem.remove("b");
  await fileSystem.lock("l");
  fileSystem.inject({ errno: "EIO", lasting: true, kinds: ["stat"] });
  fileSystem.stop();
  const before = disksOf(fileSystem);
  const copy = fileSystem.clone();
  assertEquals(copy.operations, []);
  assertEquals(copy.now(), fileSystem.now());
  assertEquals(visibleText(copy), "c=12 d/");
  assertEquals(disksOf(copy), before);
  assertEquals(copy.fingerprint(), fileSystem.fingerprint());
  // No lock, no fault, not stopped; a rename is still one of two names.
  await (await copy.lock("l")).release();
  assertEquals(await copy.stat("c"), { kind: "file", size: 2 });
  await change(copy, "c", [0, "x"]);
  await copy.syncDir(".");
  await syncFile(copy, "c");
  assertEquals(disksOf(copy), ["c=x2 d/"]);
  assertEquals(disksOf(fileSystem), before);
  assertNotEquals(copy.fingerprint(), fileSystem.fingerprint());
});

test("SimulatedFileSystem.clone() keeps a failure that is to be reported late", async () => {
  const fileSystem = diskWith({ a: "1" });
  await change(fileSystem, "a", [1, "2"]);
  fileSystem.inject({ kinds: ["sync"], errno: "EIO", sync: "F4" });
  await syncFile(fileSystem, "a");
  await assertCode(() => syncFile(fileSystem.clone(), "a"), "IO");
});

test("SimulatedFileSystem.open() keeps a file whose name is gone, and writes only where it may", async () => {
  const fileSystem = diskWith({ a: "1" });
  const reader = await fileSystem.open("a", { mode: "read" });
  await assertCode(() => reader.write(new Uint8Array(1), 0), "IO");
  await assertCode(() => reader.truncate(0), "IO");
  const writer = await fileSystem.open("a", { mode: "write" });
  await fileSystem.remove("a");
  await change(fileSystem, "a", [0, "other"]);
  await writer.write(new Uint8Array([0x32]), 1);
  const buffer = new Uint8Array(9);
  assertEquals(await reader.read(buffer, 0), 2);
  assertEquals([...buffer.subarray(0, 2)], [0x31, 0x32]);
  assertEquals(visibleText(fileSystem), "a=other");
  await writer.sync();
  assertEquals(disksOf(fileSystem, { names: ["N0"] }), ["a=12"]);
  await reader.close();
  await writer.close();
});
