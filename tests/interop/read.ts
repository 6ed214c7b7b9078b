// deno-lint-ignore-file no-console
// Prints the records of a journal as JSON lines, on whatever runtime it is run:
// PATH [FORMAT]. With a format it opens the journal to write in it, and closes it,
// before.
import process from "node:process";
import { MiniStore } from "../../mod.ts";

const [, , path, format] = process.argv;
if (format === "v0.1" || format === "v0.2") {
  const store = await MiniStore.open(path, { format });
  await store.close();
}
const lines: string[] = [];
for (const record of await MiniStore.replay(path)) {
  lines.push(JSON.stringify(record));
}
if (lines.length > 0) console.log(lines.join("\n"));
