/**
 * The programs of the laboratory as child processes, on each runtime, alone or
 * under strace.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { dirname, fromFileUrl, join } from "@std/path";
import { commandOf, type Runtime } from "../support/processes.ts";
import type { Found, Used } from "./checker_child.ts";

const here = dirname(fromFileUrl(import.meta.url));

/** How long a program may be silent before it counts as hanging, in milliseconds. */
const PATIENCE = 120_000;

/** How a child is run. */
export interface ChildOptions {
  /** What Deno may touch. */
  readonly directory: string;
  /** Arguments of the script. */
  readonly args?: readonly string[];
  /** A command that runs the child, such as strace with its options. */
  readonly wrap?: readonly string[];
}

/** A child that reads and prints lines. */
export class Child {
  readonly #process: ChildProcess;
  readonly #lines: string[] = [];
  readonly #ended: Promise<void>;
  #wake = () => {};
  #errors = "";
  #done = false;

  constructor(runtime: Runtime, script: string, options: ChildOptions) {
    const { directory, args = [], wrap = [] } = options;
    const command = commandOf(runtime, join(here, script), directory);
    const [file, ...rest] = [...wrap, ...command, ...args];
    // One thread for blocking calls: strace counts calls for each thread.
    const env = { ...process.env, NO_COLOR: "1", UV_THREADPOOL_SIZE: "1" };
    // A group of its own, so that what strace runs is killed with it.
    this.#process = spawn(file, rest, { stdio: "pipe", env, detached: true });
    this.#process.stdin?.on("error", () => {}); // it has ended; the lines tell
    let part = "";
    this.#process.stdout?.setEncoding("utf8").on("data", (chunk) => {
      const lines = (part + chunk).split("\n");
      part = lines.pop() ?? "";
      this.#lines.push(...lines);
      this.#wake();
    });
    this.#process.stderr?.on("data", (chunk) => this.#errors += chunk);
    this.#ended = new Promise((resolve, reject) => {
      this.#process.on("error", reject);
      this.#process.on("close", () => {
        this.#done = true;
        this.#wake();
        resolve();
      });
    });
  }

  /** What it printed to stderr. */
  get errors(): string {
    return this.#errors;
  }

  /** The next line; `undefined` if it ended without one. */
  async line(): Promise<string | undefined> {
    const deadline = performance.now() + PATIENCE;
    while (this.#lines.length === 0 && !this.#done) {
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`A child hangs: ${this.#errors}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.#lines.shift();
  }

  /** Writes a line to it. */
  say(line: string): void {
    this.#process.stdin?.write(`${line}\n`);
  }

  /** Resolves when it has ended by itself. */
  ended(): Promise<void> {
    return this.#ended;
  }

  /** Kills it, and resolves when it is gone. */
  async kill(): Promise<void> {
    const { pid } = this.#process;
    if (pid !== undefined && !this.#done) process.kill(-pid, "SIGKILL");
    await this.#ended;
  }
}

/** A program that opens logs; see `checker_child.ts`. */
export class Checker {
  /** What it runs on. */
  readonly runtime: Runtime;
  readonly #child: Child;
  #busy: Promise<unknown> = Promise.resolve();

  constructor(runtime: Runtime, directory: string) {
    this.runtime = runtime;
    this.#child = new Child(runtime, "checker_child.ts", { directory });
  }

  /** Opens, judges, uses and closes a log, when nobody else uses this; gives what is wrong. */
  check(path: string, judge: (found: Found) => string[]): Promise<string[]> {
    return this.#alone(async () => {
      const found = await this.find(path);
      const problems = judge(found);
      if (found.error !== undefined) return problems;
      return [...problems, ...(await this.use()).problems];
    });
  }

  /** Opens a log and reads it; it stays open if that worked. */
  async find(path: string): Promise<Found> {
    this.#child.say(path);
    return JSON.parse(await this.#answer());
  }

  /** Uses and closes the log that {@linkcode Checker.find} opened. */
  async use(): Promise<Used> {
    this.#child.say("on");
    return JSON.parse(await this.#answer());
  }

  #alone<T>(use: () => Promise<T>): Promise<T> {
    const turn = this.#busy.then(use);
    this.#busy = turn.catch(() => {}); // who asked hears of it
    return turn;
  }

  async #answer(): Promise<string> {
    const line = await this.#child.line();
    if (line !== undefined) return line;
    throw new Error(`The ${this.runtime} checker ended: ${this.#child.errors}`);
  }

  /** Kills it, and with it the log that is open. */
  kill(): Promise<void> {
    return this.#child.kill();
  }
}
