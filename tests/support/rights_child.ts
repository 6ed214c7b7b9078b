// deno-lint-ignore-file no-console
// Takes the locks in a directory with other rights than usual, says what became of
// it, and holds what it got until its input ends. `umask`: what it makes may be
// written by its group. `reader`: as a user who may not write what root made.
import process from "node:process";
import { MiniStore, SnapStore } from "../../mod.ts";

const [how, dir] = process.argv.slice(2);
if (how === "umask") {
  process.umask(0o002);
} else {
  // All that is loaded when it is needed, while it may still be read.
  await (await MiniStore.open(`${dir}/${process.pid}/a.jsonl`)).close();
  if (process.getuid?.() === 0) {
    process.setgid?.(65534);
    process.setuid?.(65534);
  }
}

async function report(what: string, run: () => Promise<unknown>) {
  let outcome = "open";
  try {
    await run();
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    outcome = `${code} ${message}`;
  }
  console.log(`${what} ${outcome}`);
}

await report("journal", () => MiniStore.open(`${dir}/a.jsonl`));
await report("snapshot", () => new SnapStore(dir).create({}, 1));
process.stdin.resume();
await new Promise((resolve) => process.stdin.on("end", resolve));
process.exit();
