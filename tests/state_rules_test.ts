/** Rules of a state in memory, each of which nothing else would miss. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { prettyPieces } from "../src/snapshot/pretty.ts";
import {
  finished,
  forRust,
  stateSource,
  treeBuilder,
} from "../src/state/serial.ts";
import { tableOf } from "../src/state/table.ts";
import { adoptState } from "../src/state/take.ts";
import type { Tree } from "../src/state/tree.ts";
import { copyOut, isContainer, ownParsed } from "../src/state/values.ts";
import { vectorOf } from "../src/state/vector.ts";
import { HANDLER, type Printable } from "../src/state/view.ts";
import { test } from "./support/harness.ts";
import { treeOf } from "./support/trees.ts";

type Data = Record<string, unknown>;
/** A state whose parts are objects of numbers, or contain some. */
type Part = { [key: string]: Part } & { [key: number]: Part };
type Body = (state: Part) => unknown;

/** An object that becomes a table. */
function large(count = 70): Data {
  return Object.fromEntries(
    Array.from({ length: count }, (_, n) => [`k${n}`, n]),
  );
}

function partly(state: Data): Tree<Part> {
  return treeOf(state) as unknown as Tree<Part>;
}

test("A draft shows what ordinary data would, whatever was done to it", () => {
  const state = () => ({
    a: { n: 1, m: 2 },
    big: large(),
    list: [1, 2, 3],
    long: Array.from({ length: 40 }, (_, n) => n),
  });
  const looks: ((state: Part) => unknown)[] = [
    ({ a }) => [delete a.n, Reflect.ownKeys(a)],
    ({ a }) => [a.x = a.m, delete a.x, Reflect.ownKeys(a), a.x],
    ({ a }) => [delete a.n, a.n = a.m, Reflect.ownKeys(a), delete a.n, a.n],
    ({ a }) => [a["7"] = a.m, a["3"] = a.n, a.b = a.n, Object.keys(a)],
    ({ a, big }) => [a, big].map((one) => typeof one.hasOwnProperty),
    ({ a }) => ["toString" in a, "n" in a, "x" in a, Symbol.iterator in a],
    ({ big }) => {
      for (let n = 0; n < 20; n++) big[`k${n}`] = big.k50;
      for (let n = 15; n < 25; n++) delete big[`k${n}`];
      return JSON.stringify(big);
    },
    ({ list }) => [list.length = 1 as never, list.length = 3 as never, {
      keys: Reflect.ownKeys(list),
      has: [0 in list, 1 in list, list[1]],
      end: list.length = 1 as never,
    }],
    ({ list }) => {
      list[2] = 9 as never;
      list.length = 1 as never;
      list.length = 4 as never;
      const seen = [2 in list, 3 in list, list[2], Reflect.ownKeys(list)];
      list.length = 1 as never;
      return seen;
    },
    ({ list, long }) =>
      [list, long].map((one) => {
        const lengths = [-1, 1.5, 2 ** 32].map((length) => {
          try {
            return one.length = length as never;
          } catch (error) {
            return (error as Error).name;
          }
        });
        const isRemoved = Reflect.deleteProperty(one, "length");
        return [lengths, isRemoved, one.length];
      }),
    ({ a }) => [
      Object.defineProperty(a, "n", { enumerable: true }).n,
      Object.defineProperty(a, "n", { value: 5 }).n,
    ],
  ];
  for (const look of looks) {
    const plain = state() as unknown as Part;
    const expected = JSON.stringify(look(plain));
    const tree = partly(state());
    tree.change(1, (draft) => {
      assertEquals(JSON.stringify(look(draft)), expected, `${look}`);
    }, [undefined]);
    assertEquals(JSON.stringify(tree.newest), JSON.stringify(plain), `${look}`);
  }
});

test("Tree.change() refuses what a reducer caught, and says where it was", () => {
  const refused: [Body, string][] = [
    [({ list }) => Object.freeze(list), "prevent extensions of state.list"],
    [({ list }) => Object.setPrototypeOf(list, null), "of state.list"],
    [({ list }) => list["01"] = list[0], "Cannot set 01"],
    [({ a }) => Object.defineProperty(a, "x", { value: 1 }), "define x of"],
    [({ list }) => Object.seal(list[1].b), "extensions of state.list[1].b"],
  ];
  for (const [body, message] of refused) {
    const tree = partly({ a: {}, list: [1, { b: {} }] });
    const caught = (state: Part) => {
      assertThrows(() => body(state), TypeError, message);
    };
    assertThrows(() => tree.change(1, caught, [0]), TypeError, message);
  }
});

test("Tree.change() refuses a reducer that assigned or removed something, and returns a state", () => {
  const bodies: Body[] = [
    ({ a }) => a.n = a.m,
    ({ a }) => delete a.n,
    ({ list }) => delete list[0],
    ({ list }) => list[0] = list[1],
  ];
  for (const body of bodies) {
    const tree = partly({ a: { n: 1, m: 2 }, list: [1, 2] });
    const both = (state: Part) => {
      body(state);
      return {} as Part;
    };
    assertThrows(() => tree.change(1, both, [0]), TypeError, "one of the two");
  }
});

test("A draft that a reducer kept neither lists its keys nor prints when it has ended", () => {
  const tree = partly({ list: [], a: {} });
  const kept: Part[] = [];
  tree.change(1, (state) => void kept.push(state, state.list, state.a), [0]);
  for (const draft of kept) {
    assertThrows(() => Reflect.ownKeys(draft), TypeError, "ended");
  }
  const { [HANDLER]: handler } = kept[0] as { [HANDLER]?: Printable };
  assertThrows(() => handler?.printed(), TypeError, "ended");
});

test("Tree.change() refuses data that is nested more than 1000 levels deep", () => {
  const nested = (depth: number): unknown =>
    JSON.parse("[".repeat(depth) + "]".repeat(depth));
  adoptState(nested(1000));
  assertThrows(() => adoptState(nested(1001)), TypeError, "1000 levels");
  adoptState(Array.from({ length: 2000 }, () => ({ a: [] })));
  const tree = partly({ a: {}, list: [] });
  const store = (depth: number) => () =>
    tree.change(1, (state) => void (state.x = nested(depth) as Part), [0]);
  assertThrows(store(1000), TypeError, "1000 levels");
  store(999)();
});

test("Tree.change() leaves a part as it is that is given what it has", () => {
  const tree = partly({ a: { n: 1, zero: 0 }, big: large(), list: [1] });
  const before = tree.newestRoot;
  tree.change(1, ({ a, big, list }) => {
    a.n = 1 as never;
    a.zero = -0 as never;
    big.k1 = 1 as never;
    list[0] = 1 as never;
  }, [0]);
  assert(tree.newestRoot === before);
});

test("Arrays of a state, and their drafts, do not give their prototype away", () => {
  const tree = partly({ list: [1], long: Array(70).fill(1) });
  tree.change(1, (state) => {
    for (const array of [state.list, state.long]) {
      assertEquals(array["__proto__"], undefined);
      assert("__proto__" in array);
    }
  }, [0]);
  const { long } = tree.newestRoot as { long: Part };
  assertEquals(long["__proto__"], undefined);
});

test("A part is a table or a vector from a size on, however it came into the state", () => {
  const object = (size: number) =>
    Object.fromEntries(Array.from({ length: size }, (_, n) => [`k${n}`, n]));
  const array = (size: number) => Array.from({ length: size }, (_, n) => n);
  const kindOf = (part: object) => Boolean(tableOf(part) ?? vectorOf(part));
  const copy = (data: unknown): unknown => JSON.parse(JSON.stringify(data));
  for (const make of [adoptState, (data: unknown) => ownParsed(copy(data))]) {
    const kinds = [object(64), object(65), array(16), array(17)]
      .map((data) => kindOf(make(data) as object));
    assertEquals(kinds, [false, true, false, true]);
  }
  for (const size of [16, 17]) {
    const tree = partly({ grown: {} });
    for (let n = 0; n < size; n++) {
      tree.change(n + 1, ({ grown }) => void (grown[`k${n}`] = n as never), [
        0,
      ]);
    }
    const { grown } = tree.newestRoot as { grown: object };
    assertEquals(kindOf(grown), size > 16);
  }
});

/** Whether nothing in a value can be changed. */
function assertFixed(value: unknown, where = "state"): void {
  if (!isContainer(value)) return;
  if (!tableOf(value) && !vectorOf(value)) {
    assert(Object.isFrozen(value), `${where} is not frozen`);
  } else {
    const key = Object.keys(value)[0];
    const uses: (() => unknown)[] = [
      () => (value as Data)[key] = 1,
      () => (value as Data).x = 1,
      () => delete (value as Data)[key],
      () => Object.defineProperty(value, "x", { value: 1 }),
      () => Object.setPrototypeOf(value, null),
      () => Object.freeze(value),
    ];
    for (const use of uses) assertThrows(use, TypeError, "read-only", where);
    assert(Object.isExtensible(value));
    const { writable } = Object.getOwnPropertyDescriptor(value, key) ?? {};
    assertEquals(writable, false, where);
  }
  for (const [key, member] of Object.entries(value)) {
    assertFixed(member, `${where}.${key}`);
  }
}

test("Every part of a state is fixed, however it came about", () => {
  const data = () => ({
    a: { b: [{ n: 1 }] },
    big: { ...large(), deep: { n: [large()] } },
    long: Array.from({ length: 30 }, (_, n) => ({ n: [n] })),
  });
  assertFixed(adoptState(data()));
  assertFixed(ownParsed(data()));
  const tree = partly({ a: { n: 1, list: [1], gone: 2 } });
  tree.change(1, ({ a }) => {
    a.n = 2 as never;
    delete a.gone;
    a.list[0] = data() as never;
    a.new = [data()] as never;
  }, [0]);
  assertFixed(tree.newestRoot);
  const object = treeBuilder.object();
  const array = treeBuilder.array();
  treeBuilder.addItems(array, [data()]);
  treeBuilder.push(array, treeBuilder.object());
  treeBuilder.addMembers(object, data());
  treeBuilder.set(object, "array", array);
  const built = finished(object);
  assertFixed(built);
  assertEquals(copyOut(built), { ...data(), array: [data(), {}] });
  const copy = copyOut(tree.newestRoot) as { a: { list: Data[] } };
  copy.a.list[0].a = 1; // a copy belongs to the caller
});

test("Members of a state that are undefined are left out, also in views; `__proto__` stays", () => {
  const tree = partly(JSON.parse('{"__proto__":1,"a":1,"b":2}'));
  tree.change(1, (state) => {
    state.x = { left: undefined, n: 1 } as never;
    delete state.a;
  }, [0]);
  assertEquals(Object.keys(tree.newest.x), ["n"]);
  assertEquals(
    JSON.stringify(tree.newest),
    '{"__proto__":1,"b":2,"x":{"n":1}}',
  );
});

test("Views of large parts answer as ordinary data does", () => {
  const state = {
    big: { ...large(), "4294967295": 1, "4294967294": 2, "03": 3, "10": 1 },
    long: Array.from({ length: 600 }, (_, n) => n),
  };
  const { big, long } = adoptState(state) as typeof state;
  assertEquals(JSON.stringify(big), JSON.stringify(state.big));
  const shown = (one: typeof state) => [
    ["toString", "x", "__proto__", "03"].map((key) => key in one.big),
    (one.big as Data).toString === Object.prototype.toString,
    ["push", "x", "600", "599", "length"].map((key) => key in one.long),
    Object.getOwnPropertyNames(one.long),
    Object.entries(one.long).length,
    Symbol.iterator in one.long,
  ];
  assertEquals(shown({ big, long }), shown(state));
  assertEquals((big as Data)["__proto__"], undefined);
});

test("A large array that is changed leaves the one before as it was", () => {
  const tree = treeOf({ long: Array.from({ length: 600 }, (_, n) => n) });
  const text = () => JSON.stringify(tree.newest.long);
  const plain: number[] = [...tree.newest.long];
  const bodies: ((list: number[]) => void)[] = [
    (list) => list[300] = -1,
    (list) => void list.push(1, 2, 3),
    (list) => list.length = 520,
    (list) => list.length = 512,
    (list) => void list.push(7),
    (list) => void list.shift(),
  ];
  for (const body of bodies) {
    const { newest } = tree;
    const before = text();
    tree.change(1, ({ long }) => void body(long), [0]);
    body(plain);
    assertEquals(JSON.stringify(newest.long), before, `${body}`);
    assertEquals(text(), JSON.stringify(plain), `${body}`);
    assertEquals(tree.copy().long, plain, `${body}`);
  }
});

test("A snapshot for mini-rs is refused that mini-rs cannot read", () => {
  const nested = (depth: number) =>
    JSON.parse("[".repeat(depth) + "]".repeat(depth));
  const write = (state: unknown) => [
    ...forRust(prettyPieces(adoptState(state), stateSource)),
  ];
  assert(write({ a: nested(126), b: "\u{1f600} \\ud800" }).length > 0);
  assertThrows(() => write({ a: nested(127) }), TypeError, "levels");
  assertThrows(() => write({ a: "\ud800" }), TypeError, "lone surrogate");
});
