/** Mutants of what mends the newest segment. */

import type { Mutant } from "./mutant.ts";

const MEND = "src/wal/mend.ts";
const FILES = "src/wal/files.ts";
const PLAN = "src/wal/plan.ts";
const RECOVERY = "src/wal/recovery.ts";
const WRITER = "src/wal/writer.ts";

/** The torn tail, and what is written again. */
const MENDING: readonly Mutant[] = [
  {
    name: "damage-cut-as-a-torn-tail",
    breaks: "W9",
    file: MEND,
    from: "    await checkTail(source, end, path);\n",
    to: "",
    likely: "damage",
  },
  {
    name: "log-in-doubt-not-copied",
    breaks: "W8",
    file: MEND,
    from: "    if (rewrite) await replace(log, handle, end.offset, size);\n",
    to: "    if (torn) await replace(log, handle, end.offset, size);\n",
    likely: "faults",
  },
  {
    name: "log-copied-without-its-last-group",
    breaks: "W1",
    file: MEND,
    from: "    if (rewrite) await replace(log, handle, end.offset, size);\n",
    to: "    if (rewrite) await replace(log, handle, header.length, size);\n",
    likely: "faults",
  },
  {
    name: "failed-close-trusted",
    breaks: "W8",
    file: MEND,
    from: "const rewrite = inDoubt || !end.closed",
    to: "const rewrite = !end.closed",
    likely: "faults",
  },
  {
    name: "log-without-a-closed-line-trusted",
    breaks: "W8",
    file: MEND,
    from: "const rewrite = inDoubt || !end.closed",
    to: "const rewrite = inDoubt",
    likely: "faults",
  },
  {
    name: "torn-tail-not-cut",
    breaks: "W10",
    file: MEND,
    from: "|| torn !== undefined;",
    to: ";",
    likely: "damage",
  },
  {
    name: "name-of-the-copied-log-not-synced",
    breaks: "W8",
    file: MEND,
    from: "  );\n  await fileSystem.syncDir(fileSystem.split(path).dir);\n",
    to: "  );\n",
    likely: "faults",
  },
  {
    name: "file-made-anew-not-synced",
    breaks: "W8",
    file: FILES,
    from: "    await handle.sync();\n    await handle.sync();",
    to: "    if (draft === name) await handle.sync();",
    likely: "faults",
  },
  {
    name: "late-failure-of-a-sync-not-waited-for",
    breaks: "W8",
    file: FILES,
    from:
      "    await handle.sync(); // a failure may be reported one call late\n",
    to: "",
    likely: "crash",
  },
  {
    name: "file-that-grew-left-behind",
    breaks: "W1",
    file: MEND,
    from: "  if (now > size) {",
    to: "  if (size < 0) {",
    likely: "replaced_journal",
  },
  {
    name: "name-beside-another-log-taken",
    breaks: "W1",
    file: RECOVERY,
    from: "  if (OF_ANOTHER_LOG.test(path)) {",
    to: '  if (path === "") {',
    likely: "torn_tail",
  },
  {
    name: "draft-of-a-crash-in-the-way",
    breaks: "W13",
    file: FILES,
    from: "    await fileSystem.remove(draft);\n",
    to: "",
    likely: "torn_tail",
  },
  {
    name: "part-of-a-copy-left-behind",
    breaks: "W11",
    file: MEND,
    from: "    await fileSystem.remove(draftPath(path)).catch(() => {});\n",
    to: "",
    likely: "faults",
  },
  {
    name: "draft-taken-for-a-lost-segment",
    breaks: "W13",
    file: PLAN,
    from: "    if (number > 0) await refuseUsed(fileSystem, name);",
    to: "    await refuseUsed(fileSystem, name);",
    likely: "torn_tail",
  },
  {
    name: "file-of-somebody-taken-for-the-mark",
    breaks: "W9",
    file: RECOVERY,
    from: '(info.kind === "file" && info.size === 0)',
    to: 'info.kind === "file"',
    likely: "torn_tail",
  },
  {
    name: "open-log-not-marked",
    breaks: "W8",
    file: RECOVERY,
    from: "  if (!inDoubt) {",
    to: "  if (inDoubt && newest === undefined) {",
    likely: "faults",
  },
  {
    name: "failed-close-not-marked",
    breaks: "W8",
    file: WRITER,
    from: "      if (this.#failure === undefined) await this.#active.end();\n",
    to:
      "      if (this.#failure === undefined) {\n        await this.#forgetOpen();\n        await this.#active.end();\n      }\n",
    likely: "faults",
  },
  {
    name: "closed-log-copied-all-the-same",
    breaks: "W11",
    file: WRITER,
    from: "    if (this.#failure === undefined) await this.#forgetOpen();\n",
    to: "",
    likely: "faults",
  },
  {
    name: "torn-log-called-closed",
    breaks: "W9",
    file: MEND,
    from: "closed: closed && !torn,",
    to: "closed,",
    likely: "damage",
  },
  {
    name: "torn-tail-not-kept",
    breaks: "W9",
    file: MEND,
    from: "await place(log, keptAs, { handle, offset }, bytes);",
    to: "void place;",
    likely: "damage",
  },
  {
    name: "kept-tail-that-was-found-not-compared",
    breaks: "W9",
    file: MEND,
    from: "if (await sameRange(left, right, bytes)) return file;",
    to: "if (left !== right) return file;",
    likely: "faults",
  },
  {
    name: "tail-kept-again-at-each-attempt",
    breaks: "W11",
    file: MEND,
    from: 'if (info?.kind !== "file" || info.size !== bytes) continue;',
    to: "if (info?.size !== -1) continue;",
    likely: "faults",
  },
  {
    name: "tail-kept-in-the-place-of-another",
    breaks: "W9",
    file: MEND,
    from:
      '  while ((await fileSystem.stat(file)) !== undefined) file += "+";\n',
    to: "",
    likely: "torn_tail",
  },
];

/** The same for mini-rs files. */
const LEGACY: readonly Mutant[] = [
  {
    name: "mini-rs-file-not-copied",
    breaks: "W8",
    file: MEND,
    from:
      "    await replace(log, handle, end.offset, end.size);\n    if (torn) {",
    to:
      "    if (torn) await replace(log, handle, end.offset, end.size);\n    if (torn) {",
    likely: "legacy",
  },
  {
    name: "mini-rs-file-described-as-it-was-torn",
    breaks: "W13",
    file: MEND,
    from: "      legacy.splice(-1, 1, { ...last, bytes: end.offset, crc });\n",
    to: "",
    likely: "legacy",
  },
  {
    name: "mini-rs-file-not-all-continued",
    breaks: "W2",
    file: PLAN,
    from: "  if (files.length < legacy.length) {",
    to: "  if (files.length > legacy.length) {",
    likely: "sealed_legacy",
  },
  {
    name: "size-of-a-sealed-mini-rs-file-not-checked",
    breaks: "W9",
    file: PLAN,
    from: "    if (size === bytes) continue;",
    to: "    if (size >= 0) continue;",
    likely: "legacy",
  },
];

/** All of them. */
export const MUTANTS: readonly Mutant[] = [...MENDING, ...LEGACY];
