// deno-lint-ignore-file no-console
// Damages random journals for a while and checks what the library makes of them.
//   --seconds=60   how long
//   --seed=N       which cases; by default other ones each time
//   --case=N       only this case of the seed
import process from "node:process";
import { parseArgs } from "node:util";
import { Cases, runCase, show, shrink } from "./fuzzer.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string", default: String(Date.now() % 2 ** 31) },
    case: { type: "string" },
  },
});
const seed = count("seed", values.seed);
const seconds = count("seconds", values.seconds);
const only = values.case === undefined ? undefined : count("case", values.case);

function count(name: string, value: string): number {
  const number = Number(value);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new RangeError(`Cannot use "${value}" as --${name}`);
}

/** After so many there is enough to look at. */
const ENOUGH = 20;
const SECOND = 1000;
const PROGRESS = 10 * SECOND;

console.log(`seed ${seed}`);
const start = performance.now();
const all = new Cases(seed);
let next = PROGRESS;
let cases = 0;
let violations = 0;
for (let number = only ?? 1;; number++) {
  const finding = await runCase(all.draw(number));
  cases++;
  if (finding !== undefined) {
    violations++;
    console.log(`\nVIOLATION --seed=${seed} --case=${number}`);
    console.log(show(await shrink(finding)));
  }
  const passed = performance.now() - start;
  if (passed > next) {
    console.log(`${cases} cases, ${Math.round(passed / SECOND)} s`);
    next += PROGRESS;
  }
  if (only !== undefined || violations === ENOUGH) break;
  if (passed > seconds * SECOND) break;
}
console.log(`${cases} cases, ${violations} violations`);
process.exitCode = violations > 0 ? 1 : 0;
