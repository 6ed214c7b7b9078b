/**
 * Opens a log for writing: finds what a crash left, mends what a crash can have
 * caused, and refuses everything else. The caller holds the lock.
 *
 * In this order, each step durable before the next:
 *
 * 1. The segments must follow each other ({@linkcode planLog}).
 * 2. The newest segment is read. A torn tail is copied to a file beside it.
 * 3. If the last writer did not close the log, or there is a torn tail, a copy of
 *    the valid bytes takes the place of the newest segment: after a failed sync
 *    the page cache can show bytes that the disk does not hold, and only blocks
 *    that were never in doubt are sure to keep them.
 * 4. A missing first segment is created; a rotation that was interrupted, or a
 *    rename that a power cut left under both names, is finished; a mini-rs file is
 *    sealed.
 * 5. Names that are left over are removed, and a file says that the log is open.
 *
 * @module
 */

import { DurableError } from "../errors.ts";
import type { FileSystem } from "../file_system.ts";
import {
  ActiveSegment,
  beginSegment,
  type LegacyHeader,
  type LogFiles,
  randomId,
  type Tip,
} from "./active.ts";
import { lineAt } from "./files.ts";
import type { ParsedHeader, SealedFile, SegmentHeader } from "./format.ts";
import { type CutTail, type LegacyFile, mend, mendLegacy } from "./mend.ts";
import { type Plan, planLog, unlessDamaged } from "./plan.ts";
import { type ScanEnd, scanToEnd } from "./scanner.ts";
import {
  corrupt,
  type Head,
  inspect,
  openPath,
  readHead,
  sealedPath,
  type Segment,
  tooNew,
} from "./segments.ts";

/** What opening a log for writing found and did. */
export interface Recovery {
  /** Whether there was no journal, and one was created. */
  readonly created: boolean;
  /** Whether the last writer had closed the journal. */
  readonly closed: boolean;
  /** Whether a journal of v0.2 was begun behind mini-rs files. */
  readonly upgraded: boolean;
  /** Whether a rotation that a crash had interrupted was finished. */
  readonly rotated: boolean;
  /** How many bytes were copied to a new file, to be sure that the disk holds them; 0 if the last writer had closed the log. */
  readonly rewrittenBytes: number;
  /** What a crash had left at the end; `undefined` if nothing. It was cut off. */
  readonly torn: CutTail | undefined;
}

/** A segment in front of the active one. */
export interface SealedSegment {
  /** Its file. */
  readonly path: string;
  /** Sequence number of its first record. */
  readonly first: number;
  /** Sequence number of its last record. */
  readonly last: number;
}

/** A log that is ready to be written. */
export interface OpenLog {
  /** The segment that takes new groups. */
  readonly active: ActiveSegment;
  /** The segments in front of it, oldest first. */
  readonly sealed: SealedSegment[];
  /** What was found and done. */
  readonly recovery: Recovery;
}

type Format = "v0.1" | "v0.2";

/** What a log is written as. */
export interface LogEdition {
  /** The format of new segments. */
  readonly format: Format;
  /** The schema version of new records, from 1. */
  readonly schema: number;
}

/** Names that a log would remove beside itself, or replace. */
const OF_ANOTHER_LOG = /\.(open|lock|lock\.holder|new-\d{6,16})$/;

/** Refuses what is not a journal to be written before anything is created beside it. */
export async function refuseForeign(
  { fileSystem, path }: LogFiles,
  format: Format,
): Promise<void> {
  if (OF_ANOTHER_LOG.test(path)) {
    throw new TypeError(
      `Cannot open "${path}" for writing: the name is one that another log uses for its own files`,
    );
  }
  const info = await fileSystem.stat(path);
  if (info === undefined) return;
  if (info.kind !== "file") {
    const [code, what] = info.kind === "directory"
      ? ["IS_DIRECTORY", "it is a directory"] as const
      : ["NOT_A_JOURNAL", "it is not a regular file"] as const;
    throw new DurableError(code, `Cannot open "${path}": ${what}`, { path });
  }
  let head: Head;
  try {
    ({ head } = await inspect(fileSystem, path));
  } catch (error) {
    // A writer may be moving it; the lock will tell.
    if ((error as DurableError).code === "NOT_FOUND") return;
    throw error;
  }
  checkFormat(path, head.kind, format);
  const stem = path.slice(0, path.lastIndexOf("."));
  if (
    head.kind === "v0.2" && path === sealedPath(stem, head.header.segment) &&
    (await fileSystem.stat(stem)) !== undefined
  ) {
    throw new TypeError(
      `Cannot open "${path}" for writing: it is a sealed segment of "${stem}"; open that instead`,
    );
  }
}

function checkFormat(path: string, kind: string | undefined, format: Format) {
  if (kind !== "v0.2" || format === "v0.2") return;
  throw new DurableError(
    "UNSUPPORTED_VERSION",
    `Cannot open "${path}" in format v0.1: it is a journal of v0.2; open it in format v0.2`,
    { path },
  );
}

/** Refuses what a program with a higher schema version has written. */
function checkSchema(segments: readonly Segment[], schema: number): void {
  for (const { path, head } of segments) {
    if (head.kind !== "v0.2" || head.header.schema <= schema) continue;
    throw tooNew("open", path, head.header.schema, schema);
  }
}

/**
 * Opens a log for writing.
 *
 * @param log Where it is.
 * @param edition What to write.
 * @returns The log, mended, with its newest segment open. Opening writes no schema
 * version that was not there: only the writer does, with the records that have it.
 */
export async function openLog(
  log: LogFiles,
  edition: LogEdition,
): Promise<OpenLog> {
  const { fileSystem, path } = log;
  const { format } = edition;
  const { dir } = fileSystem.split(path);
  const plan = await planLog(fileSystem, path);
  checkSchema(plan.segments, edition.schema);
  const marker = openPath(path);
  const inDoubt = await isMarked(fileSystem, marker);
  const newest = plan.segments.at(-1);
  checkFormat(path, newest?.head.kind, format);
  const isActive = newest !== undefined && newest.number > plan.lastSealed;
  const mended = newest === undefined
    ? undefined
    : newest.head.kind === "v0.2"
    ? isActive
      ? await mend(log, newest, newest.head.header, inDoubt)
      : undefined
    : await mendLegacy(log, newest, isActive);
  const legacy = mended?.legacy ?? [];
  const upgraded = newest?.head.kind === "v0.1" && format === "v0.2";
  let tip = mended?.tip;
  if (newest === undefined) {
    tip = await beginSegment(log, firstHeader(log, format), false);
  } else if (isActive && upgraded) {
    tip = await beginSegment(
      log,
      behindLegacy(log, newest.number, legacy),
      true,
    );
  } else if (tip === undefined) {
    const header = await interrupted(log, format, plan, newest, legacy);
    if (plan.renamedTwice) {
      await fileSystem.remove(path);
      await fileSystem.syncDir(dir);
    }
    tip = await beginSegment(log, header, false);
  }
  for (const name of plan.next.values()) {
    if ((await fileSystem.stat(name))?.kind === "file") {
      await fileSystem.remove(name);
    }
  }
  if (!inDoubt) {
    await (await fileSystem.open(marker, { mode: "create" })).close();
  }
  await fileSystem.syncDir(dir);
  return {
    active: await ActiveSegment.open(log, tip),
    sealed: sealedSegments(log, plan, legacy, tip),
    recovery: {
      created: newest === undefined,
      closed: mended?.closed ?? false,
      upgraded,
      rotated: newest !== undefined && !isActive,
      rewrittenBytes: mended?.rewrittenBytes ?? 0,
      torn: mended?.torn,
    },
  };
}

/** Whether the last writer did not close the log. */
async function isMarked(
  fileSystem: FileSystem,
  marker: string,
): Promise<boolean> {
  const info = await fileSystem.stat(marker);
  if (info === undefined || (info.kind === "file" && info.size === 0)) {
    return info !== undefined;
  }
  // The mark is empty, and closing removes it: this must be somebody's file.
  throw new DurableError(
    "EXISTS",
    `Cannot mark a log as open: "${marker}" exists already, and is not the empty file that marks an open log; move it away`,
    { path: marker },
  );
}

const NO_LEGACY: readonly SealedFile[] = [];

/** The schema version of a log in which no record has a higher one. */
const LOWEST_SCHEMA = 1;

function firstHeader(
  log: LogFiles,
  format: Format,
): SegmentHeader | LegacyHeader {
  const place = { segment: 1, first: 1 };
  if (format === "v0.1") return place;
  const id = randomId(log);
  const schema = LOWEST_SCHEMA;
  return { ...place, prev: 0, id, schema, dropped: 0, sealed: NO_LEGACY };
}

/** The header of the first v0.2 segment behind mini-rs files. */
function behindLegacy(
  log: LogFiles,
  number: number,
  legacy: readonly LegacyFile[],
): SegmentHeader {
  const last = legacy.at(-1);
  return {
    segment: number + 1,
    first: (last?.last ?? 0) + 1,
    prev: last?.crc ?? 0,
    id: randomId(log),
    schema: LOWEST_SCHEMA,
    dropped: 0,
    sealed: legacy.map((f) => [f.last - f.first + 1, f.bytes, f.crc]),
  };
}

/** The header that a rotation was about to begin with, when it was interrupted. */
async function interrupted(
  log: LogFiles,
  format: Format,
  plan: Plan,
  newest: Segment,
  legacy: readonly LegacyFile[],
): Promise<SegmentHeader | LegacyHeader> {
  const number = newest.number;
  let header: SegmentHeader;
  if (newest.head.kind === "v0.1") {
    header = behindLegacy(log, number, legacy);
    // A prepared header may list the files as they were before a change.
    return format === "v0.2"
      ? header
      : { segment: number + 1, first: header.first };
  } else {
    const end = await scanSealed(log, newest.path, newest.head.header);
    header = {
      segment: number + 1,
      first: end.sequence + 1,
      prev: end.chain,
      id: randomId(log),
      schema: newest.head.header.schema,
      dropped: newest.head.header.dropped,
      sealed: NO_LEGACY,
    };
  }
  const path = plan.next.get(number + 1);
  const prepared = path && await readPrepared(log, path);
  const fits = prepared && prepared.segment === number + 1 &&
    prepared.first === header.first && prepared.prev === header.prev;
  // It holds no records, and the one that it was prepared for may never come.
  return fits ? { ...prepared, schema: header.schema } : header;
}

/** Reads a sealed segment to its end, because nothing behind it vouches for it. */
async function scanSealed(
  { fileSystem }: LogFiles,
  path: string,
  header: ParsedHeader,
): Promise<ScanEnd> {
  const handle = await fileSystem.open(path, { mode: "read" });
  try {
    const size = await handle.size();
    const end = await scanToEnd({ fileSystem, handle, header, size });
    if (end.closed && end.offset === size) return end;
    throw corrupt(path, "a sealed segment is damaged", {
      offset: end.offset,
      line: await lineAt(handle, end.offset),
      sequence: end.sequence + 1,
    });
  } finally {
    await handle.close();
  }
}

/** The header of a prepared segment; `undefined` if a crash left none that can be used. */
async function readPrepared(
  { fileSystem }: LogFiles,
  path: string,
): Promise<SegmentHeader | undefined> {
  const handle = await fileSystem.open(path, { mode: "read" });
  try {
    const size = await handle.size();
    const head = await readHead(handle, path, size).catch(unlessDamaged);
    return head?.kind === "v0.2" ? head.header : undefined;
  } finally {
    await handle.close();
  }
}

function sealedSegments(
  { path }: LogFiles,
  plan: Plan,
  legacy: readonly LegacyFile[],
  tip: Tip,
): SealedSegment[] {
  const segments = legacy.length > 0
    ? legacy
    : plan.segments.map((segment, n) => ({
      path: segment.path,
      first: segment.first ?? 1,
      last: (plan.segments.at(n + 1)?.first ?? tip.first) - 1,
    }));
  const sealed: SealedSegment[] = [];
  // A mini-rs file that was sealed just now; it may hold no record.
  const wasSealed = tip.number > (plan.segments.at(-1)?.number ?? Infinity);
  for (const { path: file, first, last } of segments) {
    if (file !== path) sealed.push({ path: file, first, last });
    else if (wasSealed) {
      sealed.push({ path: sealedPath(path, tip.number - 1), first, last });
    }
  }
  return sealed;
}
