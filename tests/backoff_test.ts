import { assert, assertEquals, assertThrows } from "@std/assert";
import { MiniQueue } from "../mod.ts";
import {
  type Backoff,
  checkBackoff,
  checkTime,
  delayAfter,
  LONGEST,
} from "../src/queue/backoff.ts";
import { FakeClock, SimulatedFileSystem } from "../src/testing/mod.ts";
import { SeededRandom } from "../src/testing/random.ts";
import { test } from "./support/harness.ts";
import { Jobs, openJobs, START } from "./support/queues.ts";

/** The delays after the first attempts, without chance. */
function delays(backoff: Backoff, count = 5, random = 0): number[] {
  return Array.from(
    { length: count },
    (_, n) => delayAfter(backoff, n + 1, () => random),
  );
}

test("delayAfter() takes a number for all attempts", () => {
  assertEquals(delays(0), [0, 0, 0, 0, 0]);
  assertEquals(delays(10), [10, 10, 10, 10, 10]);
  assertEquals(delays(0.1), [1, 1, 1, 1, 1]);
});

test("delayAfter() takes the items of a list, and the last one for all others", () => {
  assertEquals(delays([7]), [7, 7, 7, 7, 7]);
  assertEquals(delays([1, 20, 3.5]), [1, 20, 4, 4, 4]);
  assertEquals(delays([1, 0]), [1, 0, 0, 0, 0]);
});

test("delayAfter() doubles what no factor is given for, up to an hour", () => {
  assertEquals(delays({ base: 1000 }, 3), [1000, 2000, 4000]);
  assertEquals(delayAfter({ base: 1000 }, 12, () => 0), 2_048_000);
  assertEquals(delayAfter({ base: 1000 }, 13, () => 0), 3_600_000);
  assertEquals(delayAfter({ base: 5e6 }, 1, () => 0), 3_600_000);
});

test("delayAfter() grows by the factor, up to the most", () => {
  assertEquals(delays({ base: 10, factor: 3, max: 500 }), [
    10,
    30,
    90,
    270,
    500,
  ]);
  assertEquals(delays({ base: 10, factor: 1 }), [10, 10, 10, 10, 10]);
  assertEquals(delays({ base: 1.2, factor: 1.5 }, 3), [2, 2, 3]);
  assertEquals(delays({ base: 10, max: 4 }, 2), [4, 4]);
  assertEquals(delays({ base: 10, max: 0 }, 2), [0, 0]);
  assertEquals(delayAfter({ base: 1, factor: 1e6 }, 1e9, () => 0), 3_600_000);
});

test("delayAfter() gives a length of time for every rule that is accepted", () => {
  const rules: Backoff[] = [
    { base: 0, factor: 1e6 },
    { base: 0 },
    { base: LONGEST, factor: 1e6, max: LONGEST },
    { base: Number.MIN_VALUE, factor: 1e6, jitter: 1 },
    LONGEST,
    [0, LONGEST],
  ];
  for (const rule of rules) {
    checkBackoff("backoff", rule);
    for (const attempt of [1, 2, 60, 1100, 1e9]) {
      for (const chance of [0, 0.5, 1 - 2 ** -32]) {
        const delay = delayAfter(rule, attempt, () => chance);
        assert(
          Number.isSafeInteger(delay) && delay >= 0 && delay <= LONGEST,
          `${JSON.stringify(rule)} gives ${delay} after attempt ${attempt}`,
        );
      }
    }
  }
});

test("delayAfter() leaves half of a delay to chance, or the part that is asked for", () => {
  const most = 1 - 2 ** -32;
  assertEquals(delays({ base: 1000 }, 2, most), [501, 1001]);
  assertEquals(delays({ base: 1000, jitter: 0 }, 2, most), [1000, 2000]);
  assertEquals(delays({ base: 1000, jitter: 1 }, 2, most), [1, 1]);
  assertEquals(delays({ base: 1000, jitter: 0.1 }, 2, 0.5), [950, 1900]);
  const random = new SeededRandom(1);
  const seen = Array.from(
    { length: 1000 },
    () => delayAfter({ base: 1000 }, 1, () => random.bits() / 2 ** 32),
  );
  assert(Math.min(...seen) < 510 && Math.max(...seen) > 990);
  assert(seen.every((delay) => delay > 500 && delay <= 1000));
});

test("checkBackoff() refuses what is no backoff, and says where", () => {
  const wrong: [unknown, typeof TypeError | typeof RangeError, string][] = [
    [-1, RangeError, "backoff"],
    [NaN, RangeError, "backoff"],
    [Infinity, RangeError, "backoff"],
    [undefined, TypeError, "neither a number, nor a list, nor an object"],
    ["1", TypeError, "neither a number, nor a list, nor an object"],
    [null, TypeError, "neither a number, nor a list, nor an object"],
    [true, TypeError, "neither a number, nor a list, nor an object"],
    [[], RangeError, "backoff.length"],
    [new Array(1001).fill(1), RangeError, "backoff.length"],
    [[1, "2"], TypeError, "backoff[1]"],
    [[1, -2], RangeError, "backoff[1]"],
    [new Array(2), TypeError, "backoff[0]"],
    [{}, TypeError, "backoff.base"],
    [{ base: -1 }, RangeError, "backoff.base"],
    [{ base: 1, factor: 0.9 }, RangeError, "backoff.factor"],
    [{ base: 1, factor: "2" }, TypeError, "backoff.factor"],
    [{ base: 1, max: -1 }, RangeError, "backoff.max"],
    [{ base: 1, jitter: 1.1 }, RangeError, "backoff.jitter"],
    [{ base: 1, jitter: NaN }, RangeError, "backoff.jitter"],
    [{ base: 1, most: 1 }, TypeError, "most"],
  ];
  for (const [backoff, kind, text] of wrong) {
    assertThrows(
      () => checkBackoff("backoff", backoff as Backoff),
      kind,
      text,
    );
  }
  for (const right of [0, 1.5, LONGEST, [0], { base: 0 }]) {
    checkBackoff("backoff", right);
  }
});

test("checkBackoff() gives a copy, of plain data, also of an instance of a class", () => {
  class Gentle {
    base = 10;
    get factor(): number {
      return 3;
    }
    get max(): number | undefined {
      return undefined;
    }
  }
  assertEquals<unknown>(checkBackoff("backoff", new Gentle()), {
    base: 10,
    factor: 3,
  });
  const all = { base: 10, factor: 1, max: 0, jitter: 0 };
  assertEquals(checkBackoff("backoff", all), all);
  const list = [1, 2];
  for (const given of [all, list]) {
    assert(checkBackoff("backoff", given) !== given);
  }
});

test("checkTime() takes up to a hundred years", () => {
  checkTime("t", LONGEST);
  assertThrows(() => checkTime("t", LONGEST + 1), RangeError);
  assertThrows(() => checkTime("t", 0.5, 1), RangeError);
  assertThrows(() => checkTime("t", 1n as unknown as number), TypeError);
});

/** Gives a message back again and again, and says how long it waited each time. */
async function waits(jobs: Jobs, count: number): Promise<number[]> {
  const all: number[] = [];
  for (let n = 1; n <= count; n++) {
    await (await jobs.take()).retry();
    const [{ notBefore }] = await Array.fromAsync(jobs.queue.list());
    const wait = (notBefore?.getTime() ?? NaN) - jobs.clock.now();
    jobs.clock.advance(wait - 1);
    assertEquals(await jobs.queue.tryDequeue(), undefined);
    jobs.clock.advance(1);
    if (n % 2 === 0) await jobs.reopen();
    all.push(wait);
  }
  return all;
}

test("Message.retry() waits as the queue's backoff says, attempt by attempt, over restarts", async () => {
  const jobs = await Jobs.open({
    backoff: { base: 10, factor: 10, max: 5000 },
    random: () => 0,
    maxAttempts: 100,
  });
  await jobs.add("a");
  assertEquals(await waits(jobs, 5), [10, 100, 1000, 5000, 5000]);
  await jobs.queue.close();
});

test("Message.retry() waits as the message's own backoff says, and redriving begins anew", async () => {
  const jobs = await Jobs.open({ backoff: 1, maxAttempts: 3 });
  const backoff = [5, 50];
  await jobs.queue.enqueue("a", { backoff });
  backoff[0] = 9999; // that list is the caller's
  assertEquals(await waits(jobs, 2), [5, 50]);
  await (await jobs.take()).retry();
  assertEquals(await jobs.dead(), [["a", "it was given back"]]);
  await jobs.queue.deadLetters.redrive();
  await jobs.queue.compact();
  await jobs.reopen();
  assertEquals(await waits(jobs, 2), [5, 50]);
  await jobs.queue.close();
});

test("Message.retry() waits as an instance of a class says, over a restart", async () => {
  class Gentle {
    base = 10;
    get factor(): number {
      return 4;
    }
    get jitter(): number {
      return 0;
    }
  }
  const jobs = await Jobs.open({ backoff: new Gentle() });
  await jobs.queue.enqueue("a", { backoff: new Gentle() });
  assertEquals(await waits(jobs, 2), [10, 40]);
  await jobs.reopen({ backoff: 1 });
  assertEquals(await waits(jobs, 1), [160]);
  await jobs.queue.close();
});

test("Message.retry() waits about 1 s, 2 s, 4 s if nothing was asked for", async () => {
  const fileSystem = new SimulatedFileSystem();
  const clock = new FakeClock(START);
  const plain = await MiniQueue.open<string>("plain", {
    fileSystem,
    clock,
    random: () => 0.5,
  });
  await plain.enqueue("a");
  for (const wait of [750, 1500, 3000, 6000]) {
    await (await plain.dequeue()).retry();
    clock.advance(wait - 1);
    assertEquals(await plain.tryDequeue(), undefined);
    clock.advance(1);
  }
  await (await plain.dequeue()).retry();
  assertEquals([plain.size, plain.stats().dead], [0, 1]); // the fifth was the last
  await plain.close();
});

test("Message.retry() takes chance from the file system, so that a simulated run repeats", async () => {
  const run = async (seed: number) => {
    const fileSystem = new SimulatedFileSystem({ seed });
    const clock = new FakeClock(START);
    const queue = await openJobs(fileSystem, clock, {
      backoff: { base: 1e6 },
    });
    await queue.enqueue("a");
    await (await queue.dequeue()).retry();
    const [{ notBefore }] = await Array.fromAsync(queue.list());
    await queue.close();
    return (notBefore?.getTime() ?? NaN) - START;
  };
  const first = await run(1);
  assert(first > 500_000 && first <= 1_000_000, String(first));
  assertEquals(await run(1), first);
  assert(await run(2) !== first);
});
