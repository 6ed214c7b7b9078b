/** What the disks of a simulated file system hold, as text. */

import {
  type CrashStateOptions,
  type DiskImage,
  SimulatedFileSystem,
} from "../../src/testing/mod.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A file system whose disk holds these files; the names of directories end with a slash. */
export function diskWith(
  files: Readonly<Record<string, string>>,
): SimulatedFileSystem {
  const paths = Object.keys(files);
  const image: DiskImage = {
    files: new Map(
      paths.filter((path) => !path.endsWith("/")).map((path) => [
        path,
        encoder.encode(files[path]),
      ]),
    ),
    directories: paths.filter((path) => path.endsWith("/")).map((path) =>
      path.slice(0, -1)
    ),
  };
  return new SimulatedFileSystem({ image });
}

/** An image as text, such as `a=1 b=2 d/`. */
export function textOf({ files, directories }: DiskImage): string {
  const parts = directories.map((path) => `${path}/`);
  for (const [path, bytes] of files) {
    parts.push(`${path}=${decoder.decode(bytes)}`);
  }
  return parts.sort().join(" ");
}

/** What is visible, as text. */
export function visibleText(fileSystem: SimulatedFileSystem): string {
  return textOf(fileSystem.visible);
}

/** All disks that a power cut can leave, as text, sorted. */
export function disksOf(
  fileSystem: SimulatedFileSystem,
  options: CrashStateOptions = {},
): string[] {
  const states = [...fileSystem.crashStates(options)];
  return [...new Set(states.map(({ image }) => textOf(image)))].sort();
}

/** Changes a file, with no sync. */
export async function change(
  fileSystem: SimulatedFileSystem,
  path: string,
  ...steps: readonly (number | readonly [offset: number, text: string])[]
): Promise<void> {
  const mode = await fileSystem.stat(path) ? "write" : "create";
  await using file = await fileSystem.open(path, { mode });
  for (const step of steps) {
    if (typeof step === "number") await file.truncate(step);
    else await file.write(encoder.encode(step[1]), step[0]);
  }
}

/** Syncs a file. */
export async function syncFile(
  fileSystem: SimulatedFileSystem,
  path: string,
): Promise<void> {
  await using file = await fileSystem.open(path, { mode: "read" });
  await file.sync();
}
