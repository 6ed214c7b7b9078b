/**
 * Messages that nobody could work on.
 *
 * @module
 */

import { MANY } from "./batch.ts";
import type { Core } from "./core.ts";
import { listOf, type QueuedMessage } from "./inspect.ts";

/**
 * The dead letters of a queue: messages that have failed for good, have used up
 * their attempts, or have expired. They stay until somebody decides.
 *
 * @typeParam P The type of the payloads.
 */
export class DeadLetters<P> {
  readonly #core: Core;

  /** For the queue only. */
  constructor(core: Core) {
    this.#core = core;
  }

  /** Iterates over the dead letters, oldest first, with their reasons. */
  list(): AsyncGenerator<QueuedMessage<P>, void, undefined> {
    return listOf(this.#core, "dead") as AsyncGenerator<
      QueuedMessage<P>,
      void,
      undefined
    >;
  }

  /**
   * Puts dead letters back into the queue, in their old places, as if they had
   * never been handed out. They do not expire any more.
   *
   * @param ids Which ones; all by default. Others are not looked at.
   * @returns How many, when all are on disk.
   * @throws {DurableError} `CLOSED` or `FAILED`.
   */
  redrive(ids?: Iterable<string>): Promise<number> {
    return this.#each(ids, (numbers) => this.#core.redrive(numbers));
  }

  /**
   * Removes dead letters for good.
   *
   * @param ids Which ones; all by default. Others are not looked at.
   * @returns How many, when that is on disk.
   * @throws {DurableError} `CLOSED` or `FAILED`.
   */
  purge(ids?: Iterable<string>): Promise<number> {
    return this.#each(ids, (numbers) => this.#core.remove("purge", numbers));
  }

  /** Does something with dead letters, some at a time. */
  async #each(
    ids: Iterable<string> | undefined,
    run: (numbers: readonly number[]) => Promise<number>,
  ): Promise<number> {
    const core = this.#core;
    core.state.commits.checkOpen("write to");
    if (ids !== undefined) {
      checkIterable(ids, "Cannot find dead letters: their ids");
    }
    const wanted = ids === undefined
      ? core.numbers("dead")
      : Array.from(ids, (id) => core.numberOf(String(id)) ?? 0);
    let count = 0;
    for (const some of portions(new Set(wanted))) {
      const there = some.filter((number) => core.lookDead(number));
      if (there.length > 0) await run(there);
      count += there.length;
    }
    return count;
  }
}

/** Refuses what is no list; a text is none, though it can be iterated over. */
export function checkIterable(value: unknown, what: string): void {
  if (typeof value === "object" && value !== null && Symbol.iterator in value) {
    return;
  }
  throw new TypeError(`${what} must be a list`);
}

/** Numbers, as many at a time as a record may name. */
export function* portions(
  numbers: Iterable<number>,
): Generator<readonly number[]> {
  let portion: number[] = [];
  for (const number of numbers) {
    portion.push(number);
    if (portion.length < MANY) continue;
    yield portion;
    portion = [];
  }
  if (portion.length > 0) yield portion;
}
