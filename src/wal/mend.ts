/**
 * Mends the newest segment: cuts a torn tail off and writes again what may be in
 * doubt.
 *
 * @module
 */

import type { FileHandle } from "../file_system.ts";
import type { LogFiles, Tip } from "./active.ts";
import { copyRange, lineAt, lineIn, sameRange } from "./files.ts";
import type { ParsedHeader } from "./format.ts";
import { checksumOf } from "./legacy.ts";
import { readLog, type TornTail } from "./reader.ts";
import { checkTail } from "./segment_reader.ts";
import { scanToEnd } from "./scanner.ts";
import { corrupt, type Segment } from "./segments.ts";

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

/** Mends the newest segment of a journal of v0.2. */
export async function mend(
  log: LogFiles,
  { path, number, first = 1 }: Segment,
  header: ParsedHeader,
): Promise<Mended> {
  const handle = await log.fileSystem.open(path, { mode: "write" });
  try {
    const size = await handle.size();
    const source = { fileSystem: log.fileSystem, handle, header, size };
    const end = await scanToEnd(source);
    await checkTail(source, end, path);
    const torn = await cutTail(log, handle, end.offset, size);
    const range = { handle, offset: end.groupBefore };
    const rewrittenBytes = end.offset - end.groupBefore;
    await copyRange(range, range, rewrittenBytes);
    await handle.sync();
    const { sequence, chain, closed } = end;
    return {
      tip: { number, first, header, sequence, chain, size: end.offset, closed },
      closed: closed && !torn,
      rewrittenBytes,
      torn,
      legacy: [],
    };
  } finally {
    await handle.close();
  }
}

/**
 * Mends the newest of mini-rs files, and reads all of them for what a header
 * behind them has to say. They have no groups: which bytes a failed sync put in doubt
 * cannot be told, so all of the newest file is written again.
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
    const torn = await cutTail(log, handle, end.offset, end.size);
    const range = { handle, offset: 0 };
    await copyRange(range, range, end.offset);
    await handle.truncate(end.offset); // the size may be in doubt as well
    await handle.sync();
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

/** Cuts the file at `offset`, for the caller to sync; what was behind is durable in another file before. */
async function cutTail(
  { fileSystem, path }: LogFiles,
  handle: FileHandle,
  offset: number,
  size: number,
): Promise<CutTail | undefined> {
  if (offset === size) return undefined;
  const line = await lineAt(handle, offset);
  const bytes = size - offset;
  const keptAs = await keepAside({ fileSystem, path }, handle, offset, bytes);
  await handle.truncate(offset);
  return { path, offset, line, bytes, keptAs };
}

/** Copies cut bytes to a file of their own, unless a recovery that crashed has done so. */
async function keepAside(
  { fileSystem, path }: LogFiles,
  handle: FileHandle,
  offset: number,
  bytes: number,
): Promise<string> {
  const { dir, base } = fileSystem.split(path);
  const prefix = `${base}.torn-${offset}-`;
  const folder = path.slice(0, path.length - base.length);
  const names = await fileSystem.readDir(dir);
  const range = { handle, offset };
  for (const name of names.filter((name) => name.startsWith(prefix))) {
    const file = folder + name;
    const info = await fileSystem.stat(file);
    if (info?.kind !== "file" || info.size !== bytes) continue;
    const kept = await fileSystem.open(file, { mode: "write" });
    try {
      const copy = { handle: kept, offset: 0 };
      if (!await sameRange(range, copy, bytes)) continue;
      await copyRange(copy, copy, bytes);
      await kept.sync();
    } finally {
      await kept.close();
    }
    await fileSystem.syncDir(dir);
    return file;
  }
  const time = new Date(fileSystem.now()).toISOString().replaceAll(
    /[:.]/g,
    "-",
  );
  let file = `${path}.torn-${offset}-${time}`;
  while (names.includes(file.slice(folder.length))) file += "+";
  const kept = await fileSystem.open(file, { mode: "create" });
  try {
    await copyRange(range, { handle: kept, offset: 0 }, bytes);
    await kept.sync();
  } catch (error) {
    await kept.close();
    // A part of a copy is of no use, and on a full disk in the way.
    await fileSystem.remove(file).catch(() => {});
    throw error;
  }
  await kept.close();
  await fileSystem.syncDir(dir);
  return file;
}
