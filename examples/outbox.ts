// deno-lint-ignore-file no-console
/**
 * A shop whose orders and invoices survive: an order and the task to write its
 * invoice are one commit, and so are the invoice and the end of its task. The
 * process that does it is killed again and again; in the end every order has one
 * invoice, and their numbers have no gap. Run it again, and the shop goes on.
 *
 * deno run --no-prompt --import-map=offline/import_map.json --allow-read=. \
 *   --allow-write=.data --allow-run=node_modules/deno/deno \
 *   --ignore-env=NODE_V8_COVERAGE examples/outbox.ts [DIRECTORY]
 * bun examples/outbox.ts [DIRECTORY]
 * node examples/outbox.ts [DIRECTORY]
 *
 * What a shop is stands in `jobs/shop.ts`: read that first.
 */

import { DurableError } from "@mini-ts/durable";
import process from "node:process";
import { killAfter } from "./jobs/kill.ts";
import { invoice, openShop } from "./jobs/shop.ts";
import { count } from "./registry/show.ts";

const KILLS = 4;
/** After how many lines the process is killed the first time; later each time. */
const LINES = 200;

const [directory = ".data/outbox"] = process.argv.slice(2);
/** What must not be, and is. */
const problems: string[] = [];

/** Lets another process work until it is killed, and holds the shop against what it had printed. */
async function killOnce(lines: number): Promise<void> {
  const before = await openShop(directory);
  const first = Object.keys(before.state.orders).length + 1;
  await before.close();
  const printed = await killAfter(
    "clerk.ts",
    directory,
    [String(first)],
    lines,
  );
  const [orders, invoices, tasks] = ["order", "invoice", "task"].map((what) =>
    printed.flatMap((line) => {
      const [word, id] = line.split(" ");
      return word === what ? [id] : [];
    })
  );
  await using shop = await openShop(directory);
  const { state, queue } = shop;
  const known = problems.length;
  for (const id of orders) {
    if (!Object.hasOwn(state.orders, id)) problems.push(`${id} is lost`);
  }
  for (const id of invoices) {
    if (!state.orders[id]) problems.push(`The invoice of ${id} is lost`);
  }
  const begun = tasks.filter((id) => !state.orders[id]).length;
  const all = Object.keys(state.orders).length;
  console.log(
    `killed      a process that had printed ${
      count(orders.length, "order")
    } and ${count(invoices.length, "invoice")}: ${
      problems.length > known ? "not all" : "all"
    } are there; of ${count(queue.size, "open task")} it had begun ${begun}`,
  );
  if (all - state.invoices !== queue.size) {
    problems.push(`${all} orders, ${state.invoices} invoices, ${queue.size}`);
  }
}

/** Does what is left. */
async function finish(): Promise<void> {
  await using shop = await openShop(directory);
  const { size } = shop.queue;
  let again = 0;
  const stop = new AbortController();
  const working = shop.queue.process((message) => {
    if (message.attempts > 1) again++;
    return invoice(shop, message);
  }, { concurrency: 4, signal: stop.signal });
  await Promise.all([working, shop.queue.idle().then(() => stop.abort())]);
  console.log(
    `finished    ${
      count(size, "task")
    } that had been left, ${again} of them handed out before`,
  );
  const numbers = Object.values(shop.state.orders).sort((a, b) => a - b);
  const isWhole = numbers.every((number, n) => number === n + 1);
  if (!isWhole || shop.state.invoices !== numbers.length) {
    problems.push("The invoices have gaps, or an order has none, or two");
  }
  console.log(
    `compared    ${count(numbers.length, "order")} with ${
      count(shop.state.invoices, "invoice")
    }, ${isWhole ? "numbered without a gap" : "and they do not match"}`,
  );
}

try {
  for (let n = 1; n <= KILLS; n++) await killOnce(n * LINES);
  await finish();
} catch (error) {
  if (!(error instanceof DurableError)) throw error;
  problems.push(`${error.code}: ${error.message}`);
}
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
