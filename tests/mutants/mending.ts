/** Mutants of what mends the newest segment. */

import type { Mutant } from "./mutant.ts";

const MEND = "src/wal/mend.ts";
const PLAN = "src/wal/plan.ts";

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
    name: "last-group-not-written-again",
    breaks: "W8",
    file: MEND,
    from: "    await copyRange(range, range, rewrittenBytes);\n",
    to: "",
    likely: "faults",
  },
  {
    name: "mended-not-synced",
    breaks: "W8",
    file: MEND,
    from:
      "    await copyRange(range, range, rewrittenBytes);\n    await handle.sync();\n",
    to: "    await copyRange(range, range, rewrittenBytes);\n",
    likely: "faults",
  },
  {
    name: "written-again-not-synced",
    breaks: "W8",
    file: MEND,
    from:
      "    await copyRange(range, range, rewrittenBytes);\n    await handle.sync();\n",
    to:
      "    await copyRange(range, range, rewrittenBytes);\n    if (torn) await handle.sync();\n",
    likely: "faults",
  },
  {
    name: "truncation-synced-with-a-group-only",
    breaks: "W10",
    file: MEND,
    from:
      "    await copyRange(range, range, rewrittenBytes);\n    await handle.sync();\n",
    to:
      "    await copyRange(range, range, rewrittenBytes);\n    if (end.lastGroup > 0) await handle.sync();\n",
    likely: "torn_tail",
  },
  {
    name: "torn-tail-not-cut",
    breaks: "W10",
    file: MEND,
    from: "  await handle.truncate(offset);\n  return {",
    to: "  return {",
    likely: "damage",
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
    from:
      "const keptAs = await keepAside({ fileSystem, path }, handle, offset, bytes);",
    to:
      "const keptAs = offset < 0 ? await keepAside({ fileSystem, path }, handle, offset, bytes) : `${path}.torn-${offset}-`;",
    likely: "damage",
  },
  {
    name: "copy-of-the-tail-not-synced",
    breaks: "W9",
    file: MEND,
    from: "    await kept.sync();\n  } catch",
    to: "  } catch",
    likely: "faults",
  },
  {
    name: "name-of-the-copy-not-synced",
    breaks: "W9",
    file: MEND,
    from: "  await kept.close();\n  await fileSystem.syncDir(dir);\n",
    to: "  await kept.close();\n",
    likely: "faults",
  },
  {
    name: "part-of-a-copy-left-behind",
    breaks: "W11",
    file: MEND,
    from: "    await fileSystem.remove(file).catch(() => {});\n",
    to: "",
    likely: "faults",
  },
  {
    name: "copy-that-was-found-not-compared",
    breaks: "W9",
    file: MEND,
    from: "      if (!await sameRange(range, copy, bytes)) continue;\n",
    to: "",
    likely: "faults",
  },
  {
    name: "copy-that-was-found-not-written-again",
    breaks: "W9",
    file: MEND,
    from: "      await copyRange(copy, copy, bytes);\n",
    to: "",
    likely: "torn_tail",
  },
  {
    name: "copy-that-was-found-not-synced",
    breaks: "W9",
    file: MEND,
    from: "      await kept.sync();\n    } finally",
    to: "    } finally",
    likely: "faults",
  },
  {
    name: "name-of-the-found-copy-not-synced",
    breaks: "W9",
    file: MEND,
    from: "    await fileSystem.syncDir(dir);\n    return file;",
    to: "    return file;",
    likely: "torn_tail",
  },
  {
    name: "copy-made-again-at-each-attempt",
    breaks: "W11",
    file: MEND,
    from: 'if (info?.kind !== "file" || info.size !== bytes) continue;',
    to: "if (info?.size !== -1) continue;",
    likely: "faults",
  },
];

/** The same for mini-rs files. */
const LEGACY: readonly Mutant[] = [
  {
    name: "mini-rs-file-not-written-again",
    breaks: "W8",
    file: MEND,
    from: "    await copyRange(range, range, end.offset);\n",
    to: "",
    likely: "legacy",
  },
  {
    name: "size-of-a-mini-rs-file-not-mended",
    breaks: "W8",
    file: MEND,
    from:
      "    await handle.truncate(end.offset); // the size may be in doubt as well\n",
    to: "",
    likely: "legacy",
  },
  {
    name: "mini-rs-file-not-synced",
    breaks: "W8",
    file: MEND,
    from: "    await handle.sync();\n    if (torn) {",
    to: "    if (torn) {",
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
