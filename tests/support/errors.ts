/** Assertions about errors. */

import { assertEquals, assertRejects } from "@std/assert";
import { DurableError, type DurableErrorCode } from "../../mod.ts";

/** Asserts that a promise rejects with a `DurableError` of a code. */
export async function assertCode(
  run: () => Promise<unknown>,
  code: DurableErrorCode,
): Promise<DurableError> {
  const error = await assertRejects(run, DurableError);
  assertEquals(error.code, code, error.message);
  return error;
}
