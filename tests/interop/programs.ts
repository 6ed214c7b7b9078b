// The programs that the checks run: cargo, those it builds, and read.ts and
// manage.ts on each runtime.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Numbered, Opened } from "./state.ts";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const TARGET = join(HERE, "target");
const READ = join("tests", "interop", "read.ts");
const MANAGE = join("tests", "interop", "manage.ts");
/** The folders of the programs in Rust. */
const CRATES = [HERE, join(HERE, "numbered")];

/** The commands that run a script, from the root of the checkout. */
export const RUNTIMES: Readonly<Record<string, readonly string[]>> = {
  Node: [process.execPath],
  Deno: [bin("deno"), "run", "-A", "--import-map=offline/import_map.json"],
  Bun: [bin("bun")],
};

/** Whether the programs in Rust are there, or why they cannot be built on this machine. */
export type Build =
  | { readonly built: true }
  | { readonly built: false; readonly reason: string };

/** Builds the programs in Rust; what is wrong with the programs themselves throws. */
export function buildRust(): Build {
  for (const crate of CRATES) {
    const build = buildCrate(crate);
    if (!build.built) return build;
  }
  return { built: true };
}

/** Runs the program in Rust and returns the lines it printed. */
export function rust(...args: readonly (string | number)[]): string[] {
  return lines([join(TARGET, "release", "interop"), ...args.map(String)]);
}

/** Runs a command of the program in Rust that prints a state. */
export function rustState(...args: readonly (string | number)[]): Numbered {
  return JSON.parse(rust(...args)[0]);
}

/** Runs the program in Rust that has minisnap 0.1.3. */
export function rustNumbered(...args: readonly (string | number)[]): Numbered {
  const program = join(TARGET, "release", "numbered");
  return JSON.parse(lines([program, ...args.map(String)])[0]);
}

/** Runs a command of manage.ts on a runtime. */
export function stateOn(
  runtime: string,
  ...args: readonly (string | number)[]
): Opened {
  const [line] = lines([...RUNTIMES[runtime], MANAGE, ...args.map(String)]);
  return JSON.parse(line);
}

/** The records of a journal as a runtime reads them, opened to write before if a format is given. */
export function readOn(
  runtime: string,
  path: string,
  ...format: readonly ("v0.1" | "v0.2")[]
): unknown[] {
  return lines([...RUNTIMES[runtime], READ, path, ...format])
    .map((line) => JSON.parse(line));
}

function bin(name: string): string {
  return join("node_modules", ".bin", name);
}

function buildCrate(folder: string): Build {
  // Crates that are there already are enough; asking the registry comes second.
  const offline = cargo(folder, "build", "--release", "--offline");
  if (offline.missing) {
    return { built: false, reason: "cargo is not installed" };
  }
  if (offline.ok) return { built: true };
  const fetched = cargo(folder, "fetch");
  // This message is about Cargo.lock, and no network would help.
  if (!fetched.ok && !fetched.stderr.includes("--locked")) {
    const reason = fetched.stderr.match(/^error: (.*)$/m)?.[1] ?? "no reason";
    return {
      built: false,
      reason: `the crates cannot be fetched: ${reason}`,
    };
  }
  const build = fetched.ok ? cargo(folder, "build", "--release") : fetched;
  if (build.ok) return { built: true };
  throw new Error(`Cannot build the program in Rust:\n${build.stderr}`);
}

function cargo(folder: string, command: string, ...args: readonly string[]) {
  const { error, status, stderr } = spawnSync("cargo", [
    command,
    "--locked",
    ...args,
    "--manifest-path",
    join(folder, "Cargo.toml"),
  ], {
    encoding: "utf8",
    maxBuffer: Infinity,
    env: { ...process.env, CARGO_TARGET_DIR: TARGET },
  });
  const missing = (error as { code?: unknown } | undefined)?.code === "ENOENT";
  if (error && !missing) throw error;
  return { ok: status === 0, missing, stderr };
}

function lines([command, ...args]: readonly string[]): string[] {
  const { error, status, stdout, stderr } = spawnSync(command, args, {
    cwd: ROOT,
    encoding: "utf8",
    maxBuffer: Infinity,
  });
  if (error) throw error;
  if (status !== 0) {
    throw new Error(`${command} ended with ${status}: ${stderr.trim()}`);
  }
  return stdout === "" ? [] : stdout.replace(/\n$/, "").split("\n");
}
