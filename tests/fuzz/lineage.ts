/**
 * What one log ever was: its records by sequence number, and the bytes of each
 * segment as far as they were ever written. Segments only grow, so of two copies
 * of one the shorter is the beginning of the longer.
 */

import { type Files, PATH } from "../support/journals.ts";

/** A place in a segment behind a mark, or behind the header. */
export interface Boundary {
  readonly offset: number;
  /** The last sequence number in front of it. */
  readonly sequence: number;
  readonly closed: boolean;
}

/** A segment of a log. */
export interface KnownSegment {
  readonly number: number;
  /** Its first line if it is of v0.2; `undefined` for a mini-rs file. */
  readonly header: string | undefined;
  readonly bytes: Uint8Array;
  /** Sequence number of its first record. */
  readonly first: number;
  /** The last record that was removed on request when it was begun. */
  readonly dropped: number;
  readonly boundaries: readonly Boundary[];
}

const decoder = new TextDecoder("latin1");

/** Bytes as text with one character for each byte. */
export function latin1(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** The first line of a file with its LF; all of it if there is no LF. */
export function firstLine(bytes: Uint8Array): string {
  const length = bytes.indexOf(10) + 1;
  return latin1(bytes.subarray(0, length || Math.min(bytes.length, 1 << 16)));
}

/** Whether two files hold the same. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, n) => byte === b[n]);
}

/** A log with all it ever held. */
export class Lineage {
  /** The records as JSON, the first at index 0. */
  readonly texts: readonly string[];
  /** Its segments by number, each as it was last. */
  readonly segments: ReadonlyMap<number, KnownSegment>;
  /** All that ever were active: one without records may have been begun anew. */
  readonly begun: readonly KnownSegment[];

  constructor(texts: readonly string[], states: readonly Files[]) {
    this.texts = texts;
    const longest = new Map<string, { number: number; bytes: Uint8Array }>();
    for (const state of states) {
      for (const [name, bytes] of state) {
        const number = numberOf(name, bytes);
        if (number === undefined) continue;
        const key = `${number} ${firstLine(bytes)}`;
        const before = longest.get(key)?.bytes.length ?? 0;
        if (bytes.length >= before) longest.set(key, { number, bytes });
      }
    }
    const segments = new Map<number, KnownSegment>();
    const begun: KnownSegment[] = [];
    let first = 1;
    for (
      const { number, bytes } of [...longest.values()]
        .sort((a, b) => a.number - b.number)
    ) {
      const segment = parse(number, bytes, first);
      segments.set(number, segment);
      begun.push(segment);
      first = (segment.boundaries.at(-1)?.sequence ?? 0) + 1;
    }
    this.segments = segments;
    this.begun = begun;
  }
}

/** A sealed file is named for its number; an active one of v0.2 states it. */
function numberOf(name: string, bytes: Uint8Array): number | undefined {
  if (name === PATH) {
    const stated = /^.* v0\.2\.\d+ \{"segment":(\d+),/.exec(firstLine(bytes));
    return stated ? Number(stated[1]) : undefined;
  }
  const sealed = /^\.(\d{6})$/.exec(name.slice(PATH.length));
  return sealed ? Number(sealed[1]) : undefined;
}

function parse(
  number: number,
  bytes: Uint8Array,
  legacyFirst: number,
): KnownSegment {
  const header = firstLine(bytes);
  const text = latin1(bytes);
  const fields = /^.* v0\.2\.\d+ (\{.*\}) /.exec(header);
  if (fields === null) {
    const sequence = legacyFirst + text.split("\n").length - 3;
    const end = { offset: bytes.length, sequence, closed: false };
    return {
      number,
      header: undefined,
      bytes,
      first: legacyFirst,
      dropped: 0,
      boundaries: [end],
    };
  }
  const { first, dropped = 0 } = JSON.parse(fields[1]);
  const boundaries: Boundary[] = [
    { offset: header.length, sequence: first - 1, closed: false },
  ];
  const marks = /^\/\/ (commit|closed) (\d+) \w{8}\n/gm;
  for (const { 0: line, 1: kind, 2: sequence, index } of text.matchAll(marks)) {
    boundaries.push({
      offset: index + line.length,
      sequence: Number(sequence),
      closed: kind === "closed",
    });
  }
  return { number, header, bytes, first, dropped, boundaries };
}
