/**
 * Reads a log without a lock and without changing a byte.
 *
 * @module
 */

import { DurableError } from "../errors.ts";
import type { FileHandle, FileSystem } from "../file_system.ts";
import type { Decoded } from "./decode.ts";
import { lineAt } from "./files.ts";
import { planLog } from "./plan.ts";
import {
  type LogSource,
  readLegacy,
  readSegment,
  type SegmentEnd,
} from "./segment_reader.ts";
import {
  corrupt,
  listSegments,
  readHead,
  sealedPath,
  type Segment,
} from "./segments.ts";

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
      }
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
