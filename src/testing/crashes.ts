/**
 * Runs a program, cuts the power at every step of it, and checks what comes back.
 *
 * @module
 */

import {
  type CrashState,
  type CrashStateOptions,
  type DiskImage,
  hashText,
} from "./crash_states.ts";
import { type Operation, operationText } from "./faults.ts";
import { SimulatedFileSystem } from "./simulated_file_system.ts";

/**
 * Says what is owed to the user from here on: `owed` is called at each step, and
 * what it returns is kept, so it must not be changed afterwards.
 */
export type Watch<T> = (owed: () => T) => void;

/** A program and what must hold after a crash of it. */
export interface CrashTest<T> {
  /**
   * The program. The steps before its first call of `watch` are not crash points.
   */
  readonly run: (
    fileSystem: SimulatedFileSystem,
    watch: Watch<T>,
  ) => Promise<void>;
  /**
   * Recovers after a crash, and throws if what is owed is not there. It may call
   * `watch` in its turn, as soon as it owes more than before.
   */
  readonly check: (
    fileSystem: SimulatedFileSystem,
    owed: T,
    watch: Watch<T>,
  ) => Promise<void>;
  /** Which states of the disk are tried. @default all */
  readonly states?: CrashStateOptions | undefined;
  /** Which states are tried of a second crash, at every step of `check`. @default none */
  readonly again?: CrashStateOptions | undefined;
  /** Whether a state is checked with a second crash. @default all, where `again` is given */
  readonly chooseAgain?: ((fingerprint: number) => boolean) | undefined;
  /** Seed of the file systems. @default 1 */
  readonly seed?: number | undefined;
  /** States that were checked before, to be left out; those of this run are added. */
  readonly seen?: Set<number> | undefined;
}

/** What was tried. */
export interface CrashReport {
  /** How many distinct states were checked: what was on the disk, and what was owed. */
  readonly states: number;
  /** How many of them each model gave; `kill` is the end of the program alone. */
  readonly byModel: ReadonlyMap<string, number>;
}

/** After a crash something that was owed is not there, or the program cannot recover. */
export class CrashTestError extends Error {
  /** Always `"CrashTestError"`. */
  override readonly name = "CrashTestError";
  /** The models that give the state, and the call in front of which the crash was; two of a second crash. */
  readonly crashes: readonly string[];

  /**
   * Makes an error.
   *
   * @param crashes Where the crashes were.
   * @param files The files as text.
   * @param cause What `check` threw.
   */
  constructor(crashes: readonly string[], files: string, cause: unknown) {
    const what = cause instanceof Error ? cause.message : String(cause);
    super(`${what}\n${crashes.join("\n")}\nThe disk holds\n${files}`, {
      cause,
    });
    this.crashes = crashes;
  }
}

interface Found<T> {
  /** A file system in the state; made when it is checked. */
  readonly boot: () => SimulatedFileSystem;
  readonly fingerprint: number;
  readonly models: readonly string[];
  readonly where: string;
  readonly owed: T;
}

/**
 * Runs a program on a simulated file system, collects the disks that a power cut
 * at each of its steps can leave, and what it owed to its users at that moment;
 * then begins anew with each distinct one, and checks it. A program that is
 * killed while the file system lives on is tried at each step too.
 *
 * @example A counter that must not go back
 * ```ts
 * import { assert, assertRejects } from "@std/assert";
 * import { CrashTestError, testCrashes } from "@mini-ts/durable/testing";
 * import type { FileSystem } from "@mini-ts/durable";
 *
 * const write = async (fileSystem: FileSystem, value: number, sync: boolean) => {
 *   await using file = await fileSystem.open("new", { mode: "create" });
 *   await file.write(new Uint8Array([value]), 0);
 *   if (sync) await file.sync();
 *   await fileSystem.rename("new", "counter");
 *   await fileSystem.syncDir(".");
 * };
 * const program = (sync: boolean) => ({
 *   run: async (fileSystem: FileSystem, watch: (owed: () => number) => void) => {
 *     let written = 0;
 *     watch(() => written);
 *     await write(fileSystem, 1, sync);
 *     written = 1;
 *     await write(fileSystem, 2, sync);
 *     written = 2;
 *   },
 *   check: async (fileSystem: FileSystem, owed: number) => {
 *     if (owed === 0) return;
 *     await using file = await fileSystem.open("counter", { mode: "read" });
 *     const bytes = new Uint8Array(1);
 *     await file.read(bytes, 0);
 *     assert(bytes[0] >= owed, `The counter is ${bytes[0]}, ${owed} was written`);
 *   },
 * });
 *
 * const { states } = await testCrashes(program(true));
 * assert(states > 10);
 * await assertRejects(() => testCrashes(program(false)), CrashTestError);
 * ```
 *
 * @typeParam T What is owed; JSON tells values apart.
 * @param test The program and the check.
 * @returns What was tried.
 * @throws {CrashTestError} If the check throws for one of the states.
 */
export async function testCrashes<T>(test: CrashTest<T>): Promise<CrashReport> {
  const { seed = 1, seen = new Set() } = test;
  const byModel = new Map<string, number>();
  let states = 0;
  const fileSystem = new SimulatedFileSystem({ seed });
  const recorder = new Recorder<T>(fileSystem, test.states ?? {}, seen, seed);
  await test.run(fileSystem, recorder.watch);
  const examine = async (
    found: Found<T>,
    before: readonly string[],
    again: CrashStateOptions | undefined,
  ) => {
    states++;
    for (const model of new Set(found.models)) {
      byModel.set(model, (byModel.get(model) ?? 0) + 1);
    }
    const system = found.boot();
    const second = again && new Recorder<T>(system, again, seen, seed + 1);
    second?.watch(() => found.owed);
    const { visible } = system;
    try {
      await test.check(system, found.owed, second?.watch ?? (() => {}));
    } catch (error) {
      const files = imageText(visible);
      throw new CrashTestError([...before, found.where], files, error);
    }
    for (const next of second?.finish() ?? []) {
      await examine(next, [...before, found.where], undefined);
    }
  };
  for (const found of recorder.finish()) {
    const twice = test.chooseAgain?.(found.fingerprint) ?? true;
    await examine(found, [], twice ? test.again : undefined);
  }
  return { states, byModel };
}

/** Collects the states that a crash can leave at each step of a program. */
class Recorder<T> {
  readonly #fileSystem: SimulatedFileSystem;
  readonly #options: CrashStateOptions;
  readonly #seen: Set<number>;
  readonly #seed: number;
  readonly #found: Found<T>[] = [];
  #owed: (() => T) | undefined;
  #last: number | undefined;

  constructor(
    fileSystem: SimulatedFileSystem,
    options: CrashStateOptions,
    seen: Set<number>,
    seed: number,
  ) {
    this.#fileSystem = fileSystem;
    this.#options = options;
    this.#seen = seen;
    this.#seed = seed;
    fileSystem.onOperation = (operation) => this.#collect(operation);
  }

  readonly watch = (owed: () => T): void => {
    this.#collect(undefined); // what was owed until now
    this.#owed = owed;
  };

  /** Ends the collection. */
  finish(): readonly Found<T>[] {
    this.#collect(undefined);
    this.#fileSystem.onOperation = () => {};
    return this.#found;
  }

  #collect(operation: Operation | undefined): void {
    if (!this.#owed) return;
    const owed = this.#owed();
    const system = this.#fileSystem;
    const key = hashText(JSON.stringify(owed), 0);
    const fingerprint = system.fingerprint(key);
    if (fingerprint === this.#last) return;
    this.#last = fingerprint;
    const where = operation
      ? `before call ${operationText(operation)}`
      : `after call ${system.operations.length}`;
    if (!this.#seen.has(fingerprint)) {
      this.#seen.add(fingerprint);
      const copy = system.clone(this.#seed + 1);
      this.#found.push({
        boot: () => copy,
        fingerprint,
        models: ["kill"],
        where: `Killed ${where}`,
        owed,
      });
    }
    for (const state of system.crashStates(this.#options)) {
      this.#add(state, owed, key, where);
    }
  }

  #add(state: CrashState, owed: T, key: number, where: string): void {
    const { names, data, image } = state;
    const fingerprint = hashText(`${state.fingerprint}`, key);
    if (this.#seen.has(fingerprint)) return;
    this.#seen.add(fingerprint);
    const models = [names, ...data];
    const time = this.#fileSystem.now();
    const seed = this.#seed + 1;
    this.#found.push({
      boot: () => new SimulatedFileSystem({ image, seed, time }),
      fingerprint,
      models,
      where: `Power cut ${where}, by ${models.join(" and ")}`,
      owed,
    });
  }
}

const decoder = new TextDecoder();

/** The files as text, each line as JSON has it. */
export function imageText({ files, directories }: DiskImage): string {
  if (files.size + directories.length === 0) return "nothing";
  const lines = directories.map((path) => `${path}/`);
  for (const [path, bytes] of files) {
    lines.push(`${path} (${bytes.length} bytes)`);
    const parts = decoder.decode(bytes).split("\n");
    for (const [n, part] of parts.entries()) {
      if (n < parts.length - 1) lines.push(`  ${JSON.stringify(part)}`);
      else if (part !== "") {
        lines.push(`  ${JSON.stringify(part)} without a line end`);
      }
    }
  }
  return lines.join("\n");
}
