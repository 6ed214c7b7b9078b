import { assert, assertEquals } from "@std/assert";
import { parse } from "@std/jsonc";
import { existsSync, readFileSync } from "node:fs";
import { dirname, fromFileUrl, join } from "@std/path";
import { test } from "./support/harness.ts";

const root = dirname(dirname(fromFileUrl(import.meta.url)));
const read = (name: string) =>
  parse(readFileSync(join(root, name), "utf8")) as Record<string, unknown>;

test("jsr.json says what deno.json says", () => {
  const [deno, jsr] = [read("deno.json"), read("jsr.json")];
  assertEquals(Object.keys(jsr).sort(), [
    "exports",
    "license",
    "name",
    "publish",
    "version",
  ]);
  for (const [key, value] of Object.entries(jsr)) {
    assertEquals(value, deno[key], key);
  }
});

test("deno.json publishes files that exist", () => {
  const { publish } = read("deno.json") as { publish: { include: string[] } };
  for (const name of publish.include) {
    assert(existsSync(join(root, name)), name);
  }
});

test("package.json has the name of deno.json and exact versions of its tools", () => {
  const tools = read("package.json") as {
    name: string;
    private: boolean;
    devDependencies: Record<string, string>;
  };
  assertEquals([tools.name, tools.private], [read("deno.json").name, true]);
  for (const [name, version] of Object.entries(tools.devDependencies)) {
    assert(
      /^(\d+\.\d+\.\d+|file:offline\/[\w-]+)$/.test(version),
      `${name} ${version}`,
    );
  }
});

test("The change log begins with the version of deno.json", () => {
  const text = readFileSync(join(root, "CHANGELOG.md"), "utf8");
  assertEquals(/^## (\S+)/m.exec(text)?.[1], read("deno.json").version);
});
