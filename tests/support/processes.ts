/** Other processes, on each of the three runtimes. */

import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { dirname, fromFileUrl, join } from "@std/path";

const root = dirname(dirname(dirname(fromFileUrl(import.meta.url))));
const bin = (name: string) => join(root, "node_modules", ".bin", name);

/** The runtimes a child can run on. */
export const RUNTIMES = ["deno", "bun", "node"] as const;
/** One of them. */
export type Runtime = (typeof RUNTIMES)[number];

/** How a script is started; Deno may touch `directory` and nothing else, but for what `allow` says. */
export function commandOf(
  runtime: Runtime,
  file: string,
  directory: string,
  allow: readonly string[] = [],
): [string, ...string[]] {
  if (runtime !== "deno") return [bin(runtime), file];
  return [
    bin("deno"),
    "run",
    "--no-prompt",
    "--no-check",
    `--import-map=${join(root, "offline", "import_map.json")}`,
    ...(allow.includes("--allow-all")
      ? []
      : [`--allow-read=${directory}`, `--allow-write=${directory}`]),
    ...allow,
    file,
  ];
}

/** A child that prints lines. */
export class Child implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #lines: string[] = [];
  readonly #waiting: (() => void)[] = [];
  readonly #ended: Promise<void>;
  #errors = "";
  #done = false;
  #status: number | string | null = null;

  constructor(
    runtime: Runtime,
    script: string,
    directory: string,
    args: readonly string[],
    allow: readonly string[] = [],
  ) {
    const path = join(root, "tests", "support", script);
    const [file, ...before] = commandOf(runtime, path, directory, allow);
    this.#process = spawn(file, [...before, ...args], {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1" },
    });
    let rest = "";
    this.#process.stdout?.on("data", (chunk) => {
      const parts = (rest + chunk).split("\n");
      rest = parts.pop() ?? "";
      this.#lines.push(...parts);
      this.#wake();
    });
    this.#process.stderr?.on("data", (chunk) => this.#errors += chunk);
    this.#ended = new Promise((resolve) =>
      this.#process.on("close", (code, signal) => {
        this.#done = true;
        this.#status = code ?? signal;
        this.#wake();
        resolve();
      })
    );
  }

  /** The next line; fails if the child ends without one. */
  async line(): Promise<string> {
    while (this.#lines.length === 0) {
      if (this.#done) throw new Error(`The child ended: ${this.#errors}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    return this.#lines.shift() ?? "";
  }

  /** What it has ended with: its exit code, or the signal that has killed it. */
  get status(): number | string | null {
    return this.#status;
  }

  /** Sends it a signal. */
  signal(name: "SIGTERM" | "SIGKILL"): void {
    const { pid } = this.#process;
    if (pid !== undefined && !this.#done) process.kill(pid, name);
  }

  /** Lets the child end by itself, and gives the lines that are left. */
  async end(): Promise<string[]> {
    this.#process.stdin?.end();
    await this.#ended;
    return this.#lines;
  }

  /** Kills it with SIGKILL, and gives the lines that are left. */
  async kill(): Promise<string[]> {
    // Not by the child's own kill(): on Deno its input can end first, and a
    // child that ends by itself is none that was killed.
    this.signal("SIGKILL");
    await this.#ended;
    return this.#lines;
  }

  /** {@linkcode Child.kill}, if it has not ended: a test that fails leaves none behind. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#done) await this.kill();
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
