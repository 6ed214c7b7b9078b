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
      () => this.#writeDue(),
    );
    commits.onDurable = () => this.auto.consider();
  }

  /** Begins no automatic snapshot any more, and waits for what is under way. */
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
   * @param isAutomatic Whether no caller has asked for it: then it is finished though
   * the state is being closed, and begins no segment if none can be removed.
   */
  compact(
    keep: number = Infinity,
    isAutomatic: boolean = false,
  ): Promise<Compaction> {
    return this.#queue(() => this.#compact(keep, isAutomatic));
  }

  async #compact(keep: number, isAutomatic: boolean): Promise<Compaction> {
    const { log: { path }, place, settings } = this.#plan;
    if (settings.format === "v0.1") {
      throw new TypeError(
        `Cannot compact "${path}": records of format v0.1 have no numbers of their own; open it in format v0.2`,
      );
    }
    if (!isAutomatic) this.#commits.checkOpen("compact");
    const sequence = await this.#write();
    // The disk must give it back before anything that it covers goes.
    await checkSnapshot(place, sequence);
    const first = Math.min(sequence + 1, keep);
    const [, second = 0] = this.#writer.segments;
    // Nothing can go: do not begin a segment for each automatic snapshot.
    if (isAutomatic && first < second) return { sequence, removedSegments: 0 };
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
  #writeDue(): Promise<unknown> {
    return this.#queue(async () => {
      if (!this.auto.isDue) return;
      await (this.#plan.keepHistory
        ? this.#write()
        : this.#compact(Infinity, true));
    });
  }

  #queue<T>(run: () => Promise<T>): Promise<T> {
    const job = this.#last.then(run);
    this.#last = job.catch(() => {}); // whoever asked is told
    return job;
  }

  async #write(): Promise<number> {
    const { log, place, settings, version } = this.#plan;
    // While the log is open, this file stands beside it.
    if (!await log.fileSystem.stat(openPath(log.path))) {
      throw stateError(
        "CORRUPT",
        log,
        "the path does not lead to the log that is open",
      );
    }
    const capture = this.#tree.capture();
    const { logged } = this.auto;
    const { sequence } = capture;
    try {
      const all = prettyPieces(capture.root, stateSource);
      const pieces = settings.format === "v0.1" ? forRust(all) : all;
      const snapshot = { pieces, sequence, version, lock: false };
      const { bytes } = await writeSnapshot(place, snapshot);
      this.auto.wrote(logged, bytes);
    } finally {
      this.#tree.release(capture);
    }
    return sequence;
  }
}
