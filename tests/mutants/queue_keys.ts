/** Mutants of dedupe keys and ids, and of how a queue is opened. */

import type { Mutant } from "./mutant.ts";

const CORE = "src/queue/core.ts";
const KEYS = "src/queue/keys.ts";
const MODEL = "src/queue/model.ts";
const OPEN_QUEUE = "src/queue/open_queue.ts";

/** All of them. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: "key-taken-twice-in-a-batch",
    breaks: "Q5",
    file: CORE,
    from: "ids.get(name) ?? this.keys.idOf(name, now, batch.gone)",
    to: "this.keys.idOf(name, now, batch.gone)",
    likely: "dedupe",
  },
  {
    name: "key-taken-for-ever",
    breaks: "Q5",
    file: KEYS,
    from: "return until > now ||",
    to: "return until > 0 ||",
    likely: "dedupe",
  },
  {
    name: "key-taken-a-millisecond-longer",
    breaks: "Q5",
    file: KEYS,
    from: "return until > now ||",
    to: "return until >= now ||",
    likely: "dedupe",
  },
  {
    name: "id-taken-again-that-is-in-use",
    breaks: "Q5",
    file: KEYS,
    from:
      "(name.startsWith(ID) && this.#isThere(message) && !gone?.has(message))",
    to: "(name.startsWith(ID) && message < 0)",
    likely: "dedupe",
  },
  {
    name: "id-forgotten-that-is-in-use",
    breaks: "Q5",
    file: KEYS,
    from:
      "      if (this.#isTaken(name, entry, now)) used.push(name);\n      else due.push(name);",
    to: "      due.push(name);",
    likely: "dedupe_windows",
  },
  {
    name: "key-forgotten-in-front-of-its-end",
    breaks: "Q5",
    file: KEYS,
    from: "while (this.#ends.least <= now &&",
    to: "while (this.#ends.least <= now + 1 &&",
    likely: "keys",
  },
  {
    name: "key-taken-anew-is-forgotten",
    breaks: "Q5",
    file: KEYS,
    from:
      "      if (name === undefined || !entry || entry.until > now) continue;\n      if (this.#isTaken(name, entry, now)) used.push(name);\n      else due.push(name);",
    to:
      "      if (name === undefined || !entry) continue;\n      if (name.startsWith(ID) && this.#isTaken(name, entry, now)) used.push(name);\n      else due.push(name);",
    likely: "keys",
  },
  {
    name: "keys-not-put-back-when-refused",
    breaks: "Q5",
    file: CORE,
    from:
      "        for (const name of forgotten) this.keys.add(name, batch.now);\n",
    to: "",
    likely: "queue_mutants",
  },
  {
    name: "key-stands-for-a-number",
    breaks: "Q5",
    file: MODEL,
    from: ": { message: number, id, until: keyUntil };",
    to: ": { message: number, until: keyUntil };",
    likely: "dedupe_windows",
  },
  {
    name: "id-not-remembered",
    breaks: "Q5",
    file: MODEL,
    from: "      root.keys[idKey(id)] = { message: number, until: idUntil };\n",
    to: "",
    likely: "dedupe",
  },
  {
    name: "keys-and-ids-are-one",
    breaks: "Q5",
    file: MODEL,
    from: "return `key:${key}`;",
    to: "return `id:${key}`;",
    likely: "dedupe_windows",
  },
  {
    name: "queue-opened-from-another-snapshot",
    breaks: "W4",
    file: OPEN_QUEUE,
    from: "    checkRoot(state.tree.durableRoot as Partial<Root>, plan.log);\n",
    to: "",
    likely: "compaction_faults",
  },
  {
    name: "queue-kept-locked-when-opening-fails",
    breaks: "L3",
    file: OPEN_QUEUE,
    from: "    await state.close().catch(() => {}); // error says why\n",
    to: "",
    likely: "mini_queue",
  },
];
