/**
 * A process that waits for its job, does it, and is killed.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import process from "node:process";
import { dirname, fromFileUrl, join } from "@std/path";
import { commandOf, type Runtime } from "../support/processes.ts";
import type { Job } from "./job.ts";

const SCRIPT = join(dirname(fromFileUrl(import.meta.url)), "worker_child.ts");

/** When a process is killed: behind some lines, or after some time; whichever is first. */
export interface Moment {
  readonly lines?: number;
  /** In milliseconds. */
  readonly time: number;
  /** Whether the time begins when the queue is open, and not when it is about to be opened. */
  readonly fromOpen: boolean;
}

/** A process; it is started ahead of its turn, because starting takes longest. */
export class Worker {
  /** What it runs on. */
  readonly runtime: Runtime;
  /** What it has printed. */
  readonly lines: string[] = [];
  readonly #process: ChildProcess;
  readonly #ready: Promise<void>;
  readonly #ended: Promise<void>;
  #errors = "";
  #killAt = Infinity;
  #isKilled = false;
  #onOpen = () => {};

  /**
   * @param runtime What it runs on.
   * @param directory What Deno may touch.
   */
  constructor(runtime: Runtime, directory: string) {
    this.runtime = runtime;
    const [file, ...args] = commandOf(runtime, SCRIPT, directory);
    // Node may keep what it has compiled: it starts in a fifth of the time then.
    const cache = join(directory, "compiled");
    mkdirSync(cache, { recursive: true });
    const child = spawn(file, args, {
      stdio: "pipe",
      env: { ...process.env, NO_COLOR: "1", NODE_COMPILE_CACHE: cache },
    });
    this.#process = child;
    child.stdin.on("error", () => {}); // it has ended; its lines tell
    child.stderr.on("data", (chunk) => this.#errors += chunk);
    let part = "";
    const ready = Promise.withResolvers<void>();
    child.stdout.setEncoding("utf8").on("data", (chunk) => {
      const lines = (part + chunk).split("\n");
      part = lines.pop() ?? "";
      this.lines.push(...lines);
      if (lines.includes("open")) this.#onOpen();
      if (this.lines.length >= this.#killAt) this.#kill();
      ready.resolve();
    });
    this.#ready = ready.promise;
    this.#ended = new Promise((resolve) => {
      const onEnd = () => {
        ready.resolve();
        resolve();
      };
      child.on("error", (error) => {
        this.#errors += error.message;
        onEnd();
      });
      child.on("close", onEnd);
    });
  }

  /**
   * Tells it its job, and kills it.
   *
   * @param job What it does.
   * @param moment When it is killed.
   * @returns Whether it was killed, and did not come to its end before.
   */
  async run(
    job: Job,
    { lines = Infinity, time, fromOpen }: Moment,
  ): Promise<boolean> {
    await this.#ready;
    this.#killAt = lines + 1; // behind `ready`
    let timer: ReturnType<typeof setTimeout> | undefined;
    const setTimer = () => timer = setTimeout(() => this.#kill(), time);
    if (fromOpen) this.#onOpen = setTimer;
    else setTimer();
    this.#process.stdin?.end(JSON.stringify(job));
    await this.#ended;
    clearTimeout(timer);
    const { signalCode } = this.#process;
    if (signalCode === null && this.lines.at(-1) !== "closed") {
      this.lines.push(`wrong end: ${this.#errors || "nothing was said"}`);
    }
    return this.#isKilled && signalCode === "SIGKILL";
  }

  /** Lets it end without a job. */
  async dismiss(): Promise<void> {
    await this.#ready;
    this.#process.stdin?.end();
    await this.#ended;
  }

  #kill(): void {
    const { pid, exitCode, signalCode } = this.#process;
    if (this.#isKilled || pid === undefined) return;
    if (exitCode !== null || signalCode !== null) return;
    this.#isKilled = true;
    process.kill(pid, "SIGKILL"); // not its own kill(), which on Deno may come late
  }
}
