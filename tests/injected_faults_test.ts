import { assert, assertEquals, assertThrows } from "@std/assert";
import { DurableError, type DurableErrorCode } from "../mod.ts";
import {
  CHANGES,
  type Errno,
  type Fault,
  type SimulatedFileSystem,
} from "../src/testing/mod.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import { disksOf, diskWith, visibleText } from "./support/simulated.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** Writes "1", "2", … to a file, and tells of each call whether it failed. */
async function writes(
  fileSystem: SimulatedFileSystem,
  count: number,
): Promise<string> {
  await using file = await fileSystem.open("a", { mode: "write" });
  let outcome = "";
  for (let n = 0; n < count; n++) {
    const write = file.write(bytes(`${n + 1}`), n);
    outcome += await write.then(() => "+", () => "-");
  }
  return outcome;
}

test("SimulatedFileSystem.inject() fails the calls that a fault asks for", async () => {
  const outcome = (...faults: Fault[]) => {
    const fileSystem = diskWith({ a: "" });
    for (const fault of faults) fileSystem.inject(fault);
    return writes(fileSystem, 6);
  };
  const errno = "EIO";
  const kinds = ["write"] as const;
  assertEquals(await outcome({ errno }), "-+++++");
  assertEquals(await outcome({ errno, at: 3 }), "++-+++");
  assertEquals(await outcome({ errno, at: 3, lasting: true }), "++----");
  assertEquals(await outcome({ errno, kinds, at: 6 }), "+++++-");
  assertEquals(await outcome({ errno, kinds: ["sync", "read"] }), "++++++");
  assertEquals(await outcome({ errno, at: 2 }, { errno, at: 4 }), "+-+-++");
  assertEquals(await outcome({ errno, at: 7 }), "++++++");
});

test("SimulatedFileSystem.inject() counts from when it is called", async () => {
  const fileSystem = diskWith({ a: "" });
  assertEquals(await writes(fileSystem, 2), "++");
  fileSystem.inject({ errno: "EIO", at: 2 });
  assertEquals(await writes(fileSystem, 3), "+-+");
});

test("SimulatedFileSystem.inject() takes of several faults that hit a call the first", async () => {
  const fileSystem = diskWith({ a: "" });
  fileSystem.inject({ errno: "ENOSPC" });
  fileSystem.inject({ errno: "EROFS", lasting: true });
  await using file = await fileSystem.open("a", { mode: "write" });
  await assertCode(() => file.write(bytes("x"), 0), "NO_SPACE");
  await assertCode(() => file.write(bytes("x"), 0), "READ_ONLY");
});

test("CHANGES are the kinds that a fault hits if it names none", async () => {
  const hit = async (kind: string) => {
    const fileSystem = diskWith({ a: "1", "d/": "" });
    const file = await fileSystem.open("a", { mode: "write" });
    fileSystem.inject({ errno: "EIO", lasting: true });
    const calls: Record<string, () => Promise<unknown>> = {
      "open-read": () => fileSystem.open("a", { mode: "read" }),
      "open-write": () => fileSystem.open("a", { mode: "write" }),
      create: () => fileSystem.open("b", { mode: "create" }),
      mkdir: () => fileSystem.mkdir("e"),
      rename: () => fileSystem.rename("a", "b"),
      remove: () => fileSystem.remove("a"),
      stat: () => fileSystem.stat("a"),
      readDir: () => fileSystem.readDir("."),
      syncDir: () => fileSystem.syncDir("."),
      lock: () => fileSystem.lock("l"),
      read: () => file.read(new Uint8Array(1), 0),
      write: () => file.write(bytes("x"), 0),
      truncate: () => file.truncate(0),
      size: () => file.size(),
      dataSync: () => file.dataSync(),
      sync: () => file.sync(),
      close: () => file.close(),
    };
    const failed = await calls[kind]().then(() => false, () => true);
    return failed;
  };
  const kinds = [
    ...["open-read", "open-write", "stat", "readDir", "lock", "read"],
    ...["size", "close"],
  ];
  for (const kind of CHANGES) assert(await hit(kind), kind);
  for (const kind of kinds) assert(!await hit(kind), kind);
  assertEquals(kinds.length + CHANGES.length, 17);
});

test("SimulatedFileSystem.inject() gives each error the code that adapters give it", async () => {
  const codes: Record<Errno, DurableErrorCode> = {
    EIO: "IO",
    ENOSPC: "NO_SPACE",
    EDQUOT: "NO_SPACE",
    EROFS: "READ_ONLY",
    EMFILE: "TOO_MANY_FILES",
    EACCES: "PERMISSION",
    EPERM: "PERMISSION",
    EBUSY: "IO",
  };
  for (
    const [errno, code] of Object.entries(codes) as [
      Errno,
      typeof codes[Errno],
    ][]
  ) {
    const fileSystem = diskWith({ a: "1" });
    fileSystem.inject({ errno, kinds: ["open-read"] });
    const open = () => fileSystem.open("a", { mode: "read" });
    const error = await assertCode(open, code);
    assertEquals(error.path, "a");
    assert(error.message.startsWith('Cannot open "a": '), error.message);
    assertEquals((error.cause as { code?: string }).code, errno);
    await (await open()).close();
  }
});

test("SimulatedFileSystem.inject() lets a write take some bytes before it fails", async () => {
  for (
    const [written, text] of [[0, "ab"], [1, "1b"], [3, "123"], [
      9,
      "1234",
    ]] as const
  ) {
    const fileSystem = diskWith({ a: "ab" });
    fileSystem.inject({ errno: "ENOSPC", written });
    await using file = await fileSystem.open("a", { mode: "write" });
    const error = assertThrows(
      () => file.writeSync(bytes("1234"), 0),
      DurableError,
    );
    assertEquals(error.code, "NO_SPACE");
    assertEquals(visibleText(fileSystem), `a=${text}`);
    assertEquals(disksOf(fileSystem, { data: ["D0"] }), ["a=ab"]);
    assertEquals(
      disksOf(fileSystem, { data: ["D0", "D1"] }).includes(`a=${text}`),
      true,
    );
  }
});

test("SimulatedFileSystem.inject() lets a call take effect and fail all the same", async () => {
  const attempt = async (
    run: (fileSystem: SimulatedFileSystem) => Promise<unknown>,
    persisted: boolean,
  ) => {
    const fileSystem = diskWith({ a: "1" });
    fileSystem.inject({ errno: "EIO", persisted });
    await assertCode(() => run(fileSystem), "IO");
    return visibleText(fileSystem);
  };
  const write = async (fileSystem: SimulatedFileSystem) => {
    await using file = await fileSystem.open("a", { mode: "write" });
    await file.write(bytes("23"), 1);
  };
  const truncate = async (fileSystem: SimulatedFileSystem) => {
    await using file = await fileSystem.open("a", { mode: "write" });
    await file.truncate(0);
  };
  const create = (fileSystem: SimulatedFileSystem) =>
    fileSystem.open("b", { mode: "create" });
  const rename = (fileSystem: SimulatedFileSystem) =>
    fileSystem.rename("a", "b");
  const remove = (fileSystem: SimulatedFileSystem) => fileSystem.remove("a");
  for (
    const [run, text] of [
      [write, "a=123"],
      [truncate, "a="],
      [create, "a=1 b="],
      [rename, "b=1"],
      [remove, ""],
    ] as const
  ) {
    assertEquals(await attempt(run, true), text);
    assertEquals(await attempt(run, false), "a=1");
  }
  // A sync does so too.
  const fileSystem = diskWith({ a: "1" });
  await using file = await fileSystem.open("a", { mode: "write" });
  file.writeSync(bytes("2"), 1);
  fileSystem.inject({ errno: "EIO", persisted: true, sync: "F1" });
  await assertCode(() => file.sync(), "IO");
  assertEquals(disksOf(fileSystem), ["a=12"]);
});

test("SimulatedFileSystem.inject() says what the call says where that cannot take effect", async () => {
  const fileSystem = diskWith({});
  fileSystem.inject({ errno: "EIO", persisted: true, kinds: ["remove"] });
  await assertCode(() => fileSystem.remove("a"), "NOT_FOUND");
});

test("SimulatedFileSystem.inject() never lets a write succeed that a sync fault hits", async () => {
  const fileSystem = diskWith({ a: "" });
  fileSystem.inject({ errno: "EIO", sync: "F4" });
  assertEquals(await writes(fileSystem, 2), "-+");
});

test("SimulatedFileSystem.inject() records the fault with the call that it hits", async () => {
  const fileSystem = diskWith({ a: "" });
  const fault: Fault = { errno: "EIO", at: 2 };
  fileSystem.inject(fault);
  await writes(fileSystem, 3);
  const faults = fileSystem.operations.map(({ fault }) => fault);
  assertEquals(faults, [undefined, undefined, fault, undefined, undefined]);
});
