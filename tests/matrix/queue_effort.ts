/**
 * How much is tried on queues.
 */

/** How much is tried on queues. */
export interface QueueEffort {
  /** One history in so many is crashed in. */
  readonly histories: number;
  /** How many disks a power cut leaves, at each call of them. */
  readonly cuts: number;
  /** One call of a workload in so many fails in a row. */
  readonly oneIn: number;
  /** How many faults each of those meets in a row, at most. */
  readonly each: number;
  /** Bytes between two flips, or cuts. */
  readonly stride: number;
}

/** What the everyday run tries: some two seconds. */
export const EVERYDAY_QUEUE: QueueEffort = {
  histories: 5,
  cuts: 1,
  oneIn: 3,
  each: 1,
  stride: 41,
};
/** What the deep run tries. */
export const DEEP_QUEUE: QueueEffort = {
  histories: 1,
  cuts: 10,
  oneIn: 1,
  each: 2,
  stride: 2,
};
