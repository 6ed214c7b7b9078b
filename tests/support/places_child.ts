// deno-lint-ignore-file no-console
// Opens the journals of its arguments from a working directory, says what became of
// each, and holds them until its input ends.
import process from "node:process";
import { MiniStore } from "../../mod.ts";

const [cwd, ...paths] = process.argv.slice(2);
process.chdir(cwd);
const stores: MiniStore[] = [];
for (const path of paths) {
  try {
    stores.push(await MiniStore.open(path));
    console.log("open");
  } catch (error) {
    console.log((error as { code?: string }).code ?? String(error));
  }
}
process.stdin.resume();
await new Promise((resolve) => process.stdin.on("end", resolve));
for (const store of stores) await store.close();
console.log("closed");
