/** Mutants of what a queue keeps: compaction, records, keys, and what is shown. */

import type { Mutant } from "./mutant.ts";

const COMPACTION = "src/queue/compaction.ts";
const CORE = "src/queue/core.ts";
const MODEL = "src/queue/model.ts";
const RECORDS = "src/queue/records.ts";
const LEDGER = "src/queue/ledger.ts";

/** All of them. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: "compaction-of-what-is-needed",
    breaks: "Q6",
    file: COMPACTION,
    from: "state.upkeep.compact(keep, isAutomatic)",
    to: "state.upkeep.compact(Infinity, isAutomatic)",
    likely: "compaction",
  },
  {
    name: "compaction-one-record-too-far-for-payloads",
    breaks: "Q6",
    file: COMPACTION,
    from: "state.upkeep.compact(keep, isAutomatic)",
    to: "state.upkeep.compact(keep + 1, isAutomatic)",
    likely: "compaction",
  },
  {
    name: "compaction-of-what-was-handed-in-meanwhile",
    breaks: "Q6",
    file: COMPACTION,
    from: "      state.commits.staged + 1,\n",
    to: "      Infinity,\n",
    likely: "queue_mutants",
  },
  {
    name: "payloads-of-dead-letters-not-kept",
    breaks: "Q6",
    file: COMPACTION,
    from: "this.#core.look(number) ?? this.#core.lookDead(number)",
    to: "this.#core.look(number)",
    likely: "compaction",
  },
  {
    name: "payloads-not-kept-where-they-were-carried",
    breaks: "Q6",
    file: COMPACTION,
    from: "return entry && (entry.record ?? number);",
    to: "return entry && number;",
    likely: "compaction",
  },
  {
    name: "carried-into-a-segment-that-is-to-go",
    breaks: "Q6",
    file: COMPACTION,
    from: "      await state.rotate();\n",
    to: "",
    likely: "compaction",
  },
  {
    name: "failed-compaction-tells-nobody",
    breaks: "M3",
    file: COMPACTION,
    from: "      if (failure) this.#core.onFailure(failure);\n",
    to: "",
    likely: "compaction_faults",
  },
  {
    name: "carried-without-its-payload",
    breaks: "Q6",
    file: CORE,
    from: '"payload":${payload}}}`;',
    to: '"payload":null}}`;',
    likely: "compaction",
  },
  {
    name: "carried-record-not-counted",
    breaks: "Q6",
    file: CORE,
    from: "      this.records.add(record, message);\n",
    to: "",
    likely: "compaction",
  },
  {
    name: "enqueued-record-not-counted",
    breaks: "Q6",
    file: CORE,
    from: "      this.records.add(number, number);\n",
    to: "",
    likely: "compaction",
  },
  {
    name: "payload-of-a-dead-letter-let-go",
    breaks: "Q6",
    file: CORE,
    from:
      "        this.payloads.delete(record); // it is likely to lie for long\n",
    to:
      "        this.payloads.delete(record);\n        this.records.remove(record);\n",
    likely: "dead_letters",
  },
  {
    name: "carried-though-it-is-gone",
    breaks: "Q6",
    file: CORE,
    from:
      "const entry = this.look(message) ?? this.lookDead(message);\n    if (!entry) return 0;\n    const { record: from = message } = entry;",
    to:
      "const entry = this.look(message) ?? this.lookDead(message);\n    const { record: from = message } = entry ?? {};",
    likely: "queue_mutants",
  },
  {
    name: "carried-place-not-noted",
    breaks: "Q6",
    file: MODEL,
    from: "    entry.record = number;\n",
    to: "    entry.record ??= undefined;\n",
    likely: "compaction",
  },
  {
    name: "dead-letters-not-carried",
    breaks: "Q6",
    file: MODEL,
    from: "root.messages[message] ?? present(root.dead, message)",
    to: "present(root.messages, message)",
    likely: "compaction",
  },
  {
    name: "records-carried-on-not-first",
    breaks: "Q6",
    file: RECORDS,
    from: "      if (at < first && recordOf(message) === at) first = at;\n",
    to: "",
    likely: "records",
  },
  {
    name: "records-of-a-block-counted-as-one",
    breaks: "Q6",
    file: RECORDS,
    from: "this.#counts.set(block, (this.#counts.get(block) ?? 0) + 1);",
    to: "this.#counts.set(block, 1);",
    likely: "records",
  },
  {
    name: "records-counted-where-they-were-when-opening",
    breaks: "Q6",
    file: LEDGER,
    from: "        this.records.add(record, number);\n",
    to: "        this.records.add(number, number);\n",
    likely: "compaction",
  },
  {
    name: "records-of-dead-letters-not-counted-when-opening",
    breaks: "Q6",
    file: LEDGER,
    from:
      'for (const part of ["messages", "dead"] as const) {\n      for (const [number, { record',
    to:
      'for (const part of ["messages"] as const) {\n      for (const [number, { record',
    likely: "dead_letters",
  },
];
