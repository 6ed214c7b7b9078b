/** The random mutants of `npm run mutants -- --random=N`: where they are made, and how they are chosen. */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  otherNumbers,
  otherOperators,
  otherStrings,
} from "./mutants/random/changes.ts";
import { Likely, mappedTests } from "./mutants/random/likely.ts";
import {
  mutantsOf,
  mutate,
  type RandomMutant,
  shuffled,
} from "./mutants/random/mutants.ts";
import { requestOf } from "./mutants/random/options.ts";
import { test } from "./support/harness.ts";

const FILE = "src/a.ts";

function of(text: string, file = FILE): Promise<readonly RandomMutant[]> {
  return mutantsOf(new Map([[file, text]]));
}

/** What becomes of a text, by all mutants of it. */
async function changed(text: string): Promise<readonly string[]> {
  return (await of(text)).map((mutant) => mutate(text, mutant));
}

/** What each mutant of a text replaces by what. */
async function changes(text: string): Promise<readonly string[]> {
  return (await of(text)).map(({ site: { start, end }, to }) =>
    `${text.slice(start, end)} -> ${to}`
  );
}

test("mutantsOf() finds nothing in comments, regular expressions, the text of templates, imports and types", async () => {
  const text = `
import { a } from "./1.ts";
export { b } from "./2.ts";
import type { C } from "./3.ts";
export * from "4";
/** Doc: \`if (x < 1) return true;\` … 😀 */
interface I<T extends "a" | 1 = 1> { readonly "a-b": true; 2: 0; m(x: -1): x is 1 }
type U = "x" | 0 | false | \`t\${1}\` | typeof a extends true ? 1 : 2;
export class D extends E<1, "q"> implements I<1> { declare x: "y"; }
// x < 1 && y
const r = /a+ < "b" && [/'"] 1 - 2/g; /* 1 + 1 */
const t = \`1 < 2 \\\` "text" \${r} && 'more' \${a}\`;
const arrow = <T extends 1>(x: 1 | "two"): x is 1 => t as "3" as (0 | 1) satisfies 1;
const call = f<a, b>(r), cast = new Map<"a", 1>();
function over(x: 1): "a";
function over<const T = 0>(x: T): "a" { return x as "a"; }
const o = { "a b": r, 1: r, [r]: r };
const loaded = await import("./5.ts");
`;
  assertEquals(await changes(text), []);
});

test("mutantsOf() tells operators from what looks like them", async () => {
  // The one is a call with type arguments, the other compares twice.
  assertEquals(await changes("x = f<b>(c);"), ["x = f<b>(c); -> ;"]);
  assertEquals(await changed("y(a < b > c);"), [
    ";",
    "y(a <= b > c);",
    "y(a < b >= c);",
  ]);
  assertEquals(await changed("return_(a >>> b, a >> b, a => b, a >= b);"), [
    ";",
    "return_(a << b, a >> b, a => b, a >= b);",
    "return_(a >>> b, a << b, a => b, a >= b);",
    "return_(a >>> b, a >> b, a => b, a > b);",
  ]);
  // A division on both sides of what would be a regular expression after "(".
  assertEquals(await changed("const q = a / b / (c);"), [
    "const q = a * b / (c);",
    "const q = a / b * (c);",
  ]);
  assertEquals(await changed("const q = (/ b /).test(c);"), []);
  assertEquals(await changed("const q = `a < ${b < c ? d : e} <`;"), [
    "const q = `a < ${!(b < c) ? d : e} <`;",
    "const q = `a < ${true ? d : e} <`;",
    "const q = `a < ${false ? d : e} <`;",
    "const q = `a < ${b <= c ? d : e} <`;",
  ]);
});

test("mutantsOf() counts in the units of strings, also after what takes more bytes", async () => {
  assertEquals(await changed('/* …😀é */ const x = f("ü…") /* 😀 */ + y;'), [
    '/* …😀é */ const x = f("") /* 😀 */ + y;',
    '/* …😀é */ const x = f("ü…") /* 😀 */ - y;',
  ]);
});

test("mutantsOf() replaces each operator", async () => {
  const pairs = "+ - * /,< <= > >=,=== !==,&& ||,& |,<< >>,+= -=,&&= ||=";
  for (const pair of pairs.split(",").flatMap((four) => two(four.split(" ")))) {
    for (const [operator, other] of [pair, pair.toReversed()]) {
      assertEquals(otherOperators(operator), [other]);
      assert(
        (await changed(`r(a ${operator} b);`)).includes(`r(a ${other} b);`),
        operator,
      );
    }
  }
  assertEquals(otherOperators("??="), ["="]);
  for (const none of ["=", ",", "in", "instanceof"]) {
    assertEquals(otherOperators(none), []);
  }
  assertEquals(await changed("r(i++, --i, !i, -i);"), [
    ";",
    "r(i--, --i, !i, -i);",
    "r(i++, ++i, !i, -i);",
    "r(i++, --i, i, -i);",
  ]);
  assertEquals(await changes("r(a ?? b, a ?? 7, a ?? 0);"), [
    "r(a ?? b, a ?? 7, a ?? 0); -> ;",
    "a ?? b -> b",
    "a ?? 7 -> 7",
    "?? -> ||",
    "7 -> 8",
    "a ?? 0 -> 0",
    "0 -> 1",
  ]);
});

function two<T>(items: readonly T[]): (readonly T[])[] {
  return items.length <= 2
    ? [items]
    : [items.slice(0, 2), ...two(items.slice(2))];
}

test("mutantsOf() negates conditions and makes them constant, a loop never endless", async () => {
  assertEquals(await changed("if (a.b) {} else if (!c) {}"), [
    "if (!(a.b)) {} else if (!c) {}",
    "if (true) {} else if (!c) {}",
    "if (false) {} else if (!c) {}",
    "if (a.b) {} else if (!(!c)) {}",
    "if (a.b) {} else if (true) {}",
    "if (a.b) {} else if (false) {}",
  ]);
  assertEquals(await changes("while (a) {} do {} while (b); for (; c;) {}"), [
    "a -> !(a)",
    "a -> false",
    "b -> !(b)",
    "b -> false",
  ]);
  // One mutant for the opposite of an equality.
  assertEquals(await changes("if (a === b) {}"), [
    "a === b -> true",
    "a === b -> false",
    "=== -> !==",
  ]);
  assertEquals(await changes("while (true) {}"), ["true -> false"]);
});

test("mutantsOf() replaces constants, but no message and no name", async () => {
  assertEquals(otherNumbers("0"), ["1"]);
  assertEquals(otherNumbers("1"), ["0", "2"]);
  assertEquals(otherNumbers("1_000"), ["1001"]);
  assertEquals(otherNumbers("0xff"), ["256"]);
  assertEquals(otherNumbers("0.5"), ["1.5"]);
  assertEquals(otherNumbers("1e300"), []);
  assertEquals(otherNumbers("0n"), ["1n"]);
  assertEquals(otherNumbers("1n"), ["0n", "2n"]);
  assertEquals(otherNumbers("0x10n"), ["17n"]);
  assertEquals(otherStrings('""'), ['"x"']);
  assertEquals(otherStrings('"text"'), ['""']);
  assertEquals(otherStrings('", "'), ['""']);
  assertEquals(otherStrings('"it has failed"'), []);
  assertEquals(await changes('const o = { "a": "b", 5: true, c: -1 };'), [
    '"b" -> ""',
    "true -> false",
    "1 -> 0",
    "1 -> 2",
  ]);
  assertEquals(
    await changes('const e = new RangeError("bad", { n: 2, o: f("C") });'),
    ["2 -> 3"],
  );
});

test("mutantsOf() removes statements, and leaves others whole", async () => {
  assertEquals(await changed('"use strict"; if (a()) b = c; else await d();'), [
    '"use strict"; if (!(a())) b = c; else await d();',
    '"use strict"; if (true) b = c; else await d();',
    '"use strict"; if (false) b = c; else await d();',
    '"use strict"; if (a()) ; else await d();',
    '"use strict"; if (a()) b = c; else ;',
  ]);
  assertEquals(await changes('throw corrupt(a, "b");'), [
    'throw corrupt(a, "b"); -> ;',
  ]);
  assertEquals(await changes("l: for (;;) { break l; continue; return; }"), [
    "break l; -> continue l;",
    "break l; -> ;",
    "continue; -> break;",
    "continue; -> ;",
  ]);
});

test("mutantsOf() shows lines, place and id, which stays when other lines move", async () => {
  const text = `class A {
  #n = a;
  add(): void {
    this.#n++;
    this.#n++;
  }
}
const LIMIT = 5;
`;
  const mutants = await of(text);
  const shown = mutants.map(({ line, scope, before, after }) =>
    [line, scope, before, after].join("|")
  );
  assertEquals(shown, [
    "4|A.add|    this.#n++;|    ;",
    "4|A.add|    this.#n++;|    this.#n--;",
    "5|A.add|    this.#n++;|    ;",
    "5|A.add|    this.#n++;|    this.#n--;",
    "8|LIMIT|const LIMIT = 5;|const LIMIT = 6;",
  ]);
  const ids = (mutants: readonly RandomMutant[]) => mutants.map(({ id }) => id);
  assertEquals(new Set(ids(mutants)).size, mutants.length);
  for (const id of ids(mutants)) assert(/^[0-9a-f]{10}$/.test(id));
  const moved = text.replace("class", "// New.\n\nclass")
    .replaceAll("    this", "      this");
  assertEquals(ids(await of(moved)), ids(mutants));
  const elsewhere = ids(await of(text, "src/b.ts"));
  assert(!ids(mutants).some((id) => elsewhere.includes(id)));
});

test("mutantsOf() refuses a source that does not parse", async () => {
  await assertRejects(() => of("const = 1;"), SyntaxError, "in src/a.ts: ");
});

test("shuffled() gives the same order for the same seed, and first one mutant of each place", async () => {
  const text = Array.from(
    { length: 20 },
    (_, n) => `function f${n}() { if (a${n}) b(c < ${n + 2}); }`,
  ).join("\n");
  const mutants = await of(text);
  const ids = (seed: number) => shuffled(mutants, seed).map(({ id }) => id);
  assertEquals(ids(7), ids(7));
  assert(String(ids(7)) !== String(ids(8)));
  assertEquals(ids(7).toSorted(), mutants.map(({ id }) => id).toSorted());
  const places = new Set(mutants.map(({ site }) => site)).size;
  assertEquals([mutants.length, places], [120, 80]);
  const first = shuffled(mutants, 7).slice(0, places);
  assertEquals(new Set(first.map(({ site }) => site)).size, places);
});

test("Likely.order() puts the test of a source first, then what has killed before, then the cheap ones", () => {
  const durations = new Map([
    ["slow_test.ts", 9],
    ["quick_test.ts", 1],
    ["heap_test.ts", 2],
    ["tree_test.ts", 3],
    ["state_open_test.ts", 3],
  ]);
  const mapped = new Map([["src/state/edit.ts", "tree_test.ts"]]);
  const likely = new Likely(mapped, durations);
  assertEquals(likely.order("src/queue/heap.ts"), [
    "heap_test.ts",
    "quick_test.ts",
    "tree_test.ts",
    "state_open_test.ts",
    "slow_test.ts",
  ]);
  assertEquals(likely.order("src/state/edit.ts").slice(0, 2), [
    "tree_test.ts",
    "state_open_test.ts",
  ]);
  for (let n = 0; n < 9; n++) {
    likely.note("src/state/edit.ts", "tree_test.ts", false);
    likely.note("src/state/edit.ts", "slow_test.ts", true);
  }
  assertEquals(likely.order("src/state/edit.ts")[0], "slow_test.ts");
  assertEquals(likely.order("src/state/load.ts")[0], "slow_test.ts");
  assertEquals(likely.order("src/queue/heap.ts")[0], "heap_test.ts");
});

test("mappedTests() reads the tests of sources from architecture_test.ts", () => {
  assertEquals(mappedTests().get("src/crc32.ts"), "adapters_test.ts");
});

test("requestOf() reads the options of the mutants, and refuses others", () => {
  assertEquals(requestOf([]), { kind: "listed", names: [] });
  assertEquals(requestOf(["a", "b"]), { kind: "listed", names: ["a", "b"] });
  assertEquals(requestOf(["--list"]), { kind: "names" });
  assertEquals(requestOf(["--random=200", "--under=./src/state/"]), {
    kind: "random",
    count: 200,
    under: "src/state",
    seed: undefined,
    tests: undefined,
    ids: [],
  });
  assertEquals(
    requestOf(["--id=ab,cd", "--seed=0", "--tests=tree,log_test.ts"]),
    {
      kind: "random",
      count: undefined,
      under: "src",
      seed: 0,
      tests: ["tree_test.ts", "log_test.ts"],
      ids: ["ab", "cd"],
    },
  );
  const refused: [string, string][] = [
    ["--lists", 'Cannot use "--lists": unknown option; use '],
    ["--list a", 'Cannot use "--list": unknown option; use '],
    ["--random=2 a", 'Cannot use "a": unknown name beside options; use '],
    ["--random", 'Cannot use "--random": write --random=VALUE'],
    ["--random=", 'Cannot use "--random=": write --random=VALUE'],
    ["--random=0", 'Cannot use "--random=0": it is not a whole number from 1'],
    ["--random=1e3", "it is not a whole number from 1"],
    ["--random=2 --seed=-1", "it is not a whole number from 0"],
    ["--seed=1", 'Cannot use "--seed=1": there is neither --random=N nor'],
    ["--random=2 --random=3", "--random is there twice"],
    ["--random=2 --constructor=3", "unknown option"],
  ];
  for (const [line, message] of refused) {
    assertThrows(() => requestOf(line.split(" ")), TypeError, message);
  }
});
