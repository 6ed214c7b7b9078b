/**
 * A state that is open for writing: what `StateManager` shows, and what the queue
 * is built on.
 *
 * @module
 */

import type { DurableError } from "../errors.ts";
import { settleSnapshot } from "../snapshot/write.ts";
import { openForWriting, type WritableLog } from "../wal/log.ts";
import type { Recovery } from "../wal/recovery.ts";
import { Commits } from "./commits.ts";
import { type Loaded, loadOrigin, loadState, refuseShortened } from "./load.ts";
import { type Plan, stateError } from "./options.ts";
import type { Tree } from "./tree.ts";
import { Upkeep } from "./upkeep.ts";

/** What opening a state found and did. */
export interface StateRecovery {
  /** What opening the log found and did. */
  readonly log: Recovery;
  /** Sequence number of the snapshot that was used; `undefined` for none. */
  readonly snapshot: number | undefined;
  /** How many mutations were applied to it. */
  readonly replayed: number;
  /** Why a snapshot that is there was not used: the log had all it needed. */
  readonly damage: DurableError | undefined;
}

/** The parts of a state that is open for writing. */
export class OpenState<S, M> {
  readonly plan: Plan<S, M>;
  readonly tree: Tree<S>;
  readonly commits: Commits<S, M>;
  readonly upkeep: Upkeep<S, M>;
  readonly recovery: StateRecovery;
  readonly #log: WritableLog;
  #closing: Promise<void> | undefined;

  constructor(plan: Plan<S, M>, loaded: Loaded<S>, log: WritableLog) {
    const { tree, sequence, origin, damage } = loaded;
    this.plan = plan;
    this.tree = tree;
    this.#log = log;
    this.commits = new Commits(plan, tree, log.writer);
    this.upkeep = new Upkeep(plan, tree, this.commits, log.writer, loaded);
    this.recovery = {
      log: log.recovery,
      snapshot: origin || undefined,
      replayed: sequence - origin,
      damage,
    };
  }

  /** Whether it is closed, or about to be. */
  get isClosed(): boolean {
    return this.#closing !== undefined;
  }

  /** What has ended all writing. */
  get failure(): DurableError | undefined {
    return this.#log.writer.failure;
  }

  /** The first sequence number of each segment of the log, oldest first. */
  get segments(): readonly number[] {
    return this.#log.writer.segments;
  }

  /** Seals the active segment of the log. */
  rotate(): Promise<void> {
    return this.#log.writer.rotate();
  }

  /**
   * Commits what is pending, waits for a snapshot that is under way, and releases
   * everything.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.commits.close();
    try {
      await this.upkeep.end();
      await this.#log.close();
    } finally {
      this.commits.feed.end(this.failure);
    }
  }
}

/** Opens a state for writing. */
export async function openState<S, M>(
  plan: Plan<S, M>,
): Promise<OpenState<S, M>> {
  let loaded: Loaded<S> | undefined;
  // Under the lock, so that what is counted on cannot change any more.
  const log = await openForWriting(plan.log, plan.settings, async () => {
    await refuseShortened(plan.log);
    loaded = await loadState(plan, await loadOrigin(plan));
  });
  try {
    const { sequence } = log.writer;
    if (!loaded || loaded.sequence !== sequence) {
      throw stateError(
        "CORRUPT",
        plan.log,
        `it was read up to record ${loaded?.sequence}, and then ended with record ${sequence}: something else writes to it`,
        { sequence },
      );
    }
    await settleSnapshot(plan.place);
    const state = new OpenState(plan, loaded, log);
    const { recovery } = state;
    if (recovery.log.torn || recovery.damage) {
      await plan.onRecovery?.(recovery);
    }
    return state;
  } catch (error) {
    await log.close().catch(() => {}); // error says why
    throw error;
  }
}
