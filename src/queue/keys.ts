/**
 * The keys that messages are known by for a while: dedupe keys and the callers' ids.
 *
 * A dedupe key is taken until its window is over. An id is taken until then, and
 * for as long as its message is there. What is over is removed from the state when
 * there is much of it, together with the next message that is enqueued.
 *
 * @module
 */

import { MANY } from "./batch.ts";
import { Heap } from "./heap.ts";
import type { KeyEntry } from "./model.ts";

/** How many keys may be past their time before they are removed. */
const FEW = 64;
const ID = "id:";
/** After how long an id is looked at again that is in use, in milliseconds. */
const LATER = 60_000;

/** Finds keys, and tells which are over. */
export class Keys {
  /** When each is over. */
  readonly #ends = new Heap<string>();
  readonly #find: (name: string) => KeyEntry | undefined;
  readonly #isThere: (message: number) => boolean;

  /**
   * @param all The keys there are.
   * @param find A key, as it is after all that was handed in.
   * @param isThere Whether there is a message with a number, or a dead letter.
   */
  constructor(
    all: Iterable<readonly [string, KeyEntry]>,
    find: (name: string) => KeyEntry | undefined,
    isThere: (message: number) => boolean,
  ) {
    for (const [name, { until }] of all) this.#ends.push(until, name);
    this.#find = find;
    this.#isThere = isThere;
  }

  /** A key was taken. */
  add(name: string, until: number): void {
    this.#ends.push(until, name);
  }

  /** What a key stands for, also if its time is over. */
  find(name: string): KeyEntry | undefined {
    return this.#find(name);
  }

  /**
   * The id of the message that has a key, if it is taken.
   *
   * @param name The key.
   * @param now The time.
   * @param gone Messages that are about to go.
   */
  idOf(
    name: string,
    now: number,
    gone: ReadonlySet<number> = new Set(),
  ): string | undefined {
    const entry = this.#find(name);
    if (!entry || !this.#isTaken(name, entry, now, gone)) return undefined;
    return name.startsWith(ID)
      ? name.slice(ID.length)
      : entry.id ?? String(entry.message);
  }

  /**
   * Keys that are over, to be removed; none while there are few. They are told once.
   */
  due(now: number): string[] {
    const due: string[] = [];
    if (this.#ends.size < FEW) return due;
    const used: string[] = [];
    while (this.#ends.least <= now && due.length + used.length < MANY) {
      const name = this.#ends.pop();
      const entry = name === undefined ? undefined : this.#find(name);
      // If it was taken anew meanwhile, it has another end too.
      if (name === undefined || !entry || entry.until > now) continue;
      if (this.#isTaken(name, entry, now)) used.push(name);
      else due.push(name);
    }
    for (const name of used) this.#ends.push(now + LATER, name);
    return [...new Set(due)];
  }

  #isTaken(
    name: string,
    { message, until }: KeyEntry,
    now: number,
    gone?: ReadonlySet<number>,
  ): boolean {
    return until > now ||
      (name.startsWith(ID) && this.#isThere(message) && !gone?.has(message));
  }
}
