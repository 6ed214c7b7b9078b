/**
 * A state that follows its writer.
 *
 * @module
 */

import { systemClock } from "../clock.ts";
import type { DurableError } from "../errors.ts";
import { checkBoolean, checkCount } from "../wal/options.ts";
import { checkExists } from "../wal/reader.ts";
import { LogTail } from "../wal/tail.ts";
import { Feed, type StateListener } from "./feed.ts";
import { applyBatch, loadOrigin } from "./load.ts";
import type { Plan, StateOptions } from "./options.ts";
import { Tree } from "./tree.ts";
import type { DeepReadonly } from "./view.ts";

/** How a state is followed. */
export interface FollowOptions<S, M> extends StateOptions<S, M> {
  /**
   * How long to wait before looking again, in milliseconds; a look where nothing
   * is new costs a few system calls. Range: 1 and up, `Infinity` to look only when
   * {@linkcode StateFollower.catchUp} is called.
   *
   * @default {100}
   */
  readonly interval?: number | undefined;
  /**
   * Refuses a directory without a log with `NOT_FOUND`, in place of waiting for one
   * to come. Set it where the writer was there before, so that a mistyped path does
   * not show the initial state for good.
   *
   * @default {false}
   */
  readonly mustExist?: boolean | undefined;
  /** Ends it, as `close` does. @default {none} */
  readonly signal?: AbortSignal | undefined;
  /**
   * Whether the program is kept alive while it looks for news by itself, though it
   * may have nothing else to do. @default {true}
   */
  readonly ref?: boolean | undefined;
}

/** How a follower reads on. */
interface Position<S> {
  readonly tree: Tree<S>;
  readonly tail: LogTail<unknown>;
}

/**
 * A state that another process writes, read-only. It needs no lock, and goes on
 * across rotations and compactions of the writer.
 *
 * - It shows what the log holds: a mutation whose sync is still running may be
 *   seen a moment before its writer sees it.
 * - If a compaction removes what it has not read yet, it goes on from the snapshot;
 *   listeners are then told of the jump by a change without a mutation.
 * - It looks for news every `interval` milliseconds, until it is closed, and keeps
 *   the program alive by that, unless `ref` is false.
 *
 * @typeParam S The type of the state.
 * @typeParam M The type of the mutations.
 *
 * @example Read what another process writes
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MemoryFileSystem, StateManager } from "@mini-ts/durable";
 *
 * const options = {
 *   initial: { total: 0 },
 *   apply: (state: { total: number }, amount: number) => {
 *     state.total += amount;
 *   },
 *   fileSystem: new MemoryFileSystem(),
 * };
 * const writer = await StateManager.open("till", options);
 * const reader = await StateManager.follow("till", {
 *   ...options,
 *   interval: Infinity, // look only when asked
 * });
 * await writer.apply(5);
 * assertEquals(await reader.catchUp(), 1);
 * assertEquals(reader.state.total, 5);
 * await reader.close();
 * await writer.close();
 * ```
 */
export class StateFollower<S, M> implements AsyncDisposable {
  readonly #plan: Plan<S, M>;
  readonly #interval: number;
  readonly #ref: boolean;
  readonly #feed = new Feed<M | undefined>();
  #position: Position<S>;
  #looking: Promise<unknown> = Promise.resolve();
  /** The look that begins when the one under way is done. */
  #waiting: Promise<number> | undefined;
  /** Ends the wait for the next look. */
  #stopWaiting: () => void = () => {};
  #failure: unknown;
  /** A record that cannot be applied; what is behind it is not, either. */
  #refusal: unknown;
  #isClosed = false;
  #onClose: () => void = () => {};

  private constructor(
    plan: Plan<S, M>,
    position: Position<S>,
    interval: number,
    ref: boolean,
  ) {
    this.#plan = plan;
    this.#position = position;
    this.#interval = interval;
    this.#ref = ref;
  }

  /** Begins to follow; for `StateManager.follow`. */
  static async start<S, M>(
    plan: Plan<S, M>,
    { interval = 100, signal, ref = true, mustExist }: FollowOptions<S, M>,
  ): Promise<StateFollower<S, M>> {
    checkCount("interval", interval, 1, Infinity);
    checkBoolean("mustExist", mustExist);
    checkBoolean("ref", ref);
    signal?.throwIfAborted();
    if (mustExist) await checkExists(plan.log.fileSystem, plan.log.path);
    const position = await begin(plan);
    const follower = new StateFollower(plan, position, interval, ref);
    await follower.catchUp();
    const onAbort = () => void follower.close();
    signal?.addEventListener("abort", onAbort);
    follower.#onClose = () => signal?.removeEventListener("abort", onAbort);
    if (signal?.aborted) await follower.close();
    else follower.#schedule();
    return follower;
  }

  /** The state, as a read-only value: what was read never changes. */
  get state(): DeepReadonly<S> {
    return this.#position.tree.newest as DeepReadonly<S>;
  }

  /** A copy of the state, as data of the caller's own. */
  snapshot(): S {
    return this.#position.tree.copy();
  }

  /** Sequence number of the last mutation that is in it. */
  get sequence(): number {
    return this.#position.tree.sequence;
  }

  /** Why it stopped to look for news by itself; `undefined` if it did not. */
  get failure(): unknown {
    return this.#failure;
  }

  /**
   * Calls a function for each mutation that is met, in order, when the state shows
   * it; without a mutation if the state was read from a newer snapshot.
   *
   * @param listener Called with the mutation and its sequence number.
   * @returns Ends it.
   */
  subscribe(listener: StateListener<M | undefined>): () => void {
    return this.#feed.subscribe(listener);
  }

  /**
   * Reads what was committed since. Behind a record that cannot be applied it
   * rejects with the same error for good.
   *
   * @returns The sequence number of the last mutation.
   * @throws {DurableError} As `StateManager.open`, but for `LOCKED`.
   */
  catchUp(): Promise<number> {
    // Not with a look that is under way: it may be past what was just committed.
    this.#waiting ??= this.#looking.then(() => {
      this.#waiting = undefined;
      const look = this.#look();
      this.#looking = look.catch(() => {}); // whoever asked is told
      return look;
    });
    return this.#waiting;
  }

  /** Ends it; the state can still be read. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#onClose();
    this.#stopWaiting();
    await this.#waiting?.catch(() => {}); // whoever asked is told
    await this.#looking;
  }

  /** {@linkcode StateFollower.close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #schedule(): void {
    if (this.#isClosed || this.#interval === Infinity) return;
    const letGo = this.#ref ? systemClock.hold() : () => {};
    const giveUp = systemClock.setTimer(() => {
      letGo();
      this.catchUp().then(
        () => this.#schedule(),
        (error) => this.#failure = error,
      );
    }, this.#interval);
    this.#stopWaiting = () => {
      giveUp();
      letGo();
    };
  }

  async #look(): Promise<number> {
    if (this.#refusal !== undefined) throw this.#refusal;
    try {
      return await this.#readOn();
    } catch (error) {
      if ((error as DurableError).code !== "TRUNCATED") throw error;
    }
    // A compaction was faster: its snapshot has what was removed.
    const position = await begin(this.#plan);
    const { sequence } = position.tree;
    if (sequence > this.sequence) {
      this.#position = position;
      this.#feed.publish({ sequence, mutation: undefined });
    }
    return await this.#readOn();
  }

  async #readOn(): Promise<number> {
    const position = this.#position;
    const { tree, tail } = position;
    const publish = (sequence: number, mutation: M) =>
      this.#feed.publish({ sequence, mutation });
    for await (const batch of tail.read()) {
      const onMutation = this.#feed.isHeard ? publish : undefined;
      try {
        applyBatch(this.#plan, tree, batch, Infinity, onMutation);
      } catch (error) {
        throw this.#refusal = error;
      }
      if (this.#isClosed) break;
    }
    return tree.sequence;
  }
}

/** The newest snapshot, and the log behind it. */
async function begin<S, M>(plan: Plan<S, M>): Promise<Position<S>> {
  const { state, sequence } = await loadOrigin(plan);
  const { log, reading, version } = plan;
  return {
    tree: new Tree<S>(state, sequence),
    tail: new LogTail({ ...log, reading, maxSchema: version }, sequence + 1),
  };
}
