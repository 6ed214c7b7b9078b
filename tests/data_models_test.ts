import { assert, assertEquals } from "@std/assert";
import { DATA_MODELS, type DataModel } from "../src/testing/mod.ts";
import { test } from "./support/harness.ts";
import { change, disksOf, diskWith } from "./support/simulated.ts";

type Steps = Parameters<typeof change> extends [unknown, unknown, ...infer Rest]
  ? Rest
  : never;

const decoder = new TextDecoder("latin1");

/** What each model leaves of a file "a", in sectors of two bytes; deleted files may be given. */
async function variants(
  before: string,
  steps: Steps,
  model: DataModel,
  deleted: readonly string[] = [],
): Promise<string[]> {
  const fileSystem = diskWith({
    a: before,
    ...Object.fromEntries(deleted.map((text, n) => [`deleted-${n}`, text])),
  });
  for (const n of deleted.keys()) await fileSystem.remove(`deleted-${n}`);
  await fileSystem.syncDir(".");
  await change(fileSystem, "a", ...steps);
  const states = [
    ...fileSystem.crashStates({ data: [model], sectorSize: 2 }),
  ];
  // A model that says nothing about a file leaves what was durable.
  if (states[0].data.length === 0) {
    assertEquals(decoder.decode(states[0].image.files.get("a")), before);
    assertEquals(states.length, 1);
    return [];
  }
  return states.map(({ image, data, names }) => {
    assertEquals([data, names], [[model], "N0"]);
    return decoder.decode(image.files.get("a"));
  }).sort();
}

/** A row for each history: its text before, its changes, and what models leave of it. */
const TABLE: readonly {
  what: string;
  before: string;
  steps: Steps;
  expected: Partial<Record<DataModel, readonly string[]>>;
}[] = [
  {
    what: "a write in place",
    before: "abcd",
    steps: [[1, "XYZ"]],
    expected: {
      D0: ["abcd"],
      D1: ["aXYZ"],
      D2: [],
      D3: ["aXYd", "aXcd"],
      D4: ["aXcd"],
      D5: ["aXcd", "abYZ", "abcd"],
      D6: ["aXcd", "abYZ", "abcd"],
      D7: ["abcd"],
      D8: ["aXYZ"],
      D9: [],
      D11: [],
    },
  },
  {
    what: "a write behind the end",
    before: "abcd",
    steps: [[4, "XYZ"]],
    expected: {
      D0: ["abcd"],
      D1: ["abcdXYZ"],
      D2: [],
      D3: ["abcdX", "abcdXY"],
      D4: ["abcdXY"],
      D5: ["abcd\0\0\0", "abcd\0\0Z", "abcdXY\0"],
      D8: ["abcd"],
      D9: [],
      D11: [],
    },
  },
  {
    what: "a write behind an end within a sector",
    before: "abc",
    steps: [[3, "XY"]],
    expected: {
      D3: ["abcX"],
      D4: ["abcX"],
      D5: ["abc\0\0", "abc\0Y", "abcX\0"],
      D8: ["abc"],
    },
  },
  {
    what: "a write that leaves a gap",
    before: "ab",
    steps: [[4, "XY"]],
    expected: {
      D1: ["ab\0\0XY"],
      D3: ["ab\0\0X"],
      D4: [],
      D5: ["ab\0\0\0\0", "ab\0\0XY"],
      D8: ["ab"],
    },
  },
  {
    what: "three writes",
    before: "",
    steps: [[0, "A"], [1, "BC"], [0, "D"]],
    expected: {
      D0: [""],
      D1: ["DBC"],
      D2: ["A", "ABC"],
      D3: ["AB"],
      D4: ["AB"],
      D5: ["\0\0C", "\0\0\0", "DB\0"],
      D8: [""],
    },
  },
  {
    what: "a truncation",
    before: "abcd",
    steps: [1],
    expected: {
      D0: ["abcd"],
      D1: ["a"],
      D2: [],
      D3: [],
      D5: [],
      D8: ["a"],
      D9: [],
      D11: ["a", "abcd"],
    },
  },
  {
    what: "an extension with zeros",
    before: "ab",
    steps: [4],
    expected: { D1: ["ab\0\0"], D5: ["ab\0\0"], D8: ["ab"] },
  },
  {
    what: "a truncation and a write in the place of what was cut off",
    before: "abcdef",
    steps: [2, [2, "XY"]],
    expected: {
      D0: ["abcdef"],
      D1: ["abXY"],
      D2: ["ab"],
      D3: ["abX"],
      D4: [],
      D5: ["ab\0\0"],
      D8: ["abXY"],
      D9: ["abcd"],
      D11: ["ab", "abXY", "abXYef"],
    },
  },
  {
    what: "a truncation and the same bytes again",
    before: "abcd",
    steps: [0, [0, "abcd"]],
    expected: {
      D0: ["abcd"],
      D1: ["abcd"],
      D2: [""],
      D5: ["\0\0\0\0", "\0\0cd", "ab\0\0"],
      D9: ["abcd"],
    },
  },
  {
    what: "a write, a truncation and a write",
    before: "ab",
    steps: [[2, "cdef"], 3, [3, "X"]],
    expected: {
      D1: ["abcX"],
      D2: ["abc", "abcdef"],
      D3: ["abc", "abcd", "abcde"],
      D11: ["ab\0", "abc", "abcXef"],
    },
  },
];

for (const { what, before, steps, expected } of TABLE) {
  test(`SimulatedFileSystem.crashStates() leaves of ${what} what the data models say`, async () => {
    for (const [model, texts] of Object.entries(expected)) {
      const found = await variants(before, steps, model as DataModel);
      assertEquals(found, [...texts].sort(), model);
    }
  });
}

test("SimulatedFileSystem.crashStates() puts garbage only where new bytes were to stand (D6)", async () => {
  const found = await variants("abc", [[3, "XYZ"]], "D6");
  assertEquals(found.length, 3);
  const wanted = [/^abc[^]YZ$/, /^abcX[^]{2}$/, /^abc[^]{3}$/];
  for (const pattern of wanted) {
    assert(found.some((text) => pattern.test(text)), `${pattern}`);
  }
  assert(found.every((text) => !text.includes("\0")));
});

test("SimulatedFileSystem.crashStates() leaves the new size without any new byte (D7)", async () => {
  const found = await variants("abc", [[3, "XYZ"]], "D7");
  assertEquals(found.length, 2);
  assertEquals(found[0], "abc\0\0\0");
  assert(/^abc[^\0]{3}$/.test(found[1]));
});

test("SimulatedFileSystem.crashStates() leaves bytes of deleted files where they stood, and behind the old ones (D9)", async () => {
  const steps: Steps = [[4, "XY"]];
  assertEquals(await variants("abcd", steps, "D9", ["0123456789"]), [
    "abcd01",
    "abcd45",
  ]);
  assertEquals(await variants("abcd", steps, "D9", ["01234"]), [
    "abcd01",
    "abcd4\0",
  ]);
  assertEquals(await variants("abcd", steps, "D9", ["0"]), [
    "abcd\0\0",
    "abcd0\0",
  ]);
  // The last three are remembered.
  assertEquals(await variants("abcd", steps, "D9", ["1", "2", "3", "4"]), [
    "abcd\0\0",
    "abcd2\0",
    "abcd3\0",
    "abcd4\0",
  ]);
});

test("SimulatedFileSystem.crashStates() leaves bytes of a file that was renamed over, and of an end that was cut off (D9)", async () => {
  const fileSystem = diskWith({ a: "ab", b: "0123", c: "new" });
  await fileSystem.rename("c", "b");
  await fileSystem.syncDir(".");
  await change(fileSystem, "a", [2, "XY"]);
  const found = () =>
    [...fileSystem.crashStates({ data: ["D9"], sectorSize: 2 })].map((
      { image },
    ) => decoder.decode(image.files.get("a"))).sort();
  assertEquals(found(), ["ab01", "ab23"]);
  await change(fileSystem, "b", 1);
  // "ew" stood at offset 1.
  assertEquals(found(), ["ab01", "ab23", "abew", "abw\0"]);
});

test("SimulatedFileSystem.crashStates() applies a model to the files that it says something about", async () => {
  const fileSystem = diskWith({ a: "", b: "old" });
  await change(fileSystem, "a", [0, "1"], [1, "2"], [2, "3"]);
  await change(fileSystem, "b", [0, "new"]);
  assertEquals(disksOf(fileSystem, { data: ["D2"] }), [
    "a=1 b=old",
    "a=12 b=old",
  ]);
});

test("SimulatedFileSystem.crashStates() counts nothing as changed that was synced", async () => {
  const fileSystem = diskWith({ a: "abcd" });
  const file = await fileSystem.open("a", { mode: "write" });
  await file.truncate(2);
  file.writeSync(new TextEncoder().encode("XY"), 2);
  file.dataSyncSync();
  const states = () => [...fileSystem.crashStates({ sectorSize: 1 })];
  assertEquals(states().length, 1);
  assertEquals(decoder.decode(states()[0].image.files.get("a")), "abXY");
  await file.write(new TextEncoder().encode("Z"), 4);
  // Floor is the synced size again: nothing below is lost.
  for (const { image } of states()) {
    assert(decoder.decode(image.files.get("a")).startsWith("abXY"));
  }
  await file.close();
});

test("SimulatedFileSystem.crashStates() stays bounded where a file has very many states", async () => {
  const length = 20_000;
  const fileSystem = diskWith({ a: "" });
  await change(fileSystem, "a", [0, "x".repeat(length)]);
  const count = (model: DataModel, sectorSize: number) => {
    const states = fileSystem.crashStates({ data: [model], sectorSize });
    let count = 0;
    for (const { image } of states) {
      assert((image.files.get("a")?.length ?? 0) <= length);
      count++;
    }
    return count;
  };
  assertEquals(count("D3", 512), 1024);
  assertEquals(count("D4", 512), Math.floor(length / 512));
  assertEquals(count("D4", 4), 1024);
  const simple = 3 * 64;
  assert(count("D5", 16) <= simple + 16);
  assert(count("D5", 16) > 64);
});

test("SimulatedFileSystem.crashStates() tries all subsets of five sectors, and the simple ones of six", async () => {
  const count = async (sectors: number) =>
    (await variants("", [[0, "XY".repeat(sectors)]], "D5")).length;
  assertEquals(await count(5), 31);
  const six = await count(6);
  assert(six >= 6 + 6 + 4 && six < 63, `${six}`);
});

test("DATA_MODELS names each model once", () => {
  assertEquals(new Set(DATA_MODELS).size, 11);
});
