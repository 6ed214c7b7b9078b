/**
 * Opens a log for writing: finds what a crash left, mends what a crash can have
 * caused, and refuses everything else. The caller holds the lock.
 *
 * In this order, each step durable before the next:
 *
 * 1. The segments must follow each other ({@linkcode planLog}).
 * 2. A rename that a power cut left under both names is finished.
 * 3. The newest segment is read. A torn tail is copied to a file beside it, and
 *    cut off.
 * 4. The last group and what follows it is written again in place, with the same
 *    bytes, and synced: after a failed sync the page cache can show bytes that
 *    the disk does not hold, and only writing them again brings them there.
 * 5. A missing first segment is created, a rotation that was interrupted is
 *    finished, a mini-rs file is sealed.
 * 6. Names that are left over are removed.
 *
 * @module
 */

import { DurableError } from "../errors.ts";
import { splitPath } from "../path.ts";
import {
  ActiveSegment,
  beginSegment,
  type LegacyHeader,
  type LogFiles,
  randomId,
  type Tip,
} from "./active.ts";
import type { SealedFile, SegmentHeader } from "./format.ts";
import { type CutTail, type LegacyFile, mend, mendLegacy } from "./mend.ts";
import { type Plan, planLog } from "./plan.ts";
import { corrupt, inspect, sealedPath, type Segment } from "./segments.ts";

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
  /** How many bytes at the end were written again, to be sure that the disk holds them. */
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

/** Refuses what is not a journal to be written before anything is created beside it. */
export async function refuseForeign(
  { fileSystem, path }: LogFiles,
  format: Format,
): Promise<void> {
  const info = await fileSystem.stat(path);
  if (info === undefined) return;
  if (info.kind !== "file") {
    const [code, what] = info.kind === "directory"
      ? ["IS_DIRECTORY", "it is a directory"] as const
      : ["NOT_A_JOURNAL", "it is not a regular file"] as const;
    throw new DurableError(code, `Cannot open "${path}": ${what}`, { path });
  }
  let kind: string;
  try {
    kind = (await inspect(fileSystem, path)).head.kind;
  } catch (error) {
    // A writer may be moving it; the lock will tell.
    if ((error as DurableError).code === "NOT_FOUND") return;
    throw error;
  }
  checkFormat(path, kind, format);
}

function checkFormat(path: string, kind: string | undefined, format: Format) {
  if (kind !== "v0.2" || format === "v0.2") return;
  throw new DurableError(
    "UNSUPPORTED_VERSION",
    `Cannot open "${path}" in format v0.1: it is a journal of v0.2`,
    { path },
  );
}

/**
 * Opens a log for writing.
 *
 * @param log Where it is.
 * @param format What to write.
 * @returns The log, mended, with its newest segment open.
 */
export async function openLog(log: LogFiles, format: Format): Promise<OpenLog> {
  const { fileSystem, path } = log;
  const { dir } = splitPath(path);
  const plan = await planLog(fileSystem, path);
  const newest = plan.segments.at(-1);
  checkFormat(path, newest?.head.kind, format);
  if (plan.renamedTwice) {
    await fileSystem.remove(path);
    await fileSystem.syncDir(dir);
  }
  const isActive = newest !== undefined && newest.number > plan.lastSealed;
  const mended = newest === undefined
    ? undefined
    : newest.head.kind === "v0.2"
    ? isActive ? await mend(log, newest, newest.head.header) : undefined
    : await mendLegacy(log, newest, isActive);
  const legacy = mended?.legacy ?? [];
  const upgraded = newest?.head.kind === "v0.1" && format === "v0.2";
  let tip = mended?.tip;
  if (newest === undefined) {
    tip = await beginSegment(log, firstHeader(format), false);
  } else if (isActive && upgraded) {
    tip = await beginSegment(log, behindLegacy(newest.number, legacy), true);
  } else if (tip === undefined) {
    const header = await interrupted(log, format, plan, newest, legacy);
    tip = await beginSegment(log, header, false);
  }
  for (const name of plan.next.values()) {
    if ((await fileSystem.stat(name)) !== undefined) {
      await fileSystem.remove(name);
    }
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

const NO_LEGACY: readonly SealedFile[] = [];

function firstHeader(format: Format): SegmentHeader | LegacyHeader {
  const place = { segment: 1, first: 1 };
  return format === "v0.1"
    ? place
    : { ...place, prev: 0, id: randomId(), dropped: 0, sealed: NO_LEGACY };
}

/** The header of the first v0.2 segment behind mini-rs files. */
function behindLegacy(
  number: number,
  legacy: readonly LegacyFile[],
): SegmentHeader {
  const last = legacy.at(-1);
  return {
    segment: number + 1,
    first: (last?.last ?? 0) + 1,
    prev: last?.crc ?? 0,
    id: randomId(),
    dropped: 0,
    sealed: legacy.map((f) => [f.last - f.first + 1, f.bytes, f.crc]),
  };
}

/** The header that a rotation was about to begin with, when it was interrupted. */
async function interrupted(
  { fileSystem }: LogFiles,
  format: Format,
  plan: Plan,
  newest: Segment,
  legacy: readonly LegacyFile[],
): Promise<SegmentHeader | LegacyHeader> {
  const number = newest.number;
  let header: SegmentHeader;
  if (newest.head.kind === "v0.1") {
    header = behindLegacy(number, legacy);
    if (format === "v0.1") return { segment: number + 1, first: header.first };
  } else {
    const { closing, size } = await inspect(fileSystem, newest.path);
    if (closing === undefined) {
      const what = "the end of a sealed segment is damaged";
      throw corrupt(newest.path, what, { offset: size, line: 1 });
    }
    header = {
      segment: number + 1,
      first: closing.sequence + 1,
      prev: closing.chain,
      id: randomId(),
      dropped: newest.head.header.dropped,
      sealed: NO_LEGACY,
    };
  }
  const prepared = plan.next.get(number + 1);
  if (prepared === undefined) return header;
  const { head } = await inspect(fileSystem, prepared);
  const fits = head.kind === "v0.2" && head.header.segment === number + 1 &&
    head.header.first === header.first && head.header.prev === header.prev;
  return fits ? head.header : header;
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
  for (const { path: file, first, last } of segments) {
    if (file !== path) sealed.push({ path: file, first, last });
    else if (first < tip.first) {
      sealed.push({ path: sealedPath(path, tip.number - 1), first, last });
    }
  }
  return sealed;
}
