/**
 * Collects the states that a crash can leave at each step of a program.
 *
 * @module
 */

import {
  type CrashState,
  type CrashStateOptions,
  hashText,
} from "./crash_states.ts";
import { type Operation, operationText } from "./faults.ts";
import type { Schedule } from "./call_schedule.ts";
import { SimulatedFileSystem } from "./simulated_file_system.ts";

/** A state that a crash can leave, and what was owed then. */
export interface Found<T> {
  /** Makes a file system in the state. */
  readonly boot: () => SimulatedFileSystem;
  readonly fingerprint: number;
  readonly models: readonly string[];
  readonly where: string;
  /** Makes the lines that say what was unusual about the calls before. */
  readonly calls: () => readonly string[];
  readonly owed: T;
}

/** What the runs of one program share. */
export interface Collection {
  readonly options: CrashStateOptions;
  /** States that were found, of this program or others. */
  readonly seen: Set<number>;
  /** Moments of which all states were collected. */
  readonly explored: Set<number>;
  readonly seed: number;
}

/** Watches one run of a program. */
export class Recorder<T> {
  readonly #fileSystem: SimulatedFileSystem;
  readonly #collection: Collection;
  readonly #schedule: Schedule | undefined;
  /** Whether the program was run before: then only what differs is of interest. */
  readonly #isRepeated: boolean;
  readonly #found: Found<T>[] = [];
  #began: number | undefined;
  #owed: (() => T) | undefined;
  #last: number | undefined;

  constructor(
    fileSystem: SimulatedFileSystem,
    collection: Collection,
    schedule?: Schedule,
  ) {
    this.#fileSystem = fileSystem;
    this.#collection = collection;
    this.#schedule = schedule;
    this.#isRepeated = collection.explored.size > 0;
    fileSystem.onOperation = (operation) => this.#collect(operation);
    if (schedule) schedule.onMoment = () => this.#collect(undefined);
  }

  readonly watch = (owed: () => T): void => {
    this.#collect(undefined); // what was owed until now
    this.#began ??= this.#fileSystem.operations.length;
    this.#owed = owed;
  };

  /** The calls that were made since something was owed. */
  get operations(): readonly Operation[] {
    return this.#fileSystem.operations.slice(this.#began ?? Infinity);
  }

  /** Ends the collection. */
  finish(): readonly Found<T>[] {
    this.#collect(undefined);
    this.#fileSystem.onOperation = () => {};
    return this.#found;
  }

  /** Makes the lines that say what was unusual about the calls up to this moment. */
  calls(): () => readonly string[] {
    const { operations } = this.#fileSystem;
    const count = operations.length;
    const overlaps = this.#schedule?.report();
    return () => {
      const failed = operations.slice(0, count).filter(({ fault }) => fault);
      return [
        ...failed.map((call) => `Made to fail: call ${operationText(call)}`),
        ...overlaps?.() ?? [],
      ];
    };
  }

  /** Whether a run that is repeated to let a call fail is not there yet. */
  get #isOld(): boolean {
    return this.#isRepeated && !this.#schedule &&
      !this.#fileSystem.operations.some(({ fault }) => fault);
  }

  #collect(operation: Operation | undefined): void {
    if (!this.#owed || this.#isOld) return;
    const owed = this.#owed();
    const system = this.#fileSystem;
    const { seen, explored, options, seed } = this.#collection;
    const key = hashText(JSON.stringify(owed), 0);
    const fingerprint = system.fingerprint(key);
    if (fingerprint === this.#last) return;
    this.#last = fingerprint;
    if (this.#isRepeated && explored.has(fingerprint)) return;
    explored.add(fingerprint);
    const where = operation
      ? `before call ${operationText(operation)}`
      : `after call ${system.operations.length}`;
    const calls = this.calls();
    if (!seen.has(fingerprint)) {
      seen.add(fingerprint);
      const copy = system.clone(seed + 1);
      this.#found.push({
        boot: () => copy.clone(seed + 1),
        fingerprint,
        models: ["kill"],
        where: `Killed ${where}`,
        calls,
        owed,
      });
    }
    for (const state of system.crashStates(options)) {
      this.#add(state, owed, key, where, calls);
    }
  }

  #add(
    state: CrashState,
    owed: T,
    key: number,
    where: string,
    calls: () => readonly string[],
  ): void {
    const { names, data, image } = state;
    const { seen, seed } = this.#collection;
    const fingerprint = hashText(`${state.fingerprint}`, key);
    if (seen.has(fingerprint)) return;
    seen.add(fingerprint);
    const models = [names, ...data];
    const time = this.#fileSystem.now();
    this.#found.push({
      boot: () => new SimulatedFileSystem({ image, seed: seed + 1, time }),
      fingerprint,
      models,
      where: `Power cut ${where}, by ${models.join(" and ")}`,
      calls,
      owed,
    });
  }
}
