/**
 * Snapshots of a state that goes on, and what they make superfluous.
 *
 * @module
 */

import { prettyPieces } from "../snapshot/pretty.ts";
import { checkSnapshot, writeSnapshot } from "../snapshot/write.ts";
import { openPath } from "../wal/segments.ts";
import type { Writer } from "../wal/writer.ts";
import type { Commits } from "./commits.ts";
import { type Compaction, type Plan, stateError } from "./options.ts";
import { forRust, stateSource } from "./serial.ts";
import type { Tree } from "./tree.ts";

/** Writes snapshots and removes what they cover, one after the other. */
export class Upkeep<S, M> {
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
  ) {
    this.#plan = plan;
    this.#tree = tree;
    this.#commits = commits;
    this.#writer = writer;
  }

  /** Resolves when nothing of this is under way. */
  get idle(): Promise<unknown> {
    return this.#last;
  }

  /** Writes a snapshot of what is durable when its turn comes. */
  createSnapshot(): Promise<number> {
    return this.#queue(() => this.#write());
  }

  /**
   * Writes a snapshot, and removes the segments of the log that it covers.
   *
   * @param keep The first record that is needed all the same.
   */
  compact(keep: number = Infinity): Promise<Compaction> {
    return this.#queue(async () => {
      const { log: { path }, place, settings } = this.#plan;
      if (settings.format === "v0.1") {
        throw new TypeError(
          `Cannot compact "${path}": records of format v0.1 have no numbers of their own; open it in format v0.2`,
        );
      }
      this.#commits.checkOpen("compact");
      const sequence = await this.#write();
      // The disk must give it back before anything that it covers goes.
      await checkSnapshot(place, sequence);
      try {
        await this.#writer.rotate();
        const first = Math.min(sequence + 1, keep);
        const removedSegments = await this.#writer.truncateBefore(first);
        return { sequence, removedSegments };
      } catch (error) {
        this.#commits.feed.end(error);
        throw error;
      }
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
    const { sequence } = capture;
    try {
      const all = prettyPieces(capture.root, stateSource);
      const pieces = settings.format === "v0.1" ? forRust(all) : all;
      await writeSnapshot(place, { pieces, sequence, version, lock: false });
    } finally {
      this.#tree.release(capture);
    }
    return sequence;
  }
}
