/** The programs of a document: what they are, and what is printed beside them. */

import { spawn } from "node:child_process";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { dirname, fromFileUrl, join } from "@std/path";
import type { Runtime } from "./processes.ts";

const root = dirname(dirname(dirname(fromFileUrl(import.meta.url))));
const bin = join(root, "node_modules", ".bin");

/** How long a program may take, in milliseconds: it is there for one that hangs. */
const PATIENCE = 100_000;

/** A command that a document shows, and what it prints. */
export interface Command {
  readonly line: string;
  readonly output: string;
}

/** A whole program. */
export interface Program {
  /** The line of the document where it begins. */
  readonly line: number;
  /** The file that its commands name. */
  readonly file: string;
  readonly source: string;
  /** What is shown below it; to run it, if there is nothing. */
  readonly commands: readonly Command[];
}

/** The blocks of TypeScript that import this package, each with the console below it, if there is one. */
export function programsOf(document: string): Program[] {
  const blocks = document.matchAll(
    /^```ts\b.*\n([^]*?)^```\n(?:\n```console\n([^]*?)^```\n)?/gm,
  );
  return [...blocks].flatMap(({ index, 1: source, 2: shown }) => {
    if (!/ from "@mini-ts\/durable/.test(source)) return [];
    const commands = commandsOf(shown ?? "$ node a.ts");
    const file = commands.map((command) => fileOf(command)).find((file) =>
      file
    );
    const line = document.slice(0, index).split("\n").length;
    return [{ line, source, commands, file: file ?? "a.ts" }];
  });
}

function commandsOf(shown: string): Command[] {
  return shown.split(/^\$ /m).filter((text) => text !== "").map((text) => {
    const [line, ...output] = text.split("\n");
    return { line, output: output.join("\n") };
  });
}

/** The program that a command runs; nothing for other commands. */
function fileOf({ line }: Command): string | undefined {
  return /^(?:node|bun|deno run) (?:-\S+ )*(\w+\.ts)$/.exec(line)?.[1];
}

/**
 * Makes an empty folder into one in which the package is installed: this
 * checkout. A program may touch its own directory there on Deno, nothing else.
 */
export async function install(folder: string): Promise<void> {
  const modules = join(folder, "node_modules");
  await mkdir(join(modules, "@mini-ts"), { recursive: true });
  await symlink(root, join(modules, "@mini-ts", "durable"));
  for (const name of ["@std", "@types", "undici-types"]) {
    await symlink(join(root, "node_modules", name), join(modules, name));
  }
  const url = (path: string) => pathToFileURL(join(root, path)).href;
  const config = {
    nodeModulesDir: "manual",
    lock: false,
    imports: {
      "@mini-ts/durable": url("mod.ts"),
      "@mini-ts/durable/testing": url("src/testing/mod.ts"),
    },
  };
  await writeFile(join(folder, "deno.json"), JSON.stringify(config));
}

/** Carries out the commands of a program in a folder, and gives what they print. */
export async function carryOut(
  { source, commands, file }: Program,
  runtime: Runtime,
  folder: string,
): Promise<Command[]> {
  await writeFile(join(folder, file), source);
  const [, directory = "."] =
    /(?:\.open|SnapStore|path =)[^"\n]*"(\w+)/.exec(source) ?? [];
  const rights = [`--allow-read=${directory}`, `--allow-write=${directory}`];
  if (!commands.some(({ line }) => line === `mkdir ${directory}`)) {
    await mkdir(join(folder, directory), { recursive: true });
  }
  const done: Command[] = [];
  for (const command of commands) {
    const { line } = command;
    const isRun = fileOf(command) !== undefined;
    const args = !isRun
      ? ["sh", "-c", line]
      : runtime !== "deno"
      ? [runtime, file]
      : line.startsWith("deno ")
      ? ["deno", "run", "--no-prompt", ...line.split(" ").slice(2)]
      : ["deno", "run", "--no-prompt", ...rights, file];
    done.push({ line, output: await outputOf(args, folder) });
  }
  return done;
}

/** Runs a command, and gives what it prints; throws if it fails, or prints errors. */
export function outputOf(
  [command, ...args]: readonly string[],
  folder: string,
): Promise<string> {
  const env = {
    ...process.env,
    NO_COLOR: "1",
    PATH: `${bin}:${process.env.PATH}`,
  };
  const child = spawn(command, args, {
    cwd: folder,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (chunk) => output += chunk);
  child.stderr.setEncoding("utf8").on("data", (chunk) => errors += chunk);
  const { pid } = child;
  const timer = setTimeout(
    () => pid !== undefined && process.kill(pid, "SIGKILL"),
    PATIENCE,
  );
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status, signal) => {
      clearTimeout(timer);
      if (status === 0 && errors === "") return resolve(output);
      reject(
        new Error(
          `"${[command, ...args].join(" ")}" ended with ${
            status ?? signal
          }: ${output}${errors}`,
        ),
      );
    });
  });
}
