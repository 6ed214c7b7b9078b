/** What must be refused, and how to see that it is, and that nothing has happened. */

import { assert, assertEquals } from "@std/assert";
import type { SimulatedFileSystem } from "../../src/testing/mod.ts";
import { bytesOf } from "./queues_b.ts";

/** What is no length of time. */
export const NO_TIMES: readonly unknown[] = [
  -1,
  NaN,
  Infinity,
  -Infinity,
  1e15,
  "1",
  null,
  1n,
  {},
  [],
];
/** What is no count. */
export const NO_COUNTS: readonly unknown[] = [
  0,
  -1,
  1.5,
  NaN,
  "1",
  null,
  1n,
  {},
  [],
];

/** Runs something that must be refused as misuse, and change nothing. */
export async function assertRefused(
  { fileSystem }: { fileSystem: SimulatedFileSystem },
  run: () => Promise<unknown>,
  what: string,
): Promise<Error> {
  const before = bytesOf(fileSystem);
  const calls = fileSystem.operations.length;
  const error = await run().then(() => undefined, (error) => error);
  assert(
    error instanceof TypeError || error instanceof RangeError,
    `${what} is ${error === undefined ? "taken" : error}`,
  );
  assertEquals(bytesOf(fileSystem), before, `${what} changes the disk`);
  assertEquals(fileSystem.operations.length, calls, `${what} uses the disk`);
  return error;
}

/** One option with each of its bad values. */
export function each(name: string, values: readonly unknown[]): object[] {
  return values.map((value) => ({ [name]: value }));
}
