/**
 * The payloads of messages: some in memory, all of them in the log.
 *
 * What was enqueued last is kept as the text of its record, as long as there is
 * room; so a queue that does not pile up never reads its log. Of what piles up
 * beyond that, a block of records is read when its first message is handed out, and
 * kept in what room is set apart for that, because those behind it are likely to be
 * next.
 *
 * @module
 */

import { DurableError } from "../errors.ts";
import { parseJson } from "../native_json.ts";
import type { Block, Lookup } from "../wal/lookup.ts";

/** What a text costs besides its characters, in bytes. */
const OVERHEAD = 64;
/** The part of the room that is set apart for blocks that were read. */
const READ_PART = 1 / 4;

// deno-lint-ignore no-control-regex
const LATIN1 = /^[\x00-\xff]*$/;

/** Gives the payloads of messages. */
export class Payloads {
  readonly #lookup: Lookup;
  readonly #path: string;
  /** The lines of records that were written last. */
  readonly #fresh = new Map<number, string>();
  #freshRoom: number;
  /** Blocks that were read, oldest first, with their sizes. */
  readonly #blocks: { readonly block: Block; readonly size: number }[] = [];
  #readRoom: number;
  /** Blocks that were kept once: those who wait for the same read get the same block. */
  readonly #known = new WeakSet<Block>();

  /**
   * @param lookup Reads records of the log.
   * @param path The log, for what errors say.
   * @param room How much is kept in memory, in bytes, about.
   */
  constructor(lookup: Lookup, path: string, room: number) {
    this.#lookup = lookup;
    this.#path = path;
    this.#freshRoom = room * (1 - READ_PART);
    this.#readRoom = room * READ_PART;
  }

  /** A record was written; it is kept if there is room. */
  add(record: number, line: string): void {
    const size = sizeOf(line);
    if (size > this.#freshRoom) return;
    this.#fresh.set(record, line);
    this.#freshRoom -= size;
  }

  /** A record is not likely to be needed any more. */
  delete(record: number): void {
    const line = this.#fresh.get(record);
    if (line === undefined) return;
    this.#freshRoom += sizeOf(line);
    this.#fresh.delete(record);
  }

  /** Records in front of this one are gone. */
  forget(record: number): void {
    this.#lookup.forget(record);
  }

  /** The payload that a record holds, if it is in memory. */
  inMemory(record: number): { readonly payload: unknown } | undefined {
    const line = this.#fresh.get(record) ?? this.#readBefore(record);
    return line === undefined
      ? undefined
      : { payload: parseJson(this.#payloadIn(record, line)) };
  }

  /**
   * The text of the payload that a record holds, which is durable.
   *
   * @throws {DurableError} `CORRUPT` if it is damaged, `TRUNCATED` if it is gone, or
   * another code.
   */
  async read(record: number): Promise<string> {
    let line = this.#fresh.get(record) ?? this.#readBefore(record);
    if (line === undefined) {
      const block = await this.#lookup.read(record);
      if (!this.#known.has(block)) this.#keep(block);
      line = block.lines[record - block.first];
    }
    return this.#payloadIn(record, line);
  }

  #readBefore(record: number): string | undefined {
    // The newest first: a block may have been read again when it had grown.
    const found = this.#blocks.findLast(({ block: { first, lines } }) =>
      first <= record && record < first + lines.length
    );
    return found?.block.lines[record - found.block.first];
  }

  /** Keeps a block in the place of the oldest ones. Its lines share its text, so it counts as a whole. */
  #keep(block: Block): void {
    const size = block.lines.reduce((sum, line) => sum + sizeOf(line), 0);
    this.#known.add(block);
    this.#blocks.push({ block, size });
    this.#readRoom -= size;
    while (this.#readRoom < 0) {
      const oldest = this.#blocks.shift();
      if (!oldest) break;
      this.#readRoom += oldest.size;
    }
  }

  /** The text of the payload in the line of a record, where it stands last. */
  #payloadIn(record: number, line: string): string {
    const at = HOLDS_PAYLOAD.test(line) ? line.indexOf(MARK) : -1;
    if (at >= 0) return line.slice(at + MARK.length, -2);
    throw new DurableError(
      "CORRUPT",
      `Cannot read a payload from "${this.#path}": record ${record} holds none`,
      { path: this.#path, sequence: record },
    );
  }
}

const HOLDS_PAYLOAD = /^\{"(?:enqueue|carry)":\{/;
/** Stands in front of the payload; within a text its marks would be escaped. */
const MARK = '"payload":';

function sizeOf(text: string): number {
  return OVERHEAD + text.length * (LATIN1.test(text) ? 1 : 2);
}
