/**
 * Reads a snapshot. Nothing is written, and no lock is taken.
 *
 * What counts, in this order:
 *
 * 1. A file of minisnap 0.1.3, `snapshot_00000000000000000042.json`, whose number
 *    is above the one in `snapshot.meta.json`, or else in `snapshot.seq`.
 * 2. `snapshot.json`, if its size and CRC-32 are those in `snapshot.meta.json`;
 *    its number is the one in there, whatever `snapshot.seq` says.
 * 3. `snapshot.json.new`, if it is the one that has them: a create was cut behind
 *    its commit point.
 * 4. `snapshot.json` with the number in `snapshot.seq`, if there is no
 *    `snapshot.meta.json`, or another number in it: an older minisnap wrote them.
 *    A number below ours is not believed beside `snapshot.seq.new`: then it is
 *    the one of our own snapshot before, whose successor was cut short.
 *
 * Anything else is damage. While a snapshot is replaced, the files are of two; so
 * they are read anew if `snapshot.meta.json` has changed meanwhile.
 *
 * @module
 */

import { DurableError } from "../errors.ts";
import type { FileHandle } from "../file_system.ts";
import {
  type ParsedFile,
  parseFile,
  type ParseLimits,
  UnreadableError,
} from "./json_file.ts";
import {
  checksum,
  corrupt,
  NAMES,
  notAsWritten,
  openIfThere,
  parseSequence,
  pathOf,
  readSmall,
  refuseOthers,
  requireMeta,
  type SnapshotMeta,
  type SnapshotPlace,
} from "./meta.ts";
import { latestNumbered, readNumbered } from "./numbered.ts";
import type { JsonBuilder } from "./plain.ts";

/** How a snapshot is read. */
export interface SnapshotReading {
  /** The highest version of the state that can be read. */
  readonly version: number;
  /** Bounds of memory. @default those for files of any size */
  readonly limits?: ParseLimits | undefined;
}

/** A snapshot that was read. */
export interface ReadSnapshot {
  /** What the builder made. */
  readonly state: unknown;
  /** The sequence number of the last record that is in it. */
  readonly sequence: number;
  /** The version it was written with; 1 if another program wrote it. */
  readonly version: number;
  /** Size of its file in bytes; 0 if another program wrote it. */
  readonly bytes: number;
}

/** What stands in the directory. */
interface Found {
  readonly meta: SnapshotMeta | undefined;
  /** The number in `snapshot.seq`. */
  readonly seq: number | undefined;
}

const ATTEMPTS = 10;

/**
 * Reads the snapshot that counts.
 *
 * @param place Where it is.
 * @param reading What can be read.
 * @param builder Makes the state. It may be asked to begin anew; what it made before is thrown away then.
 * @throws {DurableError} `NOT_FOUND` if there is none, `CORRUPT` if it is damaged,
 * `UNSUPPORTED_VERSION` if its version is above the one that can be read, `BUSY`
 * if it is replaced all the time.
 */
export async function readSnapshot(
  place: SnapshotPlace,
  reading: SnapshotReading,
  builder: JsonBuilder,
): Promise<ReadSnapshot> {
  for (let n = 0; n < ATTEMPTS; n++) {
    const line = await readSmall(place, NAMES.meta);
    let found: ReadSnapshot | undefined;
    let failure: unknown;
    try {
      found = await attempt(place, reading, builder, line);
    } catch (error) {
      failure = error;
    }
    if (await readSmall(place, NAMES.meta) !== line) continue;
    if (found) return found;
    throw failure;
  }
  throw new DurableError(
    "BUSY",
    `Cannot restore the snapshot in "${place.dir}": it is replaced faster than it can be read; try again`,
    { path: place.dir },
  );
}

async function attempt(
  place: SnapshotPlace,
  reading: SnapshotReading,
  builder: JsonBuilder,
  line: string | undefined,
): Promise<ReadSnapshot> {
  const found: Found = {
    meta: line === undefined ? undefined : requireMeta(place, line),
    seq: parseSequence(await readSmall(place, NAMES.seq) ?? ""),
  };
  const { meta, seq } = found;
  refuseOthers(place, meta);
  // 1.
  const numbered = await latestNumbered(place);
  if (numbered && numbered.sequence > (meta?.sequence ?? seq ?? -1)) {
    const { limits } = reading;
    const state = await readNumbered(place, numbered, builder, limits);
    return { state, sequence: numbered.sequence, version: 1, bytes: 0 };
  }
  const ours = meta && await readOurs(place, reading, builder, found, meta);
  const snapshot = ours ?? await readForeign(place, reading, builder, found);
  if (snapshot) return snapshot;
  if (meta) throw await notAsWritten(place, meta);
  const json = await openIfThere(place, NAMES.json);
  await json?.close();
  if (json) {
    throw corrupt(
      place,
      NAMES.seq,
      `"${NAMES.seq}" holds no number; restore the files of the snapshot from one backup`,
    );
  }
  if (await readSmall(place, NAMES.seq) !== undefined) {
    throw corrupt(
      place,
      NAMES.json,
      `"${NAMES.json}" is missing, and "${NAMES.seq}" is there; restore both files from one backup`,
    );
  }
  throw new DurableError(
    "NOT_FOUND",
    `Cannot restore the snapshot in "${place.dir}": there is none`,
    { path: pathOf(place, NAMES.json) },
  );
}

/** 2. and 3.: the snapshot that `meta` names; `undefined` if it is not there. */
async function readOurs(
  place: SnapshotPlace,
  reading: SnapshotReading,
  builder: JsonBuilder,
  { seq }: Found,
  meta: SnapshotMeta,
): Promise<ReadSnapshot | undefined> {
  const { sequence, version, bytes } = meta;
  if (version > reading.version) {
    throw new DurableError(
      "UNSUPPORTED_VERSION",
      `Cannot restore the snapshot in "${place.dir}": its version is ${version}, and this program reads versions up to ${reading.version}; use a newer program`,
      { path: pathOf(place, NAMES.meta), sequence },
    );
  }
  // The second one may have become the first one just now.
  for (const name of [NAMES.json, NAMES.newJson, NAMES.json]) {
    if (name === NAMES.newJson && seq !== undefined && seq > sequence) continue;
    const state = await readMatching(place, reading, builder, name, meta);
    if (state) return { state: state.value, sequence, version, bytes };
  }
  return undefined;
}

/** What a file holds, if it is the one that `meta` names. */
async function readMatching(
  place: SnapshotPlace,
  { limits }: SnapshotReading,
  builder: JsonBuilder,
  name: string,
  meta: SnapshotMeta,
): Promise<ParsedFile | undefined> {
  const handle = await openIfThere(place, name);
  if (!handle) return undefined;
  try {
    if (await handle.size() !== meta.bytes) return undefined;
    const { fileSystem } = place;
    try {
      const file = await parseFile(fileSystem, handle, builder, limits);
      return file.crc32 === meta.crc32 ? file : undefined;
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      const sum = await checksum(fileSystem, handle, meta.bytes);
      if (sum !== meta.crc32) return undefined;
      throw unreadable(place, name, error);
    }
  } finally {
    await handle.close();
  }
}

/** 4.: what an older minisnap wrote; `undefined` if it cannot be that. */
async function readForeign(
  place: SnapshotPlace,
  { limits }: SnapshotReading,
  builder: JsonBuilder,
  { meta, seq }: Found,
): Promise<ReadSnapshot | undefined> {
  if (seq === undefined || seq === meta?.sequence) return undefined;
  if (meta && seq < meta.sequence) {
    if (await readSmall(place, NAMES.newSeq) !== undefined) return undefined;
  }
  const handle: FileHandle | undefined = await openIfThere(place, NAMES.json);
  if (!handle) return undefined;
  try {
    await refuseTornPair(place);
    const file = await parseFile(place.fileSystem, handle, builder, limits);
    return { state: file.value, sequence: seq, version: 1, bytes: 0 };
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    throw unreadable(place, NAMES.json, error);
  } finally {
    await handle.close();
  }
}

/** minisnap renames the state first: with only the number left to be renamed, the two are of two snapshots. */
async function refuseTornPair(place: SnapshotPlace): Promise<void> {
  const [json, seq] = [`${NAMES.json}.tmp`, `${NAMES.seq}.tmp`];
  const isThere = (name: string) => place.fileSystem.stat(pathOf(place, name));
  if (await isThere(json) || !await isThere(seq)) return;
  const reason =
    `"${seq}" is there and "${json}" is not, so minisnap was interrupted between its two renames, and the state and the number belong to different snapshots; restore both files from one backup`;
  throw corrupt(place, NAMES.seq, reason);
}

function unreadable(
  place: SnapshotPlace,
  name: string,
  cause: UnreadableError,
): DurableError {
  const { message, offset } = cause;
  const reason = `"${name}" is damaged: ${message}`;
  return corrupt(place, name, reason, { offset, cause });
}

/** Whether there is a snapshot, be it damaged. */
export async function snapshotExists(place: SnapshotPlace): Promise<boolean> {
  if (await readSmall(place, NAMES.meta) !== undefined) return true;
  if (await latestNumbered(place)) return true;
  const { fileSystem } = place;
  for (const name of [NAMES.json, NAMES.seq]) {
    if (!await fileSystem.stat(pathOf(place, name))) return false;
  }
  return true;
}
