/**
 * Makes the log of a queue shorter.
 *
 * A snapshot says everything about messages but their payloads. So a segment of the
 * log can go when no payload in it is needed any more. Where few are left, they are
 * carried on: written anew, at the end of the log. That is done for the longest
 * piece of the log of whose records at most half hold a payload that is needed; so
 * no more records are written than go. An automatic compaction also writes no more
 * bytes than the program has logged, about: a few large payloads that wait for long
 * are not carried at every turn.
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
/** What a commit line takes in the log, in bytes, at most. */
const COMMIT_BYTES = 40;

/** Compacts a queue, when it is asked to, and automatically. */
export class Compactor {
  readonly #core: Core;
  /** What was asked for and is not done. */
  #asked: Promise<Compaction> | undefined;
  #last: Promise<unknown> = Promise.resolve();
  /** How many bytes of log carrying has written: all of it, and automatically. */
  readonly #carried = { all: 0, automatically: 0 };

  constructor(core: Core) {
    this.#core = core;
    const { auto } = core.state.upkeep;
    auto.replace(() =>
      this.#queue(async () => {
        if (auto.isDue) await this.#compact(true);
      })
    );
  }

  /** Compacts; one that was asked for and is not done counts. */
  compact(): Promise<Compaction> {
    this.#asked ??= this.#queue(() => this.#compact()).finally(() => {
      this.#asked = undefined;
    });
    return this.#asked;
  }

  /** Runs one compaction after the other. */
  #queue<T>(run: () => Promise<T>): Promise<T> {
    const job = this.#last.then(run).catch((error) => {
      const { failure } = this.#core.state;
      if (failure) this.#core.onFailure(failure);
      throw error;
    });
    this.#last = job.catch(() => {}); // whoever asked is told
    return job;
  }

  /**
   * @param isAutomatic Whether no caller has asked for it: then it is finished though
   * the queue is being closed, but for payloads that would have to be carried.
   */
  async #compact(isAutomatic = false): Promise<Compaction> {
    const core = this.#core;
    const { records, state } = core;
    if (!isAutomatic) state.commits.checkOpen("compact");
    const floor = this.#floor();
    const [start = 1] = state.segments;
    const { all, automatically } = this.#carried;
    // What was carried is in the log too, and pays for nothing.
    const most = isAutomatic
      ? state.upkeep.auto.logged - all - automatically
      : Infinity;
    let failure: unknown;
    if (floor > start && records.before(floor) > 0 && most > 0) {
      // What is carried must not stand in a segment that is to go.
      await state.rotate();
      failure = await this.#carry(floor, most, isAutomatic).catch((error) => {
        // A payload that is damaged must not keep automatic snapshots from being written.
        if (isAutomatic) return core.closed ? undefined : error;
        throw error;
      });
    }
    // What is handed in from here on comes behind it. What is gone by now need not
    // be durable yet: it is before anything is removed, as the log is in order.
    const keep = Math.min(
      records.first((number) => this.#recordOf(number)),
      state.commits.staged + 1,
    );
    const compaction = await state.upkeep.compact(keep, isAutomatic);
    core.payloads.forget(Math.max(1, Math.min(keep, compaction.sequence + 1)));
    if (failure !== undefined) throw failure;
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

  /**
   * Writes the payloads again that are in records before one, the oldest first.
   *
   * @param floor The first record that stays.
   * @param most How many bytes of log it may write, about.
   * @param isAutomatic Whether no caller has asked for it.
   */
  async #carry(
    floor: number,
    most: number,
    isAutomatic: boolean,
  ): Promise<void> {
    const core = this.#core;
    const recordOf = (number: number) => this.#recordOf(number);
    let portion = new Map<number, string>();
    let size = 0;
    let total = 0;
    const flush = async () => {
      const batch = core.begin();
      let bytes = COMMIT_BYTES;
      for (const [number, text] of portion) {
        bytes += core.carry(batch, number, text);
      }
      total += bytes;
      this.#carried.all += bytes;
      if (isAutomatic) this.#carried.automatically += bytes;
      portion = new Map();
      size = 0;
      await core.commit(batch);
    };
    for (const number of core.records.messages(floor, recordOf)) {
      if (total + size >= most || core.closed) break;
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
