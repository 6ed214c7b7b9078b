/**
 * What becomes one commit of a queue, while it is being put together.
 *
 * @module
 */

import type { QueueRecord } from "./model.ts";

/** How many messages one record names at most. */
export const MANY = 1000;

/** What becomes one commit. */
export class Batch {
  readonly texts: string[] = [];
  readonly mutations: QueueRecord[] = [];
  /** Messages that it removes. */
  readonly gone: Set<number> = new Set();
  /** What to do when it was handed in. */
  readonly staged: (() => void)[] = [];
  /** What to do when it is refused. */
  readonly refused: (() => void)[] = [];
  /** What to do when it is durable. */
  readonly durable: (() => void)[] = [];
  /** The time it happens at. */
  readonly now: number;
  readonly #base: number;

  /**
   * @param now The time it happens at.
   * @param base The last sequence number in front of it.
   */
  constructor(now: number, base: number) {
    this.now = now;
    this.#base = base;
  }

  /** Adds a record, and gives its sequence number. */
  push(mutation: QueueRecord, text: string = JSON.stringify(mutation)): number {
    this.mutations.push(mutation);
    return this.#base + this.texts.push(text);
  }
}
