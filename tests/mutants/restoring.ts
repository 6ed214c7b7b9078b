/** Mutants of how a snapshot is read: what counts, and what is damage. */

import type { Mutant } from "./mutant.ts";

const WRITE = "src/snapshot/write.ts";
const READ = "src/snapshot/read.ts";
const META = "src/snapshot/meta.ts";
const NUMBERED = "src/snapshot/numbered.ts";
const JSON_FILE = "src/snapshot/json_file.ts";

/** All of them. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: "snapshot-checksum-not-compared",
    breaks: "S5",
    file: READ,
    from: "return file.crc32 === meta.crc32 ? file : undefined;",
    to: "return file;",
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
    name: "snapshot-cut-line-ignored",
    breaks: "S5",
    file: READ,
    from: "meta: line === undefined ? undefined : requireMeta(place, line),",
    to:
      "meta: !line || line.length < 40 ? undefined : requireMeta(place, line),",
    likely: "snap_damage",
  },
  {
    name: "snapshot-of-a-newer-version-read",
    breaks: "S5",
    file: READ,
    from: "  if (version > reading.version) {",
    to: "  if (version > Infinity) {",
    likely: "snap_store",
  },
  {
    name: "snapshot-behind-its-commit-point-not-found",
    breaks: "S1",
    file: READ,
    from:
      "  for (const name of [NAMES.json, NAMES.newJson, NAMES.json]) {\n    if (name",
    to: "  for (const name of [NAMES.json] as string[]) {\n    if (name",
    likely: "snap_crash",
  },
  {
    name: "snapshot-not-read-again-when-replaced",
    breaks: "S1",
    file: READ,
    from: "    if (await readSmall(place, NAMES.meta) !== line) continue;\n",
    to: "",
    likely: "snap_store",
  },
  {
    name: "snapshot-new-json-of-another-create",
    breaks: "S1",
    file: READ,
    from:
      "    if (name === NAMES.newJson && seq !== undefined && seq > sequence) continue;\n",
    to: "",
    likely: "snapshot_faults",
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
    likely: "snap_damage",
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
    likely: "snapshot_files",
  },
  {
    name: "snapshot-not-read-back-by-its-number",
    breaks: "S3",
    file: WRITE,
    from: "  if (meta.sequence !== sequence) {",
    to: "  if (meta.sequence < 0) {",
    likely: "snap_damage",
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
  {
    name: "snapshot-of-another-log-taken",
    breaks: "S1",
    file: READ,
    from: "  refuseOthers(place, meta);\n",
    to: "",
    likely: "attacks",
  },
  {
    name: "torn-pair-of-mini-rs-taken",
    breaks: "S1",
    file: READ,
    from: "    await refuseTornPair(place);\n",
    to: "",
    likely: "attacks",
  },
];
