/**
 * When leases run out, by the clock of this process.
 *
 * A claim or an extension is decided at one moment and durable at a later one, and
 * the payload may have to be read after that. If a lease ran in the meantime, a disk
 * slower than the visibility timeout would hand a message out again, or bury it,
 * though no consumer has ever had it. So:
 *
 * 1. a lease that is _under way_ is held, whatever the clock says;
 * 2. when the message is handed out, or the extension is durable, it begins, and
 *    from then on it runs for its whole time;
 * 3. the record on disk says `at` and `until` as they were decided. They count where
 *    nothing better is known: after a restart;
 * 4. when the clock was set back, a lease that began later than now runs from now on:
 *    else it would be held for as long as the clock was wrong;
 * 5. of the messages of a group only the one that was claimed last is held, though
 *    by a clock that was set back others would be again: their leases were over
 *    when it was claimed.
 *
 * @module
 */

import type { Entry, LeaseEntry } from "./model.ts";

/** A claim or an extension whose lease does not run yet. */
interface UnderWay {
  readonly token: number;
  /** The record that it is in. */
  readonly record: number;
}

/** A lease that runs otherwise than its record says. */
interface Running extends LeaseEntry {
  /** When it runs out, by the clock as it is now. */
  readonly end: number;
}

/** What is known of leases beyond their records. */
export class Leases {
  readonly #underWay = new Map<number, UnderWay>();
  /** Of messages as they are on disk: a lease is settled when that is durable. */
  readonly #running = new Map<number, Running>();

  /**
   * A claim or an extension was submitted.
   *
   * @param number The message.
   * @param token The lease.
   * @param record The record that says so.
   */
  submit(number: number, token: number, record: number): void {
    this.#underWay.set(number, { token, record });
  }

  /**
   * A message is handed out, or the extension of its lease is durable.
   *
   * @returns Whether its lease begins: not if a later record says something else.
   */
  begin(
    number: number,
    lease: LeaseEntry,
    record: number,
    now: number,
  ): boolean {
    if (this.#underWay.get(number)?.record !== record) return false;
    this.#underWay.delete(number);
    const { token, at } = lease;
    const until = now + lease.until - at;
    if (until === lease.until) this.#running.delete(number);
    else this.#running.set(number, { token, at: now, until, end: until });
    return true;
  }

  /** A message was settled before its lease has begun. */
  drop(number: number): void {
    this.#underWay.delete(number);
  }

  /** What is on disk of a message; what is known of an earlier lease is of no use any more. */
  keep(number: number, lease: LeaseEntry | undefined): void {
    if (this.#running.get(number)?.token !== lease?.token) {
      this.#running.delete(number);
    }
  }

  /** Nothing can be written any more: what was under way will not begin. */
  fail(): void {
    this.#underWay.clear();
  }

  /** When a lease runs out; of one that is under way, the earliest time at which it could. */
  end(number: number, lease: LeaseEntry, now: number): number {
    return this.#underWay.get(number)?.token === lease.token
      ? now + lease.until - lease.at
      : this.shownEnd(number, lease);
  }

  /** When a lease runs out, as far as it is known; of one that is under way it is what was known before. */
  shownEnd(number: number, lease: LeaseEntry): number {
    const running = this.#running.get(number);
    return running?.token === lease.token ? running.end : lease.until;
  }

  /** Works out again when leases run out, because the queue was opened or the clock was set back. */
  rebuild(
    leased: readonly (readonly [number, Entry])[],
    now: number,
  ): void {
    const last = new Map<string | undefined, number>();
    for (const [, { group, lease: { token } = { token: 0 } }] of leased) {
      last.set(group, Math.max(token, last.get(group) ?? 0));
    }
    for (const [number, { group, lease }] of leased) {
      // Of a claim that is under way nothing is known yet.
      if (!lease || this.#underWay.get(number)?.record === lease.token) {
        continue;
      }
      const { token } = lease;
      const known = this.#running.get(number);
      const { at, until } = known?.token === token ? known : lease;
      const isOver = group !== undefined && last.get(group) !== token;
      const end = isOver
        ? Math.min(until, now)
        : at > now
        ? now + until - at
        : until;
      this.#running.set(number, { token, at, until, end });
    }
  }
}
