// deno-lint-ignore-file no-console
// Runs random reducers on states, and compares each with plain JavaScript.
//   --programs=N   how many (1000000)
//   --seed=N       which ones; by default other ones each time
//   --session=N    only this session of the seed
//   --skip=values,leaks   rules that are not checked
//   --show=N       how many differences are made small and printed (10)
import process from "node:process";
import { parseArgs } from "node:util";
import { type Counts, play } from "./play.ts";
import { drawSession } from "./session.ts";
import { showFinding, shrink } from "./shrink.ts";

const { values } = parseArgs({
  options: {
    programs: { type: "string", default: "1000000" },
    seed: { type: "string", default: String(Date.now() % 2 ** 31) },
    session: { type: "string" },
    skip: { type: "string", default: "" },
    show: { type: "string", default: "10" },
  },
});
const seed = count("seed", values.seed);
const programs = count("programs", values.programs);
const shown = count("show", values.show);
const only = values.session === undefined
  ? undefined
  : count("session", values.session);
const skipped = values.skip.split(",");
const options = {
  checks: {
    values: !skipped.includes("values"),
    leaks: !skipped.includes("leaks"),
  },
};

function count(name: string, value: string): number {
  const number = Number(value);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new RangeError(`Cannot use "${value}" as --${name}`);
}

const SECOND = 1000;
const PROGRESS = 10 * SECOND;

console.log(`seed ${seed}`);
const start = performance.now();
const seconds = () => ((performance.now() - start) / SECOND).toFixed(1);
const counts: Counts = { programs: 0, applied: 0, refused: 0, declined: 0 };
let next = PROGRESS;
let sessions = 0;
let differences = 0;
for (let number = only ?? 1; counts.programs < programs; number++) {
  const session = drawSession(seed, number);
  const difference = await play(session, options, counts);
  sessions++;
  if (difference !== undefined && ++differences <= shown) {
    const command = `--seed=${seed} --session=${number}`;
    console.log(`\nDIFFERENCE ${differences}: ${command}`);
    console.log(showFinding(await shrink({ session, difference }, options)));
  }
  if (performance.now() - start > next) {
    console.log(
      `${counts.programs} programs, ${differences} differences, ${seconds()} s`,
    );
    next += PROGRESS;
  }
  if (only !== undefined) break;
}
console.log(
  `${counts.programs} programs: ${counts.applied} applied, ${counts.refused} refused by both, ${counts.declined} declined; ${sessions} sessions, ${differences} differences, ${seconds()} s`,
);
process.exitCode = differences > 0 ? 1 : 0;
