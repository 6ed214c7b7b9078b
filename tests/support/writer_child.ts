// deno-lint-ignore-file no-console
// Appends without end, several at a time, and prints what is acknowledged.
import process from "node:process";
import { MiniStore } from "../../mod.ts";

const store = await MiniStore.open<{ writer: number; n: number }>(
  process.argv[2],
  {
    maxSegmentBytes: 4096,
  },
);
console.log(`open ${store.sequence}`);
const write = async (writer: number) => {
  for (let n = 1;; n++) {
    const sequence = await store.append({ writer, n });
    process.stdout.write(`${sequence} ${writer} ${n}\n`);
  }
};
await Promise.all(Array.from({ length: 8 }, (_, writer) => write(writer)));
