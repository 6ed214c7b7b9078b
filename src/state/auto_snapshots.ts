/**
 * When a snapshot is written automatically.
 *
 * One is due when the log has grown, since the last snapshot, by the option
 * `snapshotAfter` or by the size of that snapshot, whichever is more. So:
 *
 * 1. A program that opens the state replays no more than that.
 * 2. Each snapshot is paid for by the bytes logged after it: all of them together
 *    write no more than the log, but for the last one, however large the state is.
 * 3. A program that is restarted often gets its snapshot too: what opening replayed
 *    counts.
 *
 * It is looked at when mutations have become durable, and when a snapshot is done
 * during which the log went on; so nothing runs that no write has caused, and
 * opening alone writes nothing. One that fails changes nothing else; the next
 * attempt is made when the log has grown by as much again.
 *
 * @module
 */

/** What opening a state found. */
export interface Found {
  /** Size of the snapshot in bytes. */
  readonly snapshotBytes: number;
  /** Size of the log after it, in bytes. */
  readonly tailBytes: number;
}

/** Begins snapshots when they are due. */
export class AutoSnapshots {
  readonly #after: number;
  readonly #log: { readonly durableBytes: number };
  /** Size of the log after the snapshot that opening found. */
  readonly #tail: number;
  /** Size of the last snapshot. */
  #size: number;
  /** What `logged` must reach for the next snapshot. */
  #due: number;
  #run: () => Promise<unknown>;
  #running: Promise<void> | undefined;
  #error: unknown;
  #isStopped = false;

  /**
   * @param after The option `snapshotAfter`.
   * @param log Counts what is written from here on.
   * @param found What is there already.
   * @param run Writes a snapshot, unless none {@linkcode AutoSnapshots.isDue} any
   * more when its turn comes.
   */
  constructor(
    after: number,
    log: { readonly durableBytes: number },
    { snapshotBytes, tailBytes }: Found,
    run: () => Promise<unknown>,
  ) {
    this.#after = after;
    this.#log = log;
    this.#tail = tailBytes;
    this.#size = snapshotBytes;
    this.#due = this.#distance;
    this.#run = run;
  }

  /** How many durable bytes were logged after the snapshot that opening found. */
  get logged(): number {
    return this.#tail + this.#log.durableBytes;
  }

  /** Whether the log has grown enough. */
  get isDue(): boolean {
    return this.logged >= this.#due;
  }

  /** Why the last snapshot that was begun automatically has failed; `undefined` after one that has not. */
  get error(): unknown {
    return this.#error;
  }

  /** Does something else in the place of writing a snapshot. */
  replace(run: () => Promise<unknown>): void {
    this.#run = run;
  }

  /** Begins a snapshot if one is due and none is under way. */
  consider(): void {
    if (!this.isDue || this.#running || this.#isStopped) return;
    // Not at once: the group that is being acknowledged must be shown first.
    this.#running = Promise.resolve().then(() => this.#run())
      .then(() => {}, (error) => {
        this.#due = Math.max(this.#due, this.logged + this.#distance);
        this.#error = error;
      })
      .then(() => {
        this.#running = undefined;
        this.consider();
      });
  }

  /**
   * A snapshot was written, whoever has asked for it.
   *
   * @param logged What {@linkcode AutoSnapshots.logged} was at its moment.
   * @param size Its size in bytes.
   */
  wrote(logged: number, size: number): void {
    this.#size = size;
    this.#due = logged + this.#distance;
    this.#error = undefined;
  }

  /**
   * Begins nothing more; resolves when nothing runs. What is under way is finished:
   * a program whose runs are all short would never get a snapshot otherwise.
   */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  get #distance(): number {
    return Math.max(this.#after, this.#size);
  }
}
