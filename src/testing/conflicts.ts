/**
 * Which calls conflict: carried out in another order, they leave another disk or
 * return something else.
 *
 * @module
 */

import { normalizePath } from "../posix_path.ts";
import type { SimulatedFile, SimulatedNode } from "./disk.ts";
import type { Operation } from "./faults.ts";

/** What a call looks at and what it changes: files, names, and lists of names. */
export interface Effects {
  readonly reads: readonly unknown[];
  readonly changes: readonly unknown[];
}

/** Whether the order of two calls matters. */
export function conflict(a: Effects, b: Effects): boolean {
  const meets = (one: Effects, other: Effects) =>
    one.changes.some((thing) =>
      other.changes.includes(thing) || other.reads.includes(thing)
    );
  return meets(a, b) || meets(b, a);
}

/**
 * What a call looks at and what it changes.
 *
 * - The bytes of a file: writes and truncations change them; a sync does too, as
 *   it matters which writes it finds.
 * - A name: given, taken away, or looked up on the way to a file.
 * - The list of names in a directory: `syncDir` and `readDir` conflict with each
 *   change of a name in it, and such changes do not conflict with each other.
 *
 * A `close` conflicts with nothing: what was called before it still ends.
 *
 * @param call The call.
 * @param file The file of its handle, if it has one.
 * @param lookUp What stands at a path at this moment.
 */
export function effectsOf(
  call: Omit<Operation, "number">,
  file: SimulatedFile | undefined,
  lookUp: (path: string) => SimulatedNode | undefined,
): Effects {
  const { path, to } = call;
  switch (call.kind) {
    case "read":
    case "size":
      return { reads: [file], changes: [] };
    case "write":
    case "truncate":
    case "dataSync":
    case "sync":
      return { reads: [], changes: [file] };
    case "close":
      return { reads: [], changes: [] };
    case "open-read":
    case "open-write":
      return { reads: namesTo(path), changes: [] };
    case "stat":
      return { reads: [...namesTo(path), nodeAt(path, lookUp)], changes: [] };
    case "create":
    case "mkdir":
    case "remove":
      return changeOf([path]);
    case "rename":
      return changeOf(to === undefined ? [path] : [path, to]);
    case "readDir":
    case "syncDir":
      return { reads: namesTo(path), changes: [listOf(namesTo(path))] };
    case "lock":
      return { reads: namesTo(path).slice(0, -1), changes: [`lock ${path}`] };
  }
}

function changeOf(paths: readonly string[]): Effects {
  const names = paths.map(namesTo);
  return {
    reads: names.flatMap((some) => {
      const parents = some.slice(0, -1);
      return [...parents, listOf(parents)];
    }),
    changes: names.map((some) => some.at(-1)),
  };
}

/** The names on the way to what stands at a path, which is the last; none for the top. */
function namesTo(path: string): string[] {
  const parts = normalizePath(path).split("/").filter((part) =>
    part !== "" && part !== "."
  );
  return parts.map((_, n) => `name ${parts.slice(0, n + 1).join("/")}`);
}

function listOf(names: readonly string[]): string {
  return `list ${names.at(-1) ?? ""}`;
}

/** A path that leads nowhere yet has no file. */
function nodeAt(
  path: string,
  lookUp: (path: string) => SimulatedNode | undefined,
): SimulatedNode | undefined {
  try {
    return lookUp(path);
  } catch {
    return undefined;
  }
}
