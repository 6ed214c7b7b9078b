/** How long a state in memory keeps what its older states show, and what an undo puts back. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Moment } from "../src/state/timeline.ts";
import { copyOut, membersOf } from "../src/state/values.ts";
import { SeededRandom } from "../src/testing/random.ts";
import { test } from "./support/harness.ts";
import {
  awaited,
  type Body,
  large,
  run,
  slotOf,
  type Tables,
  versionOf,
} from "./support/tables.ts";
import { treeOf } from "./support/trees.ts";

/** Sets a member of the first table. */
const set = (key: string, value: number): Body => ({ t }) =>
  void (t[key] = value);

/** Changes some table by chance. */
function scramble(state: Tables, random: SeededRandom): void {
  for (let n = random.below(4); n >= 0; n--) {
    const table = random.pick(Object.values(state));
    const key = `k${random.below(80)}`;
    const kind = random.below(6);
    if (kind < 3) table[key] = random.below(1000);
    else if (kind < 5) delete table[key];
    if (kind > 3) table[key] = -1;
  }
  if (random.below(40) === 0) state.other = random.pick(Object.values(state));
}

interface Kept {
  readonly text: string;
  readonly root: unknown;
  readonly capture: Moment | undefined;
}

/** Commits groups by chance, and settles them; keeps states, which must stay as they were. */
function play(seed: number): void {
  const random = new SeededRandom(seed);
  const tree = awaited();
  const texts = [JSON.stringify(tree.copy())]; // by sequence number
  const groups: number[][] = [];
  let [settled, kept] = [0, [] as Kept[]];
  for (let n = 0; n < 150; n++) {
    const where = `seed ${seed}, step ${n}`;
    const steps = Array.from(
      { length: 1 + random.below(3) },
      () => random.below(1e6),
    );
    const apply = (state: Tables, step: number) =>
      scramble(state, new SeededRandom(step));
    if (random.below(5) === 0) {
      const refuse = (state: Tables, step: number) => {
        apply(state, step);
        if (step === steps.at(-1)) throw new Error("by chance");
      };
      const joins = random.below(2) === 0 && groups.length > 0;
      const last = texts.length - 1 + steps.length;
      assertThrows(
        () => tree.change(last, refuse, steps, joins),
        Error,
        "by chance",
      );
    } else {
      for (const step of steps) {
        const plain = JSON.parse(texts.at(-1) ?? "");
        apply(plain, step);
        texts.push(JSON.stringify(plain));
      }
      const joins = random.below(2) === 0 && groups.length > 0;
      tree.change(texts.length - 1, apply, steps, joins);
      if (joins) groups.at(-1)?.push(texts.length - 1);
      else groups.push([texts.length - 1]);
    }
    const newest = texts.at(-1) ?? "";
    assertEquals(JSON.stringify(tree.newestRoot), newest, where);
    if (random.below(3) === 0) {
      for (const sequence of groups.shift() ?? []) {
        tree.settle(settled = sequence);
      }
    }
    assertEquals(JSON.stringify(tree.durableRoot), texts[settled], where);
    const [text, kind] = [texts[settled], random.below(12)];
    if (kind === 0) {
      const capture = tree.capture();
      kept.push({ text, root: capture.root, capture });
    } else if (kind === 1) {
      kept.push({ text, root: tree.durable, capture: undefined });
    } else if (kind === 2) {
      kept.push({ text: newest, root: tree.newest, capture: undefined });
    }
    for (const { root, text } of kept) {
      assertEquals(JSON.stringify(root), text, where);
      if (n % 8 === 0) assertEquals(JSON.stringify(copyOut(root)), text, where);
    }
    if (kept.length > 6) {
      const gone = random.pick(kept);
      kept = kept.filter((one) => one !== gone);
      if (gone.capture) tree.release(gone.capture);
    }
  }
}

test("Tree keeps every state that was read or captured, and undoes what was refused", () => {
  for (let seed = 1; seed <= 3; seed++) play(seed);
});

test("Tree.change() that is refused puts tables back as they were", () => {
  const tree = awaited();
  const refused: Body[] = [
    set("k0", 1),
    set("k0", 2),
    ({ t }) => void (delete t.k1, delete t.k2),
    set("k1", 3),
    set("new", 4),
    ({ t }) => void delete t.new,
    set("new", 5),
    () => {
      throw new Error("no");
    },
  ];
  for (const alias of [false, true]) {
    const first = tree.newestRoot as Tables;
    const { table } = versionOf(tree);
    const before = JSON.stringify(tree.newestRoot);
    assertThrows(() => tree.change(8, run, refused), Error, "no");
    assert(tree.newestRoot === first);
    assertEquals(JSON.stringify(tree.newestRoot), before);
    assertEquals([table.size, versionOf(tree) === table.newest], [70, true]);
    tree.change(1, run, [set("k1", 6)]);
    const plain = JSON.parse(before);
    plain.t.k1 = 6;
    assertEquals(JSON.stringify(tree.newestRoot), JSON.stringify(plain));
    assert(versionOf(tree).table === table, "it was not copied");
    tree.settle(1);
    if (!alias) tree.change(2, run, [(state) => void (state.other = state.u)]);
    tree.settle(2);
  }
});

test("Tree.settle() forgets older values, and keeps those of a state that is captured", () => {
  const tree = awaited();
  tree.change(1, run, [set("k1", 101)]);
  tree.change(2, run, [set("k2", 102)], true);
  tree.settle(1);
  assertEquals((tree.durableRoot as Tables).t.k2, 102, "the group is durable");
  tree.settle(2);
  for (const key of ["k1", "k2"]) {
    assertEquals(slotOf(tree, key).older, undefined);
  }
  const first = tree.capture();
  tree.change(3, run, [set("k1", 201)]);
  tree.settle(3);
  const second = tree.capture();
  tree.change(4, run, [set("k1", 301)]);
  tree.settle(4);
  tree.release(second);
  assertEquals((first.root as Tables).t.k1, 101);
  const third = tree.capture();
  tree.release(first);
  assertEquals(slotOf(tree, "k1").older, undefined);
  assertEquals((third.root as Tables).t.k1, 301);
  tree.change(5, run, [set("k1", 401)]);
  tree.settle(5);
  assertEquals((third.root as Tables).t.k1, 301);
  const fourth = tree.capture();
  tree.release(third);
  tree.release(fourth);
  assertEquals(slotOf(tree, "k1").older, undefined);
});

test("Tree.settle() keeps no value for a version that is held and is newer", () => {
  const tree = awaited();
  const capture = tree.capture();
  tree.change(1, run, [set("k1", 101)]);
  tree.settle(1);
  const held = tree.durable;
  tree.change(2, run, [set("k2", 102)]);
  tree.settle(2);
  tree.release(capture);
  assertEquals([held.t.k1, held.t.k2], [101, 2]);
  assertEquals(slotOf(tree, "k1").older, undefined);
});

test("Tree.settle() drops members that were removed, when that is durable, and a walk goes on", () => {
  const tree = awaited();
  const { table } = versionOf(tree);
  const remove = (...keys: string[]): Body => ({ t }) => {
    for (const key of keys) delete t[key];
  };
  const walk = versionOf(tree).members();
  assertEquals(walk.next().value, ["k0", 0]);
  tree.change(1, run, [set("k5", 105)]);
  tree.change(2, run, [remove("k5")]);
  tree.settle(1);
  assertEquals((tree.durableRoot as Tables).t.k5, 105);
  tree.change(3, run, [remove("k0", "k69")]);
  tree.settle(3);
  assertEquals([table.size, table.first?.key], [67, "k1"]);
  assertEquals(walk.next().value, ["k1", 1], "from where it was");
  tree.change(4, run, [set("k0", 100)]);
  tree.settle(4);
  const keys = Object.keys(tree.newest.t);
  assertEquals([keys.length, keys[0], keys.at(-1)], [68, "k1", "k0"]);
});

test("Tree.settle() goes on where it was, when many commits are pending", () => {
  const tree = awaited();
  for (let n = 1; n <= 4000; n++) tree.change(n, run, [set("k1", n)]);
  for (const settled of [2500, 2501, 3999, 4000]) {
    tree.settle(settled);
    assertEquals((tree.durableRoot as Tables).t.k1, settled);
  }
});

test("Tree.settle() finds out which states programs do not hold any more", () => {
  const { WeakRef } = globalThis;
  const gone = new Set<object>();
  globalThis.WeakRef = class<T extends WeakKey> {
    readonly #target: T;
    readonly [Symbol.toStringTag] = "WeakRef";

    constructor(target: T) {
      this.#target = target;
    }

    deref(): T | undefined {
      return gone.has(this.#target as object) ? undefined : this.#target;
    }
  };
  try {
    const tree = awaited();
    const first = tree.durable;
    gone.add(versionOf(tree));
    tree.change(1, run, [set("k1", 101)]);
    tree.settle(1);
    const second = tree.durable;
    tree.change(2, run, [set("k2", 102)]);
    tree.settle(2);
    const slots = [slotOf(tree, "k1"), slotOf(tree, "k2")];
    assertEquals(slots.map(({ older }) => older?.value), [1, 2]);
    for (let n = 3; n < 5000; n++) {
      tree.change(n, run, [set("k3", n)]);
      tree.settle(n);
    }
    assertEquals(slots.map(({ older }) => older?.value), [undefined, 2]);
    assertEquals([first.t.k0, second.t.k1, second.t.k2], [0, 101, 2]);
  } finally {
    globalThis.WeakRef = WeakRef;
  }
});

test("Tree.settle() keeps what a table shows that is in two places, or was read before a group of commits", () => {
  const tree = awaited();
  tree.change(1, run, [(state) => void (state.other = state.t)]);
  tree.change(2, run, [({ other }) => void (other.k1 = 101)]);
  tree.settle(2);
  assertEquals((tree.durableRoot as Tables).t.k1, 1);
  const other = awaited();
  const { u } = other.durable;
  other.change(1, run, [(state) => void (state.small = { n: 1 })]);
  other.change(2, run, [({ u }) => void (u.k1 = 101)], true);
  other.settle(2);
  assertEquals([u.k1, (other.durableRoot as Tables).u.k1], [1, 101]);
});

test("A version of a table has each member once, also one that was added again later", () => {
  const tree = awaited();
  const { t } = tree.newest;
  tree.change(1, run, [({ t }) => void delete t.k1]);
  tree.change(2, run, [set("k1", 101)]);
  assertEquals([...membersOf(t)], Object.entries(large()));
  assertEquals([...membersOf(tree.newest.t)].at(-1), ["k1", 101]);
});

test("Tree.settle() finds a state that is held among the versions of many tables", () => {
  const names = ["t", "u", "v", "w"];
  const tree = treeOf<Tables>(
    Object.fromEntries(names.map((name) => [name, large()])),
  );
  const held = [tree.durable];
  const touched = ["t", "t", "u", "v", "w", "t"];
  for (const [n, name] of touched.entries()) {
    tree.change(n + 1, (state) => void (state[name].k1 = 101 + n), [0]);
    if (n < 2) held.push(tree.durable);
  }
  tree.release(tree.capture()); // looks at all that is kept once more
  assertEquals(held.map(({ t }) => t.k1), [1, 101, 102]);
});
