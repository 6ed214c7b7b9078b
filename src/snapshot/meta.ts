/**
 * The files of a snapshot, and the one that says which of them belong together.
 *
 * `snapshot.meta.json` is one line:
 *
 * ```text
 * {"seq":10,"bytes":123,"crc32":"5d21f0aa","check":"9a8b7c6d"}
 * ```
 *
 * 1. `seq` is the sequence number of the last record that is in the state.
 * 2. `bytes` and `crc32` are those of all of `snapshot.json`.
 * 3. `"version":2` stands behind `crc32` if the version of the state is not 1.
 * 4. `check` is the CRC-32 of the text in front of `,"check"`.
 * 5. A line end follows, and nothing else. Any other spelling is damage.
 *
 * @module
 */

import { crc32 } from "../crc32.ts";
import { DurableError, type DurableErrorDetails } from "../errors.ts";
import type { FileHandle, FileSystem } from "../file_system.ts";

/** Where snapshots are kept. */
export interface SnapshotPlace {
  /** Where the files are. */
  readonly fileSystem: FileSystem;
  /** Their directory. */
  readonly dir: string;
  /** For how many milliseconds the event loop may be held at a time. */
  readonly slice: number;
  /** Name of the log in the directory that the snapshot belongs to. @default {none} */
  readonly journal?: string | undefined;
}

/** The names in the directory. */
export const NAMES = {
  json: "snapshot.json",
  seq: "snapshot.seq",
  meta: "snapshot.meta.json",
  newJson: "snapshot.json.new",
  newSeq: "snapshot.seq.new",
  newMeta: "snapshot.meta.json.new",
  lock: "snapshot.lock",
} as const;

/** What `snapshot.meta.json` says. */
export interface SnapshotMeta {
  /** The sequence number of the last record that is in the state. */
  readonly sequence: number;
  /** Size of `snapshot.json`. */
  readonly bytes: number;
  /** CRC-32 of `snapshot.json`. */
  readonly crc32: number;
  /** Version of the state. */
  readonly version: number;
  /** Name of the log that it belongs to, if it belongs to one. */
  readonly journal?: string | undefined;
}

const encoder = new TextEncoder();
/** Small files are longer than this only if they are damaged. */
const MOST = 4096;

/** The path of a file in the directory. */
export function pathOf(place: SnapshotPlace, name: string): string {
  return `${place.dir}/${name}`;
}

/** The line that says `meta`. */
export function formatMeta(meta: SnapshotMeta): string {
  const { sequence, bytes, version, journal } = meta;
  let text = `{"seq":${sequence},"bytes":${bytes},"crc32":"${hex(meta.crc32)}"`;
  if (version !== 1) text += `,"version":${version}`;
  if (journal !== undefined) text += `,"journal":${ascii(journal)}`;
  return `${text},"check":"${hex(crc32(encoder.encode(text), 0))}"}\n`;
}

const LINE =
  /^\{"seq":(\d+),"bytes":(\d+),"crc32":"([0-9a-f]{8})"(?:,"version":(\d+))?(?:,"journal":("(?:[^"\\]|\\.)*"))?,/;

/** What a line says; `undefined` if it is damaged. */
export function parseMeta(text: string): SnapshotMeta | undefined {
  const [, sequence, bytes, crc, version = "1", journal] = LINE.exec(text) ??
    [];
  const meta: SnapshotMeta = {
    sequence: Number(sequence),
    bytes: Number(bytes),
    crc32: parseInt(crc, 16),
    version: Number(version),
    ...(journal !== undefined && { journal: nameOf(journal) }),
  };
  return formatMeta(meta) === text ? meta : undefined;
}

/** A name as JSON text of ASCII characters. */
function ascii(name: string): string {
  return JSON.stringify(name).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function nameOf(text: string): string {
  try {
    return JSON.parse(text);
  } catch {
    return ""; // it does not become the same text again
  }
}

/**
 * Refuses a snapshot that belongs to another log of the directory.
 *
 * @throws {DurableError} `EXISTS`.
 */
export function refuseOthers(
  { dir, journal }: SnapshotPlace,
  meta: SnapshotMeta | undefined,
): void {
  const owner = meta?.journal;
  if (journal === undefined || owner === undefined || owner === journal) return;
  throw new DurableError(
    "EXISTS",
    `Cannot keep "${journal}" in "${dir}": the snapshot there is that of "${owner}", and a directory holds one state`,
    { path: `${dir}/${NAMES.meta}` },
  );
}

/** The sequence number in `snapshot.seq`; `undefined` if there is none in it. */
export function parseSequence(text: string): number | undefined {
  const number = /^\s*\d+\s*$/.test(text) ? Number(text) : NaN;
  return Number.isSafeInteger(number) ? number : undefined;
}

/**
 * What the committed snapshot's line says; `undefined` if there is none.
 *
 * @throws {DurableError} `CORRUPT` if the line is damaged.
 */
export async function peekMeta(
  place: SnapshotPlace,
): Promise<SnapshotMeta | undefined> {
  const text = await readSmall(place, NAMES.meta);
  return text === undefined ? undefined : requireMeta(place, text);
}

/** {@linkcode parseMeta}, but damage is an error. */
export function requireMeta(place: SnapshotPlace, text: string): SnapshotMeta {
  const meta = parseMeta(text);
  if (meta) return meta;
  throw corrupt(
    place,
    NAMES.meta,
    `"${NAMES.meta}" is damaged; restore the files of the snapshot from one backup`,
  );
}

/** The error for a snapshot that is damaged. */
export function corrupt(
  place: SnapshotPlace,
  name: string,
  reason: string,
  details: DurableErrorDetails = {},
): DurableError {
  const message = `Cannot restore the snapshot in "${place.dir}": ${reason}`;
  return new DurableError("CORRUPT", message, {
    path: pathOf(place, name),
    ...details,
  });
}

/** The error for a snapshot whose file is missing, or not the one that `meta` describes. */
export async function notAsWritten(
  place: SnapshotPlace,
  { sequence, bytes }: SnapshotMeta,
): Promise<DurableError> {
  const handle = await openIfThere(place, NAMES.json);
  let size: number | undefined;
  try {
    size = await handle?.size();
  } finally {
    await handle?.close();
  }
  const what = size === undefined
    ? `is missing, of which "${NAMES.meta}" says that it has ${bytes} bytes`
    : size === bytes
    ? `does not have the checksum that "${NAMES.meta}" says`
    : `has ${size} bytes, and "${NAMES.meta}" says that it has ${bytes}`;
  const reason = `"${NAMES.json}" ${what}; restore both files from one backup`;
  return corrupt(place, NAMES.json, reason, { sequence });
}

/** Opens a file to read; `undefined` if it is not there. */
export async function openIfThere(
  place: SnapshotPlace,
  name: string,
): Promise<FileHandle | undefined> {
  try {
    return await place.fileSystem.open(pathOf(place, name), { mode: "read" });
  } catch (error) {
    if ((error as DurableError).code === "NOT_FOUND") return undefined;
    throw error;
  }
}

/** The beginning of a small file as text, a character for each byte; `undefined` if the file is not there. */
export async function readSmall(
  place: SnapshotPlace,
  name: string,
): Promise<string | undefined> {
  const handle = await openIfThere(place, name);
  if (!handle) return undefined;
  try {
    const buffer = new Uint8Array(MOST);
    const count = await handle.read(buffer, 0);
    return String.fromCharCode(...buffer.subarray(0, count));
  } finally {
    await handle.close();
  }
}

/** Size and CRC-32 of a file as it is; `undefined` if it is not there, or does not have the size that is wanted. */
export async function sumOf(
  place: SnapshotPlace,
  name: string,
  bytes: number,
): Promise<number | undefined> {
  const handle = await openIfThere(place, name);
  if (!handle) return undefined;
  try {
    if (await handle.size() !== bytes) return undefined;
    return await checksum(place.fileSystem, handle, bytes);
  } finally {
    await handle.close();
  }
}

const WINDOW = 1 << 18;

/** CRC-32 of the first `size` bytes of a file. */
export async function checksum(
  fileSystem: FileSystem,
  handle: FileHandle,
  size: number,
): Promise<number> {
  const buffer = new Uint8Array(Math.min(WINDOW, size));
  let crc = 0;
  for (let offset = 0; offset < size;) {
    const room = buffer.subarray(0, Math.min(WINDOW, size - offset));
    const count = await handle.read(room, offset);
    if (count === 0) break;
    crc = fileSystem.crc32(room.subarray(0, count), crc);
    offset += count;
  }
  return crc;
}

/** Whether a file is the one that `meta` speaks of. */
export async function matches(
  place: SnapshotPlace,
  name: string,
  meta: SnapshotMeta,
): Promise<boolean> {
  return await sumOf(place, name, meta.bytes) === meta.crc32;
}

function hex(number: number): string {
  return (number >>> 0).toString(16).padStart(8, "0");
}
