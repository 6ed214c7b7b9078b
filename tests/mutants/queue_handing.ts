/** Mutants of how messages of a queue come in, are handed out, and are worked on. */

import type { Mutant } from "./mutant.ts";

const MINI_QUEUE = "src/queue/mini_queue.ts";
const CONSUMERS = "src/queue/consumers.ts";
const CORE = "src/queue/core.ts";

/** All of them. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: "enqueued-before-it-is-durable",
    breaks: "Q1",
    file: MINI_QUEUE,
    from:
      "const [id] = core.enqueue(batch, [letter]);\n    await core.commit(batch);",
    to:
      "const [id] = core.enqueue(batch, [letter]);\n    core.commit(batch).catch(() => {});",
    likely: "queue_faults",
  },
  {
    name: "batch-enqueued-before-it-is-durable",
    breaks: "Q1",
    file: MINI_QUEUE,
    from:
      "const ids = core.enqueue(batch, letters);\n    await core.commit(batch);",
    to:
      "const ids = core.enqueue(batch, letters);\n    core.commit(batch).catch(() => {});",
    likely: "queue_faults",
  },
  {
    name: "batch-enqueued-one-by-one",
    breaks: "W3",
    file: MINI_QUEUE,
    from:
      "    const batch = core.begin();\n    const ids = core.enqueue(batch, letters);\n    await core.commit(batch);\n    return ids;",
    to:
      "    const ids: string[] = [];\n    for (const letter of letters) {\n      const batch = core.begin();\n      ids.push(...core.enqueue(batch, [letter]));\n      await core.commit(batch);\n    }\n    return ids;",
    likely: "queue_mutants",
  },
  {
    name: "handed-out-before-its-claim-is-durable",
    breaks: "Q3",
    file: CONSUMERS,
    from: "      await claim.done;\n",
    to: "      claim.done.catch(() => {});\n",
    likely: "queue_faults",
  },
  {
    name: "handed-out-though-it-was-settled",
    breaks: "Q2",
    file: CONSUMERS,
    from: "return found && core.isHeld(held)\n",
    to: "return found\n",
    likely: "claims",
  },
  {
    name: "handed-out-though-it-was-settled-while-it-was-read",
    breaks: "Q2",
    file: CONSUMERS,
    from: "return text !== undefined && core.isHeld(held)\n",
    to: "return text !== undefined\n",
    likely: "claims",
  },
  {
    name: "handed-to-who-has-given-up",
    breaks: "Q4",
    file: CONSUMERS,
    from: "    if (!consumer.isGone) {\n",
    to: "    if (consumer.resolve) {\n",
    likely: "work_end",
  },
  {
    name: "not-given-back-by-who-has-given-up",
    breaks: "Q3",
    file: CONSUMERS,
    from:
      "message.release().catch(() => {}).then(() => consumer.reject(undefined));",
    to: "consumer.reject(undefined);",
    likely: "work_end",
  },
  {
    name: "attempt-counted-for-who-has-given-up",
    breaks: "Q3",
    file: CONSUMERS,
    from: "message.release().catch(() => {}).then(",
    to: "message.retry().catch(() => {}).then(",
    likely: "work_end",
  },
  {
    name: "consumer-forgotten-whose-message-was-lost",
    breaks: "Q1",
    file: CONSUMERS,
    from: "      else this.#enter(consumer);\n",
    to: "",
    likely: "claims",
  },
  {
    name: "consumer-waits-on-and-is-not-served",
    breaks: "Q1",
    file: CONSUMERS,
    from: "      else this.#enter(consumer);\n    }\n    this.serve();\n",
    to: "      else this.#enter(consumer);\n    }\n",
    likely: "claims",
  },
  {
    name: "close-does-not-give-back-what-is-on-its-way",
    breaks: "Q3",
    file: CONSUMERS,
    from: "        this.#giveBack(claimed, { free: true, delay: 0 });\n",
    to: "        void claimed;\n",
    likely: "claims",
  },
  {
    name: "close-counts-the-attempt-of-what-is-on-its-way",
    breaks: "Q3",
    file: CONSUMERS,
    from: "this.#giveBack(claimed, { free: true, delay: 0 })",
    to: "this.#giveBack(claimed, { free: undefined as never, delay: 0 })",
    likely: "claims",
  },
  {
    name: "damaged-payload-comes-again-and-again",
    breaks: "Q3",
    file: CONSUMERS,
    from: "} else if (core.isHeld(held)) {",
    to: "} else if (!core.isHeld(held)) {",
    likely: "payload_damage",
  },
  {
    name: "payload-that-could-not-be-read-is-given-up",
    breaks: "Q1",
    file: CONSUMERS,
    from: 'if (code !== "CORRUPT") {',
    to: 'if (code === "CLOSED") {',
    likely: "payload_damage",
  },
  {
    name: "attempt-counted-for-a-failing-read",
    breaks: "Q3",
    file: CONSUMERS,
    from: "await this.#giveBack({ held, entry }, { free: true });",
    to: "await this.#giveBack({ held, entry }, { free: undefined as never });",
    likely: "payload_damage",
  },
  {
    name: "consumers-held-for-the-time-of-the-first",
    breaks: "Q4",
    file: CONSUMERS,
    from: "        consumer.visibilityTimeout !== visibilityTimeout ||\n",
    to: "",
    likely: "consumers",
  },
  {
    name: "nobody-wakes-who-waits-for-a-delay",
    breaks: "Q1",
    file: CONSUMERS,
    from: "      while (this.#serveSome());\n      this.#arm();\n",
    to: "      while (this.#serveSome());\n",
    likely: "timers",
  },
  {
    name: "handed-out-while-paused",
    breaks: "Q3",
    file: CONSUMERS,
    from: "if (this.#isPaused || this.#waiting.size === 0) return false;",
    to: "if (this.#waiting.size === 0) return false;",
    likely: "mini_queue_flow",
  },
  {
    name: "taken-while-paused",
    breaks: "Q3",
    file: CONSUMERS,
    from: "    if (this.#isPaused) return [];\n",
    to: "",
    likely: "mini_queue_flow",
  },
  {
    name: "nothing-taken-behind-what-was-lost",
    breaks: "Q1",
    file: CONSUMERS,
    from: "if (messages.length > 0 || claim.isLast) return messages;",
    to: "if (messages.length >= 0) return messages;",
    likely: "claims",
  },
  {
    name: "found-messages-dropped-for-dead-ones",
    breaks: "Q1",
    file: CORE,
    from: "      for (const number of numbers) this.#putBack(number);\n",
    to: "",
    likely: "dead_letters",
  },
  {
    name: "nobody-goes-on-behind-many-dead-ones",
    breaks: "Q1",
    file: CORE,
    from: "if (round === SWEEPS) return { messages: [], done };",
    to: "if (round === SWEEPS) return undefined;",
    likely: "order",
  },
  {
    name: "claimed-twice-in-one",
    breaks: "Q3",
    file: CORE,
    from:
      "      if (taken.has(number)) continue; // an entry of the schedule may be there twice\n",
    to: "",
    likely: "queue_mutants",
  },
  {
    name: "redriven-message-not-scheduled",
    breaks: "Q1",
    file: CORE,
    from:
      "        if (entry) this.schedule.add(number, entry, now);\n        this.noteOld(number);",
    to: "        this.noteOld(number);",
    likely: "dead_letters",
  },
];
