/**
 * The write-ahead log.
 *
 * @module
 */

import { defaultFileSystem } from "../runtime.ts";
import { openForWriting, type WritableLog } from "./log.ts";
import {
  checkPath,
  type MiniStoreOptions,
  type ReadOptions,
  REPLAY_KEYS,
  type ReplayOptions,
  resolveReading,
  resolveSettings,
  STREAM_KEYS,
  type StreamOptions,
} from "./options.ts";
import { readLog } from "./reader.ts";
import type { Recovery } from "./recovery.ts";
import { verifyLog, type VerifyReport } from "./verify.ts";
import type { Writer } from "./writer.ts";

/** A record with its place in the log. */
export interface SequencedRecord<R = unknown> {
  /** Its sequence number, from 1. */
  readonly sequence: number;
  /** The record. */
  readonly record: R;
}

/**
 * A write-ahead log: an append is on disk before it resolves.
 *
 * - **Durable.** A resolved append survives a power cut: its bytes were written
 *   and then synced. An append that rejects with `FAILED` may or may not be on
 *   disk; opening the log again tells.
 * - **Atomic.** A record counts as a whole or not at all, and so does a batch of
 *   {@linkcode MiniStore.appendAll}.
 * - **Ordered.** Records are replayed in the order of the calls; each has a
 *   sequence number, counted from 1 and never given twice.
 * - **Concurrent.** Appends that wait together share one sync.
 * - **One writer.** A second open, in this process or another, rejects with
 *   `LOCKED`. Readers need no lock.
 * - **Fail-stop.** After the first failed write or sync every append rejects with
 *   the same `FAILED` error. Close the store and open it again.
 * - **Readable.** `grep -v '^//' journal.jsonl` gives the records as JSON lines.
 *
 * @typeParam R The type of the records.
 *
 * @example Append and replay
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MemoryFileSystem, MiniStore } from "@mini-ts/durable";
 *
 * type Op = { Set: { value: number } } | { Inc: { delta: number } };
 * const fileSystem = new MemoryFileSystem(); // leave it out for real files
 *
 * const store = await MiniStore.open<Op>("counter.jsonl", { fileSystem });
 * await store.append({ Set: { value: 100 } });
 * await store.append({ Inc: { delta: 25 } });
 * await store.close();
 *
 * let value = 0;
 * for (const op of await MiniStore.replay<Op>("counter.jsonl", { fileSystem })) {
 *   if ("Set" in op) value = op.Set.value;
 *   else value += op.Inc.delta;
 * }
 * assertEquals(value, 125);
 * ```
 */
export class MiniStore<R = unknown> implements AsyncDisposable {
  /** The path of its newest segment, from the root: it stays the same when the working directory changes. */
  readonly path: string;
  /** What opening found and did. */
  readonly recovery: Recovery;
  readonly #writer: Writer;
  readonly #log: WritableLog;
  readonly #encode: (record: R) => string;

  private constructor(
    path: string,
    log: WritableLog,
    encode: (record: R) => string,
  ) {
    this.path = path;
    this.recovery = log.recovery;
    this.#writer = log.writer;
    this.#log = log;
    this.#encode = encode;
  }

  /**
   * Opens a log for writing, and creates it if there is none, with the missing
   * directories.
   *
   * - A torn tail, which a crash leaves, is copied to a file beside the log and
   *   cut off; {@linkcode MiniStore.recovery} tells, and so does `onRecovery`.
   * - Other damage is refused with its position, and nothing is changed.
   * - A mini-rs journal is sealed as it is, and a journal of v0.2 begun behind it.
   *
   * @example What a crash left is reported
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { MemoryFileSystem, MiniStore } from "@mini-ts/durable";
   *
   * const fileSystem = new MemoryFileSystem();
   * const first = await MiniStore.open("a.jsonl", { fileSystem });
   * await first.append("kept");
   * await first.close();
   * const file = await fileSystem.open("a.jsonl", { mode: "write" });
   * await file.write(new TextEncoder().encode('"half a rec'), await file.size());
   *
   * const store = await MiniStore.open("a.jsonl", { fileSystem });
   * assertEquals(store.recovery.torn?.bytes, 11);
   * assertEquals(store.sequence, 1);
   * await store.close();
   * ```
   *
   * @typeParam R The type of the records; inferred from `codec` or `validate`.
   * @param path The file; sealed segments and the lock are beside it. A relative
   * path counts from the working directory, which may change once it is open. Its
   * name may have 200 bytes of UTF-8, and the path from the root 499.
   * @param options How it is written.
   * @returns The open store. Close it, or use `await using`; Node 22 has no syntax
   * for that: call `close()` in a `finally` there.
   * @throws {DurableError} `LOCKED` if it has a writer, `CORRUPT` if it is
   * damaged, `NOT_A_JOURNAL` or `UNSUPPORTED_VERSION` if it is something else,
   * `UNSUPPORTED_RUNTIME` if the runtime has no SQLite for the lock, `IS_DIRECTORY`
   * or another code of the file system.
   * @throws {TypeError | RangeError} If the path or an option is not what it must be.
   * @throws What `onRecovery` throws.
   */
  static async open<R = unknown>(
    path: string,
    options: MiniStoreOptions<R> = {},
  ): Promise<MiniStore<R>> {
    checkPath(path);
    const settings = await resolveSettings(options);
    const { fileSystem, check, encode } = settings;
    const { onRecovery } = options;
    const files = { fileSystem, path: fileSystem.resolve(path) };
    const log = await openForWriting(files, settings);
    try {
      if (log.recovery.torn) await onRecovery?.(log.recovery);
    } catch (error) {
      await log.close().catch(() => {}); // error says why
      throw error;
    }
    return new MiniStore(files.path, log, (record) => encode(check(record)));
  }

  /**
   * Reads all records of a log, which may be open elsewhere. A torn tail is left
   * where it is and does not count; a log that does not exist has no records,
   * unless it `mustExist`.
   *
   * @typeParam R The type of the records; inferred from `codec` or `validate`.
   * @param path The file of the log.
   * @param options How records are read.
   * @returns The records, oldest first.
   * @throws {DurableError} `CORRUPT` if the log is damaged, with the position;
   * `INVALID_RECORD` if `validate` or `codec` refuses a record; `TRUNCATED` if
   * a segment is removed before it was reached; `NOT_A_JOURNAL` if it is something
   * else, such as a FIFO or a device, and `IS_DIRECTORY`; `NOT_FOUND` if it
   * `mustExist` and does not.
   */
  static async replay<R = unknown>(
    path: string,
    options: ReplayOptions<R> = {},
  ): Promise<R[]> {
    checkPath(path);
    const reading = resolveReading(options, REPLAY_KEYS);
    const { mustExist } = options;
    const fileSystem = options.fileSystem ?? await defaultFileSystem();
    const all: R[] = [];
    const log = { fileSystem, path: fileSystem.resolve(path) };
    const source = { ...log, reading, mustExist };
    for await (const { records } of readLog(source)) {
      for (const record of records) all.push(record);
    }
    return all;
  }

  /**
   * Reads records one by one, in constant memory, up to the end that the log has
   * when the newest segment is reached. It may be open elsewhere; a record whose
   * sync is still running may be seen.
   *
   * One file is open while it reads. `for await` closes it when the loop ends, also
   * by `break`, `return` or an error; so does `return()` of the iterator. An iterator
   * that was begun with `next()` and dropped before its end keeps the file open until
   * it is garbage-collected: call `return()`. Aborting `signal` closes nothing by
   * itself; the next call of `next()` then does.
   *
   * @example From a sequence number on
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { MemoryFileSystem, MiniStore } from "@mini-ts/durable";
   *
   * const fileSystem = new MemoryFileSystem();
   * const store = await MiniStore.open<string>("a.jsonl", { fileSystem });
   * await store.appendAll(["a", "b", "c"]);
   * const seen: string[] = [];
   * const stream = MiniStore.stream<string>("a.jsonl", { fileSystem, from: 2 });
   * for await (const { sequence, record } of stream) {
   *   seen.push(`${sequence} ${record}`);
   * }
   * assertEquals(seen, ["2 b", "3 c"]);
   * await store.close();
   * ```
   *
   * @typeParam R The type of the records; inferred from `codec` or `validate`.
   * @param path The file of the log.
   * @param options Where to begin, when to stop, how records are read.
   * @returns The records with their sequence numbers.
   * @throws {DurableError} Where `replay` does, and `TRUNCATED` if the records
   * wanted were removed.
   */
  static stream<R = unknown>(
    path: string,
    options: StreamOptions<R> = {},
  ): AsyncGenerator<SequencedRecord<R>, void, undefined> {
    checkPath(path);
    const reading = resolveReading(options, STREAM_KEYS);
    const { from, signal, mustExist } = options;
    return (async function* () {
      const fileSystem = options.fileSystem ?? await defaultFileSystem();
      const log = { fileSystem, path: fileSystem.resolve(path) };
      const source = { ...log, reading, from, signal, mustExist };
      for await (const { first, records } of readLog(source)) {
        let sequence = first;
        for (const record of records) {
          signal?.throwIfAborted();
          yield { sequence: sequence++, record };
        }
      }
      signal?.throwIfAborted();
    })();
  }

  /**
   * Reads a whole log and reports what it is made of; damage does not throw.
   *
   * @example A healthy log
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { MemoryFileSystem, MiniStore } from "@mini-ts/durable";
   *
   * const fileSystem = new MemoryFileSystem();
   * const store = await MiniStore.open("a.jsonl", { fileSystem });
   * await store.appendAll([1, 2, 3]);
   * await store.close();
   * const report = await MiniStore.verify("a.jsonl", { fileSystem });
   * assertEquals(report.ok, true);
   * assertEquals(report.records, 3);
   * assertEquals(report.closed, true);
   * ```
   *
   * @param path The file of the log.
   * @param options How records are read.
   * @returns What was found.
   * @throws {DurableError} `NOT_FOUND` if there is no log, or another code of the
   * file system.
   */
  static async verify(
    path: string,
    options: ReadOptions = {},
  ): Promise<VerifyReport> {
    checkPath(path);
    const reading = resolveReading(options);
    const fileSystem = options.fileSystem ?? await defaultFileSystem();
    const log = { fileSystem, path: fileSystem.resolve(path) };
    return verifyLog({ ...log, reading });
  }

  /** Sequence number of the last durable record; 0 if there never was one. */
  get sequence(): number {
    return this.#writer.sequence;
  }

  /** Sequence number of the first record that was not removed; `sequence + 1` if there is none. */
  get firstSequence(): number {
    return this.#writer.firstSequence;
  }

  /**
   * Appends a record. Many calls may be under way at once: they are committed in
   * the order of the calls, and share syncs.
   *
   * @param record What JSON can hold without changing it, unless a `codec` says more.
   * @returns Its sequence number, when it is durable.
   * @throws {TypeError | RangeError} If the record cannot be written as it is, or
   * is too long; nothing was written.
   * @throws {DurableError} `INVALID_RECORD` if `validate` refuses it, `CLOSED`,
   * or `FAILED`: whether it is on disk is then unknown.
   */
  append(record: R): Promise<number> {
    try {
      return this.#writer.append(this.#encode(record));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Appends several records as one: after a crash all of them are there, or none.
   * In format v0.1 the first ones may be there alone.
   *
   * @param records At least one record.
   * @returns The sequence number of the last one, when all are durable.
   * @throws {TypeError | RangeError | DurableError} As `append`; an empty batch is
   * a `RangeError`.
   */
  appendAll(records: Iterable<R>): Promise<number> {
    try {
      const texts = Array.from(records, this.#encode);
      if (texts.length === 0) {
        throw new RangeError(
          `Cannot append to "${this.path}": the batch is empty`,
        );
      }
      return this.#writer.append(texts);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Appends a record and blocks until it is durable: faster than `append` for one
   * writer alone, and in its way for everybody else. Appends that wait are
   * committed with it, in front of it. It never rotates.
   *
   * @param record As for `append`.
   * @returns Its sequence number.
   * @throws {TypeError | RangeError | DurableError} As `append`, and `BUSY` while
   * a rotation or a truncation is running.
   */
  appendSync(record: R): number {
    return this.#writer.appendSync(this.#encode(record));
  }

  /**
   * Seals the active segment and begins the next one; does nothing if it holds no
   * record.
   *
   * @throws {DurableError} `CLOSED` or `FAILED`.
   */
  rotate(): Promise<void> {
    return this.#writer.rotate();
  }

  /**
   * Removes whole sealed segments whose records all come before `sequence`. What
   * is in the active segment stays: call {@linkcode MiniStore.rotate} first to
   * reach it.
   *
   * @example Forget what a snapshot covers
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { MemoryFileSystem, MiniStore } from "@mini-ts/durable";
   *
   * const fileSystem = new MemoryFileSystem();
   * const store = await MiniStore.open("a.jsonl", { fileSystem });
   * await store.appendAll(["old", "older"]);
   * await store.rotate();
   * await store.append("new");
   * assertEquals(await store.truncateBefore(3), 1);
   * assertEquals(store.firstSequence, 3);
   * await store.close();
   * ```
   *
   * @param sequence At most one more than the last sequence number.
   * @returns How many segments were removed.
   * @throws {RangeError} If `sequence` is not a whole number within the log.
   * @throws {DurableError} `CLOSED` or `FAILED`.
   */
  truncateBefore(sequence: number): Promise<number> {
    if (!Number.isSafeInteger(sequence) || sequence < 1) {
      return Promise.reject(
        new RangeError(
          `Cannot truncate "${this.path}" before record ${sequence}: it is not a whole number from 1`,
        ),
      );
    }
    return this.#writer.truncateBefore(sequence);
  }

  /**
   * Commits what is pending, marks the log as closed, and lets go of the files and
   * the lock. A second call gives the same promise. A store that is never closed has
   * the lock until the process ends, also when the program has forgotten it.
   *
   * @throws {DurableError} `FAILED` if the mark could not be written; the files
   * are let go all the same. A store that had failed before closes in silence.
   */
  close(): Promise<void> {
    return this.#log.close();
  }

  /** {@linkcode MiniStore.close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
