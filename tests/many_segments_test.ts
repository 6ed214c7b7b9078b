import { assert, assertEquals } from "@std/assert";
import { MemoryFileSystem, StateManager } from "../mod.ts";
import { test } from "./support/harness.ts";
import { Metered } from "./support/lookups.ts";
import { DIR, openShop, shopOptions } from "./support/states.ts";

/** What a follower calls to catch up with a writer that has written so many segments. */
async function catchUpCost(
  segments: number,
): Promise<{ calls: number; names: number }> {
  const inner = new MemoryFileSystem();
  const shop = await openShop(inner, { maxSegmentBytes: 1 });
  await shop.apply({ add: { by: 1 } });
  const fileSystem = new Metered(inner);
  const follower = await StateManager.follow(DIR, {
    ...shopOptions(fileSystem),
    interval: Infinity,
  });
  for (let n = 2; n <= segments; n++) await shop.apply({ add: { by: 1 } });
  let names = 0;
  fileSystem.calls.length = 0;
  fileSystem.onCall = async ({ kind, path }) => {
    if (kind === "readDir") names += (await inner.readDir(path)).length;
  };
  assertEquals(await follower.catchUp(), segments);
  assertEquals(follower.state.total, segments);
  await follower.close();
  await shop.close();
  return { calls: fileSystem.calls.length, names };
}

test("StateFollower.catchUp() takes time by the number of segments, not by its square", async () => {
  const [few, many] = [await catchUpCost(200), await catchUpCost(400)];
  const what = JSON.stringify({ few, many });
  assert(few.calls > 200 * 3, `${what}: each segment was read`);
  assert(many.calls < 2.2 * few.calls, what);
  assert(many.names < 2.2 * few.names, what);
  assert(many.names < 400 * 4, what);
});
