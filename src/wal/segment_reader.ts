/**
 * Reads the records of one segment.
 *
 * @module
 */

import { DurableError, messageOf } from "../errors.ts";
import type { FileHandle, FileSystem } from "../file_system.ts";
import { type Decoded, type DecodeFailure, decodeLines } from "./decode.ts";
import { lineAt } from "./files.ts";
import { LF, type ParsedHeader } from "./format.ts";
import { checksumOf, endOfLastLine } from "./legacy.ts";
import type { Reading } from "./options.ts";
import { validMarkFollows } from "./proof.ts";
import {
  beginningOf,
  type ScanEnd,
  scanGroups,
  type ScanSource,
  wholeLines,
} from "./scanner.ts";
import { Refusal } from "./schema.ts";
import { corrupt, type Segment } from "./segments.ts";

/** A log to read. */
export interface LogSource<R> {
  readonly fileSystem: FileSystem;
  readonly path: string;
  readonly reading: Reading<R>;
  /** Sequence number of the first record wanted; by default the first there is. */
  readonly from?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called when a segment has been read. */
  readonly onSegment?:
    | ((segment: Segment, end: SegmentEnd, size: number) => void)
    | undefined;
}

/** What one segment ends with. */
export interface SegmentEnd {
  readonly sequence: number;
  readonly closed: boolean;
  /** Offset behind the last line that counts. */
  readonly offset: number;
  /** The chain value there; for a mini-rs file the CRC-32 of all its bytes. */
  readonly chain: number;
}

/** Yields the records of a segment of v0.2. */
export async function* readSegment<R>(
  source: LogSource<R>,
  header: ParsedHeader,
  segment: Segment,
  handle: FileHandle,
  size: number,
): AsyncGenerator<Decoded<R>, SegmentEnd, undefined> {
  const { fileSystem } = source;
  const scanSource = { fileSystem, handle, header, size };
  const end = beginningOf(header);
  let sequence = end.sequence;
  for await (const { bytes, offset, last } of scanGroups(scanSource, end)) {
    const decoded = decode(source, bytes, sequence, true);
    sequence = decoded.last;
    const error = await failed(handle, segment, { bytes, offset }, decoded);
    yield decoded;
    if (error !== undefined) throw error;
    if (last !== undefined && last !== sequence) {
      const what =
        `a commit line states record ${last}, and it is record ${sequence}`;
      const line = await lineAt(handle, offset);
      throw corrupt(segment.path, what, { offset, line, sequence });
    }
  }
  await checkTail(scanSource, end, segment.path);
  return end;
}

/**
 * Throws if what is behind the valid part of a segment cannot be a torn write.
 *
 * @throws {DurableError} `CORRUPT` with the position.
 */
export async function checkTail(
  source: ScanSource,
  end: ScanEnd,
  path: string,
): Promise<void> {
  if (end.offset === source.size) return;
  if (!await validMarkFollows(source, end)) return;
  throw corrupt(path, "records that were durable are damaged", {
    offset: end.offset,
    line: await lineAt(source.handle, end.offset),
    sequence: end.sequence + 1,
  });
}

/** Yields the records of a mini-rs file. */
export async function* readLegacy<R>(
  source: LogSource<R>,
  segment: Segment,
  handle: FileHandle,
  size: number,
  before: number,
  newest: boolean,
): AsyncGenerator<Decoded<R>, SegmentEnd, undefined> {
  const start = segment.head.kind === "v0.1" ? segment.head.length : 0;
  const chain = await checksumOf(source.fileSystem, handle, size);
  if (segment.sealed !== undefined && chain !== segment.sealed[2]) {
    throw corrupt(
      segment.path,
      "its checksum is not the one it had when it was sealed",
      { offset: start, line: 2, sequence: before + 1 },
    );
  }
  const whole = await endOfLastLine(handle, size);
  let sequence = before;
  for await (const { bytes, offset } of wholeLines(handle, start, whole)) {
    const decoded = decode(source, bytes, sequence, false);
    sequence = decoded.last;
    yield decoded;
    if (decoded.failure) {
      const at = offset + decoded.failure.offset;
      const next = at + decoded.failure.length;
      if (
        newest && !isJson(bytes, decoded.failure) &&
        !await recordFollows(handle, next, whole)
      ) return { sequence, closed: false, offset: at, chain };
      throw await failed(handle, segment, { bytes, offset }, decoded);
    }
  }
  return { sequence, closed: false, offset: whole, chain };
}

/** Whether a whole line between two offsets is JSON: then what is in front of it is no torn tail. */
async function recordFollows(
  handle: FileHandle,
  from: number,
  to: number,
): Promise<boolean> {
  for await (const { bytes } of wholeLines(handle, from, to)) {
    for (let offset = 0; offset < bytes.length;) {
      const length = bytes.indexOf(LF, offset) + 1 - offset;
      if (isJson(bytes, { offset, length })) return true;
      offset += length;
    }
  }
  return false;
}

function decode<R>(
  { reading, from = 0 }: LogSource<R>,
  bytes: Uint8Array,
  before: number,
  marks: boolean,
): Decoded<R> {
  return decodeLines(bytes, { reading, before, from, marks });
}

/** The error for a line that is not a record: damage, or a record that the caller refuses. */
async function failed<R>(
  handle: FileHandle,
  { path }: Segment,
  run: { bytes: Uint8Array; offset: number },
  { failure, last }: Decoded<R>,
): Promise<unknown> {
  if (failure === undefined) return undefined;
  const { cause } = failure;
  const offset = run.offset + failure.offset;
  const line = await lineAt(handle, offset);
  const sequence = last + 1;
  const position = { path, offset, line, sequence };
  if (!isJson(run.bytes, failure)) {
    return corrupt(path, "a line is not JSON", { ...position, cause });
  }
  return new DurableError(
    "INVALID_RECORD",
    `Cannot read record ${sequence} in "${path}" at byte ${offset}, line ${line}: it is not valid: ${
      messageOf(cause)
    }`,
    { ...position, cause: cause instanceof Refusal ? cause.cause : cause },
  );
}

function isJson(
  bytes: Uint8Array,
  { offset, length }: Pick<DecodeFailure, "offset" | "length">,
): boolean {
  try {
    const line = bytes.subarray(offset, offset + length);
    JSON.parse(
      new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(line),
    );
    return true;
  } catch {
    return false;
  }
}
