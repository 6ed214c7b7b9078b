import { assertEquals } from "@std/assert";
import { Holds } from "../src/queue/holds.ts";
import { FakeClock } from "../src/testing/mod.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import { Jobs } from "./support/queues.ts";
import { codeOf, never, turn } from "./support/queues_b.ts";

const DAY = 86_400_000;

test("Holds holds once for all who ask, until the last of them lets go, each of them once", () => {
  const clock = new FakeClock();
  const holds = new Holds(clock, {});
  const first = holds.take();
  const second = holds.take();
  assertEquals(clock.holds, 1);
  first();
  first();
  assertEquals(clock.holds, 1);
  second();
  assertEquals(clock.holds, 0);
  second();
  const third = holds.take();
  first();
  assertEquals(clock.holds, 1);
  third();
  assertEquals(clock.holds, 0);
});

test("FakeClock counts holds and calls, and lets go of each hold once", () => {
  const clock = new FakeClock();
  const [one, other] = [clock.hold(), clock.hold()];
  one();
  one();
  assertEquals(clock.holds, 1);
  other();
  assertEquals([clock.holds, clock.calls], [0, 0]);
  clock.setTimer(() => {}, 5);
  clock.setTimer(() => {}, 6);
  clock.advance(5);
  assertEquals([clock.calls, clock.timers], [1, 1]);
});

/** Each way to wait: what ends by itself when the queue is closed, or by the signal. */
const WAYS: Record<
  string,
  (
    jobs: Jobs,
    options: { readonly ref?: boolean; readonly signal?: AbortSignal },
  ) => Promise<unknown>
> = {
  "dequeue()": ({ queue }, options) => queue.dequeue(options),
  "process()": ({ queue }, options) => queue.process(() => {}, options),
  "process() with concurrency": ({ queue }, options) =>
    queue.process(() => {}, { ...options, concurrency: 7 }),
  "process() until idle": async ({ queue }, options) => {
    const added = queue.enqueue("later", { delay: DAY });
    await queue.process(() => {}, { ...options, until: "idle" });
    await added;
  },
  "process() with a handler that never ends": async (jobs, options) => {
    const added = jobs.add("a");
    const done = jobs.queue.process(never, { ...options, autoExtend: false });
    await added;
    await done;
  },
  "idle()": async ({ queue }, options) => {
    const added = queue.enqueue("later", { delay: DAY });
    await queue.idle(options).finally(() => added);
  },
};

for (const [way, wait] of Object.entries(WAYS)) {
  test(`MiniQueue.${way} holds the program while it waits, until the queue is closed`, async () => {
    const jobs = await Jobs.open();
    const { queue, clock } = jobs;
    assertEquals(clock.holds, 0);
    const waiting = codeOf(wait(jobs, {}));
    const other = codeOf(wait(jobs, { ref: true }));
    await turn();
    assertEquals(clock.holds, 1);
    queue.pause();
    assertEquals(clock.holds, 1);
    queue.resume();
    await queue.close();
    await Promise.all([waiting, other]);
    assertEquals([clock.holds, clock.timers], [0, 0]);
  });

  test(`MiniQueue.${way} with ref: false holds nothing`, async () => {
    const jobs = await Jobs.open();
    const { queue, clock } = jobs;
    const waiting = codeOf(wait(jobs, { ref: false }));
    await turn();
    assertEquals(clock.holds, 0);
    const held = codeOf(queue.dequeue());
    assertEquals(clock.holds, 1);
    await queue.close();
    await Promise.all([waiting, held]);
    assertEquals(clock.holds, 0);
  });

  if (way.includes("never ends")) continue; // it is waited for
  test(`MiniQueue.${way} lets the program go when its signal aborts`, async () => {
    const jobs = await Jobs.open();
    const stop = new AbortController();
    const waiting = codeOf(wait(jobs, { signal: stop.signal }));
    const other = codeOf(wait(jobs, {}));
    await turn();
    stop.abort({ code: "ABORTED" });
    await waiting;
    assertEquals(jobs.clock.holds, 1); // for the other
    await jobs.queue.close();
    await other;
    assertEquals(jobs.clock.holds, 0);
  });
}

test("MiniQueue lets the program go when nothing can be written any more", async () => {
  const jobs = await Jobs.open();
  const { queue, clock, fileSystem } = jobs;
  const waiting = [queue.dequeue(), queue.process(() => {})].map(codeOf);
  assertEquals(clock.holds, 1);
  fileSystem.inject({ kinds: ["dataSync"], errno: "EIO" });
  await assertCode(() => queue.enqueue("a"), "FAILED");
  assertEquals(await Promise.all(waiting), ["FAILED", "FAILED"]);
  assertEquals(clock.holds, 0);
  await queue.close().catch(() => {});
});

test("MiniQueue.dequeue() holds the program again when its message is settled on the way", async () => {
  const jobs = await Jobs.open();
  const { queue, clock, fileSystem } = jobs;
  await jobs.add("a");
  const go = Promise.withResolvers<void>();
  fileSystem.onOperation = ({ kind }) =>
    kind === "dataSync" ? go.promise : undefined;
  const waiting = codeOf(queue.dequeue());
  assertEquals(clock.holds, 0); // the disk does
  const settled = queue.lease("1.2").ack(); // by a receipt that was guessed
  fileSystem.onOperation = () => {};
  go.resolve();
  await settled;
  await turn();
  assertEquals(clock.holds, 1);
  await queue.close();
  assertEquals(await waiting, "CLOSED");
  assertEquals(clock.holds, 0);
});

test("MiniQueue waits without looking: no timer calls back while nothing is due", async () => {
  const jobs = await Jobs.open();
  const { queue, clock } = jobs;
  const waiting = Object.entries(WAYS).filter(([way]) =>
    ["dequeue()", "process()"].includes(way)
  ).map(([, wait]) => codeOf(wait(jobs, {})));
  clock.advance(1000 * DAY);
  assertEquals([clock.calls, clock.timers, clock.holds], [0, 0, 1]);
  await queue.enqueue("a", { delay: 50 });
  clock.advance(49);
  assertEquals([clock.calls, clock.timers], [0, 1]);
  clock.advance(1);
  assertEquals(clock.calls, 1);
  await queue.close();
  await Promise.all(waiting);
});
