/** Mutants of what the adapters share, and of the file system in memory. */

import type { Mutant } from "./mutant.ts";

const ERRORS = "src/errors.ts";
const MEMORY = "src/adapters/memory.ts";
const MKDIR = "src/adapters/mkdir.ts";

/** What all of them share. */
const SHARED: readonly Mutant[] = [
  {
    name: "new-directory-not-synced",
    breaks: "W6",
    file: MKDIR,
    from: "  await host.syncDir(dir);\n}",
    to: "}",
    likely: "deno_permissions",
  },
  {
    name: "directory-that-is-there-not-synced",
    breaks: "W6",
    file: MKDIR,
    from:
      "    if (host.mayRead(dir)) await host.syncDir(dir).catch(unlessRefused);\n",
    to: "",
    likely: "deno_permissions",
  },
  {
    name: "failing-sync-of-a-directory-swallowed",
    breaks: "W6",
    file: MKDIR,
    from:
      '  if (error.code !== "PERMISSION" && error.code !== "READ_ONLY") throw error;',
    to: '  if (error.code === "NOT_FOUND") throw error;',
    likely: "deno_permissions",
  },
  {
    name: "file-in-the-place-of-a-directory",
    breaks: "E1",
    file: MKDIR,
    from: 'if ((await host.stat(path))?.kind !== "directory") {',
    to: "if ((await host.stat(path)) === undefined) {",
    likely: "adapters",
  },
  {
    name: "memory-lock-not-exclusive",
    breaks: "L1",
    file: MEMORY,
    from: "if (this.#locks.has(key)) {",
    to: 'if (this.#locks.has("")) {',
    likely: "adapters",
  },
  {
    name: "memory-lock-not-released",
    breaks: "L3",
    file: MEMORY,
    from: "if (held) this.#locks.delete(key);",
    to: 'if (held) this.#locks.delete("");',
    likely: "adapters",
  },
  {
    name: "memory-lock-released-by-another",
    breaks: "L1",
    file: MEMORY,
    from: "        held = false;\n",
    to: "",
    likely: "adapters",
  },
];

/** Codes of errors. */
const CODES: readonly Mutant[] = [
  ["full-disk", "ENOSPC", "NO_SPACE"],
  ["quota", "EDQUOT", "NO_SPACE"],
  ["size-limit", "EFBIG", "NO_SPACE"],
  ["read-only-disk", "EROFS", "READ_ONLY"],
  ["refused-access", "EACCES", "PERMISSION"],
  ["refused-operation", "EPERM", "PERMISSION"],
  ["too-many-files", "EMFILE", "TOO_MANY_FILES"],
  ["too-many-files-of-the-system", "ENFILE", "TOO_MANY_FILES"],
].map(([name, errno, code]): Mutant => ({
  name: `${name}-has-no-code`,
  breaks: "E1",
  file: ERRORS,
  from: `["${errno}", ["${code}", `,
  to: `["${errno}", ["IO", `,
  likely: "errors",
}));

/** All of them. */
export const MUTANTS: readonly Mutant[] = [...SHARED, ...CODES];
