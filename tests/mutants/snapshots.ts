/** Mutants of how a snapshot is written and read. */

import type { Mutant } from "./mutant.ts";

const WRITE = "src/snapshot/write.ts";
const READ = "src/snapshot/read.ts";
const META = "src/snapshot/meta.ts";
const NUMBERED = "src/snapshot/numbered.ts";
const JSON_FILE = "src/snapshot/json_file.ts";

/** From the temporary files to the commit point, and behind it. */
const WRITING: readonly Mutant[] = [
  {
    name: "snapshot-files-not-synced",
    breaks: "S1",
    file: WRITE,
    from:
      "    await handle.sync();\n    await handle.sync(); // a failure may be reported one call late\n",
    to: "",
    likely: "snap_crash",
  },
  {
    name: "snapshot-files-synced-once",
    breaks: "S1",
    file: WRITE,
    from:
      "    await handle.sync(); // a failure may be reported one call late\n",
    to: "",
    likely: "snapshot_faults",
  },
  {
    name: "snapshot-json-not-synced",
    breaks: "S1",
    file: WRITE,
    from:
      "    await fill(handle);\n    await handle.sync();\n    await handle.sync();",
    to:
      "    await fill(handle);\n    if (name === NAMES.newJson) return;\n    await handle.sync();\n    await handle.sync();",
    likely: "snap_crash",
  },
  {
    name: "snapshot-seq-not-synced",
    breaks: "S1",
    file: WRITE,
    from:
      "    await fill(handle);\n    await handle.sync();\n    await handle.sync();",
    to:
      "    await fill(handle);\n    if (name === NAMES.newSeq) return;\n    await handle.sync();\n    await handle.sync();",
    likely: "snap_crash",
  },
  {
    name: "snapshot-meta-not-synced",
    breaks: "S1",
    file: WRITE,
    from:
      "    await fill(handle);\n    await handle.sync();\n    await handle.sync();",
    to:
      "    await fill(handle);\n    if (name === NAMES.newMeta) return;\n    await handle.sync();\n    await handle.sync();",
    likely: "snap_crash",
  },
  {
    name: "snapshot-names-not-synced-before-the-commit",
    breaks: "S1",
    file: WRITE,
    from: "    await fileSystem.syncDir(dir);\n    return meta;",
    to: "    return meta;",
    likely: "snap_crash",
  },
  {
    name: "snapshot-commit-not-synced",
    breaks: "S1",
    file: WRITE,
    from:
      "    await rename(place, NAMES.newMeta, NAMES.meta);\n    await fileSystem.syncDir(dir);\n",
    to: "    await rename(place, NAMES.newMeta, NAMES.meta);\n",
    likely: "snap_crash",
  },
  {
    name: "snapshot-not-synced-behind-its-renames",
    breaks: "S1",
    file: WRITE,
    from:
      "    await rename(place, NAMES.newSeq, NAMES.seq);\n    await fileSystem.syncDir(dir);\n",
    to: "    await rename(place, NAMES.newSeq, NAMES.seq);\n",
    likely: "snapshot_faults",
  },
  {
    name: "snapshot-json-renamed-before-the-commit",
    breaks: "S1",
    file: WRITE,
    from:
      "    await rename(place, NAMES.newMeta, NAMES.meta);\n    await fileSystem.syncDir(dir);\n    await rename(place, NAMES.newJson, NAMES.json);\n",
    to:
      "    await rename(place, NAMES.newJson, NAMES.json);\n    await rename(place, NAMES.newMeta, NAMES.meta);\n    await fileSystem.syncDir(dir);\n",
    likely: "snap_crash",
  },
  {
    name: "snapshot-seq-renamed-before-the-commit",
    breaks: "S1",
    file: WRITE,
    from:
      "    await rename(place, NAMES.newMeta, NAMES.meta);\n    await fileSystem.syncDir(dir);\n    await rename(place, NAMES.newJson, NAMES.json);\n    await rename(place, NAMES.newSeq, NAMES.seq);\n",
    to:
      "    await rename(place, NAMES.newSeq, NAMES.seq);\n    await rename(place, NAMES.newMeta, NAMES.meta);\n    await fileSystem.syncDir(dir);\n    await rename(place, NAMES.newJson, NAMES.json);\n",
    likely: "snap_crash",
  },
  {
    name: "snapshot-seq-renamed-before-the-json",
    breaks: "S1",
    file: WRITE,
    from:
      "    await rename(place, NAMES.newJson, NAMES.json);\n    await rename(place, NAMES.newSeq, NAMES.seq);\n    await fileSystem.syncDir(dir);\n  } catch",
    to:
      "    await rename(place, NAMES.newSeq, NAMES.seq);\n    await rename(place, NAMES.newJson, NAMES.json);\n    await fileSystem.syncDir(dir);\n  } catch",
    likely: "snap_crash",
  },
  {
    name: "snapshot-settled-without-a-sync",
    breaks: "S4",
    file: WRITE,
    from: "  await fileSystem.syncDir(dir);\n  const meta = parseMeta(",
    to: "  const meta = parseMeta(",
    likely: "snap_crash",
  },
  {
    name: "snapshot-create-not-finished",
    breaks: "S4",
    file: WRITE,
    from: "  if (meta) await finish(place, meta);\n",
    to: "",
    likely: "snap_crash",
  },
  {
    name: "snapshot-finished-without-a-sync",
    breaks: "S4",
    file: WRITE,
    from: "  if (renamed) await place.fileSystem.syncDir(place.dir);\n",
    to: "",
    likely: "snap_crash",
  },
  {
    name: "snapshot-left-overs-kept",
    breaks: "S4",
    file: WRITE,
    from:
      "    if (await fileSystem.stat(path)) await fileSystem.remove(path);\n",
    to: "",
    likely: "snap_crash",
  },
  {
    name: "snapshot-not-settled-before-a-create",
    breaks: "S4",
    file: WRITE,
    from: "    await settleSnapshot(place);\n    await refuseOlder",
    to: "    await refuseOlder",
    likely: "snap_crash",
  },
  {
    name: "snapshot-of-another-program-finished",
    breaks: "S4",
    file: WRITE,
    from:
      "  if (seq > meta.sequence) return; // another program has written since\n",
    to: "",
    likely: "snap_damage",
  },
  {
    name: "snapshot-finished-over-the-one-that-counts",
    breaks: "S4",
    file: WRITE,
    from:
      "    await matches(place, NAMES.newJson, meta) &&\n    !await matches(place, NAMES.json, meta)",
    to: "    await matches(place, NAMES.newJson, meta)",
    likely: "snapshot_faults",
  },
  {
    name: "snapshot-finished-with-any-json",
    breaks: "S4",
    file: WRITE,
    from:
      "    await matches(place, NAMES.newJson, meta) &&\n    !await matches(place, NAMES.json, meta)",
    to: "    !await matches(place, NAMES.json, meta)",
    likely: "snap_damage",
  },
  {
    name: "snapshot-finished-with-any-seq",
    breaks: "S4",
    file: WRITE,
    from: "seq < meta.sequence && newSeq === meta.sequence",
    to: "seq < meta.sequence && newSeq !== undefined",
    likely: "snap_crash",
  },
  {
    name: "snapshot-older-than-the-one-there",
    breaks: "S6",
    file: WRITE,
    from: "  if (there > sequence) refuse(NAMES.json, there);\n",
    to: "",
    likely: "snap_crash",
  },
  {
    name: "snapshot-older-than-a-numbered-one",
    breaks: "S6",
    file: WRITE,
    from: "  if (numbered && numbered.sequence > sequence) {",
    to: "  if (numbered && numbered.sequence < 0) {",
    likely: "snap_damage",
  },
  {
    name: "snapshot-older-than-another-programs",
    breaks: "S6",
    file: WRITE,
    from: "Math.max(meta?.sequence ?? 0, seq ?? 0) <= sequence",
    to: "(meta?.sequence ?? 0) <= sequence",
    likely: "snap_damage",
  },
  {
    name: "snapshot-damage-blocks-a-new-one",
    breaks: "S5",
    file: WRITE,
    from:
      '    if (code === "CORRUPT" || code === "NOT_FOUND") return; // it is replaced\n',
    to: "",
    likely: "snap_damage",
  },
  {
    name: "snapshot-temporary-files-kept",
    breaks: "S4",
    file: WRITE,
    from: "    await removeNew(place);\n    throw error;",
    to: "    throw error;",
    likely: "matrix",
  },
  {
    name: "snapshot-removed-at-an-unknown-outcome",
    breaks: "S1",
    file: WRITE,
    from: '  } catch (error) {\n    const { code = "IO", path = dir }',
    to:
      '  } catch (error) {\n    await removeNew(place);\n    const { code = "IO", path = dir }',
    likely: "matrix",
  },
  {
    name: "snapshot-unknown-outcome-not-said",
    breaks: "E1",
    file: WRITE,
    from: "; whether the snapshot at ${sequence} counts shows when it is read",
    to: "",
    likely: "snapshot_faults",
  },
  {
    name: "snapshot-lock-not-taken",
    breaks: "L1",
    file: WRITE,
    from: "    : await fileSystem.lock(pathOf(place, NAMES.lock));",
    to: "    : undefined;",
    likely: "matrix",
  },
  {
    name: "snapshot-lock-kept",
    breaks: "L3",
    file: WRITE,
    from: "    await lock?.release();\n",
    to: "",
    likely: "snap_crash",
  },
  {
    name: "snapshot-without-its-last-piece",
    breaks: "S1",
    file: WRITE,
    from: "  yield `${text}\\n`;",
    to: "  yield `\\n`;",
    likely: "snap_crash",
  },
  {
    name: "snapshot-directory-not-made",
    breaks: "S1",
    file: WRITE,
    from: "  await fileSystem.mkdir(dir);\n",
    to: "",
    likely: "snap_crash",
  },
];

/** What counts, and what is damage. */
const READING: readonly Mutant[] = [
  {
    name: "snapshot-checksum-not-compared",
    breaks: "S5",
    file: READ,
    from: "return file.crc32 === meta.crc32 ? file : undefined;",
    to: "return file;",
    likely: "snap_damage",
  },
  {
    name: "snapshot-size-not-compared",
    breaks: "S5",
    file: READ,
    from: "    if (await handle.size() !== meta.bytes) return undefined;\n",
    to: "",
    likely: "snap_damage",
  },
  {
    name: "snapshot-line-not-checked",
    breaks: "S5",
    file: META,
    from: "return formatMeta(meta) === text ? meta : undefined;",
    to: "return Number.isSafeInteger(meta.sequence) ? meta : undefined;",
    likely: "snap_damage",
  },
  {
    name: "snapshot-line-without-its-checksum",
    breaks: "S5",
    file: META,
    from: "  return formatMeta(meta) === text ? meta : undefined;",
    to:
      "  return text.startsWith(formatMeta(meta).slice(0, -13)) ? meta : undefined;",
    likely: "snap_damage",
  },
  {
    name: "snapshot-number-of-any-text",
    breaks: "S5",
    file: META,
    from: "/^\\s*\\d+\\s*$/.test(text)",
    to: 'text !== ""',
    likely: "snap_damage",
  },
  {
    name: "snapshot-damaged-line-ignored",
    breaks: "S5",
    file: READ,
    from: "meta: line === undefined ? undefined : requireMeta(place, line),",
    to: "meta: line === undefined ? undefined : parseMeta(line),",
    likely: "snap_damage",
  },
  {
    name: "snapshot-of-a-newer-version-read",
    breaks: "S5",
    file: READ,
    from: "  if (version > reading.version) {",
    to: "  if (version > Infinity) {",
    likely: "snap_crash",
  },
  {
    name: "snapshot-behind-its-commit-point-not-found",
    breaks: "S1",
    file: READ,
    from:
      "  for (const name of [NAMES.json, NAMES.newJson, NAMES.json]) {\n    if (name",
    to: "  for (const name of [NAMES.json]) {\n    if (name",
    likely: "snap_crash",
  },
  {
    name: "snapshot-not-read-again-when-replaced",
    breaks: "S1",
    file: READ,
    from: "    if (await readSmall(place, NAMES.meta) !== line) continue;\n",
    to: "",
    likely: "snap_crash",
  },
  {
    name: "snapshot-new-json-of-another-create",
    breaks: "S1",
    file: READ,
    from:
      "    if (name === NAMES.newJson && seq !== undefined && seq > sequence) continue;\n",
    to: "",
    likely: "snap_damage",
  },
  {
    name: "snapshot-foreign-with-our-number",
    breaks: "S6",
    file: READ,
    from:
      "  if (seq === undefined || seq === meta?.sequence) return undefined;",
    to: "  if (seq === undefined) return undefined;",
    likely: "snap_damage",
  },
  {
    name: "snapshot-own-one-taken-for-a-foreign-one",
    breaks: "S6",
    file: READ,
    from:
      "    if (await readSmall(place, NAMES.newSeq) !== undefined) return undefined;\n",
    to: "",
    likely: "snap_crash",
  },
  {
    name: "snapshot-numbered-one-not-looked-for",
    breaks: "S6",
    file: READ,
    from: "numbered.sequence > (meta?.sequence ?? seq ?? -1)",
    to: "numbered.sequence < 0",
    likely: "snap_damage",
  },
  {
    name: "snapshot-numbered-one-preferred",
    breaks: "S6",
    file: READ,
    from: "numbered.sequence > (meta?.sequence ?? seq ?? -1)",
    to: "numbered.sequence > -1",
    likely: "snap_damage",
  },
  {
    name: "snapshot-number-in-its-name-believed",
    breaks: "S6",
    file: NUMBERED,
    from: "seq !== sequence || state === undefined",
    to: "state === undefined",
    likely: "snap_damage",
  },
  {
    name: "snapshot-lowest-number-counts",
    breaks: "S6",
    file: NUMBERED,
    from: "sequence > latest.sequence",
    to: "sequence < latest.sequence",
    likely: "snap_damage",
  },
  {
    name: "snapshot-bad-utf-8-read",
    breaks: "S5",
    file: JSON_FILE,
    from: "    fatal: true,\n",
    to: "    fatal: false,\n",
    likely: "snap_damage",
  },
  {
    name: "snapshot-not-read-back-by-its-number",
    breaks: "S3",
    file: WRITE,
    from: "  if (meta.sequence !== sequence) {",
    to: "  if (meta.sequence < 0) {",
    likely: "snapshot_faults",
  },
  {
    name: "snapshot-read-back-as-whatever",
    breaks: "S3",
    file: WRITE,
    from: "    if (await matches(place, name, meta)) return;\n",
    to: "    return;\n",
    likely: "matrix",
  },
  {
    name: "snapshot-read-back-by-its-size",
    breaks: "S3",
    file: META,
    from: "    return await checksum(place.fileSystem, handle, bytes);",
    to: "    return bytes === 0 ? 0 : (await peekMeta(place))?.crc32;",
    likely: "matrix",
  },
];

/** All of them. */
export const MUTANTS: readonly Mutant[] = [...WRITING, ...READING];
