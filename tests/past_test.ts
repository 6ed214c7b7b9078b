import { assertEquals, assertRejects } from "@std/assert";
import { MemoryFileSystem, StateManager } from "../mod.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import { DIR, openShop, shopOptions, shopWith } from "./support/states.ts";

test("StateManager.at() gives the state as it was", async () => {
  const fileSystem = await shopWith({ snapshotAt: 4 });
  const at = (sequence: number) =>
    StateManager.at(DIR, sequence, shopOptions(fileSystem));
  for (let n = 0; n <= 10; n++) {
    assertEquals((await at(n)).total, n * (n + 1) / 2);
  }
  await assertRejects(() => at(11), RangeError, "ends with record 10");
  for (const bad of [-1, 1.5, NaN]) {
    await assertRejects(() => at(bad), RangeError);
  }
  const compacted = await shopWith({ snapshotAt: 4, compact: true });
  const then = (sequence: number) =>
    StateManager.at(DIR, sequence, shopOptions(compacted));
  assertEquals((await then(4)).total, 10);
  assertEquals((await then(7)).total, 28);
  await assertCode(() => then(3), "TRUNCATED");
});

test("StateManager.at() gives data of the caller's own, while the state is open elsewhere", async () => {
  const fileSystem = new MemoryFileSystem();
  const shop = await openShop(fileSystem);
  await shop.apply({ name: { text: "ann" } });
  const then = await StateManager.at(DIR, 1, shopOptions(fileSystem));
  then.names.push("bob");
  assertEquals(shop.state.names.length, 1);
  await shop.close();
});
