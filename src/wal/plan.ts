/**
 * From the files of a log to the order in which they are read.
 *
 * @module
 */

import { DurableError } from "../errors.ts";
import type { FileHandle, FileSystem } from "../file_system.ts";
import { lineIn, sameRange } from "./files.ts";
import type { ParsedHeader, SealedFile } from "./format.ts";
import { scanToEnd } from "./scanner.ts";
import {
  type Closing,
  corrupt,
  type Head,
  inspect,
  listSegments,
  readHead,
  sealedPath,
  type Segment,
} from "./segments.ts";

/** What a log consists of. */
export interface Plan {
  /** Its segments in order, the newest last. */
  readonly segments: readonly Segment[];
  /** Number of the newest sealed segment; 0 if there is none. */
  readonly lastSealed: number;
  /** Names left over from a segment that was about to begin. */
  readonly next: ReadonlyMap<number, string>;
  /** Whether the active file is the newest sealed segment under its old name. */
  readonly renamedTwice: boolean;
}

interface Found {
  readonly path: string;
  readonly number: number;
  readonly head: Head;
  readonly size: number;
  readonly closing: Closing | undefined;
}

const TOP = { offset: 0, line: 1 };

/**
 * Looks at the beginning and the end of each file, and checks that the segments
 * follow each other. What is between is not read.
 *
 * A writer may rotate meanwhile: the active file is looked at first, and what is
 * sealed from then on is left out.
 *
 * @throws {DurableError} `CORRUPT` for a segment that is missing, swapped,
 * repeated or foreign.
 */
export async function planLog(
  fileSystem: FileSystem,
  path: string,
): Promise<Plan> {
  const active = await inspectActive(fileSystem, path);
  const listing = await listSegments(fileSystem, path);
  const number = active?.head.kind === "v0.2"
    ? active.head.header.segment
    : Infinity;
  if (active && !listing.active && !listing.sealed.has(number)) {
    throw new DurableError(
      "EXISTS",
      `Cannot use "${path}": its directory lists it under another spelling; use the name as it is listed`,
      { path },
    );
  }
  for (const [number, name] of listing.next) {
    if (number > 0) await refuseUsed(fileSystem, name); // else it is a draft
  }
  const front = [...listing.sealed].filter(([sealed]) => sealed < number);
  const found = await inspectSealed(fileSystem, front);
  const beyond = [...listing.sealed].filter(([sealed]) => sealed >= number);
  const before = found.at(-1);
  const last = await inspectSealed(
    fileSystem,
    beyond.filter(([sealed]) => sealed === number),
  );
  const twin = number === Infinity ? before : last[0];
  const renamedTwice = active !== undefined && twin !== undefined &&
    listing.next.has(twin.number + 1) &&
    await isRenamedTwice(fileSystem, twin, active);
  if (renamedTwice) found.push(...last);
  const strange = renamedTwice ? beyond.slice(last.length) : beyond;
  if (active && strange.length > 0) {
    const now = await inspectActive(fileSystem, path);
    const isSame = now?.head.kind === "v0.2" &&
      now.head.header.segment === number;
    const foreign = isSame && await inspectSealed(fileSystem, strange);
    if (foreign && foreign.length > 0) {
      const what =
        `it comes after the active segment, which is ${number}, so it is not a part of this log,`;
      const advice = "move it to another directory";
      throw corrupt(foreign[0].path, what, { ...TOP, advice });
    }
  }
  const lastSealed = found.at(-1)?.number ?? 0;
  const kind = active?.head.kind;
  if (active && !renamedTwice && kind !== "empty" && kind !== "partial") {
    const own = number === Infinity ? lastSealed + 1 : number;
    found.push({ ...active, number: own });
  }
  const segments = await link(fileSystem, found);
  const newest = found.at(-1);
  if (
    newest?.number === lastSealed && newest.head.kind === "v0.2" &&
    !listing.next.has(lastSealed + 1)
  ) {
    const what = `segment ${
      lastSealed + 1
    } is missing, which comes after the sealed segment "${newest.path}",`;
    const advice = "restore the file from a backup";
    throw corrupt(path, what, { ...TOP, advice });
  }
  return { segments, lastSealed, next: listing.next, renamedTwice };
}

async function inspectActive(
  fileSystem: FileSystem,
  path: string,
): Promise<Omit<Found, "number"> | undefined> {
  try {
    return { path, ...await inspect(fileSystem, path) };
  } catch (error) {
    if ((error as DurableError).code === "NOT_FOUND") return undefined;
    throw error;
  }
}

/**
 * A segment has its name, durable, before it takes a record. A prepared one that
 * holds records has lost it, to a disk or to a hand: they are not ours to remove.
 */
async function refuseUsed(fileSystem: FileSystem, path: string): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await fileSystem.open(path, { mode: "read" });
  } catch (error) {
    const { code } = error as DurableError;
    // It has begun, or is not ours.
    if (["NOT_FOUND", "IS_DIRECTORY", "NOT_A_FILE"].includes(code)) return;
    throw error;
  }
  try {
    const size = await handle.size();
    const head = await readHead(handle, path, size).catch(unlessDamaged);
    if (head?.kind !== "v0.2") return; // a part of a header, to be written again
    const { header } = head;
    const { sequence } = await scanToEnd({ fileSystem, handle, header, size });
    if (sequence < header.first || !await fileSystem.stat(path)) return;
    const what =
      `it holds records up to ${sequence}, and has the name of a segment that was only prepared`;
    const at = { offset: header.length, line: 2, sequence: header.first };
    throw corrupt(path, what, at);
  } finally {
    await handle.close();
  }
}

/** Lets the damage of a prepared segment pass: it holds nothing, and is written again. */
export function unlessDamaged(error: DurableError): undefined {
  const damage = ["CORRUPT", "NOT_A_JOURNAL", "UNSUPPORTED_VERSION"];
  if (!damage.includes(error.code)) throw error;
}

/** How many files are looked at together. */
const TOGETHER = 32;
/** Numbers from here on may be dates that somebody gave to copies. */
export const MAYBE_DATE = 10_000_000;

async function inspectSealed(
  fileSystem: FileSystem,
  files: readonly (readonly [number, string])[],
): Promise<Found[]> {
  const found: Found[] = [];
  for (let n = 0; n < files.length; n += TOGETHER) {
    const some = files.slice(n, n + TOGETHER).map(async ([number, path]) => {
      const result = await inspectOne(fileSystem, path).catch((error) => {
        if (number < MAYBE_DATE) throw error;
      });
      if (!result) return [];
      const isDate = number >= MAYBE_DATE &&
        (result.head.kind !== "v0.2" || result.head.header.segment !== number);
      return isDate ? [] : [{ path, number, ...result }];
    });
    // All of them settle before one may fail, so that no file stays in use.
    for (const result of await Promise.allSettled(some)) {
      if (result.status === "rejected") throw result.reason;
      found.push(...result.value);
    }
  }
  return found;
}

/** A sealed segment has a header for certain: without one it is damaged. */
async function inspectOne(fileSystem: FileSystem, path: string) {
  try {
    const result = await inspect(fileSystem, path);
    if (result.head.kind === "empty" || result.head.kind === "partial") {
      throw corrupt(path, "the header of a sealed segment is missing", TOP);
    }
    return result;
  } catch (error) {
    if ((error as DurableError).code !== "NOT_A_JOURNAL") throw error;
    throw corrupt(path, "the header is damaged", { ...TOP, cause: error });
  }
}

/** A rename that a power cut left under both names: the same file twice. */
async function isRenamedTwice(
  fileSystem: FileSystem,
  sealed: Found,
  active: Omit<Found, "number">,
): Promise<boolean> {
  if (sealed.size !== active.size || sealed.head.kind !== active.head.kind) {
    return false;
  }
  const a = await fileSystem.open(sealed.path, { mode: "read" });
  try {
    const b = await fileSystem.open(active.path, { mode: "read" });
    try {
      const [left, right] = [a, b].map((handle) => ({ handle, offset: 0 }));
      return await sameRange(left, right, sealed.size);
    } finally {
      await b.close();
    }
  } finally {
    await a.close();
  }
}

/** Checks that each segment is the one that follows the segment before it. */
async function link(
  fileSystem: FileSystem,
  found: readonly Found[],
): Promise<Segment[]> {
  const start = found.findIndex(({ head }) => head.kind === "v0.2");
  const legacy = start < 0 ? found : found.slice(0, start);
  const header = start < 0 ? undefined : headerOf(found[start]);
  const sealed = header
    ? await legacyFiles(fileSystem, legacy, found[start], header)
    : [];
  for (const [n, { path, number, head }] of found.entries()) {
    if (n > 0 && found[n - 1].number + 1 !== number) {
      throw missing(found[n - 1], found[n]);
    }
    if (start >= 0 && n > start && head.kind !== "v0.2") {
      throw corrupt(path, "a mini-rs file follows a journal of v0.2", TOP);
    }
  }
  for (let n = Math.max(start, 0); n < found.length && start >= 0; n++) {
    const { path, number } = found[n];
    const { segment, first, prev } = headerOf(found[n]);
    if (segment !== number) {
      const what =
        `the file is named for segment ${number} and holds segment ${segment}`;
      throw corrupt(path, what, TOP);
    }
    if (n > start) {
      const before = found[n - 1];
      if (before.closing === undefined) {
        const offset = before.size;
        const line = await lineIn(fileSystem, before.path, offset);
        const at = { offset, line };
        throw corrupt(
          before.path,
          "the end of a sealed segment is damaged",
          at,
        );
      }
      const { sequence, chain } = before.closing;
      if (chain !== prev || sequence + 1 !== first) {
        const what = `segment ${number} does not continue segment ${
          number - 1
        }`;
        throw corrupt(path, what, { ...TOP, sequence: first });
      }
    } else if (segment === 1 && (first !== 1 || prev !== 0)) {
      throw corrupt(path, "segment 1 does not begin with record 1", TOP);
    }
  }
  const segments = found.map(({ path, number, head, size }, n) => ({
    path,
    number,
    size,
    head: head as Segment["head"],
    first: head.kind === "v0.2" ? head.header.first : sealed[n]?.first,
    sealed: sealed[n]?.file,
  }));
  const newest = segments.at(-1)?.head;
  const dropped = newest?.kind === "v0.2" ? newest.header.dropped : Infinity;
  const [{ path, first } = { path: "", first: 0 }] = segments;
  if (first !== undefined && first > dropped + 1) {
    const lost = first === dropped + 2
      ? `record ${dropped + 1} is missing`
      : `records ${dropped + 1} to ${first - 1} are missing`;
    const removed = dropped === 0
      ? "none was removed"
      : `only those up to ${dropped} were removed`;
    throw corrupt(
      path,
      `${lost}: the log begins with record ${first}, and ${removed} by truncateBefore, retain or compact,`,
      {
        ...TOP,
        sequence: first,
        advice:
          "restore the segments before this one from a backup, even if a snapshot holds their records",
      },
    );
  }
  return segments;
}

/** The error for segments that are missing between two others. */
function missing(before: Found, after: Found): DurableError {
  const [first, last] = [before.number + 1, after.number - 1];
  const stem = before.path.slice(0, before.path.lastIndexOf("."));
  const [what, files] = first === last
    ? [`segment ${first} is missing`, `"${sealedPath(stem, first)}"`]
    : [
      `segments ${first} to ${last} are missing`,
      `"${sealedPath(stem, first)}" to "${sealedPath(stem, last)}"`,
    ];
  return corrupt(
    after.path,
    `${what}: this file is segment ${after.number}, and the one before it is segment ${before.number},`,
    { ...TOP, advice: `restore ${files} from a backup` },
  );
}

/** What the first v0.2 header says of the mini-rs files in front of it. */
async function legacyFiles(
  fileSystem: FileSystem,
  legacy: readonly Found[],
  next: Found,
  header: ParsedHeader,
): Promise<{ file: SealedFile; first: number }[]> {
  const files = header.sealed.slice(-legacy.length || header.sealed.length);
  if (files.length < legacy.length) {
    const what = "it does not continue all the mini-rs files before it";
    throw corrupt(next.path, what, TOP);
  }
  let first = header.first;
  for (const [n, { path, size }] of legacy.entries()) {
    const [, bytes] = files[n];
    if (size === bytes) continue;
    const what = `it had ${bytes} bytes when it was sealed, and has ${size}`;
    const offset = Math.min(bytes, size);
    const line = await lineIn(fileSystem, path, offset);
    throw corrupt(path, what, { offset, line });
  }
  return legacy.map((_, n) => files[n]).reverse().map((file) => {
    first -= file[0];
    return { file, first };
  }).reverse();
}

function headerOf(found: Found): ParsedHeader {
  if (found.head.kind !== "v0.2") throw new TypeError("Not a v0.2 segment");
  return found.head.header;
}
