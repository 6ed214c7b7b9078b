/**
 * Sessions: one state, and what is done to it, drawn by a seed.
 */

import { Random } from "../fuzz/random.ts";
import {
  drawProgram,
  initialState,
  mayRefuse,
  type Program,
  repeat,
  type Taste,
} from "./program.ts";

/** A call with the programs that it applies as one. */
export interface Call {
  readonly how: "apply" | "transact";
  readonly programs: readonly Program[];
}

/** What a step does besides its calls. */
export type StepKind =
  | "apply"
  | "hold"
  | "snapshot"
  | "compact"
  | "reopen"
  | "follow"
  | "at";

/** Something that is done to a state. Its calls are started together, without waiting for one another. */
export interface Step {
  readonly kind: StepKind;
  readonly calls: readonly Call[];
  /** A random number, for what is chosen when the step is taken. */
  readonly choice: number;
}

/** Everything that is done to one state. */
export interface Session {
  /** What it was drawn by. */
  readonly seed: readonly number[];
  readonly on: "manager" | "outbox";
  /** The state before the first mutation, as JSON text. */
  readonly initial: string;
  readonly steps: readonly Step[];
}

/** The programs of a session. */
export function programsOf({ steps }: Session): readonly Program[] {
  return steps.flatMap(({ calls }) => calls.flatMap((call) => call.programs));
}

const OTHERS: readonly StepKind[] = [
  "hold",
  "hold",
  "snapshot",
  "snapshot",
  "compact",
  "reopen",
  "reopen",
  "follow",
  "follow",
  "at",
];

/** Sessions with neighbouring numbers draw from the same programs: to compile them takes longest. */
const SESSIONS_PER_BLOCK = 64;
const PROGRAMS_PER_BLOCK = 256;
const LARGE_PER_BLOCK = 32;

/** The programs of the block that was drawn from last. */
const drawn = new Map<number, Program>();
let drawnFor = "";

function drawFrom(
  seed: number,
  number: number,
  random: Random,
  taste: Taste,
): Program {
  const block = Math.floor(number / SESSIONS_PER_BLOCK);
  if (drawnFor !== `${seed} ${block}`) {
    drawnFor = `${seed} ${block}`;
    drawn.clear();
  }
  const index = taste.large
    ? -1 - random.below(LARGE_PER_BLOCK)
    : random.below(PROGRAMS_PER_BLOCK);
  let program = drawn.get(index);
  if (program === undefined) {
    const bits = new Random(seed, 2, block, index).bits();
    program = drawProgram(bits, taste);
    drawn.set(index, program);
  }
  return program;
}

/** Draws the session with a number. */
export function drawSession(seed: number, number: number): Session {
  const random = new Random(seed, 1, number);
  const taste: Taste = { large: random.oneIn(16) };
  const next = () =>
    repeat(drawFrom(seed, number, random, taste), random.bits());
  const steps: Step[] = [];
  let left = random.between(10, 30);
  const several = (most: number) => {
    const count = Math.min(left, random.between(1, most));
    left -= count;
    return Array.from({ length: count }, next);
  };
  const drawCall = (): Call => {
    if (random.oneIn(8)) {
      const programs = random.oneIn(6) ? [] : several(2);
      return { how: "transact", programs };
    }
    return { how: "apply", programs: several(random.oneIn(6) ? 4 : 1) };
  };
  while (left > 0) {
    const kind = random.oneIn(4) ? random.pick(OTHERS) : "apply";
    const alone = kind === "apply" ? 1 : 0;
    const count = random.oneIn(2) ? random.between(2, 5) : alone;
    const calls: Call[] = [];
    for (let n = 0; n < count && left > 0; n++) calls.push(drawCall());
    steps.push({ kind, calls, choice: random.bits() });
  }
  if (random.oneIn(2)) {
    steps.push({ kind: "reopen", calls: [], choice: random.bits() });
  }
  const on = random.oneIn(8) ? "outbox" : "manager";
  const initial = initialState(random.bits(), taste);
  return { seed: [seed, number], on, initial, steps };
}

/** A session in words, with the source of its programs. */
export function showSession({ seed, on, initial, steps }: Session): string {
  const lines = [
    `session ${seed[1]} of --seed=${seed[0]}, on ${on}`,
    `initial state: ${initial}`,
  ];
  for (const { kind, calls, choice } of steps) {
    const number = kind === "at" || kind === "hold" ? ` ${choice}` : "";
    if (kind !== "apply") lines.push(`${kind}${number}`);
    if (calls.length > 1) lines.push(`${calls.length} calls together:`);
    for (const { how, programs } of calls) {
      lines.push(
        programs.length === 1 ? how : `${how}: ${programs.length} as one`,
      );
      for (const program of programs) lines.push(...linesOf(program));
    }
  }
  return lines.join("\n");
}

function linesOf(program: Program): string[] {
  const lines = program.statements.map(({ text }) => `    ${text}`);
  const usesPayload = lines.some((line) => /\bp\b/.test(line));
  if (usesPayload) lines.unshift(`    // p is ${program.payload}`);
  if (mayRefuse(program)) lines.unshift("    // may be refused");
  return lines;
}
