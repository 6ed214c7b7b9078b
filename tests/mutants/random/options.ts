/** What the arguments of the mutants ask for. */

/** Safety measures that are taken away: the lists. */
export interface ListedRun {
  readonly kind: "listed";
  /** Only these; all if it is empty. */
  readonly names: readonly string[];
}

/** Ordinary mutants of the sources under a folder. */
export interface RandomRun {
  readonly kind: "random";
  /** How many; all with one of `ids` if it is `undefined`. */
  readonly count: number | undefined;
  /** A folder, or one source file. @default {"src"} */
  readonly under: string;
  /** What chooses them. @default {undefined} another one each time */
  readonly seed: number | undefined;
  /** The test files that are run, such as `tree_test.ts`. @default {undefined} all */
  readonly tests: readonly string[] | undefined;
  /** Only mutants with these ids. */
  readonly ids: readonly string[];
}

/** What is to be done. */
export type Request = ListedRun | RandomRun | { readonly kind: "names" };

const OPTIONS = ["random", "under", "seed", "tests", "id"];
const USAGE =
  "use NAME …, --list, or --random=N [--under=DIR] [--seed=N] [--tests=a,b] [--id=a,b]";

/**
 * Reads the arguments.
 *
 * @throws {TypeError} If they ask for nothing that there is.
 */
export function requestOf(args: readonly string[]): Request {
  if (args.length === 1 && args[0] === "--list") return { kind: "names" };
  if (!args.some((arg) => arg.startsWith("-"))) {
    return { kind: "listed", names: args };
  }
  const values = new Map<string, string>();
  for (const arg of args) {
    const [, name, value] = /^--(\w+)=(.+)$/.exec(arg) ?? [];
    if (name === undefined || !OPTIONS.includes(name)) throw refusal(arg);
    if (values.has(name)) {
      throw new TypeError(`Cannot use "${arg}": --${name} is there twice`);
    }
    values.set(name, value);
  }
  const [random, ids] = [values.get("random"), listOf(values.get("id"))];
  if (random === undefined && ids === undefined) {
    throw new TypeError(
      `Cannot use "${args[0]}": there is neither --random=N nor --id=ID`,
    );
  }
  const seed = values.get("seed");
  return {
    kind: "random",
    count: random === undefined ? undefined : numberOf("random", random, 1),
    under: values.get("under")?.replace(/^\.\/|\/+$/g, "") ?? "src",
    seed: seed === undefined ? undefined : numberOf("seed", seed, 0),
    tests: listOf(values.get("tests"))?.map(testFileOf),
    ids: ids ?? [],
  };
}

function refusal(arg: string): TypeError {
  const [, name] = /^--(\w+)/.exec(arg) ?? [];
  if (name !== undefined && OPTIONS.includes(name)) {
    return new TypeError(`Cannot use "${arg}": write --${name}=VALUE`);
  }
  const what = arg.startsWith("-") ? "option" : "name beside options";
  return new TypeError(`Cannot use "${arg}": unknown ${what}; ${USAGE}`);
}

function numberOf(name: string, value: string, least: number): number {
  const number = Number(value);
  if (/^\d+$/.test(value) && number >= least && number < 2 ** 32) return number;
  throw new TypeError(
    `Cannot use "--${name}=${value}": it is not a whole number from ${least}`,
  );
}

function listOf(value: string | undefined): readonly string[] | undefined {
  return value?.split(",").map((item) => item.trim()).filter((item) =>
    item !== ""
  );
}

/** `tree`, `tree_test.ts` and `tests/tree_test.ts` are the same file. */
function testFileOf(name: string): string {
  return `${
    name.replace(/^tests\//, "").replace(/(_test)?(\.ts)?$/, "")
  }_test.ts`;
}
