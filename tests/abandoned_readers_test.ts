import { execFile } from "node:child_process";
import process from "node:process";
import { promisify } from "node:util";
import { assert, assertEquals } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";
import { StateManager } from "../mod.ts";
import { onDisk } from "./support/adapters.ts";
import { runtime, test } from "./support/harness.ts";
import { commandOf } from "./support/processes.ts";

const SCRIPT = join(
  dirname(fromFileUrl(import.meta.url)),
  "support",
  "abandon_child.ts",
);
const FLAGS = {
  node: ["--expose-gc"],
  deno: ["--v8-flags=--expose-gc", "--allow-all"], // it looks at /proc
  bun: [],
};

const run = promisify(execFile);

for (const what of ["stream", "changes"]) {
  const name = what === "stream"
    ? "MiniStore.stream() closes its file when the iterator is collected"
    : "StateManager.changes() closes its file when the iterator is collected";
  if (process.platform !== "linux") {
    test(`${name} (skipped: not Linux)`, () => {});
    continue;
  }
  test(name, () =>
    onDisk.with(async (fileSystem, directory) => {
      const manager = await StateManager.open(directory, {
        initial: { total: 0 },
        apply: (state, by: number) => void (state.total += by),
        fileSystem,
      });
      await manager.applyAll(Array.from({ length: 100 }, () => 1));
      await manager.close();
      const [file, ...args] = commandOf(runtime, SCRIPT, directory);
      const place = runtime === "deno" ? 1 : 0;
      const { stdout } = await run(file, [
        ...args.slice(0, place),
        ...FLAGS[runtime],
        ...args.slice(place).filter((arg) => !arg.startsWith("--allow-")),
        what,
        directory,
      ]);
      const { begun, left, after } = JSON.parse(stdout);
      assertEquals([begun, left], [50, 0], stdout);
      // A collector that looks at the stack may take a number for a reference.
      assert(after <= 5, stdout);
    }));
}
