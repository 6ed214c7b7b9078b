/** Mutants of what reads a log, mini-rs files included, and tells a torn tail from damage. */

import type { Mutant } from "./mutant.ts";

const PROOF = "src/wal/proof.ts";
const READER = "src/wal/reader.ts";
const SEGMENT = "src/wal/segment_reader.ts";

/** What a reader refuses, and what it is patient with. */
const READERS: readonly Mutant[] = [
  {
    name: "damage-refused-to-nobody",
    breaks: "W9",
    file: SEGMENT,
    from: "  if (!await validMarkFollows(source, end)) return;\n",
    to: "  if (source.size >= 0) return;\n",
    likely: "damage",
  },
  {
    name: "damage-read-as-a-torn-tail",
    breaks: "W9",
    file: SEGMENT,
    from: "  await checkTail(scanSource, end, segment.path);\n",
    to: "",
    likely: "damage",
  },
  {
    name: "commit-line-not-counted-after",
    breaks: "W2",
    file: SEGMENT,
    from: "    if (last !== undefined && last !== sequence) {",
    to: "    if (last !== undefined && last < 0) {",
    likely: "marks",
  },
  {
    name: "line-that-is-no-record-skipped",
    breaks: "W1",
    file: SEGMENT,
    from:
      "    yield decoded;\n    if (error !== undefined) throw error;\n    if (last",
    to: "    yield decoded;\n    if (last",
    likely: "marks",
  },
  {
    name: "torn-sealed-segment-read",
    breaks: "W9",
    file: READER,
    from: 'offset < size || (segment.head.kind === "v0.2" && !end.closed)',
    to: 'segment.head.kind === "v0.2" && !end.closed',
    likely: "legacy",
  },
  {
    name: "torn-sealed-segment-read-as-the-active-one",
    breaks: "W9",
    file: READER,
    from: "const isActive = next === undefined && segment.path === path;",
    to: "const isActive = next === undefined;",
    likely: "sealed_legacy",
  },
  {
    name: "removed-records-not-missed",
    breaks: "W2",
    file: READER,
    from: "    if (from > 0 && from < first) {",
    to: "    if (from < 0) {",
    likely: "rotation",
  },
  {
    name: "other-segment-under-the-same-name-read",
    breaks: "W2",
    file: READER,
    from: "if (isSame(segment.head, head)) return { handle, head };",
    to:
      'if (isSame(segment.head, head) || segment.number > 0) {\n        return { handle, head: head as OpenSegment["head"] };\n      }',
    likely: "readers",
  },
  {
    name: "renamed-segment-given-up",
    breaks: "W13",
    file: READER,
    from: "new Set([segment.path, sealed])",
    to: "new Set([segment.path])",
    likely: "readers",
  },
  {
    name: "reader-that-was-overtaken-does-not-begin-again",
    breaks: "W13",
    file: READER,
    from: 'if (code !== "TRUNCATED" || attempt === ATTEMPTS) throw error;',
    to: "throw error;",
    likely: "readers",
  },
  {
    name: "reader-does-not-plan-again",
    breaks: "W13",
    file: READER,
    from: "if (before === await names(fileSystem, path)) throw cause;",
    to: "if (before !== path) throw cause;",
    likely: "readers",
  },
  {
    name: "torn-log-read-as-closed",
    breaks: "W9",
    file: READER,
    from: "closed: end.closed && !torn, torn",
    to: "closed: end.closed, torn",
    likely: "damage",
  },
  {
    name: "log-that-must-exist-not-looked-for",
    breaks: "R2",
    file: READER,
    from: "if (source.mustExist && segments.length === 0) {",
    to: "if (source.mustExist && segments.length < 0) {",
    likely: "must_exist",
  },
  {
    name: "followed-log-that-must-exist-not-looked-for",
    breaks: "R2",
    file: "src/state/follower.ts",
    from: "    if (mustExist) await checkExists",
    to: "    if (mustExist && interval < 0) await checkExists",
    likely: "must_exist",
  },
  {
    name: "dropped-reader-keeps-its-file",
    breaks: "R2",
    file: READER,
    from: "return closeIfDropped(readHolding(source, held), held);",
    to: "return readHolding(source, held);",
    likely: "abandoned_readers",
  },
  {
    name: "damage-not-reported-by-verify",
    breaks: "W9",
    file: "src/wal/verify.ts",
    from: "    ok: damage === undefined,",
    to: "    ok: lastSequence >= 0,",
    likely: "damage",
  },
];

/** Files of mini-rs, which have no checksums. */
const LEGACY: readonly Mutant[] = [
  {
    name: "checksum-of-a-sealed-mini-rs-file-not-checked",
    breaks: "W9",
    file: SEGMENT,
    from: "segment.sealed !== undefined && chain !== segment.sealed[2]",
    to: "segment.sealed !== undefined && chain < 0",
    likely: "legacy",
  },
  {
    name: "refused-record-taken-for-a-torn-tail",
    breaks: "W1",
    file: SEGMENT,
    from: "newest && !isJson(bytes, decoded.failure) &&",
    to: "newest &&",
    likely: "legacy",
  },
  {
    name: "records-behind-damage-cut-off",
    breaks: "W9",
    file: SEGMENT,
    from: "!await recordFollows(handle, next, whole)",
    to: "next >= 0",
    likely: "legacy",
  },
  {
    name: "last-line-without-its-line-end-counts",
    breaks: "W3",
    file: SEGMENT,
    from: "const whole = await endOfLastLine(handle, size);",
    to: "const whole = size;",
    likely: "legacy",
  },
  {
    name: "marks-skipped-in-mini-rs-files",
    breaks: "W9",
    file: SEGMENT,
    from: "decode(source, bytes, end.sequence, undefined)",
    to: "decode(source, bytes, end.sequence, 1)",
    likely: "legacy",
  },
  {
    name: "bad-utf8-replaced",
    breaks: "W12",
    file: "src/wal/decode.ts",
    from: "const strictUtf8 = { fatal: true,",
    to: "const strictUtf8 = { fatal: false,",
    likely: "legacy",
  },
];

/** What proves that damage is no torn tail. */
const PROOFS: readonly Mutant[] = [
  {
    name: "valid-mark-behind-damage-not-looked-for",
    breaks: "W9",
    file: PROOF,
    from: "          if (valid) return true;\n",
    to: "",
    likely: "damage",
  },
  {
    name: "stated-chain-is-no-anchor",
    breaks: "W9",
    file: PROOF,
    from: "          predecessors.push(predecessor(behind, stated));\n",
    to: "",
    likely: "proof",
  },
  {
    name: "computed-chain-is-no-anchor",
    breaks: "W9",
    file: PROOF,
    from: "        predecessors.push(predecessor(behind, computed));\n",
    to: "",
    likely: "damage",
  },
  {
    name: "fused-lines-are-no-anchor",
    breaks: "W9",
    file: PROOF,
    from: ": predecessors.slice(-4).filter(({ offset }) => offset === at);",
    to: ": [];",
    likely: "damage",
  },
  {
    name: "line-with-eight-digits-is-no-anchor",
    breaks: "W9",
    file: PROOF,
    from: "        predecessors.push(predecessor(i + 1, stated));\n",
    to: "",
    likely: "damage",
  },
  {
    name: "digits-parted-by-a-window-overlooked",
    breaks: "W9",
    file: PROOF,
    from: "    front = 9;\n",
    to: "    front = 0;\n",
    likely: "proof",
  },
  {
    name: "mark-parted-by-a-window-overlooked",
    breaks: "W9",
    file: PROOF,
    from: "const stop = last ? filled : filled - LOOK_AHEAD;",
    to: "const stop = filled;",
    likely: "proof",
  },
  {
    name: "only-the-first-window-searched",
    breaks: "W9",
    file: PROOF,
    from: "    if (last) return false;\n",
    to: "    if (last || base >= end.offset) return false;\n",
    likely: "proof",
  },
];

/** All of them. */
export const MUTANTS: readonly Mutant[] = [...READERS, ...LEGACY, ...PROOFS];
