/** Mutants of how reducers run on the state, and how what they did is undone. */

import type { Mutant } from "./mutant.ts";

const TREE = "src/state/tree.ts";
const COMMITS = "src/state/commits.ts";
const WRITER = "src/wal/writer.ts";

/** All of them. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: "refused-mutation-not-undone",
    breaks: "M1",
    file: TREE,
    from: "      undo(work);\n",
    to: "",
    likely: "state_moments",
  },
  {
    name: "undone-oldest-first",
    breaks: "M1",
    file: TREE,
    from: "of changes.reverse()",
    to: "of changes",
    likely: "state_moments",
  },
  {
    name: "changes-of-tables-not-undone",
    breaks: "M1",
    file: TREE,
    from:
      "  for (const change of changes.reverse()) change.table.undo(change);\n",
    to: "",
    likely: "state_moments",
  },
  {
    name: "newest-version-not-put-back",
    breaks: "M1",
    file: TREE,
    from:
      "  for (const version of replaced.reverse()) version.table.newest = version;\n",
    to: "",
    likely: "state_moments",
  },
  {
    name: "versions-put-back-oldest-first",
    breaks: "M1",
    file: TREE,
    from: "of replaced.reverse()",
    to: "of replaced",
    likely: "state_moments",
  },
  {
    name: "refusal-that-was-caught-not-looked-at",
    breaks: "M1",
    file: TREE,
    from: "      if (run.refusal) throw run.refusal;\n",
    to: "",
    likely: "state_shown",
  },
  {
    name: "run-not-ended",
    breaks: "M1",
    file: TREE,
    from: "    } finally {\n      run.end();\n",
    to: "    } finally {\n",
    likely: "state_shown",
  },
  {
    name: "reducer-changes-and-returns",
    breaks: "M1",
    file: TREE,
    from: "  if (hasChanged) {\n",
    to: "  if (hasChanged === undefined) {\n",
    likely: "tree",
  },
  {
    name: "asynchronous-reducer-left-alone",
    breaks: "E1",
    file: TREE,
    from: "    result.catch(() => {}); // its outcome comes too late\n",
    to: "",
    likely: "state_faults",
  },
  {
    name: "asynchronous-reducer-taken",
    breaks: "M1",
    file: TREE,
    from: "  if (result instanceof Promise) {\n    result.catch(",
    to:
      "  if (result instanceof Promise) {\n    if (result.then.length > 0) return;\n    result.catch(",
    likely: "tree",
  },
  {
    name: "accidental-value-taken-for-a-state",
    breaks: "M1",
    file: TREE,
    from: "if (!isContainer(state) || isContainer(result)) return;",
    to: "if (state) return;",
    likely: "attacks",
  },
  {
    name: "state-changed-from-within-a-reducer",
    breaks: "M1",
    file: TREE,
    from:
      '    if (this.#isRunning) {\n      throw new TypeError("Cannot change the state from within a reducer");\n    }\n',
    to: "",
    likely: "state_faults",
  },
  {
    name: "copy-shows-the-newest",
    breaks: "M2",
    file: TREE,
    from: "return copyOut(this.durableRoot) as S;",
    to: "return copyOut(this.newestRoot) as S;",
    likely: "tree",
  },
  {
    name: "what-is-looked-at-once-shows-the-newest",
    breaks: "M2",
    file: TREE,
    from: "return this.#timeline.durable.root;",
    to: "return this.#timeline.newest.root;",
    likely: "tree",
  },
  {
    name: "durable-state-not-awaited",
    breaks: "M2",
    file: COMMITS,
    from: "    tree.await();\n",
    to: "",
    likely: "state_faults",
  },
  {
    name: "group-joined-that-is-being-written",
    breaks: "M2",
    file: WRITER,
    from: "return this.#pending.length > 0 && this.#groupLength",
    to: "return this.#groupLength",
    likely: "state_groups",
  },
  {
    name: "full-group-joined",
    breaks: "M2",
    file: WRITER,
    from: "this.#pending.length > 0 && this.#groupLength < GROUP_LENGTH &&",
    to: "this.#pending.length > 0 &&",
    likely: "state_groups",
  },
  {
    name: "group-before-a-rotation-joined",
    breaks: "M2",
    file: WRITER,
    from: " &&\n      this.#tasks.at(-1)?.after !== this.#submitted;",
    to: ";",
    likely: "state_groups",
  },
  {
    name: "length-of-a-group-not-begun-again",
    breaks: "M5",
    file: WRITER,
    from: "      (this.joinsGroup ? this.#groupLength : 0);\n",
    to: "      this.#groupLength;\n",
    likely: "state_groups",
  },
  {
    name: "next-group-joined",
    breaks: "M2",
    file: COMMITS,
    from: "const joins = this.#writer.joinsGroup && !this.feed.isHeard;",
    to: "const joins = !this.feed.isHeard;",
    likely: "state_groups",
  },
  {
    name: "listeners-shown-a-later-state",
    breaks: "M2",
    file: COMMITS,
    from: "const joins = this.#writer.joinsGroup && !this.feed.isHeard;",
    to: "const joins = this.#writer.joinsGroup;",
    likely: "state_manager",
  },
];
