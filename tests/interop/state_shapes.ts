// The state directories that mini-rs can leave on disk, and how states compare.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { equal } from "./expect.ts";
import { rustState } from "./programs.ts";
import { after, type Numbered, type Opened } from "./state.ts";

/** Some mutations to a segment, and some longer than a segment. */
export const STATE_SEGMENT_BYTES = 300;
/** More segments than any check makes: mini-rs deletes none of them. */
export const ALL_SEGMENTS = 1_000_000;

/** What is in a directory that mini-rs wrote. */
export interface Written {
  /** How many mutations. */
  readonly count: number;
  /** The sequence number of the snapshot, if there is one. */
  readonly snapshot?: number;
}

/** What mini-rs leaves on disk, by how it was made. */
export const STATE_SHAPES: Readonly<Record<string, (dir: string) => Written>> =
  {
    "no mutation": (dir) => {
      rustState("manage", dir, 0);
      return { count: 0 };
    },
    // This library does not tell a snapshot of nothing from none.
    "no mutation and a snapshot": (dir) => {
      rustState("manage", dir, 0, 0);
      return { count: 0 };
    },
    "no snapshot": (dir) => {
      rustState("manage", dir, 120);
      return { count: 120 };
    },
    "a snapshot": (dir) => {
      rustState("manage", dir, 120, 120);
      return { count: 120, snapshot: 120 };
    },
    "a snapshot and a tail": (dir) => {
      rustState("manage", dir, 120, 100);
      return { count: 120, snapshot: 100 };
    },
    "a snapshot over a longer one, and a tail": (dir) => {
      rustState("manage", dir, 70, 20, 62, 64);
      return { count: 70, snapshot: 64 };
    },
    "rotated files": (dir) => {
      rotate(dir, 0, 120);
      return { count: 120 };
    },
    "rotated files, a snapshot and a tail": (dir) => {
      rotate(dir, 0, 60);
      rustState("manage", dir, 0, 60);
      rotate(dir, 60, 120);
      return { count: 120, snapshot: 60 };
    },
  };

/** Lets mini-rs write mutations to small segments, of which it deletes none by default. */
export function rotate(
  dir: string,
  from: number,
  to: number,
  maxSegments: number = ALL_SEGMENTS,
): void {
  rustState("rotate", dir, from, to, STATE_SEGMENT_BYTES, maxSegments);
}

/** The files of a directory by name. */
export function directory(dir: string): Map<string, Uint8Array> {
  const names = readdirSync(dir).sort();
  return new Map(names.map((name) => [name, readFileSync(join(dir, name))]));
}

/** Compares states key by key, because a difference in a long state says nothing. */
export function equalState(actual: Numbered, expected: Numbered): void {
  equal(actual.sequence, expected.sequence, "the sequence number");
  const entries = expected.state.entries;
  for (const [key, value] of Object.entries(entries)) {
    equal(actual.state.entries[key], value, `the entry ${JSON.stringify(key)}`);
  }
  equal(actual.state, expected.state, "the state");
}

/** Checks what this library opened, and what it used for that. */
export function equalOpened(
  actual: Opened,
  count: number,
  used?: number,
): void {
  equalState(actual, after(count));
  equal(actual.snapshot, used, "the snapshot that was used");
  equal(actual.damage, undefined, "the damage of a snapshot");
}

/** Checks that Rust does not open a directory. */
export function refusesDirectory(dir: string): void {
  let opened: Numbered;
  try {
    opened = rustState("manage", dir, 0);
  } catch (error) {
    equal(/Error: (Store|Snapshot)/.test(String(error)), true, `${error}`);
    return;
  }
  throw new Error(
    `Rust opens "${dir}" at ${opened.sequence}, which it must refuse`,
  );
}
