/**
 * What every peer that takes durable records one by one looks like.
 *
 * @module
 */

import type { Sample } from "../sample.ts";

/**
 * A log, or what serves as one, open for writing.
 *
 * @typeParam R What is written.
 */
export interface Appender<R = Sample> {
  /** Resolves when the record is durable. */
  append(record: R): Promise<unknown>;
  /** Lets go of the files. */
  close(): Promise<unknown>;
}

/**
 * Something to compare with.
 *
 * @typeParam R What is written.
 */
export interface AppenderPeer<R = Sample> {
  /** Its name in the table. */
  readonly name: string;
  /** Opens a fresh one in an empty directory; rejects where the peer does not run. */
  open(directory: string): Promise<Appender<R>>;
}
