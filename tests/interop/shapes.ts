// The journals that mini-rs can leave on disk.
import { readFileSync, rmSync, truncateSync } from "node:fs";
import { equal, names } from "./expect.ts";
import { type Op, ops } from "./ops.ts";
import { rust } from "./programs.ts";

/** How mini-rs begins each file. */
export const HEADER = "// MINISTORE JOURNAL v0.1.4\n";
/**
 * Enough for each text in each variant. The last record may not fill its segment:
 * Rust would begin a new one behind it, and this side does so in front of the next.
 */
export const COUNT = 250;
/** Some records to a segment, and some records longer than a segment. */
export const SEGMENT_BYTES = 500;

/** What mini-rs leaves on disk, by how it was made, with its records. */
export const SHAPES: Readonly<Record<string, (path: string) => Op[]>> = {
  "one file": (path) => {
    rust("write", path, COUNT);
    return ops(0, COUNT);
  },
  "rotated files": (path) => {
    rust("write", path, COUNT, SEGMENT_BYTES);
    equal(names(path).length > 20, true, "many segments");
    return ops(0, COUNT);
  },
  // mini-rs rotates behind the record that fills a file, so the newest one can
  // hold no record.
  "a file for each record": (path) => {
    rust("write", path, 12, 1);
    equal(readFileSync(path, "utf8"), HEADER, "the newest file");
    return ops(0, 12);
  },
  // By default mini-rs keeps three files.
  "files of which the oldest were deleted": (path) => {
    rust("write", path, 12, 1);
    for (const n of [1, 2, 3]) rmSync(`${path}.00000${n}`);
    return ops(3, 12);
  },
  "no record": (path) => {
    rust("write", path, 0);
    return [];
  },
  "files that a crash left in mid-rotation, without a newest one": (path) => {
    rust("write", path, 12, 1);
    rmSync(path);
    return ops(0, 12);
  },
  "files that a crash left in mid-rotation, with an empty newest one": (
    path,
  ) => {
    rust("write", path, 12, 1);
    truncateSync(path, 0);
    return ops(0, 12);
  },
};
