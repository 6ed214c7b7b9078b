/**
 * What waits to be written, and how much of it becomes one commit group.
 *
 * @module
 */

import { DurableError, messageOf } from "../errors.ts";

/** A group of independent appends is closed when its text reaches this length, in UTF-16 units. */
export const GROUP_LENGTH: number = 1 << 22;

/** One record, or the records of a batch. */
export type Texts = string | readonly string[];

/** An append that waits. */
export interface Waiter {
  /** One record, or the records of a batch, which stay in one group. */
  readonly texts: Texts;
  /** Number of records. */
  readonly count: number;
  /** Length of their text, in UTF-16 units. */
  readonly length: number;
  /**
   * Called when they are durable, in the order of the log, within the call that
   * makes them so. It may hand in more, but must not append in a blocking call. It
   * must not throw: what it throws becomes an unhandled rejection.
   *
   * @param sequence Sequence number of the last of them.
   */
  resolve(sequence: number): void;
  /**
   * Called when it is unknown whether they are durable; it must not throw.
   *
   * @param error Why, the same for all that waited.
   */
  reject(error: unknown): void;
}

/** An append of text that waits. */
export function waiterFor(
  texts: Texts,
  resolve: (sequence: number) => void,
  reject: (error: unknown) => void,
): Waiter {
  let [count, length] = [1, texts.length];
  if (typeof texts !== "string") {
    [count, length] = [texts.length, 0];
    for (const text of texts) length += text.length;
  }
  return { texts, count, length, resolve, reject };
}

/**
 * How many appends become the next group: up to its length, and to a barrier.
 *
 * @param waiters What waits.
 * @param sequence The last sequence number in front of it.
 * @param barrier The sequence number that the group must not pass.
 * @returns How many, from the first one on.
 */
export function groupSize(
  waiters: readonly Waiter[],
  sequence: number,
  barrier: number,
): number {
  let count = 0;
  let length = 0;
  let last = sequence;
  while (count < waiters.length && length < GROUP_LENGTH && last < barrier) {
    last += waiters[count].count;
    length += waiters[count++].length;
  }
  return count;
}

/** The text of several appends, a record each. */
export function textsOf(waiters: readonly Waiter[]): string[] {
  const all: string[] = [];
  for (const { texts } of waiters) {
    if (typeof texts === "string") all.push(texts);
    else for (const text of texts) all.push(text);
  }
  return all;
}

/**
 * Why nothing can be written any more.
 *
 * @param path The log.
 * @param sequence The last record that is durable.
 * @param isUnknown Whether later ones may be on disk.
 * @param cause What has failed.
 */
export function failureAfter(
  path: string,
  sequence: number,
  isUnknown: boolean,
  cause: unknown,
): DurableError {
  const unknown = isUnknown
    ? `; whether records from ${
      sequence + 1
    } on are on disk is unknown until it is opened again`
    : "";
  return new DurableError(
    "FAILED",
    `Cannot write to "${path}": it has failed behind record ${sequence}: ${
      messageOf(cause)
    }${unknown}`,
    { path, sequence, cause },
  );
}
