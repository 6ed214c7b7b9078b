import { assert, assertEquals, assertRejects } from "@std/assert";
import type { FileSystem } from "../mod.ts";
import {
  type CrashReport,
  type CrashTest,
  CrashTestError,
  testCrashes,
  type Watch,
} from "../src/testing/mod.ts";
import { test } from "./support/harness.ts";
import { readText } from "./support/text.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** What a program does with an empty durable file. */
type Act = (
  fileSystem: FileSystem,
  file: Awaited<ReturnType<FileSystem["open"]>>,
) => Promise<unknown>;

/** Every content of `f` that a kill leaves when the program is done, and what was tried. */
async function endsOf(
  act: Act,
  options: Partial<CrashTest<boolean>> = {},
): Promise<{ ends: string[]; report: CrashReport }> {
  const ends = new Set<string>();
  const report = await testCrashes<boolean>({
    async run(fileSystem, watch) {
      const file = await fileSystem.open("f", { mode: "create" });
      await file.sync();
      await fileSystem.syncDir(".");
      await act(fileSystem, file);
      watch(() => true);
    },
    async check(fileSystem) {
      ends.add(await readText(fileSystem, "f"));
    },
    states: { data: ["D1"], names: ["N1"] },
    faults: [],
    ...options,
  });
  return { ends: [...ends].sort(), report };
}

const together = (letters: string): Act => (_, file) =>
  Promise.all([...letters].map((letter) => file.write(bytes(letter), 0)));

test("testCrashes() carries out calls that conflict in every order", async () => {
  for (const [letters, orders] of [["a", 1], ["ab", 2], ["abc", 6]] as const) {
    const { ends, report } = await endsOf(together(letters));
    assertEquals(ends, [...letters], letters);
    // One more is the order of the check.
    assertEquals([report.orders, report.ordersLeft], [orders + 1, 0]);
  }
});

test("testCrashes() does not try the orders of calls that do not conflict", async () => {
  const { report } = await endsOf(async (fileSystem) => {
    const write = async (name: string) => {
      const file = await fileSystem.open(name, { mode: "create" });
      await file.write(bytes(name), 0);
    };
    await Promise.all([write("a"), write("b"), write("c")]);
  });
  assertEquals([report.orders, report.ordersLeft], [2, 0]);
});

test("testCrashes() tries each order once of calls of which only some conflict", async () => {
  const { ends, report } = await endsOf(async (fileSystem, file) => {
    const written = file.write(bytes("a"), 0);
    await fileSystem.stat("g");
    await Promise.all([written, file.write(bytes("b"), 0)]);
  });
  assertEquals(ends, ["a", "b"]);
  assertEquals([report.orders, report.ordersLeft], [2 + 1, 0]);
});

test("testCrashes() first holds each call back as long as it can", async () => {
  const late: CrashTest<boolean> = {
    async run(fileSystem, watch) {
      let saved = false;
      watch(() => saved);
      const file = await fileSystem.open("f", { mode: "create" });
      await fileSystem.syncDir(".");
      file.write(bytes("a"), 0);
      await file.sync();
      for (let n = 0; n < 9; n++) await fileSystem.stat("f");
      saved = true;
    },
    async check(fileSystem, saved) {
      if (saved) assertEquals(await readText(fileSystem, "f"), "a");
    },
    states: { data: ["D1"], names: ["N1"] },
    faults: [],
  };
  const test = { ...late, orders: 2 };
  await assertRejects(() => testCrashes(test), CrashTestError);
});

test("testCrashes() tries so many orders as the test says, chosen by its seed", async () => {
  const some = async (seed: number) => {
    const { ends, report } = await endsOf(together("abcdefgh"), {
      orders: 5,
      seed,
    });
    assertEquals(report.orders, 5 + 1);
    assert(report.ordersLeft > 5, `${report.ordersLeft}`);
    return ends.join("");
  };
  assertEquals(await some(1), await some(1));
  const all = new Set([await some(1), await some(2), await some(3)]);
  assert(all.size > 1, [...all].join(" "));
});

test("testCrashes() with no orders carries each call out when it is made", async () => {
  const { ends, report } = await endsOf(together("ab"), { orders: 0 });
  assertEquals([ends, report.orders, report.ordersLeft], [["b"], 0, 0]);
});

test("testCrashes() lets a blocking call overtake one that is not awaited", async () => {
  const { ends } = await endsOf((_, file) => {
    const written = file.write(bytes("a"), 0);
    file.writeSync(bytes("b"), 0);
    return written;
  });
  assertEquals(ends, ["a", "b"]);
});

test("testCrashes() takes what a program does in an unawaited call's place for overlapping, however long it takes", async () => {
  const { ends } = await endsOf(async (_, file) => {
    file.write(bytes("a"), 0);
    for (let n = 0; n < 1000; n++) await Promise.resolve();
    await file.write(bytes("b"), 0);
  });
  assertEquals(ends, ["a", "b"]);
});

test("testCrashes() ends where a program polls until a call that it does not await has happened", async () => {
  const { report } = await endsOf(async (fileSystem) => {
    await fileSystem.open("x", { mode: "create" });
    fileSystem.remove("x");
    while (await fileSystem.stat("x")) { /* again */ }
  }, { orders: 10 });
  assert(report.ordersLeft > 0); // the removal may come after any number of calls
});

test("testCrashes() carries out what was called before close(), and after it nothing", async () => {
  const { ends } = await endsOf(async (_, file) => {
    const written = file.write(bytes("a"), 0);
    await file.close();
    await written;
    await assertRejects(() => file.write(bytes("b"), 0), Error, "is closed");
  });
  assertEquals(ends, ["a"]);
});

/** A data file and a manifest that names it, on other handles: no call of one conflicts with one of the other. */
const manifest = (isAwaited: boolean): CrashTest<boolean> => ({
  async run(fileSystem: FileSystem, watch: Watch<boolean>) {
    let saved = false;
    watch(() => saved);
    const data = await fileSystem.open("data", { mode: "create" });
    await data.write(bytes("data"), 0);
    const synced = data.sync();
    if (isAwaited) await synced;
    const list = await fileSystem.open("list", { mode: "create" });
    await list.write(bytes("data"), 0);
    await list.sync();
    await fileSystem.syncDir(".");
    saved = true;
    await synced;
  },
  async check(fileSystem, saved) {
    if (!saved) return;
    const text = await readText(fileSystem, await readText(fileSystem, "list"));
    if (text !== "data") throw new Error(`The data is "${text}"`);
  },
});

test("testCrashes() finds that a program acknowledges before a sync of another file has ended", async () => {
  const error = await assertRejects(
    () => testCrashes(manifest(false)),
    CrashTestError,
    "The data is",
  );
  assert(error.message.includes("Not carried out yet: call 3 sync data"));
  assertEquals((await testCrashes(manifest(true))).ordersLeft, 0);
});

test("testCrashes() carries out the calls of a check in every order too", async () => {
  const repair = (isAwaited: boolean): CrashTest<string> => ({
    async run(fileSystem, watch) {
      await fileSystem.mkdir("d");
      watch(() => "");
    },
    async check(fileSystem) {
      const made = fileSystem.open("f", { mode: "create" });
      if (isAwaited) await made;
      assertEquals((await fileSystem.readDir(".")).sort(), ["d", "f"]);
    },
  });
  const error = await assertRejects(
    () => testCrashes(repair(false)),
    CrashTestError,
  );
  assertEquals(error.calls, [
    "When that was checked",
    "Calls overlapped, and were carried out in this order",
    "  call 2 readDir ., before call 1",
    "Not carried out yet: call 1 create f",
  ]);
  await testCrashes(repair(true));
});

test("testCrashes() finds no more states of a program that awaits each call than with no orders", async () => {
  const program: CrashTest<number> = {
    async run(fileSystem, watch) {
      let done = 0;
      watch(() => done);
      for (const name of ["a", "b", "c"]) {
        await using file = await fileSystem.open(name, { mode: "create" });
        await file.write(bytes(name), 0);
        await file.sync();
        await fileSystem.syncDir(".");
        done++;
      }
    },
    check: async (fileSystem) => void await fileSystem.readDir("."),
    faults: [],
  };
  const seen = new Set<number>();
  const { states, byModel } = await testCrashes({
    ...program,
    orders: 0,
    seen,
  });
  const all = new Set<number>();
  const report = await testCrashes({ ...program, seen: all });
  assertEquals([report.states, report.byModel], [states, byModel]);
  assertEquals([...all], [...seen]);
  assertEquals([report.orders, report.ordersLeft], [2, 0]);
});

test("testCrashes() counts an order as left where the program makes other calls when it is repeated", async () => {
  let runs = 0;
  const { report } = await endsOf(async (fileSystem, file) => {
    runs++;
    for (let n = 0; n < 2 * runs; n++) await fileSystem.stat("f");
    await together("ab")(fileSystem, file);
  });
  assert(report.ordersLeft > 0);
});

test("testCrashes() makes each call fail that a fault counts and that is watched, and lets the program end with it", async () => {
  const failed: string[] = [];
  const { faults } = await testCrashes<number>({
    async run(fileSystem, watch) {
      const file = await fileSystem.open("f", { mode: "create" });
      await file.write(bytes("a"), 0);
      watch(() => 0);
      for (const letter of "bc") {
        await file.write(bytes(letter), 0).catch((error) => {
          failed.push(letter);
          throw error;
        });
      }
    },
    check: () => Promise.resolve(),
    faults: [{ kinds: ["write"], errno: "ENOSPC", at: 7 }],
  });
  assertEquals([faults, failed], [2, ["b", "c"]]);
});
