/** The programs of the README, run as they are printed. */

import { assert, assertEquals } from "@std/assert";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, fromFileUrl, join } from "@std/path";
import { runtime, test, withDirectory } from "./support/harness.ts";
import {
  carryOut,
  type Command,
  install,
  outputOf,
  programsOf,
} from "./support/programs.ts";

const root = dirname(dirname(fromFileUrl(import.meta.url)));
const programs = programsOf(readFileSync(join(root, "README.md"), "utf8"));

/** What differs each time: the id of a log, and with it the checksums. */
function comparable(commands: readonly Command[]): string {
  return commands.map(({ line, output }) =>
    `$ ${line}\n${
      output.replaceAll(/"id":"[0-9a-f]{8}"/g, `"id":"…"`)
        .replaceAll(/^(\/\/ .*) [0-9a-f]{8}$/gm, "$1 …")
    }`
  ).join("");
}

for (const program of programs) {
  test(`The program at line ${program.line} of the README prints what is shown below it`, () =>
    withDirectory(async (folder) => {
      await install(folder);
      const done = await carryOut(program, runtime, folder);
      assertEquals(comparable(done), comparable(program.commands));
    }));
}

test("The README has its programs, and nearly all of them print something", () => {
  const shown = programs.filter(({ commands: [{ output }, ...rest] }) =>
    output !== "" || rest.length > 0
  );
  assert(programs.length >= 11, `${programs.length} programs`);
  assert(shown.length >= 9, `${shown.length} with what they print`);
});

test("programsOf() finds the programs of a document, and what is printed below them", () => {
  const document = [
    "# A",
    "```ts ignore",
    'import { a } from "@mini-ts/durable";',
    "```",
    "",
    "```console",
    "$ mkdir b",
    "$ deno run --allow-read=b c.ts",
    "one",
    "two",
    "$ cat b",
    "```",
    "```ts",
    "const part = 1;",
    "```",
    "",
    "```ts",
    'import { a } from "@mini-ts/durable";',
    "```",
    "",
    "text",
    "",
    "```console",
    "$ npm test",
    "```",
    "",
  ].join("\n");
  const source = 'import { a } from "@mini-ts/durable";\n';
  assertEquals(programsOf(document), [
    {
      line: 2,
      file: "c.ts",
      source,
      commands: [
        { line: "mkdir b", output: "" },
        { line: "deno run --allow-read=b c.ts", output: "one\ntwo\n" },
        { line: "cat b", output: "" },
      ],
    },
    {
      line: 17,
      file: "a.ts",
      source,
      commands: [{ line: "node a.ts", output: "" }],
    },
  ]);
});

if (runtime === "deno") {
  test("The programs of the README have no errors of types", () =>
    withDirectory(async (folder) => {
      await install(folder);
      const files = programs.map(({ line }) => `line_${line}.ts`);
      for (const [n, { source }] of programs.entries()) {
        await writeFile(join(folder, files[n]), source);
      }
      await outputOf(["deno", "check", "--quiet", ...files], folder);
    }));
}
