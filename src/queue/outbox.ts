/**
 * A state and a queue that share one log, so that both change in one commit.
 *
 * @module
 */

import { DurableError, messageOf } from "../errors.ts";
import { encodeExactly } from "../wal/codec.ts";
import { checkKeys } from "../wal/options.ts";
import { compileCheck, Refusal, type Validate } from "../wal/schema.ts";
import { checkOf } from "../state/mutators.ts";
import { NotGiven } from "../state/convert.ts";
import type { StateRecovery } from "../state/open_state.ts";
import {
  checkFunctions,
  checkInitial,
  type StateManagerOptions,
} from "../state/options.ts";
import { adoptState } from "../state/take.ts";
import { checkResult, countChanges, type Reduce, Tree } from "../state/tree.ts";
import { copyOut } from "../state/values.ts";
import type { DeepReadonly } from "../state/view.ts";
import type { Core } from "./core.ts";
import { checkIterable } from "./dead_letters.ts";
import { letterOf } from "./letter.ts";
import { type Lease, reveal } from "./message.ts";
import { MiniQueue } from "./mini_queue.ts";
import { emptyRoot, type QueueRecord, reduceWith, type Root } from "./model.ts";
import { type Companion, openQueue } from "./open_queue.ts";
import type { EnqueueRequest, QueueOptions } from "./options.ts";

/**
 * What a state and its queue are made of. The options of the state are those of
 * `StateManager`; `upcast` receives mutations of the state only, and `migrate` the
 * state only: a queue without mutations needs neither.
 *
 * @typeParam S The type of the state: JSON data.
 * @typeParam M The type of the mutations.
 * @typeParam P The type of the payloads.
 */
export interface OutboxOptions<S, M, P> extends
  Pick<
    StateManagerOptions<S, M>,
    | "initial"
    | "apply"
    | "validate"
    | "version"
    | "upcast"
    | "migrate"
    | "onRecovery"
  > {
  /** How the queue works, where the files are, and when a snapshot of both parts is written. @default {{}} */
  readonly queue?: Omit<QueueOptions<P>, "onRecovery"> | undefined;
}

/**
 * What happens in one commit: all of it, or nothing.
 *
 * @typeParam M The type of the mutations.
 * @typeParam P The type of the payloads.
 */
export interface OutboxCommit<M, P> {
  /** Mutations of the state, in order. @default {none} */
  readonly apply?: Iterable<M> | undefined;
  /** Messages to put into the queue. @default {none} */
  readonly enqueue?: Iterable<EnqueueRequest<P>> | undefined;
  /** Messages that were worked on. @default {none} */
  readonly ack?: Iterable<Lease> | undefined;
}

/**
 * A state and a queue in one directory, on one log, so that a mutation, and the
 * messages that tell others of it, become durable in one commit (a _transactional
 * outbox_); and so do the mutation that a message asks for, and its acknowledgement:
 * for the state, that is exactly once.
 *
 * - {@linkcode Outbox.queue} is a queue like any other.
 * - What is promised beyond this process is at least once: a handler that has called
 *   somebody may be called again.
 *
 * @typeParam S The type of the state.
 * @typeParam M The type of the mutations.
 * @typeParam P The type of the payloads.
 *
 * @example An order, and the mail about it
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MemoryFileSystem, mutators, Outbox } from "@mini-ts/durable";
 *
 * interface Shop {
 *   orders: string[];
 *   mailed: string[];
 * }
 * const shop = await Outbox.open("shop", {
 *   initial: { orders: [], mailed: [] } as Shop,
 *   apply: mutators({
 *     order: (state: Shop, p: { id: string }) => void state.orders.push(p.id),
 *     mailed: (state: Shop, p: { id: string }) => void state.mailed.push(p.id),
 *   }),
 *   queue: { fileSystem: new MemoryFileSystem() },
 * });
 * await shop.commit({
 *   apply: [{ order: { id: "o-1" } }],
 *   enqueue: [{ payload: { mail: "o-1" } }],
 * });
 * assertEquals([shop.state.orders.length, shop.queue.size], [1, 1]);
 *
 * const message = await shop.queue.dequeue();
 * await shop.commit({ apply: [{ mailed: { id: "o-1" } }], ack: [message] });
 * assertEquals([shop.state.mailed.length, shop.queue.size], [1, 0]);
 * await shop.close();
 * ```
 */
export class Outbox<S, M, P = unknown> implements AsyncDisposable {
  /** The queue. */
  readonly queue: MiniQueue<P>;
  /** What opening found and did. */
  readonly recovery: StateRecovery;
  readonly #core: Core;
  /** What is shown of a queue that had no state yet. */
  readonly #initial: S;
  readonly #check: (mutation: unknown) => unknown;

  private constructor(
    core: Core,
    initial: S,
    check: (mutation: unknown) => unknown,
  ) {
    this.#core = core;
    this.#initial = adoptState(initial) as S;
    this.#check = check;
    this.queue = new MiniQueue<P>(core);
    this.recovery = core.state.recovery;
  }

  /**
   * Opens a state and its queue, and creates them if there are none. A directory
   * that held a queue alone gets the initial state.
   *
   * @typeParam S The type of the state; inferred from `initial`.
   * @typeParam M The type of the mutations; inferred from `apply`.
   * @typeParam P The type of the payloads; inferred from `queue.validate`.
   * @param dir The directory.
   * @param options What they are made of.
   * @returns The open state and queue. Close it, or use `await using`; Node 22 has no syntax
   * for that: call `close()` in a `finally` there.
   * @throws {DurableError | TypeError | RangeError} As `StateManager.open`.
   * @throws What `onRecovery` throws.
   */
  static async open<S, M, P = unknown>(
    dir: string,
    options: OutboxOptions<S, M, P>,
  ): Promise<Outbox<S, M, P>> {
    checkKeys(options, [
      "initial",
      "apply",
      "validate",
      "version",
      "upcast",
      "migrate",
      "onRecovery",
      "queue",
    ]);
    const { initial, apply, validate, onRecovery, queue = {} } = options;
    if (Object(queue).onRecovery !== undefined) {
      throw new TypeError(
        "Cannot use the option queue.onRecovery: the outbox has one of its own, onRecovery",
      );
    }
    checkInitial(initial);
    checkFunctions(options);
    const check = checkMutation(validate, apply);
    const companion = { ...companionOf(options, check), onRecovery };
    const core = await openQueue(dir, queue, companion);
    return new Outbox<S, M, P>(core, initial, check);
  }

  /** The durable state, to be read, as that of a `StateManager`. */
  get state(): DeepReadonly<S> {
    const { state } = this.#core.state.tree.durable;
    return (state === undefined ? this.#initial : state) as DeepReadonly<S>;
  }

  /** Sequence number of the last record, of the state or of the queue, that is durable. */
  get sequence(): number {
    return this.#core.state.commits.sequence;
  }

  /**
   * Changes the state and the queue in one commit.
   *
   * @param parts What happens; acknowledgements come first, then mutations.
   * @returns The ids of the messages that were enqueued, when all is on disk.
   * @throws {DurableError} `REJECTED` if the reducer refuses a mutation,
   * `LEASE_LOST` if a message is not held any more, `INVALID_RECORD`, `CLOSED`:
   * nothing has happened. `FAILED`: whether it has is unknown.
   * @throws {TypeError | RangeError} For what cannot be written.
   */
  commit(parts: OutboxCommit<M, P>): Promise<string[]> {
    return this.#commit(parts);
  }

  /** Commits, if `expected` is the last sequence number that was submitted. */
  async #commit(
    parts: OutboxCommit<M, P>,
    expected?: number,
  ): Promise<string[]> {
    checkKeys(parts, ["apply", "enqueue", "ack"]);
    const core = this.#core;
    const { apply = [], enqueue = [], ack = [] } = parts;
    for (const [name, part] of Object.entries({ apply, enqueue, ack })) {
      checkIterable(part, `Cannot commit: ${name}`);
    }
    // A lease may be named twice, by the message and by its receipt.
    const named = new Map(Array.from(ack, (lease) => [lease.receipt, lease]));
    const leases = Array.from(named.values(), (lease) => this.#own(lease));
    const mutations = Array.from(apply, (mutation) => {
      return encodeExactly(this.#check(mutation));
    });
    const letters = Array.from(enqueue, (one) => letterOf(one, core.settings));
    core.state.commits.expect(expected);
    const batch = core.begin();
    for (const { held } of leases) core.ack(batch, held);
    for (const { text, exact } of mutations) {
      batch.push({ apply: exact }, `{"apply":${text}}`);
    }
    const ids = core.enqueue(batch, letters);
    const done = core.commit(batch);
    for (const { settled } of leases) settled();
    await done;
    return ids;
  }

  /**
   * Decides on the newest state, with everything that was submitted before, and
   * commits what was decided, with nothing in between.
   *
   * @param decide Returns what is to happen, or throws. It must be synchronous,
   * and submit nothing itself: that is a `CONFLICT`.
   * @returns As `commit`.
   * @throws What `decide` throws, and as `commit`.
   */
  async transact(
    decide: (state: DeepReadonly<S>) => OutboxCommit<M, P>,
  ): Promise<string[]> {
    const { commits } = this.#core.state;
    const { staged } = commits;
    const decided = commits.decideOn(({ state = this.#initial }) =>
      decide(state as DeepReadonly<S>)
    );
    return await this.#commit(decided, staged);
  }

  /** Closes the state and the queue. */
  close(): Promise<void> {
    return this.queue.close();
  }

  /** {@linkcode Outbox.close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #own(lease: Lease): ReturnType<typeof reveal> {
    const revealed = reveal(lease);
    if (revealed.core === this.#core) return revealed;
    throw new TypeError(
      `Cannot acknowledge message ${revealed.held.message}: it is of another queue`,
    );
  }
}

/** What may be applied; throws `INVALID_RECORD`, or a `TypeError` for what the reducer does not know. */
function checkMutation<S, M>(
  validate: Validate<M> | undefined,
  apply: Reduce<S, M>,
): (mutation: unknown) => M {
  const check = compileCheck(validate);
  const checkKnown = checkOf(apply);
  return (mutation) => {
    let valid: M;
    try {
      valid = check(mutation);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      throw new DurableError(
        "INVALID_RECORD",
        `Cannot apply the mutation: it is not valid: ${messageOf(error)}`,
        { cause: error.cause },
      );
    }
    checkKnown(valid);
    return valid;
  };
}

/** What the state adds to the options of the log. */
function companionOf<S, M, P>(
  { initial, apply, version, upcast, migrate }: OutboxOptions<S, M, P>,
  check: (mutation: unknown) => M,
): Companion {
  const start = copyOut(adoptState(initial));
  return {
    // Without a state: what was never changed is what the program says it is, in
    // its version.
    initial: emptyRoot(),
    apply: reduceWith((root, mutation, number) => {
      const { state } = root;
      if (state === undefined) {
        // It is no part of the root yet, so that nothing would count its changes.
        const first = new Tree<S>(adoptState(start));
        first.change(number, apply, [mutation as M]);
        root.state = first.copy();
        return;
      }
      const before = countChanges(state);
      const result: unknown = apply(state as S, mutation as M, number);
      if (result === undefined || result === state) return;
      checkResult(result, state, countChanges(state) !== before);
      root.state = result;
    }),
    version,
    validate(record) {
      const { apply: mutation } = record as { apply?: unknown };
      if (mutation !== undefined) check(mutation);
    },
    // The records and the state of the queue are the same in all versions.
    upcast(record, from) {
      const { apply: mutation } = record as { apply?: unknown };
      if (mutation === undefined) return record as QueueRecord;
      if (upcast === undefined) throw new NotGiven();
      return { apply: given("upcast", upcast(mutation, from)) };
    },
    migrate(root, from) {
      const { state, ...queue } = root as Root;
      if (state === undefined) return queue;
      if (migrate === undefined) throw new NotGiven();
      return { ...queue, state: given("migrate", migrate(state, from)) };
    },
  };
}

/** What a caller's function has returned; it is a part of something, so `convert` does not see it. */
function given<T>(name: string, value: T): T {
  if (value === undefined) throw new TypeError(`${name} returned nothing`);
  if (!(value instanceof Promise)) return value;
  value.catch(() => {}); // it comes too late
  throw new TypeError(`${name} returned a promise, and must be synchronous`);
}
