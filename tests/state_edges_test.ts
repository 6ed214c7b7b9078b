/** What is easy to get almost right, and is seen at the edge only. */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { MemoryFileSystem, StateManager } from "../mod.ts";
import { LARGE } from "../src/snapshot/pretty.ts";
import { Feed } from "../src/state/feed.ts";
import { stateSource } from "../src/state/serial.ts";
import { tableOf } from "../src/state/table.ts";
import { adoptState } from "../src/state/take.ts";
import { inWorlds, type World } from "../src/state/worlds.ts";
import { FaultyFileSystem } from "./support/faulty_file_system.ts";
import { test } from "./support/harness.ts";
import { begun, DIR, OPTIONS } from "./support/sums.ts";
import { treeOf } from "./support/trees.ts";

type Data = Record<string, unknown>;

/** Runs a function while timers are only noted: `fire` calls the one that is set. */
async function withoutTimers(
  run: (timers: Set<() => void>) => Promise<void>,
): Promise<void> {
  const { setTimeout, clearTimeout } = globalThis;
  const timers = new Map<unknown, () => void>();
  const waiting = new Set<() => void>();
  Object.assign(globalThis, {
    setTimeout: (call: () => void) => {
      const timer = {};
      timers.set(timer, call);
      waiting.add(call);
      return timer;
    },
    clearTimeout: (timer: unknown) => {
      const call = timers.get(timer);
      if (call) waiting.delete(call);
    },
  });
  try {
    await run(waiting);
  } finally {
    Object.assign(globalThis, { setTimeout, clearTimeout });
  }
}

/** A writer of sums, and a file system for its followers, which can be made to wait. */
async function gated() {
  const { fileSystem: inner, manager } = await begun();
  const fileSystem = new FaultyFileSystem(inner);
  /** Makes the next call wait; resolves with what ends the wait when it does. */
  const gate = () =>
    new Promise<() => void>((isReached) => {
      fileSystem.onCall = () => {
        fileSystem.onCall = () => {};
        return new Promise<void>((open) => isReached(open));
      };
    });
  return { manager, gate, options: { ...OPTIONS, fileSystem, interval: 1 } };
}

/** A controller, and the listeners that its signal has. */
function controlled() {
  const controller = new AbortController();
  const listeners = new Set<unknown>();
  const { signal } = controller;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  Object.assign(signal, {
    addEventListener(type: string, listener: () => void): void {
      listeners.add(`${type} ${listener}`);
      add(type, listener);
    },
    removeEventListener(type: string, listener: () => void): void {
      listeners.delete(`${type} ${listener}`);
      remove(type, listener);
    },
  });
  return { controller, listeners };
}

test("StateFollower.close() waits for a look that is under way, and is followed by none", () =>
  withoutTimers(async (timers) => {
    const { manager, gate, options } = await gated();
    const follower = await StateManager.follow(DIR, options);
    assertEquals(timers.size, 1);
    const reached = gate();
    const [fire] = timers;
    timers.delete(fire);
    fire();
    const open = await reached;
    let isClosed = false;
    const closed = follower.close().then(() => isClosed = true);
    for (let turn = 0; turn < 20; turn++) await null;
    assertEquals(isClosed, false);
    open();
    await closed;
    for (let turn = 0; turn < 20; turn++) await null;
    assertEquals(timers.size, 0);
    await manager.close();
  }));

test("StateManager.follow() whose signal comes while it reads never looks again", () =>
  withoutTimers(async (timers) => {
    const { manager, gate, options } = await gated();
    const { controller, listeners } = controlled();
    const { signal } = controller;
    const reached = gate();
    const started = StateManager.follow(DIR, { ...options, signal });
    const open = await reached;
    controller.abort();
    open();
    const follower = await started;
    assertEquals([follower.sequence, timers.size], [3, 0]);
    assertEquals(listeners.size, 0);
    await manager.close();
  }));

test("Feed.changes() ends with the first reason that there is", async () => {
  const feed = new Feed<number>();
  feed.end(new RangeError("the disk is full"));
  feed.end();
  const past = { sequence: 0, read: () => assert(false) as never };
  await assertRejects(
    () => feed.changes(past, 1, undefined).next(),
    RangeError,
    "full",
  );
});

test("A state counts its parts: each container, each leaf, and long text by its length", () => {
  const long = "x".repeat(64);
  const states: [unknown, number][] = [
    [1, 1],
    [long, 2],
    [[], 1],
    [{ a: 1, b: { c: "x" }, d: [1, 2] }, 7],
    [{ a: [[1], [2]], b: { c: { d: null } } }, 9],
    [{ [long]: 1 }, 3],
    [[long, long], 5],
  ];
  for (const [data, parts] of states) {
    const state = adoptState(data);
    assertEquals(stateSource.small(state, parts), data);
    assertEquals(stateSource.small(state, parts - 1), LARGE);
  }
});

test("StateManager.open() takes versions from 1 to 2 to the 31st", async () => {
  const open = (version: number) =>
    StateManager.open("s", {
      ...OPTIONS,
      fileSystem: new MemoryFileSystem(),
      version,
    });
  for (const version of [0, 1.5, 2 ** 31 + 1]) {
    await assertRejects(() => open(version), RangeError, "version");
  }
  for (const version of [1, 2 ** 31]) await (await open(version)).close();
});

test("StateManager.open() takes a directory with slashes at its end", async () => {
  const fileSystem = new MemoryFileSystem();
  const first = await StateManager.open("s//", { ...OPTIONS, fileSystem });
  assertEquals(first.journalPath, "s/journal.jsonl");
  await first.close();
});

test("Tree.change() of a part that was moved, and is the same, keeps the very part", () => {
  const tree = treeOf<Data>({ list: [1], part: { n: 1 }, n: 0 });
  const { list, part } = tree.newestRoot as Data;
  tree.change(1, (state) => {
    [state.list, state.part] = [state.part, state.list];
  }, [0]);
  const after = tree.newestRoot as Data;
  assert(after.list === part && after.part === list);
});

test("Tree.change() of a part that does not grow leaves its kind alone", () => {
  const members = Array.from({ length: 40 }, (_, n) => [`k${n}`, n]);
  const tree = treeOf<Data>({ part: Object.fromEntries(members) });
  const change = (body: (part: Data) => void) => {
    tree.change(1, ({ part }) => body(part as Data), [0]);
    return tableOf((tree.newestRoot as Data).part as object) !== undefined;
  };
  assertEquals(change((part) => void (part.k1 = 100)), false);
  assertEquals(change((part) => void delete part.k1), true);
});

test("A draft that was kept cannot be defined on, not even without effect", () => {
  const tree = treeOf<Data>({ part: { n: 1 } });
  let kept: Data = {};
  tree.change(1, ({ part }) => void (kept = part as Data), [0]);
  for (const descriptor of [{}, { value: 1 }, { get: () => 1 }]) {
    assertThrows(
      () => Object.defineProperty(kept, "n", descriptor),
      TypeError,
      "has ended",
    );
  }
});

test("A large array has nothing behind its last element", () => {
  for (const length of [17, 256, 512]) {
    const { list } = adoptState({ list: Array(length).fill(1) }) as {
      list: number[];
    };
    assertEquals([list[length - 1], list[length]], [1, undefined]);
    assertEquals(list.at(-1), 1);
    assertEquals(length in list, false);
    assertEquals(Object.getOwnPropertyDescriptor(list, length), undefined);
  }
});

test("StateManager.verify() shows where a part became null, or a list an object", async () => {
  const values = [null, [], {}, "x"];
  for (const [one, other] of [[0, 1], [1, 0], [1, 2], [2, 0], [3, 0]]) {
    const fileSystem = new MemoryFileSystem();
    let calls = 0;
    const plan = {
      initial: { part: { v: 0 } as Data },
      apply: (state: { part: Data }, _: number) => {
        state.part.v = values[calls++ % 2 === 0 ? one : other];
      },
      fileSystem,
    };
    const manager = await StateManager.open("d", plan);
    await manager.apply(1);
    await manager.close();
    calls = 0;
    const { difference } = await StateManager.verify("d", plan);
    assertEquals(difference?.path, "part.v");
    assertEquals(
      [difference?.left, difference?.right],
      [values[one], values[other]],
    );
  }
});

test("Worlds toss coins that differ, and are numbers from 0 to 1", () => {
  const toss = () => Array.from({ length: 100 }, () => Math.random());
  const tossIn = (...worlds: World[]) =>
    inWorlds((enter) =>
      worlds.map((world) => {
        enter(world);
        return toss();
      })
    );
  const [one, other, oneAgain, otherAgain] = tossIn(
    "one",
    "other",
    "one",
    "other",
  );
  assertEquals([oneAgain, otherAgain], [one, other], "they begin anew");
  for (const [n, number] of one.entries()) {
    assert(number > 0 && number < 1, `${number}`);
    assert(other[n] > 0 && other[n] < 1, `${other[n]}`);
    assert(Math.abs(number - other[n]) > 1e-9 && number !== one[n - 1]);
  }
});

test("Worlds leave the program its own time and coins, in between and afterwards", () => {
  const own = { Date, random: Math.random, now: performance.now };
  const day = 86_400_000;
  const [shifted, mine] = inWorlds((enter) => {
    enter("other");
    const there = [Date.now(), new Date().getTime(), performance.now()];
    enter("own");
    const here = [Date.now(), new Date().getTime(), performance.now()];
    const tosses = [Math.random(), Math.random()];
    enter("own");
    assert(Math.random() !== tosses[0], "they are not those of a world");
    return [there, here];
  });
  for (const [n, time] of shifted.entries()) {
    assert(time - mine[n] > 365 * day, `${time} ${mine[n]}`);
  }
  assert(Math.abs(mine[0] - Date.now()) < day);
  assertEquals({ Date, random: Math.random, now: performance.now }, own);
});
