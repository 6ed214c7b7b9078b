// deno-std has no fs: the part of @std/fs that this repository uses, on node:fs.
import { readdir } from "node:fs/promises";
import { basename, join } from "deno-std/path/mod.js";

export async function* walk(root, options = {}) {
  const { includeDirs = true, includeFiles = true, includeSymlinks = true } =
    options;
  if (includeDirs) yield entry(root, { isDirectory: true });
  for (const item of await readdir(root, { withFileTypes: true })) {
    const path = join(root, item.name);
    if (item.isSymbolicLink()) {
      if (includeSymlinks) yield entry(path, { isSymlink: true });
    } else if (item.isDirectory()) yield* walk(path, options);
    else if (includeFiles) yield entry(path, { isFile: true });
  }
}

function entry(path, kind) {
  return {
    path,
    name: basename(path),
    isFile: false,
    isDirectory: false,
    isSymlink: false,
    ...kind,
  };
}
