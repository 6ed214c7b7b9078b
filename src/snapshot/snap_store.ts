/**
 * Snapshots of a state.
 *
 * @module
 */

import type { FileSystem } from "../file_system.ts";
import { defaultFileSystem } from "../runtime.ts";
import type { SnapshotPlace } from "./meta.ts";
import { plainBuilder, plainSource } from "./plain.ts";
import { prettyPieces } from "./pretty.ts";
import { readSnapshot, snapshotExists } from "./read.ts";
import { writeSnapshot } from "./write.ts";

/** How snapshots are kept. */
export interface SnapStoreOptions {
  /** Where the files are. @default {defaultFileSystem()} */
  readonly fileSystem?: FileSystem | undefined;
  /** Version of the state, and the highest one that can be read. Range: 1 and up. @default {1} */
  readonly version?: number | undefined;
  /** For how many milliseconds writing may hold the event loop at a time; less costs speed. Range: 1 and up. @default {10} */
  readonly slice?: number | undefined;
}

/** A snapshot that was restored. */
export interface Snapshot<S = unknown> {
  /** The state. */
  readonly state: S;
  /** The sequence number of the last record that is in it. */
  readonly sequence: number;
  /** The version it was created with; 1 if another program created it. */
  readonly version: number;
}

/**
 * Keeps one snapshot of a state in a directory, with the sequence number of the
 * last record that is in it.
 *
 * - **Old or new.** After a crash at any moment {@linkcode SnapStore.restore}
 *   gives the snapshot before or the new one, complete, with its own number.
 * - **Durable.** When {@linkcode SnapStore.create} has resolved, the snapshot
 *   survives a power cut.
 * - **Checked.** Every bit counts: damage is `CORRUPT`, never another state.
 * - **Forward only.** A snapshot is never replaced by one with a lower number.
 * - **Any size.** The text is written and read in pieces: it may be longer than
 *   the longest string, and the event loop gets its turn. Three things are one
 *   step each, however long it takes: a string; the list of one object's keys,
 *   about 300 ms for 1,000,000 keys; and reading a file that another program has
 *   laid out in another way.
 * - **Readable.** `snapshot.json` is `JSON.stringify(state, null, 2)`, which
 *   minisnap (Rust) up to 0.1.2 reads with the number in `snapshot.seq`; its
 *   snapshots, and those of 0.1.3, are restored too. They have no checksum, and
 *   numbers beyond 2^53 in them lose digits.
 *
 * @typeParam S The type of the state: JSON data.
 *
 * @example Create and restore
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MemoryFileSystem, SnapStore } from "@mini-ts/durable";
 *
 * const fileSystem = new MemoryFileSystem(); // leave it out for real files
 *
 * const store = new SnapStore<{ counter: number }>("state", { fileSystem });
 * await store.create({ counter: 42 }, 10);
 *
 * const { state, sequence } = await store.restore();
 * assertEquals(state, { counter: 42 });
 * assertEquals(sequence, 10);
 * ```
 */
export class SnapStore<S = unknown> {
  /** The directory, as it was given; the first {@linkcode SnapStore.create} makes it. */
  readonly dir: string;
  readonly #place: Promise<SnapshotPlace>;
  readonly #version: number;
  #last: Promise<void> = Promise.resolve();

  /**
   * Makes a store; nothing is read or written yet.
   *
   * @param dir The directory. A relative path counts from the working directory, which
   * may change after the first `await`. From the root it may have 490 bytes of UTF-8.
   * @param options How snapshots are kept.
   * @throws {TypeError} If the directory is not a path, or an option is not known.
   * @throws {RangeError} If an option is out of range.
   */
  constructor(dir: string, options: SnapStoreOptions = {}) {
    if (typeof dir !== "string" || dir === "" || dir.includes("\0")) {
      throw new TypeError(
        `Cannot use ${
          JSON.stringify(dir)
        } as the directory of snapshots: it is not a path`,
      );
    }
    checkKeys(options);
    const { fileSystem, version = 1, slice = 10 } = options;
    checkWhole("the option version", version, 1);
    if (typeof slice !== "number" || !(slice >= 1)) {
      throw new RangeError(
        `Cannot use ${slice} as the option slice: it is not a number from 1`,
      );
    }
    this.dir = dir;
    this.#version = version;
    this.#place = placeOf(dir, fileSystem, slice);
    this.#place.catch(() => {}); // each call rejects with it
  }

  /**
   * Creates a snapshot in the place of the one that is there.
   *
   * - A state whose JSON text has up to 262,144 characters is read before the
   *   call returns. A larger one must not be changed until the promise resolves.
   * - Calls of one store wait for each other. A second store on the same
   *   directory, in this process or another, is refused while one writes.
   * - If it rejects, the snapshot before is kept. Only where the message says that
   *   the outcome is not known, the new one may count.
   * - What a crash left is removed first.
   *
   * @param state The state: what JSON gives back as it is. `undefined` members are left out.
   * @param sequence The sequence number of the last record that is in it. Range: 0 and up.
   * @throws {TypeError} If JSON would change the state, such as a `Date` in it. Nothing of it is kept.
   * @throws {RangeError} If the number is out of range, or below that of the snapshot
   * that is there, or the path of the directory is too long.
   * @throws {DurableError} `LOCKED` if somebody else creates one; else what the file system said.
   */
  async create(state: S, sequence: number): Promise<void> {
    checkWhole("the sequence number", sequence, 0);
    const pieces = readAhead(prettyPieces(state, plainSource()));
    const version = this.#version;
    const done = this.#last.then(async () => {
      await writeSnapshot(await this.#place, { pieces, sequence, version });
    });
    this.#last = done.catch(() => {});
    await done;
  }

  /**
   * Restores the snapshot. It needs no lock, writes nothing, and may run while one
   * is created.
   *
   * @throws {DurableError} `NOT_FOUND` if there is none, `CORRUPT` if it is damaged,
   * `UNSUPPORTED_VERSION` if its version is above that of this store, `BUSY` if it
   * is replaced all the time.
   */
  async restore(): Promise<Snapshot<S>> {
    const reading = { version: this.#version };
    const { state, sequence, version } = await readSnapshot(
      await this.#place,
      reading,
      plainBuilder,
    );
    return { state: state as S, sequence, version };
  }

  /** Whether there is a snapshot to restore; it may be damaged. */
  async exists(): Promise<boolean> {
    return await snapshotExists(await this.#place);
  }
}

async function placeOf(
  dir: string,
  chosen: FileSystem | undefined,
  slice: number,
): Promise<SnapshotPlace> {
  const fileSystem = chosen ?? await defaultFileSystem();
  return { fileSystem, dir: fileSystem.resolve(dir), slice };
}

const AHEAD_UNITS = 1 << 18;

/** Takes the first pieces now, the others when they are asked for. */
function readAhead(pieces: Generator<string>): Iterable<string> {
  const taken: string[] = [];
  let units = 0;
  while (units <= AHEAD_UNITS) {
    const next = pieces.next();
    if (next.done) break;
    taken.push(next.value);
    units += next.value.length;
  }
  return follow(taken, pieces);
}

function* follow(
  taken: readonly string[],
  pieces: Iterable<string>,
): Generator<string> {
  yield* taken;
  yield* pieces;
}

function checkKeys(options: SnapStoreOptions): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError("Cannot use the options: they are not an object");
  }
  const known = ["fileSystem", "version", "slice"];
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) {
      throw new TypeError(
        `Cannot use the option ${key}: it is not one of ${known.join(", ")}`,
      );
    }
  }
}

function checkWhole(what: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new RangeError(
      `Cannot use ${
        String(value)
      } as ${what}: it is not a whole number from ${least}`,
    );
  }
}
