/** Starts a process that writes to a registry, and kills it in the middle of a write. */

import { spawn } from "node:child_process";
import { statSync } from "node:fs";
import process from "node:process";
import { setImmediate } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("roll_out.ts", import.meta.url));
/** By how many bytes the log grows before it is the batch: more than single deployments take, and a small part of it. */
const SIGN_OF_THE_BATCH = 128 * 1024;

/** How much is to be deployed. */
export interface RollOut {
  /** Deployments one by one; all of them are acknowledged before the batch begins. */
  readonly singles: number;
  /** Deployments in the batch, which must take several writes. */
  readonly batch: number;
}

/**
 * Lets another process deploy, and kills it with SIGKILL when the log shows that
 * it is writing the batch.
 *
 * @param directory The directory of the registry; nobody may have it open.
 * @param journal The file of its log.
 * @returns The sequence numbers that the process had printed.
 */
export async function crash(
  directory: string,
  journal: string,
  { singles, batch }: RollOut,
): Promise<number[]> {
  const args = [SCRIPT, directory, `${singles}`, `${batch}`];
  const limit = statSync(journal).size + SIGN_OF_THE_BATCH;
  const child = spawn(process.execPath, [...runFlags(directory), ...args], {
    stdio: ["ignore", "pipe", "inherit"],
    // Nothing is passed on: to read the environment takes a permission on Deno.
    // Its `spawn` still looks for one name, which `--ignore-env` says is not set.
    env: {},
  });
  let output = "";
  child.stdout.on("data", (chunk) => output += chunk);
  let isRunning = true;
  const ended = new Promise<unknown>((resolve) => {
    child.on("error", resolve);
    child.on("close", (_, signal) => resolve(signal));
  }).finally(() => isRunning = false);
  // A timer would look too late: a batch is written in a few milliseconds.
  while (isRunning && statSync(journal).size < limit) await setImmediate();
  child.kill("SIGKILL");
  const cause = await ended;
  if (cause !== "SIGKILL") {
    throw new Error("Cannot kill the process in a write: it ended by itself", {
      cause,
    });
  }
  return output.split("\n").slice(0, -1).map(Number);
}

/** What goes in front of a script: on Deno, the permission for one directory. */
function runFlags(directory: string): string[] {
  if (!("Deno" in globalThis)) return [];
  const allow = ["read", "write"].map((what) => `--allow-${what}=${directory}`);
  return ["run", "--no-prompt", ...allow];
}
