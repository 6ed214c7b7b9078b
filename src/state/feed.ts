/**
 * Who wants to know of changes, and how far each of them has come.
 *
 * @module
 */

import { systemClock } from "../clock.ts";
import { DurableError } from "../errors.ts";

/**
 * A mutation that was committed.
 *
 * @typeParam M The type of the mutations.
 */
export interface StateChange<M> {
  /** Its sequence number. */
  readonly sequence: number;
  /** The mutation, as a copy that all listeners share. */
  readonly mutation: M;
}

/** Called for each commit, in order, when the state shows it. */
export type StateListener<M> = (change: StateChange<M>) => void;

/** How many changes wait in memory for a slow reader; beyond that they are read from the log again. */
const MAX_WAITING = 1024;

/** A reader that has come to the end of the log. */
interface Follower<M> {
  /** What was committed last, without gaps. */
  waiting: StateChange<M>[];
  wake: () => void;
}

/** Where a reader of changes gets what was committed before. */
export interface Past<M> {
  /** The last sequence number that was committed. */
  readonly sequence: number;
  /** Reads changes from the log, from a sequence number on, up to the last committed. */
  read(from: number): AsyncGenerator<StateChange<M>, void, undefined>;
}

/** Passes changes on. */
export class Feed<M> {
  readonly #listeners = new Set<{ readonly call: StateListener<M> }>();
  readonly #followers = new Set<Follower<M>>();
  #end: { readonly error: unknown } | undefined;

  /** Whether anybody wants to know. */
  get isHeard(): boolean {
    return this.#listeners.size > 0 || this.#followers.size > 0;
  }

  /** Adds a listener; the function that is returned removes it. */
  subscribe(listener: StateListener<M>): () => void {
    if (typeof listener !== "function") {
      throw new TypeError("Cannot subscribe: the listener is not a function");
    }
    const entry = { call: listener };
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }

  /** Tells of a commit. What a listener throws is an unhandled error, and concerns nobody else. */
  publish(change: StateChange<M>): void {
    for (const follower of this.#followers) {
      if (follower.waiting.length === MAX_WAITING) follower.waiting = [];
      follower.waiting.push(change);
      follower.wake();
    }
    for (const { call } of [...this.#listeners]) {
      try {
        call(change);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  /** There will be no more commits; with an error, because of that. */
  end(error?: unknown): void {
    this.#end ??= { error };
    for (const { wake } of this.#followers) wake();
  }

  /** Yields changes from a sequence number on: those of the past from the log, then each as it is committed. */
  async *changes(
    past: Past<M>,
    from: number,
    signal: AbortSignal | undefined,
    ref = true,
  ): AsyncGenerator<StateChange<M>, void, undefined> {
    const follower: Follower<M> = { waiting: [], wake: () => {} };
    const onAbort = () => follower.wake();
    signal?.addEventListener("abort", onAbort);
    this.#followers.add(follower);
    try {
      for (let next = from;;) {
        signal?.throwIfAborted();
        while (
          follower.waiting.length > 0 && follower.waiting[0].sequence < next
        ) {
          follower.waiting.shift();
        }
        if (follower.waiting[0]?.sequence === next) {
          const [change] = follower.waiting.splice(0, 1);
          next++;
          yield change;
        } else if (next <= past.sequence) {
          const before = next;
          for await (const change of past.read(next)) {
            next = change.sequence + 1;
            yield change;
            signal?.throwIfAborted();
          }
          if (next === before) {
            throw new DurableError(
              "CORRUPT",
              `Cannot read change ${next} from the log: it was committed, and is missing`,
              { sequence: next },
            );
          }
        } else if (this.#end) {
          if (this.#end.error !== undefined) throw this.#end.error;
          return;
        } else {
          const letGo = ref ? systemClock.hold() : () => {};
          await new Promise<void>((resolve) => {
            follower.wake = resolve;
          });
          letGo();
        }
      }
    } finally {
      this.#followers.delete(follower);
      signal?.removeEventListener("abort", onAbort);
    }
  }
}
