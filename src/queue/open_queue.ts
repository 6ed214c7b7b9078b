/**
 * Opens a queue, by itself or with a state that shares its log.
 *
 * @module
 */

import { openState } from "../state/open_state.ts";
import {
  MANAGER_KEYS,
  resolvePlan,
  stateError,
  type StateManagerOptions,
} from "../state/options.ts";
import type { LogFiles } from "../wal/active.ts";
import { Lookup } from "../wal/lookup.ts";
import { Core } from "./core.ts";
import { emptyRoot, type QueueRecord, reduceWith, type Root } from "./model.ts";
import { type QueueOptions, resolveQueue } from "./options.ts";
import { Payloads } from "./payloads.ts";

/** What a state that shares the log adds to the options. */
export type Companion = Pick<
  StateManagerOptions<Root, QueueRecord>,
  | "initial"
  | "apply"
  | "validate"
  | "version"
  | "upcast"
  | "migrate"
  | "onRecovery"
>;

/** The name of a queue's log in its directory. */
const JOURNAL = "queue.jsonl";

/** Opens a queue for writing. */
export async function openQueue<P>(
  dir: string,
  options: QueueOptions<P>,
  companion?: Companion,
): Promise<Core> {
  const settings = resolveQueue(options);
  const { fileSystem, maxSegmentBytes, snapshotAfter, onRecovery } = options;
  const plan = await resolvePlan(
    dir,
    {
      onRecovery,
      ...companion ?? { initial: emptyRoot(), apply: reduceWith() },
      journal: JOURNAL,
      fileSystem,
      maxSegmentBytes,
      snapshotAfter,
    },
    MANAGER_KEYS,
    companion ? "outbox" : "queue",
  );
  const state = await openState(plan);
  try {
    checkRoot(state.tree.durableRoot as Partial<Root>, plan.log);
    const lookup = new Lookup(plan.log);
    const { path } = plan.log;
    const payloads = new Payloads(lookup, path, settings.payloadMemory);
    return new Core(state, settings, payloads);
  } catch (error) {
    await state.close().catch(() => {}); // error says why
    throw error;
  }
}

/** Throws if a snapshot holds something else than a queue. */
function checkRoot(root: Partial<Root>, log: LogFiles): void {
  for (const part of ["messages", "dead", "keys", "totals"] as const) {
    if (typeof root?.[part] === "object" && root[part] !== null) continue;
    throw stateError(
      "CORRUPT",
      log,
      `its snapshot is not that of a queue: it has no ${part}`,
    );
  }
}
