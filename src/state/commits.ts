/**
 * From mutations to commits: staged in memory at once, shown when durable.
 *
 * A mutation that is submitted is carried out on the newest state, which no reader
 * sees. If the reducer refuses it, it is undone and nothing is written. Else its
 * record joins the pending group of the log; when the group is durable, the state
 * that is shown goes on to it.
 *
 * So what is in the log was never refused, in the order in which it was decided;
 * and a decision can be made on the newest state without waiting for a sync.
 *
 * @module
 */

import { DurableError, messageOf } from "../errors.ts";
import type { Waiter } from "../wal/group.ts";
import type { Writer } from "../wal/writer.ts";
import { Feed } from "./feed.ts";
import type { ApplyOptions, Plan } from "./options.ts";
import type { Tree } from "./tree.ts";

/** A state that mutations are submitted to. */
export class Commits<S, M> {
  /** Tells of commits. */
  readonly feed: Feed<M> = new Feed();
  /** Called when mutations have become durable, while their group is being acknowledged. */
  onDurable: () => void = () => {};
  readonly #plan: Plan<S, M>;
  readonly #tree: Tree<S>;
  readonly #writer: Writer;
  /** The last mutation that the tree holds. */
  #staged: number;
  /** Resolves when all that was submitted is durable. */
  #newest: Promise<number>;
  #isClosed = false;

  constructor(plan: Plan<S, M>, tree: Tree<S>, writer: Writer) {
    this.#plan = plan;
    this.#tree = tree;
    this.#writer = writer;
    this.#staged = writer.sequence;
    this.#newest = Promise.resolve(writer.sequence);
    tree.await();
  }

  /** Sequence number of the last mutation that is durable. */
  get sequence(): number {
    return this.#tree.sequence;
  }

  /** Applies mutations, all or none; throws what is refused at once. */
  apply(mutations: readonly M[], options?: ApplyOptions): Promise<number> {
    this.checkOpen("apply to");
    const { settings, check } = this.#plan;
    const texts: string[] = [];
    const exact: M[] = [];
    for (const given of mutations) {
      // The reducer is given what a replay would give it.
      const mutation = settings.encodeExactly(check(given));
      texts.push(mutation.text);
      exact.push(mutation.exact);
    }
    this.expect(options?.expectedSequence);
    return this.stage(texts, exact);
  }

  /**
   * Throws if the last mutation that was submitted is another one than was
   * expected. Called after all code of the caller has run, the getters of its
   * mutations too: each may submit something itself.
   */
  expect(sequence: number | undefined): void {
    if (sequence === undefined || sequence === this.#staged) return;
    const { path } = this.#plan.log;
    throw new DurableError(
      "CONFLICT",
      `Cannot apply to "${path}": its last mutation is ${this.#staged}, and ${sequence} was expected; read the state and decide again`,
      { path, sequence: this.#staged },
    );
  }

  /**
   * Carries mutations out on the newest state, all or none, and hands their lines
   * to the log; throws what is refused at once.
   *
   * @param texts The lines, checked.
   * @param mutations What they say, as far as the reducer reads it; no caller holds any part of it.
   * @param onDurable Called when the state shows them, before any listener is called.
   */
  stage(
    texts: readonly string[],
    mutations: readonly M[],
    onDurable?: () => void,
  ): Promise<number> {
    const { log: { path }, apply } = this.#plan;
    const last = this.#staged + texts.length;
    try {
      // Listeners are shown the state as of each commit, all others as of each group.
      const joins = this.#writer.joinsGroup && !this.feed.isHeard;
      this.#tree.change(last, apply, mutations, joins);
    } catch (cause) {
      throw new DurableError(
        "REJECTED",
        `Cannot apply to "${path}": the reducer refuses the mutation: ${
          messageOf(cause)
        }`,
        { path, sequence: this.#staged, cause },
      );
    }
    this.#staged = last;
    return this.#newest = new Promise((resolve, reject) => {
      this.#writer.submit(
        new Staged(this, texts, onDurable, resolve, reject),
      );
    });
  }

  /** Sequence number of the last mutation that was submitted. */
  get staged(): number {
    return this.#staged;
  }

  /** Resolves when all that was submitted is durable, with the last sequence number of it. */
  get newest(): Promise<number> {
    return this.#newest;
  }

  /** What a function decides on the newest state. */
  decideOn<T>(decide: (state: S) => T): T {
    this.checkOpen("apply to");
    const decided = decide(this.#tree.newest);
    if (decided instanceof Promise) {
      decided.catch(() => {}); // its decision comes too late
      throw new TypeError(
        "Cannot transact: the function is asynchronous, and must decide at once",
      );
    }
    return decided;
  }

  /** Applies what is decided on the newest state. */
  transact(decide: (state: S) => Iterable<M>): Promise<number> {
    const expectedSequence = this.#staged;
    const mutations = [...this.decideOn(decide)];
    if (mutations.length > 0) {
      return this.apply(mutations, { expectedSequence });
    }
    this.expect(expectedSequence);
    return this.#newest;
  }

  /** Refuses everything from here on. */
  close(): void {
    this.#isClosed = true;
  }

  /** Throws if it has failed, or is closed. */
  checkOpen(action: string): void {
    if (this.#writer.failure) throw this.#writer.failure;
    if (!this.#isClosed) return;
    throw this.closedError(action);
  }

  /** What is said when it is closed. */
  closedError(action: string): DurableError {
    const { log: { path }, noun } = this.#plan;
    return new DurableError(
      "CLOSED",
      `Cannot ${action} "${path}": the ${noun} is closed`,
      { path, sequence: this.sequence },
    );
  }

  /** Mutations are durable: from here on the state shows them. */
  show(last: number, texts: readonly string[]): void {
    this.#tree.settle(last);
    this.onDurable();
    if (!this.feed.isHeard) return;
    let sequence = last - texts.length;
    for (const text of texts) {
      const mutation = this.#plan.settings.reading.decode(text);
      this.feed.publish({ sequence: ++sequence, mutation });
    }
  }
}

/** Mutations that wait to be durable: an object with methods, as two closures for each would cost more. */
class Staged<S, M> implements Waiter {
  readonly texts: readonly string[];
  private readonly commits: Commits<S, M>;
  private readonly onDurable: (() => void) | undefined;
  private readonly done: (sequence: number) => void;
  private readonly failed: (error: unknown) => void;

  constructor(
    commits: Commits<S, M>,
    texts: readonly string[],
    onDurable: (() => void) | undefined,
    done: (sequence: number) => void,
    failed: (error: unknown) => void,
  ) {
    this.commits = commits;
    this.texts = texts;
    this.onDurable = onDurable;
    this.done = done;
    this.failed = failed;
  }

  resolve(sequence: number): void {
    this.commits.show(sequence, this.texts);
    this.onDurable?.();
    this.done(sequence);
  }

  reject(error: unknown): void {
    this.commits.feed.end(error); // there will be no more
    this.failed(error);
  }
}
