/**
 * Programs: the bodies of mutations, as JavaScript source text.
 */

import { Random } from "../fuzz/random.ts";
import { fill, Scope } from "./fill.ts";
import { drawJson } from "./literals.ts";
import { BOTH, groupsOf, LOOKS, RETURNS } from "./templates.ts";

/** One line of a program, which can be left out by itself. */
export interface Statement {
  readonly text: string;
  /** Whether it does what a draft may refuse: freeze a part, for example. */
  readonly mayRefuse: boolean;
}

/** The body of one mutation, with its payload as JSON text. */
export interface Program {
  readonly statements: readonly Statement[];
  /** What the program sees as the variable `p`. */
  readonly payload: string;
}

/** What a program is compiled to. */
export type Body = (
  state: unknown,
  p: unknown,
  log: (value: unknown) => void,
  keep: (value: unknown) => void,
) => unknown;

/** What programs of a session are like. */
export interface Taste {
  /** Whether objects and arrays grow beyond the sizes at which an engine may change how it keeps them. */
  readonly large: boolean;
}

/** A program as source text: a function body over `state`, `p`, `log` and `keep`. */
export function sourceOf({ statements }: Program): string {
  return statements.map(({ text }) => text).join("\n");
}

const bodies = new WeakMap<readonly Statement[], Body>();

/** Compiles a program, once. It is strict code, as a reducer in a module is. */
export function compile(program: Program): Body {
  const { statements } = program;
  let body = bodies.get(statements);
  if (body === undefined) {
    const source = `"use strict";\n${sourceOf(program)}`;
    body = new Function("state", "p", "log", "keep", source) as Body;
    bodies.set(statements, body);
  }
  return body;
}

/** Whether a program does what drafts may refuse. */
export function mayRefuse({ statements }: Program): boolean {
  return statements.some((statement) => statement.mayRefuse);
}

/**
 * Draws a program that is the same for the same seed.
 *
 * It expects the state of {@linkcode initialState} or what other programs have
 * made of it, and always ends.
 *
 * @param seed A whole number.
 * @param taste What it is like.
 */
export function drawProgram(
  seed: number,
  taste: Taste = { large: false },
): Program {
  const random = new Random(seed, 7);
  const scope = new Scope(random, taste.large);
  const groups = groupsOf(taste.large);
  const statements: Statement[] = [];
  const add = (template: string) => {
    const mayRefuse = template.startsWith("!");
    const text = fill(mayRefuse ? template.slice(1) : template, scope);
    for (const line of text.split("\n")) {
      statements.push({ text: line, mayRefuse });
    }
  };
  if (random.oneIn(8)) add("keep(state); keep(@keep);");
  for (let left = random.between(1, 4); left > 0; left--) {
    add(random.pick(random.pick(groups)));
    if (random.oneIn(3)) add(random.pick(LOOKS));
  }
  if (random.oneIn(14)) {
    if (random.oneIn(2)) statements.length = 0;
    add(random.pick(RETURNS));
  } else if (random.oneIn(60)) add(random.pick(BOTH));
  return { statements, payload: drawPayload(random) };
}

/** The same program with another payload. */
export function repeat({ statements }: Program, seed: number): Program {
  return { statements, payload: drawPayload(new Random(seed, 9)) };
}

function drawPayload(random: Random): string {
  const members: string[] = [];
  const add = (key: string, json: string) => members.push(`"${key}":${json}`);
  add("n", String(random.between(-3, 9)));
  add("v", drawJson(random, 0));
  add("l", `[${random.below(9)},${random.below(9)},${random.below(9)}]`);
  add("o", `{"n":${random.below(9)},"in":${drawJson(random, 2)}}`);
  return `{${members.join(",")}}`;
}

/** The state that sessions begin with, as JSON text. */
export function initialState(seed: number, taste: Taste): string {
  const random = new Random(seed, 8);
  const sizes = taste.large ? [3, 15, 63, 64, 65, 130] : [2, 5, 15, 17];
  const lengths = taste.large ? [3, 17, 65, 599, 640] : [3, 15, 17];
  const big: Record<string, unknown> = {};
  for (let n = random.pick(sizes), i = 0; i < n; i++) {
    big[random.oneIn(6) ? String(i * 3) : `k${i}`] = random.oneIn(4)
      ? i
      : { n: i };
  }
  const long = Array.from(
    { length: random.pick(lengths) },
    () => random.below(1000),
  );
  return JSON.stringify({
    n: 1,
    s: "x",
    l: [3, 1, 2],
    m: { a: { n: 1 }, b: { n: 2, l: [1] }, "7": { n: 3 } },
    r: { n: 1, w: "w", x: null, in: { n: 2 }, l: [5, 4] },
    rows: [
      { n: 0, id: 1, l: ["a"] },
      { n: 5, id: 2, l: [] },
      { n: 2, id: 3, l: [1, 1] },
    ],
    t: {
      n: 0,
      kids: [{ n: 1, kids: [] }, { n: 2, kids: [{ n: 3, kids: [] }] }],
    },
    big,
    long,
  });
}
