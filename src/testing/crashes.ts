/**
 * Runs a program, cuts the power at every step of it, and checks what comes back;
 * again with its calls carried out in other orders, and with failing syncs.
 *
 * @module
 */

import type { CrashStateOptions, DiskImage } from "./crash_states.ts";
import { hashText } from "./crash_states.ts";
import {
  CHANGES,
  type Fault,
  type Operation,
  type OperationKind,
} from "./faults.ts";
import { tryOrders } from "./orders.ts";
import { SeededRandom } from "./random.ts";
import { type Collection, type Found, Recorder } from "./recorder.ts";
import type { Schedule } from "./call_schedule.ts";
import { setSchedule, SimulatedFileSystem } from "./simulated_file_system.ts";

/**
 * Says what is owed to the user from here on: `owed` is called at each step, and
 * what it returns is kept, so it must not be changed afterwards.
 */
export type Watch<T> = (owed: () => T) => void;

/** A program and what must hold after a crash of it. */
export interface CrashTest<T> {
  /**
   * The program. The steps before its first call of `watch` are not crash points.
   * It is run several times, each time on a new file system, and must begin again
   * each time: what it changes outside itself, it finds changed. It waits for a
   * call by awaiting it, not by counting turns of the event loop.
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
  /**
   * In how many orders calls that overlap are carried out, at most; for `run`, and
   * for each `check` that makes other calls than those before. With `0` a call is
   * carried out only when it is made. @default 100
   */
  readonly orders?: number | undefined;
  /**
   * What fails: for each of these, and for each call that it counts and that `run`
   * makes after its first call of `watch`, the program is run once with that call
   * failing; `at` is ignored. `run` may end with the failure.
   *
   * @default each sync of a file, by `"F0"`, `"F1"`, `"F2"` and `"F6"`, and each sync of a directory, by `"F0"` and `"F6"`
   */
  readonly faults?: readonly Fault[] | undefined;
  /** States that were checked before, to be left out; those of this run are added. */
  readonly seen?: Set<number> | undefined;
}

/** What was tried. */
export interface CrashReport {
  /** How many distinct states were checked: what was on the disk, and what was owed. */
  readonly states: number;
  /** How many of them each model gave; `kill` is the end of the program alone. */
  readonly byModel: ReadonlyMap<string, number>;
  /** In how many orders calls were carried out, besides each at once when it is made. */
  readonly orders: number;
  /** How many more orders were known when `orders` of the test was reached; 0 if all were tried. */
  readonly ordersLeft: number;
  /** How many calls were made to fail, each in a run of its own. */
  readonly faults: number;
}

/** After a crash something that was owed is not there, or the program cannot recover; or it fails by itself where its calls are carried out in another order. */
export class CrashTestError extends Error {
  /** Always `"CrashTestError"`. */
  override readonly name = "CrashTestError";
  /** The models that give the state, and the call in front of which the crash was; two of a second crash. */
  readonly crashes: readonly string[];
  /** What was unusual about the calls before: which were made to fail, which overlapped, and the order in which they were carried out. */
  readonly calls: readonly string[];

  /**
   * Makes an error.
   *
   * @param crashes Where the crashes were.
   * @param files The files as text.
   * @param cause What `check` threw.
   * @param calls What was unusual about the calls.
   */
  constructor(
    crashes: readonly string[],
    files: string,
    cause: unknown,
    calls: readonly string[] = [],
  ) {
    const what = cause instanceof Error ? cause.message : String(cause);
    const lines = [what, ...crashes, ...calls, "The disk holds", files];
    super(lines.join("\n"), { cause });
    this.crashes = crashes;
    this.calls = calls;
  }
}

/**
 * Runs a program on a simulated file system, collects the disks that a power cut
 * at each of its steps can leave, and what it owed to its users at that moment;
 * then begins again with each distinct one, and checks it. A program that is
 * killed while the file system lives on is tried at each step too.
 *
 * The program is run once as if each call ended at once, and then:
 *
 * - **In other orders.** A call is under way from when it is made until the
 *   program can do nothing more without an answer. Calls that are under way
 *   together and conflict (on the bytes of one file, on one name, or a change of
 *   a name and a `syncDir` of its directory) are carried out in every order, and a
 *   blocking call overtakes them or does not. A call that is not awaited may thus
 *   happen at any time, or not before the crash: a missing `await` is found where
 *   what is owed depends on it. A program that fails in one of the orders fails
 *   the test. Up to `orders` orders this is exhaustive; beyond, those come first
 *   that differ least from the order in which the calls were made, and among
 *   equals the seed chooses. A program that awaits each call before the next has
 *   one order.
 * - **With failing syncs.** Each sync that it makes after its first call of `watch`
 *   fails, in each of the ways that `faults` says, in a run of its own. The program
 *   may end with that failure; what it had acknowledged must be there, so a program
 *   that swallows the failure is found.
 *
 * The checks are tried in other orders as well, one for each list of calls that
 * they make.
 *
 * What is not tried: two processes at once; other orders together with a fault;
 * faults in a check; a call that is carried out in parts while another one is; a call
 * that is held back while the program waits for something that is not the file
 * system, such as a timer. As in production, a rejection that nothing handles ends
 * the test, unless the promise is that of a call itself.
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
 * @throws {CrashTestError} If the check throws for one of the states, or the program fails in one of the orders.
 */
export async function testCrashes<T>(test: CrashTest<T>): Promise<CrashReport> {
  return await new Tester(test).run();
}

/** The calls of a run. */
interface Calls {
  readonly all: readonly Operation[];
  /** Those that were made since something was owed. */
  readonly watched: readonly Operation[];
}

/** Runs a program and its check in all ways, and counts. */
class Tester<T> {
  readonly #test: CrashTest<T>;
  readonly #seed: number;
  readonly #seen: Set<number>;
  readonly #maxOrders: number;
  readonly #byModel = new Map<string, number>();
  /** Checks whose calls were carried out in all orders, by their calls. */
  readonly #checks = new Set<number>();
  #states = 0;
  #orders = 0;
  #ordersLeft = 0;
  #faults = 0;

  constructor(test: CrashTest<T>) {
    const { seed = 1, seen = new Set(), orders = ORDERS } = test;
    this.#test = test;
    this.#seed = seed;
    this.#seen = seen;
    this.#maxOrders = orders;
  }

  async run(): Promise<CrashReport> {
    const runs = this.#collection(this.#test.states ?? {}, this.#seed);
    const { all, watched } = await this.#run(runs);
    await this.#tryOrders(async (schedule) => {
      await this.#run(runs, { schedule });
    });
    for (const fault of this.#test.faults ?? FAILING_SYNCS) {
      const { kinds = CHANGES } = fault;
      const countIn = (operations: readonly Operation[]) =>
        operations.filter(({ kind }) => kinds.includes(kind)).length;
      const first = countIn(all) - countIn(watched) + 1;
      for (let at = first; at <= countIn(all); at++) {
        await this.#run(runs, { fault: { ...fault, at } });
        this.#faults++;
      }
    }
    return {
      states: this.#states,
      byModel: this.#byModel,
      orders: this.#orders,
      ordersLeft: this.#ordersLeft,
      faults: this.#faults,
    };
  }

  #collection(options: CrashStateOptions, seed: number): Collection {
    return { options, seen: this.#seen, explored: new Set(), seed };
  }

  async #tryOrders(
    attempt: (schedule: Schedule) => Promise<void>,
  ): Promise<void> {
    const random = new SeededRandom(this.#seed);
    const { tried, left } = await tryOrders(this.#maxOrders, random, attempt);
    this.#orders += tried;
    this.#ordersLeft += left;
  }

  /** Runs the program, and checks all that is new. */
  async #run(
    runs: Collection,
    { schedule, fault }: { schedule?: Schedule; fault?: Fault } = {},
  ): Promise<Calls> {
    const fileSystem = new SimulatedFileSystem({ seed: this.#seed });
    const { operations } = fileSystem;
    if (fault) fileSystem.inject(fault);
    if (schedule) setSchedule(fileSystem, schedule);
    const recorder = new Recorder<T>(fileSystem, runs, schedule);
    try {
      await this.#test.run(fileSystem, recorder.watch);
    } catch (error) {
      // A program may end with what was made to fail.
      if (!fault || !operations.some(({ fault }) => fault)) {
        if (!schedule) throw error;
        const where =
          `The program itself failed, behind call ${operations.length}`;
        const files = imageText(fileSystem.visible);
        throw new CrashTestError([where], files, error, recorder.calls()());
      }
    }
    await schedule?.finish();
    for (const found of recorder.finish()) {
      const twice = this.#test.chooseAgain?.(found.fingerprint) ?? true;
      await this.#examine(found, [], twice ? this.#test.again : undefined);
    }
    return { all: operations, watched: recorder.operations };
  }

  async #examine(
    found: Found<T>,
    before: readonly Found<T>[],
    again: CrashStateOptions | undefined,
  ): Promise<void> {
    this.#states++;
    for (const model of new Set(found.models)) {
      this.#byModel.set(model, (this.#byModel.get(model) ?? 0) + 1);
    }
    const crashes = [...before, found];
    const checks = again && this.#collection(again, this.#seed + 1);
    const operations = await this.#check(crashes, checks);
    if (this.#maxOrders === 0 || !this.#isNew(operations)) return;
    await this.#tryOrders(async (schedule) => {
      await this.#check(crashes, checks, schedule);
    });
  }

  /** Whether no check before made the same calls. */
  #isNew(operations: readonly Operation[]): boolean {
    const { size } = this.#checks;
    const calls = operations.map(({ kind, path }) => `${kind} ${path}`);
    this.#checks.add(hashText(calls.join("\n"), 0));
    return this.#checks.size > size;
  }

  /** Checks what the last of some crashes left. */
  async #check(
    crashes: readonly Found<T>[],
    checks: Collection | undefined,
    schedule?: Schedule,
  ): Promise<readonly Operation[]> {
    const found = crashes[crashes.length - 1];
    const system = found.boot();
    if (schedule) setSchedule(system, schedule);
    const recorder = checks && new Recorder<T>(system, checks, schedule);
    recorder?.watch(() => found.owed);
    const { visible } = system;
    try {
      await this.#test.check(system, found.owed, recorder?.watch ?? (() => {}));
    } catch (error) {
      const where = crashes.map(({ where }) => where);
      const calls = crashes.flatMap(({ calls }) => calls());
      const after = schedule?.report()() ?? [];
      if (after.length > 0) calls.push("When that was checked", ...after);
      throw new CrashTestError(where, imageText(visible), error, calls);
    }
    await schedule?.finish();
    for (const next of recorder?.finish() ?? []) {
      await this.#examine(next, crashes, undefined);
    }
    return system.operations;
  }
}

/** At most so many orders are tried, if the test does not say. */
const ORDERS = 100;

const FILE_SYNCS: readonly OperationKind[] = ["dataSync", "sync"];

/** How syncs fail, if the test does not say: names are journaled, and not forgotten as bytes are. */
const FAILING_SYNCS: readonly Fault[] = [
  { kinds: FILE_SYNCS, errno: "EIO", sync: "F0" },
  { kinds: FILE_SYNCS, errno: "EIO", sync: "F1" },
  { kinds: FILE_SYNCS, errno: "EIO", sync: "F2" },
  { kinds: FILE_SYNCS, errno: "EIO", sync: "F6" },
  { kinds: ["syncDir"], errno: "EIO", sync: "F0" },
  { kinds: ["syncDir"], errno: "EIO", sync: "F6" },
];

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
