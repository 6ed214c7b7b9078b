/**
 * The queue of this package, as one more queue.
 *
 * @module
 */

import { join } from "node:path";
import { MiniQueue } from "../../mod.ts";
import {
  type Job,
  type JobQueue,
  nothingElsewhere,
  type QueuePeer,
  type Watcher,
} from "./queue.ts";

/** `MiniQueue` with its default options. */
export const miniQueue: QueuePeer = {
  name: "MiniQueue",
  isRival: true,
  batch: 10_000,
  async open(directory) {
    const queue = await MiniQueue.open<Job>(join(directory, "queue"));
    return {
      enqueue: (job) => queue.enqueue(job),
      enqueueAll: (jobs) =>
        queue.enqueueAll(jobs.map((payload) => ({ payload }))),
      work: (concurrency, watcher) => work(queue, concurrency, watcher),
      waiting: () => queue.size,
      memoryElsewhere: nothingElsewhere,
      close: () => queue.close(),
    } satisfies JobQueue;
  },
};

function work(
  queue: MiniQueue<Job>,
  concurrency: number,
  watcher: Watcher,
): () => Promise<unknown> {
  const controller = new AbortController();
  const { signal } = controller;
  const end = queue.process((message) => {
    const { payload } = message;
    watcher.started(payload);
    // It is called when the handler has ended, and nobody is told when it is done.
    const ack = message.ack.bind(message);
    message.ack = async () => {
      await ack();
      watcher.finished(payload);
    };
  }, { concurrency, signal });
  return () => {
    controller.abort();
    return end;
  };
}
