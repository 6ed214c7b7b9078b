/**
 * What must come out of the files of a log, whatever was done to them.
 *
 * The model knows every byte that was ever written, so it computes no checksum:
 * it compares. It is as strict as the formats allow.
 *
 * **v0.2, always told.** A sealed file that differs in a byte from what was
 * sealed; a file that is missing, in the wrong place, there twice, or of another
 * log, unless the list below says otherwise; a segment with records under the
 * name of one that has not begun; in the newest segment everything
 * behind the first byte that differs from what was written: it does not count,
 * back to the mark before it; there, a later group between two marks that is
 * intact behind the damage proves that this was no torn write, and so does any
 * mark behind a single byte that changed.
 *
 * **v0.2, never told.** (1) The end of the newest segment cut at a mark, or
 * damaged from there to its end: a shorter log, as after a crash; only `closed`
 * in the report tells. (2) A complete older copy of the newest segment: the same.
 * (3) All files in place of all files: another log, or the same one earlier. (4)
 * Front segments that were removed on request are back: a longer log. (5) The
 * newest segment gone while a prepared one is there, or while all the others are
 * mini-rs files, or while there are no others: what an interrupted rotation, or
 * an interrupted creation, leaves.
 *
 * **v0.1** has no checksums. A record is what a whole line of JSON says, so
 * damage that gives JSON again, other versions of files, and files missing in
 * front or last of all are never told. Told are: a line that is not JSON in front
 * of one that is, or anywhere in a file that is not the last; a gap in the
 * numbers; everything, once a v0.2 segment behind the file holds its checksum.
 */

import { type Files, PATH } from "../support/journals.ts";
import type { World } from "./journals.ts";
import { legacyVerdict } from "./legacy_model.ts";
import {
  type Boundary,
  firstLine,
  type KnownSegment,
  latin1,
  type Lineage,
  sameBytes,
} from "./lineage.ts";

/** What must come out. */
export type Verdict =
  | { readonly kind: "nothing" }
  | Refused
  | Readable;

/** The log must be refused. */
export interface Refused {
  readonly kind: "refused";
  readonly why: string;
  /** Whether `open` may accept it: it does not read the middle of sealed files. */
  readonly openMay: boolean;
  /** Records of logs from which reading may give some before it meets the damage. */
  readonly known: readonly (readonly string[])[];
}

/** The log has exactly these records. */
export interface Readable {
  readonly kind: "log";
  /** Sequence number of the first record. */
  readonly first: number;
  readonly texts: readonly string[];
  /** The newest file. */
  readonly path: string;
  /** Where what counts of it ends. */
  readonly offset: number;
  /** Whether something stands behind that. */
  readonly torn: boolean;
  readonly closed: boolean;
  /** Whether it must be read; else it may be refused, because the tail holds what looks like marks. */
  readonly must: boolean;
}

/** A file of a log in its place. */
export interface Placed {
  readonly name: string;
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly kind: HeadKind;
}

/** How a file begins. */
export type HeadKind = "none" | "v0.1" | "v0.2" | "bad";

const SEALED = /^(?:\d{3}|\d{6}|[1-9]\d{6,15})$/;
const MAYBE_DATE = 10_000_000;
/** U+FEFF in UTF-8, one character for each byte; `latin1` means windows-1252. */
const BYTE_ORDER_MARK = "\u00ef\u00bb\u00bf";
const PARTIAL = /^\/\/ MINISTORE JOURNAL v(?:0(?:\.(?:1(?:\.\d*)?)?)?)?$/;

/** Says what must come out of the files. */
export function judge(files: Files, world: World): Verdict {
  const sealed: Placed[] = [];
  const prepared = new Set<number>();
  const numbers = new Set<number>();
  for (const [name, bytes] of files) {
    if (!name.startsWith(`${PATH}.`)) continue;
    const suffix = name.slice(PATH.length + 1);
    if (/^new-0+$/.test(suffix)) continue; // a draft: no segment has number 0
    if (/^new-\d{6,16}$/.test(suffix)) {
      prepared.add(Number(suffix.slice(4)));
      if (holdsRecords(bytes, world)) return refused(`${suffix} was begun`);
    }
    const number = Number(suffix);
    if (!SEALED.test(suffix) || number === 0) continue;
    if (numbers.has(number)) return refused(`${suffix} is there twice`);
    numbers.add(number);
    // Such a number is a date that somebody gave to a copy.
    if (number >= MAYBE_DATE) continue;
    sealed.push({ name, number, bytes, kind: headKind(bytes, world) });
  }
  sealed.sort((a, b) => a.number - b.number);
  const active = place(files.get(PATH), sealed, world);
  if (active?.kind === "bad") return badHeader(active);
  const twin = active &&
    sealed.find(({ number }) =>
      number === active.number - (active.kind === "v0.1" ? 1 : 0)
    );
  const isTwice = twin !== undefined && active !== undefined &&
    prepared.has(twin.number + 1) && sameBytes(twin.bytes, active.bytes);
  const chain = active === undefined || isTwice ? sealed : [...sealed, active];
  const newest = chain.at(-1);
  if (newest === undefined) return { kind: "nothing" };
  if (
    newest !== active && newest.kind === "v0.2" &&
    !prepared.has(newest.number + 1)
  ) return refused("the newest segment is missing");
  return judgeChain(chain, newest === active, world);
}

/** Refuses for a reason. */
export function refused(
  why: string,
  known: readonly (readonly string[])[] = [],
  openMay = false,
): Refused {
  return { kind: "refused", why, openMay, known };
}

function badHeader({ name, bytes }: Placed): Refused {
  const what = latin1(bytes.subarray(0, 3)) === BYTE_ORDER_MARK
    ? "a byte order mark begins"
    : "the header is damaged of";
  return refused(`${what} ${name}`);
}

/** The active file with the number it has or gets; `undefined` if it does not count. */
function place(
  bytes: Uint8Array | undefined,
  sealed: readonly Placed[],
  world: World,
): Placed | undefined {
  if (bytes === undefined) return undefined;
  const kind = headKind(bytes, world);
  if (kind === "none") return undefined;
  const stated = kind === "v0.2" ? segmentsOf(bytes, world)[0]?.number : NaN;
  const number = stated || (sealed.at(-1)?.number ?? 0) + 1;
  return { name: PATH, number, bytes, kind };
}

function headKind(bytes: Uint8Array, world: World): HeadKind {
  const line = firstLine(bytes);
  if (PARTIAL.test(line)) return "none";
  if ("// MINISTORE JOURNAL v".startsWith(line)) return "none";
  if (/^\/\/ MINISTORE JOURNAL v0\.1\.\d+\r?\n$/.test(line)) return "v0.1";
  return segmentsOf(bytes, world).length > 0 ? "v0.2" : "bad";
}

/** The segments that begin with the header of a file; more than one where logs part. */
function segmentsOf(bytes: Uint8Array, world: World): KnownSegment[] {
  const line = firstLine(bytes);
  return world.lineages.flatMap(({ begun }) => begun).filter(({ header }) =>
    header === line
  );
}

/** Whether a file holds a group of a segment behind its header. */
function holdsRecords(bytes: Uint8Array, world: World): boolean {
  return segmentsOf(bytes, world).some((known) => {
    const same = commonLength(known.bytes, bytes);
    return known.boundaries.some(({ offset, sequence }) =>
      offset <= same && sequence >= known.first
    );
  });
}

/** Judges files that are read one after the other. */
function judgeChain(
  chain: readonly Placed[],
  isActive: boolean,
  world: World,
): Verdict {
  for (const [n, { name, number, kind }] of chain.entries()) {
    if (kind === "bad" || kind === "none") return badHeader(chain[n]);
    if (n === 0) continue;
    if (number !== chain[n - 1].number + 1) return refused(`gap at ${name}`);
    if (kind === "v0.1" && chain[n - 1].kind === "v0.2") {
      return refused(`${name} is of v0.1 behind v0.2`);
    }
  }
  const newest = chain[chain.length - 1];
  if (newest.kind === "v0.1") return legacyVerdict(chain, isActive);
  const header = firstLine(newest.bytes);
  // Where logs part, the one of which more is there.
  const candidates = world.lineages.flatMap((log): Candidate[] => {
    const known = log.begun.find((segment) =>
      segment.header === header && segment.number === newest.number
    );
    if (known === undefined) return [];
    const same = commonLength(known.bytes, newest.bytes);
    const end = known.boundaries.findLast(({ offset }) => offset <= same);
    return end ? [{ log, known, same, end }] : [];
  }).sort((a, b) => b.end.offset - a.end.offset);
  if (candidates.length === 0) return refused("no such segment");
  const [{ log, known }] = candidates;
  const oldest = chain.length === 1 ? known : log.segments.get(chain[0].number);
  if (!oldest || oldest.first > known.dropped + 1) {
    return refused("the front is missing");
  }
  const verdict = judgeNewest(candidates, newest, oldest.first, isActive);
  let openMay = verdict.kind === "log";
  let damaged: string | undefined;
  for (const { name, number, bytes } of chain.slice(0, -1)) {
    const was = log.segments.get(number);
    if (was && sameBytes(was.bytes, bytes)) continue;
    damaged ??= name;
    if (!was || !hasSameEnds(was, bytes)) openMay = false;
  }
  const why = `${damaged} is damaged`;
  return damaged ? refused(why, [log.texts], openMay) : verdict;
}

/** A segment that the newest file may be. */
interface Candidate {
  readonly log: Lineage;
  readonly known: KnownSegment;
  /** How many bytes are the same. */
  readonly same: number;
  /** The last boundary in them. */
  readonly end: Boundary;
}

/** Whether a damaged file may pass for what it was, from its beginning and end alone. */
function hasSameEnds(was: KnownSegment, bytes: Uint8Array): boolean {
  if (was.header === undefined) return was.bytes.length === bytes.length;
  const last = latin1(was.bytes).trimEnd().lastIndexOf("\n");
  return latin1(bytes).endsWith(latin1(was.bytes.subarray(last)));
}

/** Judges the newest segment; of the candidates the best comes first. */
function judgeNewest(
  candidates: readonly Candidate[],
  { name, bytes }: Placed,
  first: number,
  isActive: boolean,
): Verdict {
  const [{ log, end: { offset, sequence, closed } }] = candidates;
  const torn = offset < bytes.length;
  if (!isActive && (torn || !closed)) {
    return refused("the newest sealed segment is damaged", [log.texts]);
  }
  const tail = latin1(bytes.subarray(offset));
  for (const candidate of candidates) {
    if (holdsIntactGroup(candidate.known, tail, sequence)) {
      return refused("an intact group behind damage", [log.texts]);
    }
    if (candidate.end.offset === offset && isFlip(candidate, bytes)) {
      return refused("one byte changed in front of a mark", [log.texts]);
    }
  }
  return {
    kind: "log",
    first,
    texts: log.texts.slice(first - 1, sequence),
    path: name,
    offset,
    torn,
    closed: closed && !torn,
    must: !/\/\/ (?:commit|closed) \d/.test(tail),
  };
}

/** Whether one byte differs of what is there, and a mark follows the one of its group. */
function isFlip({ known, same, end }: Candidate, bytes: Uint8Array): boolean {
  const length = Math.min(known.bytes.length, bytes.length);
  const marks = known.boundaries.filter(({ offset }) =>
    offset > end.offset && offset <= length
  );
  return marks.length > 1 && sameBytes(
    known.bytes.subarray(same + 1, length),
    bytes.subarray(same + 1, length),
  );
}

function commonLength(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  let at = 0;
  while (at < length && a[at] === b[at]) at++;
  return at;
}

/**
 * Whether a whole group of a segment stands in a tail, with the mark or header in
 * front of it. One that counts already proves nothing: it is what a copy of the
 * segment has left.
 */
function holdsIntactGroup(
  known: KnownSegment,
  tail: string,
  last: number,
): boolean {
  if (tail.length === 0) return false;
  const text = latin1(known.bytes);
  return known.boundaries.some(({ offset, sequence }, n) => {
    if (n === 0 || sequence <= last) return false;
    const before = text.lastIndexOf("\n", known.boundaries[n - 1].offset - 2);
    const group = text.slice(before + 1, offset);
    return tail.startsWith(group) || tail.includes(`\n${group}`);
  });
}
