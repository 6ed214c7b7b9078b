/**
 * Where the records of a segment are: an index of blocks.
 *
 * A block is a number of whole lines, records and marks, that stand one behind
 * the other. The first one begins behind the header, and each next one where the
 * one before it ends. A block ends with the line that brings it to 64 KiB, so
 * only the last one may be shorter, and it grows when the segment does. Groups
 * do not matter: a large one has many blocks, and many small ones share one.
 *
 * @module
 */

import type { FileSystem } from "../file_system.ts";
import { LF, type ParsedHeader } from "./format.ts";
import { beginningOf, type Run, type ScanEnd } from "./scanner.ts";

/** A block takes no more lines once it has this size, in bytes. */
const BLOCK = 1 << 16;
const SLASH = 47;

/** Where a block is, and what it must be. It is never changed, only replaced by a longer one. */
export interface BlockPlace {
  /** Sequence number of its first record. */
  readonly first: number;
  /** Where it begins in the file, in bytes. */
  readonly offset: number;
  /** Its length in bytes. */
  readonly length: number;
  /** CRC-32 of its bytes. */
  readonly crc: number;
}

/** The blocks of a segment, as far as it was scanned. */
export class BlockIndex {
  readonly #header: ParsedHeader;
  readonly #fileSystem: Pick<FileSystem, "crc32">;
  readonly #blocks: BlockPlace[] = [];
  /** The last record in the blocks; those behind `#end` are not confirmed yet. */
  #last: number;
  #end: Readonly<ScanEnd>;

  /** An index of a segment that was not scanned yet. */
  constructor(fileSystem: Pick<FileSystem, "crc32">, header: ParsedHeader) {
    this.#fileSystem = fileSystem;
    this.#header = header;
    this.#last = header.first - 1;
    this.#end = beginningOf(header);
  }

  /** Where the next scan goes on. */
  get end(): Readonly<ScanEnd> {
    return this.#end;
  }

  /** Offset behind the last block. */
  get #offset(): number {
    const last = this.#blocks.at(-1);
    return last === undefined ? this.#header.length : last.offset + last.length;
  }

  /** The block that holds a record; `undefined` if it is not among those that were scanned. */
  find(sequence: number): BlockPlace | undefined {
    if (sequence > this.#end.sequence) return undefined;
    let [low, high] = [0, this.#blocks.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#blocks[middle].first <= sequence) low = middle + 1;
      else high = middle;
    }
    return this.#blocks[low - 1];
  }

  /**
   * Takes in what a scan yields. What an earlier scan that was cut short has
   * brought already is passed over. Behind a gap nothing is taken in, so nothing
   * is confirmed either: the file became shorter while it was read.
   */
  add({ offset, bytes }: Run): void {
    let from = this.#offset - offset;
    if (from < 0) return;
    while (from < bytes.length) {
      const block = this.#openBlock();
      const full = from + BLOCK - block.length;
      const to = full < bytes.length
        ? bytes.indexOf(LF, full - 1) + 1
        : bytes.length;
      const lines = bytes.subarray(from, to);
      this.#blocks.push({
        first: block.first,
        offset: block.offset,
        length: block.length + lines.length,
        crc: this.#fileSystem.crc32(lines, block.crc),
      });
      this.#last += countRecords(lines);
      from = to;
    }
  }

  /**
   * Confirms what was taken in, if the scan has got to the end of the same line
   * and counts the records alike. Between the parts of a window or of a large
   * group it has not.
   */
  confirm(end: Readonly<ScanEnd>): void {
    if (end.offset !== this.#offset || end.sequence !== this.#last) return;
    this.#end = { ...end };
  }

  /** Takes out the last block if it can grow, else begins one. */
  #openBlock(): BlockPlace {
    const offset = this.#offset;
    const last = this.#blocks.at(-1);
    if (last === undefined || last.length >= BLOCK) {
      return { first: this.#last + 1, offset, length: 0, crc: 0 };
    }
    this.#blocks.pop();
    return last;
  }
}

/** How many of some lines, each with its LF, are records and not marks. */
function countRecords(lines: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < lines.length; at = lines.indexOf(LF, at) + 1) {
    if (lines[at] !== SLASH || lines[at + 1] !== SLASH) count++;
  }
  return count;
}
