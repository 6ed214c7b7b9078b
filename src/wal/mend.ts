/**
 * Mends the newest segment: keeps a torn tail aside, and puts a copy of the valid
 * bytes in the place of a file that may be in doubt.
 *
 * @module
 */

import { DurableError, messageOf } from "../errors.ts";
import type { FileHandle } from "../file_system.ts";
import type { LogFiles, Tip } from "./active.ts";
import {
  copyRange,
  type FileRange,
  lineAt,
  lineIn,
  sameRange,
  writeAnew,
} from "./files.ts";
import type { ParsedHeader } from "./format.ts";
import { checksumOf } from "./legacy.ts";
import { readLog, type TornTail } from "./reader.ts";
import { checkTail } from "./segment_reader.ts";
import { scanToEnd } from "./scanner.ts";
import { corrupt, draftPath, type Segment } from "./segments.ts";

/** A torn tail that was cut off. */
export interface CutTail extends TornTail {
  /** The file that keeps the bytes. */
  readonly keptAs: string;
}

/** A mini-rs file that was read to its end. */
export interface LegacyFile {
  readonly path: string;
  readonly first: number;
  readonly last: number;
  readonly bytes: number;
  readonly crc: number;
}

/** What mending the newest segment gave. */
export interface Mended {
  /** Where writing can go on; `undefined` if the segment is sealed. */
  readonly tip: Tip | undefined;
  readonly closed: boolean;
  readonly rewrittenBytes: number;
  readonly torn: CutTail | undefined;
  /** The mini-rs files, if the newest is one. */
  readonly legacy: readonly LegacyFile[];
}

/**
 * Mends the newest segment of a journal of v0.2.
 *
 * @param inDoubt Whether the last writer may have left bytes that only the page
 * cache holds.
 */
export async function mend(
  log: LogFiles,
  { path, number, first = 1 }: Segment,
  header: ParsedHeader,
  inDoubt: boolean,
): Promise<Mended> {
  const handle = await log.fileSystem.open(path, { mode: "write" });
  try {
    const size = await handle.size();
    const source = { fileSystem: log.fileSystem, handle, header, size };
    const end = await scanToEnd(source);
    await checkTail(source, end, path);
    const torn = await keepTail(log, handle, end.offset, size);
    const rewrite = inDoubt || !end.closed || torn !== undefined;
    if (rewrite) await replace(log, handle, end.offset, size);
    const { sequence, chain, closed } = end;
    return {
      tip: { number, first, header, sequence, chain, size: end.offset, closed },
      closed: closed && !torn,
      rewrittenBytes: rewrite ? end.offset : 0,
      torn,
      legacy: [],
    };
  } finally {
    await handle.close();
  }
}

/**
 * Puts a copy of the first `length` bytes in the place of the newest segment.
 *
 * A writer that has lost its lock may still have the old file. It acknowledges
 * nothing once the path leads to the copy, as it looks after each sync; so what it
 * acknowledged until then is in the old file when that is looked at again. If that
 * has grown, all of it takes the place of the copy, and opening fails. Nothing is
 * written to the old file: by another name, it may be a log of its own.
 */
async function replace(
  log: LogFiles,
  handle: FileHandle,
  length: number,
  size: number,
): Promise<void> {
  const { path } = log;
  await place(log, path, { handle, offset: 0 }, length);
  const now = await handle.size();
  if (now > size) {
    await copyTo(log, path, { handle, offset: 0 }, now);
    throw corrupt(
      path,
      `it had ${size} bytes when it was opened and has ${now} now: something else writes to it`,
      { offset: size, line: await lineAt(handle, size) },
    );
  }
}

/** Copies a range to a file of its own, and makes it durable under `name`. */
async function copyTo(
  log: LogFiles,
  name: string,
  from: FileRange,
  length: number,
): Promise<void> {
  const { fileSystem, path } = log;
  await writeAnew(
    log,
    name,
    (handle) => copyRange(from, { handle, offset: 0 }, length),
  );
  await fileSystem.syncDir(fileSystem.split(path).dir);
}

/** {@linkcode copyTo}, while nothing of the log was changed yet. */
async function place(
  log: LogFiles,
  name: string,
  from: FileRange,
  length: number,
): Promise<void> {
  const { fileSystem, path } = log;
  try {
    await copyTo(log, name, from, length);
  } catch (error) {
    // A part of a copy is of no use, and on a full disk in the way.
    await fileSystem.remove(draftPath(path)).catch(() => {});
    if ((error as DurableError).code !== "NO_SPACE") throw error;
    // What is cut off is kept first, and takes its share.
    const bytes = from.offset + length;
    throw new DurableError(
      "NO_SPACE",
      `Cannot open "${path}": there is no room to copy its newest segment, which needs ${bytes} bytes: ${
        messageOf(error)
      }; make room and open it again, nothing of the log was changed`,
      { path, cause: error },
    );
  }
}

/**
 * Mends the newest of mini-rs files, and reads all of them for what a header
 * behind them has to say. They have no mark of a clean close: the newest is
 * always in doubt.
 */
export async function mendLegacy(
  log: LogFiles,
  newest: Segment,
  isActive: boolean,
): Promise<Mended> {
  const { fileSystem, path } = log;
  const legacy: LegacyFile[] = [];
  const reading = { decode: JSON.parse, check: (value: unknown) => value };
  let end = { size: 0, offset: 0 };
  const records = readLog({
    fileSystem,
    path,
    reading,
    onSegment: (segment, { sequence, offset, chain }, size) => {
      legacy.push({
        path: segment.path,
        first: (legacy.at(-1)?.last ?? 0) + 1,
        last: sequence,
        bytes: size,
        crc: chain,
      });
      end = { size, offset };
    },
  });
  while (!(await records.next()).done);
  const last = legacy.at(-1);
  if (!isActive && end.offset < end.size) {
    const what = "a sealed segment is damaged";
    const { offset } = end;
    const line = await lineIn(fileSystem, newest.path, offset);
    throw corrupt(newest.path, what, { offset, line });
  }
  if (!isActive || last === undefined) {
    return {
      tip: undefined,
      closed: false,
      rewrittenBytes: 0,
      torn: undefined,
      legacy,
    };
  }
  const handle = await fileSystem.open(newest.path, { mode: "write" });
  try {
    const torn = await keepTail(log, handle, end.offset, end.size);
    await replace(log, handle, end.offset, end.size);
    if (torn) {
      const crc = await checksumOf(fileSystem, handle, end.offset);
      legacy.splice(-1, 1, { ...last, bytes: end.offset, crc });
    }
    return {
      tip: {
        number: newest.number,
        first: last.first,
        header: undefined,
        sequence: last.last,
        chain: 0,
        size: end.offset,
        closed: false,
      },
      closed: false,
      rewrittenBytes: end.offset,
      torn,
      legacy,
    };
  } finally {
    await handle.close();
  }
}

/** Keeps what stands behind `offset` in a file of its own, durable. */
async function keepTail(
  log: LogFiles,
  handle: FileHandle,
  offset: number,
  size: number,
): Promise<CutTail | undefined> {
  if (offset === size) return undefined;
  const { path } = log;
  const line = await lineAt(handle, offset);
  const bytes = size - offset;
  const keptAs = await kept(log, handle, offset, bytes) ??
    await freeName(log, offset);
  await place(log, keptAs, { handle, offset }, bytes);
  return { path, offset, line, bytes, keptAs };
}

/** The file in which a recovery that crashed has kept the same bytes. */
async function kept(
  { fileSystem, path }: LogFiles,
  handle: FileHandle,
  offset: number,
  bytes: number,
): Promise<string | undefined> {
  const { dir, base } = fileSystem.split(path);
  const folder = path.slice(0, path.length - base.length);
  const names = await fileSystem.readDir(dir);
  const prefix = `${base}.torn-${offset}-`;
  for (const name of names.filter((name) => name.startsWith(prefix))) {
    const file = folder + name;
    const info = await fileSystem.stat(file);
    if (info?.kind !== "file" || info.size !== bytes) continue;
    const copy = await fileSystem.open(file, { mode: "read" });
    try {
      const [left, right] = [{ handle, offset }, { handle: copy, offset: 0 }];
      if (await sameRange(left, right, bytes)) return file;
    } finally {
      await copy.close();
    }
  }
  return undefined;
}

/** A name for a torn tail that no file has. */
async function freeName(
  { fileSystem, path }: LogFiles,
  offset: number,
): Promise<string> {
  const time = new Date(fileSystem.now()).toISOString();
  let file = `${path}.torn-${offset}-${time.replaceAll(/[:.]/g, "-")}`;
  while ((await fileSystem.stat(file)) !== undefined) file += "+";
  return file;
}
