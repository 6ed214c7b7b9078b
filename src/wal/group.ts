/**
 * What waits to be written, in the groups that will be committed one after the
 * other.
 *
 * @module
 */

/** A group is closed when its text reaches this length, in UTF-16 units. */
export const GROUP_LENGTH: number = 1 << 22;

/** One record, or the records of a batch. */
export type Texts = string | readonly string[];

/** An append that waits. */
export interface Waiter {
  /** One record, or the records of a batch, which stay in one group. */
  readonly texts: Texts;
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

/** The groups that wait. */
export class Pending {
  #groups: Waiter[][] = [];
  /** Length of the last one's text. */
  #length = 0;
  #isOpen = false;

  /** Whether nothing waits. */
  get isEmpty(): boolean {
    return this.#groups.length === 0;
  }

  /** Whether what is added next is in the same group as what was added last. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Adds an append to the last group, or to a new one if that is closed. */
  add(waiter: Waiter): void {
    if (this.#isOpen) this.#groups[this.#groups.length - 1].push(waiter);
    else {
      this.#groups.push([waiter]);
      this.#length = 0;
      this.#isOpen = true;
    }
    this.#length += lengthOf(waiter.texts);
    if (this.#length >= GROUP_LENGTH) this.#isOpen = false;
  }

  /** Closes the last group: what is added next is in another one. */
  close(): void {
    this.#isOpen = false;
  }

  /** Takes the first group, which may be the one that is open. */
  take(): Waiter[] {
    const group = this.#groups.shift() ?? [];
    if (this.isEmpty) this.#isOpen = false;
    return group;
  }

  /** Takes all groups, as one. */
  takeAll(): Waiter[] {
    const all = this.#groups.flat();
    this.#groups = [];
    this.#isOpen = false;
    return all;
  }
}

/** How many records an append has. */
export function countOf({ texts }: Waiter): number {
  return typeof texts === "string" ? 1 : texts.length;
}

function lengthOf(texts: Texts): number {
  if (typeof texts === "string") return texts.length;
  let length = 0;
  for (const text of texts) length += text.length;
  return length;
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
