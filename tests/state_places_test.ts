/** Large objects that a reducer stores in a second place. */

import { assertEquals } from "@std/assert";
import type { Tree } from "../src/state/tree.ts";
import { test } from "./support/harness.ts";
import { treeOf } from "./support/trees.ts";

type Data = Record<string, unknown>;
/** A state whose parts are objects of numbers, or contain some. */
type Part = { [key: string]: Part } & { [key: number]: Part };
type Body = (state: Part) => unknown;

const run = (state: Part, body: Body): void => void body(state);

/** An object that becomes a table. */
function large(count = 70): Data {
  return Object.fromEntries(
    Array.from({ length: count }, (_, n) => [`k${n}`, n]),
  );
}

function partly(state: Data): Tree<Part> {
  return treeOf(state) as unknown as Tree<Part>;
}

/** Applies each group in one call, to a state and to ordinary data, and compares them. */
function assertLikeData(initial: Data, groups: readonly Body[][]): void {
  const tree = partly(initial);
  let plain = JSON.parse(JSON.stringify(initial));
  let sequence = 0;
  for (const bodies of groups) {
    for (const body of bodies) {
      body(plain);
      plain = JSON.parse(JSON.stringify(plain)); // two places, two equal copies
    }
    tree.change(sequence += bodies.length, run, bodies);
    const where = `${bodies}`;
    assertEquals(JSON.stringify(tree.newest), JSON.stringify(plain), where);
  }
}

/** Where a table may be, and what leads to it and to what is stored a second time. */
const PLACES: Record<string, [unknown, (one: Part) => Part]> = {
  itself: [large(), (one) => one],
  "an object": [{ in: { in: large() } }, (one) => one.in.in],
  "an array": [[1, [large()]], (one) => one[1][0]],
  "a long array": [
    Array.from({ length: 30 }, (_, n) => n === 3 ? large() : n),
    (one) => one[3],
  ],
  "a long array in an object": [
    { in: Array.from({ length: 30 }, (_, n) => n === 3 ? large() : n) },
    (one) => one.in[3],
  ],
};

for (const [where, [part, tableIn]] of Object.entries(PLACES)) {
  test(`A large object is changed in one place if it was stored in two, within ${where}`, () => {
    const bodies: Body[] = [
      (state) => tableIn(state.one).k0 = 100 as never,
      (state) => state.box.two = state.one,
      (state) => tableIn(state.box.two).k1 = 101 as never,
      (state) => tableIn(state.one).k2 = tableIn(state.box.two).k1,
      (state) => {
        state.seen = tableIn(state.one).k1;
        delete tableIn(state.one).k3;
        tableIn(state.box.two).k4 = 104 as never;
      },
      (state) => tableIn(state.box.two).k5 = 105 as never,
      (state) => state.three = state.box.two,
      ({ box, three }) => {
        tableIn(box.two).k6 = 106 as never;
        tableIn(three).k6 = 6.5 as never;
      },
    ];
    const initial = { one: part, box: {} } as Data;
    assertLikeData(initial, bodies.map((body) => [body]));
    assertLikeData(initial, [bodies]);
    const tree = partly(initial);
    tree.await();
    let plain = JSON.parse(JSON.stringify(initial));
    for (const [n, body] of bodies.entries()) {
      body(plain);
      plain = JSON.parse(JSON.stringify(plain));
      tree.change(n + 1, run, [body], n > 0);
    }
    assertEquals(JSON.stringify(tree.newestRoot), JSON.stringify(plain));
    assertEquals(JSON.stringify(tree.durable), JSON.stringify(initial));
  });
}

test("A large object is changed in one place that was stored a second time by a name like its own, or in an array of numbers", () => {
  assertLikeData({ state: { b: large() } }, [[
    ({ state }) => state.b.k0 = 100 as never,
    (state) => state.b = state.state.b,
    ({ b }) => b.k1 = 101 as never,
  ]]);
  const long = Array.from({ length: 30 }, (_, n) => n);
  assertLikeData({ box: {} }, [[
    (state) => state.one = long.map((n) => n === 3 ? large() : n) as never,
    (state) => state.box.two = state.one,
    ({ box }) => box.two[3].k1 = 101 as never,
  ]]);
  assertLikeData({ long, box: {} }, [[
    ({ long }) => long[3] = large() as never,
    ({ long }) => long[5] = long[6],
    ({ long }) => long[3].k0 = 100 as never,
    (state) => state.box.two = state.long,
    ({ box }) => box.two[3].k1 = 101 as never,
  ]]);
});
