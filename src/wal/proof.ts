/**
 * Tells a torn tail from damage.
 *
 * Groups are written one after the other, each only after the sync of the one
 * before has succeeded. So a valid mark behind a damaged group proves that the
 * group had been durable: the damage is not a torn write.
 *
 * What is behind the damage has lost its anchor. A later mark X is checked from
 * a *predecessor*: a place where the group of X may begin, with the chain value
 * there. Any single flipped bit leaves at least one true predecessor:
 *
 * 1. the mark before X as it stands, with the chain value that it states;
 * 2. the same with the chain value as computed from the last valid mark, for a
 *    flip in its digits;
 * 3. the same in the midst of a line, or with a line fused to its end, for a
 *    flip in the LF before or behind it;
 * 4. any line that ends in eight hexadecimal digits, for a flip in its words.
 *
 * X must be of a later group than the last valid one: a segment that was copied by a
 * recovery has left its bytes in blocks that are free again, and a power cut may show
 * them behind the end of another file, or of the copy itself.
 *
 * A chance match has a probability of 2^-32 for each pair that is tried, and
 * its price is a refusal, not a loss.
 *
 * @module
 */

import { CRC_TABLE } from "../crc32.ts";
import { chainSeed, idBytes, LF, parseHex8, parseMark } from "./format.ts";
import type { ScanEnd, ScanSource } from "./scanner.ts";

const WINDOW = 1 << 18;
/** More than the longest mark, so that one that begins in a window ends in it. */
const LOOK_AHEAD = 64;
const MARK_LIKE = /^\/\/ (?:commit|closed) \d{1,16} /;
const SLASH = 47;
const SPACE = 32;

interface Predecessor {
  /** Offset at which the group would begin. */
  readonly offset: number;
  /** The chain there, as a difference to the checksum of all bytes since the damage. */
  readonly difference: number;
}

/**
 * Whether a mark whose checksum ends at `end` with `difference` to what it states
 * is valid from one of some predecessors. One walk back serves all of them.
 */
function isValidFrom(
  predecessors: readonly Predecessor[],
  end: number,
  difference: number,
): boolean {
  let [at, value] = [end, difference];
  for (
    const predecessor of [...predecessors].sort((a, b) => b.offset - a.offset)
  ) {
    value = retreat(value, at - predecessor.offset);
    at = predecessor.offset;
    if (value === predecessor.difference >>> 0) return true;
  }
  return false;
}

/**
 * Whether a valid mark follows somewhere behind `end`, at which the valid part
 * of a segment ends.
 *
 * @param source The segment.
 * @param end Where its valid part ends.
 * @returns Whether the damage is in bytes that had been durable.
 */
export async function validMarkFollows(
  source: ScanSource,
  end: ScanEnd,
): Promise<boolean> {
  const { fileSystem, handle, header, size } = source;
  const id = idBytes(header.id);
  const decoder = new TextDecoder("latin1");
  const window = Math.min(WINDOW, size - end.offset);
  const buffer = new Uint8Array(window + LOOK_AHEAD);
  let filled = 0;
  let base = end.offset;
  // The checksum of all bytes from the damage up to buffer[taken].
  let running = chainSeed(end.chain, id);
  let taken = 0;
  let predecessors: Predecessor[] = [];
  let lineStart = true;
  let slashes = false; // whether the line begins with a slash
  let front = 0; // bytes at the front of the buffer that were looked at before

  const checksumAt = (to: number) =>
    fileSystem.crc32(buffer.subarray(taken, to), running);
  const predecessor = (at: number, chain: number): Predecessor => ({
    offset: base + at,
    difference: checksumAt(at) ^ chainSeed(chain, id),
  });

  for (;;) {
    const count = await handle.read(
      buffer.subarray(
        filled,
        filled + Math.min(buffer.length - filled, size - base - filled),
      ),
      base + filled,
    );
    filled += count;
    const last = base + filled >= size || count === 0;
    const stop = last ? filled : filled - LOOK_AHEAD;
    for (let i = front; i < stop; i++) {
      const byte = buffer[i];
      const afterLineStart = lineStart;
      lineStart = byte === LF;
      if (afterLineStart) slashes = byte === SLASH;
      if (byte !== SLASH && byte !== LF) continue;
      if (
        byte === SLASH && buffer[i + 1] === SLASH && buffer[i + 2] === SPACE
      ) {
        const text = decoder.decode(
          buffer.subarray(i, Math.min(i + LOOK_AHEAD, filled)),
        );
        const stem = MARK_LIKE.exec(text)?.[0].length;
        if (stem === undefined) continue;
        running = checksumAt(i);
        taken = i;
        const mark = parseMark(buffer, i, filled);
        const computed = checksumAt(i + stem);
        // A mark of a group that is valid is what an earlier copy of the segment has
        // left in the blocks of this one.
        if (mark !== undefined && mark.sequence > end.sequence) {
          const at = base + i;
          // In the midst of a line a mark can only follow one that was fused to it.
          const from = afterLineStart
            ? predecessors.filter(({ offset }) => offset <= at)
            : predecessors.slice(-4).filter(({ offset }) => offset === at);
          const difference = (computed ^ mark.chain) >>> 0;
          const valid = isValidFrom(from, at + stem, difference);
          if (valid) return true;
        }
        if (afterLineStart) predecessors = [];
        const behind = i + stem + 9;
        if (behind > filled) continue;
        predecessors.push(predecessor(behind, computed));
        const stated = parseHex8(buffer, i + stem);
        if (stated !== undefined) {
          predecessors.push(predecessor(behind, stated));
        }
      } else if (byte === LF && i >= 8) {
        const stated = parseHex8(buffer, i - 8);
        // A longer number in a record is none of them.
        const longer = !slashes && i >= 9 && isHexDigit(buffer[i - 9]);
        if (stated === undefined || longer) continue;
        running = checksumAt(i);
        taken = i;
        predecessors.push(predecessor(i + 1, stated));
      }
    }
    if (last) return false;
    // Nine bytes stay in front, for digits that a window parts from their LF.
    front = 9;
    const cut = stop - front;
    if (taken < cut) {
      running = checksumAt(cut);
      taken = cut;
    }
    buffer.copyWithin(0, cut, filled);
    base += cut;
    filled -= cut;
    taken -= cut;
  }
}

/** For each highest byte of a CRC-32, the byte that was shifted out to give it. */
const SHIFTED_OUT = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) {
  SHIFTED_OUT[CRC_TABLE[byte] >>> 24] = byte;
}

/**
 * Takes the difference of two CRC-32 values back over `length` bytes that were
 * the same for both. CRC is linear, so the bytes themselves do not matter.
 */
export function retreat(difference: number, length: number): number {
  let value = difference;
  for (let n = 0; n < length; n++) {
    const byte = SHIFTED_OUT[value >>> 24];
    value = ((value ^ CRC_TABLE[byte]) << 8) | byte;
  }
  return value >>> 0;
}

function isHexDigit(byte: number): boolean {
  return (byte >= 48 && byte <= 57) || (byte >= 97 && byte <= 102);
}
