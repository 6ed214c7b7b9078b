/** Mutants of how a snapshot is written: from the temporary files to the commit point, and behind it. */

import type { Mutant } from "./mutant.ts";

const WRITE = "src/snapshot/write.ts";

/** All of them. */
export const MUTANTS: readonly Mutant[] = [
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
    likely: "snap_damage",
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
    likely: "matrix",
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
    likely: "snapshot_faults",
  },
  {
    name: "snapshot-finished-over-the-one-that-counts",
    breaks: "S4",
    file: WRITE,
    from:
      "    await matches(place, NAMES.newJson, meta) &&\n    !await matches(place, NAMES.json, meta)",
    to: "    await matches(place, NAMES.newJson, meta)",
    likely: "snap_crash",
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
    likely: "snapshot_faults",
  },
  {
    name: "snapshot-older-than-the-one-there",
    breaks: "S6",
    file: WRITE,
    from: "  if (there > sequence) refuse(NAMES.json, there);\n",
    to: "",
    likely: "snap_damage",
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
    from:
      "; whether the snapshot at ${sequence} counts is unknown until it is read again",
    to: "",
    likely: "snapshot_faults",
  },
  {
    name: "snapshot-lock-not-taken",
    breaks: "L1",
    file: WRITE,
    from: "    : await fileSystem.lock(pathOf(place, NAMES.lock));",
    to:
      "    : await fileSystem.lock(pathOf(place, `${snapshot.sequence}.lock`));",
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
  {
    name: "snapshot-of-another-log-replaced",
    breaks: "S1",
    file: WRITE,
    from:
      '    refuseOthers(place, parseMeta(await readSmall(place, NAMES.meta) ?? ""));\n',
    to: "",
    likely: "attacks",
  },
];
