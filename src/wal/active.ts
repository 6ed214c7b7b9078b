/**
 * The segment that takes new groups: how one begins, and how groups are written
 * to it.
 *
 * @module
 */

import { DurableError } from "../errors.ts";
import type { FileHandle, FileSystem } from "../file_system.ts";
import { writeAnew } from "./files.ts";
import {
  chainSeed,
  encodeHeader,
  HEADER_V01,
  hex8,
  idBytes,
  markStem,
  type ParsedHeader,
  parseHeader,
  type SegmentHeader,
} from "./format.ts";
import { nextPath, sealedPath } from "./segments.ts";

/** Text that is encoded, checked and written at a time, in UTF-16 units. */
const PIECE = 1 << 20;
const encoder = new TextEncoder();

/** Where a log is, and with what it is written. */
export interface LogFiles {
  readonly fileSystem: FileSystem;
  readonly path: string;
}

/** Where the next group goes. */
export interface Tip {
  /** Number of the segment. */
  readonly number: number;
  /** Sequence number of its first record. */
  readonly first: number;
  /** Its header; `undefined` in format v0.1. */
  readonly header: ParsedHeader | undefined;
  /** Sequence number of the last record. */
  sequence: number;
  /** The chain value at the end. */
  chain: number;
  /** Size of the file in bytes. */
  size: number;
  /** Whether the last line is a closed line. */
  closed: boolean;
}

/** A segment to begin in format v0.1. */
export interface LegacyHeader {
  /** Its number. */
  readonly segment: number;
  /** Sequence number of its first record. */
  readonly first: number;
  /** Tells it from a {@linkcode SegmentHeader}. */
  readonly id?: undefined;
}

/** A random id for a segment. */
export function randomId({ fileSystem }: LogFiles): string {
  return hex8(fileSystem.random());
}

/**
 * Begins a segment, and with `seal` gives the active one its sealed name first.
 *
 * Each step is durable before the next one, and no two renames are ever pending
 * together: wherever power fails, the newest records have exactly one name or
 * the same file has two. That a new segment is prepared before the active one
 * is renamed tells an interrupted rotation from a file that somebody deleted; so
 * one that a crash left keeps its name until it is replaced.
 *
 * @returns Where its first group goes.
 */
export async function beginSegment(
  { fileSystem, path }: LogFiles,
  header: SegmentHeader | LegacyHeader,
  seal: boolean,
): Promise<Tip> {
  const { dir } = fileSystem.split(path);
  const { segment } = header;
  const next = nextPath(path, segment);
  const bytes = header.id === undefined
    ? encoder.encode(HEADER_V01)
    : encodeHeader(header);
  await writeAnew({ fileSystem, path }, next, (file) => file.write(bytes, 0));
  await fileSystem.syncDir(dir);
  if (seal) {
    await fileSystem.rename(path, sealedPath(path, segment - 1));
    await fileSystem.syncDir(dir);
  }
  await fileSystem.rename(next, path);
  await fileSystem.syncDir(dir);
  return freshTip(header, bytes);
}

/** Where the first group goes in a segment that holds its header only. */
function freshTip(
  { segment, first, id }: SegmentHeader | LegacyHeader,
  bytes: Uint8Array,
): Tip {
  const header = id === undefined ? undefined : parseHeader(bytes);
  if (id !== undefined && header === undefined) {
    throw new RangeError(
      `Cannot begin segment ${segment}: the format has no place for its number`,
    );
  }
  return {
    number: segment,
    first,
    header,
    sequence: first - 1,
    chain: header?.chain ?? 0,
    size: bytes.length,
    closed: false,
  };
}

/** The active segment, open. */
export class ActiveSegment {
  readonly tip: Tip;
  readonly #fileSystem: FileSystem;
  readonly #path: string;
  readonly #id: Uint8Array;
  readonly #handle: FileHandle;
  /**
   * A second descriptor, for blocking calls while a sync is running. The kernel
   * reports a failed writeback once to each descriptor: on a shared one, the
   * running sync could take the report away.
   */
  readonly #blocking: FileHandle;
  #buffer = new Uint8Array(0);

  private constructor(
    { fileSystem, path }: LogFiles,
    tip: Tip,
    handle: FileHandle,
    blocking: FileHandle,
  ) {
    this.#fileSystem = fileSystem;
    this.#path = path;
    this.tip = tip;
    this.#id = idBytes(tip.header?.id ?? "");
    this.#handle = handle;
    this.#blocking = blocking;
  }

  /** Opens the active segment at its tip. */
  static async open(log: LogFiles, tip: Tip): Promise<ActiveSegment> {
    const { fileSystem, path } = log;
    const handle = await fileSystem.open(path, { mode: "write" });
    try {
      const blocking = await fileSystem.open(path, { mode: "write" });
      return new ActiveSegment(log, tip, handle, blocking);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Whether it holds records. */
  get hasRecords(): boolean {
    return this.tip.sequence >= this.tip.first;
  }

  /** Writes records and the commit line behind them; not durable before {@linkcode sync}. */
  writeGroup(texts: readonly string[]): void {
    this.#writeGroup(texts, this.#handle);
  }

  /** Writes records and the commit line behind them, and blocks until they are durable. */
  writeGroupBlocking(texts: readonly string[]): void {
    this.#writeGroup(texts, this.#blocking);
    this.syncBlocking();
  }

  #writeGroup(texts: readonly string[], handle: FileHandle): void {
    const { tip } = this;
    this.checkOwn();
    const stem = tip.header && markStem("commit", tip.sequence + texts.length);
    let crc = chainSeed(tip.chain, this.#id);
    for (let from = 0; from < texts.length;) {
      let to = from + 1;
      for (
        let length = texts[from].length;
        to < texts.length && length < PIECE;
        to++
      ) length += texts[to].length;
      const lines = to - from === texts.length ? texts : texts.slice(from, to);
      const isLast = to === texts.length;
      const text = lines.join("\n") + "\n";
      crc = this.#write(handle, text, isLast ? stem : undefined, crc);
      from = to;
    }
    tip.chain = crc;
    tip.sequence += texts.length;
    tip.closed = false;
  }

  /** Writes the closed line and makes it durable; only looks at the file if it ends with one. */
  async end(): Promise<void> {
    const { tip } = this;
    this.checkOwn();
    if (tip.closed) return;
    if (tip.header) {
      const stem = markStem("closed", tip.sequence);
      const seed = chainSeed(tip.chain, this.#id);
      tip.chain = this.#write(this.#handle, "", stem, seed);
      tip.closed = true;
    }
    await this.sync();
  }

  /** Makes what was written durable, in the file that the path leads to; else it throws. */
  async sync(): Promise<void> {
    await this.#handle.dataSync();
    this.checkOwn();
  }

  /** {@linkcode ActiveSegment.sync}, blocking. */
  syncBlocking(): void {
    this.#blocking.dataSyncSync();
    this.checkOwn();
  }

  /** Closes the descriptors. */
  async close(): Promise<void> {
    const handles = [this.#handle, this.#blocking];
    const ends = await Promise.allSettled(handles.map((file) => file.close()));
    for (const end of ends) if (end.status === "rejected") throw end.reason;
  }

  /**
   * Throws if the path does not lead to the file that is open, or if that is not as
   * this store left it: a program or a person removed, renamed or replaced it (many
   * editors do), or it has a second writer, which the lock excludes but for a program
   * that opens and closes the lock file (POSIX locks end with any descriptor of the
   * file), or a second name for the journal's file.
   *
   * Each group is looked at before it is written and again when it is synced. So a
   * group that is acknowledged was in the file that the path led to at a moment when
   * all of it was durable.
   */
  checkOwn(): void {
    const { size, atPath } = this.#handle.statSync();
    if (!atPath) {
      throw new DurableError(
        "CORRUPT",
        `"${this.#path}" does not lead to the file that is open any more: it was removed, renamed or replaced; put the file back under its name before you open it again, as a log that is missing begins anew`,
        { path: this.#path },
      );
    }
    if (size === this.tip.size) return;
    throw new DurableError(
      "CORRUPT",
      `The file has ${size} bytes, and this store left it with ${this.tip.size}: something else writes to it`,
      { offset: Math.min(size, this.tip.size) },
    );
  }

  /** Writes text, and with a stem the mark it begins; returns the checksum. */
  #write(
    handle: FileHandle,
    text: string,
    stem: string | undefined,
    seed: number,
  ): number {
    const whole = stem === undefined ? text : text + stem;
    const most = whole.length * 3 + 9;
    if (this.#buffer.length < most) this.#buffer = new Uint8Array(most * 2);
    const buffer = this.#buffer;
    let { written } = encoder.encodeInto(whole, buffer);
    const crc = this.#fileSystem.crc32(buffer.subarray(0, written), seed);
    if (stem !== undefined) {
      written += encoder.encodeInto(`${hex8(crc)}\n`, buffer.subarray(written))
        .written;
    }
    handle.writeSync(buffer.subarray(0, written), this.tip.size);
    this.tip.size += written;
    return crc;
  }
}
