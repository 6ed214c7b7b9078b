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
import { Lookup } from "../wal/lookup.ts";
import { Core } from "./core.ts";
import { emptyRoot, type QueueRecord, reduceWith, type Root } from "./model.ts";
import { type QueueOptions, resolveQueue } from "./options.ts";
import { Payloads } from "./payloads.ts";

/** What a state that shares the log adds to the options. */
export type Companion = Pick<
  StateManagerOptions<Root, QueueRecord>,
  "apply" | "validate" | "version" | "upcast" | "migrate"
>;

/** The name of a queue's log in its directory. */
const JOURNAL = "queue.jsonl";

/** Opens a queue for writing. */
export async function openQueue<P>(
  dir: string,
  options: QueueOptions<P>,
  companion: Companion = { apply: reduceWith() },
): Promise<Core> {
  const settings = resolveQueue(options);
  const { fileSystem, maxSegmentBytes } = options;
  const plan = await resolvePlan(dir, {
    ...companion,
    initial: emptyRoot(),
    journal: JOURNAL,
    fileSystem,
    maxSegmentBytes,
  }, MANAGER_KEYS);
  const state = await openState(plan);
  try {
    checkRoot(state.tree.durable);
    const { log } = plan;
    const lookup = new Lookup(log);
    const payloads = new Payloads(lookup, log.path, settings.payloadMemory);
    return new Core(state, settings, payloads);
  } catch (error) {
    await state.close();
    throw stateError(
      "CORRUPT",
      plan.log,
      `what its snapshot holds is not a queue`,
      { cause: error },
    );
  }
}

/** Throws if a snapshot holds something else than a queue. */
function checkRoot(root: Partial<Root>): void {
  for (const part of ["messages", "dead", "keys", "totals"] as const) {
    if (typeof root?.[part] !== "object" || root[part] === null) {
      throw new TypeError(`it has no ${part}`);
    }
  }
}
