/** Mutants of how a log is followed, of schema versions, and of appends without a promise. */

import type { Mutant } from "./mutant.ts";

const TAIL = "src/wal/tail.ts";
const RECOVERY = "src/wal/recovery.ts";
const WRITER = "src/wal/writer.ts";

/** What a tail hands out. */
const TAILS: readonly Mutant[] = [
  {
    name: "tail-forgets-what-it-handed-out",
    breaks: "W2",
    file: TAIL,
    from: "    const source = { ...this.#source, from: this.#next };\n",
    to: "    const source = { ...this.#source, from: 1 };\n",
    likely: "tail",
  },
  {
    name: "tail-takes-another-file-for-the-same",
    breaks: "W4",
    file: TAIL,
    from: "if (header.id === before.header.id) return { ...place.end };",
    to: 'if (header.id !== "") return { ...place.end };',
    likely: "tail",
  },
  {
    name: "tail-passes-over-an-empty-segment-that-was-replaced",
    breaks: "W13",
    file: TAIL,
    from: "if (isEmpty && isSame(before, head)) return beginningOf(header);",
    to: "if (isEmpty && !isSame(before, head)) return beginningOf(header);",
    likely: "schema_version",
  },
  {
    name: "tail-does-not-notice-lost-records",
    breaks: "W2",
    file: TAIL,
    from: "    if (size < end.offset) {",
    to: "    if (size < 0) {",
    likely: "tail",
  },
  {
    name: "tail-leaves-a-damaged-segment-behind",
    breaks: "W9",
    file: TAIL,
    from: '(end.offset < size || (head.kind === "v0.2" && !end.closed))',
    to: "end.offset > size",
    likely: "tail",
  },
  {
    name: "tail-goes-on-in-a-foreign-segment",
    breaks: "W4",
    file: TAIL,
    from: 'head.kind === "v0.1" || header.prev === end.chain;',
    to: 'head.kind === "v0.1" || header.prev >= 0;',
    likely: "tail",
  },
  {
    name: "tail-does-not-miss-a-segment",
    breaks: "W2",
    file: TAIL,
    from: "      if (newest < number) throw this.#removed(number);\n",
    to: "      if (newest < number) return;\n",
    likely: "tail",
  },
  {
    name: "segments-listed-for-each-segment",
    breaks: "R1",
    file: TAIL,
    from: "const sealedBefore = await this.#openSealed(number);",
    to:
      "const sealedBefore = number < 0\n      ? await this.#openSealed(number)\n      : undefined;",
    likely: "many_segments",
  },
];

/** The schema version of records. */
const SCHEMAS: readonly Mutant[] = [
  {
    name: "newer-schema-version-written-to",
    breaks: "W4",
    file: RECOVERY,
    from: "  checkSchema(plan.segments, edition.schema);\n",
    to: "",
    likely: "schema_version",
  },
  {
    name: "prepared-segment-keeps-its-schema-version",
    breaks: "W13",
    file: RECOVERY,
    from: "return fits ? { ...prepared, schema: header.schema } : header;",
    to: "return fits ? prepared : header;",
    likely: "schema_raise",
  },
  {
    name: "schema-version-not-raised",
    breaks: "W1",
    file: WRITER,
    from: "if (this.#isOutdated || isFull) {",
    to: "if (isFull) {",
    likely: "schema_raise",
  },
  {
    name: "schema-version-raised-by-a-rotation-alone",
    breaks: "W11",
    file: WRITER,
    from: "schema: schema ?? header.schema,",
    to: "schema: this.#options.schema,",
    likely: "schema_raise",
  },
  {
    name: "record-of-a-higher-schema-version-appended-at-once",
    breaks: "W1",
    file: WRITER,
    from: "if (this.#maintaining || this.#isOutdated) {",
    to: "if (this.#maintaining) {",
    likely: "schema_raise",
  },
  {
    name: "log-created-with-the-schema-version-of-no-record",
    breaks: "W11",
    file: RECOVERY,
    from: "  const schema = LOWEST_SCHEMA;\n",
    to: "  const schema = 3;\n",
    likely: "schema_raise",
  },
  {
    name: "mini-rs-files-continued-with-the-schema-version-of-no-record",
    breaks: "W11",
    file: RECOVERY,
    from: "    schema: LOWEST_SCHEMA,\n",
    to: "    schema: 2,\n",
    likely: "schema_raise",
  },
  {
    name: "interrupted-rotation-finished-with-the-schema-version-of-no-record",
    breaks: "W11",
    file: RECOVERY,
    from: "      schema: newest.head.header.schema,\n",
    to: "      schema: newest.head.header.schema + 1,\n",
    likely: "schema_raise",
  },
  {
    name: "schema-version-lost-by-a-rotation",
    breaks: "W1",
    file: WRITER,
    from: "schema: schema ?? header.schema,",
    to: "schema: schema ?? 1,",
    likely: "schema_version",
  },
  {
    name: "newer-schema-version-read",
    breaks: "W1",
    file: "src/wal/segment_reader.ts",
    from: "  if (schema > maxSchema) throw",
    to: "  if (schema > maxSchema + 100) throw",
    likely: "schema_version",
  },
  {
    name: "prepared-after-the-log-was-changed",
    breaks: "W9",
    file: "src/wal/log.ts",
    from:
      "    await prepare?.();\n    const open = await openLog(log, settings);",
    to:
      "    const open = await openLog(log, settings);\n    await prepare?.();",
    likely: "log",
  },
];

/** All of them. */
export const MUTANTS: readonly Mutant[] = [...TAILS, ...SCHEMAS];
