/**
 * What every peer that passes jobs on looks like.
 *
 * @module
 */

/** What is enqueued. */
export interface Job {
  /** Tells jobs of one queue from each other. */
  readonly n: number;
  /** What makes it as long as it is. */
  readonly text: string;
}

/** Is told what becomes of jobs. */
export interface Watcher {
  /** A handler has been called with the job. */
  started(job: Job): void;
  /** The handler has ended, and the queue has acknowledged the job. */
  finished(job: Job): void;
}

/** A queue that is open. */
export interface JobQueue {
  /** Resolves when the queue has taken the job. */
  enqueue(job: Job): Promise<unknown>;
  /** Takes many jobs, in the way that is the fastest one of the peer. */
  enqueueAll(jobs: readonly Job[]): Promise<unknown>;
  /**
   * Starts handlers that do nothing, so many at a time.
   *
   * @returns Stops them; resolves when none is at work any more.
   */
  work(concurrency: number, watcher: Watcher): () => Promise<unknown>;
  /** How many jobs wait for a handler. */
  waiting(): number | Promise<number>;
  /** Memory that another process takes for this queue, in bytes. */
  memoryElsewhere(): Promise<number>;
  /** Lets go of the files. */
  close(): Promise<unknown>;
}

/** A queue to compare with. */
export interface QueuePeer {
  /** Its name in the table, with what makes it durable. */
  readonly name: string;
  /** Whether there are ratios to reach: it is a queue in SQLite, and what it acknowledges was synced before. */
  readonly isRival: boolean;
  /** How many jobs it takes at a time when it is to be fast. */
  readonly batch: number;
  /** Opens a fresh one in an empty directory; rejects where the peer does not run. */
  open(directory: string): Promise<JobQueue>;
}

/** Of queues within this process. */
export function nothingElsewhere(): Promise<number> {
  return Promise.resolve(0);
}
