/**
 * Which test is likely to kill a mutant: one that is about the source, and one that
 * has killed mutants of the same file or folder before.
 */

import { readFileSync } from "node:fs";
import { posix } from "node:path";

/** How often a test kills mutants of a file, as long as nothing is known: it is named after it, mapped to it, of its part of the library, or of another one. */
const NAMED = 0.6;
const MAPPED = 0.5;
const RELATED = 0.2;
const OTHER = 0.02;
/** How many runs such a guess counts for, of a folder and of a file. */
const GUESS = 3;
/** What a test costs at least, in seconds: to start it. */
const START = 0.2;

/** The tests of each part of the library, by the beginnings of their names. */
const PARTS: readonly (readonly [RegExp, RegExp])[] = [
  [/^src\/state\//, /^(tree|state_|commits|reducers)/],
  [/^src\/queue\//, /^(mini_queue|queue_|work|leases|consumers|inspect)/],
  [/^src\/snapshot\//, /^(snap|pretty|parse)/],
  [/^src\/wal\//, /^(log|segments|damage|faults|group_commit|tail)/],
  [/^src\/(adapters|testing)\//, /^(adapters|lock|simulated|disk)/],
];

/** The test of each source whose test is not named after it, as tests/architecture_test.ts lists them. */
export function mappedTests(
  path = "tests/architecture_test.ts",
): ReadonlyMap<string, string> {
  const lines = readFileSync(path, "utf8").matchAll(
    /"(src\/[^"]+\.ts)":\s*"(\w+_test\.ts)"/g,
  );
  return new Map([...lines].map(([, source, test]) => [source, test]));
}

interface Tally {
  runs: number;
  kills: number;
}

/** The tests in the order of what they promise for their cost, better with each mutant. */
export class Likely {
  readonly #mapped: ReadonlyMap<string, string>;
  readonly #durations: ReadonlyMap<string, number>;
  readonly #tallies = new Map<string, Tally>();

  /**
   * @param mapped The tests of sources whose test is not named after them.
   * @param durations Seconds that each test file takes without a mutant.
   */
  constructor(
    mapped: ReadonlyMap<string, string>,
    durations: ReadonlyMap<string, number>,
  ) {
    this.#mapped = mapped;
    this.#durations = durations;
  }

  /** Notes what a test has made of a mutant of a source. */
  note(source: string, test: string, isKilled: boolean): void {
    for (const place of [source, posix.dirname(source)]) {
      const tally = this.#tallyOf(place, test);
      tally.runs++;
      if (isKilled) tally.kills++;
    }
  }

  /** All tests, the most likely killer of a mutant of the source first. */
  order(source: string): readonly string[] {
    const worth = new Map<string, number>();
    for (const [test, seconds] of this.#durations) {
      const rate = this.#rateOf(source, test);
      worth.set(test, rate / Math.max(START, seconds));
    }
    const worthOf = (test: string) => worth.get(test) ?? 0;
    return [...worth.keys()].sort((a, b) => worthOf(b) - worthOf(a));
  }

  /** The share of mutants of the source that the test is thought to kill. */
  #rateOf(source: string, test: string): number {
    const guess = guessOf(source, test, this.#mapped);
    const folder = this.#tallyOf(posix.dirname(source), test);
    // What it does to the rest of the folder says little about its own source.
    const expected = guess >= MAPPED
      ? guess
      : (folder.kills + GUESS * guess) / (folder.runs + GUESS);
    const own = this.#tallyOf(source, test);
    return (own.kills + GUESS * expected) / (own.runs + GUESS);
  }

  #tallyOf(place: string, test: string): Tally {
    const key = `${place} ${test}`;
    const tally = this.#tallies.get(key) ?? { runs: 0, kills: 0 };
    this.#tallies.set(key, tally);
    return tally;
  }
}

function guessOf(
  source: string,
  test: string,
  mapped: ReadonlyMap<string, string>,
): number {
  if (test === `${posix.basename(source, ".ts")}_test.ts`) return NAMED;
  if (test === mapped.get(source)) return MAPPED;
  const isRelated = PARTS.some(([sources, tests]) =>
    sources.test(source) && tests.test(test)
  );
  return isRelated ? RELATED : OTHER;
}
