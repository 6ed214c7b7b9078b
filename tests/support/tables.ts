/** Trees of tables, and a look into them. */

import { assert } from "@std/assert";
import {
  type Slot,
  tableOf,
  type TableVersion,
} from "../../src/state/table.ts";
import type { Tree } from "../../src/state/tree.ts";
import { treeOf } from "./trees.ts";

/** A table. */
export type Numbers = Record<string, number>;
/** A state of tables. */
export type Tables = Record<string, Numbers>;
/** What a mutation does. */
export type Body = (state: Tables) => void;

/** The reducer: a mutation is what it does. */
export const run = (state: Tables, body: Body): void => body(state);

/** An object that becomes a table. */
export function large(): Numbers {
  return Object.fromEntries(Array.from({ length: 70 }, (_, n) => [`k${n}`, n]));
}

/** A state of two tables whose changes are durable later than they are made. */
export function awaited(): Tree<Tables> {
  const tree = treeOf<Tables>({ t: large(), u: large() });
  tree.await();
  return tree;
}

/** The newest version of a table. */
export function versionOf(tree: Tree<Tables>, key = "t"): TableVersion {
  const version = tableOf((tree.newestRoot as Tables)[key]);
  assert(version);
  return version;
}

/** A slot of the first table. */
export function slotOf(tree: Tree<Tables>, key: string): Slot {
  const slot = versionOf(tree).table.slot(key);
  assert(slot);
  return slot;
}
