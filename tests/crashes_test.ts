import { assert, assertEquals, assertRejects } from "@std/assert";
import { type FileSystem, MiniStore } from "../mod.ts";
import {
  type CrashReport,
  type CrashTest,
  CrashTestError,
  testCrashes,
  type Watch,
} from "../src/testing/mod.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import { change, syncFile } from "./support/simulated.ts";
import { readText } from "./support/text.ts";

/** A step that a program must not leave out. */
type Step = "file sync" | "directory sync" | "rename" | "repair";

/**
 * A program that keeps a number in a file: it writes the next one to a new file,
 * and gives that the name. What is left out is one of its steps.
 */
function counter(
  without?: Step,
): Required<Pick<CrashTest<number>, "run" | "check">> {
  const does = (step: Step) => step !== without;
  const save = async (fileSystem: FileSystem, value: number) => {
    const name = does("rename") ? "n.new" : "n";
    for (const path of ["n.new", ...(does("rename") ? [] : ["n"])]) {
      if (await fileSystem.stat(path)) await fileSystem.remove(path);
    }
    await using file = await fileSystem.open(name, { mode: "create" });
    await file.write(new TextEncoder().encode(`${value};`), 0);
    if (does("file sync")) await file.sync();
    if (does("rename")) await fileSystem.rename("n.new", "n");
    if (does("directory sync")) await fileSystem.syncDir(".");
  };
  const load = async (fileSystem: FileSystem) => {
    // What another program wrote is shown only when it is durable.
    if (does("repair")) await fileSystem.syncDir(".");
    if (!await fileSystem.stat("n")) return 0;
    const text = await readText(fileSystem, "n");
    if (!/^\d;$/.test(text)) throw new Error(`The file holds ${text}`);
    return parseInt(text);
  };
  return {
    async run(fileSystem, watch) {
      let written = 0;
      watch(() => written);
      for (const value of [1, 2]) {
        await save(fileSystem, value);
        written = value;
      }
    },
    async check(fileSystem, owed, watch) {
      let known = await load(fileSystem);
      if (known < owed) throw new Error(`There is ${known}, owed is ${owed}`);
      watch(() => known);
      const next = known + 1;
      await save(fileSystem, next);
      known = next;
      assertEquals(await load(fileSystem), next);
    },
  };
}

function failureOf<T>(test: CrashTest<T>): Promise<CrashTestError> {
  return assertRejects(() => testCrashes(test), CrashTestError);
}

test("testCrashes() passes a program that loses nothing, and counts what it tried", async () => {
  const seen = new Set<number>();
  const { states, byModel } = await testCrashes({ ...counter(), seen });
  assertEquals(seen.size, states);
  assert(states > 30, `${states}`);
  const models = [...byModel.keys()];
  for (const model of ["kill", "N0", "N1", "D1", "D3"]) {
    assert(models.includes(model), `${model} of ${models}`);
  }
  for (const count of byModel.values()) assert(count > 0 && count <= states);
});

test("testCrashes() finds that a file is not synced", async () => {
  const error = await failureOf(counter("file sync"));
  assert(error.message.startsWith("The file holds"), error.message);
});

test("testCrashes() finds that a directory is not synced", async () => {
  const error = await failureOf(counter("directory sync"));
  assert(/^There is \d, owed is \d$/m.test(error.message), error.message);
});

test("testCrashes() finds that a file is not replaced as a whole", async () => {
  const error = await failureOf(counter("rename"));
  assert(error instanceof CrashTestError);
});

test("testCrashes() finds with a second crash that a recovery shows what is not durable", async () => {
  const program = counter("repair");
  await testCrashes(program); // one crash does not tell
  const error = await failureOf({ ...program, again: {} });
  assertEquals(error.crashes.length, 2);
  assert(error.crashes[0].startsWith("Killed "), error.message);
  assert(error.crashes[1].startsWith("Power cut "), error.message);
  const once = (await testCrashes(counter())).states;
  const twice = (await testCrashes({ ...counter(), again: {} })).states;
  assert(twice > 2 * once, `${twice} after ${once}`);
});

test("testCrashes() repeats to the number", async () => {
  const report = async (seed?: number): Promise<CrashReport> =>
    await testCrashes({ ...counter(), again: { limit: 3 }, seed });
  assertEquals(await report(), await report(1));
});

test("testCrashes() takes a state that chooseAgain does not choose only once", async () => {
  const program = counter();
  const once = await testCrashes(program);
  const asked: number[] = [];
  const chooseAgain = (fingerprint: number) => {
    asked.push(fingerprint);
    return false;
  };
  assertEquals(await testCrashes({ ...program, again: {}, chooseAgain }), once);
  assertEquals(asked.length, once.states);
});

test("testCrashes() leaves out what was seen, and adds what it tried", async () => {
  const seen = new Set<number>();
  const { states } = await testCrashes({ ...counter(), seen });
  const { states: more, byModel } = await testCrashes({ ...counter(), seen });
  assertEquals([more, byModel.size, seen.size], [0, 0, states]);
});

test("testCrashes() may run several times at once with the same set of seen states", async () => {
  const seen = new Set<number>();
  const run = () => testCrashes({ ...counter(), seen });
  const reports = await Promise.all([run(), run(), run()]);
  const total = reports.reduce((sum, { states }) => sum + states, 0);
  assertEquals(total, seen.size);
});

/** Writes "x" to a file, and syncs nothing. */
const careless = {
  async run(fileSystem: FileSystem, watch: Watch<string>): Promise<void> {
    watch(() => "x");
    await using file = await fileSystem.open("f", { mode: "create" });
    await file.write(new TextEncoder().encode("x\ny"), 0);
  },
};

test("CrashTestError says what was wrong, where the crash was, by which models, and what the disk holds", async () => {
  const cause = new Error("It is wrong");
  const error = await failureOf<string>({
    ...careless,
    check: async (fileSystem) => {
      if (await fileSystem.stat("f")) throw cause;
    },
    states: { names: ["N1"], data: ["D1"] },
  });
  assertEquals(error.name, "CrashTestError");
  assertEquals(error.cause, cause);
  assertEquals(error.crashes, [
    "Killed before call 2 write f at 0, 3 bytes",
  ]);
  assertEquals(error.message.split("\n"), [
    "It is wrong",
    "Killed before call 2 write f at 0, 3 bytes",
    "The disk holds",
    "f (0 bytes)",
  ]);
  const later = await failureOf<string>({
    ...careless,
    check: async (fileSystem) => {
      const states = [...fileSystem.crashStates()];
      if (states.length > 1 || !await fileSystem.stat("f")) return;
      if ((await readText(fileSystem, "f")).endsWith("y")) throw "text";
    },
  });
  assertEquals(later.message.split("\n"), [
    "text",
    "Power cut before call 3 close f, by N1 and D1",
    "The disk holds",
    "f (3 bytes)",
    '  "x"',
    '  "y" without a line end',
  ]);
});

test("CrashTestError says that the disk holds nothing, and names the end of the program", async () => {
  const error = await failureOf<number>({
    async run(fileSystem, watch) {
      await change(fileSystem, "a", [0, "1"]);
      await syncFile(fileSystem, "a");
      watch(() => 1); // too early: the name is not durable
    },
    check: (fileSystem) => readText(fileSystem, "a").then(() => {}),
  });
  assertEquals(error.message.split("\n").slice(1), [
    "Power cut after call 7, by N0",
    "The disk holds",
    "nothing",
  ]);
});

test("testCrashes() takes no crash before watch() is called, and none without it", async () => {
  const checked: number[] = [];
  const check = (_: FileSystem, owed: number) => {
    checked.push(owed);
    return Promise.resolve();
  };
  const { states } = await testCrashes<number>({
    run: async (fileSystem) => await change(fileSystem, "a", [0, "1"]),
    check,
  });
  assertEquals([states, checked], [0, []]);
  await testCrashes<number>({
    async run(fileSystem, watch) {
      await change(fileSystem, "a", [0, "1"]);
      await syncFile(fileSystem, "a");
      await fileSystem.syncDir(".");
      watch(() => 7);
    },
    check,
    orders: 0,
  });
  assertEquals(checked, [7, 7]); // killed, and a power cut
});

test("testCrashes() checks what was owed until watch() is called again", async () => {
  const checked: string[] = [];
  await testCrashes<string>({
    async run(fileSystem, watch) {
      watch(() => "nothing");
      await change(fileSystem, "a");
      await fileSystem.syncDir(".");
      watch(() => "a");
    },
    async check(fileSystem, owed) {
      checked.push(`${await fileSystem.readDir(".")}: ${owed}`);
    },
    states: { names: ["N1"] },
  });
  assert(checked.includes("a: nothing") && checked.includes("a: a"));
  const last: string[] = [];
  await testCrashes<string>({
    async run(fileSystem, watch) {
      watch(() => "before");
      await fileSystem.syncDir(".").then(() => watch(() => "behind"));
    },
    check: (_, owed) => Promise.resolve(void last.push(owed)),
    orders: 0,
    faults: [],
  });
  assertEquals(last, ["before", "before", "behind", "behind"]);
});

test("testCrashes() asks what is owed at each step, as it was then", async () => {
  const owed = new Map<string, Set<number>>();
  await testCrashes<number>({
    async run(fileSystem, watch) {
      let count = 0;
      watch(() => count);
      for (const name of ["a", "b"]) {
        await change(fileSystem, name);
        count++;
        await fileSystem.syncDir(".");
      }
    },
    async check(fileSystem, count) {
      const names = (await fileSystem.readDir(".")).sort().join("");
      owed.set(names, (owed.get(names) ?? new Set()).add(count));
    },
    states: { names: ["N1"] },
  });
  const text = [...owed].map(([names, counts]) =>
    `${names}:${[...counts].sort().join("")}`
  );
  assertEquals(text.sort(), [":01", "a:012", "ab:12"]);
});

test("testCrashes() begins a kill with what was pending, and a power cut without", async () => {
  const pending = new Set<boolean>();
  await testCrashes<string>({
    ...careless,
    check: (fileSystem) => {
      pending.add([...fileSystem.crashStates()].length > 1);
      return Promise.resolve();
    },
  });
  assertEquals([...pending].sort(), [false, true]);
});

test("testCrashes() passes on what the program throws", async () => {
  await assertCode(
    () =>
      testCrashes<number>({
        run: (fileSystem) => fileSystem.remove("nothing"),
        check: () => Promise.resolve(),
      }),
    "NOT_FOUND",
  );
});

test("testCrashes() holds of a log what append() acknowledged, twice", async () => {
  const { states, byModel } = await testCrashes<number>({
    async run(fileSystem, watch) {
      let acknowledged = 0;
      watch(() => acknowledged);
      const store = await MiniStore.open<string>("d/a.jsonl", { fileSystem });
      acknowledged = await store.append("one");
      acknowledged = await store.appendAll(["two", "three"]);
      await store.close();
    },
    async check(fileSystem, acknowledged, watch) {
      await using store = await MiniStore.open("d/a.jsonl", { fileSystem });
      const shown = store.sequence;
      watch(() => shown);
      assert(shown >= acknowledged, `${shown} < ${acknowledged}`);
      const all = await MiniStore.replay<string>("d/a.jsonl", { fileSystem });
      assertEquals(all, ["one", "two", "three"].slice(0, shown));
    },
    states: { sectorSize: 32 },
    again: { sectorSize: 32, limit: 4 },
  });
  assert(states > 500, `${states}`);
  assert((byModel.get("kill") ?? 0) > 10);
});
