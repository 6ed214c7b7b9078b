// deno-lint-ignore-file no-console
// The deep run of the fault matrix: ten workloads, each call of each failing in
// every way. Prints the matrix as it was seen, and how many faults that took.
import process from "node:process";
import { DEEP, EXPECTED, runMatrix } from "./matrix.ts";
import { COLUMNS } from "./table.ts";

const begin = performance.now();
const { faults, violations, rows } = await runMatrix(DEEP);

const width = Math.max(...[...rows.keys()].map(({ length }) => length));
console.log(`${"the fault".padEnd(width)} | ${COLUMNS.join(" | ")}`);
let differences = 0;
for (const [fault, row] of rows) {
  const expected = EXPECTED.get(fault);
  const note = row === expected ? "" : ` BUT MUST BE ${expected}`;
  if (note) differences++;
  console.log(`${fault.padEnd(width)} | ${row}${note}`);
}
for (const violation of violations) console.log(violation);
const seconds = ((performance.now() - begin) / 1000).toFixed(0);
console.log(`seeds ${DEEP.seeds.join(", ")}, ${seconds} s`);
console.log(
  `${faults} faults injected, ${violations.length + differences} violations`,
);
process.exitCode = violations.length + differences > 0 ? 1 : 0;
