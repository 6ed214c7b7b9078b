import { assert, assertEquals } from "@std/assert";
import { readFileSync } from "node:fs";
import { dirname, fromFileUrl, join } from "@std/path";
import { MiniStore } from "../mod.ts";
import { test } from "./support/harness.ts";
import { PATH, withFiles } from "./support/journals.ts";

const root = dirname(dirname(fromFileUrl(import.meta.url)));

/** Journals that a document shows. */
function samples(name: string): string[] {
  const text = readFileSync(join(root, name), "utf8").replaceAll(
    /^ \* ?/gm,
    "",
  );
  const shown = text.matchAll(
    /^\/\/ MINISTORE JOURNAL v0\.2.*\n(?:(?:\/\/|\{).*\n)*/gm,
  );
  return [...shown].map(([sample]) => sample);
}

test("Every journal that a document shows is a valid one", async () => {
  for (const name of ["README.md", "ARCHITECTURE.md", "src/wal/format.ts"]) {
    const shown = samples(name);
    assertEquals(shown.length, 1, name);
    const bytes = new TextEncoder().encode(shown[0]);
    const fileSystem = await withFiles(new Map([[PATH, bytes]]));
    const { ok, torn, damage, records } = await MiniStore.verify(PATH, {
      fileSystem,
    });
    assertEquals(
      [ok, torn, damage?.message],
      [true, undefined, undefined],
      name,
    );
    assert(records > 0, name);
  }
});
