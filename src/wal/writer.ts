/**
 * Group commit: one writer, one group after the other.
 *
 * A group is written, synced and acknowledged before the next one is written.
 * What is appended meanwhile gathers and becomes the next group, so thousands of
 * concurrent appends share one sync, and in the file every group but the last is
 * known to be durable.
 *
 * The first failure of a write, a sync, a rename or a removal of names is final:
 * everything pending and later rejects with the same error, and nothing more is
 * written, because what the disk holds is unknown until the log is opened again.
 *
 * @module
 */

import { DurableError, messageOf } from "../errors.ts";
import {
  ActiveSegment,
  beginSegment,
  type LogFiles,
  randomId,
} from "./active.ts";
import { countOf, Pending, type Texts, textsOf, type Waiter } from "./group.ts";
import type { OpenLog, SealedSegment } from "./recovery.ts";
import { openPath, sealedPath } from "./segments.ts";

/**
 * Turns of the microtask queue before a group is closed: callers that were just
 * acknowledged append again within them and share the group.
 */
const GATHER_TURNS = 6;

/** A rotation or removal that waits for the appends in front of it. */
interface Task {
  readonly after: number;
  readonly run: () => Promise<void>;
  readonly reject: (error: unknown) => void;
}

/** What the writer needs to know. */
export interface WriterOptions {
  readonly maxSegmentBytes: number;
  readonly retain: number;
  /** The schema version of the records. */
  readonly schema: number;
}

/** Writes to a log that is open. */
export class Writer {
  readonly #log: LogFiles;
  readonly #options: WriterOptions;
  readonly #sealed: SealedSegment[];
  #active: ActiveSegment;
  readonly #pending = new Pending();
  #inFlight: readonly Waiter[] = [];
  #tasks: Task[] = [];
  /** Sequence number of the last record that was handed in. */
  #submitted: number;
  /** Sequence number of the last durable record. */
  #durable: number;
  #durableBytes = 0;
  /** Up to where the active segment is counted in `#durableBytes`. */
  #counted: number;
  #pump: Promise<void> | undefined;
  #maintaining = false;
  #failure: DurableError | undefined;
  #closing: Promise<void> | undefined;

  constructor(log: LogFiles, options: WriterOptions, open: OpenLog) {
    this.#log = log;
    this.#options = options;
    this.#active = open.active;
    this.#sealed = open.sealed;
    this.#submitted = this.#durable = open.active.tip.sequence;
    this.#counted = open.active.tip.size;
  }

  /** Sequence number of the last durable record. */
  get sequence(): number {
    return this.#durable;
  }

  /** How many bytes of groups have become durable since the log was opened. */
  get durableBytes(): number {
    return this.#durableBytes;
  }

  /** Sequence number of the first record there is. */
  get firstSequence(): number {
    return this.#sealed[0]?.first ?? this.#active.tip.first;
  }

  /** The first sequence number of each segment, oldest first. */
  get segments(): readonly number[] {
    return [...this.#sealed, this.#active.tip].map(({ first }) => first);
  }

  /** Sequence number of the last record that was handed in; it may not be durable yet. */
  get submitted(): number {
    return this.#submitted;
  }

  /** Whether what is submitted next is written, synced, and acknowledged together with what was submitted last. */
  get joinsGroup(): boolean {
    return this.#pending.isOpen;
  }

  /** What has ended all writing. */
  get failure(): DurableError | undefined {
    return this.#failure;
  }

  /** Appends a record, or the records of a batch, which stay in one group. */
  append(texts: Texts): Promise<number> {
    return new Promise((resolve, reject) =>
      this.submit({ texts, resolve, reject })
    );
  }

  /**
   * Appends as {@linkcode Writer.append} does, without a promise.
   *
   * @throws {DurableError} `CLOSED` or `FAILED`; nothing was handed in.
   */
  submit(waiter: Waiter): void {
    const refusal = this.#refusal("append to");
    if (refusal) throw refusal;
    this.#pending.add(waiter);
    this.#submitted += countOf(waiter);
    this.#start();
  }

  /** Appends one record and blocks until it is durable. */
  appendSync(text: string): number {
    const refusal = this.#refusal("append to");
    if (refusal) throw refusal;
    if (this.#maintaining || this.#isOutdated) {
      const what = this.#maintaining ? "is running" : "is due";
      throw new DurableError(
        "BUSY",
        `Cannot append to "${this.#log.path}" at once: a rotation ${what}; use append(), which waits for it`,
        { path: this.#log.path, sequence: this.#durable },
      );
    }
    try {
      if (this.#inFlight.length > 0) {
        this.#active.syncBlocking();
        this.#acknowledge();
      }
      this.#inFlight = this.#pending.takeAll();
      this.#submitted++;
      const texts = textsOf(this.#inFlight);
      texts.push(text);
      this.#active.writeGroupBlocking(texts);
      this.#acknowledge();
      return this.#durable;
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** Seals the active segment, if it holds records, and begins the next one. */
  rotate(): Promise<void> {
    return this.#schedule("rotate", async () => {
      if (this.#active.hasRecords) await this.#rotate(0);
    });
  }

  /** Removes the sealed segments whose records are all below `sequence`. */
  truncateBefore(sequence: number): Promise<number> {
    return this.#schedule("truncate", async () => {
      if (sequence > this.#durable + 1) {
        throw new RangeError(
          `Cannot truncate "${this.#log.path}" before record ${sequence}: its last record is ${this.#durable}`,
        );
      }
      const drop = this.#sealed.filter(({ last }) => last < sequence);
      const dropped = drop.at(-1)?.last;
      if (dropped === undefined) return 0;
      // The new header states what is about to go, so that a log that begins
      // later than it should is told from one that was truncated.
      const removed = this.#active.tip.header ? await this.#rotate(dropped) : 0;
      const doomed = this.#sealed.filter(({ last }) => last <= dropped);
      await this.#remove(doomed.length);
      return removed + doomed.length;
    });
  }

  /** Commits what is pending, marks the log as closed, and lets the files go. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#pump;
    try {
      if (this.#failure === undefined) await this.#active.end();
    } catch (error) {
      throw this.#fail(error);
    } finally {
      await this.#active.close().catch((error) => {
        throw this.#fail(error);
      });
    }
    if (this.#failure === undefined) await this.#forgetOpen();
  }

  /** Takes the file away that says that the log is open: all of it is durable. */
  async #forgetOpen(): Promise<void> {
    const { fileSystem, path } = this.#log;
    try {
      await fileSystem.remove(openPath(path)).catch((error: DurableError) => {
        if (error.code !== "NOT_FOUND") throw error;
      });
    } catch (error) {
      throw this.#fail(error);
    }
  }

  #refusal(action: string): DurableError | undefined {
    if (this.#failure) return this.#failure;
    if (this.#closing === undefined) return undefined;
    const { path } = this.#log;
    return new DurableError(
      "CLOSED",
      `Cannot ${action} "${path}": the store is closed`,
      { path, sequence: this.#durable },
    );
  }

  /** Whether the active segment has a lower schema version than new records. */
  get #isOutdated(): boolean {
    const { header } = this.#active.tip;
    return header !== undefined && header.schema < this.#options.schema;
  }

  #schedule<T>(action: string, run: () => Promise<T>): Promise<T> {
    const refusal = this.#refusal(action);
    if (refusal) return Promise.reject(refusal);
    this.#pending.close(); // what is submitted from here on waits for it
    return new Promise((resolve, reject) => {
      this.#tasks.push({
        after: this.#submitted,
        run: () => run().then(resolve, reject),
        reject,
      });
      this.#start();
    });
  }

  #start(): void {
    this.#pump ??= this.#run();
  }

  /** Commits group after group, and between them what is scheduled, until nothing waits. */
  async #run(): Promise<void> {
    for (;;) {
      for (let turn = 0; turn < GATHER_TURNS; turn++) await null;
      const [task] = this.#tasks;
      if (task !== undefined && task.after <= this.#durable) {
        this.#tasks.shift();
        await task.run();
      } else if (this.#pending.isEmpty) break;
      else await this.#commit();
    }
    this.#pump = undefined;
  }

  async #commit(): Promise<void> {
    try {
      const { hasRecords, tip } = this.#active;
      const isFull = hasRecords && tip.size >= this.#options.maxSegmentBytes;
      // Only with a record that has it: until then an older program can go on.
      if (this.#isOutdated || isFull) {
        await this.#rotate(0, this.#options.schema);
      }
      // appendSync may have taken what was pending.
      if (this.#pending.isEmpty) return;
      this.#inFlight = this.#pending.take();
      this.#active.writeGroup(textsOf(this.#inFlight));
      await this.#active.sync();
      this.#acknowledge();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The group in flight is durable, and with it all that was written. */
  #acknowledge(): void {
    if (this.#failure) return;
    const waiters = this.#inFlight;
    this.#inFlight = [];
    let sequence = this.#durable;
    this.#durable = this.#active.tip.sequence;
    const { size } = this.#active.tip;
    this.#durableBytes += size - this.#counted;
    this.#counted = size;
    for (const waiter of waiters) {
      sequence += countOf(waiter);
      try {
        waiter.resolve(sequence);
      } catch (error) {
        // It is no failure of the log: the runtime reports it as unhandled.
        void Promise.reject(error);
      }
    }
  }

  /**
   * Seals the active segment, if it holds records, and begins the next one.
   *
   * @param dropped The last record that is about to be removed; 0 for none.
   * @param schema The schema version of the next segment. @default {that of the active one}
   * @returns How many sealed segments were removed because of `retain`.
   */
  async #rotate(dropped: number, schema?: number): Promise<number> {
    const { path } = this.#log;
    this.#maintaining = true;
    try {
      const seal = this.#active.hasRecords;
      const { number, first, sequence, header } = this.#active.tip;
      if (seal) await this.#active.end();
      else this.#active.checkOwn();
      await this.#active.close();
      const segment = seal ? number + 1 : number;
      if (seal) {
        const file = sealedPath(path, number);
        this.#sealed.push({ path: file, first, last: sequence });
      }
      const excess = Math.max(0, this.#sealed.length - this.#options.retain);
      const retained = this.#sealed[excess - 1]?.last ?? 0;
      const place = { segment, first: sequence + 1 };
      const next = header === undefined ? place : {
        ...place,
        prev: seal ? this.#active.tip.chain : header.prev,
        id: randomId(this.#log),
        schema: schema ?? header.schema,
        dropped: Math.max(header.dropped, dropped, retained),
        sealed: seal ? [] : header.sealed,
      };
      const tip = await beginSegment(this.#log, next, seal);
      this.#active = await ActiveSegment.open(this.#log, tip);
      this.#counted = tip.size;
      await this.#remove(excess);
      return excess;
    } catch (error) {
      throw this.#fail(error);
    } finally {
      this.#maintaining = false;
    }
  }

  /** Removes the oldest sealed segments, one after the other, so that a crash leaves no gap. */
  async #remove(count: number): Promise<void> {
    const { fileSystem, path } = this.#log;
    try {
      for (let n = 0; n < count; n++) {
        await fileSystem.remove(this.#sealed[0].path);
        await fileSystem.syncDir(fileSystem.split(path).dir);
        this.#sealed.shift();
      }
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** Ends all writing, once and for all. */
  #fail(cause: unknown): DurableError {
    if (this.#failure) return this.#failure;
    const isUnknown = this.#inFlight.length > 0 ||
      this.#active.tip.sequence !== this.#durable;
    const { path } = this.#log;
    const failure = failureAfter(path, this.#durable, isUnknown, cause);
    this.#failure = failure;
    for (const waiter of [...this.#inFlight, ...this.#pending.takeAll()]) {
      waiter.reject(failure);
    }
    for (const { reject } of this.#tasks) reject(failure);
    this.#inFlight = [];
    this.#tasks = [];
    return failure;
  }
}

/**
 * Why nothing can be written any more.
 *
 * @param path The log.
 * @param sequence The last record that is durable.
 * @param isUnknown Whether later ones may be on disk.
 * @param cause What has failed.
 */
function failureAfter(
  path: string,
  sequence: number,
  isUnknown: boolean,
  cause: unknown,
): DurableError {
  const unknown = isUnknown
    ? `; whether records from ${sequence + 1} on are on disk is unknown`
    : "";
  return new DurableError(
    "FAILED",
    `Cannot write to "${path}": it failed after record ${sequence}: ${
      messageOf(cause)
    }${unknown}; close it and open it again`,
    { path, sequence, cause },
  );
}
