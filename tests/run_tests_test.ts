/** `npm test` itself, run on small test files of its own. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { spawn } from "node:child_process";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import process from "node:process";
import { dirname, fromFileUrl, join } from "@std/path";
import {
  runtime as here,
  test as register,
  withDirectory,
} from "./support/harness.ts";
import { RUNTIMES } from "./support/processes.ts";

const root = dirname(dirname(fromFileUrl(import.meta.url)));
const bin = join(root, "node_modules", ".bin");
/** The runner is a program of Node.js, whatever runs these tests: once is enough. */
const test: typeof register = here === "node" ? register : () => {};
const HARNESS = join(root, "tests", "support", "harness.ts");

interface Answer {
  readonly status: number | null;
  readonly lines: readonly string[];
  /** What it printed to stderr. */
  readonly errors: string;
}

/** Runs the test runner, and gives what it printed. */
function runTests(...args: string[]): Promise<Answer> {
  const file = join(root, "scripts", "run_tests.ts");
  const child = spawn(join(bin, "node"), [file, ...args], {
    cwd: root,
    env: { ...process.env, PATH: `${bin}:${process.env.PATH}` },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (chunk) => output += chunk);
  child.stderr.setEncoding("utf8").on("data", (chunk) => errors += chunk);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on(
      "close",
      (status) =>
        resolve({ status, errors, lines: output.trimEnd().split("\n") }),
    );
  });
}

/** Writes a test file, which leaves a file of each test that has run in `directory`. */
async function writeTests(
  directory: string,
  name: string,
  tests: Readonly<Record<string, string>>,
): Promise<string> {
  const file = join(directory, name);
  const bodies = Object.entries(tests).map(([name, body]) =>
    `test(${JSON.stringify(name)}, async () => {
      writeFileSync(${JSON.stringify(directory)} + "/ran/" + runtime + " " + ${
      JSON.stringify(name)
    }, "");
      ${body}
    });`
  );
  await mkdir(join(directory, "ran"), { recursive: true });
  await writeFile(
    file,
    `import { writeFileSync } from "node:fs";
    import { runtime, test } from ${JSON.stringify(HARNESS)};
    ${bodies.join("\n")}`,
  );
  return file;
}

/** Which tests have run, and where. */
async function ran(directory: string): Promise<string[]> {
  return (await readdir(join(directory, "ran"))).sort();
}

/** Lines without how long it took. */
function timeless(lines: readonly string[]): string[] {
  return lines.map((line) => line.replace(/\(\d+\.\d s\)$/, "(… s)"));
}

test("run_tests.ts runs a file on all runtimes, or on those that --runtime names", () =>
  withDirectory(async (directory) => {
    const file = await writeTests(directory, "a_test.ts", { one: "" });
    const all = await runTests(file);
    assertEquals([all.status, all.errors], [0, ""]);
    assertEquals(timeless(all.lines), [
      "deno: 1 passed, 0 failed (… s)",
      "bun: 1 passed, 0 failed (… s)",
      "node: 1 passed, 0 failed (… s)",
      "3 passed, 0 failed",
    ]);
    assertEquals(await ran(directory), ["bun one", "deno one", "node one"]);

    await rm(join(directory, "ran"), { recursive: true });
    await mkdir(join(directory, "ran"));
    const two = await runTests("--runtime=node", file, "--runtime=deno");
    assertEquals(timeless(two.lines), [
      "deno: 1 passed, 0 failed (… s)",
      "node: 1 passed, 0 failed (… s)",
      "2 passed, 0 failed",
    ]);
    assertEquals(await ran(directory), ["deno one", "node one"]);
  }));

for (const runtime of RUNTIMES) {
  test(`run_tests.ts --filter runs the tests whose name contains a text, and says how many there are (${runtime})`, () =>
    withDirectory(async (directory) => {
      const first = await writeTests(directory, "a_test.ts", {
        "a.b (c) keeps it": "",
        "axb (c) loses it": `throw new Error("not to be run");`,
      });
      const second = await writeTests(directory, "b_test.ts", {
        "another one": `throw new Error("not to be run");`,
      });
      const only = `--runtime=${runtime}`;
      const found = await runTests(only, "--filter=a.b (c)", first, second);
      assertEquals(timeless(found.lines), [
        `${runtime}: 1 passed, 0 failed (… s)`,
        `1 of 3 tests has "a.b (c)" in its name`,
        "1 passed, 0 failed",
      ]);
      assertEquals(found.status, 0);
      assertEquals(await ran(directory), [`${runtime} a.b (c) keeps it`]);

      const none = await runTests(only, "--filter=nowhere", first, second);
      assertEquals(none.status, 1);
      assertEquals(
        none.errors,
        `None of 3 tests has "nowhere" in its name\n`,
      );
    }));
}

test("run_tests.ts prints a failure that all runtimes share once, and others with their runtime", () =>
  withDirectory(async (directory) => {
    const file = await writeTests(directory, "a_test.ts", {
      "fails everywhere": `throw new Error("the sum is 3, not 4");`,
      "fails differently": `throw new Error("on " + runtime);`,
      "fails on Bun": `if (runtime === "bun") throw new Error("only here");`,
      "passes": "",
    });
    const { status, lines } = await runTests(file);
    assertEquals(status, 1);
    const headings = lines.filter((line) => line.startsWith("FAILED on "));
    const where = `: ${file}`;
    assertEquals(headings, [
      `FAILED on deno, bun and node${where}: fails everywhere`,
      `FAILED on deno${where}: fails differently`,
      `FAILED on bun${where}: fails differently`,
      `FAILED on node${where}: fails differently`,
      `FAILED on bun${where}: fails on Bun`,
    ]);
    const shown = (text: string) =>
      lines.filter((line) => line.includes(text)).length;
    assertEquals(shown("the sum is 3, not 4"), 1);
    assertEquals(shown("on node"), 2);
    assertEquals(lines.at(-1), "5 passed, 7 failed");
    const [first] = lines.flatMap((line, n) =>
      line.includes("the sum is 3") ? lines[n + 1] : []
    );
    assertStringIncludes(first, "a_test.ts:"); // where it was thrown
  }));

for (const runtime of RUNTIMES) {
  test(`run_tests.ts counts and prints what fails outside of the tests (${runtime})`, () =>
    withDirectory(async (directory) => {
      const good = await writeTests(directory, "a_test.ts", { one: "" });
      const bad = join(directory, "b_test.ts");
      await writeFile(bad, `throw new Error("while it is loaded");`);
      for (const more of [[], ["--filter=one"]]) {
        const only = `--runtime=${runtime}`;
        const { status, lines } = await runTests(only, ...more, good, bad);
        assertEquals(status, 1);
        assertEquals(lines.at(-1), "1 passed, 1 failed");
        assert(lines.some((line) => line.includes("while it is loaded")));
        const heading = `FAILED on ${runtime}, outside of the tests`;
        assert(lines.includes(heading), lines.join("\n"));
      }
    }));

  test(`run_tests.ts does not take a test for passed that never ended (${runtime})`, () =>
    withDirectory(async (directory) => {
      const file = await writeTests(directory, "a_test.ts", {
        ends: "",
        "never ends": `
          (globalThis.Deno?.exit ?? process.exit)(0);`,
      });
      const { status, lines } = await runTests(`--runtime=${runtime}`, file);
      assertEquals(status, 1, lines.join("\n"));
      const [, failed] = / (\d+) failed$/.exec(lines.at(-1) ?? "") ?? [];
      assert(Number(failed) > 0, lines.join("\n"));
      assert(lines.some((line) => line.includes("never ends")));
    }));
}

test("run_tests.ts says in one line what is wrong with its arguments, and starts no runtime", () =>
  withDirectory(async (directory) => {
    const file = await writeTests(directory, "a_test.ts", { one: "" });
    const missing = join(directory, "b_test.ts");
    const known =
      "--runtime=deno, --runtime=bun, --runtime=node, --filter=TEXT";
    const cases: readonly [string[], string][] = [
      [[file, missing], `There is no test file "${missing}"`],
      [[directory], `"${directory}" is a directory, not a test file`],
      [["--fliter=a", file], `Unknown option "--fliter=a": use ${known}`],
      [["-f", file], `Unknown option "-f": use ${known}`],
      [
        ["--runtime=dino", file],
        `Unknown option "--runtime=dino": use ${known}`,
      ],
      [["--runtime", "deno"], `Unknown option "--runtime": use ${known}`],
      [["--filter=", file], `Unknown option "--filter=": use ${known}`],
      [
        ["--filter=a", "--filter=b", file],
        `Cannot use "--filter=b": --filter is there twice`,
      ],
    ];
    for (const [args, message] of cases) {
      const { status, lines, errors } = await runTests(...args);
      assertEquals([status, errors, lines], [2, `${message}\n`, [""]]);
    }
    assertEquals(await ran(directory), []);
  }));
