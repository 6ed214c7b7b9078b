// deno-lint-ignore-file no-console
// Opens the journals of its arguments from a working directory, and takes the lock
// of the first argument; says what became of each, and holds them until its input ends.
import process from "node:process";
import { defaultFileSystem, MiniStore } from "../../mod.ts";

const [cwd, lock, ...paths] = process.argv.slice(2);
process.chdir(cwd);
const closes: (() => Promise<void>)[] = [];
async function report(open: () => Promise<() => Promise<void>>) {
  try {
    closes.push(await open());
    console.log("open");
  } catch (error) {
    console.log((error as { code?: string }).code ?? String(error));
  }
}

await report(async () => {
  const held = await (await defaultFileSystem()).lock(lock);
  return () => held.release();
});
for (const path of paths) {
  await report(async () => {
    const store = await MiniStore.open(path);
    return () => store.close();
  });
}
process.stdin.resume();
await new Promise((resolve) => process.stdin.on("end", resolve));
for (const close of closes) await close();
console.log("closed");
