/**
 * The npm package plainjob: a queue in SQLite, by `bun:sqlite` on Bun and by
 * better-sqlite3 elsewhere.
 *
 * It sets `synchronous = NORMAL` for itself, with which a commit is not synced.
 * With FULL each of its three transactions for a job is: the job is added, taken,
 * done. Calls block, so that no two of them share a sync.
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
import { requireSynchronous, type Synchronous } from "./synchronous.ts";

/** A database, as the package sees it. */
interface Connection {
  exec(sql: string): unknown;
  prepare(sql: string): { get(): unknown };
}

interface Queue {
  add(type: string, data: Job): unknown;
  addMany(type: string, data: readonly Job[]): unknown;
  countJobs(filter: { type: string; status: number }): number;
  close(): void;
}

interface StoredJob {
  readonly data: string;
}

/** The part of the package that is used here. */
interface Plainjob {
  better(database: object): Connection;
  bun(database: object): Connection;
  defineQueue(
    options: { connection: Connection; logger: typeof SILENT },
  ): Queue;
  defineWorker(
    type: string,
    handler: (job: StoredJob) => Promise<void>,
    options: {
      queue: Queue;
      pollIntervall: number;
      logger: typeof SILENT;
      onCompleted: (job: StoredJob) => void;
    },
  ): { start(): Promise<void>; stop(): Promise<void> };
}

interface Drivers {
  readonly default?: new (path: string) => object;
  readonly Database?: new (path: string, options: { strict: true }) => object;
}

const TYPE = "job";
const PENDING = 0;
const SILENT = { error() {}, warn() {}, info() {}, debug() {} };

/** plainjob with its own durability, or with that of FULL. */
export function plainjob(synchronous: Synchronous): QueuePeer {
  return {
    name: `plainjob, ${synchronous}`,
    isRival: synchronous === "FULL",
    batch: 10_000,
    async open(directory) {
      // Not a literal: types are checked where the peers are not installed too.
      const specifier = "plainjob";
      const plainjob = await import(specifier) as Plainjob;
      const connection = await connect(plainjob, join(directory, "jobs.db"));
      const queue = plainjob.defineQueue({ connection, logger: SILENT });
      // Behind defineQueue, which sets its own.
      connection.exec(`PRAGMA synchronous = ${synchronous}`);
      requireSynchronous(
        connection.prepare("PRAGMA synchronous").get(),
        synchronous,
      );
      return jobQueue(plainjob, queue);
    },
  };
}

async function connect(
  { better, bun }: Plainjob,
  path: string,
): Promise<Connection> {
  const module = current === "bun" ? "bun:sqlite" : "better-sqlite3";
  const { Database, default: Better } = await import(module) as Drivers;
  if (Database !== undefined) return bun(new Database(path, { strict: true }));
  if (Better !== undefined) return better(new Better(path));
  throw new Error(`${module} has another interface`);
}

function jobQueue(plainjob: Plainjob, queue: Queue): JobQueue {
  return {
    enqueue: (job) => Promise.resolve(queue.add(TYPE, job)),
    enqueueAll: (jobs) => Promise.resolve(queue.addMany(TYPE, jobs)),
    work: (concurrency, watcher) => work(plainjob, queue, concurrency, watcher),
    waiting: () => queue.countJobs({ type: TYPE, status: PENDING }),
    memoryElsewhere: nothingElsewhere,
    close: () => Promise.resolve(queue.close()),
  };
}

/** A worker does one job at a time, so there is one for each; an idle one looks again at once. */
function work(
  { defineWorker }: Plainjob,
  queue: Queue,
  concurrency: number,
  watcher: Watcher,
): () => Promise<unknown> {
  const workers = Array.from({ length: concurrency }, () =>
    defineWorker(
      TYPE,
      ({ data }) => Promise.resolve(watcher.started(JSON.parse(data))),
      {
        queue,
        pollIntervall: 0,
        logger: SILENT,
        onCompleted: ({ data }) => watcher.finished(JSON.parse(data)),
      },
    ));
  const ends = workers.map((worker) => worker.start());
  return async () => {
    await Promise.all(workers.map((worker) => worker.stop()));
    await Promise.all(ends);
  };
}
