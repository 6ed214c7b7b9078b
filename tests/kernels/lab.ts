// deno-lint-ignore-file no-console
/**
 * What the parts of the laboratory share: the options of the run, the counts, and
 * what is kept of a violation.
 *
 * @module
 */

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { crc32 } from "node:zlib";
import { type Runtime, RUNTIMES } from "../support/processes.ts";
import { Checker, Child, type ChildOptions } from "./children.ts";
import { type Machine, run } from "./machine.ts";
import type { Oracle } from "./oracle.ts";
import { randomOf } from "./workload.ts";

/** The parts, in the order in which they run. */
export const PARTS = [
  "images",
  "failed-sync",
  "inject",
  "kill",
  "syncs",
] as const;
/** One of them. */
export type Part = (typeof PARTS)[number];

/** What the command line says. */
export interface LabOptions {
  /** Where all random choices begin. */
  readonly seed: number;
  /** How many crash images for each file system. */
  readonly copies: number;
  /** Which parts run. */
  readonly parts: readonly Part[];
  /** Which runtimes write. */
  readonly runtimes: readonly Runtime[];
}

/** Reads the command line. */
export function parseOptions(args: readonly string[]): LabOptions {
  const given = new Map(args.map((argument) => {
    const [, name, value] = /^--(\w+)=(.+)$/.exec(argument) ?? [];
    return [name ?? argument, value ?? ""] as const;
  }));
  const take = (name: string, fallback: string) => {
    const value = given.get(name) ?? fallback;
    given.delete(name);
    return value;
  };
  const among = <T extends string>(name: string, all: readonly T[]): T[] => {
    const names = take(name, all.join(",")).split(",");
    const known = all.filter((one) => names.includes(one));
    if (known.length === names.length) return known;
    throw new RangeError(`--${name}= takes some of ${all.join(",")}`);
  };
  const whole = (name: string, fallback: number) => {
    const number = Number(take(name, String(fallback)));
    if (Number.isSafeInteger(number) && number > 0) return number;
    throw new RangeError(`--${name}= takes a whole number from 1`);
  };
  const options = {
    seed: whole("seed", 1 + Math.floor(Math.random() * 1e9)),
    copies: whole("copies", 600),
    parts: among("only", PARTS),
    runtimes: among("runtime", RUNTIMES),
  };
  const [unknown] = given.keys();
  if (unknown === undefined) return options;
  throw new RangeError(`"${unknown}" is not an option`);
}

/** Of how many violations the files are kept. */
const MOST_KEPT = 20;

/** What was done and found. */
export interface Counts {
  images: number;
  faults: number;
  kills: number;
  violations: number;
}

/** Random choices that a seed repeats. */
export class Dice {
  /** A number from 0 to below 1. */
  readonly random: () => number;

  constructor(seed: number) {
    this.random = randomOf(seed);
  }

  /** A whole number from 0 to below `end`. */
  below(end: number): number {
    return Math.floor(this.random() * end);
  }

  /** A seed for a writer. */
  seed(): number {
    return this.below(1e9);
  }
}

/** One run of the laboratory. */
export class Lab {
  readonly machine: Machine;
  readonly options: LabOptions;
  readonly counts: Counts = { images: 0, faults: 0, kills: 0, violations: 0 };
  /** A line for each cell of the table at the end. */
  readonly table: string[] = [];
  readonly #checkers: readonly Checker[];
  #kept: string | undefined;

  constructor(machine: Machine, options: LabOptions) {
    this.machine = machine;
    this.options = options;
    this.#checkers = options.runtimes.map((runtime) =>
      this.newChecker(runtime)
    );
  }

  /** Random choices for one line of the table, whatever else runs beside it. */
  dice(part: Part, where: string): Dice {
    return new Dice(crc32(`${part} ${where}`, this.options.seed));
  }

  /** Prints a line of progress, and keeps it for the table. */
  report(part: Part, where: string, what: string): void {
    const line = `${part.padEnd(12)} ${where.padEnd(24)} ${what}`;
    this.table.push(line);
    console.log(line);
  }

  /** Counts and prints a violation, and keeps the files in question. */
  async violation(
    where: string,
    problems: readonly string[],
    files: readonly string[],
  ): Promise<void> {
    if (this.machine.abandoned) return;
    console.log(`VIOLATION    ${where} (--seed=${this.options.seed})`);
    for (const problem of problems.slice(0, 5)) console.log(`  ${problem}`);
    if (++this.counts.violations > MOST_KEPT) return;
    this.#kept ??= mkdtempSync(join(tmpdir(), "kernels-kept-"));
    const kept = join(this.#kept, String(this.counts.violations));
    await run("mkdir", [kept]);
    await run("cp", ["-r", "--sparse=always", ...files, kept]);
    console.log(`  kept in ${kept}`);
  }

  /** A program that opens logs in the scratch folder: each of the runtimes in turn. */
  checker(n: number): Checker {
    return this.#checkers[n % this.#checkers.length];
  }

  /** A program of its own that opens logs in the scratch folder. */
  newChecker(runtime: Runtime): Checker {
    this.machine.checkInUse();
    const checker = new Checker(runtime, this.machine.scratch);
    this.machine.onCleanup(() => checker.kill());
    return checker;
  }

  /** Runs a writer to its end, and gives what it printed to stderr; `heard` is called behind each line. */
  async write(
    runtime: Runtime,
    path: string,
    oracle: Oracle,
    options: Partial<ChildOptions> & {
      readonly clock?: () => number;
      readonly heard?: () => void;
    } = {},
  ): Promise<string> {
    const { clock = () => 0, heard, ...rest } = options;
    this.machine.checkInUse();
    const { scratch: directory } = this.machine;
    const args = [path, ...oracle.args];
    const child = new Child(runtime, "writer_child.ts", {
      directory,
      args,
      ...rest,
    });
    this.machine.onCleanup(() => child.kill());
    try {
      for (;;) {
        const line = await child.line();
        if (line === undefined) break;
        oracle.hear(line, clock());
        heard?.();
        if (line === "ready") child.say("go");
      }
    } catch (error) {
      await child.kill(); // what is thrown must leave nothing that runs
      throw error;
    }
    await child.ended();
    return child.errors;
  }
}

/** Which runtime a numbered run is for: all of them in turn. */
export function turnOf(runtimes: readonly Runtime[], n: number): Runtime {
  return runtimes[n % runtimes.length];
}

/** Whether a program is there to be run. */
export async function hasProgram(name: string): Promise<boolean> {
  return await run(name, ["-V"]).then(() => true, () => false);
}

/** Seconds since a moment, as text. */
export function secondsSince(start: number): string {
  return `${((performance.now() - start) / 1000).toFixed(1)} s`;
}

/** Sets the exit code by what was counted. */
export function conclude(counts: Counts): void {
  const { images, faults, kills, violations } = counts;
  console.log(
    `${images} crash images, ${faults} faults, ${kills} kills checked, ${violations} violations`,
  );
  if (violations > 0) process.exitCode = 1;
}
