/**
 * The few words about paths that the core needs. `@std/path` is not used here
 * because everything `mod.ts` reaches statically has no dependencies.
 *
 * @module
 */

/** A path in two parts. */
export interface PathParts {
  /** The directory, `.` if the path names none. */
  readonly dir: string;
  /** The last part. */
  readonly base: string;
}

/**
 * Splits a path at its last separator; `/` and `\` both count, as Windows takes
 * either.
 *
 * @param path The path of a file.
 * @returns Its directory and its name.
 */
export function splitPath(path: string): PathParts {
  const at = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  if (at < 0) return { dir: ".", base: path };
  return { dir: path.slice(0, at) || path[0] || ".", base: path.slice(at + 1) };
}
