/**
 * How long paths may be: what is too long for a file that is needed later is refused
 * before anything is made.
 *
 * @module
 */

import type { FileSystem } from "./file_system.ts";

/** Bytes of a name on the file systems in use (`NAME_MAX`). */
const MAX_NAME = 255;
/** Bytes of a path that SQLite opens, whose lock is the writer lock: 512 less those of `-journal`. */
const MAX_LOCK = 504;
const encoder = new TextEncoder();

/** What is added to a path. */
export interface PathAdditions {
  /** What makes it the path of the lock. */
  readonly lock: string;
  /** How many bytes the names of other files are longer than its own. @default 0 */
  readonly name?: number | undefined;
}

/**
 * Refuses a path with which a file that is needed later would have too long a name.
 *
 * @param fileSystem Where it is.
 * @param action What is tried, such as `open`.
 * @param path The path.
 * @param additions What is added to it.
 * @throws {RangeError} If it is too long, with its length and the limit.
 */
export function checkPathLengths(
  fileSystem: Pick<FileSystem, "split">,
  action: string,
  path: string,
  { lock, name = 0 }: PathAdditions,
): void {
  const refuse = (what: string, size: number, most: number, why: string) => {
    if (size <= most) return;
    throw new RangeError(
      `Cannot ${action} "${path}": ${what} has ${size} bytes, and may have ${most}: ${why}`,
    );
  };
  const why = "the files beside it must have names, and a lock, too";
  refuse("the path", bytes(path), MAX_LOCK - bytes(lock), why);
  let { dir, base } = fileSystem.split(path);
  refuse(`the name "${base}"`, bytes(base), MAX_NAME - name, why);
  for (let inner = path; dir !== inner;) {
    inner = dir;
    ({ dir, base } = fileSystem.split(inner));
    const limit = "no name may have more";
    refuse(`the directory "${base}"`, bytes(base), MAX_NAME, limit);
  }
}

function bytes(text: string): number {
  return encoder.encode(text).length;
}
