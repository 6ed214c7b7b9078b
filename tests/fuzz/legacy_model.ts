/** What must come out of mini-rs files: every whole line is a record, or the end. */

import type { Placed, Verdict } from "./model.ts";
import { refused } from "./model.ts";

const LF = 10;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A line as the JSON that it says; `undefined` if it says none. */
function parseLine(bytes: Uint8Array): string | undefined {
  try {
    return JSON.stringify(JSON.parse(decoder.decode(bytes)));
  } catch {
    return undefined;
  }
}

/** Judges mini-rs files, the newest last. */
export function legacyVerdict(
  chain: readonly Placed[],
  isActive: boolean,
): Verdict {
  const texts: string[] = [];
  let why: string | undefined;
  for (const { name, bytes } of chain.slice(0, -1)) {
    const { lines, rest } = readLines(bytes);
    texts.push(...lines.map((text) => text ?? NONE));
    const isCut = rest < bytes.length;
    if (isCut || lines.includes(undefined)) why ??= `${name} is damaged`;
    if (isCut) return refused(`${name} is damaged`, [texts]);
  }
  const { name, bytes } = chain[chain.length - 1];
  const { lines, starts, rest } = readLines(bytes);
  const count = lines.findLastIndex((text) => text !== undefined) + 1;
  const whole = lines.slice(0, count);
  texts.push(...whole.map((text) => text ?? NONE));
  if (whole.includes(undefined)) why ??= `a record behind damage in ${name}`;
  const offset = starts[count] ?? rest;
  const torn = offset < bytes.length;
  if (torn && !isActive) why ??= "the newest sealed mini-rs file is damaged";
  if (why !== undefined) return refused(why, [texts]);
  return {
    kind: "log",
    first: 1,
    texts,
    path: name,
    offset,
    torn,
    closed: false,
    must: true,
  };
}

/** In the place of a line that is no record; a stream from behind it does not look at it. */
const NONE = "";

/** The lines of a file that end in LF, behind its header. */
function readLines(bytes: Uint8Array): {
  lines: (string | undefined)[];
  starts: number[];
  rest: number;
} {
  const lines: (string | undefined)[] = [];
  const starts: number[] = [];
  let rest = bytes.indexOf(LF) + 1;
  for (let end = rest; (end = bytes.indexOf(LF, rest) + 1) > 0; rest = end) {
    lines.push(parseLine(bytes.subarray(rest, end)));
    starts.push(rest);
  }
  return { lines, starts, rest };
}
