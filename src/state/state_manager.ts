/**
 * Typed state in memory, with every change on disk before it is seen.
 *
 * @module
 */

import { checkBoolean, checkCount } from "../wal/options.ts";
import type { StateChange, StateListener } from "./feed.ts";
import { type FollowOptions, StateFollower } from "./follower.ts";
import { type OpenState, openState, type StateRecovery } from "./open_state.ts";
import {
  type ApplyOptions,
  type ChangesOptions,
  type Compaction,
  FOLLOW_KEYS,
  MANAGER_KEYS,
  READ_KEYS,
  resolvePlan,
  type StateManagerOptions,
  type StateOptions,
} from "./options.ts";
import { readChanges, stateAt } from "./past.ts";
import { type StateReport, verifyState } from "./verify.ts";
import type { DeepReadonly } from "./view.ts";

/**
 * Typed state in memory, rebuilt from a snapshot and a log.
 *
 * - **Durable.** A mutation is on disk before `apply` resolves and before
 *   {@linkcode StateManager.state} shows it: what can be read survives a power cut.
 * - **Atomic.** A mutation is applied as a whole or not at all, and so is a batch
 *   of {@linkcode StateManager.applyAll}. A reducer that throws changes nothing,
 *   in memory or on disk.
 * - **Ordered.** Mutations are applied in the order of the calls, which is that of
 *   the log; each has a sequence number, counted from 1 and never given twice.
 * - **Concurrent.** Calls that wait together share one sync.
 * - **Recovered.** Snapshot and log give the same state as the whole log would.
 *   What does not fit together is refused with its position.
 * - **Bounded.** A snapshot is written automatically when the log has grown by 4 MiB,
 *   or by the size of the last snapshot if that is more (option `snapshotAfter`): so
 *   opening takes moments, however long the history is, which stays in the log.
 * - **One writer.** A second open, in this process or another, rejects with
 *   `LOCKED`. {@linkcode StateManager.follow} needs no lock.
 * - **Fail-stop.** After the first failed write or sync of the log every mutation
 *   rejects with the same `FAILED` error; the state stays at the last durable
 *   one, of which a snapshot can still be written. Close it and open it again.
 *
 * The state is JSON data: objects, arrays, strings, finite numbers, booleans, `null`.
 * A reducer changes it in place, or returns a new one. It does to the state what it
 * would do to an ordinary object, or is refused; when it returns, the state is what
 * JSON makes of it.
 *
 * @typeParam S The type of the state.
 * @typeParam M The type of the mutations.
 *
 * @example A counter that survives
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MemoryFileSystem, mutators, StateManager } from "@mini-ts/durable";
 *
 * const options = {
 *   initial: { value: 0 },
 *   apply: mutators({
 *     inc: (state: { value: number }, p: { by: number }) => {
 *       state.value += p.by;
 *     },
 *   }),
 *   fileSystem: new MemoryFileSystem(), // leave it out for real files
 * };
 * const first = await StateManager.open("counter", options);
 * await first.apply({ inc: { by: 10 } }); // on disk from here on
 * await first.compact(); // one file with the state, and an empty log
 * await first.apply({ inc: { by: 5 } });
 * await first.close();
 *
 * const counter = await StateManager.open("counter", options);
 * assertEquals(counter.state.value, 15);
 * assertEquals(counter.recovery.snapshot, 1);
 * assertEquals(counter.sequence, 2);
 * await counter.close();
 * ```
 */
export class StateManager<S, M> implements AsyncDisposable {
  /** The directory that holds the log and the snapshot, from the root. */
  readonly stateDir: string;
  /** The file of the log, from the root; sealed segments are beside it. */
  readonly journalPath: string;
  /** What opening found and did. */
  readonly recovery: StateRecovery;
  readonly #open: OpenState<S, M>;

  private constructor(open: OpenState<S, M>) {
    this.#open = open;
    this.stateDir = open.plan.place.dir;
    this.journalPath = open.plan.log.path;
    this.recovery = open.recovery;
  }

  /**
   * Opens a state for writing, and creates it if there is none, with the missing
   * directories.
   *
   * - The snapshot is read, and the records of the log behind it are applied. What
   *   does not fit together is refused, and nothing is changed.
   * - A snapshot that is damaged is not used if the log holds everything;
   *   {@linkcode StateManager.recovery} tells, and so does `onRecovery`.
   * - A directory of mini-rs (`ministate`) is taken over as it is.
   *
   * @typeParam S The type of the state; inferred from `initial`.
   * @typeParam M The type of the mutations; inferred from `apply`.
   * @param dir The directory for the log and the snapshot. A relative path counts from
   * the working directory, which may change once it is open.
   * @param options What the state is made of, and how it is written.
   * @returns The open state. Close it, or use `await using`; Node 22 has no syntax
   * for that: call `close()` in a `finally` there.
   * @throws {DurableError} `LOCKED` if it has a writer; `CORRUPT` if the log is
   * damaged, or it and the snapshot do not fit together; `REJECTED` or
   * `INVALID_RECORD` if a record is refused; `UNSUPPORTED_VERSION` if something is
   * newer than this program, or older and there is no `upcast`; or another code.
   * @throws {TypeError | RangeError} If an option is not what it must be.
   * @throws What `onRecovery` throws.
   */
  static async open<S, M>(
    dir: string,
    options: StateManagerOptions<S, M>,
  ): Promise<StateManager<S, M>> {
    const plan = await resolvePlan(dir, options, MANAGER_KEYS);
    return new StateManager(await openState(plan));
  }

  /**
   * The state as it was behind a mutation, read without a lock.
   *
   * @typeParam S The type of the state.
   * @typeParam M The type of the mutations.
   * @param dir The directory.
   * @param sequence The last mutation that is in it; 0 for the initial state.
   * @param options What the state is made of.
   * @returns The state, as data of the caller's own.
   * @throws {DurableError} `TRUNCATED` if the records it takes were removed by a
   * compaction; else as `open`.
   * @throws {RangeError} If the log does not reach to `sequence`.
   */
  static async at<S, M>(
    dir: string,
    sequence: number,
    options: StateOptions<S, M>,
  ): Promise<S> {
    return await stateAt(await resolvePlan(dir, options, READ_KEYS), sequence);
  }

  /**
   * Reads everything, and replays it in several ways that must give the same
   * state; needs no lock. It finds damage, and reducers that are not
   * deterministic.
   *
   * @typeParam S The type of the state.
   * @typeParam M The type of the mutations.
   * @param dir The directory.
   * @param options What the state is made of.
   * @returns What was found.
   * @throws {DurableError} `NOT_FOUND` if there is no log, or another code of the
   * file system.
   */
  static async verify<S, M>(
    dir: string,
    options: StateOptions<S, M>,
  ): Promise<StateReport> {
    return await verifyState(await resolvePlan(dir, options, READ_KEYS));
  }

  /**
   * Follows a state that another process writes, or this one; needs no lock.
   *
   * @typeParam S The type of the state.
   * @typeParam M The type of the mutations.
   * @param dir The directory; it may be empty as yet.
   * @param options What the state is made of, and how often to look.
   * @returns A state that catches up by itself, to be read.
   * @throws {DurableError} As `open`, but for `LOCKED`; `NOT_FOUND` if there is no
   * log, and it `mustExist`.
   */
  static async follow<S, M>(
    dir: string,
    options: FollowOptions<S, M>,
  ): Promise<StateFollower<S, M>> {
    return await StateFollower.start(
      await resolvePlan(dir, options, FOLLOW_KEYS),
      options,
    );
  }

  /**
   * The durable state, as a read-only value: what was read never changes, ask again
   * to see later commits. Parts that did not change are the same objects as before.
   *
   * - Small parts are plain frozen data; objects and arrays with many members are
   *   proxies, which read and print like ordinary ones, and which `structuredClone`
   *   refuses. {@linkcode StateManager.snapshot} gives a copy.
   * - Holding an old state costs memory for what has changed since.
   */
  get state(): DeepReadonly<S> {
    return this.#open.tree.durable as DeepReadonly<S>;
  }

  /** A copy of the durable state, as data of the caller's own; costs time and memory by its size. */
  snapshot(): S {
    return this.#open.tree.copy();
  }

  /** Sequence number of the last mutation that is in {@linkcode StateManager.state}; 0 if there never was one. */
  get sequence(): number {
    return this.#open.commits.sequence;
  }

  /**
   * Applies a mutation. Many calls may be under way at once: they are carried out
   * in the order of the calls, and share syncs.
   *
   * @param mutation What JSON can hold without changing it, unless a `codec` says more.
   * @param options What the caller expects.
   * @returns Its sequence number, when it is durable and to be seen.
   * @throws {DurableError} `REJECTED` if the reducer throws, with what it threw as
   * `cause`, `INVALID_RECORD` if `validate` refuses it, `CONFLICT` if
   * `expectedSequence` is not the last one, `CLOSED`: nothing was written, and the
   * state is as before. `FAILED`: whether it is on disk is unknown.
   * @throws {TypeError | RangeError} If it cannot be written as it is, or is too long.
   */
  apply(mutation: M, options?: ApplyOptions): Promise<number> {
    try {
      return this.#open.commits.apply([mutation], options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Applies several mutations as one: if the reducer refuses one of them, none is
   * applied, and after a crash all of them are there, or none. In format v0.1 the
   * first ones may be there alone.
   *
   * @param mutations At least one.
   * @param options What the caller expects.
   * @returns The sequence number of the last one, when all are durable.
   * @throws {DurableError | TypeError | RangeError} As `apply`; an empty batch is a
   * `RangeError`.
   */
  applyAll(mutations: Iterable<M>, options?: ApplyOptions): Promise<number> {
    try {
      const all = [...mutations];
      if (all.length === 0) {
        throw new RangeError(
          `Cannot apply to "${this.journalPath}": the batch is empty`,
        );
      }
      return this.#open.commits.apply(all, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Decides upon the newest state, with everything that was handed in before, and
   * applies what was decided, with nothing in between. The state that `decide` is
   * given may hold what is not durable yet: if that fails, so does this.
   *
   * @example Take only what is there
   * ```ts
   * import { assertEquals, assertRejects } from "@std/assert";
   * import { MemoryFileSystem, StateManager } from "@mini-ts/durable";
   *
   * const stock = await StateManager.open("stock", {
   *   initial: { apples: 3 },
   *   apply: (state, taken: number) => {
   *     state.apples -= taken;
   *   },
   *   fileSystem: new MemoryFileSystem(),
   * });
   * const take = (wanted: number) =>
   *   stock.transact((state) => {
   *     if (state.apples < wanted) throw new Error("sold out");
   *     return [wanted];
   *   });
   * const [first, second] = [take(2), take(2)]; // at the same time
   * await assertRejects(() => second, Error, "sold out");
   * assertEquals(await first, 1);
   * assertEquals(stock.state.apples, 1);
   * await stock.close();
   * ```
   *
   * @param decide Returns the mutations to apply, or throws. It must be synchronous,
   * and apply nothing itself: that is a `CONFLICT`.
   * @returns The sequence number of the last one, when all are durable; without
   * mutations, that of the state decided upon, when it is durable.
   * @throws What `decide` throws, and as `applyAll`.
   */
  transact(
    decide: (state: DeepReadonly<S>) => Iterable<M>,
  ): Promise<number> {
    try {
      return this.#open.commits.transact(decide as (state: S) => Iterable<M>);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Calls a function for each commit from now on, in order, when the state shows it
   * and before `apply` resolves. What it throws is an unhandled error of the
   * program, and concerns neither the caller of `apply` nor other listeners.
   *
   * @param listener Called with the mutation and its sequence number.
   * @returns Ends it.
   */
  subscribe(listener: StateListener<M>): () => void {
    return this.#open.commits.feed.subscribe(listener);
  }

  /**
   * Iterates over the mutations that were committed, and then over each that is,
   * until the state is closed. A slow reader costs no memory: what it has missed is
   * read from the log. While it waits it keeps the program alive, unless `ref` is
   * false.
   *
   * @param options From where, and for how long.
   * @returns The mutations with their sequence numbers.
   * @throws {DurableError} `TRUNCATED` if the records wanted were removed by a
   * compaction, `FAILED` behind the last commit of a state that has failed.
   */
  changes(
    options: ChangesOptions = {},
  ): AsyncGenerator<StateChange<M>, void, undefined> {
    const { commits, plan } = this.#open;
    const { from = commits.sequence + 1, signal, ref = true } = options;
    checkCount("from", from, 1, Number.MAX_SAFE_INTEGER);
    checkBoolean("ref", ref);
    const past = {
      get sequence() {
        return commits.sequence;
      },
      read: (first: number) => readChanges(plan, first, commits.sequence),
    };
    return commits.feed.changes(past, from, signal, ref);
  }

  /**
   * Why the last automatic snapshot has failed, as on a full disk; `undefined` if it
   * has not. The log goes on; the next attempt is made when it has grown by as much
   * again as it takes for a snapshot to be due.
   */
  get snapshotError(): unknown {
    return this.#open.upkeep.auto.error;
  }

  /**
   * Writes a snapshot of the durable state, while mutations go on. Snapshots are also
   * written automatically, as the option `snapshotAfter` says.
   *
   * - It is of one moment, that of the call, or when the one before it is done:
   *   what changes while it is being written costs one old value for each member.
   * - The event loop is held for the option `slice` at most, 10 ms by default, but
   *   for a single text longer than that takes.
   * - If it fails the snapshot before it is kept, and the log goes on.
   *
   * @returns Its sequence number, when it is durable.
   * @throws {DurableError} `CLOSED`, or a code of the file system.
   */
  createSnapshot(): Promise<number> {
    return this.#whileOpen(() => this.#open.upkeep.createSnapshot());
  }

  /**
   * Writes a snapshot, reads it back, and then removes the segments of the log that
   * it covers. `changes`, `at` and a fallback to the log do not reach behind it any
   * more.
   *
   * @returns What was done.
   * @throws {DurableError} As `createSnapshot`, `CORRUPT` if the disk does not give
   * back what was written, and `FAILED`; nothing was removed unless the snapshot is
   * durable.
   * @throws {TypeError} In format v0.1, whose records have no numbers.
   */
  compact(): Promise<Compaction> {
    return this.#whileOpen(() => this.#open.upkeep.compact());
  }

  /**
   * Commits what is pending, waits for a snapshot that is under way, automatic or
   * not, and releases the files and the lock; a compaction that was asked for and has
   * not begun is refused with `CLOSED`. The state can still be read. A second call
   * gives the same promise.
   *
   * @throws {DurableError} `FAILED` if the log could not be marked as closed.
   */
  close(): Promise<void> {
    return this.#open.close();
  }

  /** {@linkcode StateManager.close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #whileOpen<T>(run: () => Promise<T>): Promise<T> {
    if (this.#open.isClosed) {
      throw this.#open.commits.closedError("write a snapshot of");
    }
    return await run();
  }
}
