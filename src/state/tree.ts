/**
 * A state in memory: changed by reducers, seen by readers as of their moments.
 *
 * @module
 */

import { ROOT } from "./draft.ts";
import { draftOf, isDraft, ReducerRun } from "./run.ts";
import { Taking } from "./take.ts";
import type { Change } from "./table.ts";
import { type Moment, Timeline } from "./timeline.ts";
import { copyOut, isContainer } from "./values.ts";

/**
 * How a state follows from the one before it, and a mutation. The sequence number
 * of the mutation is the same at every replay: a ready-made id.
 */
export type Reduce<S, M> = (
  state: S,
  mutation: M,
  sequence: number,
) => S | void;

/** A state with the changes that are not durable yet. */
export class Tree<S> {
  readonly #timeline: Timeline;
  /** Whether changes are durable later than they are made. */
  #isAwaited = false;
  #isRunning = false;
  readonly #taking = new Taking();
  /** Counts the runs of reducers. */
  #tick = 0;

  /**
   * @param state A value, as `adoptState` or a builder makes it.
   * @param sequence The sequence number of the last mutation in it.
   */
  constructor(state: unknown, sequence: number = 0) {
    this.#timeline = new Timeline(state, sequence);
  }

  /** From here on changes are durable later than they are made: {@linkcode Tree.settle} says when. */
  await(): void {
    this.#isAwaited = true;
  }

  /** The durable state, for a program that may keep it: it never changes. */
  get durable(): S {
    return this.#timeline.lend(this.#timeline.durable) as S;
  }

  /** The newest state, likewise. */
  get newest(): S {
    if (this.#isRunning) {
      throw new TypeError("Cannot read the newest state from within a reducer");
    }
    return this.#timeline.lend(this.#timeline.newest) as S;
  }

  /** The sequence number of the last mutation in the durable state. */
  get sequence(): number {
    return this.#timeline.durable.sequence;
  }

  /** The newest state, for whoever looks at it once and does not keep it. */
  get newestRoot(): unknown {
    return this.#timeline.newest.root;
  }

  /** The durable state, likewise. */
  get durableRoot(): unknown {
    return this.#timeline.durable.root;
  }

  /** A copy of the durable state. */
  copy(): S {
    return copyOut(this.durableRoot) as S;
  }

  /**
   * Applies mutations, all or none.
   *
   * @param sequence The sequence number of the last of them.
   * @param reduce The reducer.
   * @param mutations The mutations; no caller holds any part of them.
   * @param joins Whether they become durable together with those of the call before.
   * @throws What the reducer throws, and a `TypeError` for what the state cannot
   * hold; nothing has changed then.
   */
  change<M>(
    sequence: number,
    reduce: Reduce<S, M>,
    mutations: readonly M[],
    joins: boolean = false,
  ): void {
    if (this.#isRunning) {
      throw new TypeError("Cannot change the state from within a reducer");
    }
    const timeline = this.#timeline;
    const first = sequence - mutations.length + 1;
    const open = joins ? timeline.open : undefined;
    const moment = open ?? {
      first,
      sequence,
      tick: ++this.#tick,
      root: timeline.newest.root,
      changes: [],
      replaced: [],
    };
    const { tick, root, changes, replaced } = moment;
    const changed = changes.length;
    const exchanged = replaced.length;
    this.#isRunning = true;
    try {
      let number = first;
      for (const mutation of mutations) {
        // What may be in two places must not be changed in place.
        if (timeline.mayAlias && number > first) moment.tick = ++this.#tick;
        this.#run(moment, reduce as Reduce<unknown, M>, mutation, number++);
      }
    } catch (error) {
      moment.tick = tick;
      moment.root = root;
      for (const change of changes.splice(changed).reverse()) {
        change.table.undo(change);
      }
      for (const version of replaced.splice(exchanged).reverse()) {
        version.table.newest = version;
      }
      throw error;
    } finally {
      this.#isRunning = false;
    }
    moment.sequence = sequence;
    if (open) return;
    timeline.push(moment);
    if (!this.#isAwaited) timeline.settle(sequence);
  }

  /** What was changed up to `sequence` is durable. */
  settle(sequence: number): void {
    this.#timeline.settle(sequence);
  }

  /** What the last commit has changed in tables. */
  get lastChanges(): readonly Change[] {
    return this.#timeline.newest.changes;
  }

  /** Keeps the durable state until {@linkcode Tree.release}. */
  capture(): Moment {
    return this.#timeline.capture();
  }

  /** Ends {@linkcode Tree.capture}. */
  release(moment: Moment): void {
    this.#timeline.release(moment);
  }

  /** Runs a reducer, and makes the next state of what it has done. */
  #run<M>(
    moment: Moment,
    reduce: Reduce<unknown, M>,
    mutation: M,
    number: number,
  ): void {
    const { root } = moment;
    const run = new ReducerRun();
    const draft = isContainer(root) ? run.draft(root, undefined, ROOT) : root;
    const state = isDraft(draft) ? draft.proxy : root;
    const taking = this.#taking;
    try {
      const result: unknown = reduce(state, mutation, number);
      const isNew = result !== undefined && result !== state;
      if (isNew) checkResult(result, state, run.changes > 0);
      const { changes } = run;
      const next = isNew ? result : draft;
      moment.root = taking.take(next, moment, run, this.#timeline.mayAlias);
      if (run.refusal) throw run.refusal; // the reducer, or a getter, has caught it
      if (run.changes !== changes) {
        throw new TypeError("A getter that was stored has changed the state");
      }
    } finally {
      run.end();
    }
    if (taking.mayAlias) this.#timeline.alias();
  }
}

/** How often a reducer has changed the state that a draft belongs to. */
export function countChanges(draft: unknown): number {
  return isContainer(draft) ? draftOf(draft)?.run.changes ?? 0 : 0;
}

/** Refuses what a reducer must not return. */
export function checkResult(
  result: unknown,
  state: unknown,
  hasChanged: boolean,
): void {
  if (result instanceof Promise) {
    result.catch(() => {}); // its outcome comes too late
    throw new TypeError("The reducer is asynchronous: it returned a promise");
  }
  if (hasChanged) {
    throw new TypeError(
      "The reducer changed the state and returned a value: it must do only one of the two",
    );
  }
  // A reducer such as `(list) => list.push(1)` returns a number by accident.
  if (!isContainer(state) || isContainer(result)) return;
  throw new TypeError(
    `The reducer returned ${String(result)}, which cannot replace an object`,
  );
}
