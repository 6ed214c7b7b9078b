/**
 * Reads a log without a lock and without changing a byte.
 *
 * @module
 */

import { DurableError } from "../errors.ts";
import type { FileHandle, FileSystem } from "../file_system.ts";
import { closeIfDropped, type Held } from "./abandoned.ts";
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
  type Head,
  listSegments,
  openToRead,
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
 * Yields the records of a log in order, some at a time. The file that it has open
 * is closed when it ends, when it is left, or when it was dropped and is collected.
 *
 * @returns What the log ends with.
 * @throws {DurableError} `CORRUPT` with the position; what is in front of it has been yielded.
 */
export function readLog<R>(
  source: LogSource<R>,
): AsyncGenerator<Decoded<R>, LogEnd, undefined> {
  const held: Held = { handle: undefined };
  return closeIfDropped(readHolding(source, held), held);
}

async function* readHolding<R>(
  source: LogSource<R>,
  held: Held,
): AsyncGenerator<Decoded<R>, LogEnd, undefined> {
  const { fileSystem, path, from = 0, signal } = source;
  signal?.throwIfAborted();
  const { segments, opened } = await begin(fileSystem, path, from);
  if (source.mustExist && segments.length === 0) {
    await checkExists(fileSystem, path);
  }
  let end: SegmentEnd = { sequence: 0, closed: false, offset: 0, chain: 0 };
  let torn: TornTail | undefined;
  for (const [n, segment] of segments.entries()) {
    const next = segments.at(n + 1);
    // A sealed segment is whole, also while a rotation has left none behind it.
    const isActive = next === undefined && segment.path === path;
    const { handle, head } = n === 0 && opened
      ? opened
      : await openSegment(fileSystem, path, segment);
    held.handle = handle;
    try {
      const size = await handle.size();
      const before = segment.first ?? end.sequence + 1;
      end = head.kind === "v0.2"
        ? yield* readSegment(source, head.header, segment, handle, size)
        : yield* readLegacy(
          source,
          segment,
          handle,
          size,
          before - 1,
          isActive,
        );
      source.onSegment?.({ ...segment, head }, end, size);
      const { offset, sequence } = end;
      if (isActive) {
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
      held.handle = undefined;
      await handle.close();
    }
  }
  return { sequence: end.sequence, closed: end.closed && !torn, torn };
}

/** Refuses a log that has no file, not even one without a header. */
export async function checkExists(
  fileSystem: FileSystem,
  path: string,
): Promise<void> {
  const { active, sealed } = await listSegments(fileSystem, path);
  if (active || sealed.size > 0) return;
  throw new DurableError(
    "NOT_FOUND",
    `Cannot read "${path}": there is no journal`,
    { path },
  );
}

/** How often a plan is made that a writer overtakes. */
const ATTEMPTS = 10;

/**
 * Which segments to read, the first of them open: one that was removed since the
 * plan was made is no reason to fail before anything was read.
 */
async function begin(
  fileSystem: FileSystem,
  path: string,
  from: number,
): Promise<{ segments: readonly Segment[]; opened?: OpenSegment }> {
  for (let attempt = 1;; attempt++) {
    const all = await planAround(fileSystem, path);
    const first = all[0]?.first ?? 1;
    if (from > 0 && from < first) {
      throw new DurableError(
        "TRUNCATED",
        `Cannot read "${path}" from record ${from}: the records before ${first} were removed; read from record ${first}`,
        { path, sequence: first },
      );
    }
    const segments = all.filter((_, n) =>
      !((all.at(n + 1)?.first ?? NaN) <= from)
    );
    if (segments.length === 0) return { segments };
    try {
      const opened = await openSegment(fileSystem, path, segments[0]);
      return { segments, opened };
    } catch (error) {
      const { code } = error as DurableError;
      if (code !== "TRUNCATED" || attempt === ATTEMPTS) throw error;
    }
  }
}

/** The plan, made again if a writer moved files while it was being made. */
export async function planAround(
  fileSystem: FileSystem,
  path: string,
): Promise<readonly Segment[]> {
  for (let attempt = 1;; attempt++) {
    const before = await names(fileSystem, path);
    try {
      return (await planLog(fileSystem, path)).segments;
    } catch (cause) {
      if (before === await names(fileSystem, path)) throw cause;
      if (attempt < ATTEMPTS) continue;
      throw new DurableError(
        "BUSY",
        `Cannot read "${path}": its segments change faster than they can be listed; try again`,
        { path, cause },
      );
    }
  }
}

async function names(fileSystem: FileSystem, path: string): Promise<string> {
  const { active, sealed, next } = await listSegments(fileSystem, path);
  return [active, ...sealed.keys(), "next", ...next.keys()].join();
}

/** A segment that is open to be read. */
export interface OpenSegment {
  readonly handle: FileHandle;
  readonly head: Segment["head"];
}

/**
 * Opens a segment, also if it was sealed and so renamed since the plan was made,
 * or replaced while it was empty.
 */
async function openSegment(
  fileSystem: FileSystem,
  path: string,
  segment: Segment,
): Promise<OpenSegment> {
  const sealed = sealedPath(path, segment.number);
  for (const name of new Set([segment.path, sealed])) {
    let handle: FileHandle;
    try {
      handle = await openToRead(fileSystem, name);
    } catch (error) {
      if ((error as DurableError).code !== "NOT_FOUND") throw error;
      continue;
    }
    try {
      const head = await readHead(handle, name, await handle.size());
      if (isSame(segment.head, head)) return { handle, head };
    } catch (error) {
      await handle.close();
      throw error;
    }
    await handle.close();
  }
  throw new DurableError(
    "TRUNCATED",
    `Cannot read "${path}": segment ${segment.number} was removed before it was read; begin again at the first record that is left`,
    { path: sealed, sequence: segment.first },
  );
}

/** Whether a segment is the one that was seen before, or took its place while it was empty. */
export function isSame(
  planned: Segment["head"],
  head: Head,
): head is Segment["head"] {
  if (planned.kind === "v0.1" || head.kind !== "v0.2") {
    return planned.kind === head.kind;
  }
  const { segment, first, prev } = planned.header;
  const { header } = head;
  return header.segment === segment && header.first === first &&
    header.prev === prev;
}
