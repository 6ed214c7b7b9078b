/** Mutants of what a queue and an outbox show, and of what is durable by then. */

import type { Mutant } from "./mutant.ts";

const LEDGER = "src/queue/ledger.ts";
const INSPECT = "src/queue/inspect.ts";
const CORE = "src/queue/core.ts";

/** All of them. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: "payload-not-looked-for-where-it-was-carried",
    breaks: "Q6",
    file: LEDGER,
    from: 'if (code !== "TRUNCATED" || record === before) throw error;',
    to: 'if (code !== "TRUNCATED" || record !== before) throw error;',
    likely: "payloads",
  },
  {
    name: "listed-before-it-is-durable",
    breaks: "M2",
    file: LEDGER,
    from: "memberOf(this.#durablePart(part), String(number))",
    to: "memberOf(this.#part(part), String(number))",
    likely: "outbox_refusals",
  },
  {
    name: "waiters-not-told-of-a-failure",
    breaks: "M3",
    file: LEDGER,
    from: "      this.onFailure(error);\n",
    to: "      void error;\n",
    likely: "queue_faults",
  },
  {
    name: "nothing-new-is-durable-at-once",
    breaks: "Q5",
    file: LEDGER,
    from: "return this.state.commits.newest;",
    to: "return Promise.resolve(this.state.commits.staged);",
    likely: "dedupe",
  },
  {
    name: "written-behind-close",
    breaks: "M3",
    file: LEDGER,
    from: '    commits.checkOpen("write to");\n',
    to: "",
    likely: "queue_faults",
  },
  {
    name: "size-of-what-is-not-durable",
    breaks: "M2",
    file: INSPECT,
    from: "(tree.durableRoot as Root).totals;",
    to: "(tree.newestRoot as Root).totals;",
    likely: "inspect_durable",
  },
  {
    name: "totals-of-what-is-not-durable",
    breaks: "M2",
    file: INSPECT,
    from: "(core.state.tree.durableRoot as Root).totals",
    to: "(core.state.tree.newestRoot as Root).totals",
    likely: "inspect_durable",
  },
  {
    name: "delayed-counted-before-it-is-durable",
    breaks: "M2",
    file: CORE,
    from: "batch.durable.push(() => this.schedule.count(number, entry));",
    to: "batch.staged.push(() => this.schedule.count(number, entry));",
    likely: "inspect_durable",
  },
  {
    name: "removed-counted-before-it-is-durable",
    breaks: "M2",
    file: CORE,
    from:
      "    batch.durable.push(() => {\n      this.schedule.count(number, undefined);\n      this.records.remove(record);",
    to:
      "    batch.staged.push(() => {\n      this.schedule.count(number, undefined);\n      this.records.remove(record);",
    likely: "inspect_durable",
  },
];
