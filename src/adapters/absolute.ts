/**
 * Absolute paths, for the adapters that stand on an operating system.
 *
 * @module
 */

import { isAbsolute, resolve, sep } from "node:path";

/**
 * A path that leads to the same place when the working directory has changed.
 *
 * `..` is left for the system to follow, but for Windows, which takes it out of the
 * text itself: behind a link, it leads elsewhere than the text says.
 *
 * @param path The path.
 * @param cwd Tells the working directory, or throws.
 * @returns The path from the root; from `./` if the working directory is not known.
 */
export function absolutePath(path: string, cwd: () => string): string {
  if (sep === "\\") return resolve(path);
  if (isAbsolute(path)) return path;
  const rest = path.replace(/^(?:\.(?:\/+|$))+/, "");
  let base: string;
  try {
    base = cwd();
  } catch {
    return `./${rest}`;
  }
  if (rest === "") return base;
  return base.endsWith("/") ? base + rest : `${base}/${rest}`;
}
