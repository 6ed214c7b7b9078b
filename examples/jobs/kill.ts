/** Starts a script in a process of its own, and kills it. */

import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";

/**
 * Starts a script, on the runtime that runs this, and kills it with SIGKILL when
 * it has printed so many lines.
 *
 * @param script Its name in this folder.
 * @param directory What it may touch, on Deno; its first argument.
 * @param args The other arguments.
 * @param count After how many lines.
 * @returns The lines that it had printed; some more, mostly.
 */
export async function killAfter(
  script: string,
  directory: string,
  args: readonly string[],
  count: number,
): Promise<string[]> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const command = [...runFlags(directory), path, directory, ...args];
  const child = spawn(process.execPath, command, {
    stdio: ["ignore", "pipe", "inherit"],
    env: {}, // to read the environment takes a permission on Deno
  });
  let output = "";
  let lines = 0;
  child.stdout.on("data", (chunk) => {
    const text = String(chunk);
    output += text;
    lines += text.split("\n").length - 1;
    if (lines >= count) child.kill("SIGKILL");
  });
  const cause = await new Promise<unknown>((resolve) => {
    child.on("error", resolve);
    child.on("close", (_, signal) => resolve(signal));
  });
  if (cause === "SIGKILL") return output.split("\n").slice(0, -1);
  throw new Error(`Cannot kill ${script}: it ended by itself`, { cause });
}

/** What goes in front of a script: on Deno, the permission for one directory. */
function runFlags(directory: string): string[] {
  if (!("Deno" in globalThis)) return [];
  const allow = ["read", "write"].map((what) => `--allow-${what}=${directory}`);
  return ["run", "--no-prompt", ...allow];
}
