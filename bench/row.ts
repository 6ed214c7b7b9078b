/**
 * One line of the result, and the table that the lines make.
 *
 * @module
 */

import type { Comparison } from "./measure.ts";

/** A line of the result. */
export interface Row {
  /** What is measured. */
  readonly what: string;
  /** What it is compared with. */
  readonly peer: string;
  /** What the figures count. */
  readonly unit:
    | "records/s"
    | "entries/s"
    | "reads/s"
    | "opens/s"
    | "jobs/s"
    | "MiB"
    | "ms"
    | "µs";
  /** The figures; `undefined` if the peer does not run here. */
  readonly figures?: Comparison | undefined;
  /** The ratio to reach; `undefined` if the row is there for information. */
  readonly floor?: number | undefined;
  /** The most that `ours` may exceed `theirs` by, in place of a ratio. */
  readonly bound?: number | undefined;
  /** The most that `ours` may be, in place of a ratio. */
  readonly limit?: number | undefined;
  /** The greatest ratio that will do, of what should be small. */
  readonly ceiling?: number | undefined;
  /** Why there are no figures, or what else there is to know. */
  readonly note?: string | undefined;
}

/** What a row's figures say of its floor, bound, limit or ceiling. */
export function verdict(row: Row): "ok" | "below" | "above" | "" {
  const { figures, floor, bound, limit, ceiling } = row;
  if (figures === undefined) return "";
  const { ours, theirs, ratio } = figures;
  if (floor !== undefined) return ratio >= floor ? "ok" : "below";
  if (bound !== undefined) return ours - theirs <= bound ? "ok" : "above";
  if (limit !== undefined) return ours <= limit ? "ok" : "above";
  if (ceiling !== undefined) return ratio <= ceiling ? "ok" : "above";
  return "";
}

const HEAD = [
  "what",
  "compared with",
  "unit",
  "ours",
  "theirs",
  "ratio",
  "spread",
  "floor",
  "",
  "note",
];
/** Columns of figures, which are aligned to the right. */
const RIGHT = new Set([3, 4, 5, 6, 7]);

/** The rows as aligned text. */
export function table(rows: readonly Row[]): string {
  const cells = [HEAD, ...rows.map(cellsOf)];
  const widths = HEAD.map((_, column) =>
    Math.max(...cells.map((row) => row[column].length))
  );
  return cells.map((row) =>
    row.map((cell, column) =>
      RIGHT.has(column)
        ? cell.padStart(widths[column])
        : cell.padEnd(widths[column])
    ).join("  ").trimEnd()
  ).join("\n");
}

function cellsOf(row: Row): string[] {
  const { what, peer, unit, figures, note = "" } = row;
  if (figures === undefined) {
    return [what, peer, "", "", "", "", "", "", "", `does not run: ${note}`];
  }
  const { ours, theirs, ratio, least, most } = figures;
  const isRatio = unit.endsWith("/s") || unit === "µs";
  return [
    what,
    peer,
    unit,
    figure(ours),
    figure(theirs),
    isRatio ? ratio.toFixed(2) : signed(ours - theirs),
    isRatio ? `${least.toFixed(2)}–${most.toFixed(2)}` : "",
    goal(row),
    verdict(row),
    note,
  ];
}

function goal({ floor, bound, limit, ceiling }: Row): string {
  if (floor !== undefined) return floor.toFixed(1);
  if (bound !== undefined) return `at most +${bound}`;
  if (ceiling !== undefined) return `at most ${ceiling.toFixed(1)}`;
  return limit === undefined ? "" : `at most ${limit}`;
}

function signed(value: number): string {
  return `${value < 0 ? "" : "+"}${value.toFixed(1)}`;
}

/** Three digits that count are what a noisy machine can tell. */
function figure(value: number): string {
  if (value < 100) return value.toFixed(1);
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 2);
  return (Math.round(value / unit) * unit).toLocaleString("en-US");
}
