/**
 * What the state must be: plain JavaScript on a plain object, and JSON after each
 * mutation.
 */

import { type Body, compile, mayRefuse, type Program } from "./program.ts";
import { checkJson, NotJson } from "./strict_json.ts";
import { watched, type Writes } from "./watched.ts";

/** A program under the number by which mutations name it. */
export interface Run {
  readonly number: number;
  readonly program: Program;
  readonly body: Body;
}

/** Compiles a program under a number. */
export function runOf(number: number, program: Program): Run {
  return { number, program, body: compile(program) };
}

/** The outcome of running a body once. */
export interface Execution {
  /** What it returned. */
  readonly result: unknown;
  /** What it observed, one line for each call of `log`. */
  readonly log: string;
}

/**
 * Runs a body on a state, whatever the state is made of.
 *
 * @param keep Receives the parts of the state that the program lets out.
 * @throws What the program throws.
 */
export function execute(
  body: Body,
  state: unknown,
  p: unknown,
  keep: (part: unknown) => void,
): Execution {
  const lines: string[] = [];
  const log = (value: unknown) => void lines.push(lineOf(value));
  const result = body(state, p, log, keep);
  return { result, log: lines.join("\n") };
}

function lineOf(value: unknown): string {
  if (typeof value === "object" && value !== null) {
    return JSON.stringify(value) ?? "";
  }
  if (Object.is(value, -0)) return "-0";
  return typeof value === "function" ? "function" : String(value);
}

/** What one mutation does to a state. */
interface Transition {
  /** The state after it, as JSON text; `undefined` if it is refused. */
  readonly text: string | undefined;
  readonly log: string;
  /** Whether it may be refused by what is tested, though it is not refused here. */
  readonly lenient: boolean;
}

/** What is tested gives up at this depth; the engines have a limit of their own. */
const MAX_DEPTH = 990;

/** Carries out a mutation on a state that is JSON text. */
function transition(text: string, run: Run): Transition {
  const state: unknown = JSON.parse(text);
  const payload = () => JSON.parse(run.program.payload);
  try {
    const { result, log } = execute(run.body, state, payload(), () => {});
    const isOther = result !== undefined && result !== state;
    if (isOther) checkReturned(state, result, text);
    const next = isOther ? result : state;
    const isDeep = checkJson(next) > MAX_DEPTH;
    const { writes, namesItems } = watch(run, text);
    const lenient = mayRefuse(run.program) || isDeep || namesItems ||
      isOther && writes;
    return { text: JSON.stringify(next), log, lenient };
  } catch {
    return { text: undefined, log: "", lenient: false };
  }
}

/**
 * What a program writes to its state, even if nothing has changed by that in the
 * end: to return another state then, or to name a member of an array, may be refused.
 */
function watch({ body, program }: Run, text: string): Writes {
  const seen = { writes: false, namesItems: false };
  const p: unknown = JSON.parse(program.payload);
  try {
    execute(body, watched(JSON.parse(text), seen), p, () => {});
  } catch {
    // It reads what it has written, and may throw for a proxy that it finds there.
  }
  return seen;
}

/** Throws unless a returned value may take the place of a state that was not changed. */
function checkReturned(state: unknown, result: unknown, text: string): void {
  if (typeof result !== "object" || result === null) {
    throw new NotJson("a primitive as the state");
  }
  checkJson(state);
  if (JSON.stringify(state) !== text) {
    throw new NotJson(
      "a state that was changed, and another that was returned",
    );
  }
}

/** The outcome that a call must have. */
export interface Verdict {
  readonly applied: boolean;
  /** Whether what is tested may refuse it nevertheless. */
  readonly lenient: boolean;
}

/** The states that a session must go through. */
export class Oracle {
  /** The state after each mutation, from 0, as JSON text. */
  readonly texts: string[];
  /** What the programs observed that were applied, by their numbers. */
  readonly #logs = new Map<number, string>();

  /** @param initial The state before the first mutation, as JSON text. */
  constructor(initial: string) {
    this.texts = [initial];
  }

  /** The newest state as JSON text. */
  get text(): string {
    return this.texts[this.texts.length - 1];
  }

  /** The number of mutations that were applied. */
  get sequence(): number {
    return this.texts.length - 1;
  }

  /** Applies programs as one call: all, or none. */
  call(runs: readonly Run[]): Verdict {
    const { sequence } = this;
    let lenient = false;
    for (const run of runs) {
      const next = transition(this.text, run);
      if (next.text === undefined) {
        this.revert(sequence, runs);
        return { applied: false, lenient: false };
      }
      lenient ||= next.lenient;
      this.texts.push(next.text);
      this.#logs.set(run.number, next.log);
    }
    return { applied: true, lenient };
  }

  /** Takes back what was applied after a mutation, and what those programs observed. */
  revert(sequence: number, runs: readonly Run[]): void {
    this.texts.length = sequence + 1;
    for (const { number } of runs) this.#logs.delete(number);
  }

  /** What a program observed. */
  logOf(number: number): string | undefined {
    return this.#logs.get(number);
  }
}
