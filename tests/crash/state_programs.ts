/**
 * States that generated programs change: what they are after each mutation says
 * the laboratory of reducers, with plain JavaScript on a plain object.
 */

import { Random } from "../fuzz/random.ts";
import { execute, Oracle, type Run, runOf } from "../reducers/oracle.ts";
import {
  drawProgram,
  initialState,
  type Program,
  repeat,
  sourceOf,
  type Taste,
} from "../reducers/program.ts";
import type { Mutation, World } from "./state_world.ts";

/** A mutation that is a program, by its number among those that were drawn. */
interface ProgramMutation extends Mutation {
  readonly run: number;
  readonly p: unknown;
}

/** So many programs are drawn for a history; it takes them again with other payloads. */
const POOL = 10;
/** So many are tried until one is applied to a state, and another refused. */
const ATTEMPTS = 6;
/** Programs of one mutation have numbers below those of the next. */
const ROOM = 10;
/** A state with more text than this, and some times its first text, is begun again. */
const MAX_TEXT = 1500;
const MAX_GROWTH = 2;
/** So is a state without what programs look for. */
const WANTED = '"rows":[';

/** The mutations that one seed gives, as many as are asked for; each is applied to the state that those before it give. */
class Programs {
  readonly #initial: string;
  readonly #oracle: Oracle;
  readonly #seed: number;
  readonly #pool: readonly Program[];
  readonly #runs = new Map<number, Run>();
  readonly #applied: Run[] = [];
  readonly #refused: Run[] = [];

  constructor(seed: number, taste: Taste) {
    this.#seed = seed;
    this.#initial = initialState(seed, taste);
    this.#oracle = new Oracle(this.#initial);
    const random = new Random(seed, 11);
    this.#pool = Array.from(
      { length: POOL },
      () => drawProgram(random.bits(), taste),
    );
  }

  /** The state after a mutation, as JSON text. */
  text(n: number): string {
    this.#reach(n);
    return this.#oracle.texts[n];
  }

  /** The program of a mutation. */
  applied(n: number): Run {
    this.#reach(n);
    return this.#applied[n - 1];
  }

  /** A program that is refused in the place of a mutation. */
  refused(n: number): Run {
    this.#reach(n);
    return this.#refused[n - 1];
  }

  /** A program by its own number, and what it must observe; nothing if it is to be refused. */
  find(run: number): { run: Run; log: string | undefined } {
    this.#reach(Math.floor(run / ROOM));
    const found = this.#runs.get(run);
    if (!found) throw new Error(`There is no program ${run}`);
    return { run: found, log: this.#oracle.logOf(run) };
  }

  #reach(n: number): void {
    while (this.#oracle.sequence < n) this.#next();
  }

  /** Chooses the next mutation, and one that is refused in its place. */
  #next(): void {
    const oracle = this.#oracle;
    const n = oracle.sequence + 1;
    const random = new Random(this.#seed, 12, n);
    const isSpent = this.#isSpent(oracle.text);
    let applied: Run | undefined;
    let refused: Run | undefined;
    for (let left = ATTEMPTS; left > 0 && !(applied && refused); left--) {
      const program = repeat(random.pick(this.#pool), random.bits());
      const run = runOf(n * ROOM + left, program);
      const verdict = oracle.call([run]);
      if (!verdict.applied) refused ??= run;
      else if (!verdict.lenient && !isSpent) applied ??= run;
      oracle.revert(n - 1, [run]);
    }
    applied ??= runOf(n * ROOM + ATTEMPTS + 1, startOver(this.#initial));
    refused ??= runOf(n * ROOM + ATTEMPTS + 2, hopeless(applied.program, n));
    for (const run of [applied, refused]) this.#runs.set(run.number, run);
    this.#applied.push(applied);
    this.#refused.push(refused);
    if (!oracle.call([applied]).applied) {
      throw new Error(`The oracle refuses program ${applied.number}`);
    }
  }

  #isSpent(text: string): boolean {
    return text.length > MAX_TEXT + MAX_GROWTH * this.#initial.length ||
      !text.startsWith("{") || !text.includes(WANTED);
  }
}

function startOver(initial: string): Program {
  return programOf(`return ${initial};`, "{}");
}

/** A program that is refused when it has changed everything. */
function hopeless(program: Program, n: number): Program {
  const end = n % 2 === 0
    ? 'throw new Error("refused");'
    : "state.refused = () => {};";
  const text = `try {\n${sourceOf(program)}\n} finally { ${end} }`;
  return programOf(text, program.payload);
}

function programOf(text: string, payload: string): Program {
  return { statements: [{ text, mayRefuse: false }], payload };
}

/** States that the programs of a seed change. */
export function programWorld(seed: number, large: boolean): World {
  const programs = new Programs(seed, { large });
  const mutation = (n: number, { number, program }: Run, version: number) => {
    const p: unknown = JSON.parse(program.payload);
    return upcast({ n, run: number, p }, version);
  };
  return {
    initial: () => JSON.parse(programs.text(0)),
    mutation: (n, version) => mutation(n, programs.applied(n), version),
    refused: (n, version) => mutation(n, programs.refused(n), version),
    text: (n) => programs.text(n),
    reducer: (version) => (state, given) => {
      const { run: number, p, version: written = 1 } = given as ProgramMutation;
      if (written !== version) throw new Error(`A mutation of ${written}`);
      const { run: { body }, log } = programs.find(number);
      const seen = execute(body, state, p, () => {});
      if (log !== undefined && seen.log !== log) {
        throw new Error(
          `M1: program ${number} observed ${seen.log}, not ${log}`,
        );
      }
      return seen.result as object | void;
    },
    upcast: (given, to) => upcast(given as ProgramMutation, to),
    migrate: (state) => state as object,
    describe: (count) => describe(programs, count),
  };
}

function upcast(mutation: ProgramMutation, to: number): ProgramMutation {
  return to === 1 ? mutation : { ...mutation, version: to };
}

/** The programs of the first mutations, as source text. */
function describe(programs: Programs, count: number): string {
  const lines = [`The programs, from ${programs.text(0)}`];
  const add = (what: string, { program }: Run) => {
    lines.push(`${what}, p = ${program.payload}:`);
    for (const line of sourceOf(program).split("\n")) lines.push(`  ${line}`);
  };
  for (let n = 1; n <= count; n++) {
    add(`${n}`, programs.applied(n));
    lines.push(`which gives ${programs.text(n)}`);
    add(`Refused in the place of ${n}`, programs.refused(n));
  }
  return lines.join("\n");
}
