/**
 * From the bytes of whole lines to records.
 *
 * @module
 */

import { LF } from "./format.ts";
import type { Reading } from "./options.ts";

const SLASH = 47;
const strictUtf8 = { fatal: true, ignoreBOM: true };
const decoder = new TextDecoder("utf-8", strictUtf8);
const encoder = new TextEncoder();

/** Records from consecutive lines. */
export interface Decoded<R> {
  /** Sequence number of the first of them. */
  readonly first: number;
  /** The records. */
  readonly records: R[];
  /** The last sequence number that was seen, records that were skipped included. */
  readonly last: number;
  /** The schema version of the records. */
  readonly schema: number;
  /** How many bytes the lines have, from the first record that was not skipped on. */
  readonly bytes: number;
  /** The line that could not be decoded, at which decoding stopped. */
  readonly failure: DecodeFailure | undefined;
}

/** A line that is not a record. */
export interface DecodeFailure {
  /** Offset of the line within the bytes. */
  readonly offset: number;
  /** Length of the line, LF included. */
  readonly length: number;
  /** What the decoder threw. */
  readonly cause: unknown;
}

/** What lines are decoded with. */
export interface DecodeOptions<R> {
  /** How a line becomes a record. */
  readonly reading: Reading<R>;
  /** Sequence number of the record before the first line. */
  readonly before: number;
  /** Records below this sequence number are not decoded. */
  readonly from: number;
  /** The schema version of the segment. */
  readonly schema: number;
  /** Whether lines that begin with `//` are marks; in mini-rs files they are damage. */
  readonly marks: boolean;
}

/**
 * Decodes lines up to the first that is not a record.
 *
 * @param bytes Whole lines, each with its LF.
 * @param options What they are decoded with.
 * @returns The records, and where decoding stopped.
 */
export function decodeLines<R>(
  bytes: Uint8Array,
  options: DecodeOptions<R>,
): Decoded<R> {
  const { reading, from, schema, marks } = options;
  const { decode, check } = reading;
  const lines = splitLines(bytes);
  const records: R[] = [];
  let sequence = options.before;
  let skipped = 0;
  let failure: DecodeFailure | undefined;
  for (let n = 0; n < lines.length; n++) {
    const line = lines[n];
    try {
      if (typeof line !== "string") throw line.cause;
      if (
        marks && line.charCodeAt(0) === SLASH && line.charCodeAt(1) === SLASH
      ) continue;
      if (sequence + 1 >= from) {
        if (records.length === 0) skipped = byteLength(lines, n);
        records.push(check(decode(line)));
      }
      sequence++;
    } catch (cause) {
      const offset = byteLength(lines, n);
      const length = bytes.indexOf(LF, offset) + 1 - offset;
      failure = { offset, length, cause };
      break;
    }
  }
  return {
    first: sequence - records.length + 1,
    records,
    last: sequence,
    schema,
    bytes: bytes.length - skipped,
    failure,
  };
}

/** A line that is not UTF-8. */
interface Undecodable {
  readonly cause: unknown;
}

/** Decoding all lines at once and cutting the text is faster than line by line. */
function splitLines(bytes: Uint8Array): (string | Undecodable)[] {
  try {
    const lines = decoder.decode(bytes).split("\n");
    lines.pop();
    return lines;
  } catch {
    const lines: (string | Undecodable)[] = [];
    for (let at = 0; at < bytes.length;) {
      const end = bytes.indexOf(LF, at);
      try {
        lines.push(decoder.decode(bytes.subarray(at, end)));
      } catch (cause) {
        lines.push({ cause });
        break;
      }
      at = end + 1;
    }
    return lines;
  }
}

/** Length in bytes of the first `count` lines, all of which are text. */
function byteLength(
  lines: readonly (string | Undecodable)[],
  count: number,
): number {
  let bytes = 0;
  for (let n = 0; n < count; n++) {
    const line = lines[n];
    if (typeof line === "string") bytes += encoder.encode(line).length + 1;
  }
  return bytes;
}
