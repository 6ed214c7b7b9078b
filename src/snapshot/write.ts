/**
 * Writes a snapshot.
 *
 * 1. Settle: sync the directory. If a create was cut behind its commit point,
 *    give its files their names, and sync the directory again. Then remove what
 *    is left of files named `.new`.
 * 2. Write `snapshot.json.new`, `snapshot.seq.new` and `snapshot.meta.json.new`,
 *    each made anew, and synced twice: a failure may be reported one call late.
 * 3. Sync the directory: once the line in `snapshot.meta.json` counts, a power cut
 *    must not take the name of the file it speaks of.
 * 4. Rename `snapshot.meta.json.new`, and sync the directory. This is the commit
 *    point.
 * 5. Rename the other two, and sync the directory.
 *
 * A failure in front of the rename in 4 keeps the snapshot that is there; what
 * was begun is removed. A failure from there on leaves the outcome unknown; then
 * nothing is removed, because one of the two snapshots needs it.
 *
 * The directory is synced before anything is removed or renamed in 1: what is
 * visible may not be durable yet, and a power cut could bring back the line of
 * the snapshot before, with its file gone.
 *
 * @module
 */

import { DurableError, messageOf } from "../errors.ts";
import type { FileHandle } from "../file_system.ts";
import { checkPathLengths } from "../path_limits.ts";
import {
  corrupt,
  formatMeta,
  matches,
  NAMES,
  notAsWritten,
  parseMeta,
  parseSequence,
  pathOf,
  peekMeta,
  readSmall,
  refuseOthers,
  type SnapshotMeta,
  type SnapshotPlace,
} from "./meta.ts";
import { latestNumbered } from "./numbered.ts";
import { nullBuilder } from "./plain.ts";
import { readSnapshot } from "./read.ts";

/** A snapshot to write. */
export interface NewSnapshot {
  /** The state as JSON text; a line end is added. */
  readonly pieces: Iterable<string>;
  /** The sequence number of the last record that is in it. */
  readonly sequence: number;
  /** Version of the state. */
  readonly version: number;
  /** Whether to take `snapshot.lock`; `false` for a caller that holds another lock. @default true */
  readonly lock?: boolean | undefined;
}

const encoder = new TextEncoder();
/** Text is written when there is so much of it, in UTF-16 units. */
const WRITE_UNITS = 1 << 16;

/**
 * Writes a snapshot in the place of the one that is there.
 *
 * @param place Where.
 * @param snapshot What.
 * @returns What was committed.
 * @throws {RangeError} If there is a snapshot with a higher sequence number.
 * @throws {DurableError} `LOCKED` if somebody else writes one; else what the file system said.
 */
export async function writeSnapshot(
  place: SnapshotPlace,
  snapshot: NewSnapshot,
): Promise<SnapshotMeta> {
  const { fileSystem, dir } = place;
  if (snapshot.lock !== false) {
    const lock = `/${NAMES.lock}`;
    checkPathLengths(fileSystem, "create a snapshot in", dir, { lock });
  }
  await fileSystem.mkdir(dir);
  const lock = snapshot.lock === false
    ? undefined
    : await fileSystem.lock(pathOf(place, NAMES.lock));
  try {
    refuseOthers(place, parseMeta(await readSmall(place, NAMES.meta) ?? ""));
    await settleSnapshot(place);
    await refuseOlder(place, snapshot.sequence);
    const meta = await prepare(place, snapshot);
    await commit(place, snapshot.sequence);
    return meta;
  } finally {
    await lock?.release();
  }
}

/**
 * Finishes what a create that was cut short had begun, or removes it. What
 * {@linkcode readSnapshot} gives stays the same, and is durable from then on.
 *
 * @param place Where; the caller holds a lock.
 */
export async function settleSnapshot(place: SnapshotPlace): Promise<void> {
  // 1.
  const { fileSystem, dir } = place;
  if (!await fileSystem.stat(dir)) return;
  await fileSystem.syncDir(dir);
  const meta = parseMeta(await readSmall(place, NAMES.meta) ?? "");
  if (meta) await finish(place, meta);
  for (const name of [NAMES.newMeta, NAMES.newSeq, NAMES.newJson]) {
    const path = pathOf(place, name);
    if (await fileSystem.stat(path)) await fileSystem.remove(path);
  }
}

/**
 * Reads the committed snapshot back and compares its size and CRC-32, without
 * parsing it: what a log may be cut by must be there.
 *
 * @param place Where it is.
 * @param sequence The sequence number that it must have.
 * @throws {DurableError} `CORRUPT` if it is damaged or another one, `NOT_FOUND` if there is none.
 */
export async function checkSnapshot(
  place: SnapshotPlace,
  sequence: number,
): Promise<void> {
  const meta = await peekMeta(place);
  if (!meta) {
    throw new DurableError(
      "NOT_FOUND",
      `Cannot check the snapshot in "${place.dir}": there is none`,
      { path: pathOf(place, NAMES.meta) },
    );
  }
  if (meta.sequence !== sequence) {
    const reason = `it is at ${meta.sequence}, not at ${sequence}`;
    throw corrupt(place, NAMES.meta, reason, { sequence: meta.sequence });
  }
  for (const name of [NAMES.json, NAMES.newJson, NAMES.json]) {
    if (await matches(place, name, meta)) return;
  }
  throw await notAsWritten(place, meta);
}

async function refuseOlder(
  place: SnapshotPlace,
  sequence: number,
): Promise<void> {
  const refuse = (name: string, other: number) => {
    throw new RangeError(
      `Cannot create a snapshot at ${sequence} in "${place.dir}": "${name}" is at ${other}, and is newer`,
    );
  };
  const numbered = await latestNumbered(place);
  // Even a damaged one: it would hide the new one.
  if (numbered && numbered.sequence > sequence) {
    refuse(numbered.name, numbered.sequence);
  }
  const meta = parseMeta(await readSmall(place, NAMES.meta) ?? "");
  const seq = parseSequence(await readSmall(place, NAMES.seq) ?? "");
  if (Math.max(meta?.sequence ?? 0, seq ?? 0) <= sequence) return;
  let there: number;
  try {
    const reading = { version: Infinity };
    ({ sequence: there } = await readSnapshot(place, reading, nullBuilder));
  } catch (error) {
    const { code } = error as DurableError;
    if (code === "CORRUPT" || code === "NOT_FOUND") return; // it is replaced
    throw error;
  }
  if (there > sequence) refuse(NAMES.json, there);
}

/** 2. and 3. */
async function prepare(
  place: SnapshotPlace,
  snapshot: NewSnapshot,
): Promise<SnapshotMeta> {
  const { fileSystem, dir } = place;
  const { sequence, version } = snapshot;
  try {
    let bytes = 0;
    let crc32 = 0;
    await writeNew(place, NAMES.newJson, async (handle) => {
      for (const text of slices(place, snapshot.pieces)) {
        const part = encoder.encode(text);
        crc32 = fileSystem.crc32(part, crc32);
        await handle.write(part, bytes);
        bytes += part.length;
      }
    });
    const { journal } = place;
    const meta: SnapshotMeta = { sequence, bytes, crc32, version, journal };
    await writeText(place, NAMES.newSeq, `${sequence}`);
    await writeText(place, NAMES.newMeta, formatMeta(meta));
    await fileSystem.syncDir(dir);
    return meta;
  } catch (error) {
    await removeNew(place);
    throw error;
  }
}

/** 4. and 5. */
async function commit(place: SnapshotPlace, sequence: number): Promise<void> {
  const { fileSystem, dir } = place;
  try {
    await rename(place, NAMES.newMeta, NAMES.meta);
    await fileSystem.syncDir(dir);
    await rename(place, NAMES.newJson, NAMES.json);
    await rename(place, NAMES.newSeq, NAMES.seq);
    await fileSystem.syncDir(dir);
  } catch (error) {
    const { code = "IO", path = dir } = error as DurableError;
    throw new DurableError(
      code,
      `${
        messageOf(error)
      }; whether the snapshot at ${sequence} counts is unknown until it is read again`,
      { path, sequence, cause: error },
    );
  }
}

/** The text with its line end, in parts that take no longer than a slice to make. */
function* slices(
  { fileSystem, slice }: SnapshotPlace,
  pieces: Iterable<string>,
): Generator<string> {
  let text = "";
  let begun = fileSystem.now();
  for (const piece of pieces) {
    text += piece;
    const elapsed = fileSystem.now() - begun;
    // The clock may have been set back.
    const spent = elapsed >= slice || elapsed < 0;
    if (text.length < WRITE_UNITS && !spent) continue;
    yield text;
    text = "";
    begun = fileSystem.now();
  }
  yield `${text}\n`;
}

/** Makes a file anew; its bytes are durable, its name is not. */
async function writeNew(
  place: SnapshotPlace,
  name: string,
  fill: (handle: FileHandle) => Promise<void>,
): Promise<void> {
  const path = pathOf(place, name);
  const handle = await place.fileSystem.open(path, { mode: "create" });
  try {
    await fill(handle);
    await handle.sync();
    await handle.sync(); // a failure may be reported one call late
  } finally {
    await handle.close();
  }
}

async function writeText(
  place: SnapshotPlace,
  name: string,
  text: string,
): Promise<void> {
  await writeNew(place, name, (handle) => {
    return handle.write(encoder.encode(text), 0);
  });
}

function rename(
  place: SnapshotPlace,
  from: string,
  to: string,
): Promise<void> {
  return place.fileSystem.rename(pathOf(place, from), pathOf(place, to));
}

/** Removes what was begun; what cannot be removed is left to the next create. */
async function removeNew(place: SnapshotPlace): Promise<void> {
  for (const name of [NAMES.newMeta, NAMES.newSeq, NAMES.newJson]) {
    try {
      await place.fileSystem.remove(pathOf(place, name));
    } catch {
      // The error that led here says more.
    }
  }
}

/** Gives the files that belong to `meta` their names, where a create was cut behind its commit point. */
async function finish(place: SnapshotPlace, meta: SnapshotMeta): Promise<void> {
  const seq = parseSequence(await readSmall(place, NAMES.seq) ?? "") ?? -1;
  if (seq > meta.sequence) return; // another program has written since
  let renamed = false;
  // If the file that counts is there, a second one was begun later, and may not be durable.
  if (
    await matches(place, NAMES.newJson, meta) &&
    !await matches(place, NAMES.json, meta)
  ) {
    await rename(place, NAMES.newJson, NAMES.json);
    renamed = true;
  }
  const newSeq = parseSequence(await readSmall(place, NAMES.newSeq) ?? "");
  if (seq < meta.sequence && newSeq === meta.sequence) {
    await rename(place, NAMES.newSeq, NAMES.seq);
    renamed = true;
  }
  if (renamed) await place.fileSystem.syncDir(place.dir);
}
