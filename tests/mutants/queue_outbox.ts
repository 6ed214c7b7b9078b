/** Mutants of a queue that shares its log with a state. */

import type { Mutant } from "./mutant.ts";

const OUTBOX = "src/queue/outbox.ts";

/** All of them. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: "outbox-acknowledges-apart",
    breaks: "W3",
    file: OUTBOX,
    from:
      "    const batch = core.begin();\n    for (const { held } of leases) core.ack(batch, held);\n",
    to:
      "    const acks = core.begin();\n    for (const { held } of leases) core.ack(acks, held);\n    core.commit(acks).catch(() => {});\n    const batch = core.begin();\n",
    likely: "outbox_refusals",
  },
  {
    name: "outbox-commits-before-it-is-durable",
    breaks: "M2",
    file: OUTBOX,
    from: "    await done;\n    return ids;",
    to: "    done.catch(() => {});\n    return ids;",
    likely: "outbox",
  },
  {
    name: "outbox-acknowledges-for-others",
    breaks: "Q2",
    file: OUTBOX,
    from: "if (revealed.core === this.#core) return revealed;",
    to: "if (revealed.core) return revealed;",
    likely: "outbox",
  },
  {
    name: "outbox-shows-what-is-not-durable",
    breaks: "M2",
    file: OUTBOX,
    from: "const { state } = this.#core.state.tree.durable;",
    to: "const { state } = this.#core.state.tree.newest;",
    likely: "outbox",
  },
  {
    name: "outbox-reducer-given-what-is-not-copied",
    breaks: "M1",
    file: OUTBOX,
    from: "      return encodeExactly(this.#check(mutation));\n",
    to:
      "      const exact = this.#check(mutation);\n      return { text: encodeExactly(exact).text, exact };\n",
    likely: "queue_mutants",
  },
  {
    name: "outbox-mutation-of-an-older-version-taken",
    breaks: "M1",
    file: OUTBOX,
    from: "if (upcast === undefined) throw new NotGiven();",
    to: "if (upcast === undefined) return record as QueueRecord;",
    likely: "outbox_versions",
  },
  {
    name: "outbox-state-of-an-older-version-taken",
    breaks: "M1",
    file: OUTBOX,
    from: "if (migrate === undefined) throw new NotGiven();",
    to: "if (migrate === undefined) return root as Root;",
    likely: "outbox_versions",
  },
  {
    name: "outbox-queue-record-upcast",
    breaks: "Q1",
    file: OUTBOX,
    from: "if (mutation === undefined) return record as QueueRecord;",
    to: "if (mutation === undefined && from > 1) return record as QueueRecord;",
    likely: "outbox_versions",
  },
  {
    name: "outbox-first-mutation-given-another-number",
    breaks: "M1",
    file: OUTBOX,
    from: "first.change(number, apply, [mutation as M]);",
    to: "first.change(1, apply, [mutation as M]);",
    likely: "outbox_versions",
  },
];
