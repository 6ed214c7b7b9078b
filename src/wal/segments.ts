/**
 * The files of a log, and whether they belong together.
 *
 * For a log at `journal.jsonl` the active segment has that name, sealed ones are
 * `journal.jsonl.000001`, `.000002` …, and a segment that is about to begin is
 * `journal.jsonl.new-000003` until its turn comes.
 *
 * @module
 */

import { DurableError } from "../errors.ts";
import type { FileHandle, FileSystem } from "../file_system.ts";
import {
  findMark,
  LF,
  MAGIC,
  MAX_MARK_BYTES,
  type ParsedHeader,
  parseHeader,
  parseMark,
  type SealedFile,
} from "./format.ts";

const MAX_HEADER_BYTES = 1 << 20;
/** Six digits or more; three in early versions of mini-rs. */
const SEALED = /^(?:\d{3}|\d{6}|[1-9]\d{6,15})$/;

/** The names that a directory holds for a log. */
export interface Listing {
  /** Whether there is an active segment. */
  readonly active: boolean;
  /** Sealed segments by number, ascending. */
  readonly sealed: ReadonlyMap<number, string>;
  /** Segments about to begin, by number. */
  readonly next: ReadonlyMap<number, string>;
}

/** How a file begins; `partial` is a header that mini-rs was writing. */
export type Head =
  | { readonly kind: "empty" }
  | { readonly kind: "partial" }
  | { readonly kind: "v0.1"; readonly length: number }
  | { readonly kind: "v0.2"; readonly header: ParsedHeader };

/** A segment of a log. */
export interface Segment {
  /** Its file. */
  readonly path: string;
  /** Its number. */
  readonly number: number;
  /** Size of the file in bytes. */
  readonly size: number;
  /** How it begins: `v0.1` or `v0.2`. */
  readonly head: Exclude<Head, { kind: "empty" | "partial" }>;
  /** Sequence number of its first record; `undefined` for a mini-rs file with no v0.2 segment behind it, before it is read. */
  readonly first: number | undefined;
  /** What a later header says of it, if it is a mini-rs file that was sealed. */
  readonly sealed: SealedFile | undefined;
}

/** The file of a sealed segment. */
export function sealedPath(path: string, number: number): string {
  return `${path}.${String(number).padStart(6, "0")}`;
}

/** The file of a segment that is about to begin. */
export function nextPath(path: string, number: number): string {
  return `${path}.new-${String(number).padStart(6, "0")}`;
}

/** A file that is being written, and has no name of its own yet; segments count from 1. */
export function draftPath(path: string): string {
  return nextPath(path, 0);
}

/** The file that is there while a writer has the log open, and after one that did not close it. */
export function openPath(path: string): string {
  return `${path}.open`;
}

/** An error for damage, with its position, and with what to do about it. */
export function corrupt(
  path: string,
  what: string,
  position: {
    offset: number;
    line: number;
    sequence?: number;
    cause?: unknown;
    /** What to do next. */
    advice?: string;
  },
): DurableError {
  const { offset, line, sequence, advice } = position;
  const record = sequence === undefined ? "" : ` (record ${sequence})`;
  const next = advice === undefined ? "" : `; ${advice}`;
  return new DurableError(
    "CORRUPT",
    `Cannot use "${path}": ${what} at byte ${offset}, line ${line}${record}${next}`,
    { path, ...position },
  );
}

/** An error for records that a newer program wrote. */
export function tooNew(
  action: string,
  path: string,
  found: number,
  known: number,
): DurableError {
  return new DurableError(
    "UNSUPPORTED_VERSION",
    `Cannot ${action} "${path}": its records have schema version ${found}, and this program reads those up to ${known}; use a newer program`,
    { path, ...TOP },
  );
}

/** Lists the files of a log; a directory that is missing holds none. */
export async function listSegments(
  fileSystem: FileSystem,
  path: string,
): Promise<Listing> {
  const { dir, base } = fileSystem.split(path);
  let names: string[];
  try {
    names = await fileSystem.readDir(dir);
  } catch (error) {
    if ((error as DurableError).code !== "NOT_FOUND") throw error;
    names = [];
  }
  const sealed: [number, string][] = [];
  const next = new Map<number, string>();
  for (const name of names) {
    if (!name.startsWith(`${base}.`)) continue;
    const suffix = name.slice(base.length + 1);
    const file = path.slice(0, path.length - base.length) + name;
    if (SEALED.test(suffix) && Number(suffix) > 0) {
      sealed.push([Number(suffix), file]);
    } else if (/^new-\d{6,16}$/.test(suffix)) {
      next.set(Number(suffix.slice(4)), file);
    }
  }
  sealed.sort(([a], [b]) => a - b);
  for (const [n, [number, file]] of sealed.entries()) {
    if (n > 0 && sealed[n - 1][0] === number) {
      throw corrupt(file, `segment ${number} exists twice`, TOP);
    }
  }
  return {
    active: names.includes(base),
    sealed: new Map(sealed),
    next,
  };
}

const TOP = { offset: 0, line: 1 };
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Reads how a file begins.
 *
 * @throws {DurableError} `NOT_A_JOURNAL`, `UNSUPPORTED_VERSION`, or `CORRUPT` for
 * a header that is damaged.
 */
export async function readHead(
  handle: FileHandle,
  path: string,
  size: number,
): Promise<Head> {
  if (size === 0) return { kind: "empty" };
  let bytes = new Uint8Array(Math.min(size, 4096));
  let filled = await handle.read(bytes, 0);
  while (
    bytes.indexOf(LF) < 0 && filled === bytes.length &&
    filled < MAX_HEADER_BYTES
  ) {
    bytes = new Uint8Array(MAX_HEADER_BYTES);
    filled = await handle.read(bytes, 0);
  }
  bytes = bytes.subarray(0, filled);
  const length = bytes.indexOf(LF) + 1;
  const text = decoder.decode(bytes.subarray(0, length || filled));
  if (!text.startsWith(MAGIC)) {
    if (length === 0 && MAGIC.startsWith(text)) return { kind: "partial" };
    throw new DurableError(
      "NOT_A_JOURNAL",
      `Cannot use "${path}": it is not a journal, it begins with ${
        JSON.stringify(text.slice(0, 24))
      }`,
      { path, ...TOP },
    );
  }
  const version = /^(\d+)\.(\d+)\.\d+/.exec(text.slice(MAGIC.length));
  const [known, major, minor] = version ?? ["", "", ""];
  if (version && (major !== "0" || (minor !== "1" && minor !== "2"))) {
    throw new DurableError(
      "UNSUPPORTED_VERSION",
      `Cannot use "${path}": it is a journal of version ${known}, and this program reads 0.1 and 0.2`,
      { path, ...TOP },
    );
  }
  if (length === 0) {
    // Only mini-rs begins a file in place; a header of v0.2 is whole before it
    // gets its name.
    const rest = text.slice(MAGIC.length);
    if (/^(?:0(?:\.(?:1(?:\.\d*)?)?)?)?$/.test(rest)) {
      return { kind: "partial" };
    }
  } else if (minor === "1") {
    if (/^\r?\n$/.test(text.slice(MAGIC.length + known.length))) {
      return { kind: "v0.1", length };
    }
  } else {
    const header = parseHeader(bytes.subarray(0, length));
    if (header) return { kind: "v0.2", header };
  }
  throw corrupt(path, "the header is damaged", TOP);
}

/**
 * Opens a file of a log to read it.
 *
 * @throws {DurableError} `NOT_A_JOURNAL` if it is a FIFO, a socket or a device: it
 * is not opened. What the file system reports.
 */
export async function openToRead(
  fileSystem: FileSystem,
  path: string,
): Promise<FileHandle> {
  try {
    return await fileSystem.open(path, { mode: "read" });
  } catch (cause) {
    if ((cause as DurableError).code !== "NOT_A_FILE") throw cause;
    throw new DurableError(
      "NOT_A_JOURNAL",
      `Cannot open "${path}": it is not a regular file`,
      { path, cause },
    );
  }
}

/** Opens a file to read, reads how it begins and ends, and closes it. */
export async function inspect(
  fileSystem: FileSystem,
  path: string,
): Promise<{ head: Head; size: number; closing: Closing | undefined }> {
  const handle = await openToRead(fileSystem, path);
  try {
    const size = await handle.size();
    const head = await readHead(handle, path, size);
    const closing = head.kind === "v0.2"
      ? await readClosing(handle, size)
      : undefined;
    return { head, size, closing };
  } finally {
    await handle.close();
  }
}

/** What the closed line at the end of a segment states. */
export interface Closing {
  readonly sequence: number;
  readonly chain: number;
}

async function readClosing(
  handle: FileHandle,
  size: number,
): Promise<Closing | undefined> {
  const bytes = new Uint8Array(Math.min(size, MAX_MARK_BYTES + 1));
  const filled = await handle.read(bytes, size - bytes.length);
  for (let at = -1;;) {
    at = findMark(bytes, at + 1, filled, false);
    if (at < 0) return undefined;
    const mark = parseMark(bytes, at, filled);
    if (mark?.kind === "closed" && at + mark.length === filled) return mark;
  }
}
