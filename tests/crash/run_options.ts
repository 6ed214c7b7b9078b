/** What the arguments of `npm run crash` ask for. */

import { parseArgs } from "node:util";
import { type SubjectName, SUBJECTS } from "./subjects.ts";

/** What is run, and for how long. */
export interface RunOptions {
  readonly subjects: readonly SubjectName[];
  /** Chooses the random histories; `undefined` for that of each effort. */
  readonly seed: number | undefined;
  /** How long it runs. */
  readonly minutes: number | undefined;
  /** How many distinct states of each subject end it. */
  readonly states: number | undefined;
  /** How many threads there are. */
  readonly shards: number;
}

const MOST_SHARDS = 256;

/**
 * Reads the arguments.
 *
 * @param args The arguments.
 * @param processors How many shards there are if none says so.
 * @throws {RangeError} If one of them cannot be used.
 */
export function optionsOf(
  args: readonly string[],
  processors: number,
): RunOptions {
  const option = { type: "string" } as const;
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { seed: option, minutes: option, states: option, shards: option },
    allowPositionals: true,
  });
  const number = (name: keyof typeof values, most: number) => {
    const text = values[name];
    if (text === undefined) return undefined;
    const value = Number(text);
    const isWhole = Number.isSafeInteger(value) || name === "minutes";
    if (text !== "" && isWhole && value > 0 && value <= most) return value;
    throw new RangeError(
      `Cannot use --${name}=${text}: it is no number from 1 to ${most}`,
    );
  };
  for (const name of positionals) {
    if ((SUBJECTS as readonly string[]).includes(name)) continue;
    throw new RangeError(
      `There is no subject ${name}: use ${SUBJECTS.join(", ")}`,
    );
  }
  const wanted = positionals.length === 0 ? SUBJECTS : positionals;
  return {
    // Programs are a part of states.
    subjects: SUBJECTS.filter((name) =>
      wanted.includes(name) ||
      (name === "programs" && wanted.includes("states"))
    ),
    seed: number("seed", 2 ** 31),
    minutes: number("minutes", 100_000),
    states: number("states", Number.MAX_SAFE_INTEGER),
    shards: number("shards", MOST_SHARDS) ?? processors,
  };
}
