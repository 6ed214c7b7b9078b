/** States in memory, and what should become of them. */

import type { SeededRandom } from "../../src/testing/random.ts";
import { adoptState } from "../../src/state/take.ts";
import { Tree } from "../../src/state/tree.ts";

/** A tree whose changes are durable at once. */
export function treeOf<S>(state: S): Tree<S> {
  return new Tree<S>(adoptState(state));
}

type Data = Record<string, unknown>;

/**
 * Changes a state by chance, the same way for the same random numbers: members and
 * elements set, added, removed, moved, copied, sorted; now and then it throws.
 */
export function scramble(state: Data, random: SeededRandom): void {
  for (let n = 1 + random.below(4); n > 0; n--) step(state, random);
  if (random.below(6) === 0) throw new Error("by chance");
}

function step(state: Data, random: SeededRandom): void {
  const target = descend(state, random);
  if (Array.isArray(target)) changeArray(state, target, random);
  else changeObject(state, target as Data, random);
}

function changeObject(state: Data, target: Data, random: SeededRandom): void {
  const keys = Object.keys(target);
  const key = random.below(2) === 0 && keys.length > 0
    ? random.pick(keys)
    : random.pick(["a", "b", "7", "12", "__proto__", "c", "03"]);
  switch (random.below(6)) {
    case 0:
      delete target[key];
      break;
    case 1:
      put(target, key, descend(state, random)); // a part in a second place
      break;
    case 2:
      for (let n = random.below(90); n > 0; n--) {
        target[`k${random.below(200)}`] = n;
      }
      break;
    case 3: {
      const value = own(target, key);
      delete target[key];
      if (value !== undefined) put(target, random.pick(["x", "3"]), value);
      break;
    }
    default:
      put(target, key, fresh(random));
  }
}

function changeArray(state: Data, list: unknown[], random: SeededRandom): void {
  const at = random.below(list.length + 1);
  const part = random.below(3) === 0 ? descend(state, random) : fresh(random);
  switch (random.below(8)) {
    case 0:
      list.push(part, fresh(random));
      break;
    case 1:
      list.pop();
      break;
    case 2:
      list.unshift(part);
      break;
    case 3:
      list.splice(at, random.below(3), part, fresh(random));
      break;
    case 4:
      list.sort((a, b) => JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
      break;
    case 5:
      list.reverse();
      break;
    case 6:
      list.length = at;
      break;
    default:
      list[at] = part;
  }
}

/** A container somewhere in the state. */
function descend(state: unknown, random: SeededRandom): unknown {
  let at = state;
  for (let n = random.below(4); n > 0; n--) {
    const parts = Object.values(at as Data).filter((value) =>
      typeof value === "object" && value !== null
    );
    if (parts.length === 0) break;
    at = random.pick(parts);
  }
  return at;
}

function fresh(random: SeededRandom): unknown {
  const leaf = random.pick([0, -1.5, "text", "", true, null]);
  return random.pick([
    leaf,
    leaf,
    [leaf, [leaf]],
    { leaf, more: { leaf } },
    [],
  ]);
}

/** An own member; an assignment and a read would take `__proto__` for something else on ordinary data. */
function own(target: Data, key: string): unknown {
  return Object.hasOwn(target, key) ? target[key] : undefined;
}

function put(target: Data, key: string, value: unknown): void {
  if (key !== "__proto__") target[key] = value;
}
