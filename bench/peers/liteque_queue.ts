/**
 * The npm package liteque: a queue in SQLite, by better-sqlite3 and drizzle-orm.
 *
 * It sets `synchronous = NORMAL` for itself, with which a commit is not synced.
 * With FULL each of its three commits for a job is: the job is inserted, taken,
 * deleted. Calls block, so that no two of them share a sync.
 *
 * Version 0.8.0 passes an async function to a transaction, which better-sqlite3
 * refuses since 11.10. Older versions are no way out: what is built of them runs on
 * one version of Node.js. So the transactions here do what those of 11.9 did, and
 * commit when the function returns its promise: before it has read or written
 * anything.
 *
 * @module
 */

import { join } from "node:path";
import {
  type Job,
  type JobQueue,
  nothingElsewhere,
  type QueuePeer,
  type Watcher,
} from "./queue.ts";
import { requireSynchronous, type Synchronous } from "./synchronous.ts";

/** The database, of which drizzle-orm keeps the handle in its session. */
interface Database {
  readonly session: {
    readonly client: Client;
  };
}

interface Client {
  exec(sql: string): unknown;
  prepare(sql: string): { run(): unknown; get(): unknown };
  transaction(run: Run): { deferred: Run };
  close(): void;
}

type Run = (transaction: unknown) => unknown;

interface Queue {
  readonly db: Database;
  enqueue(job: Job): Promise<unknown>;
  stats(): Promise<{ pending: number }>;
  finalize(id: number, ...rest: unknown[]): Promise<void>;
}

/** The part of the package that is used here. */
interface Liteque {
  buildDBClient(path: string, options: { runMigrations: true }): Database;
  SqliteQueue: new (
    name: string,
    db: Database,
    options: { defaultJobArgs: { numRetries: number }; keepFailedJobs: false },
  ) => Queue;
  Runner: new (
    queue: Queue,
    handlers: { run(job: { id: string; data: Job }): Promise<void> },
    options: {
      concurrency: number;
      pollIntervalMs: number;
      timeoutSecs: number;
    },
  ) => { run(): Promise<void>; stop(): void };
}

/** Each job leaves a timer of so many seconds behind, which keeps the process from ending. */
const TIMEOUT_SECONDS = 2;

/** liteque with its own durability, or with that of FULL. */
export function liteque(synchronous: Synchronous): QueuePeer {
  return {
    name: `liteque, ${synchronous}`,
    isRival: synchronous === "FULL",
    batch: 1000,
    async open(directory) {
      // Not a literal: types are checked where the peers are not installed too.
      const specifier = "liteque";
      const liteque = await import(specifier) as Liteque;
      const db = liteque.buildDBClient(join(directory, "jobs.db"), {
        runMigrations: true,
      });
      const { client } = db.session;
      client.exec(`PRAGMA synchronous = ${synchronous}`);
      requireSynchronous(
        client.prepare("PRAGMA synchronous").get(),
        synchronous,
      );
      client.transaction = oldTransaction(client);
      const queue = new liteque.SqliteQueue("jobs", db, {
        defaultJobArgs: { numRetries: 2 },
        keepFailedJobs: false,
      });
      return jobQueue(liteque, queue);
    },
  };
}

function oldTransaction(client: Client): Client["transaction"] {
  const [begin, commit] = ["BEGIN", "COMMIT"].map((sql) => client.prepare(sql));
  return (run) => ({
    deferred(transaction) {
      begin.run();
      const result = run(transaction);
      commit.run();
      return result;
    },
  });
}

function jobQueue(liteque: Liteque, queue: Queue): JobQueue {
  const { client } = queue.db.session;
  return {
    enqueue: (job) => queue.enqueue(job),
    // It has no call for many; a transaction of its user's is what there is.
    async enqueueAll(jobs) {
      client.exec("BEGIN");
      for (const job of jobs) await queue.enqueue(job);
      client.exec("COMMIT");
    },
    work: (concurrency, watcher) => work(liteque, queue, concurrency, watcher),
    waiting: async () => (await queue.stats()).pending,
    memoryElsewhere: nothingElsewhere,
    close: () => Promise.resolve(client.close()),
  };
}

/** An idle runner looks again at once. */
function work(
  { Runner }: Liteque,
  queue: Queue,
  concurrency: number,
  watcher: Watcher,
): () => Promise<unknown> {
  const running = new Map<number, Job>();
  // The runner's own callback comes before the job is deleted.
  const finalize = queue.finalize.bind(queue);
  queue.finalize = async (id, ...rest) => {
    await finalize(id, ...rest);
    const job = running.get(id);
    running.delete(id);
    if (job !== undefined) watcher.finished(job);
  };
  const runner = new Runner(
    queue,
    {
      run({ id, data }) {
        running.set(Number(id), data);
        return Promise.resolve(watcher.started(data));
      },
    },
    { concurrency, pollIntervalMs: 0, timeoutSecs: TIMEOUT_SECONDS },
  );
  const end = runner.run();
  return async () => {
    runner.stop();
    await end;
    queue.finalize = finalize;
  };
}
