// deno-lint-ignore-file no-console
// Writes more than the system lets it write to one file, and prints what became of it.
import process from "node:process";
import { defaultFileSystem, type DurableError } from "../../mod.ts";

const bytes = new Uint8Array(1 << 20);
const fileSystem = await defaultFileSystem();
for (const how of ["write", "writeSync"] as const) {
  const path = `${process.argv[2]}/${how}`;
  const handle = await fileSystem.open(path, { mode: "create" });
  let outcome = "OK";
  try {
    await handle[how](bytes, 0);
  } catch (error) {
    outcome = (error as DurableError).code;
  }
  const size = await handle.size();
  await handle.close();
  const part = size === 0 ? "nothing" : size < bytes.length ? "part" : "all";
  console.log(`${how} ${outcome} ${part}`);
}
