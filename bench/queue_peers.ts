/**
 * The queues that are measured, and the jobs for them.
 *
 * @module
 */

import { bullmq } from "./peers/bullmq_queue.ts";
import { bunqueue, bunqueueDurable } from "./peers/bunqueue_queue.ts";
import { liteque } from "./peers/liteque_queue.ts";
import { miniQueue } from "./peers/mini_queue.ts";
import { plainjob } from "./peers/plainjob_queue.ts";
import type { Job, QueuePeer } from "./peers/queue.ts";

/** Those to compare with: first what was acknowledged is synced, then what each does by itself. */
export const QUEUES: readonly QueuePeer[] = [
  plainjob("FULL"),
  liteque("FULL"),
  bunqueueDurable,
  bullmq,
  plainjob("NORMAL"),
  liteque("NORMAL"),
  bunqueue,
];

/**
 * The queue with a name, that of this package included.
 *
 * @throws {RangeError} If there is none.
 */
export function queueNamed(name: string | undefined): QueuePeer {
  const queue = [miniQueue, ...QUEUES].find((queue) => queue.name === name);
  if (queue !== undefined) return queue;
  throw new RangeError(`Cannot measure "${name}": it is not a queue`);
}

/** Of the text of a job that is about 100 bytes as JSON. */
export const SHORT = 80;

/** Makes jobs with texts of a length; each has a number of its own. */
export function jobs(length: number = SHORT): () => Job {
  const words = "what a small program would hand on to be done later, and ";
  const text = words.repeat(Math.ceil(length / words.length)).slice(0, length);
  let n = 0;
  return () => ({ n: n++, text });
}
