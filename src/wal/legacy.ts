/**
 * What is special about the files of mini-rs, which have no checksums.
 *
 * Only whole lines count: a last line without LF, or lines that are not JSON and
 * have no line of JSON behind them, are a torn tail. Damage anywhere else is told
 * from a record only if it breaks the JSON, until the file is sealed: then the
 * header of the first v0.2 segment holds its checksum.
 *
 * @module
 */

import type { FileHandle, FileSystem } from "../file_system.ts";
import { LF } from "./format.ts";

const WINDOW = 1 << 18;

/** CRC-32 of the first `size` bytes of a file. */
export async function checksumOf(
  fileSystem: Pick<FileSystem, "crc32">,
  handle: FileHandle,
  size: number,
): Promise<number> {
  const buffer = new Uint8Array(Math.min(WINDOW, size));
  let crc = 0;
  for (let offset = 0; offset < size;) {
    const room = Math.min(buffer.length, size - offset);
    const count = await handle.read(buffer.subarray(0, room), offset);
    if (count === 0) break;
    crc = fileSystem.crc32(buffer.subarray(0, count), crc);
    offset += count;
  }
  return crc;
}

/** Offset behind the last LF in the first `size` bytes of a file. */
export async function endOfLastLine(
  handle: FileHandle,
  size: number,
): Promise<number> {
  const buffer = new Uint8Array(Math.min(WINDOW, size));
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - buffer.length);
    const count = await handle.read(buffer.subarray(0, end - start), start);
    const at = count === 0 ? -1 : buffer.lastIndexOf(LF, count - 1);
    if (at >= 0) return start + at + 1;
    end = start;
  }
  return 0;
}
