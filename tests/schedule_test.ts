import { assertEquals } from "@std/assert";
import type { Entry } from "../src/queue/model.ts";
import { Schedule } from "../src/queue/schedule.ts";
import { SeededRandom } from "../src/testing/random.ts";
import { test } from "./support/harness.ts";

/** A schedule of messages that a test changes as it likes. */
class Entries {
  readonly all: Map<number, Entry> = new Map();
  readonly schedule: Schedule = new Schedule((number) => this.all.get(number));

  /** Puts messages in, each with what differs from the ordinary. */
  add(now: number, ...entries: Partial<Entry>[]): void {
    for (const entry of entries) {
      const number = this.all.size + 1;
      const added = { at: now, ...entry };
      this.all.set(number, added);
      this.schedule.add(number, added, now);
    }
  }

  /** Takes a message out, as a claim does. */
  hold(number: number, at: number, until: number): void {
    const lease = { token: number, at, until };
    const entry = this.all.get(number) ?? { at };
    this.all.set(number, { ...entry, lease });
    this.schedule.hold(number, lease);
  }

  /** Takes all that is ready, each once. */
  taken(now: number): number[] {
    const all = new Set<number>();
    for (;;) {
      const number = this.schedule.take(now);
      if (number === undefined) break;
      all.add(number);
    }
    for (const number of all) {
      const entry = this.all.get(number);
      if (entry) this.schedule.putBack(number, entry);
    }
    return [...all];
  }
}

test("Schedule keeps numbers in order up to the greatest that there may be", () => {
  const most = 2 ** 45 - 1;
  const all = new Map<number, Entry>();
  const schedule = new Schedule((number) => all.get(number));
  for (const [n, priority] of [-100, -1, 0, 1, 100].entries()) {
    for (const number of [1 + n, 2 ** 44 + n, most - n]) {
      all.set(number, { at: 0, priority });
      schedule.add(number, { at: 0, priority }, 0);
    }
  }
  const taken = Array.from(
    { length: all.size },
    () => schedule.take(0) ?? NaN,
  );
  const rankOf = (number: number) => all.get(number)?.priority ?? 0;
  const wanted = [...all.keys()].sort((a, b) => rankOf(b) - rankOf(a) || a - b);
  assertEquals(taken, wanted);
  assertEquals(schedule.take(0), undefined);
});

test("Schedule.peek() shows what is next, again and again", () => {
  const entries = new Entries();
  entries.add(0, {}, { priority: 1 }, { priority: 2, notBefore: 5 });
  const next = (now: number) => entries.schedule.peek(now, () => true);
  assertEquals([next(0), next(0)], [2, 2]);
  assertEquals([next(5), next(5)], [3, 3]);
  assertEquals(entries.taken(5), [3, 2, 1]);
});

test("Schedule.peek() asks of each message in order whether it is wanted, and changes nothing", () => {
  const entries = new Entries();
  entries.add(
    0,
    {},
    { priority: 1 },
    { priority: 1, group: "g" },
    { group: "g", priority: 2 },
  );
  const asked: number[] = [];
  const { schedule } = entries;
  const first = (isWanted: (number: number) => boolean) =>
    schedule.peek(0, (number) => {
      asked.push(number);
      return isWanted(number);
    });
  assertEquals(first((number) => number === 3), 3);
  assertEquals(asked.splice(0), [2, 3]);
  assertEquals(first(() => false), undefined);
  assertEquals(asked.splice(0), [2, 3, 1]); // 4 waits for 3
  assertEquals(entries.taken(0), [2, 3, 1]);
});

test("Schedule.nextAt is the first time at which something may become ready by itself", () => {
  const entries = new Entries();
  const { schedule, all } = entries;
  assertEquals(schedule.nextAt, Infinity);
  entries.add(0, {});
  assertEquals(schedule.nextAt, Infinity);
  entries.add(0, { notBefore: 50 });
  assertEquals(schedule.nextAt, 50);
  assertEquals(schedule.take(0), 1);
  entries.hold(1, 0, 30);
  assertEquals(schedule.nextAt, 30);
  all.delete(1);
  schedule.remove(1, { at: 0 }, 10);
  assertEquals(schedule.nextAt, 50);
  all.delete(2);
  schedule.remove(2, { at: 0 }, 10);
  assertEquals(schedule.nextAt, Infinity);
});

test("Schedule lets a lease that began later than now run its time from now", () => {
  const entries = new Entries();
  const lease = { token: 9, at: 1000, until: 1100 };
  entries.all.set(1, { at: 900, lease });
  const { schedule, all } = entries;
  schedule.rebuild(all, all, 500);
  assertEquals(schedule.runsOut(1, lease), 600);
  assertEquals([entries.taken(599), schedule.nextAt], [[], 600]);
  assertEquals(entries.taken(600), [1]);
});

test("Schedule lets a lease that began before now run to its end", () => {
  const entries = new Entries();
  const lease = { token: 9, at: 1000, until: 1100 };
  entries.all.set(1, { at: 900, lease });
  const { schedule, all } = entries;
  schedule.rebuild(all, all, 1000);
  assertEquals(schedule.runsOut(1, lease), 1100);
  assertEquals([entries.taken(1099), entries.taken(1100)], [[], [1]]);
});

test("Schedule counts what is delayed and held until its time has come", () => {
  const entries = new Entries();
  entries.all.set(1, { at: 0, notBefore: 10 });
  entries.all.set(2, { at: 0, lease: { token: 3, at: 0, until: 20 } });
  entries.all.set(3, { at: 0 });
  const { schedule, all } = entries;
  schedule.rebuild(all, all, 0);
  const counts = (now: number) => {
    schedule.advance(now);
    return [schedule.delayed, schedule.leased];
  };
  assertEquals(counts(9), [1, 1]);
  assertEquals(counts(10), [0, 1]);
  assertEquals(counts(19), [0, 1]);
  assertEquals(counts(20), [0, 0]);
});

test("Schedule counts what is durable, whatever was handed in beyond that", () => {
  const entries = new Entries();
  const { schedule, all } = entries;
  const lease = { token: 9, at: 0, until: 20 };
  all.set(1, { at: 0, notBefore: 10 });
  all.set(2, { at: 0, lease });
  const counts = () => [schedule.delayed, schedule.leased];
  schedule.rebuild(all, [], 0);
  assertEquals(counts(), [0, 0]);
  schedule.rebuild([], all, 0);
  assertEquals(counts(), [1, 1]);
  schedule.rebuild(all, [[1, { at: 0, lease }], [2, { at: 0 }]], 0);
  assertEquals(counts(), [0, 1]);
});

test("Schedule.count() counts a message as what it is by then, once", () => {
  const entries = new Entries();
  entries.add(0, { notBefore: 50 }, { notBefore: 50 });
  const { schedule } = entries;
  const lease = { token: 9, at: 0, until: 20 };
  const counts = () => [schedule.delayed, schedule.leased];
  assertEquals(counts(), [0, 0]); // they are not durable yet
  schedule.count(1, { notBefore: 50 });
  schedule.count(1, { notBefore: 60 });
  schedule.count(2, { notBefore: 50 });
  assertEquals(counts(), [2, 0]);
  schedule.count(1, { lease });
  schedule.count(1, { lease, notBefore: 50 }); // who is held is not delayed
  assertEquals(counts(), [1, 1]);
  schedule.count(1, {});
  schedule.count(2, undefined);
  schedule.count(2, undefined);
  assertEquals(counts(), [0, 0]);
  schedule.advance(20);
  schedule.count(1, { lease }); // it has run out before it was durable
  schedule.count(2, { notBefore: 20 });
  assertEquals(counts(), [0, 0]);
});

test("Schedule gives the same order whether it was told bit by bit or begins anew", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = new SeededRandom(seed);
    const entries = new Entries();
    for (let n = 0; n < 12; n++) {
      entries.add(0, {
        priority: random.below(3),
        group: random.pick([undefined, "g", "h"]),
        notBefore: random.pick([undefined, random.below(10)]),
      });
    }
    const now = random.below(12);
    const before = entries.taken(now);
    entries.schedule.rebuild(entries.all, entries.all, now);
    assertEquals(entries.taken(now), before, `seed ${seed}`);
  }
});
