/** Mutants of how a state is read from the disk. */

import type { Mutant } from "./mutant.ts";

const OPEN = "src/state/open_state.ts";
const LOAD = "src/state/load.ts";
const PAST = "src/state/past.ts";
const OPTIONS = "src/state/options.ts";

/** All of them. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: "loaded-without-the-lock",
    breaks: "L1",
    file: OPEN,
    from:
      "  const log = await openForWriting(plan.log, plan.settings, async () => {\n    await refuseShortened(plan.log);\n    loaded = await loadState(plan, await loadOrigin(plan));\n  });\n",
    to:
      "  await refuseShortened(plan.log);\n  loaded = await loadState(plan, await loadOrigin(plan));\n  const log = await openForWriting(plan.log, plan.settings);\n",
    likely: "state_faults",
  },
  {
    name: "loaded-state-not-compared-with-the-log",
    breaks: "M1",
    file: OPEN,
    from: "if (!loaded || loaded.sequence !== sequence) {",
    to: "if (!loaded || loaded.sequence < 0) {",
    likely: "state_faults",
  },
  {
    name: "snapshot-not-settled-by-open",
    breaks: "S4",
    file: OPEN,
    from: "    await settleSnapshot(plan.place);\n",
    to: "",
    likely: "matrix",
  },
  {
    name: "log-kept-open-when-opening-fails",
    breaks: "L3",
    file: OPEN,
    from:
      "    await log.close().catch(() => {}); // error says why\n    throw error;",
    to: "    throw error;",
    likely: "matrix",
  },
  {
    name: "shortened-log-of-mini-rs-taken",
    breaks: "M1",
    file: OPEN,
    from: "    await refuseShortened(plan.log);\n",
    to: "",
    likely: "state_open",
  },
  {
    name: "snapshot-damage-not-reported",
    breaks: "S5",
    file: LOAD,
    from:
      'if (code === "CORRUPT") return { ...start, damage: error as DurableError };',
    to: 'if (code === "CORRUPT") return { ...start, damage: undefined };',
    likely: "matrix",
  },
  {
    name: "snapshot-damage-refuses-a-whole-log",
    breaks: "S5",
    file: LOAD,
    from:
      '    if (code === "CORRUPT") return { ...start, damage: error as DurableError };\n',
    to: "",
    likely: "matrix",
  },
  {
    name: "snapshot-unread-on-any-error",
    breaks: "S5",
    file: LOAD,
    from: 'if (code === "CORRUPT") return',
    to: 'if (code !== "REJECTED") return',
    likely: "matrix",
  },
  {
    name: "short-log-taken",
    breaks: "M1",
    file: LOAD,
    from: "end !== undefined && end.sequence < origin.sequence",
    to: "end !== undefined && end.sequence < 0",
    likely: "state_open",
  },
  {
    name: "gap-behind-the-snapshot-taken",
    breaks: "M1",
    file: LOAD,
    from:
      '    const { code, sequence: first } = error as DurableError;\n    if (code !== "TRUNCATED") throw error;\n',
    to:
      '    const { code, sequence: first = 1 } = error as DurableError;\n    if (code === "TRUNCATED" && !damage) {\n      return await replay(plan, { state: 0, sequence: first - 1, damage }, take);\n    }\n    if (code !== "TRUNCATED") throw error;\n',
    likely: "state_open",
  },
  {
    name: "snapshot-records-applied-twice",
    breaks: "M4",
    file: LOAD,
    from: "const from = sequence + 1;\n  try",
    to: "const from = Math.max(1, sequence);\n  try",
    likely: "matrix",
  },
  {
    name: "snapshot-of-an-older-version-taken",
    breaks: "M1",
    file: LOAD,
    from:
      "if (from === version) return { state, sequence, bytes, damage: undefined };",
    to: "if (from > 0) return { state, sequence, bytes, damage: undefined };",
    likely: "state_open",
  },
  {
    name: "state-not-migrated",
    breaks: "M1",
    file: LOAD,
    from: "state: adoptState(migrated), sequence",
    to: "state, sequence",
    likely: "state_open",
  },
  {
    name: "record-of-an-older-version-taken",
    breaks: "M1",
    file: LOAD,
    from: "if (isOld && !upcast) {",
    to: "if (isOld && version < 0) {",
    likely: "state_open",
  },
  {
    name: "record-not-upcast",
    breaks: "M1",
    file: LOAD,
    from: "check(isOld && upcast ? upcast(record, schema) : record)",
    to: "check(record)",
    likely: "state_open",
  },
  {
    name: "record-of-a-newer-version-taken",
    breaks: "M1",
    file: LOAD,
    from: "readLog({ ...log, reading, from, maxSchema: version })",
    to: "readLog({ ...log, reading, from, maxSchema: Infinity })",
    likely: "state_readers",
  },
  {
    name: "validation-left-out-on-open",
    breaks: "M1",
    file: LOAD,
    from: "return check(isOld && upcast ? upcast(record, schema) : record);",
    to: "return (isOld && upcast ? upcast(record, schema) : record) as M;",
    likely: "state_open",
  },
  {
    name: "refused-record-skipped",
    breaks: "M1",
    file: LOAD,
    from:
      "    tree.change(sequence, apply, [mutation]);\n  } catch (cause) {\n",
    to:
      "    tree.change(sequence, apply, [mutation]);\n  } catch (cause) {\n    if (sequence > 0) return;\n",
    likely: "state_open",
  },
  {
    name: "past-read-beyond-what-is-wanted",
    breaks: "M1",
    file: LOAD,
    from: "    if (sequence >= to) break;\n",
    to: "",
    likely: "past",
  },
  {
    name: "past-from-a-newer-snapshot",
    breaks: "M1",
    file: PAST,
    from: "  if (origin.sequence <= wanted) return origin;\n",
    to: "  if (origin.sequence >= 0) return origin;\n",
    likely: "past",
  },
  {
    name: "past-that-is-yet-to-come",
    breaks: "M1",
    file: PAST,
    from: "  if (loaded.sequence === sequence) return loaded.tree.copy();\n",
    to: "  if (loaded.sequence >= 0) return loaded.tree.copy();\n",
    likely: "past",
  },
  {
    name: "journal-named-like-a-snapshot",
    breaks: "S1",
    file: OPTIONS,
    from: "if (isName && !SNAPSHOT_NAMES.test(journal)) return;",
    to: "if (isName) return;",
    likely: "state_manager",
  },
  {
    name: "version-lost-by-the-log",
    breaks: "M1",
    file: OPTIONS,
    from: "{ ...resolved, schema: version }",
    to: "{ ...resolved, schema: 1 }",
    likely: "state_open",
  },
  {
    name: "follower-tells-of-a-mutation-that-its-reducer-changed",
    breaks: "M1",
    file: LOAD,
    from: "onMutation && !plan.codec ? copyOut(mutation) as M : mutation;",
    to: "mutation;",
    likely: "state_attacks",
  },
];
