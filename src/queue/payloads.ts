/**
 * The payloads of messages: some in memory, all of them in the log.
 *
 * What was enqueued last is kept as the text of its record, as long as there is
 * room; so a queue that does not pile up never reads its log. Of what piles up
 * beyond that, a block of records is read when its first message is handed out, and
 * the records behind it are kept in what room is set apart for that, because they
 * are likely to be next.
 *
 * @module
 */

import { DurableError } from "../errors.ts";
import { parseJson } from "../native_json.ts";
import type { Lookup } from "../wal/lookup.ts";

/** What a text costs besides its characters, in bytes. */
const OVERHEAD = 64;
/** The part of the room that is set apart for records that were read. */
const READ_PART = 1 / 4;

// deno-lint-ignore no-control-regex
const LATIN1 = /^[\x00-\xff]*$/;

/** The lines of records, by their numbers, up to a size. */
class Lines {
  readonly #texts = new Map<number, string>();
  readonly #room: number;
  #used = 0;

  constructor(room: number) {
    this.#room = room;
  }

  get(record: number): string | undefined {
    return this.#texts.get(record);
  }

  /** Keeps a line if there is room for it. */
  add(record: number, text: string): void {
    const size = sizeOf(text);
    if (this.#used + size > this.#room || this.#texts.has(record)) return;
    this.#texts.set(record, text);
    this.#used += size;
  }

  /** Keeps a line, in the place of the oldest ones. */
  push(record: number, text: string): void {
    const size = sizeOf(text);
    for (const oldest of this.#texts.keys()) {
      if (this.#used + size <= this.#room) break;
      this.delete(oldest);
    }
    this.add(record, text);
  }

  delete(record: number): void {
    const text = this.#texts.get(record);
    if (text === undefined) return;
    this.#used -= sizeOf(text);
    this.#texts.delete(record);
  }
}

/** Gives the payloads of messages. */
export class Payloads {
  readonly #lookup: Lookup;
  readonly #path: string;
  readonly #fresh: Lines;
  readonly #read: Lines;

  /**
   * @param lookup Reads records of the log.
   * @param path The log, for what errors say.
   * @param room How much is kept in memory, in bytes, about.
   */
  constructor(lookup: Lookup, path: string, room: number) {
    this.#lookup = lookup;
    this.#path = path;
    this.#fresh = new Lines(room * (1 - READ_PART));
    this.#read = new Lines(room * READ_PART);
  }

  /** A record was written; it may be kept. */
  add(record: number, text: string): void {
    this.#fresh.add(record, text);
  }

  /** A record is not needed any more. */
  delete(record: number): void {
    this.#fresh.delete(record);
    this.#read.delete(record);
  }

  /** Records in front of this one are gone. */
  forget(record: number): void {
    this.#lookup.forget(record);
  }

  /** The payload that a record holds, if it is in memory. */
  inMemory(record: number): { readonly payload: unknown } | undefined {
    const text = this.#fresh.get(record) ?? this.#read.get(record);
    return text === undefined ? undefined : this.#payloadIn(record, text);
  }

  /**
   * The payload that a record holds, which is durable.
   *
   * @throws {DurableError} `CORRUPT` if it is damaged, or another code.
   */
  async read(record: number): Promise<unknown> {
    const known = this.inMemory(record);
    if (known) return known.payload;
    const { first, lines } = await this.#lookup.read(record);
    for (const [n, line] of lines.entries()) {
      const number = first + n;
      if (number > record && HOLDS_PAYLOAD.test(line)) {
        this.#read.push(number, line);
      }
    }
    return this.#payloadIn(record, lines[record - first]).payload;
  }

  #payloadIn(record: number, text: string): { readonly payload: unknown } {
    const { enqueue, carry } = parseJson(text) as {
      enqueue?: { payload: unknown };
      carry?: { payload: unknown };
    };
    const holder = enqueue ?? carry;
    if (holder) return holder;
    throw new DurableError(
      "CORRUPT",
      `Cannot read a payload from "${this.#path}": record ${record} holds none`,
      { path: this.#path, sequence: record },
    );
  }
}

const HOLDS_PAYLOAD = /^\{"(?:enqueue|carry)"/;

function sizeOf(text: string): number {
  return OVERHEAD + text.length * (LATIN1.test(text) ? 1 : 2);
}
