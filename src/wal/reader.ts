/**
 * Reads a log without a lock and without changing a byte.
 *
 * @module
 */

import { DurableError } from "../errors.ts";
import type { FileHandle, FileSystem } from "../file_system.ts";
import { type Decoded, type DecodeFailure, decodeLines } from "./decode.ts";
import { lineAt } from "./files.ts";
import type { ParsedHeader } from "./format.ts";
import { checksumOf, endOfLastLine } from "./legacy.ts";
import type { Reading } from "./options.ts";
import { planLog } from "./plan.ts";
import { validMarkFollows } from "./proof.ts";
import {
  type ScanEnd,
  scanGroups,
  type ScanSource,
  wholeLines,
} from "./scanner.ts";
import { messageOf, Refusal } from "./schema.ts";
import {
  corrupt,
  listSegments,
  readHead,
  sealedPath,
  type Segment,
} from "./segments.ts";

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

/** Bytes at the end of the newest segment that are not part of the log. */
export interface TornTail {
  /** The file. */
  readonly path: string;
  /** Offset of the first byte that does not count, from 0. */
  readonly offset: number;
  /** The line it is in, from 1. */
  readonly line: number;
  /** How many bytes do not count. */
  readonly bytes: number;
}

/** What reading a log to its end found. */
export interface LogEnd {
  /** The last sequence number; 0 if there never was a record. */
  readonly sequence: number;
  /** Whether the last writer closed the log. */
  readonly closed: boolean;
  /** What a crash left at the end. */
  readonly torn: TornTail | undefined;
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
 * Yields the records of a log in order, some at a time.
 *
 * @returns What the log ends with.
 * @throws {DurableError} `CORRUPT` with the position; what is in front of it has been yielded.
 */
export async function* readLog<R>(
  source: LogSource<R>,
): AsyncGenerator<Decoded<R>, LogEnd, undefined> {
  const { fileSystem, path, from = 0, signal } = source;
  signal?.throwIfAborted();
  const segments = await planAround(fileSystem, path);
  const first = segments[0]?.first ?? 1;
  if (from > 0 && from < first) {
    throw new DurableError(
      "TRUNCATED",
      `Cannot read "${path}" from record ${from}: the records before ${first} were removed`,
      { path, sequence: first },
    );
  }
  let end: SegmentEnd = { sequence: 0, closed: false, offset: 0, chain: 0 };
  let torn: TornTail | undefined;
  for (const [n, segment] of segments.entries()) {
    const next = segments.at(n + 1);
    const known = next?.first;
    if (known !== undefined && known <= from) continue;
    const handle = await openSegment(fileSystem, path, segment);
    try {
      const size = await handle.size();
      const before = segment.first ?? end.sequence + 1;
      end = segment.head.kind === "v0.2"
        ? yield* readSegment(source, segment.head.header, segment, handle, size)
        : yield* readLegacy(source, segment, handle, size, before - 1, !next);
      source.onSegment?.(segment, end, size);
      const { offset, sequence } = end;
      if (next === undefined) {
        if (offset < size) {
          const line = await lineAt(handle, offset);
          torn = { path: segment.path, offset, line, bytes: size - offset };
        }
      } else if (
        offset < size || (segment.head.kind === "v0.2" && !end.closed)
      ) {
        throw corrupt(segment.path, "a sealed segment is damaged", {
          offset,
          line: await lineAt(handle, offset),
          sequence: sequence + 1,
        });
      } else if (next.head.kind === "v0.2") checkLink(next, end);
    } finally {
      await handle.close();
    }
  }
  return { sequence: end.sequence, closed: end.closed && !torn, torn };
}

/** The plan, made again if a writer moved files while it was being made. */
async function planAround(
  fileSystem: FileSystem,
  path: string,
): Promise<readonly Segment[]> {
  for (let attempt = 1;; attempt++) {
    const before = await names(fileSystem, path);
    try {
      return (await planLog(fileSystem, path)).segments;
    } catch (error) {
      const moved = before !== await names(fileSystem, path);
      if (!moved || attempt === 10) throw error;
    }
  }
}

async function names(fileSystem: FileSystem, path: string): Promise<string> {
  const { active, sealed, next } = await listSegments(fileSystem, path);
  return [active, ...sealed.keys(), "next", ...next.keys()].join();
}

/** Opens a segment, also if it was sealed and so renamed since the plan was made. */
async function openSegment(
  fileSystem: FileSystem,
  path: string,
  segment: Segment,
): Promise<FileHandle> {
  const sealed = sealedPath(path, segment.number);
  for (const name of [segment.path, sealed]) {
    let handle: FileHandle;
    try {
      handle = await fileSystem.open(name, { mode: "read" });
    } catch (error) {
      if ((error as DurableError).code !== "NOT_FOUND") throw error;
      continue;
    }
    const head = await readHead(handle, name, await handle.size());
    if (
      head.kind === segment.head.kind &&
      (head.kind !== "v0.2" || segment.head.kind !== "v0.2" ||
        head.header.id === segment.head.header.id)
    ) return handle;
    await handle.close();
  }
  throw new DurableError(
    "TRUNCATED",
    `Cannot read "${path}": segment ${segment.number} was removed meanwhile`,
    { path: sealed, sequence: segment.first },
  );
}

async function* readSegment<R>(
  source: LogSource<R>,
  header: ParsedHeader,
  segment: Segment,
  handle: FileHandle,
  size: number,
): AsyncGenerator<Decoded<R>, SegmentEnd, undefined> {
  const { fileSystem } = source;
  const scanSource = { fileSystem, handle, header, size };
  const runs = scanGroups(scanSource);
  let sequence = header.first - 1;
  let end: ScanEnd;
  for (;;) {
    const result = await runs.next();
    if (result.done) {
      end = result.value;
      break;
    }
    const { bytes, offset, last } = result.value;
    const decoded = decode(source, bytes, sequence, true);
    sequence = decoded.last;
    const error = await failed(handle, segment, { bytes, offset }, decoded);
    yield decoded;
    if (error !== undefined) throw error;
    if (last !== undefined && last !== sequence) {
      throw corrupt(
        segment.path,
        `a commit line states record ${last}, and it is record ${sequence}`,
        { offset, line: await lineAt(handle, offset), sequence },
      );
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
  const { handle, size } = source;
  if (end.offset === size || !await validMarkFollows(source, end)) return;
  throw corrupt(path, "records that were durable are damaged", {
    offset: end.offset,
    line: await lineAt(handle, end.offset),
    sequence: end.sequence + 1,
  });
}

async function* readLegacy<R>(
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
      const ends = at + decoded.failure.length === size;
      if (newest && ends && !isJson(bytes, decoded.failure)) {
        return { sequence, closed: false, offset: at, chain };
      }
      throw await failed(handle, segment, { bytes, offset }, decoded);
    }
  }
  return { sequence, closed: false, offset: whole, chain };
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

function isJson(bytes: Uint8Array, { offset, length }: DecodeFailure): boolean {
  try {
    const line = bytes.subarray(offset, offset + length);
    JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(line));
    return true;
  } catch {
    return false;
  }
}

function checkLink(next: Segment, end: SegmentEnd): void {
  if (next.head.kind !== "v0.2") return;
  const { first, prev } = next.head.header;
  if (first === end.sequence + 1 && prev === end.chain) return;
  throw corrupt(next.path, `it does not continue the segment before it`, {
    offset: 0,
    line: 1,
    sequence: first,
  });
}
