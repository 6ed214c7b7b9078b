/**
 * Walks the commit groups of one segment, front to back, in bounded memory.
 *
 * @module
 */

import { crc32 } from "../crc32.ts";
import type { FileHandle, FileSystem } from "../file_system.ts";
import {
  chainSeed,
  findMark,
  idBytes,
  LF,
  type Mark,
  MAX_MARK_BYTES,
  type ParsedHeader,
  parseMark,
} from "./format.ts";

/** How much is read at a time, in bytes. */
const WINDOW = 1 << 16;
/** How much is handed out at a time, in bytes, and up to the end of the line. */
const PIECE = 1 << 14;
/** Up to this size in bytes a native checksum costs more for the call than it saves. */
const SHORT = 64;
/** A group up to this size is checked and handed out from one buffer; a larger one is read twice. */
const MAX_WINDOW = 1 << 20;

/** Whole lines of groups that are valid. Read it before the next one is asked for: the buffer is used again. */
export interface Run {
  /** Offset of the bytes in the file. */
  readonly offset: number;
  /** Records and marks, each line with its LF. */
  readonly bytes: Uint8Array;
  /** Sequence number of the last record; `undefined` in the midst of a large group. */
  readonly last: number | undefined;
}

/** Where the valid part of a segment ends. */
export interface ScanEnd {
  /** Offset behind the last valid mark, or behind the header. */
  offset: number;
  /** The chain value there. */
  chain: number;
  /** The last sequence number, `first - 1` if there is no record. */
  sequence: number;
  /** Whether the last valid mark is a closed line. */
  closed: boolean;
}

/** A segment that is being read. */
export interface ScanSource {
  /** Where CRC-32 comes from. */
  readonly fileSystem: Pick<FileSystem, "crc32">;
  /** The file. */
  readonly handle: FileHandle;
  /** The header it begins with. */
  readonly header: ParsedHeader;
  /** Bytes of the file that count; what is added while it is read does not. */
  readonly size: number;
}

/** The end of a segment that holds its header only. */
export function beginningOf(header: ParsedHeader): ScanEnd {
  return {
    offset: header.length,
    chain: header.chain,
    sequence: header.first - 1,
    closed: false,
  };
}

/**
 * Yields the valid groups of a segment behind `end`, carries `end` along, and
 * stops at the first byte that is not part of one. All of the file is valid if
 * that is its size.
 */
export async function* scanGroups(
  source: ScanSource,
  end: ScanEnd,
): AsyncGenerator<Run, void, undefined> {
  const { fileSystem, handle, header, size } = source;
  const id = idBytes(header.id);
  let buffer = new Uint8Array(Math.min(WINDOW, size - end.offset));
  let base = end.offset; // file offset of buffer[0]
  let filled = 0;
  let searched = 0; // up to here there is no mark behind the current group's start
  while (end.offset < size) {
    const from = end.offset - base;
    const window = { buffer, base, filled };
    searched = walkGroups(fileSystem, id, end, window, searched);
    const group = end.offset - base;
    yield* pieces(buffer.subarray(from, group), base + from, end.sequence);
    if (searched < 0 || base + filled >= size) break;
    if (filled - group >= MAX_WINDOW) {
      if (!(yield* scanLargeGroup(source, id, end, buffer))) break;
      base = end.offset;
      filled = searched = 0;
      continue;
    }
    // Keep the group that is not complete, and read on behind it.
    if (filled - group > buffer.length / 2) {
      const larger = new Uint8Array(buffer.length * 2);
      larger.set(buffer.subarray(group, filled));
      buffer = larger;
    } else buffer.copyWithin(0, group, filled);
    base += group;
    filled -= group;
    searched -= group;
    const room = Math.min(buffer.length - filled, size - base - filled);
    const count = await handle.read(
      buffer.subarray(filled, filled + room),
      base + filled,
    );
    if (count === 0) break;
    filled += count;
  }
}

/** Valid lines, some at a time, so that their records need not be in memory together. */
function* pieces(
  bytes: Uint8Array,
  offset: number,
  last: number,
): Generator<Run> {
  for (let from = 0; from < bytes.length;) {
    let to = bytes.length;
    if (to - from > PIECE) to = bytes.indexOf(LF, from + PIECE) + 1;
    yield {
      offset: offset + from,
      bytes: bytes.subarray(from, to),
      last: to === bytes.length ? last : undefined,
    };
    from = to;
  }
}

/** What of a file is in memory. */
interface Window {
  readonly buffer: Uint8Array;
  /** Offset of the buffer in the file. */
  readonly base: number;
  readonly filled: number;
}

/**
 * Carries `end` along over the groups that are in a window as a whole. A function
 * of its own, because a loop in a generator is not optimized as well.
 *
 * @returns Up to where there is no mark behind `end`; -1 if what follows is not valid.
 */
function walkGroups(
  fileSystem: Pick<FileSystem, "crc32">,
  id: Uint8Array,
  end: ScanEnd,
  { buffer, base, filled }: Window,
  searched: number,
): number {
  let group = end.offset - base;
  for (;;) {
    const start = Math.max(group, searched - 2);
    const at = findMark(buffer, start, filled, start === group);
    if (at < 0) return Math.max(filled, group);
    const mark = parseMark(buffer, at, filled);
    if (mark === undefined) return filled - at >= MAX_MARK_BYTES ? -1 : at;
    const stem = at + mark.stem;
    const seed = chainSeed(end.chain, id);
    const chain = stem - group < SHORT
      ? crc32(buffer, seed, group, stem)
      : fileSystem.crc32(buffer.subarray(group, stem), seed);
    if (!follows(end, mark, at > group) || chain !== mark.chain) return -1;
    end.closed = mark.kind === "closed";
    end.sequence = mark.sequence;
    end.chain = chain;
    group = searched = at + mark.length;
    end.offset = base + group;
  }
}

/** Where the valid part of a segment ends. */
export async function scanToEnd(source: ScanSource): Promise<ScanEnd> {
  const end = beginningOf(source.header);
  const runs = scanGroups(source, end);
  while (!(await runs.next()).done);
  return end;
}

/** Whether a mark states what must come behind `end`. */
function follows(
  end: ScanEnd,
  mark: Mark,
  hasRecords: boolean,
): boolean {
  return mark.kind === "commit"
    ? hasRecords && mark.sequence > end.sequence
    : !hasRecords && mark.sequence === end.sequence;
}

/**
 * A group too large for the buffer: one pass to check it, and if it is valid a
 * second one to hand it out in pieces.
 */
async function* scanLargeGroup(
  source: ScanSource,
  id: Uint8Array,
  end: ScanEnd,
  buffer: Uint8Array,
): AsyncGenerator<Run, boolean, undefined> {
  const { fileSystem, handle, size } = source;
  const start = end.offset;
  let chain = chainSeed(end.chain, id);
  let base = start;
  let kept = 0; // bytes at the front of the buffer whose checksum is not taken yet
  for (;;) {
    const count = await handle.read(
      buffer.subarray(kept, kept + Math.min(buffer.length - kept, size - base)),
      base,
    );
    const filled = kept + count;
    base += count;
    const at = findMark(buffer, 0, filled, false);
    const mark = at < 0 ? undefined : parseMark(buffer, at, filled);
    if (mark !== undefined) {
      chain = fileSystem.crc32(buffer.subarray(0, at + mark.stem), chain);
      if (!follows(end, mark, true) || chain !== mark.chain) return false;
      const offset = base - filled + at + mark.length;
      yield* wholeLines(handle, start, offset, mark.sequence);
      Object.assign(end, {
        offset,
        chain,
        sequence: mark.sequence,
        closed: false,
      });
      return true;
    }
    if (count === 0 || (at >= 0 && filled - at >= MAX_MARK_BYTES)) return false;
    // A mark may begin in the last bytes: leave them for the next round.
    const checked = at < 0 ? Math.max(0, filled - 3) : at - 1;
    chain = fileSystem.crc32(buffer.subarray(0, checked), chain);
    buffer.copyWithin(0, checked, filled);
    kept = filled - checked;
  }
}

/** The bytes from `start` to `end`, which is the end of a line, in pieces of whole lines. */
export async function* wholeLines(
  handle: FileHandle,
  start: number,
  end: number,
  last?: number,
): AsyncGenerator<Run, void, undefined> {
  let buffer = new Uint8Array(WINDOW);
  let filled = 0;
  for (let offset = start; offset < end;) {
    const room = Math.min(buffer.length - filled, end - offset - filled);
    filled += await handle.read(
      buffer.subarray(filled, filled + room),
      offset + filled,
    );
    const cut = filled === 0 ? 0 : buffer.lastIndexOf(LF, filled - 1) + 1;
    if (cut === 0) {
      if (filled < buffer.length) return; // the file became shorter
      const larger = new Uint8Array(buffer.length * 2);
      larger.set(buffer);
      buffer = larger;
      continue;
    }
    const bytes = buffer.subarray(0, cut);
    yield { offset, bytes, last: offset + cut === end ? last : undefined };
    buffer.copyWithin(0, cut, filled);
    filled -= cut;
    offset += cut;
  }
}
