// deno-lint-ignore-file no-console
/**
 * Tests a sample of ordinary mutants, which nobody has thought of: what the lists
 * of safety measures do not show is whether the tests look at all that the code does.
 */

import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { posix } from "node:path";
import { EXPLAINED } from "./explained.ts";
import { Likely, mappedTests } from "./random/likely.ts";
import {
  mutantsOf,
  mutate,
  type RandomMutant,
  shuffled,
} from "./random/mutants.ts";
import type { RandomRun } from "./random/options.ts";
import {
  control,
  copies,
  type Durations,
  elapsed,
  firstFailure,
  TESTS,
  together,
} from "./suite.ts";
import type { Tree } from "./tree.ts";

/** The share of mutants, in percent, that must be killed or explained. */
const ENOUGH = 90;
/** Of a change of many lines, so many are shown. */
const SHOWN = 6;

/** Tests random mutants; whether enough of them are killed or explained. */
export async function runRandom(request: RandomRun): Promise<boolean> {
  const { under, seed = Date.now() % 2 ** 31 } = request;
  const problem = problemOf(request);
  if (problem !== undefined) {
    console.log(problem);
    return false;
  }
  killTheseFirst();
  // Before the copies, so that a change in between is noticed, see #test.
  const sources = sourcesUnder(under);
  const all = await mutantsOf(sources);
  const chosen = chosenFrom(all, request, seed);
  warnOfAged(all, request);
  if (chosen.length === 0) {
    console.log(`there is no such mutant under ${under}`);
    return false;
  }
  const count = Math.min(request.count ?? chosen.length, chosen.length);
  console.log(
    `${all.length} mutants can be made under ${under}, seed ${seed}`,
  );
  const trees = copies();
  const files = request.tests ?? TESTS;
  const durations = (await control(trees, new Set(["bun"]), files))?.get("bun");
  if (durations === undefined) return false;
  const run = new Sample(sources, chosen, durations);
  const slots = Array.from({ length: count }, (_, n) => n);
  await together(trees, slots, (tree) => run.testNext(tree));
  return run.report(under, seed);
}

/** Why a request cannot be done; `undefined` if it can. */
function problemOf({ under, tests }: RandomRun): string | undefined {
  if (statSync(under, { throwIfNoEntry: false }) === undefined) {
    return `Cannot use "--under=${under}": there is no such folder`;
  }
  const missing = tests?.find((name) => !TESTS.includes(name));
  if (missing === undefined) return undefined;
  return `Cannot use "--tests": there is no tests/${missing}, or it does not look at what the sources do`;
}

/** A mutant may take all memory: then this run ends, not what else is at work. */
function killTheseFirst(): void {
  try {
    writeFileSync("/proc/self/oom_score_adj", "1000");
  } catch {
    // Not Linux, or not allowed.
  }
}

/** The TypeScript sources under a folder, or one file, by their paths. */
function sourcesUnder(under: string): ReadonlyMap<string, string> {
  const files = statSync(under).isFile() ? [under] : readdirSync(under, {
    recursive: true,
    encoding: "utf8",
  }).map((name) => posix.join(under, name.replaceAll("\\", "/")));
  const sources = files.filter((file) => file.endsWith(".ts")).sort();
  return new Map(sources.map((file) => [file, readFileSync(file, "utf8")]));
}

function chosenFrom(
  all: readonly RandomMutant[],
  { ids }: RandomRun,
  seed: number,
): readonly RandomMutant[] {
  const chosen = ids.length === 0
    ? all
    : all.filter(({ id }) => ids.includes(id));
  return shuffled(chosen, seed);
}

/** Names the explanations of mutants that are no more, if all sources are looked at. */
function warnOfAged(
  all: readonly RandomMutant[],
  { under, ids }: RandomRun,
): void {
  const known = new Set(all.map(({ id }) => id));
  const aged = under === "src" ? EXPLAINED.map(({ id }) => id) : [];
  for (const id of [...aged, ...ids]) {
    if (!known.has(id)) console.log(`${id}: there is no such mutant any more`);
  }
}

/** Mutants that are tested, one after the other as they are drawn. */
class Sample {
  readonly #sources: ReadonlyMap<string, string>;
  readonly #waiting: IterableIterator<RandomMutant>;
  readonly #durations: Durations;
  readonly #likely: Likely;
  readonly #survivors: RandomMutant[] = [];
  #killed = 0;
  #explained = 0;
  #refused = 0;

  constructor(
    sources: ReadonlyMap<string, string>,
    mutants: readonly RandomMutant[],
    durations: Durations,
  ) {
    this.#sources = sources;
    this.#waiting = mutants.values();
    this.#durations = durations;
    this.#likely = new Likely(mappedTests(), durations);
  }

  /**
   * Tests the next mutant that compiles. As all are drawn from one list, and each
   * call takes one that compiles, the sample is the same however long each takes.
   */
  async testNext(tree: Tree): Promise<void> {
    for (;;) {
      const { value: mutant, done } = this.#waiting.next();
      if (done) return;
      if (await this.#test(tree, mutant)) return;
      this.#refused++;
    }
  }

  /** Whether a mutant compiles; if it does, its outcome is counted. */
  async #test(tree: Tree, mutant: RandomMutant): Promise<boolean> {
    const { id, file, line } = mutant;
    const source = this.#sources.get(file) ?? "";
    // The text is all of the file, the promise and the test are not looked at.
    const change = {
      name: id,
      breaks: "W1",
      file,
      from: source,
      to: mutate(source, mutant),
      likely: "",
    } as const;
    if (tree.refusalOf(change) !== undefined) {
      throw new Error(`${file} has changed while it was copied: start again`);
    }
    const start = performance.now();
    const failure = await tree.with(change, async () => {
      const { passed } = await tree.compile();
      return passed ? await this.#failureOf(tree, file) : "compiler";
    });
    if (failure === "compiler") return false;
    const explanation = EXPLAINED.find((known) => known.id === id);
    const where = `${id} ${file}:${line}`;
    if (failure !== undefined) {
      this.#killed++;
      console.log(`${where}: killed by ${failure} in ${elapsed(start)}`);
      if (explanation !== undefined) {
        console.log(`${id}: the explanation is wrong: ${explanation.why}`);
      }
    } else if (explanation !== undefined) {
      this.#explained++;
      console.log(`${where}: explained: ${explanation.why}`);
    } else {
      this.#survivors.push(mutant);
      console.log(`${where}: SURVIVED in ${elapsed(start)}`);
    }
    return true;
  }

  #failureOf(tree: Tree, file: string): Promise<string | undefined> {
    return firstFailure(
      tree,
      this.#likely.order(file),
      this.#durations,
      "bun",
      (test, isFailed) => this.#likely.note(file, test, isFailed),
    );
  }

  /** Prints what survived, and the sum of all; whether enough are killed or explained. */
  report(under: string, seed: number): boolean {
    const place = ({ file, line }: RandomMutant) =>
      `${file}:${String(line).padStart(6, "0")}`;
    const survivors = this.#survivors.toSorted((a, b) =>
      place(a) < place(b) ? -1 : 1
    );
    for (const survivor of survivors) console.log(`\n${shown(survivor)}`);
    const passed = this.#killed + this.#explained;
    const count = passed + survivors.length;
    const percent = count === 0 ? 0 : 100 * passed / count;
    console.log(
      `\n${
        percent.toFixed(1)
      } % are killed or explained, ${ENOUGH} % must be; ${this.#refused} more did not compile (${elapsed()})`,
    );
    const survived = (count === 0 ? 0 : 100 - percent).toFixed(1);
    console.log(
      `${count} random mutants under ${under}, ${this.#killed} killed, ${this.#explained} explained, ${survivors.length} survived (${survived} %), seed ${seed}`,
    );
    return percent >= ENOUGH;
  }
}

/** A survivor, with the lines before and after. */
function shown({ id, file, line, scope, before, after }: RandomMutant): string {
  const where = scope === "" ? "" : ` in ${scope}`;
  return `${id} ${file}:${line}${where}\n${marked("-", before)}\n${
    marked("+", after)
  }`;
}

function marked(mark: string, text: string): string {
  const lines = text.split("\n");
  const rest = lines.length - SHOWN;
  const first = lines.slice(0, SHOWN).map((line) => `${mark} ${line}`);
  if (rest > 0) first.push(`${mark} … ${rest} more lines`);
  return first.join("\n");
}
