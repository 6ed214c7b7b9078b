/**
 * A state in memory: changed by reducers, seen by readers as of their points.
 *
 * @module
 */

import { adopt, copyOut } from "./copy.ts";
import { Editing, ROOT } from "./edit.ts";
import {
  ABSENT,
  type AsOf,
  History,
  NEWEST,
  ownMember,
  type Reader,
} from "./history.ts";
import { Views } from "./view.ts";

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
  readonly #holder: Record<string, unknown>;
  readonly #history = new History();
  readonly #editing: Editing;
  /** Sees what is durable; without it, all that is in memory is. */
  #durable: AsOf | undefined;
  readonly #newest = new Views({
    ...NEWEST,
    current: (part) => this.#history.current(part, Infinity),
  });
  #views: Views = this.#newest;
  #isTrimming = false;

  /** Takes a state over, which {@linkcode adoptState} made, or a builder. */
  constructor(state: unknown) {
    this.#holder = { [ROOT]: state };
    this.#editing = new Editing(this.#history, this.#holder);
  }

  /** From here on changes are durable later than they are made: {@linkcode Tree.settle} says when. */
  await(sequence: number): void {
    this.#durable = this.#history.join(sequence);
    this.#views = new Views(this.#durable);
  }

  /** The durable state, to be read. */
  get durable(): S {
    return this.#root(this.#views);
  }

  /** The newest state, to be read. */
  get newest(): S {
    return this.#root(this.#newest);
  }

  /** The newest state as the tree keeps it. */
  get root(): unknown {
    return this.#holder[ROOT];
  }

  /** The durable state as the tree keeps it, with what sees it. */
  get seen(): { readonly reader: Reader; readonly root: unknown } {
    const { reader } = this.#views;
    return { reader, root: reader.member(this.#holder, ROOT) };
  }

  /** A copy of the durable state. */
  copy(): S {
    const { reader } = this.#views;
    return copyOut(reader, reader.member(this.#holder, ROOT)) as S;
  }

  /**
   * Applies mutations, all or none.
   *
   * @param sequence The sequence number of the last of them.
   * @throws What the reducer throws; nothing has changed then.
   */
  change<M>(
    sequence: number,
    reduce: Reduce<S, M>,
    mutations: readonly M[],
  ): void {
    const history = this.#history;
    const before = history.end;
    try {
      let number = sequence - mutations.length;
      for (const mutation of mutations) {
        this.#editing.run(sequence, reduce, mutation, ++number);
      }
    } catch (error) {
      history.undoTo(before);
      throw error;
    }
    if (!this.#durable) history.trim();
  }

  /** What was changed up to `sequence` is durable. */
  settle(sequence: number): void {
    this.#durable?.advance(sequence);
    if (this.#isTrimming) return;
    // Once for all commits of a group, before anybody goes on that waits for them.
    this.#isTrimming = true;
    queueMicrotask(this.#trim);
  }

  readonly #trim = (): void => {
    this.#isTrimming = false;
    this.#history.trim();
  };

  /** What the changes that are not settled have done, as text, to compare two runs of a reducer. */
  trace(): string {
    const history = this.#history;
    history.trim();
    const lines: string[] = [];
    for (let number = history.start; number < history.end; number++) {
      const { target, key } = history.at(number);
      const value = ownMember(target, key);
      const text = value === ABSENT
        ? ""
        : JSON.stringify(copyOut(NEWEST, value));
      lines.push(`${key}=${text}`);
    }
    return lines.join("\n");
  }

  /** Keeps what is durable now as it is, until {@linkcode Tree.release}. */
  capture(): Capture {
    const point = this.#durable?.point ?? 0;
    const reader = this.#history.join(point);
    return { reader, root: reader.member(this.#holder, ROOT) };
  }

  /** Ends {@linkcode Tree.capture}. */
  release({ reader }: Capture): void {
    this.#history.leave(reader);
  }

  #root(views: Views): S {
    return views.of(views.reader.member(this.#holder, ROOT)) as S;
  }
}

/** A state as of a point. */
export interface Capture {
  readonly reader: AsOf;
  readonly root: unknown;
}

/** Takes data over as a state of its own. */
export function adoptState(state: unknown): unknown {
  if (state === undefined) {
    throw new TypeError(
      "Cannot use undefined as a state: JSON has no such value",
    );
  }
  return adopt(state, () => undefined, {}, ROOT);
}
