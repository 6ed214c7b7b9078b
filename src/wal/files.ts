/**
 * Small jobs on ranges of open files.
 *
 * @module
 */

import type { FileHandle, FileSystem } from "../file_system.ts";
import { LF } from "./format.ts";
import { draftPath } from "./segments.ts";

const WINDOW = 1 << 18;

/** A range of an open file. */
export interface FileRange {
  /** The file. */
  readonly handle: FileHandle;
  /** Where the range begins, in bytes. */
  readonly offset: number;
}

/** Copies `length` bytes. */
export async function copyRange(
  from: FileRange,
  to: FileRange,
  length: number,
): Promise<void> {
  const buffer = new Uint8Array(Math.min(WINDOW, length));
  for (let done = 0; done < length;) {
    const room = buffer.subarray(0, Math.min(buffer.length, length - done));
    const count = await from.handle.read(room, from.offset + done);
    if (count === 0) {
      throw new Error(`the file ends ${length - done} bytes early`);
    }
    await to.handle.write(room.subarray(0, count), to.offset + done);
    done += count;
  }
}

/**
 * Makes a file anew under `name`, in the place of one that has it: its bytes are
 * on the disk before it has the name. The caller syncs the directory.
 *
 * Nothing in doubt is written over in place: where the first writeback of a block
 * has failed, ext4 keeps the block marked as unwritten, and what is written to it
 * later reads back as zeros after a power cut, though each sync succeeds.
 *
 * @param log The log; the file stands beside it until it has its name.
 * @param name The name it is given.
 * @param fill Writes its bytes.
 */
export async function writeAnew(
  { fileSystem, path }: { fileSystem: FileSystem; path: string },
  name: string,
  fill: (handle: FileHandle) => Promise<void>,
): Promise<void> {
  const draft = draftPath(path);
  if ((await fileSystem.stat(draft)) !== undefined) {
    await fileSystem.remove(draft);
  }
  const handle = await fileSystem.open(draft, { mode: "create" });
  try {
    await fill(handle);
    await handle.sync();
    await handle.sync(); // a failure may be reported one call late
  } finally {
    await handle.close();
  }
  await fileSystem.rename(draft, name);
}

/** {@linkcode lineAt} of a file that is not open. */
export async function lineIn(
  fileSystem: FileSystem,
  path: string,
  offset: number,
): Promise<number> {
  const handle = await fileSystem.open(path, { mode: "read" });
  try {
    return await lineAt(handle, offset);
  } finally {
    await handle.close();
  }
}

/** Whether two ranges of `length` bytes hold the same. */
export async function sameRange(
  a: FileRange,
  b: FileRange,
  length: number,
): Promise<boolean> {
  const size = Math.min(WINDOW, length);
  const [left, right] = [new Uint8Array(size), new Uint8Array(size)];
  for (let done = 0; done < length;) {
    const room = Math.min(size, length - done);
    const count = await a.handle.read(left.subarray(0, room), a.offset + done);
    const other = await b.handle.read(right.subarray(0, room), b.offset + done);
    if (count !== room || other !== room) return false;
    for (let i = 0; i < room; i++) if (left[i] !== right[i]) return false;
    done += room;
  }
  return true;
}

/**
 * Which line an offset is in, counted from 1. Only for the message of an error:
 * it reads the file up to there.
 */
export async function lineAt(
  handle: FileHandle,
  offset: number,
): Promise<number> {
  const buffer = new Uint8Array(Math.min(WINDOW, offset));
  let line = 1;
  for (let at = 0; at < offset;) {
    const room = Math.min(buffer.length, offset - at);
    const count = await handle.read(buffer.subarray(0, room), at);
    if (count === 0) break;
    for (let i = 0; i < count; i++) if (buffer[i] === LF) line++;
    at += count;
  }
  return line;
}
