import { assertEquals } from "@std/assert";
import { test } from "./support/harness.ts";
import { Jobs } from "./support/queues.ts";

const REASONS: readonly [reason: unknown, text: string][] = [
  ["no such address", "no such address"],
  ["", ""],
  [new Error("busy"), "Error: busy"],
  [new RangeError("too far"), "RangeError: too far"],
  [undefined, "undefined"],
  [null, "null"],
  [42, "42"],
  [{}, "[object Object]"],
  [{ toString: () => "told" }, "told"],
  [Object.create(null), "something that cannot be shown as a string"],
  [Symbol("s"), "Symbol(s)"],
  ["x".repeat(5000), "x".repeat(1024)],
  ["half \ud800", "half \ufffd"],
  ['quotes " and \n lines \u0000', 'quotes " and \n lines \u0000'],
];

for (const [reason, text] of REASONS) {
  test(`Message.fail() keeps the reason as a text: ${JSON.stringify(text).slice(0, 40)}`, async () => {
    const jobs = await Jobs.open();
    await jobs.add("a");
    await (await jobs.take()).fail(reason);
    assertEquals(await jobs.dead(), [["a", text]]);
    await jobs.kill();
    assertEquals(await jobs.dead(), [["a", text]]);
    await jobs.queue.close();
  });
}

test("Message.fail() takes no more of a reason than its first 1,024 units, and no half of a pair", async () => {
  const jobs = await Jobs.open();
  await jobs.add("a");
  await (await jobs.take()).fail(`${"x".repeat(1023)}\u{1f600}`);
  const [[, reason = ""]] = await jobs.dead();
  assertEquals([reason.length, reason.isWellFormed()], [1024, true]);
  await jobs.queue.close();
});
