/**
 * The npm package BullMQ, on a Redis server of its own on this machine, which
 * syncs its log before it answers.
 *
 * @module
 */

import type { Job, JobQueue, QueuePeer, Watcher } from "./queue.ts";
import { startRedis } from "./redis_server.ts";

interface Connection {
  readonly host: string;
  readonly port: number;
  readonly maxRetriesPerRequest: null;
}

interface Queue {
  add(name: string, job: Job): Promise<unknown>;
  addBulk(
    jobs: readonly { readonly name: string; readonly data: Job }[],
  ): Promise<unknown>;
  getWaitingCount(): Promise<number>;
  on(event: "error", listener: () => void): unknown;
  close(): Promise<void>;
}

interface Worker {
  on(
    event: "completed",
    listener: (job: { readonly data: Job }) => void,
  ): unknown;
  on(event: "error", listener: () => void): unknown;
  close(force: boolean): Promise<void>;
}

/** The part of the package that is used here. */
interface BullMq {
  Queue: new (
    name: string,
    options: {
      connection: Connection;
      defaultJobOptions: { removeOnComplete: true };
    },
  ) => Queue;
  Worker: new (
    name: string,
    handler: (job: { readonly data: Job }) => Promise<void>,
    options: { connection: Connection; concurrency: number },
  ) => Worker;
}

/** The part of its client for Redis that is used here. */
interface IoRedis {
  default: new (connection: Connection) => {
    info(section: "memory"): Promise<string>;
    disconnect(): void;
  };
}

const NAME = "jobs";

/** BullMQ with a server that syncs. Its workers are woken, not polled. */
export const bullmq: QueuePeer = {
  name: "BullMQ, Redis appendfsync always",
  isRival: false,
  batch: 1000,
  async open(directory) {
    // Not literals: types are checked where the peers are not installed too.
    const [specifier, client] = ["bullmq", "ioredis"];
    const bullmq = await import(specifier) as BullMq;
    const { default: Redis } = await import(client) as IoRedis;
    const server = await startRedis(directory);
    const connection: Connection = {
      host: "127.0.0.1",
      port: server.port,
      maxRetriesPerRequest: null,
    };
    const redis = new Redis(connection);
    const queue = new bullmq.Queue(NAME, {
      connection,
      // By itself it keeps the jobs that are done, for ever.
      defaultJobOptions: { removeOnComplete: true },
    });
    queue.on("error", () => {});
    return {
      enqueue: (job) => queue.add(NAME, job),
      enqueueAll: (jobs) =>
        queue.addBulk(jobs.map((data) => ({ name: NAME, data }))),
      work: (concurrency, watcher) =>
        work(bullmq, connection, concurrency, watcher),
      waiting: () => queue.getWaitingCount(),
      async memoryElsewhere() {
        const [, bytes] = /^used_memory_rss:(\d+)/m.exec(
          await redis.info("memory"),
        ) ?? [];
        return Number(bytes);
      },
      async close() {
        await queue.close();
        redis.disconnect();
        await server.stop();
      },
    } satisfies JobQueue;
  },
};

function work(
  { Worker }: BullMq,
  connection: Connection,
  concurrency: number,
  watcher: Watcher,
): () => Promise<unknown> {
  const worker = new Worker(
    NAME,
    ({ data }) => Promise.resolve(watcher.started(data)),
    { connection, concurrency },
  );
  worker.on("completed", ({ data }) => watcher.finished(data));
  worker.on("error", () => {});
  // Without force it may wait for its blocking call, which lasts seconds.
  return () => worker.close(true);
}
