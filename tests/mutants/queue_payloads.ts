/** Mutants of how the payloads of a queue are read from its log. */

import type { Mutant } from "./mutant.ts";

const PAYLOADS = "src/queue/payloads.ts";
const LOOKUP = "src/wal/lookup.ts";
const BLOCKS = "src/wal/blocks.ts";

/** All of them. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: "payload-begins-within-itself",
    breaks: "Q1",
    file: PAYLOADS,
    from: "line.indexOf(MARK)",
    to: "line.lastIndexOf(MARK)",
    likely: "queue_values",
  },
  {
    name: "payload-in-a-record-that-has-none",
    breaks: "Q1",
    file: PAYLOADS,
    from: "HOLDS_PAYLOAD.test(line) ? line.indexOf(MARK) : -1",
    to: "line.indexOf(MARK)",
    likely: "queue_mutants",
  },
  {
    name: "block-not-compared-with-its-scan",
    breaks: "W1",
    file: LOOKUP,
    from: "this.#log.fileSystem.crc32(bytes, 0) !== crc",
    to: "this.#log.fileSystem.crc32(bytes, 0) < 0",
    likely: "blocks",
  },
  {
    name: "newest-segment-known-taken-for-the-right-one",
    breaks: "Q1",
    file: LOOKUP,
    from: "if (isBounded || wasScanned) return known;",
    to: "return known;",
    likely: "lookup",
  },
  {
    name: "active-segment-taken-for-the-newest-known",
    breaks: "Q1",
    file: LOOKUP,
    from:
      "if (active !== undefined && isSame(newest.head, active.head)) return;",
    to: "if (active !== undefined) return;",
    likely: "lookup",
  },
  {
    name: "segment-not-found-when-sealed",
    breaks: "Q1",
    file: LOOKUP,
    from: "new Set([this.#path, sealed])",
    to: "new Set([this.#path])",
    likely: "lookup",
  },
  {
    name: "segment-read-that-took-the-name",
    breaks: "W4",
    file: LOOKUP,
    from: 'head.kind === "v0.2" && isSame(this.#head, head)',
    to: 'head.kind === "v0.2"',
    likely: "lookup",
  },
  {
    name: "scan-goes-on-in-a-segment-that-was-replaced",
    breaks: "W4",
    file: LOOKUP,
    from: "if (head.header.id !== header.id) {",
    to: 'if (head.header.id === "") {',
    likely: "lookup",
  },
  {
    name: "bad-utf8-given-out",
    breaks: "W12",
    file: LOOKUP,
    from: "if (failure !== undefined) {\n      const at = offset",
    to: "if (failure !== undefined && offset < 0) {\n      const at = offset",
    likely: "blocks",
  },
  {
    name: "scan-shared-that-is-over",
    breaks: "Q1",
    file: LOOKUP,
    from: "      this.#next = undefined;\n",
    to: "",
    likely: "lookup",
  },
  {
    name: "failed-scan-is-the-last",
    breaks: "Q1",
    file: LOOKUP,
    from:
      "this.#running = done.catch(() => {}); // those who share it are told",
    to: "this.#running = done;",
    likely: "lookup",
  },
  {
    name: "scan-for-the-last-who-asked",
    breaks: "Q1",
    file: LOOKUP,
    from: "Math.max(this.#wanted, sequence)",
    to: "sequence",
    likely: "lookup",
  },
  {
    name: "block-found-that-is-not-confirmed",
    breaks: "W3",
    file: BLOCKS,
    from: "    if (sequence > this.#end.sequence) return undefined;\n",
    to: "",
    likely: "blocks",
  },
  {
    name: "block-confirmed-without-a-count",
    breaks: "W3",
    file: BLOCKS,
    from:
      "if (end.offset !== this.#offset || end.sequence !== this.#last) return;",
    to: "if (end.offset < 0) return;",
    likely: "blocks",
  },
  {
    name: "block-confirmed-by-its-end-alone",
    breaks: "W3",
    file: BLOCKS,
    from:
      "if (end.offset !== this.#offset || end.sequence !== this.#last) return;",
    to: "if (end.offset !== this.#offset) return;",
    likely: "blocks",
  },
  {
    name: "block-goes-on-behind-a-gap",
    breaks: "W2",
    file: BLOCKS,
    from: "    if (from < 0) return;\n",
    to: "    if (from < 0) from = 0;\n",
    likely: "blocks",
  },
  {
    name: "marks-counted-as-records",
    breaks: "Q1",
    file: BLOCKS,
    from: "if (lines[at] !== SLASH || lines[at + 1] !== SLASH) count++;",
    to: "count++;",
    likely: "blocks",
  },
  {
    name: "block-that-begins-within-a-line",
    breaks: "W1",
    file: BLOCKS,
    from: "? bytes.indexOf(LF, full - 1) + 1",
    to: "? full",
    likely: "blocks",
  },
  {
    name: "block-checked-by-its-last-part",
    breaks: "W1",
    file: BLOCKS,
    from: "this.#fileSystem.crc32(lines, block.crc)",
    to: "this.#fileSystem.crc32(lines, 0)",
    likely: "blocks",
  },
  {
    name: "block-in-front-of-the-right-one",
    breaks: "Q1",
    file: BLOCKS,
    from: "if (this.#blocks[middle].first <= sequence) low = middle + 1;",
    to: "if (this.#blocks[middle].first < sequence) low = middle + 1;",
    likely: "blocks",
  },
];
