/**
 * Histories, their crash states, and the search for a violation.
 */

import {
  type CrashReport,
  type CrashStateOptions,
  type CrashTest,
  type Fault,
  type SimulatedFileSystem,
  testCrashes,
} from "../../src/testing/mod.ts";

/**
 * What the lab tries out: a log, or a state.
 *
 * @typeParam S How it is used.
 * @typeParam T What it owes.
 */
export interface Subject<S, T> {
  /** Begins to use one on an empty disk; nothing is opened yet. */
  readonly begin: (fileSystem: SimulatedFileSystem, settings: S) => Usage<T>;
  /** Recovers after a crash, and throws with the name of the invariant that does not hold. */
  readonly check: CrashTest<T>["check"];
}

/** A subject in use. */
export interface Usage<T> {
  /** What must come back if it ends here. */
  readonly owed: T;
  open(): Promise<void>;
  /** Takes the steps of a history. */
  play(history: string): Promise<void>;
  /** From here on a sync may report success and have lost what it was to save. */
  lies(): void;
  /** Throws if what must hold after a failure does not. */
  checkFailed(failure: unknown): Promise<void>;
}

/** A history and what is tried with it. */
export interface Case<S> {
  /** The steps, a letter each; crash points are in the last one. */
  readonly history: string;
  readonly settings: S;
  readonly states: CrashStateOptions;
  readonly again?: CrashStateOptions | undefined;
  readonly chooseAgain?: ((fingerprint: number) => boolean) | undefined;
  /** What fails in the last step. */
  readonly fault?: Fault | undefined;
  readonly seed?: number | undefined;
  /** In how many orders calls that overlap are carried out. @default 0, each at once */
  readonly orders?: number | undefined;
  /** What is done to the file system before the history begins, to plant a defect. */
  readonly prepare?: ((fileSystem: SimulatedFileSystem) => void) | undefined;
  readonly seen?: Set<number> | undefined;
}

/** Runs a history and checks every state that a crash in its last step can leave. */
export async function crash<S, T>(
  subject: Subject<S, T>,
  it: Case<S>,
): Promise<CrashReport & { hit: boolean }> {
  const { history, settings, fault } = it;
  let hit = fault === undefined;
  const report = await testCrashes<T>({
    run: async (fileSystem, watch) => {
      it.prepare?.(fileSystem);
      const usage = subject.begin(fileSystem, settings);
      if (history !== "") {
        await usage.open();
        await usage.play(history.slice(0, -1));
      }
      if (fault) {
        fileSystem.inject(fault);
        if (fault.sync === "F4") usage.lies();
      }
      watch(() => usage.owed);
      try {
        if (history === "") await usage.open();
        else await usage.play(history.slice(-1));
      } catch (error) {
        if (!fault) throw error;
        await usage.checkFailed(error);
      }
      hit ||= fileSystem.operations.some((operation) => operation.fault);
    },
    check: subject.check,
    states: it.states,
    again: it.again,
    chooseAgain: it.chooseAgain,
    faults: [], // each is a case of its own
    orders: it.orders ?? 0,
    seed: it.seed,
    seen: it.seen,
  });
  return { ...report, hit };
}

/** The shortest part of a history that still fails, and how. */
export async function shrink<S, T>(
  subject: Subject<S, T>,
  it: Case<S>,
): Promise<{ it: Case<S>; error: unknown }> {
  const failure = async (history: string) => {
    try {
      await crash(subject, { ...it, history, seen: new Set() });
      return undefined;
    } catch (error) {
      return error;
    }
  };
  let { history } = it;
  let error = await failure(history);
  for (let n = 0; n < history.length && error !== undefined;) {
    const shorter = history.slice(0, n) + history.slice(n + 1);
    const found = await failure(shorter);
    if (found === undefined) n++;
    else [history, error, n] = [shorter, found, 0];
  }
  return { it: { ...it, history }, error };
}

/** Adds up reports about one subject. */
export class Tally<S, T> {
  readonly seen: Set<number> = new Set();
  readonly byModel: Map<string, number> = new Map();
  histories = 0;
  states = 0;
  faults = 0;
  readonly #subject: Subject<S, T>;

  constructor(subject: Subject<S, T>) {
    this.#subject = subject;
  }

  /**
   * Runs a case and counts; a violation is thrown with the shortest history that has it.
   *
   * @returns Whether its fault has hit.
   */
  async run(it: Case<S>): Promise<boolean> {
    try {
      const report = await crash(this.#subject, { ...it, seen: this.seen });
      this.histories++;
      this.states += report.states;
      if (it.fault && report.hit) this.faults++;
      for (const [model, count] of report.byModel) {
        this.byModel.set(model, (this.byModel.get(model) ?? 0) + count);
      }
      return report.hit;
    } catch (error) {
      const { it: small, error: shrunk } = await shrink(this.#subject, it);
      const { history, settings, fault, seed } = small;
      const what = shrunk ?? error; // a state seen before may have hidden it
      throw new Error(
        `History "${shrunk ? history : it.history}" with ${
          JSON.stringify({ settings, fault, seed })
        }: ${what instanceof Error ? what.message : String(what)}`,
        { cause: what },
      );
    }
  }
}
