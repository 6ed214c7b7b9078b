/** What two replays are compared by, and what they start from. */

import { assert, assertEquals } from "@std/assert";
import { MemoryFileSystem, StateManager } from "../mod.ts";
import { FaultyFileSystem } from "./support/faulty_file_system.ts";
import { test } from "./support/harness.ts";
import { DIR, openShop, type Order, shopOptions } from "./support/states.ts";

type Numbers = Record<string, number>;

/** An object that becomes a table. */
function large(): Numbers {
  return Object.fromEntries(Array.from({ length: 70 }, (_, n) => [`k${n}`, n]));
}

/** A state with parts of every kind. */
interface Parts {
  a: { n: number; x?: number };
  big: Numbers;
  long: number[];
  new: Numbers | (number | Numbers)[];
}

/** Whether a coin was tossed, and came out high: as it does first. */
const isHigh = (value: number) => value > 5e8;
/** The same for every coin. */
const known = (value: number) => Math.min(value, 5);

test("StateManager.verify() finds a difference that later mutations hide, in parts of every kind", async () => {
  const long = Array.from({ length: 257 }, (_, n) => n); // one more than a chunk
  const reducers: Record<string, (state: Parts, value: number) => void> = {
    member: ({ a }, value) => void (a.n = value),
    "large object": ({ big }, value) => void (big.k1 = value),
    "large array": ({ long }, value) => void (long[5] = value),
    "new object": (state, value) =>
      void (state.new = { ...large(), k1: value }),
    "new array": (state, value) => void (state.new = [value]),
    // From here on the first replay, whose coin is high, leaves something out.
    "change of a large object": ({ big }, value) => {
      big.k1 = known(value);
      if (!isHigh(value)) big.k2 = known(value);
    },
    "end of a large array": ({ long }, value) => {
      long[5] = known(value);
      if (isHigh(value) || value === 3) long.length = 256;
    },
    "member that is there": ({ a }, value) => {
      a.n = known(value);
      if (isHigh(value)) delete a.x;
      else a.x = 1;
    },
    "member of an element": (state, value) =>
      void (state.new = [
        isHigh(value) || value === 3 ? { a: known(value) } : {
          a: known(value),
          b: 1,
        },
      ]),
    "change that is none": (state, value) => {
      if (!isHigh(value)) state.a.n = known(value);
    },
  };
  for (const [what, reduce] of Object.entries(reducers)) {
    const options = {
      initial: { a: { n: 0 }, big: large(), long, new: {} } as Parts,
      apply: (state: Parts, n: number) =>
        reduce(state, n === 2 ? Math.floor(Math.random() * 1e9) : n),
      fileSystem: new MemoryFileSystem(),
    };
    const manager = await StateManager.open("d", options);
    for (const n of [1, 2, 3]) await manager.apply(n);
    await manager.close();
    const { difference } = await StateManager.verify("d", options);
    assertEquals(difference?.sequence, 2, what);
  }
});

test("StateManager.verify() replays what follows a snapshot twice, each time from the snapshot", async () => {
  const options = {
    initial: { big: large() },
    apply: ({ big }: { big: Numbers }, by: number) => void (big.k1 += by),
    fileSystem: new MemoryFileSystem(),
  };
  const manager = await StateManager.open("d", options);
  await manager.apply(1);
  await manager.compact();
  for (const by of [2, 3]) await manager.apply(by);
  await manager.close();
  const { ok, fromScratch } = await StateManager.verify("d", options);
  assertEquals([ok, fromScratch], [true, false]);
});

test("StateManager.verify() looks again when a snapshot was replaced while it read", async () => {
  const fileSystem = new FaultyFileSystem(new MemoryFileSystem());
  const options = {
    initial: { n: 0 },
    apply: (state: { n: number }, by: number) => void (state.n += by),
    fileSystem,
  };
  const manager = await StateManager.open("d", options);
  await manager.apply(1);
  await manager.createSnapshot();
  let looks = 0;
  fileSystem.onCall = async ({ kind, path }) => {
    if (kind !== "open-read" || path !== "d/snapshot.meta.json") return;
    if (++looks !== 2) return; // the log was read
    await manager.apply(2);
    await manager.createSnapshot();
  };
  const { ok, sequence } = await StateManager.verify("d", options);
  assertEquals([ok, sequence], [true, 2]);
  await manager.close();
});

test("StateManager.verify() finds a reducer that calls Date.now(), however slow the clock is", async () => {
  const { now } = Date;
  Date.now = () => 1;
  try {
    const options = {
      initial: { at: 0 },
      apply: (state: { at: number }) => void (state.at = Date.now()),
      fileSystem: new MemoryFileSystem(),
    };
    const manager = await StateManager.open("d", options);
    await manager.apply(1);
    await manager.close();
    const { difference } = await StateManager.verify("d", options);
    assertEquals([difference?.between, difference?.sequence], ["replays", 1]);
  } finally {
    Date.now = now;
  }
});

test("StateManager.verify() replaces the clock and the coin for many records at a time, not for each", async () => {
  const fileSystem = new MemoryFileSystem();
  const shop = await openShop(fileSystem);
  await shop.applyAll(
    Array.from({ length: 2000 }, (): Order => ({ add: { by: 1 } })),
  );
  await shop.close();
  const { random } = Math;
  let current = random;
  let replaced = 0;
  const set = (value: typeof random) => {
    replaced++;
    current = value;
  };
  Object.defineProperty(Math, "random", {
    configurable: true,
    get: () => current,
    set,
  });
  try {
    const { ok } = await StateManager.verify(DIR, shopOptions(fileSystem));
    assertEquals(ok, true);
  } finally {
    Object.defineProperty(Math, "random", {
      configurable: true,
      writable: true,
      enumerable: false,
      value: random,
    });
  }
  assert(replaced > 0 && replaced < 40, `${replaced} times for 2000 records`);
});
