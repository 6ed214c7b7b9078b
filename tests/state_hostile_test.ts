/** What hostile reducers and callers do with parts of a state, against plain JavaScript. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { MemoryFileSystem, StateManager } from "../mod.ts";
import { strictJson } from "../src/wal/codec.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import { treeOf } from "./support/trees.ts";

type Data = Record<string, unknown>;
type Body = (state: Data) => void;

/** What becomes of a state, as JSON; or that it is refused. */
function onDrafts(initial: Data, body: Body): string {
  const tree = treeOf<Data>(structuredClone(initial));
  try {
    tree.change(1, body, [0]);
  } catch (error) {
    assertEquals(JSON.stringify(tree.newestRoot), JSON.stringify(initial));
    return `refused: ${error}`;
  }
  return JSON.stringify(tree.newestRoot);
}

const INITIAL: Data = { a: [1, 2, 3], b: { n: 1, m: 2 } };

const SAME: [string, Body][] = [
  ["defines a length that arrays cannot have, and catches it", (state) => {
    for (const wrong of [{ configurable: true }, { enumerable: true }]) {
      const descriptor = { value: 1, ...wrong };
      state.r = Reflect.defineProperty(state.a as Data, "length", descriptor);
      try {
        Object.defineProperty(state.a, "length", descriptor);
      } catch {
        state.caught = true;
      }
    }
    state.get = Reflect.defineProperty(state.a as Data, "length", {
      get: () => 0,
    });
  }],
  ["defines a length that arrays can have", (state) => {
    Object.defineProperty(state.a, "length", { value: 1 });
    state.r = Reflect.defineProperty(state.a as Data, "length", {});
  }],
  ["pushes through a proxy around an array", (state) => {
    const proxy = new Proxy(state.a as unknown[], {});
    proxy.push(4);
    proxy[0] = 9;
    proxy.length = 2;
  }],
  ["writes through a proxy around an object", (state) => {
    const proxy = new Proxy(state.b as Data, {});
    proxy.n = 7;
    proxy.x = 1;
  }],
  ["assigns by way of a part to an object with a getter", (state) => {
    const target = {
      get n() {
        return 7;
      },
    };
    state.r = Reflect.set(state.b as Data, "n", 4, target);
    state.v = target.n;
  }],
  ["assigns by way of a part to what cannot be written", (state) => {
    const target = Object.freeze({ n: 7 });
    state.r = [
      Reflect.set(state.b as Data, "n", 4, target),
      Reflect.set(state.b as Data, "n", 4, 5),
    ];
    state.v = target.n;
  }],
  ["leaves a hidden member of an heir hidden", (state) => {
    const heir = Object.create(state.b as Data);
    Object.defineProperty(heir, "n", { value: 1, writable: true });
    heir.n = 2;
    state.keys = Object.keys(heir);
    state.v = heir.n;
  }],
  ["makes a length -0", (state) => {
    const list = state.a as unknown[];
    list.length = -0;
    state.z = Object.is(list.length, -0);
  }],
  ["stores a getter that remembers what it gave", (state) => {
    state.lazy = {
      get value() {
        return (this as Data).known ??= 5;
      },
    };
  }],
];

for (const [what, body] of SAME) {
  test(`A reducer that ${what} does what it does to plain data`, () => {
    const plain = structuredClone(INITIAL);
    body(plain);
    assertEquals(onDrafts(INITIAL, body), JSON.stringify(plain));
  });
}

const REFUSED: [string, Body][] = [
  ["defines a getter that is undefined", ({ b }) => {
    Object.defineProperty(b, "n", { get: undefined } as object);
  }],
  ["defines a setter that is undefined", ({ a }) => {
    Object.defineProperty(a, 0, { set: undefined } as object);
  }],
  ["fixes the length of an array", ({ a }) => {
    Object.defineProperty(a, "length", { writable: false });
  }],
  ["is refused in a getter that it stores, and catches that", (state) => {
    state.x = {
      get v() {
        try {
          Object.freeze(state.b);
        } catch {
          return "refused";
        }
        return "frozen";
      },
    };
  }],
];

for (const [what, body] of REFUSED) {
  test(`A reducer that ${what} is refused, and leaves no trace`, () => {
    const outcome = onDrafts(INITIAL, body);
    assert(outcome.startsWith("refused: TypeError: Cannot"), outcome);
  });
}

test("A hidden member is refused, also while Object.prototype has a member too many", () => {
  const hide = () => Object.defineProperty({ a: 1 }, "h", { value: 2 });
  const prototype = Object.prototype as unknown as Data;
  prototype.polluted = 1;
  try {
    const outcome = onDrafts({}, (state) => void (state.z = hide()));
    assert(outcome.includes("not enumerable as state.z"), outcome);
    assertThrows(() => strictJson.encode(hide()), TypeError, "not enumerable");
    assertEquals(strictJson.encode({ a: 1 }), '{"a":1}');
  } finally {
    delete prototype.polluted;
  }
});

test("strictJson.encode() takes a getter that remembers what it gave", () => {
  const record = {
    get value() {
      return (this as Data).known ??= 5;
    },
  };
  assertEquals(strictJson.encode(record), '{"value":5}');
});

test("A state never gets deeper than 1000 levels, by whatever way", () => {
  const nested = (levels: number): Data | number =>
    levels === 0 ? 1 : { in: nested(levels - 1) };
  const push: Body = (state) => void (state.list = { next: state.list });
  const tree = treeOf<Data>({ list: null });
  for (let n = 1; n <= 999; n++) tree.change(n, push, [0]);
  assertThrows(() => tree.change(1000, push, [0]), TypeError, "1000 levels");
  const pop: Body = (state) => void (state.list = (state.list as Data).next);
  tree.change(1000, pop, [0]);
  tree.change(1001, push, [0]);
  for (const [levels, fits] of [[400, true], [401, false]] as const) {
    const outcome = onDrafts({ deep: nested(599) as Data }, (state) => {
      let outer: Data = { end: state.deep };
      for (let n = 1; n < levels; n++) outer = { in: outer };
      state.deep = outer;
    });
    assertEquals(!outcome.startsWith("refused"), fits);
  }
});

test("StateManager.transact() is refused if the function applies something itself", async () => {
  const fileSystem = new MemoryFileSystem();
  const initial = { apples: 3 };
  const apply = (state: typeof initial, n: number) => void (state.apples -= n);
  const shop = await StateManager.open("d", { initial, apply, fileSystem });
  for (const decided of [[1], []]) {
    let own: Promise<number> | undefined;
    await assertCode(() =>
      shop.transact(() => {
        own = shop.apply(1);
        return decided;
      }), "CONFLICT");
    await own;
  }
  assertEquals([shop.sequence, shop.state.apples], [2, 1]);
  await shop.close();
});

test("StateManager.apply() finds that a getter of the mutation has applied another one", async () => {
  const fileSystem = new MemoryFileSystem();
  const initial = { apples: 3 };
  const apply = (state: typeof initial, { n }: { n: number }) =>
    void (state.apples -= n);
  const shop = await StateManager.open("d", { initial, apply, fileSystem });
  const mutation = {
    get n() {
      void shop.apply({ n: 1 });
      return 1;
    },
  };
  await assertCode(
    () => shop.apply(mutation, { expectedSequence: 0 }),
    "CONFLICT",
  );
  assertEquals(await shop.apply({ n: 1 }, { expectedSequence: 1 }), 2);
  assertEquals(shop.state.apples, 1);
  await shop.close();
});
