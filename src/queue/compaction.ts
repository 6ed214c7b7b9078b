/**
 * Makes the log of a queue shorter.
 *
 * A snapshot says everything about messages but their payloads. So a segment of the
 * log can go when no payload in it is needed any more. Where few are left, they are
 * carried on: written anew, at the end of the log. That is done for the longest
 * piece of the log of whose records at most half hold a payload that is needed; so
 * what is written is never more than what goes.
 *
 * The order: payloads are carried, and durable; the snapshot, which knows their new
 * places, is durable, and read back; then segments are removed. A crash in between
 * leaves a log with too much in it.
 *
 * @module
 */

import type { Compaction } from "../state/options.ts";
import type { Core } from "./core.ts";

/** How much text is carried in one commit, in UTF-16 units, about. */
const PORTION = 1 << 18;

/** Compacts a queue, when it is asked to, or by itself. */
export class Compactor {
  readonly #core: Core;
  /** The records that were written before the last time. */
  #done: number;
  #running: Promise<Compaction> | undefined;
  #error: unknown;

  constructor(core: Core) {
    this.#core = core;
    this.#done = core.state.recovery.snapshot ?? 0;
  }

  /** Why the last compaction that was begun by itself has failed. */
  get error(): unknown {
    return this.#error;
  }

  /** Compacts; one that is under way counts. */
  compact(): Promise<Compaction> {
    this.#running ??= this.#compact().catch((error) => {
      const { failure } = this.#core.state;
      if (failure) this.#core.onFailure(failure);
      throw error;
    }).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Compacts if enough was written since the last time. */
  consider(): void {
    const { state, settings } = this.#core;
    const { sequence } = state.commits;
    if (sequence - this.#done < settings.compactAfter || this.#running) return;
    this.compact().then(
      () => this.#error = undefined,
      (error) => this.#error = error,
    );
  }

  async #compact(): Promise<Compaction> {
    const core = this.#core;
    const { records, state } = core;
    state.commits.checkOpen("compact");
    this.#done = state.commits.sequence;
    const floor = this.#floor();
    const [start = 1] = state.segments;
    if (floor > start && records.before(floor) > 0) {
      // What is carried must not stand in a segment that is to go.
      await state.rotate();
      await this.#carry(floor);
    }
    // What is handed in from here on comes behind it. What is gone by now need not
    // be durable yet: it is before anything is removed, as the log is in order.
    const keep = Math.min(
      records.first((number) => this.#recordOf(number)),
      state.commits.staged + 1,
    );
    const compaction = await state.upkeep.compact(keep);
    core.payloads.forget(Math.max(1, Math.min(keep, compaction.sequence + 1)));
    return compaction;
  }

  /** Up to where it is worth it to carry payloads: the first record that stays. */
  #floor(): number {
    const { records, state } = this.#core;
    const [start = 1, ...rest] = state.segments;
    const ends = [...rest, state.commits.sequence + 1];
    return ends.findLast((end) => records.before(end) * 2 <= end - start) ??
      start;
  }

  /** Writes the payloads anew that are in records in front of one. */
  async #carry(floor: number): Promise<void> {
    const core = this.#core;
    const recordOf = (number: number) => this.#recordOf(number);
    let portion = new Map<number, string>();
    let size = 0;
    const flush = async () => {
      const batch = core.begin();
      for (const [number, text] of portion) core.carry(batch, number, text);
      portion = new Map();
      size = 0;
      await core.commit(batch);
    };
    for (const number of core.records.messages(floor, recordOf)) {
      const text = await core.payload(number);
      if (text === undefined) continue;
      portion.set(number, text);
      size += text.length;
      if (size > PORTION) await flush();
    }
    if (size > 0) await flush();
  }

  /** The record that holds the payload of a message, after all that was handed in. */
  #recordOf(number: number): number | undefined {
    const entry = this.#core.look(number) ?? this.#core.lookDead(number);
    return entry && (entry.record ?? number);
  }
}
