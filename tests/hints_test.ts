import { assert, assertEquals } from "@std/assert";
import { Hints } from "../src/queue/hints.ts";
import { SeededRandom } from "../src/testing/random.ts";
import { test } from "./support/harness.ts";

/** Later than everything here. */
const LATE = 1e12;

/** Hints of which all are needed that a test has not ruled out. */
class Known {
  readonly unneeded: Set<number> = new Set();
  /** How often was asked whether one is needed. */
  asked = 0;
  readonly hints: Hints = new Hints((number) => {
    this.asked++;
    return !this.unneeded.has(number);
  });

  /** Takes all out whose time has come. */
  popped(now: number): number[] {
    const all: number[] = [];
    for (;;) {
      const number = this.hints.pop(now);
      if (number === undefined) return all;
      all.push(number);
    }
  }
}

test("Hints that are empty have nothing to give", () => {
  const { hints } = new Known();
  for (let time = 1; time <= 2; time++) {
    assertEquals([hints.least, hints.pop(LATE)], [Infinity, undefined]);
    hints.push(1, 5);
    hints.clear();
  }
});

test("Hints.pop() takes messages out whose time has come, the earliest first, each once", () => {
  const known = new Known();
  for (const [number, time] of [[1, 30], [2, 10], [3, 20]]) {
    known.hints.push(number, time);
  }
  assertEquals(known.popped(9), []);
  assertEquals([known.hints.least, ...known.popped(10)], [10, 2]);
  assertEquals(known.popped(29), [3]);
  assertEquals([known.hints.least, ...known.popped(30)], [30, 1]);
  assertEquals([known.hints.least, ...known.popped(LATE)], [Infinity]);
});

test("Hints keep of a message the earliest time alone", () => {
  const known = new Known();
  const { hints } = known;
  hints.push(1, 20);
  hints.push(1, 30); // whoever looks at 20 sees that
  hints.push(2, 25);
  assertEquals(known.popped(25), [1, 2]);
  assertEquals([hints.least, ...known.popped(LATE)], [Infinity]);
  hints.push(1, 20);
  hints.push(1, 10);
  hints.push(1, 10);
  assertEquals([hints.least, ...known.popped(LATE)], [10, 1]);
});

test("Hints take a message again that was taken out, with any time", () => {
  const known = new Known();
  const { hints } = known;
  hints.push(1, 10);
  hints.push(1, 5); // the entry at 10 is left over
  assertEquals(known.popped(5), [1]);
  hints.push(1, 12);
  assertEquals(known.popped(11), []);
  assertEquals([hints.least, ...known.popped(12)], [12, 1]);
  hints.push(1, 10);
  assertEquals(known.popped(12), [1]);
});

test("Hints.least passes messages that are not needed, and does not come back to them", () => {
  const known = new Known();
  const { hints, unneeded } = known;
  for (let number = 1; number <= 4; number++) hints.push(number, number);
  unneeded.add(1).add(2);
  assertEquals(hints.least, 3);
  unneeded.clear();
  assertEquals([hints.least, ...known.popped(LATE)], [3, 3, 4]);
  hints.push(1, 7); // it may be needed again
  assertEquals([hints.least, ...known.popped(LATE)], [7, 1]);
});

test("Hints.clear() forgets the times too: a later one counts again", () => {
  const known = new Known();
  known.hints.push(1, 5);
  known.hints.clear();
  known.hints.push(1, 8);
  assertEquals([known.hints.least, ...known.popped(LATE)], [8, 1]);
});

test("Hints remove what is not needed, a hundred thousand times over, at little cost", () => {
  const known = new Known();
  const { hints, unneeded } = known;
  const count = 100_000;
  hints.push(1, 1e9);
  for (let number = 2; number <= count; number++) {
    unneeded.add(number);
    hints.push(number, number);
  }
  assert(known.asked < 3 * count, `asked ${known.asked} times`);
  known.asked = 0;
  assertEquals(hints.least, 1e9);
  assert(known.asked <= 100, `${known.asked} were left`);
});

test("Hints that are all needed are swept rarely", () => {
  const known = new Known();
  const count = 100_000;
  for (let number = 1; number <= count; number++) {
    known.hints.push(number, number);
  }
  assert(known.asked < 3 * count, `asked ${known.asked} times`);
  assertEquals(known.popped(LATE).length, count);
});

test("Hints whose times come ever earlier keep one entry of each message", () => {
  const known = new Known();
  for (let round = 1; round <= 1000; round++) {
    for (let number = 1; number <= 10; number++) {
      known.hints.push(number, 1000 - round);
    }
  }
  assertEquals(
    known.popped(0).toSorted((a, b) => a - b),
    [
      ...Array(10).keys(),
    ].map((n) => n + 1),
  );
  assertEquals(known.popped(LATE), []);
});

test("Hints do what a list of the earliest times does, in random histories", () => {
  for (let seed = 1; seed <= 100; seed++) {
    const random = new SeededRandom(seed);
    const known = new Known();
    const { hints, unneeded } = known;
    const times = new Map<number, number>();
    const count = random.pick([5, 40, 400]);
    for (let step = 1; step <= 600; step++) {
      const where = `seed ${seed}, step ${step}`;
      const roll = random.below(100);
      const number = random.below(count);
      if (roll < 60) {
        // One that is not needed may have been forgotten by now.
        if (unneeded.delete(number)) {
          while (known.popped(LATE).length > 0);
          times.clear();
        }
        const time = random.below(1000);
        hints.push(number, time);
        times.set(number, Math.min(time, times.get(number) ?? Infinity));
      } else if (roll < 75) {
        unneeded.add(number);
        times.delete(number);
      } else if (roll < 98) {
        assertEquals(hints.least, Math.min(...times.values()), where);
      } else {
        const now = random.below(1000);
        const due = [...times].filter(([, time]) => time <= now);
        const popped = known.popped(now).filter((one) => !unneeded.has(one));
        for (const [number] of due) times.delete(number);
        const sorted = due.toSorted(([, a], [, b]) => a - b);
        assertEquals(popped.length, due.length, where);
        assertEquals(
          popped.map((one) => due.find(([number]) => number === one)?.[1]),
          sorted.map(([, time]) => time),
          where,
        );
      }
    }
  }
});
