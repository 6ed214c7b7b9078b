/**
 * What a process is told to do, and the clock and the options that it shares with
 * the one that judges.
 *
 * @module
 */

import { type Clock, MiniQueue, type QueueOptions } from "../../mod.ts";
import { Random } from "../fuzz/random.ts";
import type { Call, Payload } from "./messages.ts";

/** What the processes do: enqueue, work off, or both; those that work off compact now and then. */
export const ROLES = ["produce", "consume", "mix"] as const;
/** One of them. */
export type Role = (typeof ROLES)[number];

/** What a process does. */
export interface Job {
  readonly directory: string;
  readonly seed: number;
  readonly round: number;
  readonly role: Role;
  /** By how much its clock is ahead of that of the computer, in milliseconds. */
  readonly ahead: number;
  /** Calls of an earlier round that were not acknowledged; they are made again. */
  readonly again: readonly Call[];
  /** After how many messages that were enqueued or settled it closes the queue; nothing for never. */
  readonly closeAfter?: number;
}

/** How long a message is held: longer than a process lives, so that what a clock ahead says is all that ends leases. */
export const HELD = 60_000;

/** The clock of a process. */
export function clockAhead(ahead: number): Clock {
  return {
    now: () => Date.now() + ahead,
    setTimer(callback, delay) {
      const timer = setTimeout(callback, delay);
      return () => clearTimeout(timer);
    },
  };
}

/** Opens a queue for a round, with options by chance. */
export function openFor(
  { directory, seed, round, ahead }: Pick<
    Job,
    "directory" | "seed" | "round" | "ahead"
  >,
): Promise<MiniQueue<Payload>> {
  const random = new Random(seed, round);
  const options: QueueOptions<Payload> = {
    clock: clockAhead(ahead),
    visibilityTimeout: HELD,
    maxAttempts: 1_000_000, // no message dies but by `fail`
    backoff: 0,
    dedupeWindow: 1e12, // no key is free again
    maxSegmentBytes: random.pick([1000, 4000, 20_000]),
    payloadMemory: random.pick([0, 2000, 1e6]),
    snapshotAfter: random.pick([undefined, 1000, 3000, 10_000]),
  };
  return MiniQueue.open<Payload>(directory, options);
}
