/**
 * The npm package bunqueue: jobs in memory and in SQLite, on Bun only.
 *
 * By itself it keeps jobs in a buffer that is written after 100 jobs or 10 ms, and
 * sets `synchronous = NORMAL`: a call that resolves has written nothing yet. With
 * `durable: true` a job is committed before its call resolves. With FULL that is
 * two syncs for each step of a job, added, taken, done: one for the job and one for
 * an entry in its journal of events. Jobs that are taken together share one.
 *
 * @module
 */

import { join } from "node:path";
import { current } from "../runtime.ts";
import {
  type Job,
  type JobQueue,
  nothingElsewhere,
  type QueuePeer,
  type Watcher,
} from "./queue.ts";
import { requireSynchronous } from "./synchronous.ts";

interface Queue {
  add(name: string, job: Job, options: JobOptions): Promise<unknown>;
  addBulk(
    jobs: readonly { name: string; data: Job; opts: JobOptions }[],
  ): Promise<unknown>;
  countAsync(): Promise<number>;
  close(): unknown;
}

interface JobOptions {
  readonly durable: boolean;
}

interface Worker {
  on(
    event: "completed",
    listener: (job: { readonly data: Job }) => void,
  ): unknown;
  close(): Promise<void>;
}

/** The part of the package that is used here. */
interface Bunqueue {
  Queue: new (
    name: string,
    options: { embedded: true; dataPath: string },
  ) => Queue;
  Worker: new (
    name: string,
    handler: (job: { readonly data: Job }) => Promise<void>,
    options: {
      embedded: true;
      dataPath: string;
      concurrency: number;
      batchSize: number;
      drainDelay: number;
    },
  ) => Worker;
  shutdownManager(): void;
}

/** The part of its inner module that leads to the database. */
interface Manager {
  peekSharedManager(): {
    readonly storage: {
      readonly db: {
        run(sql: string): unknown;
        query(sql: string): { get(): unknown };
      };
    };
  };
}

const NAME = "jobs";

/** bunqueue as it is, which acknowledges before it writes. */
export const bunqueue: QueuePeer = {
  name: "bunqueue, buffered",
  isRival: false,
  batch: 1000,
  open: (directory) => open(directory, { durable: false }),
};

/** bunqueue with all that it has for durability. */
export const bunqueueDurable: QueuePeer = {
  name: "bunqueue, durable: true, FULL",
  isRival: true,
  batch: 1000,
  open: (directory) => open(directory, { durable: true }),
};

async function open(directory: string, opts: JobOptions): Promise<JobQueue> {
  if (current !== "bun") throw new Error("it runs on Bun only");
  // Not a literal: types are checked where the peers are not installed too.
  const specifier = "bunqueue/client";
  const bunqueue = await import(specifier) as Bunqueue;
  const dataPath = join(directory, "jobs.db");
  const queue = new bunqueue.Queue(NAME, { embedded: true, dataPath });
  if (opts.durable) await setFull(specifier);
  return {
    enqueue: (job) => queue.add(NAME, job, opts),
    enqueueAll: (jobs) =>
      queue.addBulk(jobs.map((data) => ({ name: NAME, data, opts }))),
    work: (concurrency, watcher) =>
      work(bunqueue, dataPath, concurrency, watcher),
    waiting: () => queue.countAsync(),
    memoryElsewhere: nothingElsewhere,
    async close() {
      await queue.close();
      // There is one in a process, and the next row has another path.
      bunqueue.shutdownManager();
    },
  };
}

/** It has no option for this, and does not export its database. */
async function setFull(specifier: string): Promise<void> {
  const inner = new URL("./manager.js", import.meta.resolve(specifier)).href;
  const { peekSharedManager } = await import(inner) as Manager;
  const { db } = peekSharedManager().storage;
  db.run("PRAGMA synchronous = FULL");
  requireSynchronous(db.query("PRAGMA synchronous").get(), "FULL");
}

/** An idle worker looks again at once, and takes as many jobs as it may work on. */
function work(
  { Worker }: Bunqueue,
  dataPath: string,
  concurrency: number,
  watcher: Watcher,
): () => Promise<unknown> {
  const worker = new Worker(
    NAME,
    ({ data }) => Promise.resolve(watcher.started(data)),
    {
      embedded: true,
      dataPath,
      concurrency,
      batchSize: concurrency,
      drainDelay: 0,
    },
  );
  worker.on("completed", ({ data }) => watcher.finished(data));
  return () => worker.close();
}
