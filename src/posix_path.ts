/**
 * Paths with slashes, for file systems that are not on disk.
 *
 * @module
 */

import type { PathParts } from "./file_system.ts";

/** Parts a path at its last slash. */
export function splitPath(path: string): PathParts {
  const at = path.lastIndexOf("/");
  if (at < 0) return { dir: ".", base: path };
  return { dir: path.slice(0, at) || "/", base: path.slice(at + 1) };
}

/** A path without `.`, `..` and repeated slashes; `.` for the working directory. */
export function normalizePath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  const joined = parts.join("/");
  return path.startsWith("/") ? `/${joined}` : joined || ".";
}
