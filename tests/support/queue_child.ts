// deno-lint-ignore-file no-console
// Opens a queue, enqueues, works, compacts, and says what it did.
import process from "node:process";
import { MiniQueue } from "../../mod.ts";

try {
  const queue = await MiniQueue.open<string>(process.argv[2]);
  await queue.enqueueAll([{ payload: "a" }, { payload: "b", delay: 1e9 }]);
  const message = await queue.dequeue();
  await message.ack();
  await queue.compact();
  console.log(`${message.payload} of ${queue.size + 1}`);
  await queue.close();
} catch (error) {
  const { code, message } = error as { code?: string; message: string };
  console.log(`${code} ${message}`);
}
