/**
 * Snapshots of a state that goes on, and what they make superfluous.
 *
 * @module
 */

import { prettyPieces } from "../snapshot/pretty.ts";
import { checkSnapshot, writeSnapshot } from "../snapshot/write.ts";
import { openPath } from "../wal/segments.ts";
import type { Writer } from "../wal/writer.ts";
import { AutoSnapshots, type Found } from "./auto_snapshots.ts";
import type { Commits } from "./commits.ts";
import { type Compaction, type Plan, stateError } from "./options.ts";
import { forRust, stateSource } from "./serial.ts";
import type { Tree } from "./tree.ts";

/** Writes snapshots and removes what they cover, one after the other. */
export class Upkeep<S, M> {
  /** Begins snapshots that nobody has asked for. */
  readonly auto: AutoSnapshots;
  readonly #plan: Plan<S, M>;
  readonly #tree: Tree<S>;
  readonly #commits: Commits<S, M>;
  readonly #writer: Writer;
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    plan: Plan<S, M>,
    tree: Tree<S>,
    commits: Commits<S, M>,
    writer: Writer,
    found: Found,
  ) {
    this.#plan = plan;
    this.#tree = tree;
    this.#commits = commits;
    this.#writer = writer;
    this.auto = new AutoSnapshots(
      plan.snapshotAfter,
      writer,
      found,
      (signal) => this.#writeDue(signal),
    );
    commits.onDurable = () => this.auto.consider();
  }

  /** Abandons an automatic snapshot, and waits for what was asked for. */
  async end(): Promise<void> {
    await this.auto.stop();
    await this.#last;
  }

  /** Writes a snapshot of what is durable when its turn comes. */
  createSnapshot(): Promise<number> {
    return this.#queue(() => this.#write());
  }

  /**
   * Writes a snapshot, and removes the segments of the log that it covers.
   *
   * @param keep The first record that is needed all the same.
   * @param signal Abandons it, as long as nothing was removed.
   */
  compact(
    keep: number = Infinity,
    signal?: AbortSignal,
  ): Promise<Compaction> {
    return this.#queue(() => this.#compact(keep, signal));
  }

  async #compact(keep: number, signal?: AbortSignal): Promise<Compaction> {
    const { log: { path }, place, settings } = this.#plan;
    if (settings.format === "v0.1") {
      throw new TypeError(
        `Cannot compact "${path}": records of format v0.1 have no numbers of their own; open it in format v0.2`,
      );
    }
    this.#commits.checkOpen("compact");
    const sequence = await this.#write(signal);
    signal?.throwIfAborted();
    // The disk must give it back before anything that it covers goes.
    await checkSnapshot(place, sequence);
    signal?.throwIfAborted();
    const first = Math.min(sequence + 1, keep);
    const [, second = 0] = this.#writer.segments;
    // Nothing can go: do not begin a segment for each automatic snapshot.
    if (signal && first < second) return { sequence, removedSegments: 0 };
    try {
      await this.#writer.rotate();
      const removedSegments = await this.#writer.truncateBefore(first);
      return { sequence, removedSegments };
    } catch (error) {
      this.#commits.feed.end(error);
      throw error;
    }
  }

  /** Writes a snapshot if one is still due when its turn comes: one that was asked for may have been written. */
  #writeDue(signal: AbortSignal): Promise<unknown> {
    return this.#queue(async () => {
      signal.throwIfAborted();
      if (!this.auto.isDue) return;
      await (this.#plan.keepHistory
        ? this.#write(signal)
        : this.#compact(Infinity, signal));
    });
  }

  #queue<T>(run: () => Promise<T>): Promise<T> {
    const job = this.#last.then(run);
    this.#last = job.catch(() => {}); // whoever asked is told
    return job;
  }

  async #write(signal?: AbortSignal): Promise<number> {
    const { log, place, settings, version } = this.#plan;
    // While the log is open, this file stands beside it.
    if (!await log.fileSystem.stat(openPath(log.path))) {
      throw stateError(
        "CORRUPT",
        log,
        "the path does not lead to the log that is open",
      );
    }
    signal?.throwIfAborted();
    const capture = this.#tree.capture();
    const { logged } = this.auto;
    const { sequence } = capture;
    try {
      const all = prettyPieces(capture.root, stateSource);
      const pieces = settings.format === "v0.1" ? forRust(all) : all;
      const snapshot = { pieces, sequence, version, lock: false, signal };
      const { bytes } = await writeSnapshot(place, snapshot);
      this.auto.wrote(logged, bytes);
    } finally {
      this.#tree.release(capture);
    }
    return sequence;
  }
}
