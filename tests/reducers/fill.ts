/**
 * Templates of statements become source text.
 *
 * A template is JavaScript with two kinds of blanks: `@list` is an expression of
 * that kind, drawn each time; `$list` is a variable that the statement declares,
 * which later statements use as an expression of its kind. A line break divides
 * statements that can be left out one by one.
 */

import type { Random } from "../fuzz/random.ts";
import {
  drawArray,
  drawKey,
  drawName,
  drawObject,
  drawScalar,
  drawValue,
  ODD,
} from "./literals.ts";
import { INNER } from "./templates.ts";

/** Kinds of containers that the state has, and where they are. */
const PLACES: Readonly<Record<string, readonly string[]>> = {
  list: [
    "state.l",
    "state.l",
    "(state.l ??= [2, 1])",
    "(state.r.l ??= [1])",
    "(state.rows.at(-1).l ??= [])",
    "((state.m.a ??= {n: 0}).l ??= [])",
  ],
  rows: [
    "state.rows",
    "state.rows",
    "(state.rows ??= [{n: 1}])",
    "(state.more ??= [{n: 7}, {n: 3}])",
    "state.t.kids",
  ],
  map: ["state.m", "state.m", "(state.m ??= {})", "(state.m2 ??= {a: {n: 0}})"],
  rec: [
    "state.r",
    "state.r.in",
    "(state.r ??= {n: 0, in: {n: 1}})",
    "(state.m.a ??= {n: 0})",
    '(state.m["12"] ??= {n: 0})',
    "(state.rows[0] ??= {n: 1})",
    "(state.rows.at(-1) ?? state.r)",
    "(state.t.kids[0] ?? state.t)",
  ],
  tree: ["state.t", "(state.t ??= {n: 1, kids: []})"],
  big: ["state.big", "state.big", "(state.big ??= {})"],
  long: ["state.long", "state.long", "(state.long ??= [])"],
  keep: ["state.m", "state.r", "state.rows", "state.l", "state.m.a", "state.t"],
};
const ANY = ["list", "rows", "map", "rec", "tree", "big", "long"];
/** Kinds that variables have; variables of other names are of no use to others. */
const KINDS: ReadonlySet<string> = new Set(ANY);

const COMPARE = [
  "(a, b) => a > b ? 1 : a < b ? -1 : 0",
  "(a, b) => a < b ? 1 : a > b ? -1 : 0",
  "(a, b) => String(a).length - String(b).length",
  "() => 0",
];
const TEST = [
  "(e) => e > 1",
  "(e, i) => i % 2 === 0",
  '(e) => typeof e === "number"',
  "(e) => e === 1",
  "() => false",
];
const COUNTS = [3, 16, 17, 20];
const LARGE_COUNTS = [17, 63, 64, 65, 66, 130];
const LONG_COUNTS = [17, 65, 599, 601, 650];

/** What a program has at its disposal while it is written. */
export class Scope {
  readonly random: Random;
  readonly large: boolean;
  readonly #variables: Map<string, string[]>;
  readonly #counter: { next: number };

  constructor(random: Random, large: boolean, outer?: Scope) {
    this.random = random;
    this.large = large;
    this.#counter = outer ? outer.#counter : { next: 1 };
    this.#variables = new Map(
      outer && [...outer.#variables].map(([kind, names]) => [kind, [...names]]),
    );
  }

  /** A scope for a block: what it declares is not seen outside. */
  inner(): Scope {
    return new Scope(this.random, this.large, this);
  }

  /** A new variable. */
  name(kind: string): string {
    return `${kind}${this.#counter.next++}`;
  }

  /** Later statements may use a variable. */
  declare(kind: string, name: string): void {
    if (!KINDS.has(kind)) return;
    const names = this.#variables.get(kind);
    if (names) names.push(name);
    else this.#variables.set(kind, [name]);
  }

  /** An expression that gives a container of a kind. */
  place(kind: string): string {
    const wanted = kind === "any" ? this.random.pick(ANY) : kind;
    const names = this.#variables.get(wanted) ?? [];
    return names.length > 0 && this.random.below(5) < 3
      ? this.random.pick(names)
      : this.random.pick(PLACES[wanted]);
  }
}

/** A template with its blanks filled. */
export function fill(template: string, scope: Scope): string {
  const names = new Map<string, string>();
  const text = template.replace(
    /([@$])([a-z]+)(\d?)/g,
    (whole, sign: string, kind: string) => {
      if (sign === "@") return draw(kind, scope);
      let name = names.get(whole);
      if (name === undefined) names.set(whole, name = scope.name(kind));
      return name;
    },
  );
  for (const [whole, name] of names) {
    scope.declare(whole.slice(1).replace(/\d$/, ""), name);
  }
  return text;
}

function draw(kind: string, scope: Scope): string {
  const { random } = scope;
  if (kind === "any" || kind in PLACES) return scope.place(kind);
  switch (kind) {
    case "key":
      return drawKey(random);
    case "name":
      return drawName(random);
    case "val":
      return drawScalar(random);
    case "json":
      return drawValue(random);
    case "obj":
      return drawObject(random);
    case "arr":
      return drawArray(random);
    case "num":
      return random.oneIn(6) ? "p.n" : String(random.between(-2, 7));
    case "idx":
      return String(random.below(4));
    case "odd":
      return random.pick(ODD);
    case "cmp":
      return random.pick(COMPARE);
    case "test":
      return random.pick(TEST);
    case "count":
      return String(random.pick(scope.large ? LARGE_COUNTS : COUNTS));
    case "length":
      return String(random.pick(scope.large ? LONG_COUNTS : COUNTS));
    case "stmt":
      return fill(random.pick(INNER), scope.inner()).replaceAll("\n", " ");
    default:
      throw new RangeError(`There is no blank ${kind}`);
  }
}
