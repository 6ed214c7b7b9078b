/**
 * Measurements in processes of their own, whose memory nothing else has used.
 *
 * @module
 */

import { execFile } from "node:child_process";
import process from "node:process";
import { promisify } from "node:util";
import { current, startArguments } from "./runtime.ts";

const run = promisify(execFile);

/**
 * Starts a script of this folder on the same runtime.
 *
 * @returns The JSON that it prints.
 */
export async function runChild<T>(
  script: string,
  args: readonly string[],
): Promise<T> {
  const { stdout } = await run(
    process.execPath,
    [...startArguments(current, script), ...args],
  );
  return JSON.parse(stdout);
}
