import { assert, assertEquals } from "@std/assert";
import {
  type DiskImage,
  NAME_MODELS,
  type NameModel,
  SimulatedFileSystem,
} from "../src/testing/mod.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import {
  change,
  disksOf,
  diskWith,
  syncFile,
  visibleText,
} from "./support/simulated.ts";

type Expected = Partial<Record<NameModel | "all", readonly string[]>>;

/** Holds the disks that each model leaves against the expected ones; bytes that were not synced are all there. */
function assertDisks(
  fileSystem: SimulatedFileSystem,
  expected: Expected,
): void {
  for (const [model, disks] of Object.entries(expected)) {
    const names = model === "all" ? NAME_MODELS : [model as NameModel];
    const found = disksOf(fileSystem, { names, data: ["D1"] });
    assertEquals(found, [...disks].sort(), model);
  }
}

/** Makes a directory whose name is not durable. */
async function makeUnsynced(
  fileSystem: SimulatedFileSystem,
  path: string,
): Promise<void> {
  // The first sync makes the name of the parent durable.
  fileSystem.inject({ kinds: ["syncDir"], at: 2, errno: "EIO" });
  await assertCode(() => fileSystem.mkdir(path), "IO");
}

test("SimulatedFileSystem.crashStates() may lose a new file's name, be it synced or not (N0, N4)", async () => {
  const fileSystem = diskWith({});
  await change(fileSystem, "a", [0, "1"]);
  assertDisks(fileSystem, {
    N0: [""],
    N1: ["", "a=1"],
    N2: ["", "a=1"],
    N3: [],
    N4: [],
    N5: [],
    N6: [],
    all: ["", "a=1"],
  });
  await syncFile(fileSystem, "a");
  assertDisks(fileSystem, { N4: [""], all: ["", "a=1"] });
  await fileSystem.syncDir(".");
  assertDisks(fileSystem, { N0: ["a=1"], N4: [], all: ["a=1"] });
});

test("SimulatedFileSystem.crashStates() leaves of two names the first ones, or any subset (N1, N2)", async () => {
  const fileSystem = diskWith({});
  await change(fileSystem, "a", [0, "1"]);
  await change(fileSystem, "b", [0, "2"]);
  assertDisks(fileSystem, {
    N0: [""],
    N1: ["", "a=1", "a=1 b=2"],
    N2: ["", "a=1", "b=2", "a=1 b=2"],
  });
});

test("SimulatedFileSystem.crashStates() leaves of a rename the old name, the new one, or both (N3)", async () => {
  const fileSystem = diskWith({ a: "old", "a.new": "new" });
  await fileSystem.rename("a.new", "a");
  const three = ["a.new=new a=old", "a.new=new a=new", "a=new"];
  assertDisks(fileSystem, {
    N0: ["a.new=new a=old"],
    N1: three,
    N2: three,
    N3: three,
    N5: [],
    all: three,
  });
});

test("SimulatedFileSystem.crashStates() never leaves a renamed file without a name", async () => {
  const fileSystem = diskWith({ a: "kept" });
  for (const name of ["b", "c", "d"]) {
    await fileSystem.rename("a", name);
    await fileSystem.rename(name, "a");
  }
  for (const disk of disksOf(fileSystem)) assert(disk.includes("=kept"), disk);
});

test("SimulatedFileSystem.crashStates() leaves two names of a rename as two names of one file", async () => {
  const fileSystem = diskWith({ a: "1" });
  await fileSystem.rename("a", "b");
  const both = [...fileSystem.crashStates()].map(({ image }) => image).find((
    { files },
  ) => files.size === 2);
  assert(both?.files.get("a") === both?.files.get("b"));
  const after = new SimulatedFileSystem({ image: both as DiskImage });
  await change(after, "a", [1, "2"]);
  assertEquals(visibleText(after), "a=12 b=12");
  await syncFile(after, "b");
  assertDisks(after, { all: ["a=12 b=12"] });
  // One of the names goes, the file stays; and a rename to itself does nothing.
  await after.rename("a", "b");
  assertEquals(visibleText(after), "a=12 b=12");
  await after.remove("a");
  assertDisks(after, { all: ["b=12", "a=12 b=12"] });
});

test("SimulatedFileSystem.crashStates() may bring a removed file back (N5)", async () => {
  const fileSystem = diskWith({ a: "1", b: "2" });
  await fileSystem.remove("a");
  await fileSystem.remove("b");
  const all = ["", "a=1", "b=2", "a=1 b=2"];
  assertDisks(fileSystem, {
    N0: ["a=1 b=2"],
    N1: ["a=1 b=2", "b=2", ""],
    N5: ["a=1 b=2", "a=1", "b=2"],
    all,
  });
  await fileSystem.syncDir(".");
  assertDisks(fileSystem, { N5: [], all: [""] });
});

test("SimulatedFileSystem.crashStates() may lose a new directory with what is in it (N6)", async () => {
  const fileSystem = diskWith({});
  await makeUnsynced(fileSystem, "d");
  await change(fileSystem, "d/a", [0, "1"]);
  await syncFile(fileSystem, "d/a");
  await fileSystem.syncDir("d");
  assertDisks(fileSystem, {
    N0: [""],
    N1: ["", "d/ d/a=1"],
    N6: [""],
    all: ["", "d/ d/a=1"],
  });
  await fileSystem.syncDir(".");
  assertDisks(fileSystem, { N6: [], all: ["d/ d/a=1"] });
});

test("SimulatedFileSystem.mkdir() makes each directory durable before the next", async () => {
  const fileSystem = new SimulatedFileSystem();
  const seen = new Set<string>();
  fileSystem.onOperation = () => {
    for (const disk of disksOf(fileSystem)) seen.add(disk);
  };
  await fileSystem.mkdir("d/e");
  assertDisks(fileSystem, { all: ["d/ d/e/"] });
  assertEquals([...seen].sort(), ["", "d/", "d/ d/e/"]);
});

test("SimulatedFileSystem.crashStates() keeps the order of the changes of one name", async () => {
  const fileSystem = diskWith({});
  await change(fileSystem, "a", [0, "1"]);
  await fileSystem.remove("a");
  await change(fileSystem, "a", [0, "2"]);
  assertDisks(fileSystem, {
    N1: ["", "a=1", "a=2"],
    all: ["", "a=1", "a=2"],
  });
});

test("SimulatedFileSystem.crashStates() never shows a later change of a name without the earlier ones, though those of other names", async () => {
  const fileSystem = diskWith({ a: "0" });
  for (const text of ["1", "2"]) {
    await change(fileSystem, "t", [0, text]);
    await fileSystem.rename("t", "a");
  }
  assertDisks(fileSystem, {
    all: [
      "a=0",
      "a=0 t=1",
      "a=1",
      "a=1 t=1",
      "a=1 t=2",
      "a=2",
      "a=2 t=1",
      "a=2 t=2",
    ],
  });
});

test("SimulatedFileSystem.crashStates() leaves of a rename between directories the old name, the new one, or both", async () => {
  const moved = async () => {
    const fileSystem = diskWith({ "d/": "", "d/a": "1", "e/": "" });
    await change(fileSystem, "e/b", [0, "2"]);
    await fileSystem.rename("d/a", "e/a");
    return fileSystem;
  };
  const [old, both, now] = ["d/ d/a=1 e/", "d/ d/a=1 e/ e/a=1", "d/ e/ e/a=1"];
  const all = [old, both, now].flatMap((disk) => [disk, `${disk} e/b=2`]);
  assertDisks(await moved(), { N0: [old], all });
  // The directory it came from takes the new name along, and no other one.
  const source = await moved();
  await source.syncDir("d");
  assertDisks(source, { N0: [now], all: [now, `${now} e/b=2`] });
  const target = await moved();
  await target.syncDir("e");
  assertDisks(target, { all: [`${both} e/b=2`, `${now} e/b=2`] });
});

test("SimulatedFileSystem.syncDir() keeps the order of names that moved through directories", async () => {
  const fileSystem = diskWith({ "d/": "", "d/x": "1", "e/": "", "f/": "" });
  await fileSystem.rename("d/x", "e/x");
  await fileSystem.rename("e/x", "f/x");
  await change(fileSystem, "d/x", [0, "2"]);
  await fileSystem.rename("d/x", "e/x");
  await fileSystem.syncDir("d");
  assertDisks(fileSystem, { all: ["d/ e/ e/x=2 f/ f/x=1"] });
});

test("SimulatedFileSystem.syncDir() takes along no later change of a name in another directory", async () => {
  const fileSystem = diskWith({ "d/": "", "d/a": "1", "e/": "" });
  await fileSystem.rename("d/a", "e/a");
  await fileSystem.remove("e/a");
  await fileSystem.syncDir("d");
  assertDisks(fileSystem, { all: ["d/ e/", "d/ e/ e/a=1"] });
});

test("SimulatedFileSystem.crashStates() stays bounded where many names changed, and loses each one alone", async () => {
  const fileSystem = diskWith({});
  const names = Array.from({ length: 20 }, (_, n) => `f${n + 10}`);
  for (const name of names) await change(fileSystem, name);
  const disks = new Set(disksOf(fileSystem));
  assert(disks.size <= 21 + 20 + 64);
  for (const lost of names) {
    const rest = names.filter((name) => name !== lost);
    assert(disks.has(rest.map((name) => `${name}=`).join(" ")), lost);
  }
  for (let n = 0; n <= names.length; n++) {
    assert(disks.has(names.slice(0, n).map((name) => `${name}=`).join(" ")));
  }
});

test("SimulatedFileSystem.crashStates() finds rare states where one name changed very often", async () => {
  const fileSystem = diskWith({ a: "0" });
  for (const n of Array(10).keys()) {
    await change(fileSystem, "t", [0, `${n + 1}`]);
    await fileSystem.rename("t", "a");
    await change(fileSystem, `n${n}`);
  }
  const disks = disksOf(fileSystem, { data: ["D1"] });
  // Both names of a rename, and a later change of another name.
  assert(disks.some((disk) => disk.includes("a=5 ") && disk.includes("t=5")));
  assert(disks.some((disk) => !disk.includes("n0=") && disk.includes("n9=")));
  assert(disks.length <= 41 + 64 + 64);
});

test("NAME_MODELS names each model once", () => {
  assertEquals([...NAME_MODELS].sort(), [
    "N0",
    "N1",
    "N2",
    "N3",
    "N4",
    "N5",
    "N6",
  ]);
});
