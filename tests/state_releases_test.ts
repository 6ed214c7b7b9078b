import { assertEquals, assertThrows } from "@std/assert";
import { type Slot, type Table, tableOf } from "../src/state/table.ts";
import type { Tree } from "../src/state/tree.ts";
import { test } from "./support/harness.ts";
import { treeOf } from "./support/trees.ts";

interface Parts extends Record<string, unknown> {
  t: Record<string, number>;
  l: number[];
}
type Body = (state: Parts) => void;

const run = (state: Parts, body: Body): void => body(state);

function large(): Record<string, number> {
  const members = Array.from({ length: 70 }, (_, n) => [`k${n}`, n]);
  return Object.fromEntries(members);
}

function begun(): Tree<Parts> {
  const tree = treeOf<Parts>({ t: large(), l: [1, 2] });
  tree.await();
  return tree;
}

function tableIn(tree: Tree<Parts>, key: string): Table | undefined {
  const { [key]: part } = tree.newestRoot as Parts;
  return tableOf(part as object)?.table;
}

function slotIn(tree: Tree<Parts>): Slot | undefined {
  return tableIn(tree, "t")?.slot("k1");
}

test("Tree.change() that is refused leaves no older value", () => {
  const tree = begun();
  const bodies: Body[] = [
    (state) => void (state.t.k1 = 5),
    () => {
      throw new RangeError("no");
    },
  ];
  assertThrows(() => tree.change(2, run, bodies), RangeError);
  assertEquals([slotIn(tree)?.value, slotIn(tree)?.older], [1, undefined]);
});

test("Tree.release() forgets what only that capture showed", () => {
  const tree = begun();
  const captures = [101, 201].map((value, n) => {
    const capture = tree.capture();
    tree.change(n + 1, run, [(state) => void (state.t.k1 = value)]);
    tree.settle(n + 1);
    return capture;
  });
  tree.release(captures[0]);
  const older = slotIn(tree)?.older;
  assertEquals([older?.value, older?.older], [101, undefined]);
  assertEquals((captures[1].root as Parts).t.k1, 101);
  tree.release(captures[1]);
  assertEquals(slotIn(tree)?.older, undefined);
});

test("Tree.settle() forgets a member that was removed in the group that made its table", () => {
  const tree = begun();
  tree.change(1, run, [(state) => void (state.w = large())]);
  const remove = (state: Parts) => {
    delete (state.w as Record<string, number>).k1;
  };
  tree.change(2, run, [remove], true);
  tree.settle(2);
  assertEquals(tableIn(tree, "w")?.size, 69);
});

test("An object that inherits from an array of the state gets members of its own", () => {
  const tree = begun();
  const inherit = ({ l }: Parts) => {
    const heir = Object.create(l);
    heir[0] = 9;
    assertEquals([heir[0], l[0]], [9, 1]);
  };
  tree.change(1, run, [inherit]);
  tree.settle(1);
  assertEquals(tree.copy().l, [1, 2]);
});

test("A draft of another state whose reducer runs cannot be stored", () => {
  const [one, other] = [begun(), begun()];
  const steal = ({ t }: Parts) => {
    const store = (state: Parts) => void (state.x = t);
    assertThrows(
      () => other.change(1, run, [store]),
      TypeError,
      "a part of another state",
    );
  };
  one.change(1, run, [steal]);
  assertEquals(Object.keys(other.copy()), ["t", "l"]);
});
