import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { hashImage } from "../src/testing/crash_states.ts";
import { type DiskImage, SimulatedFileSystem } from "../src/testing/mod.ts";
import { SeededRandom } from "../src/testing/random.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import {
  change,
  disksOf,
  diskWith,
  syncFile,
  textOf,
} from "./support/simulated.ts";

/** Files, names and directories that changed in many ways. */
async function busy(): Promise<SimulatedFileSystem> {
  const fileSystem = diskWith({ a: "aaaa", b: "bbbb", "d/": "", "d/c": "" });
  await change(fileSystem, "a", [2, "AAAA"], 3);
  await change(fileSystem, "n", [0, "new"]);
  await fileSystem.rename("n", "b");
  await fileSystem.remove("d/c");
  await change(fileSystem, "d/e", [0, "eeee"]);
  return fileSystem;
}

const image = (
  files: Record<string, Uint8Array>,
  directories: readonly string[] = [],
): DiskImage => ({ files: new Map(Object.entries(files)), directories });
const bytes = (text: string) => new TextEncoder().encode(text);

test("SimulatedFileSystem.crashStates() yields each disk once, with its fingerprint and its models", async () => {
  const fileSystem = await busy();
  const states = [...fileSystem.crashStates({ sectorSize: 2 })];
  assert(states.length > 100, `${states.length}`);
  const texts = states.map(({ image }) => textOf(image));
  const prints = states.map(({ fingerprint }) => fingerprint);
  assertEquals(new Set(prints).size, states.length);
  for (const [n, { image, fingerprint }] of states.entries()) {
    assertEquals(fingerprint, hashImage(image));
    const twin = texts.indexOf(texts[n]);
    if (twin === n) continue;
    // The same text twice: two names of one file are not two files.
    const files = [...image.files.values()];
    const others = [...states[twin].image.files.values()];
    assertNotEquals(new Set(files).size, new Set(others).size);
  }
  assert(states.every(({ names }) => names.startsWith("N")));
});

test("SimulatedFileSystem.crashStates() yields the same for the same calls and the same seed", async () => {
  const texts = async (seed: number) => {
    const states = (await busy()).crashStates({ seed, sectorSize: 2 });
    return [...states].map(({ image, names, data }) =>
      `${names} ${data} ${textOf(image)}`
    );
  };
  assertEquals(await texts(1), await texts(1));
  assertNotEquals(await texts(1), await texts(2));
});

test("SimulatedFileSystem.crashStates() chooses so many states as the limit says, by the seed", async () => {
  const fileSystem = await busy();
  const all = new Set(disksOf(fileSystem, { data: ["D0", "D1", "D3"] }));
  const some = (limit: number, seed: number) =>
    [...fileSystem.crashStates({ limit, seed, data: ["D0", "D1", "D3"] })].map((
      { image },
    ) => textOf(image));
  assertEquals(some(0, 1), []);
  assertEquals(some(5, 1), some(5, 1));
  assertNotEquals(some(5, 1), some(5, 2));
  const found = some(20, 3);
  assert(found.length <= 20 && found.length > 10, `${found.length}`);
  assert(found.every((text) => all.has(text)));
  assertEquals(new Set(some(1e6, 1)), all);
});

test("SimulatedFileSystem.crashStates() yields images that no later call changes", async () => {
  const fileSystem = await busy();
  const states = [...fileSystem.crashStates()];
  const lazy = fileSystem.crashStates();
  const first = lazy.next().value;
  const { visible } = fileSystem;
  const look = () => [visible, ...states.map(({ image }) => image)].map(textOf);
  const before = look();
  await change(fileSystem, "a", [0, "zzzzzzzzzz"], 1);
  await change(fileSystem, "b", [1, "z"]);
  await syncFile(fileSystem, "a");
  await syncFile(fileSystem, "b");
  await fileSystem.syncDir(".");
  await fileSystem.remove("b");
  await fileSystem.syncDir("d");
  assertEquals(look(), before);
  assertEquals(first && textOf(first.image), before[1]);
});

test("SimulatedFileSystem.crashStates() yields images on which programs go their own ways", async () => {
  const fileSystem = await busy();
  const states = [...fileSystem.crashStates()];
  const before = states.map(({ image }) => textOf(image));
  const twins = states.slice(0, 20).map(({ image }) =>
    new SimulatedFileSystem({ image })
  );
  for (const twin of twins) {
    await change(twin, "a", [0, "changed"]);
    await syncFile(twin, "a");
  }
  assertEquals(states.map(({ image }) => textOf(image)), before);
});

test("SimulatedFileSystem.crashStates() combines what can have become of several files", async () => {
  const fileSystem = diskWith({ a: "", b: "", c: "" });
  for (const name of ["a", "b", "c"]) {
    await change(fileSystem, name, [0, "12"]);
  }
  const data = ["D0", "D1", "D3"] as const;
  assertEquals(disksOf(fileSystem, { data }).length, 3 ** 3);
});

test("SimulatedFileSystem.crashStates() takes of very many combinations those with one file in any state, and some", async () => {
  const fileSystem = diskWith({ a: "", b: "", c: "" });
  const text = "0123456789".repeat(3);
  for (const name of ["a", "b", "c"]) {
    await change(fileSystem, name, [0, text]);
  }
  const disks = disksOf(fileSystem, { data: ["D0", "D1", "D3"] });
  assert(disks.length > 3500 && disks.length <= 4096 + 2 * 3 * 31);
  const cuts = Array.from(
    { length: text.length + 1 },
    (_, n) => text.slice(0, n),
  );
  for (const rest of ["", text]) {
    for (const cut of cuts) {
      assert(disks.includes(`a=${cut} b=${rest} c=${rest}`), cut);
      assert(disks.includes(`a=${rest} b=${rest} c=${cut}`), cut);
    }
  }
});

test("hashImage() tells images apart, and not the orders of their names", () => {
  const images = [
    image({}),
    image({}, ["a"]),
    image({}, ["a", "b"]),
    image({ a: bytes("") }),
    image({ a: bytes("b") }),
    image({ a: bytes("\0") }),
    image({ a: bytes("\0\0") }),
    image({ b: bytes("a") }),
    image({ ab: bytes("") }),
    image({ a: bytes(""), b: bytes("") }),
    image({ a: bytes("x"), b: bytes("y") }),
    image({ a: bytes("y"), b: bytes("x") }),
    image({ a: bytes("xy"), b: bytes("") }),
    image({ a: bytes("x"), b: bytes("= 0") }),
    image({ a: bytes("x"), b: bytes("x") }),
    image({ a: bytes("x") }, ["b"]),
  ];
  const one = bytes("x");
  images.push(image({ a: one, b: one }));
  assertEquals(new Set(images.map((it) => hashImage(it))).size, images.length);
  assertEquals(
    hashImage(image({ a: bytes("1"), b: bytes("2") }, ["c", "d"])),
    hashImage(image({ b: bytes("2"), a: bytes("1") }, ["d", "c"])),
  );
  assertNotEquals(hashImage(images[4], 1), hashImage(images[4], 2));
});

test("hashImage() has no two equal numbers for a hundred thousand images", () => {
  const seen = new Set<number>();
  const view = new DataView(new ArrayBuffer(4));
  for (let n = 0; n < 100_000; n++) {
    view.setUint32(0, n);
    seen.add(hashImage(image({ a: new Uint8Array(view.buffer) })));
  }
  assertEquals(seen.size, 100_000);
  assert([...seen].every((hash) => Number.isSafeInteger(hash) && hash >= 0));
});

test("SimulatedFileSystem.fingerprint() tells apart what is visible, durable and pending", async () => {
  const make = [
    () => Promise.resolve(diskWith({})),
    () => Promise.resolve(diskWith({ a: "1" })),
    () => Promise.resolve(diskWith({ a: "12" })),
    () => Promise.resolve(diskWith({ "a/": "" })),
    async () => {
      const it = diskWith({ a: "1" });
      await change(it, "a", [1, "2"]);
      return it;
    },
    async () => {
      const it = diskWith({ a: "" });
      await change(it, "a", [0, "12"]);
      return it;
    },
    async () => {
      const it = diskWith({ a: "" });
      await change(it, "a", [0, "1"], [1, "2"]);
      return it;
    },
    async () => {
      const it = diskWith({ a: "" });
      await change(it, "a", [1, "2"], [0, "1"]);
      return it;
    },
    async () => {
      const it = diskWith({});
      await change(it, "a", [0, "12"]);
      await syncFile(it, "a");
      return it;
    },
    async () => {
      const it = diskWith({ a: "12" });
      await change(it, "a", 2);
      return it;
    },
    // Visible and durable are the same from here on; what can come back is not.
    ...["x", "y"].map((text) => async () => {
      const it = diskWith({ a: "12" });
      await change(it, "t", [0, text]);
      await it.remove("t");
      return it;
    }),
    async () => {
      const it = diskWith({ a: "12" });
      await it.rename("a", "b");
      await it.rename("b", "a");
      return it;
    },
    // What fails late will not be durable, whatever is written again.
    async () => {
      const it = diskWith({ a: "12" });
      it.inject({ errno: "EIO", kinds: ["sync"], sync: "F1" });
      await assertCode(() => syncFile(it, "a"), "IO");
      return it;
    },
    async () => {
      const it = diskWith({ a: "12" });
      it.inject({ errno: "EIO", kinds: ["sync"], sync: "F4" });
      await syncFile(it, "a");
      return it;
    },
  ];
  // A truncation to the size that is there, and a sync of nothing that failed, are the same.
  const same = 1;
  const prints = new Set<number>();
  for (const each of make) {
    const print = (await each()).fingerprint();
    assertEquals((await each()).fingerprint(), print);
    assertNotEquals((await each()).fingerprint(1), print);
    prints.add(print);
  }
  assertEquals(prints.size, make.length - same);
});

test("SeededRandom repeats with its seed, and spreads", () => {
  const [a, b] = [new SeededRandom(5), new SeededRandom(5)];
  const counts = new Map<number, number>();
  for (let n = 0; n < 8000; n++) {
    const value = a.below(8);
    assertEquals(b.below(8), value);
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  assertEquals(counts.size, 8);
  for (const count of counts.values()) assert(count > 800 && count < 1200);
  const items = Array.from({ length: 50 }, (_, n) => n);
  for (const count of [0, 1, 7, 49, 50, 99]) {
    const some = a.some(items, count);
    assertEquals(some.length, Math.min(count, items.length));
    assertEquals([...some].sort((x, y) => x - y), [...new Set(some)]);
  }
  assert(items.includes(a.pick(items)));
});
