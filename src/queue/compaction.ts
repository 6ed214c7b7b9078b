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
    this.#running ??= this.#compact().finally(() => {
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
    await this.#carry(this.#floor());
    // Nothing that is durable, or will be, needs what is in front of this.
    const keep = records.first((number) => this.#isIn(number));
    const compaction = await state.upkeep.compact(keep).catch((error) => {
      if (state.failure) core.onFailure(state.failure);
      throw error;
    });
    core.payloads.forget(keep);
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
    const isIn = (number: number) => this.#isIn(number);
    let portion = new Map<number, string>();
    let size = 0;
    const flush = async () => {
      const batch = core.begin();
      for (const [number, text] of portion) core.carry(batch, number, text);
      portion = new Map();
      size = 0;
      await core.commit(batch);
    };
    for (const number of core.records.messages(floor, isIn)) {
      const entry = core.look(number) ?? core.lookDead(number);
      if (!entry) continue;
      const payload = await core.payloads.read(entry.record ?? number);
      const text = JSON.stringify(payload);
      portion.set(number, text);
      size += text.length;
      if (size > PORTION) await flush();
    }
    if (size > 0) await flush();
  }

  /** Whether the payload of the message with a number is in the record of that number. */
  #isIn(number: number): boolean {
    const entry = this.#core.look(number) ?? this.#core.lookDead(number);
    return entry !== undefined && entry.record === undefined;
  }
}
