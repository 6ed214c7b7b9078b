/** Mutants of what opens a log: which segments there must be, what is finished, what is refused. */

import type { Mutant } from "./mutant.ts";

const PLAN = "src/wal/plan.ts";
const RECOVERY = "src/wal/recovery.ts";
const LOG = "src/wal/log.ts";

/** Which segments there must be. */
const SEGMENTS: readonly Mutant[] = [
  {
    name: "gap-between-segments",
    breaks: "W2",
    file: PLAN,
    from: "if (n > 0 && found[n - 1].number + 1 !== number) {",
    to: "if (n > 0 && found[n - 1].number + 1 > number) {",
    likely: "segments",
  },
  {
    name: "segment-under-a-wrong-name",
    breaks: "W9",
    file: PLAN,
    from: "    if (segment !== number) {",
    to: "    if (segment < 0) {",
    likely: "segments",
  },
  {
    name: "segment-not-chained-to-the-one-before",
    breaks: "W4",
    file: PLAN,
    from: "if (chain !== prev || sequence + 1 !== first) {",
    to: "if (sequence + 1 !== first) {",
    likely: "segments",
  },
  {
    name: "segment-not-counted-on-from-the-one-before",
    breaks: "W2",
    file: PLAN,
    from: "if (chain !== prev || sequence + 1 !== first) {",
    to: "if (chain !== prev) {",
    likely: "segments",
  },
  {
    name: "first-segment-begins-anywhere",
    breaks: "W2",
    file: PLAN,
    from: "segment === 1 && (first !== 1 || prev !== 0)",
    to: "segment === 0 && (first !== 1 || prev !== 0)",
    likely: "segments",
  },
  {
    name: "lost-front-accepted",
    breaks: "W2",
    file: PLAN,
    from: "if (first !== undefined && first > dropped + 1) {",
    to: "if (first === -1) {",
    likely: "segments",
  },
  {
    name: "lost-newest-segment-accepted",
    breaks: "W2",
    file: PLAN,
    from: "    !listing.next.has(lastSealed + 1)\n",
    to: "    !listing.next.has(lastSealed + 1) && lastSealed < 0\n",
    likely: "segments",
  },
  {
    name: "segment-behind-the-active-one",
    breaks: "W9",
    file: PLAN,
    from: "if (foreign && foreign.length > 0) {",
    to: "if (foreign && foreign.length < 0) {",
    likely: "segments",
  },
  {
    name: "another-spelling-accepted",
    breaks: "W2",
    file: PLAN,
    from: "if (active && !listing.active && !listing.sealed.has(number)) {",
    to: "if (active && !listing.active && listing.sealed.has(-1)) {",
    likely: "intruders",
  },
  {
    name: "copy-taken-for-a-second-name",
    breaks: "W2",
    file: PLAN,
    from: "return await sameRange(left, right, sealed.size);",
    to: "return left !== right;",
    likely: "segments",
  },
  {
    name: "second-name-without-a-rotation",
    breaks: "W9",
    file: PLAN,
    from: "    listing.next.has(twin.number + 1) &&\n",
    to: "",
    likely: "sealed_legacy",
  },
  {
    name: "sealed-segment-without-a-header",
    breaks: "W9",
    file: PLAN,
    from: 'result.head.kind === "empty" || result.head.kind === "partial"',
    to: 'result.head.kind === "empty" && result.size > 0',
    likely: "sealed_legacy",
  },
];

/** What opening finishes, and what it leaves alone. */
const OPENING: readonly Mutant[] = [
  {
    name: "records-under-the-name-of-a-prepared-segment",
    breaks: "W1",
    file: PLAN,
    from:
      "if (sequence < header.first || !await fileSystem.stat(path)) return;",
    to: "if (sequence >= 0 || !await fileSystem.stat(path)) return;",
    likely: "segments",
  },
  {
    name: "damaged-prepared-segment-refused",
    breaks: "W13",
    file: PLAN,
    from: "  if (!damage.includes(error.code)) throw error;\n",
    to: "  if (damage.length > 0) throw error;\n",
    likely: "segments",
  },
  {
    name: "directory-not-synced-at-the-end",
    breaks: "W8",
    file: RECOVERY,
    from: "  await fileSystem.syncDir(dir);\n  return {",
    to: "  return {",
    likely: "faults",
  },
  {
    name: "prepared-segment-left-behind",
    breaks: "W11",
    file: RECOVERY,
    from: "      await fileSystem.remove(name);\n",
    to: "",
    likely: "segments",
  },
  {
    name: "sealed-segment-not-read-to-its-end",
    breaks: "W9",
    file: RECOVERY,
    from: "if (end.closed && end.offset === size) return end;",
    to: "if (size > 0) return end;",
    likely: "segments",
  },
  {
    name: "prepared-segment-of-another-log",
    breaks: "W13",
    file: RECOVERY,
    from: "prepared.first === header.first && prepared.prev === header.prev",
    to: "prepared.first > 0",
    likely: "segments",
  },
  {
    name: "sealed-segment-opened-as-a-log",
    breaks: "W4",
    file: RECOVERY,
    from: "path === sealedPath(stem, head.header.segment)",
    to: "path === sealedPath(stem, -1)",
    likely: "intruders",
  },
  {
    name: "anything-but-a-file-opened",
    breaks: "W4",
    file: RECOVERY,
    from: '  if (info.kind !== "file") {',
    to: '  if (info.kind !== "file" && info.size < 0) {',
    likely: "mini_store",
  },
  {
    name: "newer-format-written-in-the-older-one",
    breaks: "W4",
    file: RECOVERY,
    from: 'if (kind !== "v0.2" || format === "v0.2") return;',
    to: 'if (kind !== "v0.2" || format !== "v0.2") return;',
    likely: "legacy",
  },
  {
    name: "foreign-file-noticed-too-late",
    breaks: "W4",
    file: LOG,
    from: "  await refuseForeign(log, format);\n",
    to: "",
    likely: "intruders",
  },
  {
    name: "mended-without-the-lock",
    breaks: "L1",
    file: LOG,
    from:
      "  const lock = await fileSystem.lock(`${path}${LOCK}`);\n  try {\n    await prepare?.();\n    const open = await openLog(log, settings);",
    to:
      "  await prepare?.();\n  const open = await openLog(log, settings);\n  const lock = await fileSystem.lock(`${path}${LOCK}`);\n  try {",
    likely: "intruders",
  },
  {
    name: "lock-kept-after-a-failing-open",
    breaks: "L3",
    file: LOG,
    from: "    await lock.release();\n",
    to: "",
    likely: "read_faults",
  },
  {
    name: "lock-kept-after-close",
    breaks: "L3",
    file: LOG,
    from: ".finally(() => lock.release())",
    to: "",
    likely: "mini_store",
  },
  {
    name: "lock-kept-after-a-failing-close",
    breaks: "L3",
    file: LOG,
    from: ".finally(() => lock.release())",
    to: ".then(() => lock.release())",
    likely: "faults",
  },
];

/** All of them. */
export const MUTANTS: readonly Mutant[] = [...SEGMENTS, ...OPENING];
