/** Mutants of what tells valid bytes from others: headers, marks, the chain. */

import type { Mutant } from "./mutant.ts";

const FORMAT = "src/wal/format.ts";
const SCANNER = "src/wal/scanner.ts";
const SEGMENTS = "src/wal/segments.ts";

/** Headers and marks. */
const MARKS: readonly Mutant[] = [
  {
    name: "header-checksum-not-checked",
    breaks: "W9",
    file: FORMAT,
    from: "  if (hex8(chain) !== match[2]) return undefined;\n",
    to: "",
    likely: "format",
  },
  {
    name: "header-without-its-line-end",
    breaks: "W12",
    file: FORMAT,
    from: "  if (line[line.length - 1] !== LF) return undefined;\n",
    to: "",
    likely: "format",
  },
  {
    name: "header-counts-beyond-what-can-be-counted",
    breaks: "W2",
    file: FORMAT,
    from: "(value as number) <= MAX_COUNT",
    to: "(value as number) <= Infinity",
    likely: "format",
  },
  {
    name: "group-not-chained-to-the-one-before",
    breaks: "W4",
    file: FORMAT,
    from: "  return crc32(id, chain);",
    to: "  return crc32(id, chain & 0);",
    likely: "format",
  },
  {
    name: "id-not-in-the-chain",
    breaks: "W4",
    file: FORMAT,
    from: "  return crc32(id, chain);",
    to: "  return crc32(id.subarray(8), chain);",
    likely: "mini_store",
  },
  {
    name: "mark-without-its-line-end",
    breaks: "W12",
    file: FORMAT,
    from: "if (chain === undefined || bytes[i + 9] !== LF) return undefined;",
    to: "if (chain === undefined) return undefined;",
    likely: "format",
  },
  {
    name: "mark-with-leading-zeros",
    breaks: "W12",
    file: FORMAT,
    from: "if (i === digits || leadingZero || bytes[i] !== 32",
    to: "if (i === digits || bytes[i] !== 32",
    likely: "format",
  },
  {
    name: "mark-without-its-space",
    breaks: "W12",
    file: FORMAT,
    from: "if (i === digits || leadingZero || bytes[i] !== 32",
    to: "if (i === digits || leadingZero",
    likely: "marks",
  },
  {
    name: "digits-of-a-checksum-in-capitals",
    breaks: "W12",
    file: FORMAT,
    from: "      : byte >= 97 && byte <= 102\n      ? byte - 87",
    to:
      "      : (byte | 32) >= 97 && (byte | 32) <= 102\n      ? (byte | 32) - 87",
    likely: "format",
  },
  {
    name: "mark-in-the-midst-of-a-line",
    breaks: "W12",
    file: FORMAT,
    from: "if (bytes[i - 1] === 47 && bytes[i - 2] === LF) return i - 1;",
    to: "if (bytes[i - 1] === 47) return i - 1;",
    likely: "format",
  },
];

/** What the scanner lets through. */
const SCAN: readonly Mutant[] = [
  {
    name: "commit-checksum-not-checked",
    breaks: "W4",
    file: SCANNER,
    from:
      "    if (!follows(end, mark, at > group) || chain !== mark.chain) return -1;",
    to: "    if (!follows(end, mark, at > group)) return -1;",
    likely: "damage",
  },
  {
    name: "closed-checksum-not-checked",
    breaks: "W9",
    file: SCANNER,
    from:
      "    if (!follows(end, mark, at > group) || chain !== mark.chain) return -1;",
    to:
      '    if (\n      !follows(end, mark, at > group) ||\n      (mark.kind === "commit" && chain !== mark.chain)\n    ) return -1;',
    likely: "marks",
  },
  {
    name: "checksum-of-a-large-group-not-checked",
    breaks: "W4",
    file: SCANNER,
    from:
      "if (!follows(end, mark, true) || chain !== mark.chain) return false;",
    to: "if (!follows(end, mark, true)) return false;",
    likely: "scanner",
  },
  {
    name: "large-group-handed-out-before-it-is-checked",
    breaks: "W3",
    file: SCANNER,
    from:
      "if (!follows(end, mark, true) || chain !== mark.chain) return false;",
    to:
      "if (!follows(end, mark, true) || chain !== mark.chain) {\n        yield* wholeLines(handle, start, base - filled + at);\n        return false;\n      }",
    likely: "scanner",
  },
  {
    name: "commit-line-without-records",
    breaks: "W12",
    file: SCANNER,
    from: "    ? hasRecords && mark.sequence > end.sequence",
    to: "    ? mark.sequence > end.sequence",
    likely: "marks",
  },
  {
    name: "commit-line-that-counts-back",
    breaks: "W2",
    file: SCANNER,
    from: "    ? hasRecords && mark.sequence > end.sequence",
    to: "    ? hasRecords",
    likely: "marks",
  },
  {
    name: "closed-line-behind-records",
    breaks: "W12",
    file: SCANNER,
    from: "    : !hasRecords && mark.sequence === end.sequence;",
    to: "    : mark.sequence === end.sequence;",
    likely: "marks",
  },
  {
    name: "closed-line-with-another-number",
    breaks: "W2",
    file: SCANNER,
    from: "    : !hasRecords && mark.sequence === end.sequence;",
    to: "    : !hasRecords;",
    likely: "marks",
  },
  {
    name: "records-behind-the-last-commit-line-handed-out",
    breaks: "W3",
    file: SCANNER,
    from:
      "yield* pieces(buffer.subarray(from, group), base + from, end.sequence);",
    to:
      "const whole = buffer.subarray(0, filled).lastIndexOf(LF) + 1;\n    yield* pieces(\n      buffer.subarray(from, Math.max(group, whole)),\n      base + from,\n      end.sequence,\n    );",
    likely: "damage",
  },
];

/** How a file begins and ends. */
const HEADS: readonly Mutant[] = [
  {
    name: "part-of-a-header-begun-anew",
    breaks: "W2",
    file: SEGMENTS,
    from: "    if (/^(?:0(?:\\.(?:1(?:\\.\\d*)?)?)?)?$/.test(rest)) {",
    to: "    if (rest.length >= 0) {",
    likely: "mini_store",
  },
  {
    name: "foreign-file-begun-anew",
    breaks: "W4",
    file: SEGMENTS,
    from: "    if (length === 0 && MAGIC.startsWith(text)) return",
    to: "    if (length === 0) return",
    likely: "mini_store",
  },
  {
    name: "later-version-read-as-this-one",
    breaks: "W4",
    file: SEGMENTS,
    from:
      'if (version && (major !== "0" || (minor !== "1" && minor !== "2"))) {',
    to: 'if (version && major === "x" && minor !== "1") {',
    likely: "mini_store",
  },
  {
    name: "segment-that-is-there-twice",
    breaks: "W9",
    file: SEGMENTS,
    from: "if (n > 0 && sealed[n - 1][0] === number) {",
    to: "if (n > 0 && sealed[n - 1][0] > number) {",
    likely: "segments",
  },
  {
    name: "closed-line-not-at-the-very-end",
    breaks: "W9",
    file: SEGMENTS,
    from: 'mark?.kind === "closed" && at + mark.length === filled',
    to: 'mark?.kind === "closed"',
    likely: "segments",
  },
  {
    name: "segments-in-the-order-of-the-directory",
    breaks: "W2",
    file: SEGMENTS,
    from: "  sealed.sort(([a], [b]) => a - b);\n",
    to: "",
    likely: "segments",
  },
];

/** All of them. */
export const MUTANTS: readonly Mutant[] = [...MARKS, ...SCAN, ...HEADS];
