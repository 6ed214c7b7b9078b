// deno-lint-ignore-file no-console
/**
 * The process that is killed. It takes orders and writes invoices, side by side,
 * and prints each that is on disk: `order o-7`, `invoice o-7`. A task that it was
 * handed, and has not done as yet, is `task o-7`.
 *
 * clerk.ts DIRECTORY FIRST
 */

import process from "node:process";
import { invoice, openShop, order } from "./shop.ts";

const CUSTOMERS = 2;

const [directory, first] = process.argv.slice(2);
const shop = await openShop(directory);
shop.queue.process(async (message) => {
  const { invoiceFor } = message.payload;
  console.log(`task ${invoiceFor}`);
  await invoice(shop, message);
  console.log(`invoice ${invoiceFor}`);
}, { concurrency: 4 }).catch(() => process.exit(1));
const end = Date.now() + 60_000; // whoever was to kill it may be gone
const numbers = (function* () {
  for (let n = Number(first); Date.now() < end; n++) yield n;
})();
const customer = async () => {
  for (const n of numbers) {
    await order(shop, `o-${n}`);
    console.log(`order o-${n}`);
  }
};
await Promise.all(Array.from({ length: CUSTOMERS }, customer));
