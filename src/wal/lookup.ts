/**
 * Random access to the records of a log, by their sequence numbers.
 *
 * A record that is wanted for the first time is scanned for: its segment is read
 * front to back, with its chain, up to there, and an [index](./blocks.ts) of it
 * is kept. From then on a read opens the file and takes one block out of it.
 *
 * Headers tell which segment holds a record. The newest one that is known may have
 * been sealed since; so it is looked at again for a record that was not scanned.
 *
 * Who looks or scans does it for all who asked before. Who asks while it is under
 * way waits for the next time: the record may have been written behind its back. A
 * block that was scanned cannot change, so a read of it that is under way is shared
 * with everybody who asks for the same block.
 *
 * @module
 */

import { DurableError } from "../errors.ts";
import type { FileHandle } from "../file_system.ts";
import type { LogFiles } from "./active.ts";
import { BlockIndex, type BlockPlace } from "./blocks.ts";
import { decodeLines } from "./decode.ts";
import { lineAt } from "./files.ts";
import { isSame, planAround } from "./reader.ts";
import { type ScanEnd, scanGroups } from "./scanner.ts";
import { corrupt, type Head, sealedPath, type Segment } from "./segments.ts";
import { SharedReads } from "./shared_reads.ts";
import { endIn, openHead } from "./tail.ts";

/** How many blocks are read at a time: each takes an open file and a buffer. */
const READS = 16;

/** Consecutive records, as lines of text without their line ends. */
export interface Block {
  /** Sequence number of the first of them. */
  readonly first: number;
  /** The records. */
  readonly lines: readonly string[];
}

/**
 * Reads records of a log by their sequence numbers, while it is being written by
 * this process.
 *
 * - **Checked.** What is handed out has passed the chain of its segment once, and
 *   its checksum each time it is read.
 * - **Scanned once**, however many ask, and little further than to the record that
 *   is wanted. Only those wait for a scan whose records it has not come to yet.
 * - **Across rotation and truncation**, whenever they happen.
 * - **Read once for all callers that wait for the same block**, and a few blocks at
 *   a time, however many callers there are.
 * - **Small.** The index takes about 100 bytes for each 64 KiB that was scanned. No
 *   file stays open, and no block in memory.
 * - **No memory of failures.** The next call tries again; what is damaged fails
 *   again, at the same position.
 * - Files of mini-rs and of format v0.1 are not read: they have no checksums.
 */
export class Lookup {
  readonly #log: LogFiles;
  /** The segments that there were at the last look. */
  #segments: readonly Segment[] = [];
  readonly #looks = new Shared();
  /** Those of them that were read from, by number. */
  readonly #indexed = new Map<number, IndexedSegment>();
  readonly #reads = new SharedReads<BlockPlace, Block | undefined>(READS);

  /**
   * Reads nothing yet.
   *
   * @param log The log.
   */
  constructor(log: LogFiles) {
    this.#log = log;
  }

  /**
   * Reads the block that holds a record: 64 KiB of lines and the rest of the last
   * one, or less at the end of what was scanned. Records behind the one that was
   * asked for may not be durable yet.
   *
   * @param sequence Sequence number of the record, which must be durable.
   * @returns The block.
   * @throws {DurableError} `TRUNCATED` if the record was removed; `CORRUPT` with the
   * position if what is there is damaged, or ends in front of the record;
   * `UNSUPPORTED_VERSION` if it is in a file of format v0.1; what the file system
   * reports.
   * @throws {RangeError} If `sequence` is not a whole number from 1.
   */
  async read(sequence: number): Promise<Block> {
    this.#check("read record", sequence);
    const segment = await this.#locate(sequence);
    return await this.#indexOf(segment, sequence).read(sequence);
  }

  /**
   * Forgets what it knows of records below `sequence`: their segments were removed.
   * A segment that holds others too is kept.
   *
   * @param sequence Sequence number of the first record that was kept.
   * @throws {RangeError} If `sequence` is not a whole number from 1.
   */
  forget(sequence: number): void {
    this.#check("forget what is below record", sequence);
    const all = this.#segments;
    this.#keep(
      all.filter((_, n) => !((all.at(n + 1)?.first ?? NaN) <= sequence)),
    );
  }

  #check(action: string, sequence: number): void {
    if (Number.isSafeInteger(sequence) && sequence >= 1) return;
    throw new RangeError(
      `Cannot ${action} ${sequence} of "${this.#log.path}": sequence numbers are whole numbers from 1`,
    );
  }

  /** The segment that holds a record. */
  async #locate(sequence: number): Promise<Segment> {
    const known = this.#known(sequence);
    if (known !== undefined) {
      const isBounded = known !== this.#segments.at(-1);
      const wasScanned = this.#indexed.get(known.number)?.has(sequence);
      if (isBounded || wasScanned) return known;
    }
    await this.#looks.run(() => this.#look());
    const found = this.#known(sequence);
    if (found === undefined) throw removed(this.#log, sequence);
    return found;
  }

  /** The last segment that does not begin behind a record. */
  #known(sequence: number): Segment | undefined {
    return this.#segments.findLast(({ first = 1 }) => first <= sequence);
  }

  /** Learns which segments there are, unless the newest that is known is the active one still. */
  async #look(): Promise<void> {
    const { fileSystem, path } = this.#log;
    const newest = this.#segments.at(-1);
    if (newest !== undefined) {
      const active = await openHead(fileSystem, path);
      await active?.handle.close();
      if (active !== undefined && isSame(newest.head, active.head)) return;
    }
    this.#keep(await planAround(fileSystem, path));
  }

  /** Replaces what is known; segments in front of it were removed. */
  #keep(segments: readonly Segment[]): void {
    this.#segments = segments;
    const oldest = segments[0]?.number ?? Infinity;
    for (const number of this.#indexed.keys()) {
      if (number < oldest) this.#indexed.delete(number);
    }
  }

  #indexOf(segment: Segment, sequence: number): IndexedSegment {
    const { number, path, head } = segment;
    const indexed = this.#indexed.get(number);
    if (indexed !== undefined) return indexed;
    if (head.kind === "v0.1") {
      throw new DurableError(
        "UNSUPPORTED_VERSION",
        `Cannot read record ${sequence} of "${path}": a file of format v0.1 is read from its beginning only`,
        { path, offset: 0, line: 1, sequence },
      );
    }
    const fresh = new IndexedSegment(this.#log, path, head, this.#reads);
    this.#indexed.set(number, fresh);
    return fresh;
  }
}

/** How a segment that can be read from begins. */
type CheckedHead = Extract<Head, { kind: "v0.2" }>;

/** A segment that is open, under the name that it has now. */
interface OpenFile {
  readonly path: string;
  readonly handle: FileHandle;
  readonly head: CheckedHead;
}

/** Lines stay as they are. */
const AS_TEXT = { decode: (line: string) => line, check: String };

/** Reads records of one segment. */
class IndexedSegment {
  readonly #log: LogFiles;
  /** The name under which it was seen last. */
  #path: string;
  /** How it began when it was seen last. */
  #head: CheckedHead;
  #index: BlockIndex;
  readonly #scans = new Shared();
  readonly #reads: SharedReads<BlockPlace, Block | undefined>;
  /** The last record that the next scan is for. */
  #wanted = 0;

  constructor(
    log: LogFiles,
    path: string,
    head: CheckedHead,
    reads: SharedReads<BlockPlace, Block | undefined>,
  ) {
    this.#log = log;
    this.#path = path;
    this.#head = head;
    this.#reads = reads;
    this.#index = new BlockIndex(log.fileSystem, head.header);
  }

  /** Whether a record was scanned, so that this is its segment for certain. */
  has(sequence: number): boolean {
    return this.#index.find(sequence) !== undefined;
  }

  /** Reads the block that holds a record of this segment. */
  async read(sequence: number): Promise<Block> {
    if (!this.has(sequence)) {
      this.#wanted = Math.max(this.#wanted, sequence);
      await this.#scans.run(() => this.#scan());
    }
    const place = this.#index.find(sequence);
    if (place === undefined) throw await this.#damage(sequence);
    const block = await this.#reads.run(place, () => this.#readAt(place));
    // Those who share a read may have asked for different records.
    if (block === undefined) throw removed(this.#log, sequence);
    return block;
  }

  /** Reads a block; `undefined` if its segment was removed. */
  async #readAt(place: BlockPlace): Promise<Block | undefined> {
    const file = await this.#find();
    if (file === undefined) return undefined;
    try {
      return await this.#readBlock(file, place);
    } finally {
      await file.handle.close();
    }
  }

  /** Scans on to the last record that is wanted, or to the end of what is valid. */
  async #scan(): Promise<void> {
    const wanted = this.#wanted;
    this.#wanted = 0;
    if (this.has(wanted)) return;
    const { path, handle, head } = await this.#open(wanted);
    try {
      const end = this.#resume(head, path);
      const index = this.#index;
      const size = await handle.size();
      if (size <= end.offset) return;
      const { fileSystem } = this.#log;
      const source = { fileSystem, handle, header: head.header, size };
      for await (const run of scanGroups(source, end)) {
        index.add(run);
        index.confirm(end);
        if (index.end.sequence >= wanted) return;
      }
      index.confirm(end);
    } finally {
      await handle.close();
    }
  }

  /** Where scanning goes on: at the beginning if the segment was replaced, as one without records may be. */
  #resume(head: CheckedHead, path: string): ScanEnd {
    const { header } = this.#head;
    const place = {
      number: header.segment,
      head: this.#head,
      end: this.#index.end,
    };
    const end = endIn(place, head, path);
    if (head.header.id !== header.id) {
      this.#index = new BlockIndex(this.#log.fileSystem, head.header);
      this.#head = head;
    }
    return end;
  }

  async #readBlock(file: OpenFile, place: BlockPlace): Promise<Block> {
    const { path, handle, head } = file;
    const { first, offset, length, crc } = place;
    const bytes = new Uint8Array(length);
    await handle.read(bytes, offset); // what is missing stays zero, and differs too
    if (this.#log.fileSystem.crc32(bytes, 0) !== crc) {
      const line = await lineAt(handle, offset);
      const at = { offset, line, sequence: first };
      throw corrupt(path, "a block has changed since it was scanned", at);
    }
    const { records, last, failure } = decodeLines(bytes, {
      reading: AS_TEXT,
      before: first - 1,
      from: first,
      schema: head.header.schema,
      marks: true,
    });
    if (failure !== undefined) {
      const at = offset + failure.offset;
      throw corrupt(path, "a line is not UTF-8", {
        offset: at,
        line: await lineAt(handle, at),
        sequence: last + 1,
        cause: failure.cause,
      });
    }
    return { first, lines: records };
  }

  /** The error for a durable record that a scan did not come to. */
  async #damage(sequence: number): Promise<DurableError> {
    const { path, handle } = await this.#open(sequence);
    try {
      const { end } = this.#index;
      const size = await handle.size();
      const what = end.offset < size ? "damaged" : "missing";
      const offset = Math.min(end.offset, size);
      return corrupt(path, `records that were durable are ${what}`, {
        offset,
        line: await lineAt(handle, offset),
        sequence: end.sequence + 1,
      });
    } finally {
      await handle.close();
    }
  }

  /** Opens the segment to read a record. The caller closes it. */
  async #open(sequence: number): Promise<OpenFile> {
    const file = await this.#find();
    if (file === undefined) throw removed(this.#log, sequence);
    return file;
  }

  /**
   * Opens the segment; `undefined` if it was removed. Its name changes once, from
   * that of the active file to that of a sealed one; so whoever tries them in this
   * order finds it. The caller closes it.
   */
  async #find(): Promise<OpenFile | undefined> {
    const { fileSystem, path: active } = this.#log;
    const sealed = sealedPath(active, this.#head.header.segment);
    for (const path of new Set([this.#path, sealed])) {
      const file = await openHead(fileSystem, path);
      if (file === undefined) continue;
      const { handle, head } = file;
      if (head.kind === "v0.2" && isSame(this.#head, head)) {
        this.#path = path;
        return { path, handle, head };
      }
      await handle.close();
    }
    return undefined;
  }
}

/** Work that is done once for all who asked for it before it began. */
class Shared {
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  /** Does the work as soon as none of it is under way. */
  run(work: () => Promise<void>): Promise<void> {
    return this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      const done = work();
      this.#running = done.catch(() => {}); // those who share it are told
      return done;
    });
  }
}

function removed({ path }: LogFiles, sequence: number): DurableError {
  return new DurableError(
    "TRUNCATED",
    `Cannot read record ${sequence} of "${path}": its segment was removed`,
    { path, sequence },
  );
}
