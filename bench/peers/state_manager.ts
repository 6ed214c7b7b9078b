/**
 * The state manager of this package, and the least that it could cost.
 *
 * @module
 */

import { join } from "node:path";
import { MiniStore, StateManager } from "../../mod.ts";
import { entriesOptions, type Put } from "../entries.ts";
import type { KeyedPeer, TakerPeer } from "./keyed.ts";

/** `StateManager` with its default options. */
export const stateManager: KeyedPeer = {
  writes: "StateManager.apply",
  reads: "StateManager.state",
  async open(directory, entries) {
    const path = join(directory, "state");
    const manager = await StateManager.open(path, entriesOptions);
    await manager.applyAll(entries);
    return {
      put: (change) => manager.apply(change),
      get: (key) => manager.state.entries[key].n,
      close: () => manager.close(),
    };
  },
};

/** The same records in a log, and nothing in memory. */
export const bareAppend: TakerPeer = {
  writes: "MiniStore.append of the same records",
  async open(directory, entries) {
    const store = await MiniStore.open<Put>(join(directory, "log.jsonl"));
    await store.appendAll(entries);
    return {
      put: (change) => store.append(change),
      close: () => store.close(),
    };
  },
};
