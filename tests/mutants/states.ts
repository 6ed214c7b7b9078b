/** Mutants of snapshots and compactions of a state, and of how mutations are committed and loaded. */

import type { Mutant } from "./mutant.ts";

const UPKEEP = "src/state/upkeep.ts";
const COMMITS = "src/state/commits.ts";
const MANAGER = "src/state/state_manager.ts";
const TREE = "src/state/tree.ts";
const LOAD = "src/state/load.ts";
const PAST = "src/state/past.ts";
const OPTIONS = "src/state/options.ts";

/** Snapshots and compactions. */
const KEEPING: readonly Mutant[] = [
  {
    name: "compaction-in-front-of-its-snapshot",
    breaks: "S3",
    file: UPKEEP,
    from:
      "      const sequence = await this.#write();\n      // The disk must give it back before anything that it covers goes.\n      await checkSnapshot(place, sequence);\n      await this.#writer.rotate();\n      const removedSegments = await this.#writer.truncateBefore(sequence + 1);\n",
    to:
      "      const { sequence } = this.#commits;\n      await this.#writer.rotate();\n      const removedSegments = await this.#writer.truncateBefore(sequence + 1);\n      await this.#write();\n      await checkSnapshot(place, sequence);\n",
    likely: "matrix",
  },
  {
    name: "compaction-not-read-back",
    breaks: "S3",
    file: UPKEEP,
    from: "      await checkSnapshot(place, sequence);\n",
    to: "",
    likely: "matrix",
  },
  {
    name: "compaction-one-too-far",
    breaks: "S3",
    file: UPKEEP,
    from: "truncateBefore(sequence + 1)",
    to: "truncateBefore(sequence + 2)",
    likely: "state_faults",
  },
  {
    name: "compaction-of-all-there-is",
    breaks: "S3",
    file: UPKEEP,
    from: "truncateBefore(sequence + 1)",
    to: "truncateBefore(this.#commits.sequence + 1)",
    likely: "state_faults",
  },
  {
    name: "compaction-without-a-rotation",
    breaks: "M5",
    file: UPKEEP,
    from: "      await this.#writer.rotate();\n",
    to: "",
    likely: "state_manager",
  },
  {
    name: "compactions-at-once",
    breaks: "S1",
    file: UPKEEP,
    from: "const job = this.#last.then(run);",
    to: "const job = run();",
    likely: "state_faults",
  },
  {
    name: "upkeep-ends-with-its-first-failure",
    breaks: "S1",
    file: UPKEEP,
    from: "this.#last = job.catch(() => {}); // whoever asked is told",
    to: "this.#last = job;",
    likely: "state_faults",
  },
  {
    name: "snapshot-ahead-of-the-log",
    breaks: "S2",
    file: UPKEEP,
    from: "const { sequence } = this.#commits;",
    to: "const sequence = this.#commits.sequence + 1;",
    likely: "matrix",
  },
  {
    name: "snapshot-of-the-newest-state",
    breaks: "S2",
    file: TREE,
    from: "const point = this.#durable?.point ?? 0;",
    to: "const point = Infinity;",
    likely: "matrix",
  },
  {
    name: "snapshot-keeps-its-capture",
    breaks: "M5",
    file: UPKEEP,
    from: "      this.#tree.release(capture);\n",
    to: "",
    likely: "state_faults",
  },
  {
    name: "compaction-of-a-log-without-numbers",
    breaks: "S3",
    file: UPKEEP,
    from: 'if (settings.format === "v0.1") {',
    to: "if (settings.format === undefined) {",
    likely: "state_manager",
  },
];

/** From a mutation to what is shown. */
const COMMITTING: readonly Mutant[] = [
  {
    name: "shown-before-it-is-durable",
    breaks: "M2",
    file: COMMITS,
    from: "    this.#staged = last;\n",
    to: "    this.#staged = last;\n    this.#tree.settle(last);\n",
    likely: "state_manager",
  },
  {
    name: "numbered-before-it-is-durable",
    breaks: "M2",
    file: COMMITS,
    from: "    this.#staged = last;\n",
    to: "    this.#staged = this.#sequence = last;\n",
    likely: "state_manager",
  },
  {
    name: "view-shows-the-newest",
    breaks: "M2",
    file: MANAGER,
    from: "return this.#tree.durable as DeepReadonly<S>;",
    to: "return this.#tree.newest as DeepReadonly<S>;",
    likely: "state_manager",
  },
  {
    name: "copy-shows-the-newest",
    breaks: "M2",
    file: TREE,
    from: "const { reader } = this.#views;",
    to: "const { reader } = this.#newest;",
    likely: "state_manager",
  },
  {
    name: "durable-state-not-awaited",
    breaks: "M2",
    file: COMMITS,
    from: "    tree.await(writer.sequence);\n",
    to: "",
    likely: "state_manager",
  },
  {
    name: "refused-mutation-not-undone",
    breaks: "M1",
    file: TREE,
    from: "      history.undoTo(before);\n",
    to: "",
    likely: "tree",
  },
  {
    name: "refused-mutation-written",
    breaks: "M1",
    file: COMMITS,
    from:
      '    } catch (cause) {\n      throw new DurableError(\n        "REJECTED",',
    to:
      '    } catch (cause) {\n      if (texts.length < 0) throw new DurableError(\n        "REJECTED",',
    likely: "state_manager",
  },
  {
    name: "expected-sequence-not-looked-at",
    breaks: "M1",
    file: COMMITS,
    from: "expected !== undefined && expected !== this.#staged",
    to: "expected !== undefined && expected < 0",
    likely: "state_manager",
  },
  {
    name: "expected-sequence-of-the-durable-state",
    breaks: "M1",
    file: COMMITS,
    from: "expected !== undefined && expected !== this.#staged",
    to: "expected !== undefined && expected !== this.#sequence",
    likely: "state_manager",
  },
  {
    name: "reducer-given-what-json-drops",
    breaks: "M1",
    file: COMMITS,
    from: "this.#isTrimmed ? settings.reading.decode(text) : mutation",
    to: "mutation",
    likely: "state_manager",
  },
  {
    name: "validation-left-out-on-apply",
    breaks: "M1",
    file: COMMITS,
    from: "const mutation = check(given);",
    to: "const mutation = given;",
    likely: "state_manager",
  },
  {
    name: "transaction-on-the-durable-state",
    breaks: "M1",
    file: COMMITS,
    from: "decide(this.#tree.newest)",
    to: "decide(this.#tree.durable)",
    likely: "state_manager",
  },
  {
    name: "asynchronous-transaction-taken",
    breaks: "M1",
    file: COMMITS,
    from: "if (decided instanceof Promise) {",
    to: "if (false as boolean) {",
    likely: "state_manager",
  },
  {
    name: "empty-transaction-not-durable",
    breaks: "M2",
    file: COMMITS,
    from: "this.apply(mutations) : this.#newest;",
    to: "this.apply(mutations) : Promise.resolve(this.#staged);",
    likely: "state_manager",
  },
  {
    name: "applied-behind-a-failure",
    breaks: "M3",
    file: COMMITS,
    from: "    if (this.#writer.failure) throw this.#writer.failure;\n",
    to: "",
    likely: "matrix",
  },
  {
    name: "applied-behind-close",
    breaks: "M3",
    file: COMMITS,
    from: "    if (!this.#isClosed) return;\n",
    to: "    if (!this.#isClosed || this.#isClosed) return;\n",
    likely: "state_manager",
  },
  {
    name: "close-does-not-wait-for-a-snapshot",
    breaks: "S1",
    file: MANAGER,
    from: "      await this.#upkeep.idle;\n",
    to: "",
    likely: "state_manager",
  },
  {
    name: "changes-not-ended",
    breaks: "M3",
    file: MANAGER,
    from: "      this.#commits.feed.end(this.#log.writer.failure);\n",
    to: "",
    likely: "state_manager",
  },
  {
    name: "changes-ended-without-the-failure",
    breaks: "M3",
    file: MANAGER,
    from: "feed.end(this.#log.writer.failure)",
    to: "feed.end()",
    likely: "state_manager",
  },
  {
    name: "changes-told-before-they-are-shown",
    breaks: "M2",
    file: COMMITS,
    from:
      "    this.#tree.settle(last);\n    this.#sequence = last;\n    if (!this.feed.isHeard) return;\n",
    to:
      "    if (!this.feed.isHeard) {\n      this.#tree.settle(last);\n      this.#sequence = last;\n      return;\n    }\n    queueMicrotask(() => {\n      this.#tree.settle(last);\n      this.#sequence = last;\n    });\n",
    likely: "feed",
  },
];

/** From the disk to a state. */
const LOADING: readonly Mutant[] = [
  {
    name: "loaded-without-the-lock",
    breaks: "L1",
    file: MANAGER,
    from:
      "    const log = await openForWriting(plan.log, plan.settings, async () => {\n      await refuseShortened(plan.log);\n      loaded = await loadState(plan, await loadOrigin(plan));\n    });\n",
    to:
      "    await refuseShortened(plan.log);\n    loaded = await loadState(plan, await loadOrigin(plan));\n    const log = await openForWriting(plan.log, plan.settings);\n",
    likely: "state_faults",
  },
  {
    name: "loaded-state-not-compared-with-the-log",
    breaks: "M1",
    file: MANAGER,
    from: "if (!loaded || loaded.sequence !== sequence) {",
    to: "if (!loaded) {",
    likely: "state_faults",
  },
  {
    name: "snapshot-not-settled-by-open",
    breaks: "S4",
    file: MANAGER,
    from: "      await settleSnapshot(plan.place);\n",
    to: "",
    likely: "matrix",
  },
  {
    name: "log-kept-open-when-opening-fails",
    breaks: "L3",
    file: MANAGER,
    from: "      await log.close();\n      throw error;",
    to: "      throw error;",
    likely: "matrix",
  },
  {
    name: "shortened-log-of-mini-rs-taken",
    breaks: "M1",
    file: MANAGER,
    from: "      await refuseShortened(plan.log);\n",
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
      "if (from === version) return { state, sequence, damage: undefined };",
    to: "if (from > 0) return { state, sequence, damage: undefined };",
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
    likely: "state_open",
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
    likely: "state_manager",
  },
  {
    name: "past-from-a-newer-snapshot",
    breaks: "M1",
    file: PAST,
    from: "  if (origin.sequence <= wanted) return origin;\n",
    to: "  if (origin.sequence >= 0) return origin;\n",
    likely: "state_manager",
  },
  {
    name: "past-that-is-yet-to-come",
    breaks: "M1",
    file: PAST,
    from: "  if (loaded.sequence === sequence) return loaded.tree.copy();\n",
    to: "  if (loaded.sequence >= 0) return loaded.tree.copy();\n",
    likely: "state_manager",
  },
  {
    name: "journal-named-like-a-snapshot",
    breaks: "S1",
    file: OPTIONS,
    from: "if (isName && !SNAPSHOT_NAMES.test(journal)) return;",
    to: "if (isName) return;",
    likely: "state_open",
  },
  {
    name: "version-lost-by-the-log",
    breaks: "M1",
    file: OPTIONS,
    from: "{ ...resolved, schema: version }",
    to: "{ ...resolved, schema: 1 }",
    likely: "state_open",
  },
];

/** All of them. */
export const MUTANTS: readonly Mutant[] = [
  ...KEEPING,
  ...COMMITTING,
  ...LOADING,
];
