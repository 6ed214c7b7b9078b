// deno-lint-ignore-file no-console
// Opens a store, says so, and holds it until its input ends.
import process from "node:process";
import { MiniStore } from "../../mod.ts";

try {
  const store = await MiniStore.open(process.argv[2]);
  console.log("open");
  process.stdin.resume();
  await new Promise((resolve) => process.stdin.on("end", resolve));
  await store.close();
  console.log("closed");
} catch (error) {
  const { code, message } = error as { code?: string; message: string };
  console.log(`${code} ${message}`);
}
