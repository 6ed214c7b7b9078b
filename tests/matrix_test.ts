import { assert, assertEquals } from "@std/assert";
import {
  EXPECTED,
  fits,
  type MatrixReport,
  runMatrix,
} from "./matrix/matrix.ts";
import { test } from "./support/harness.ts";

let report: Promise<MatrixReport> | undefined;
/** All rows are filled in by one run. */
const matrix = () => report ??= runMatrix();

for (const [fault, expected] of EXPECTED) {
  test(`MiniStore, SnapStore, StateManager and MiniQueue do what the matrix says when ${fault}`, async () => {
    const { rows, violations } = await matrix();
    const own = violations.filter((what) => what.includes(`when ${fault}: `));
    assertEquals(own.slice(0, 3), []);
    const row = rows.get(fault) ?? "";
    assert(fits(row, expected), `${row} instead of ${expected}`);
  });
}

test("runMatrix() fills in every row, with thousands of faults and no violation", async () => {
  const { faults, violations, rows } = await matrix();
  assertEquals([...rows.keys()], [...EXPECTED.keys()]);
  assertEquals(violations.length, 0);
  assert(faults > 5000, `${faults} faults`);
});

test("fits() allows one of two letters, and no other", () => {
  assert(fits("P, O | –", "P, OT | –"));
  assert(fits("P, OT | –", "P, OT | –"));
  assert(!fits("P, R | –", "P, OT | –"));
  assert(!fits("P | O", "P | –"));
  assert(!fits("P | –", "P | O"));
});
