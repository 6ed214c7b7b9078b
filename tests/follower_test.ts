import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { MemoryFileSystem, StateManager } from "../mod.ts";
import { onDisk } from "./support/adapters.ts";
import { assertCode } from "./support/errors.ts";
import { runtime, test } from "./support/harness.ts";
import { Child, RUNTIMES } from "./support/processes.ts";
import {
  DIR,
  EMPTY,
  openShop,
  type Order,
  REDUCE,
  shopOptions,
  textOf,
} from "./support/states.ts";

const add = (by: number): Order => ({ add: { by } });
const WHEN_ASKED = { interval: Infinity };

test("StateManager.follow() catches up with its writer, across rotation and compaction", async () => {
  const fileSystem = new MemoryFileSystem();
  const shop = await openShop(fileSystem, { maxSegmentBytes: 300 });
  const follower = await StateManager.follow(DIR, {
    ...shopOptions(fileSystem),
    ...WHEN_ASKED,
  });
  const seen: unknown[] = [];
  follower.subscribe(({ sequence, mutation }) =>
    seen.push(mutation ? sequence : `jump to ${sequence}`)
  );
  assertEquals([follower.sequence, textOf(follower.state)], [0, textOf(EMPTY)]);
  for (let n = 1; n <= 20; n++) {
    await shop.apply({ name: { text: `${n}` } });
    if (n % 5 === 0) await shop.createSnapshot();
    if (n % 3 === 0) {
      assertEquals(await follower.catchUp(), n);
      assertEquals(textOf(follower.state), textOf(shop.state));
    }
  }
  await follower.catchUp();
  await shop.compact();
  await shop.apply(add(1));
  assertEquals(await follower.catchUp(), 21);
  assertEquals(seen, Array.from({ length: 21 }, (_, n) => n + 1));
  assertEquals(textOf(follower.snapshot()), textOf(shop.state));
  assertThrows(() => (follower.state as typeof EMPTY).total = 1, TypeError);
  await follower.close();
  await shop.close();
});

test("StateManager.follow() goes on from the snapshot if a compaction was faster", async () => {
  const fileSystem = new MemoryFileSystem();
  const shop = await openShop(fileSystem);
  const follower = await StateManager.follow(DIR, {
    ...shopOptions(fileSystem),
    ...WHEN_ASKED,
  });
  const seen: unknown[] = [];
  follower.subscribe((change) => seen.push(change));
  for (let n = 1; n <= 5; n++) await shop.apply(add(n));
  await shop.compact();
  await shop.apply(add(6));
  assertEquals(await follower.catchUp(), 6);
  assertEquals(seen, [{ sequence: 5, mutation: undefined }, {
    sequence: 6,
    mutation: add(6),
  }]);
  assertEquals(follower.state.total, 21);
  await follower.close();
  await shop.close();
});

test("StateManager.follow() goes on when its writer closes, and another one opens", async () => {
  const fileSystem = new MemoryFileSystem();
  const follower = await StateManager.follow(DIR, {
    ...shopOptions(fileSystem),
    ...WHEN_ASKED,
  });
  assertEquals(await follower.catchUp(), 0, "there is nothing yet");
  for (let round = 1; round <= 3; round++) {
    const shop = await openShop(fileSystem);
    await shop.apply(add(round));
    assertEquals(await follower.catchUp(), round);
    await shop.close();
    assertEquals(await follower.catchUp(), round);
  }
  assertEquals(follower.state.total, 6);
  await follower.close();
});

test("StateManager.follow() looks by itself, and ends with its signal", async () => {
  const fileSystem = new MemoryFileSystem();
  const shop = await openShop(fileSystem);
  const controller = new AbortController();
  const follower = await StateManager.follow(DIR, {
    ...shopOptions(fileSystem),
    interval: 1,
    signal: controller.signal,
  });
  const met = new Promise<number>((resolve) =>
    follower.subscribe(({ sequence }) => resolve(sequence))
  );
  await shop.apply(add(1));
  assertEquals(await met, 1);
  controller.abort();
  await shop.apply(add(1));
  await follower.close();
  assert(follower.sequence <= 2);
  const aborted = {
    ...shopOptions(fileSystem),
    signal: AbortSignal.abort(new Error("never")),
  };
  await assertRejects(() => StateManager.follow(DIR, aborted), Error, "never");
  await shop.close();
});

test("StateManager.follow() refuses what open refuses, and says why it stopped", async () => {
  const fileSystem = new MemoryFileSystem();
  const shop = await openShop(fileSystem, { version: 2 });
  await shop.apply(add(1));
  await assertCode(
    () => StateManager.follow(DIR, shopOptions(fileSystem)),
    "UNSUPPORTED_VERSION",
  );
  for (const interval of [0, -1, NaN]) {
    await assertRejects(
      () => StateManager.follow(DIR, { ...shopOptions(fileSystem), interval }),
      RangeError,
    );
  }
  const refuseBig = (value: unknown) => !JSON.stringify(value).includes("99");
  const follower = await StateManager.follow(DIR, {
    ...shopOptions(fileSystem, { version: 2, validate: refuseBig }),
    ...WHEN_ASKED,
  });
  await shop.apply(add(99));
  const error = await assertCode(() => follower.catchUp(), "INVALID_RECORD");
  assertEquals([error.sequence, follower.sequence], [2, 1]);
  await shop.apply(add(1));
  assertStrictEquals(
    await assertRejects(() => follower.catchUp(), Error),
    error,
  );
  assertEquals(follower.sequence, 1, "nothing is skipped");
  await follower.close();
  await shop.close();
});

if (runtime === "deno" || runtime === "node") {
  for (const writer of RUNTIMES) {
    test(`StateManager.follow() reads what a ${writer} process writes`, async () => {
      await onDisk.with(async (fileSystem, directory) => {
        const child = new Child(writer, "state_child.ts", directory, [
          directory,
        ]);
        try {
          assertEquals(await child.line(), "1");
          const follower = await StateManager.follow(directory, {
            initial: EMPTY,
            apply: REDUCE,
            fileSystem,
            interval: 5,
          });
          const met = new Promise<void>((resolve) => {
            if (follower.sequence >= 20) resolve();
            follower.subscribe(({ sequence }) => {
              if (sequence >= 20) resolve();
            });
          });
          await met;
          assert(follower.state.total >= 20);
          await follower.close();
        } finally {
          await child.kill();
        }
      });
    });
  }
}
