// The part of @std/fs that this repository uses.
export interface WalkEntry {
  path: string;
  name: string;
  isFile: boolean;
  isDirectory: boolean;
  isSymlink: boolean;
}
export declare function walk(
  root: string,
  options?: {
    includeDirs?: boolean;
    includeFiles?: boolean;
    includeSymlinks?: boolean;
  },
): AsyncIterableIterator<WalkEntry>;
