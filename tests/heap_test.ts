import { assertEquals } from "@std/assert";
import { Heap } from "../src/queue/heap.ts";
import { SeededRandom } from "../src/testing/random.ts";
import { test } from "./support/harness.ts";

/** Takes everything out. */
function emptied<T>(heap: Heap<T>): [key: number, value: T | undefined][] {
  const all: [number, T | undefined][] = [];
  while (heap.size > 0) {
    const { least, first } = heap;
    assertEquals(heap.pop(), first);
    all.push([least, first]);
  }
  return all;
}

test("Heap without values has nothing to give", () => {
  const heap = new Heap<string>();
  for (let time = 1; time <= 2; time++) {
    assertEquals([heap.size, heap.least], [0, Infinity]);
    assertEquals([heap.first, heap.pop()], [undefined, undefined]);
    heap.shift(5);
    heap.keep(() => true);
    heap.clear();
  }
  heap.push(1, "a");
  assertEquals(heap.pop(), "a");
  assertEquals([heap.size, heap.least, heap.pop()], [0, Infinity, undefined]);
});

test("Heap.pop() gives the value of the least key, whatever came first", () => {
  const keys = [3, 1, 2, -Infinity, Infinity, 0, -1, 1e300];
  const heap = new Heap<string>();
  for (const key of keys) heap.push(key, `v${key}`);
  assertEquals<unknown>(
    emptied(heap),
    keys.toSorted((a, b) => a - b).map((key) => [key, `v${key}`]),
  );
});

test("Heap keeps every value of keys that are alike", () => {
  const heap = new Heap<number>();
  for (let n = 0; n < 50; n++) heap.push(n % 3, n);
  const all = emptied(heap);
  assertEquals(all.map(([key]) => key), all.map(([key]) => key).toSorted());
  for (const [key, value] of all) assertEquals((value ?? NaN) % 3, key);
  assertEquals(new Set(all.map(([, value]) => value)).size, 50);
});

test("Heap.shift() moves all keys and no value", () => {
  const heap = new Heap<string>();
  for (const key of [5, 1, 3]) heap.push(key, `v${key}`);
  heap.shift(-10);
  assertEquals([heap.least, heap.first], [-9, "v1"]);
  heap.push(-8, "new");
  assertEquals(emptied(heap), [[-9, "v1"], [-8, "new"], [-7, "v3"], [
    -5,
    "v5",
  ]]);
});

test("Heap does what a sorted list does, in random histories", () => {
  for (let seed = 1; seed <= 100; seed++) {
    const random = new SeededRandom(seed);
    const heap = new Heap<number>();
    let list: { key: number; value: number }[] = [];
    const range = random.pick([3, 10, 1000]);
    for (let step = 1; step <= 300; step++) {
      const where = `seed ${seed}, step ${step}`;
      const roll = random.below(100);
      if (roll < 60) {
        const key = random.below(range);
        heap.push(key, step);
        list.push({ key, value: step });
      } else if (roll < 95) {
        const least = Math.min(...list.map(({ key }) => key));
        assertEquals(heap.least, least, where);
        const value = heap.pop();
        const at = list.findIndex((one) => one.value === value);
        assertEquals(list[at]?.key ?? Infinity, least, where);
        list = list.filter((one) => one.value !== value);
      } else if (roll < 97) {
        const by = random.below(20) - 10;
        heap.shift(by);
        for (const one of list) one.key += by;
      } else if (roll < 99) {
        const part = 2 + random.below(3);
        heap.keep((value) => value % part > 0);
        list = list.filter(({ value }) => value % part > 0);
      } else {
        heap.clear();
        list = [];
      }
      assertEquals(heap.size, list.length, where);
    }
    const order = (a: { key: number; value: number }, b: typeof a) =>
      a.key - b.key || a.value - b.value;
    const left = emptied(heap).map(([key, value = NaN]) => ({ key, value }));
    assertEquals(
      left.map(({ key }) => key),
      list.toSorted(order).map(({ key }) => key),
      `seed ${seed}`,
    );
    assertEquals(left.toSorted(order), list.toSorted(order), `seed ${seed}`);
  }
});
