/**
 * What the figures were measured on.
 *
 * @module
 */

import { readFileSync, realpathSync } from "node:fs";
import os from "node:os";

/** What the figures were measured on. */
export interface Environment {
  /** Operating system, version of the kernel, architecture. */
  readonly system: string;
  /** Type of the file system that is written to. */
  readonly fileSystem: string;
  /** How many cores there are. */
  readonly cores: number;
}

/** Describes the machine, as far as the figures depend on it. */
export function environment(directory: string): Environment {
  return {
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    fileSystem: fileSystemType(directory),
    cores: os.availableParallelism(),
  };
}

/** The type of the mount with the longest path above a directory; only Linux lists them. */
function fileSystemType(directory: string): string {
  let mounts: string;
  try {
    mounts = readFileSync("/proc/mounts", "utf8");
  } catch {
    return "unknown";
  }
  const path = `${realpathSync(directory)}/`;
  let longest = "";
  let type = "unknown";
  for (const line of mounts.trimEnd().split("\n")) {
    const [, target, kind] = line.split(" ");
    const above = target.endsWith("/") ? target : `${target}/`;
    // The last of two mounts on one path is the one that is seen.
    if (path.startsWith(above) && above.length >= longest.length) {
      longest = above;
      type = kind;
    }
  }
  return type;
}
