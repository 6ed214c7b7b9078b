// The programs that the checks run: cargo, the one it builds, and read.ts on each
// runtime.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const TARGET = join(HERE, "target");
const READ = join("tests", "interop", "read.ts");

/** The commands that run read.ts, from the root of the checkout. */
export const RUNTIMES: Readonly<Record<string, readonly string[]>> = {
  Node: [process.execPath, READ],
  Deno: [
    bin("deno"),
    "run",
    "-A",
    "--import-map=offline/import_map.json",
    READ,
  ],
  Bun: [bin("bun"), READ],
};

/** Whether the program in Rust is there, or why it cannot be built on this machine. */
export type Build =
  | { readonly built: true }
  | { readonly built: false; readonly reason: string };

/** Builds the program in Rust; what is wrong with the program itself throws. */
export function buildRust(): Build {
  // Crates that are there already are enough; asking the registry comes second.
  const offline = cargo("build", "--release", "--offline");
  if (offline.missing) {
    return { built: false, reason: "cargo is not installed" };
  }
  if (offline.ok) return { built: true };
  const fetched = cargo("fetch");
  // This message is about Cargo.lock, and no network would help.
  if (!fetched.ok && !fetched.stderr.includes("--locked")) {
    const reason = fetched.stderr.match(/^error: (.*)$/m)?.[1] ?? "no reason";
    return {
      built: false,
      reason: `the crates cannot be fetched: ${reason}`,
    };
  }
  const build = fetched.ok ? cargo("build", "--release") : fetched;
  if (build.ok) return { built: true };
  throw new Error(`Cannot build the program in Rust:\n${build.stderr}`);
}

/** Runs the program in Rust and returns the lines it printed. */
export function rust(...args: readonly (string | number)[]): string[] {
  return lines([join(TARGET, "release", "interop"), ...args.map(String)]);
}

/** The records of a journal as a runtime reads them, opened to write before if a format is given. */
export function readOn(
  runtime: string,
  path: string,
  ...format: readonly ("v0.1" | "v0.2")[]
): unknown[] {
  return lines([...RUNTIMES[runtime], path, ...format])
    .map((line) => JSON.parse(line));
}

function bin(name: string): string {
  return join("node_modules", ".bin", name);
}

function cargo(command: string, ...args: readonly string[]) {
  const { error, status, stderr } = spawnSync("cargo", [
    command,
    "--locked",
    ...args,
    "--manifest-path",
    join(HERE, "Cargo.toml"),
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
