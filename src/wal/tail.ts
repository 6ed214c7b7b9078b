/**
 * Follows a log without a lock: reads what is new since the last time.
 *
 * The place where reading goes on is a segment and an offset in it, with the chain
 * value there. Files are opened anew each time, by their names, because a writer
 * moves them. The name of a segment changes once, from that of the active one to
 * that of a sealed one; so whoever looks for it in this order finds it, unless it
 * was removed or has not begun:
 *
 * 1. The active file, if its header has the number.
 * 2. The sealed file with the number.
 *
 * The names that a look has listed are kept until the reading ends, so that going on
 * over many segments lists them once: a segment that was listed as sealed has got
 * its last name, and is there under it or was removed.
 *
 * A file that is found must be the one that was read before: it has the same
 * random id, or it took the place of a segment that was empty. A recovery puts a
 * copy in its place, with the same header and the same valid bytes.
 *
 * A sealed segment is read to its closed line, and the next one must continue it.
 * If a segment has been removed, reading begins anew where it had got to, as it
 * did the first time.
 *
 * @module
 */

import { DurableError } from "../errors.ts";
import type { FileHandle, FileSystem } from "../file_system.ts";
import type { Decoded } from "./decode.ts";
import { lineAt } from "./files.ts";
import { MAYBE_DATE } from "./plan.ts";
import { isSame, type OpenSegment, readLog } from "./reader.ts";
import { beginningOf, type ScanEnd } from "./scanner.ts";
import {
  type LogSource,
  readLegacyLines,
  readSegment,
} from "./segment_reader.ts";
import {
  corrupt,
  listSegments,
  openToRead,
  readHead,
  type Segment,
} from "./segments.ts";

/** Where reading goes on. */
interface Place {
  /** Number of the segment. */
  readonly number: number;
  /** How it begins. */
  readonly head: Segment["head"];
  /** How far it was read. */
  readonly end: Readonly<ScanEnd>;
}

/** A segment under the name that it has now. */
interface Found extends OpenSegment {
  readonly path: string;
  /** Whether it may still grow. */
  readonly isActive: boolean;
}

/** What looking for a segment gave. */
interface Look {
  /** The segment, open; `undefined` if it is not there. */
  readonly found: Found | undefined;
  /** Number of the newest segment that was seen; 0 for none. */
  readonly newest: number;
}

const TOP = { offset: 0, line: 1 };
const NO_FILES: ReadonlyMap<number, string> = new Map();

/**
 * Reads a log bit by bit while somebody writes to it.
 *
 * - **Cheap.** When nothing is new, a call opens one file, reads its header and its
 *   size. What was read is not read again.
 * - **Across everything a writer does:** appends, rotation, truncation of what was
 *   read, closing, recovery, and a mini-rs file being sealed.
 * - **Patient.** A log that is not there, and a group that is not there in full,
 *   may still come.
 * - **Exactly once.** What was handed out is not handed out again, also if the loop
 *   was left early or the next batch failed. Records whose sync is still running
 *   may be seen; if they are lost after all, the next call is `CORRUPT`.
 * - In files of mini-rs and of format v0.1 there is no checksum to notice damage
 *   by; and where `retain` removes such files, their records have no numbers to go
 *   by.
 *
 * @typeParam R The type of the records.
 */
export class LogTail<R> {
  readonly #source: LogSource<R>;
  #next: number;
  #place: Place | undefined;
  /** The sealed segments that were listed since the reading began. */
  #sealed: ReadonlyMap<number, string> = NO_FILES;

  /**
   * Reads nothing yet.
   *
   * @param source The log, and how its records are read.
   * @param from Sequence number of the first record wanted, from 1.
   */
  constructor(source: LogSource<R>, from: number) {
    this.#source = source;
    this.#next = from;
  }

  /** Sequence number of the first record that was not handed out. */
  get next(): number {
    return this.#next;
  }

  /**
   * Yields what is new since the last call, and ends when it has caught up. One
   * call at a time.
   *
   * @throws {DurableError} `CORRUPT` with the position for what is not a torn tail;
   * `TRUNCATED` if a record was removed before it was read; `UNSUPPORTED_VERSION`
   * behind the `maxSchema` of the source; `INVALID_RECORD`. The next call tries
   * again at the same record.
   */
  async *read(): AsyncGenerator<Decoded<R>, void, undefined> {
    this.#source.signal?.throwIfAborted();
    this.#sealed = NO_FILES;
    try {
      yield* this.#readAll();
    } finally {
      this.#sealed = NO_FILES;
    }
  }

  async *#readAll(): AsyncGenerator<Decoded<R>, void, undefined> {
    for (;;) {
      const place = this.#place;
      if (place === undefined) return yield* this.#begin();
      const { number } = place;
      const { found, newest } = await this.#look(number);
      if (newest < number) throw this.#removed(number);
      if (found === undefined) {
        if (newest === number) return; // it was moved while we looked
        this.#place = undefined;
        continue;
      }
      let behind: Place;
      try {
        behind = yield* this.#readOn(place, found);
      } finally {
        await found.handle.close();
      }
      // Only now: when the loop is left early, the next call begins here again,
      // and skips what was handed out.
      this.#place = behind;
      if (found.isActive || !await this.#advance(behind)) return;
    }
  }

  /** Reads from the first record wanted to the end. */
  async *#begin(): AsyncGenerator<Decoded<R>, void, undefined> {
    let place: Place | undefined;
    const onSegment: LogSource<R>["onSegment"] = ({ number, head }, end) => {
      place = { number, head, end };
    };
    const source = { ...this.#source, from: this.#next, onSegment };
    yield* this.#handOut(readLog(source));
    this.#place = place;
  }

  /**
   * Reads what is new in a segment.
   *
   * @returns The place behind it.
   */
  async *#readOn(
    place: Place,
    { path, head, handle, isActive }: Found,
  ): AsyncGenerator<Decoded<R>, Place, undefined> {
    const end = endIn(place, head, path);
    const size = await handle.size();
    if (size < end.offset) {
      const what = `it has ${size} bytes, and ${end.offset} were read before`;
      const line = await lineAt(handle, size);
      throw corrupt(path, what, { offset: size, line });
    }
    if (size > end.offset) {
      const source = { ...this.#source, from: this.#next };
      const batches = head.kind === "v0.2"
        ? readSegment(source, head.header, { path }, handle, size, end)
        : readLegacyLines(source, { path }, handle, size, end, isActive);
      yield* this.#handOut(batches);
    }
    if (
      !isActive &&
      (end.offset < size || (head.kind === "v0.2" && !end.closed))
    ) {
      throw corrupt(path, "a sealed segment is damaged", {
        offset: end.offset,
        line: await lineAt(handle, end.offset),
        sequence: end.sequence + 1,
      });
    }
    return { number: place.number, head, end };
  }

  async *#handOut(
    batches: AsyncIterable<Decoded<R>>,
  ): AsyncGenerator<Decoded<R>, void, undefined> {
    for await (const batch of batches) {
      this.#next = Math.max(this.#next, batch.last + 1);
      if (batch.records.length > 0) yield batch;
    }
  }

  /**
   * Goes on to the beginning of the next segment.
   *
   * @returns Whether there is something to go on with.
   */
  async #advance(place: Place): Promise<boolean> {
    const number = place.number + 1;
    const { found, newest } = await this.#look(number);
    if (found === undefined) {
      // It is behind us if both have been removed since, else ahead of us.
      if (newest > number) this.#place = undefined;
      return newest > number;
    }
    try {
      this.#place = follow(place, found);
    } finally {
      await found.handle.close();
    }
    return true;
  }

  /** Looks for a segment under its two names. The caller closes it. */
  async #look(number: number): Promise<Look> {
    const { fileSystem, path } = this.#source;
    const sealedBefore = await this.#openSealed(number);
    if (sealedBefore !== undefined) {
      return { found: sealedBefore, newest: number };
    }
    const active = await openHead(fileSystem, path);
    let newest = 0;
    if (active !== undefined) {
      try {
        newest = active.head.kind === "v0.2"
          ? active.head.header.segment
          : 1 + await lastSealed(fileSystem, path);
      } finally {
        if (newest !== number) await active.handle.close();
      }
      if (newest === number) {
        return { found: { ...active, path, isActive: true }, newest };
      }
    }
    const { sealed } = await listSegments(fileSystem, path);
    this.#sealed = sealed;
    for (const other of sealed.keys()) newest = Math.max(newest, other);
    return { found: await this.#openSealed(number), newest };
  }

  /** Opens a segment that was listed as sealed; `undefined` if none was, or it is gone. */
  async #openSealed(number: number): Promise<Found | undefined> {
    const path = this.#sealed.get(number);
    if (path === undefined) return undefined;
    const file = await openHead(this.#source.fileSystem, path);
    return file && { ...file, path, isActive: false };
  }

  #removed(number: number): DurableError {
    const { path } = this.#source;
    return new DurableError(
      "TRUNCATED",
      `Cannot read "${path}": segment ${number} was removed before it was read to its end; begin again at the first record that is left`,
      { path, sequence: this.#next },
    );
  }
}

/** Where reading goes on in a segment that must be the one that was read before. */
export function endIn(
  place: Place,
  head: Segment["head"],
  path: string,
): ScanEnd {
  const before = place.head;
  if (before.kind === "v0.2" && head.kind === "v0.2") {
    const { header } = head;
    if (header.id === before.header.id) return { ...place.end };
    const isEmpty = place.end.sequence < header.first;
    if (isEmpty && isSame(before, head)) return beginningOf(header);
  } else if (before.kind === head.kind) return { ...place.end };
  const what = `it is not the segment ${place.number} that was read before`;
  throw corrupt(path, what, TOP);
}

/** The place at the beginning of the segment that must follow one that was read to its end. */
function follow({ number, head, end }: Place, next: Found): Place {
  const place = { number: number + 1, head: next.head };
  if (next.head.kind === "v0.1" && head.kind === "v0.1") {
    return { ...place, end: { ...end, offset: next.head.length } };
  }
  if (next.head.kind === "v0.2") {
    const { header } = next.head;
    const continues = head.kind === "v0.1" || header.prev === end.chain;
    if (continues && header.first === end.sequence + 1) {
      return { ...place, end: beginningOf(header) };
    }
  }
  const what = `segment ${number + 1} does not continue segment ${number}`;
  throw corrupt(next.path, what, { ...TOP, sequence: end.sequence + 1 });
}

/** Opens a file and reads how it begins; `undefined` if it is not there, or has no header yet. */
export async function openHead(
  fileSystem: FileSystem,
  path: string,
): Promise<OpenSegment | undefined> {
  let handle: FileHandle;
  try {
    handle = await openToRead(fileSystem, path);
  } catch (error) {
    if ((error as DurableError).code !== "NOT_FOUND") throw error;
    return undefined;
  }
  try {
    const head = await readHead(handle, path, await handle.size());
    if (head.kind === "v0.1" || head.kind === "v0.2") return { handle, head };
  } catch (error) {
    await handle.close();
    throw error;
  }
  await handle.close();
  return undefined;
}

/** Number of the newest sealed file in front of a mini-rs file; 0 if there is none. */
async function lastSealed(
  fileSystem: FileSystem,
  path: string,
): Promise<number> {
  const { sealed } = await listSegments(fileSystem, path);
  let last = 0;
  for (const number of sealed.keys()) if (number < MAYBE_DATE) last = number;
  return last;
}
