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
import { corrupt, type Segment, tooNew } from "./segments.ts";

/** A log to read. */
export interface LogSource<R> {
  readonly fileSystem: FileSystem;
  readonly path: string;
  readonly reading: Reading<R>;
  /** Sequence number of the first record wanted; by default the first there is. */
  readonly from?: number | undefined;
  /** Segments with a higher schema version are refused; by default none is. */
  readonly maxSchema?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Whether a log that is not there is refused; by default it has no records. */
  readonly mustExist?: boolean | undefined;
  /** Called when a segment has been read, with the header that it had. */
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

/**
 * Yields the records of a segment of v0.2 behind `end`, by default all of them,
 * and carries `end` along.
 */
export async function* readSegment<R>(
  source: LogSource<R>,
  header: ParsedHeader,
  segment: Pick<Segment, "path">,
  handle: FileHandle,
  size: number,
  end: ScanEnd = beginningOf(header),
): AsyncGenerator<Decoded<R>, SegmentEnd, undefined> {
  const { fileSystem } = source;
  checkReadable(source, header, segment.path);
  const scanSource = { fileSystem, handle, header, size };
  let sequence = end.sequence;
  for await (const { bytes, offset, last } of scanGroups(scanSource, end)) {
    const decoded = decode(source, bytes, sequence, header.schema);
    sequence = decoded.last;
    const error = await failed(handle, segment, { bytes, offset }, decoded);
    yield decoded;
    if (error !== undefined) throw error;
    if (last !== undefined && last !== sequence) {
      const what =
        `a commit line says record ${last}, and it follows record ${sequence}`;
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
  const end = { offset: start, sequence: before, closed: false, chain };
  yield* readLegacyLines(source, segment, handle, size, end, newest);
  return end;
}

/**
 * Yields the records of a mini-rs file behind `end`, and carries its offset and
 * its sequence number along.
 */
export async function* readLegacyLines<R>(
  source: LogSource<R>,
  segment: Pick<Segment, "path">,
  handle: FileHandle,
  size: number,
  end: ScanEnd,
  newest: boolean,
): AsyncGenerator<Decoded<R>, void, undefined> {
  const whole = await endOfLastLine(handle, size);
  for await (const { bytes, offset } of wholeLines(handle, end.offset, whole)) {
    const decoded = decode(source, bytes, end.sequence, undefined);
    end.sequence = decoded.last;
    yield decoded;
    if (decoded.failure) {
      const at = offset + decoded.failure.offset;
      const next = at + decoded.failure.length;
      if (
        newest && !isJson(bytes, decoded.failure) &&
        !await recordFollows(handle, next, whole)
      ) {
        end.offset = at;
        return;
      }
      throw await failed(handle, segment, { bytes, offset }, decoded);
    }
  }
  end.offset = whole;
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

/** Decodes lines of a segment with a schema version, or of a mini-rs file, which has none. */
function decode<R>(
  { reading, from = 0 }: LogSource<R>,
  bytes: Uint8Array,
  before: number,
  version: number | undefined,
): Decoded<R> {
  const [schema, marks] = [version ?? 1, version !== undefined];
  return decodeLines(bytes, { reading, before, from, schema, marks });
}

/** Refuses a segment that is newer than the source takes. */
export function checkReadable<R>(
  { maxSchema = Infinity }: LogSource<R>,
  { schema }: ParsedHeader,
  path: string,
): void {
  if (schema > maxSchema) throw tooNew("read", path, schema, maxSchema);
}

/** The error for a line that is not a record: damage, or a record that the caller refuses. */
async function failed<R>(
  handle: FileHandle,
  { path }: Pick<Segment, "path">,
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
