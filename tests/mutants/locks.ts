/** Mutants of the writer lock, and of the paths it and all else are given. */

import type { Mutant } from "./mutant.ts";

const ABSOLUTE = "src/adapters/absolute.ts";
const LIMITS = "src/path_limits.ts";
const LOCK = "src/adapters/lock.ts";
const LOG = "src/wal/log.ts";

/** The lock. */
const LOCKS: readonly Mutant[] = [
  {
    name: "lock-not-exclusive",
    breaks: "L1",
    file: LOCK,
    from:
      '  "BEGIN EXCLUSIVE",\n  // Where the file may be read and not written, SQLite opens it for reading, and\n  // BEGIN EXCLUSIVE takes a lock that two processes can share. Only a write tells.\n  // It is never committed: the file stays empty.\n  "PRAGMA user_version=1",\n',
    to: '  "BEGIN",\n',
    likely: "adapters",
  },
  {
    name: "lock-not-held-by-the-module",
    breaks: "L1",
    file: LOCK,
    from: "  held.add(database);\n",
    to: "",
    likely: "lock_lifetime",
  },
  {
    name: "lock-shared-by-readers-of-its-file",
    breaks: "L1",
    file: LOCK,
    from: '  "PRAGMA user_version=1",\n',
    to: "",
    likely: "lock_rights",
  },
  {
    name: "lock-file-written",
    breaks: "W4",
    file: LOCK,
    from: '  "PRAGMA user_version=1",\n',
    to: '  "PRAGMA user_version=1",\n  "COMMIT",\n',
    likely: "lock_rights",
  },
  {
    name: "lock-file-created-by-sqlite",
    breaks: "L1",
    file: LOCK,
    from: "    host.createFile(path);\n",
    to: "",
    likely: "lock_rights",
  },
  {
    name: "lock-file-opened",
    breaks: "L1",
    file: "src/adapters/node.ts",
    from: 'fs.openSync(path, "wx")',
    to: 'fs.openSync(path, "w")',
    likely: "lock",
    runtime: "node",
  },
  {
    name: "deno-lock-file-opened",
    breaks: "L1",
    file: "src/adapters/deno.ts",
    from: "{ write: true, createNew: true }).close()",
    to: "{ write: true, create: true }).close()",
    likely: "lock",
    runtime: "deno",
  },
  {
    name: "held-lock-not-recognised",
    breaks: "E1",
    file: LOCK,
    from: "    if (isBusy(error)) {",
    to: "    if (isBusy(undefined)) {",
    likely: "adapters",
  },
  {
    name: "missing-sqlite-not-told",
    breaks: "E1",
    file: LOCK,
    from: '      "UNSUPPORTED_RUNTIME",\n',
    to: '      "IO",\n',
    likely: "lock_host",
  },
  {
    name: "stale-holder-left",
    breaks: "E1",
    file: LOCK,
    from:
      "    // Another user's may be left of a crash: no name is better than a wrong one.\n    removeIfPossible(host, holder);\n",
    to: "",
    likely: "lock_host",
  },
  {
    name: "lock-not-released",
    breaks: "L3",
    file: LOCK,
    from: "      database.close();\n",
    to: "",
    likely: "adapters",
  },
];

/** Paths. */
const PATHS: readonly Mutant[] = [
  {
    name: "path-given-to-sqlite-as-it-is",
    breaks: "L1",
    file: "src/adapters/node.ts",
    from: "acquireLock(this.lockHost(), this.resolve(path))",
    to: "acquireLock(this.lockHost(), path)",
    likely: "paths",
  },
  {
    name: "deno-path-given-to-sqlite-as-it-is",
    breaks: "L1",
    file: "src/adapters/deno.ts",
    from: "acquireLock({ ...LOCK_HOST, stat }, this.resolve(path))",
    to: "acquireLock({ ...LOCK_HOST, stat }, path)",
    likely: "paths",
    runtime: "deno",
  },
  {
    name: "path-that-stays-relative-may-be-a-uri",
    breaks: "L1",
    file: ABSOLUTE,
    from: "    return `./${rest}`;\n",
    to: "    return rest;\n",
    likely: "paths",
  },
  {
    name: "parent-taken-out-of-a-path",
    breaks: "W4",
    file: ABSOLUTE,
    from: '  if (rest === "") return base;\n',
    to:
      '  if (rest === "") return base;\n  if (rest.includes("/")) return resolve(base, rest);\n',
    likely: "paths",
  },
  {
    name: "journal-follows-the-working-directory",
    breaks: "W4",
    file: "src/wal/mini_store.ts",
    from: "const files = { fileSystem, path: fileSystem.resolve(path) };",
    to: "const files = { fileSystem, path };",
    likely: "paths",
  },
  {
    name: "stream-follows-the-working-directory",
    breaks: "W4",
    file: "src/wal/mini_store.ts",
    from:
      "      const log = { fileSystem, path: fileSystem.resolve(path) };\n      const source",
    to: "      const log = { fileSystem, path };\n      const source",
    likely: "paths",
  },
  {
    name: "state-follows-the-working-directory",
    breaks: "W4",
    file: "src/state/options.ts",
    from: "const root = settings.fileSystem.resolve(dir);",
    to: "const root = dir;",
    likely: "paths",
  },
  {
    name: "snapshots-follow-the-working-directory",
    breaks: "S1",
    file: "src/snapshot/snap_store.ts",
    from: "return { fileSystem, dir: fileSystem.resolve(dir), slice };",
    to: "return { fileSystem, dir, slice };",
    likely: "paths",
  },
  {
    name: "no-room-for-the-longest-name",
    breaks: "W13",
    file: LOG,
    from: "const LONGEST_SUFFIX = 55;",
    to: "const LONGEST_SUFFIX = 54;",
    likely: "paths",
  },
  {
    name: "length-in-characters",
    breaks: "W13",
    file: LIMITS,
    from: "  return encoder.encode(text).length;\n",
    to: "  return text.length + 0 * encoder.encode(text).length;\n",
    likely: "paths",
  },
  {
    name: "path-longer-than-the-lock-takes",
    breaks: "E1",
    file: LIMITS,
    from: "const MAX_LOCK = 504;",
    to: "const MAX_LOCK = 505;",
    likely: "paths",
  },
  {
    name: "directories-of-any-length",
    breaks: "E1",
    file: LIMITS,
    from: "for (let inner = path; dir !== inner;) {",
    to: "for (let inner = path; inner === undefined;) {",
    likely: "paths",
  },
  {
    name: "snapshots-at-paths-of-any-length",
    breaks: "E1",
    file: "src/snapshot/write.ts",
    from: "  if (snapshot.lock !== false) {\n",
    to: "  if (snapshot.sequence < 0) {\n",
    likely: "paths",
  },
];

/** All of them. */
export const MUTANTS: readonly Mutant[] = [...LOCKS, ...PATHS];
