/**
 * The journal, version 0.2, as bytes: a pure codec without any I/O.
 *
 * A journal is UTF-8 text in lines that end in LF. A line that begins with `//`
 * is a mark of the format, every other line is one record as JSON:
 *
 * ```text
 * // MINISTORE JOURNAL v0.2.0 {"segment":1,"first":1,"prev":"00000000","id":"6f1c2a9b"} 43aab372
 * {"Set":{"value":42}}
 * // commit 1 85208839
 * {"Inc":{"delta":25}}
 * {"Inc":{"delta":1}}
 * // commit 3 e697b788
 * // closed 3 f1dee737
 * ```
 *
 * A journal is one or more segments, each a file with a header. In a header
 * `segment` is the number of the file, `first` the sequence number of its first
 * record, `prev` the chain value at the end of the segment before (zeros if
 * there is none), `id` a random value. Three fields stand only where they are
 * needed: `schema`, the version of what the records of the segment mean, if it is
 * not 1; `dropped`, the last of the records removed on request so far (a log that
 * begins later than behind it misses a segment); and `sealed`, in the first segment
 * behind mini-rs files, with `[records, bytes, crc32]` for each of them.
 *
 * The chain value is a CRC-32, written as eight lower-case hexadecimal digits.
 * A line that carries one is valid if all of this holds:
 *
 * 1. Header: it is the first line, and its digits are the CRC-32 of the line
 *    before them. The chain begins with that value.
 * 2. `// commit SEQ CRC`: at least one record stands between it and the mark
 *    before it; SEQ is the sequence number of the last of them; CRC is the
 *    chain value before, continued over the `id` of the segment, the bytes of
 *    those records, and the commit line up to its digits.
 * 3. `// closed SEQ CRC`, written by a clean close and at the end of a sealed
 *    segment: it follows a mark directly; SEQ is the last sequence number; CRC
 *    as in 2, with no records.
 *
 * Records count if the mark behind them is valid and so is every mark before
 * it. The records in front of one commit line are a *commit group*: they count
 * together or not at all.
 *
 * mini-rs journals begin `// MINISTORE JOURNAL v0.1.` and hold bare records.
 *
 * @module
 */

import { crc32 } from "../crc32.ts";

/** How every journal begins, in each version. */
export const MAGIC = "// MINISTORE JOURNAL v";
/** The header that mini-rs 0.1 writes and reads. */
export const HEADER_V01: string = `${MAGIC}0.1.4\n`;
/** No commit or closed line is longer, in bytes. */
export const MAX_MARK_BYTES = 40;

/** The byte that ends a line. */
export const LF = 10;

const VERSION = "0.2.0";
const HEADER = /^\/\/ MINISTORE JOURNAL v0\.2\.\d+ (\{.*\}) ([0-9a-f]{8})$/;
const HEX8 = /^[0-9a-f]{8}$/;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A mini-rs file in front of the first segment of version 0.2: records, bytes, CRC-32 of the bytes. */
export type SealedFile = readonly [
  records: number,
  bytes: number,
  crc32: number,
];

/** What the header of a segment says. */
export interface SegmentHeader {
  /** Number of the segment, from 1; its file is named after it once it is sealed. */
  readonly segment: number;
  /** Sequence number of the first record. */
  readonly first: number;
  /** Chain value at the end of the segment before; 0 for none. */
  readonly prev: number;
  /** Random value of this segment: eight hexadecimal digits. */
  readonly id: string;
  /** Version of what the records mean to the program that wrote them, from 1. */
  readonly schema: number;
  /** The last sequence number removed on request; 0 for none. */
  readonly dropped: number;
  /** The mini-rs files in front of this segment. */
  readonly sealed: readonly SealedFile[];
}

/** A header with where its segment's chain begins. */
export interface ParsedHeader extends SegmentHeader {
  /** Length of the line in bytes, LF included. */
  readonly length: number;
  /** The first chain value. */
  readonly chain: number;
}

/** A commit or closed line. */
export interface Mark {
  /** Which of the two. */
  readonly kind: "commit" | "closed";
  /** The sequence number it states. */
  readonly sequence: number;
  /** The chain value it states. */
  readonly chain: number;
  /** Length up to the digits of the chain value, in bytes. */
  readonly stem: number;
  /** Length of the line, LF included, in bytes. */
  readonly length: number;
}

/** A chain value as text. */
export function hex8(value: number): string {
  return (value >>> 0).toString(16).padStart(8, "0");
}

/** The line that begins a segment. */
export function encodeHeader(header: SegmentHeader): Uint8Array {
  const { segment, first, prev, id, schema, dropped, sealed } = header;
  const fields = {
    segment,
    first,
    prev: hex8(prev),
    id,
    schema: schema === 1 ? undefined : schema,
    dropped: dropped || undefined,
    sealed: sealed.length === 0
      ? undefined
      : sealed.map(([records, bytes, crc]) => [records, bytes, hex8(crc)]),
  };
  const stem = encoder.encode(`${MAGIC}${VERSION} ${JSON.stringify(fields)} `);
  const line = new Uint8Array(stem.length + 9);
  line.set(stem);
  line.set(encoder.encode(`${hex8(crc32(stem))}\n`), stem.length);
  return line;
}

/**
 * Reads the line that begins a segment.
 *
 * @param line The line with its LF.
 * @returns The header; `undefined` if the line is not a valid one.
 */
export function parseHeader(line: Uint8Array): ParsedHeader | undefined {
  if (line[line.length - 1] !== LF) return undefined;
  const text = decoder.decode(line.subarray(0, -1));
  const match = HEADER.exec(text);
  if (!match) return undefined;
  const chain = crc32(line.subarray(0, line.length - 9));
  if (hex8(chain) !== match[2]) return undefined;
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(match[1]);
  } catch {
    return undefined;
  }
  const { segment, first, prev, id, schema = 1 } = fields;
  const { dropped = 0, sealed = [] } = fields;
  if (
    !isCount(segment) || !isCount(first) || !isHex8(prev) || !isHex8(id) ||
    !isCount(schema) || !(dropped === 0 || isCount(dropped)) ||
    !Array.isArray(sealed) ||
    !sealed.every(isSealedFile)
  ) return undefined;
  return {
    segment,
    first,
    prev: parseInt(prev, 16),
    id,
    schema,
    dropped,
    sealed: sealed.map(([records, bytes, crc]) => [
      Number(records),
      Number(bytes),
      parseInt(String(crc), 16),
    ]),
    length: line.length,
    chain,
  };
}

/**
 * The start value for the checksum of the next group: the chain value,
 * continued over the segment's id.
 */
export function chainSeed(chain: number, id: Uint8Array): number {
  return crc32(id, chain);
}

/** The bytes of a segment's id, for {@linkcode chainSeed}. */
export function idBytes(id: string): Uint8Array {
  return encoder.encode(id);
}

/** A commit or closed line up to its chain value. */
export function markStem(kind: Mark["kind"], sequence: number): string {
  return `// ${kind} ${sequence} `;
}

/**
 * Reads a commit or closed line.
 *
 * @param bytes The bytes around it.
 * @param at Where it begins.
 * @param end Where the readable bytes end.
 * @returns The line; `undefined` if none stands there in full.
 */
export function parseMark(
  bytes: Uint8Array,
  at: number,
  end: number,
): Mark | undefined {
  if (at + STEM_LENGTH > end) return undefined;
  let kind: Mark["kind"];
  if (isText(bytes, at, "// commit ")) kind = "commit";
  else if (isText(bytes, at, "// closed ")) kind = "closed";
  else return undefined;
  let i = at + STEM_LENGTH;
  let sequence = 0;
  const digits = i;
  for (; i < end && i < digits + 16; i++) {
    const digit = bytes[i] - 48;
    if (digit < 0 || digit > 9) break;
    sequence = sequence * 10 + digit;
  }
  const leadingZero = bytes[digits] === 48 && i > digits + 1;
  if (i === digits || leadingZero || bytes[i] !== 32 || i + 10 > end) {
    return undefined;
  }
  const chain = parseHex8(bytes, i + 1);
  if (chain === undefined || bytes[i + 9] !== LF) return undefined;
  return { kind, sequence, chain, stem: i + 1 - at, length: i + 10 - at };
}

/** Eight hexadecimal digits as a number; `undefined` if they are not all there. */
export function parseHex8(bytes: Uint8Array, at: number): number | undefined {
  let value = 0;
  for (let i = at; i < at + 8; i++) {
    const byte = bytes[i];
    const digit = byte >= 48 && byte <= 57
      ? byte - 48
      : byte >= 97 && byte <= 102
      ? byte - 87
      : -1;
    if (digit < 0) return undefined;
    value = value * 16 + digit;
  }
  return value;
}

/**
 * Finds the next line that begins with `//`. Looks at every third byte where it
 * can (Horspool's search for LF, slash, slash).
 *
 * @param bytes The bytes.
 * @param from Where the search begins.
 * @param end Where it ends.
 * @param lineStart Whether a line begins at `from`.
 * @returns Where the line begins; -1 if there is none.
 */
export function findMark(
  bytes: Uint8Array,
  from: number,
  end: number,
  lineStart: boolean,
): number {
  if (
    lineStart && from + 1 < end && bytes[from] === 47 && bytes[from + 1] === 47
  ) {
    return from;
  }
  for (let i = from + 2; i < end;) {
    const byte = bytes[i];
    if (byte === 47) {
      if (bytes[i - 1] === 47 && bytes[i - 2] === LF) return i - 1;
      i += 1;
    } else i += byte === LF ? 2 : 3;
  }
  return -1;
}

const STEM_LENGTH = "// commit ".length;

function isText(bytes: Uint8Array, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if (bytes[at + i] !== text.charCodeAt(i)) return false;
  }
  return true;
}

/** Numbers up to here can be counted on without ever losing one. */
const MAX_COUNT = 2 ** 52;

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1 &&
    (value as number) <= MAX_COUNT;
}

function isSealedFile(value: unknown): boolean {
  if (!Array.isArray(value) || value.length !== 3) return false;
  const [records, bytes, crc] = value;
  return (records === 0 || isCount(records)) && isCount(bytes) && isHex8(crc);
}

function isHex8(value: unknown): value is string {
  return typeof value === "string" && HEX8.test(value);
}
