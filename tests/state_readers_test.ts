import { assert, assertEquals } from "@std/assert";
import { StateManager } from "../mod.ts";
import { Feed } from "../src/state/feed.ts";
import { SimulatedFileSystem } from "../src/testing/mod.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import { writeFile } from "./support/text.ts";
import { begun, DIR, OPTIONS } from "./support/sums.ts";

test("StateManager.at() and StateManager.verify() do not take records of a newer version for their own", async () => {
  const fileSystem = new SimulatedFileSystem();
  const newer = { ...OPTIONS, version: 2, fileSystem };
  const writer = await StateManager.open(DIR, newer);
  await writer.apply(1);
  const older = { ...OPTIONS, fileSystem };
  await assertCode(() => StateManager.at(DIR, 1, older), "UNSUPPORTED_VERSION");
  const { ok, damage } = await StateManager.verify(DIR, older);
  assertEquals([ok, damage?.code], [false, "UNSUPPORTED_VERSION"]);
  assertEquals(await StateManager.at(DIR, 1, newer), { total: 1, all: [1] });
  await writer.close();
});

/** Commits that a feed is told of, and what reading them from the log costs. */
function history() {
  const feed = new Feed<number>();
  const past = {
    sequence: 0,
    reads: 0,
    async *read(from: number) {
      past.reads++;
      for (let sequence = from; sequence <= past.sequence; sequence++) {
        yield await Promise.resolve({ sequence, mutation: sequence });
      }
    },
  };
  const commit = () => {
    const sequence = ++past.sequence;
    feed.publish({ sequence, mutation: sequence });
  };
  return { feed, past, commit };
}

test("Feed.changes() of a reader that is far behind keeps nothing in memory for it", async () => {
  const { feed, past, commit } = history();
  const changes = feed.changes(past, 1, undefined);
  const first = changes.next();
  for (let n = 0; n < 3000; n++) commit();
  assertEquals((await first).value?.sequence, 1);
  assertEquals(past.reads, 1);
  for (let sequence = 2; sequence <= 3000; sequence++) {
    assertEquals((await changes.next()).value?.sequence, sequence);
  }
  assertEquals(feed.isHeard, true);
  await changes.return();
  assertEquals(feed.isHeard, false);
});

test("Feed.changes() of a reader that keeps up reads the log once", async () => {
  const { feed, past, commit } = history();
  commit();
  const changes = feed.changes(past, 1, undefined);
  assertEquals((await changes.next()).value?.sequence, 1);
  for (let sequence = 2; sequence <= 20; sequence += 3) {
    const next = changes.next();
    for (let n = 0; n < 3; n++) commit();
    assertEquals((await next).value?.sequence, sequence);
    assertEquals((await changes.next()).value?.sequence, sequence + 1);
    assertEquals((await changes.next()).value?.sequence, sequence + 2);
  }
  assertEquals(past.reads, 1);
  await changes.return();
});

test("Feed.subscribe() within a listener hears from the next commit on", () => {
  const { feed, commit } = history();
  const heard: string[] = [];
  const end = feed.subscribe(({ sequence }) => {
    heard.push(`outer ${sequence}`);
    end();
    feed.subscribe(({ sequence }) => heard.push(`inner ${sequence}`));
  });
  commit();
  commit();
  assertEquals(heard, ["outer 1", "inner 2"]);
});

test("Feed.publish() tells everybody, whatever a listener throws, and lets the program know", async () => {
  const { feed, commit } = history();
  const heard: number[] = [];
  feed.subscribe(() => {
    throw new RangeError("thrown by a listener");
  });
  feed.subscribe(({ sequence }) => heard.push(sequence));
  const thrown: unknown[] = [];
  const { queueMicrotask } = globalThis;
  globalThis.queueMicrotask = (run) =>
    queueMicrotask(() => {
      try {
        run();
      } catch (error) {
        thrown.push(error);
      }
    });
  try {
    commit();
    await Promise.resolve();
  } finally {
    globalThis.queueMicrotask = queueMicrotask;
  }
  assertEquals(heard, [1]);
  assertEquals(thrown.map(String), ["RangeError: thrown by a listener"]);
});

test("StateFollower stays where it is when it cannot go on", async () => {
  const { fileSystem, manager } = await begun();
  const follower = await StateManager.follow(DIR, {
    ...OPTIONS,
    fileSystem,
    interval: Infinity,
  });
  for (const by of [4, 5, 6]) await manager.apply(by);
  await manager.compact();
  await writeFile(fileSystem, `${DIR}/snapshot.json`, "{}");
  await assertCode(() => follower.catchUp(), "TRUNCATED");
  assertEquals([follower.sequence, follower.state.total], [3, 6]);
  await manager.apply(7);
  await manager.compact();
  assertEquals(await follower.catchUp(), 7);
  assertEquals(follower.snapshot(), manager.snapshot());
  await follower.close();
  await manager.close();
});

test("StateFollower.catchUp() that is called twice reads once", async () => {
  const { fileSystem, manager } = await begun();
  const options = { ...OPTIONS, fileSystem, interval: Infinity };
  const follower = await StateManager.follow(DIR, options);
  await manager.apply(4);
  const both = [follower.catchUp(), follower.catchUp()];
  assertEquals(await Promise.all(both), [4, 4]);
  assertEquals(follower.snapshot(), manager.snapshot());
  await follower.close();
  await manager.close();
});

test("StateFollower.close() ends the wait for the next look", async () => {
  const { fileSystem, manager } = await begun();
  const options = { ...OPTIONS, fileSystem, interval: 60_000 };
  const { clearTimeout } = globalThis;
  const cleared: unknown[] = [];
  globalThis.clearTimeout = (timer) => {
    cleared.push(timer);
    clearTimeout(timer);
  };
  try {
    const follower = await StateManager.follow(DIR, options);
    await follower.close();
    assertEquals(follower.sequence, 3);
  } finally {
    globalThis.clearTimeout = clearTimeout;
  }
  assert(cleared.some((timer) => timer !== undefined));
  await manager.close();
});
