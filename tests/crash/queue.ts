/**
 * A queue, as the lab tries it out.
 */

import { checkQueue } from "./check_queue.ts";
import type { Subject } from "./explore.ts";
import type { QueueOwed, QueueSettings } from "./queue_oracle.ts";
import { useQueue } from "./queue_usage.ts";

/** Queues, and those of outboxes: `MiniQueue`, `Outbox`. */
export const QUEUE: Subject<QueueSettings, QueueOwed> = {
  begin: (fileSystem, settings) => useQueue(fileSystem, { settings }),
  check: checkQueue,
};
