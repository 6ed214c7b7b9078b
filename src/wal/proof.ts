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
 * A chance match has a probability of 2^-32 for each pair that is tried, and
 * its price is a refusal, not a loss.
 *
 * @module
 */

import { chainSeed, idBytes, parseHex8, parseMark } from "./format.ts";
import type { ScanEnd, ScanSource } from "./scanner.ts";

const WINDOW = 1 << 18;
/** More than the longest mark, so that one that begins in a window ends in it. */
const LOOK_AHEAD = 64;
const MARK_LIKE = /^\/\/ (?:commit|closed) \d{1,16} /;
const LF = 10;
const SLASH = 47;
const SPACE = 32;

interface Predecessor {
  /** Offset at which the group would begin. */
  readonly offset: number;
  /** What {@linkcode advance} carries forward from there. */
  readonly difference: number;
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
  const buffer = new Uint8Array(WINDOW + LOOK_AHEAD);
  let filled = 0;
  let base = end.offset;
  // The checksum of all bytes from the damage up to buffer[taken].
  let running = chainSeed(end.chain, id);
  let taken = 0;
  let predecessors: Predecessor[] = [];
  let lineStart = true;
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
        if (mark !== undefined) {
          const at = base + i;
          const from = afterLineStart
            ? predecessors
            : predecessors.filter(({ offset }) => offset === at);
          const valid = from.some(({ offset, difference }) =>
            (computed ^ advance(difference, at + stem - offset)) >>> 0 ===
              mark.chain
          );
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
        if (stated === undefined) continue;
        running = checksumAt(i);
        taken = i;
        predecessors.push(predecessor(i + 1, stated));
      }
    }
    if (last) return false;
    // Eight bytes stay in front, for digits that a window parts from their LF.
    front = 8;
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

/**
 * Carries a difference of two CRC-32 values over `length` further bytes that are
 * the same for both: a multiplication by x^(8 length) modulo the polynomial (the
 * linearity that zlib's `crc32_combine` stands on).
 */
export function advance(difference: number, length: number): number {
  let result = difference >>> 0;
  let power = 0x00800000; // x^8, the lowest power in the highest bit
  for (let n = length; n > 0; n = Math.floor(n / 2)) {
    if (n % 2 === 1) result = multiply(result, power);
    power = multiply(power, power);
  }
  return result;
}

/** The product of two polynomials modulo that of CRC-32, bits reflected. */
function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 31; bit >= 0; bit--) {
    if ((a >>> bit) & 1) product ^= b;
    b = b & 1 ? (b >>> 1) ^ 0xedb88320 : b >>> 1;
  }
  return product >>> 0;
}
