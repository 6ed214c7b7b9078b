import { assert, assertEquals } from "@std/assert";
import { onDisk } from "./support/adapters.ts";
import { test } from "./support/harness.ts";
import { Child } from "./support/processes.ts";

test("MiniStore on Deno needs --allow-read=DIR --allow-write=DIR and nothing else", () =>
  onDisk.with(async (_, dir) => {
    const child = new Child("deno", "holder_child.ts", dir, [
      `${dir}/state/a.jsonl`,
    ]);
    assertEquals(await child.line(), "open");
    assertEquals(await child.end(), ["closed"]);
  }));

test("MiniStore.open() on Deno says PERMISSION outside of what is allowed, and asks nothing", () =>
  onDisk.with(async (_, dir) => {
    for (const path of ["/etc/a.jsonl", `${dir}-other/a.jsonl`]) {
      const child = new Child("deno", "holder_child.ts", dir, [path]);
      const line = await child.line();
      assert(line.startsWith("PERMISSION Cannot "), line);
      await child.end();
    }
  }));
