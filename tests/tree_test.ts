import { assert, assertEquals, assertThrows } from "@std/assert";
import { adoptState } from "../src/state/take.ts";
import type { Tree } from "../src/state/tree.ts";
import { copyOut } from "../src/state/values.ts";
import { test } from "./support/harness.ts";
import { treeOf } from "./support/trees.ts";

type Data = Record<string, unknown>;

/** Runs a change on a tree, as the mutation of a record. */
function change<S>(tree: Tree<S>, run: (state: S) => S | void): void {
  tree.change(1, run, [undefined]);
}

test("Tree.change() lets a reducer change the state in place", () => {
  const tree = treeOf({
    n: 1,
    list: [1, 2, 3],
    map: { a: { x: 1 } } as Record<string, { x: number }>,
  });
  change(tree, (state) => {
    state.n += 1;
    state.list.push(4);
    state.map.b = { x: 2 };
    state.map.a.x = 5;
    delete state.map.b;
  });
  assertEquals(tree.copy(), { n: 2, list: [1, 2, 3, 4], map: { a: { x: 5 } } });
});

test("Tree.change() takes a state that a reducer returns", () => {
  const tree = treeOf<Data>({ a: { n: 1 }, b: 2 });
  change(tree, (state) => ({ ...state, b: 3 }));
  change(tree, (state) => ({ ...state, a: { ...state.a as Data, m: 2 } }));
  assertEquals(tree.copy(), { a: { n: 1, m: 2 }, b: 3 });
  const count = treeOf(41);
  change(count, (n) => n + 1);
  assertEquals(count.copy(), 42);
});

test("Tree.change() takes everything back that a reducer did before it threw", () => {
  const tree = treeOf<Data>({ a: 1, b: { c: [1, { d: 2 }] }, e: 3, f: 4 });
  const before = JSON.stringify(tree.copy());
  const error = () =>
    change(tree, (state) => {
      const b = state.b as { c: unknown[] };
      (b.c[1] as Data).d = 9;
      b.c.splice(0, 1, "x", "y");
      b.c.reverse();
      b.c.length = 1;
      delete state.a;
      state.g = 1;
      state.a = 7;
      delete state.e;
      state.e = { deep: state.b };
      throw new Error("no");
    });
  assertThrows(error, Error, "no");
  assertEquals(
    JSON.stringify(tree.copy()),
    before,
    "also the order of the keys",
  );
});

test("Tree.change() takes all mutations of a batch back if one is refused", () => {
  const tree = treeOf({ n: 1 });
  const add = (state: { n: number }, by: number) => {
    if (by < 0) throw new RangeError("negative");
    state.n += by;
  };
  assertThrows(() => tree.change(3, add, [1, 2, -1]), RangeError);
  assertEquals(tree.copy(), { n: 1 });
});

test("Tree.change() refuses a reducer that changes the state and returns a value", () => {
  const tree = treeOf({ list: [1] });
  const push = (state: { list: number[] }) => state.list.push(2) as never;
  assertThrows(() => change(tree, push), TypeError, "one of the two");
  assertEquals(tree.copy(), { list: [1] });
});

test("Tree.change() refuses a reducer that is asynchronous", () => {
  const tree = treeOf({ n: 1 });
  const late = async () => {};
  assertThrows(() => change(tree, late as never), TypeError, "asynchronous");
});

test("Tree.change() refuses what JSON would change, wherever a reducer stores it", () => {
  const values: unknown[] = [
    NaN,
    -Infinity,
    1n,
    () => {},
    Symbol("s"),
    new Date(0),
    new Map(),
    new Uint8Array(1),
    [undefined],
    [, 1],
    { deep: [{ bad: NaN }] },
    { [Symbol("s")]: 1 },
  ];
  for (const value of values) {
    const tree = treeOf<Data>({ list: [] });
    assertThrows(() => change(tree, (s) => void (s.x = value)), TypeError);
    const push = (s: Data) => void (s.list as unknown[]).push(value);
    assertThrows(() => change(tree, push), TypeError);
    assertThrows(() => change(tree, () => ({ x: value })), TypeError);
    assertEquals(tree.copy(), { list: [] });
  }
});

test("Tree.change() takes undefined for a member that is not there, and -0 for 0", () => {
  const tree = treeOf<Data>({ a: 1, b: 2 });
  change(tree, (state) => {
    state.a = undefined;
    state.c = { d: undefined, e: -0 };
  });
  assertEquals(JSON.stringify(tree.copy()), '{"b":2,"c":{"e":0}}');
  assert(Object.is((tree.copy().c as Data).e, 0));
});

test("Tree.change() refuses arrays with holes", () => {
  const attempts: ((list: number[]) => void)[] = [
    (list) => void (list[5] = 1),
    (list) => void (list.length = 9),
    (list) => void delete list[0],
  ];
  for (const attempt of attempts) {
    const tree = treeOf({ list: [1, 2] });
    const run = (state: { list: number[] }) => attempt(state.list);
    assertThrows(() => change(tree, run), TypeError, "a hole as state.list[");
    assertEquals(tree.copy(), { list: [1, 2] });
  }
});

test("Tree.change() stores copies: what a reducer keeps does not change the state", () => {
  const tree = treeOf<{ kept: unknown; list: unknown[] }>({
    kept: 0,
    list: [],
  });
  const own = { deep: { n: 1 } };
  let draft: { n: number } | undefined;
  change(tree, (state) => {
    state.kept = own;
    state.list.push(own, own.deep);
    draft = (state.kept as typeof own).deep;
  });
  assert(draft === own.deep, "it stays the reducer's own object");
  own.deep.n = 2;
  const copy = tree.copy();
  assertEquals(copy, {
    kept: { deep: { n: 1 } },
    list: [{ deep: { n: 1 } }, { n: 1 }],
  });
});

test("Tree.change() copies a part that is stored in a second place, and moves one that left the first", () => {
  const tree = treeOf<Data>({ a: { n: 1 } });
  change(tree, (state) => {
    state.b = state.a;
    state.list = [state.a, state.a];
  });
  change(tree, (state) => void ((state.a as Data).n = 2));
  assertEquals(tree.copy(), {
    a: { n: 2 },
    b: { n: 1 },
    list: [{ n: 1 }, { n: 1 }],
  });
  change(tree, (state) => {
    const { a } = state;
    delete state.a;
    state.c = a;
  });
  change(tree, (state) => void ((state.c as Data).n = 3));
  assertEquals((tree.copy().c as Data).n, 3);
  assertThrows(
    () => change(tree, (state) => void ((state.c as Data).self = state)),
    TypeError,
    "a part of itself as state.c.self",
  );
});

test("Tree keeps __proto__ and the names of Object.prototype as ordinary keys", () => {
  const tree = treeOf<Data>(JSON.parse('{"__proto__":{"x":1},"m":{}}'));
  change(tree, (state) => {
    const map = state.m as Data;
    map["__proto__"] = { y: 1 };
    map["constructor"] = 1;
    assertEquals((state["__proto__"] as Data).x, 1);
  });
  assertEquals(
    JSON.stringify(tree.copy()),
    '{"__proto__":{"x":1},"m":{"__proto__":{"y":1},"constructor":1}}',
  );
  assertEquals(({} as Data).y, undefined);
  const empty = treeOf<Data>({});
  const pollute = (state: Data) => {
    (state["__proto__"] as Data).polluted = 1;
  };
  assertThrows(() => change(empty, pollute), TypeError);
  assertEquals(({} as Data).polluted, undefined);
});

test("Tree.durable shows what is settled, Tree.newest what was changed", () => {
  const tree = treeOf<{ n: number; list: number[] }>({ n: 0, list: [0] });
  tree.await();
  const add = (state: { n: number; list: number[] }, n: number) => {
    state.n = n;
    state.list.push(n);
  };
  for (const n of [1, 2, 3]) tree.change(n, add, [n]);
  assertEquals(tree.copy(), { n: 0, list: [0] });
  assertEquals(tree.newest.list.length, 4);
  tree.settle(2);
  assertEquals(tree.durable.n, 2);
  assertEquals([...tree.durable.list], [0, 1, 2]);
  tree.settle(3);
  assertEquals(tree.copy(), { n: 3, list: [0, 1, 2, 3] });
});

test("Tree.capture() keeps a moment while the state goes on", () => {
  const tree = treeOf<Record<string, number>>({ a: 1, b: 2, c: 3 });
  tree.await();
  const capture = tree.capture();
  const edit = (state: Record<string, number>) => {
    delete state.b;
    state.b = 9;
    state.d = 4;
    state.a = 7;
  };
  tree.change(1, edit, [undefined]);
  tree.settle(1);
  const copy = () => JSON.stringify(copyOut(capture.root));
  assertEquals(copy(), '{"a":1,"b":2,"c":3}');
  assertEquals(JSON.stringify(tree.copy()), '{"a":7,"c":3,"b":9,"d":4}');
  tree.release(capture);
});

test("adoptState() refuses what is no JSON data", () => {
  for (const state of [undefined, new Set(), { a: NaN }]) {
    assertThrows(() => adoptState(state), TypeError);
  }
});

test("Tree.change() moves what a filter keeps, and what a new state takes over", () => {
  const tree = treeOf<Data>({
    list: [{ n: 1 }, { n: 2 }],
    deep: { a: { x: 1 } },
  });
  tree.await();
  const parts = () => {
    const state = tree.newestRoot as { list: Data[]; deep: { a: Data } };
    return { second: state.list.at(-1), a: state.deep.a };
  };
  const before = parts();
  change(tree, (state) => {
    state.list = (state.list as Data[]).filter(({ n }) => n === 2);
  });
  change(
    tree,
    (state) => ({ ...state, more: 1, deep: { ...state.deep as Data } }),
  );
  const { second, a } = parts();
  assert(second === before.second && a === before.a, "they are not copies");
  assertEquals(
    JSON.stringify(tree.newest),
    '{"list":[{"n":2}],"deep":{"a":{"x":1}},"more":1}',
  );
});
