/**
 * Closes what a reader has open when the reader is dropped before its end.
 *
 * @module
 */

import type { FileHandle } from "../file_system.ts";

/** What a reader has open at the moment; it must not lead to the reader. */
export interface Held {
  handle: FileHandle | undefined;
}

const dropped = new FinalizationRegistry<Held>(({ handle }) => {
  // Nobody is left to be told that it failed.
  handle?.close().catch(() => {});
});

/**
 * Has what a reader holds closed when the reader is collected: a generator that
 * nobody resumes never comes to its `finally`.
 *
 * @param reader The generator.
 * @param held What it has open, which it keeps up to date.
 * @returns The generator.
 */
export function closeIfDropped<T extends object>(reader: T, held: Held): T {
  dropped.register(reader, held);
  return reader;
}
