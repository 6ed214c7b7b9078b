/** A copy of the sources, to be changed and tested. */

import { spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, join, resolve } from "node:path";
import process from "node:process";
import type { Mutant } from "./mutant.ts";

/** What a copy does without, by the name of the file or folder. */
const LEFT_OUT = [".git", "node_modules", "bench", "target", ".data"];
const BIN = resolve("node_modules", ".bin");
const CONFIG = "tsconfig.mutants.json";

/** How each runtime runs one test file. */
const COMMANDS: Record<NonNullable<Mutant["runtime"]>, readonly string[]> = {
  bun: ["bun", "test", "--timeout=120000", "--bail=1"],
  deno: [
    "deno",
    "test",
    "--allow-all",
    "--no-check",
    "--fail-fast",
    "--import-map=offline/import_map.json",
  ],
  node: ["node", "--test", "--test-reporter=tap"],
};

/** How a command ended. */
export interface Outcome {
  readonly passed: boolean;
  readonly timedOut: boolean;
  readonly seconds: number;
  readonly output: string;
}

/** Groups of processes that run, to be ended with this one. */
const running = new Set<number>();
const trees = new Set<Tree>();

/** Ends what runs, and removes every copy. */
export function cleanUp(): void {
  for (const group of running) endGroup(group);
  for (const tree of trees) tree.remove();
}

function endGroup(group: number): void {
  try {
    process.kill(-group, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

/** A copy of the working tree in a directory of its own. */
export class Tree {
  readonly #root = mkdtempSync(join(tmpdir(), "mutants-"));

  constructor() {
    trees.add(this);
    cpSync(".", this.#root, {
      recursive: true,
      filter: (source) => !LEFT_OUT.includes(basename(source)),
    });
    symlinkSync(resolve("node_modules"), join(this.#root, "node_modules"));
    // Only what is published, and with names that nothing uses any more.
    const config = {
      extends: "./tsconfig.tsc.json",
      compilerOptions: { noUnusedLocals: false, noUnusedParameters: false },
      include: ["mod.ts"],
    };
    writeFileSync(join(this.#root, CONFIG), JSON.stringify(config));
  }

  /** Why a mutant cannot be made; `undefined` if it can. */
  refusalOf({ file, from }: Mutant): string | undefined {
    const path = join(this.#root, file);
    if (!existsSync(path)) return `there is no ${file}`;
    const count = readFileSync(path, "utf8").split(from).length - 1;
    if (count === 1) return undefined;
    return `its text stands ${count} times in ${file}, not once`;
  }

  /** Runs `use` with the mutant in the place of the source. */
  async with<T>(
    { file, from, to }: Mutant,
    use: () => Promise<T>,
  ): Promise<T> {
    const path = join(this.#root, file);
    const source = readFileSync(path, "utf8");
    writeFileSync(path, source.split(from).join(to));
    try {
      return await use();
    } finally {
      writeFileSync(path, source);
    }
  }

  /** Compiles the sources: one that does not compile is killed by every test, and shows nothing. */
  compile(): Promise<Outcome> {
    return this.#run(["tsc", "-p", CONFIG], 180);
  }

  /** Runs a test file, for so many seconds at most. */
  test(
    file: string,
    runtime: Mutant["runtime"] = "bun",
    limit = 180,
  ): Promise<Outcome> {
    return this.#run([...COMMANDS[runtime], `./tests/${file}`], limit);
  }

  /** Removes the copy. */
  remove(): void {
    trees.delete(this);
    rmSync(this.#root, { recursive: true, force: true });
  }

  async #run(
    [file, ...args]: readonly string[],
    limit: number,
  ): Promise<Outcome> {
    const start = performance.now();
    const path = `${BIN}${delimiter}${process.env.PATH ?? ""}`;
    const child = spawn(file, args, {
      cwd: this.#root,
      env: { ...process.env, NO_COLOR: "1", PATH: path },
      stdio: ["ignore", "pipe", "pipe"],
      // A group of its own, so that what a test has started ends with it.
      detached: true,
    });
    const group = child.pid;
    if (group !== undefined) running.add(group);
    let output = "";
    child.stdout.on("data", (chunk) => output += chunk);
    child.stderr.on("data", (chunk) => output += chunk);
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      if (group !== undefined) endGroup(group);
    }, limit * 1000);
    try {
      const status = await new Promise<number | null>((resolve, reject) => {
        child.on("error", reject);
        child.on("close", resolve);
      });
      const seconds = (performance.now() - start) / 1000;
      return { passed: status === 0, timedOut, seconds, output };
    } finally {
      clearTimeout(timer);
      if (group !== undefined) running.delete(group);
    }
  }
}
