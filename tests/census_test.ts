import { assertEquals } from "@std/assert";
import { Census, type Waiting } from "../src/queue/census.ts";
import { SeededRandom } from "../src/testing/random.ts";
import { test } from "./support/harness.ts";

function counts({ delayed, leased }: Census): [number, number] {
  return [delayed, leased];
}

test("Census counts messages that are delayed, and that are held, each once", () => {
  const census = new Census();
  assertEquals(counts(census), [0, 0]);
  census.count(1, { delayed: true });
  census.count(2, { delayed: true });
  census.count(3, { held: true });
  census.count(4, {});
  census.count(1, { delayed: true, held: false });
  assertEquals(counts(census), [2, 1]);
});

test("Census counts a message as what it is by now", () => {
  const census = new Census();
  census.count(1, { delayed: true });
  census.count(1, { held: true });
  assertEquals(counts(census), [0, 1]);
  census.count(1, { delayed: true });
  assertEquals(counts(census), [1, 0]);
  census.count(1, {});
  assertEquals(counts(census), [0, 0]);
});

test("Census.end() counts a message no more, whatever it was, also twice", () => {
  const census = new Census();
  census.count(1, { delayed: true });
  census.count(2, { held: true });
  for (const number of [1, 2, 2, 3]) census.end(number);
  assertEquals(counts(census), [0, 0]);
  census.count(2, { held: true });
  assertEquals(counts(census), [0, 1]);
});

test("Census.clear() forgets everything", () => {
  const census = new Census();
  census.count(1, { delayed: true });
  census.count(2, { held: true });
  census.clear();
  assertEquals(counts(census), [0, 0]);
  census.count(2, { delayed: true });
  assertEquals(counts(census), [1, 0]);
});

test("Census agrees with a plain list over random histories", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new SeededRandom(seed);
    const census = new Census();
    const all = new Map<number, Waiting>();
    for (let step = 1; step <= 200; step++) {
      const number = random.below(10);
      const waiting = random.pick<Waiting>([
        {},
        { held: true },
        { delayed: true },
      ]);
      all.set(number, waiting);
      if (Object.keys(waiting).length === 0 && random.below(2) === 0) {
        census.end(number);
      } else census.count(number, waiting);
      const some = [...all.values()];
      assertEquals(
        counts(census),
        [
          some.filter(({ delayed }) => delayed).length,
          some.filter(({ held }) => held).length,
        ],
        `seed ${seed}, step ${step}`,
      );
    }
  }
});
