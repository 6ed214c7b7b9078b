/**
 * The states that histories change, and what they must be: the fold of the
 * mutations, each of which its number decides.
 */

/** A state; its counter has another name in each version. */
export interface Shelf {
  readonly list: string[];
  readonly map: Record<string, number[]>;
  [counter: string]: number | string[] | Record<string, number[]>;
}

/** A mutation; `version` stands in those of version 2 and up. */
export interface Mutation {
  readonly op: "push" | "put" | "add" | "drop" | "turn" | "refuse";
  readonly n: number;
  readonly version?: number;
}

/** In the order of their numbers, again and again. */
const OPS = ["push", "put", "add", "drop", "put", "turn"] as const;
/** With one more, a state keeps an object in another way. */
const MANY = 64;
/** So that a member comes back, and takes its old place or a new one. */
const KEYS = 7;

/** The mutation with a number, so that equal histories give equal files. */
export function mutationOf(n: number, version: number): Mutation {
  return inVersion({ op: OPS[(n - 1) % OPS.length], n }, version);
}

/** A mutation that the reducer refuses when it has changed everything. */
export function refusedOf(n: number, version: number): Mutation {
  return inVersion({ op: "refuse", n }, version);
}

/** A mutation of an older version, in this one. */
export function upcast(mutation: unknown, to: number): Mutation {
  return inVersion(mutation as Mutation, to);
}

function inVersion({ op, n }: Mutation, version: number): Mutation {
  return version === 1 ? { op, n } : { op, n, version };
}

/** A state of an older version, in this one. */
export function migrate(state: unknown, from: number, to: number): Shelf {
  const { list, map, [counterOf(from)]: count } = state as Shelf;
  return { list, [counterOf(to)]: count, map };
}

/** The state before the first mutation, with many members of a width, or none. */
export function initialOf(width: number, version: number): Shelf {
  const map: Record<string, number[]> = {};
  for (let n = 0; width > 0 && n < MANY; n++) {
    map[`w${n}`] = Array(width).fill(n);
  }
  return { list: [], [counterOf(version)]: 0, map };
}

/** Carries out mutations of a version. */
export function reducerOf(
  version: number,
): (state: Shelf, mutation: Mutation) => Shelf | void {
  const counter = counterOf(version);
  return (state, mutation) => {
    const { op, n, version: written = 1 } = mutation;
    if (written !== version) throw new Error(`A mutation of ${written}`);
    const { list, map } = state;
    const [oldest] = Object.keys(map);
    const count = state[counter] as number;
    switch (op) {
      case "push":
        list.push(`r${n}`);
        break;
      case "put":
        map[`k${n % KEYS}`] = [n];
        break;
      case "add":
        state[counter] = count + n;
        break;
      case "drop": // the oldest goes behind the others, the one behind it away
        if (oldest === undefined) break;
        list.unshift(oldest);
        moveOldest(map, n);
        break;
      case "turn":
        return { list: list.toReversed(), [counter]: count, map };
      case "refuse":
        list.splice(0, list.length, "refused");
        state[counter] = -1;
        for (const key of Object.keys(map)) delete map[key];
        map.refused = [n];
        throw new Error("refused");
    }
  };
}

function moveOldest(map: Record<string, number[]>, n: number): void {
  const [oldest, next] = Object.keys(map);
  const value = [...map[oldest], n];
  delete map[oldest];
  if (next !== undefined) delete map[next];
  map[oldest] = value;
}

function counterOf(version: number): string {
  return version === 1 ? "count" : `count${version}`;
}

const texts = new Map<string, string[]>();

/** What the state must be behind a mutation, as JSON. */
export function textAt(n: number, width: number, version: number): string {
  const key = `${width} ${version}`;
  let known = texts.get(key);
  if (!known) {
    known = [JSON.stringify(initialOf(width, version))];
    texts.set(key, known);
  }
  const reduce = reducerOf(version);
  while (known.length <= n) {
    const state: Shelf = JSON.parse(known[known.length - 1]);
    const next = reduce(state, mutationOf(known.length, version)) ?? state;
    known.push(JSON.stringify(next));
  }
  return known[n];
}
