/**
 * Histories of a log, their crash states, and the search for a violation.
 */

import {
  type CrashReport,
  type CrashStateOptions,
  type Fault,
  type SimulatedFileSystem,
  testCrashes,
} from "../../src/testing/mod.ts";
import { checkPoison, open, play, type Run } from "./alphabet.ts";
import { checkLog } from "./check_log.ts";
import { Oracle, type Owed, type Settings } from "./oracle.ts";

/** A history and what is tried with it. */
export interface Case {
  /** The steps, a letter each; crash points are in the last one. */
  readonly history: string;
  readonly settings: Settings;
  readonly states: CrashStateOptions;
  readonly again?: CrashStateOptions | undefined;
  readonly chooseAgain?: ((fingerprint: number) => boolean) | undefined;
  /** What fails in the last step. */
  readonly fault?: Fault | undefined;
  readonly seed?: number | undefined;
  /** What is done to the file system before the history begins, to plant a defect. */
  readonly prepare?: ((fileSystem: SimulatedFileSystem) => void) | undefined;
  readonly seen?: Set<number> | undefined;
}

/** Runs a history and checks every state that a crash in its last step can leave. */
export async function crash(it: Case): Promise<CrashReport & { hit: boolean }> {
  const { history, settings, fault } = it;
  let hit = fault === undefined;
  const report = await testCrashes<Owed>({
    run: async (fileSystem, watch) => {
      it.prepare?.(fileSystem);
      const oracle = new Oracle(settings);
      const run: Run = { fileSystem, oracle, store: undefined };
      if (history !== "") {
        await open(run);
        await play(run, history.slice(0, -1));
      }
      if (fault) {
        fileSystem.inject(fault);
        if (fault.sync === "F4") oracle.lies();
      }
      watch(() => oracle.owed);
      try {
        if (history === "") await open(run);
        else await play(run, history.slice(-1));
      } catch (error) {
        if (!fault) throw error;
        await checkPoison(run, error);
      }
      hit ||= fileSystem.operations.some((operation) => operation.fault);
    },
    check: checkLog,
    states: it.states,
    again: it.again,
    chooseAgain: it.chooseAgain,
    seed: it.seed,
    seen: it.seen,
  });
  return { ...report, hit };
}

/** The shortest part of a history that still fails, and how. */
export async function shrink(it: Case): Promise<{ it: Case; error: unknown }> {
  const failure = async (history: string) => {
    try {
      await crash({ ...it, history, seen: new Set() });
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

/** Adds up reports. */
export class Tally {
  readonly seen: Set<number> = new Set();
  readonly byModel: Map<string, number> = new Map();
  histories = 0;
  states = 0;
  faults = 0;

  /** Runs a case and counts; a violation is thrown with the shortest history that has it. */
  async run(it: Case): Promise<boolean> {
    try {
      const report = await crash({ ...it, seen: this.seen });
      this.histories++;
      this.states += report.states;
      if (it.fault && report.hit) this.faults++;
      for (const [model, count] of report.byModel) {
        this.byModel.set(model, (this.byModel.get(model) ?? 0) + count);
      }
      return report.hit;
    } catch (error) {
      const { it: small, error: shrunk } = await shrink(it);
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
