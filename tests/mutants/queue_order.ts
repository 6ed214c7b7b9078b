/** Mutants of the order of a queue, of its groups, and of what happens when. */

import type { Mutant } from "./mutant.ts";

const SCHEDULE = "src/queue/schedule.ts";
const CORE = "src/queue/core.ts";
const MINI_QUEUE = "src/queue/mini_queue.ts";

/** All of them. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: "priority-not-looked-at",
    breaks: "Q3",
    file: SCHEDULE,
    from: "return number - priority * STEP;",
    to: "return number - 0 * priority * STEP;",
    likely: "order",
  },
  {
    name: "priority-worth-a-thousand-messages",
    breaks: "Q3",
    file: SCHEDULE,
    from: "const STEP = 2 ** 45;",
    to: "const STEP = 1000;",
    likely: "schedule",
  },
  {
    name: "two-of-a-group-in-order-at-once",
    breaks: "Q3",
    file: SCHEDULE,
    from:
      "if (current < number || (entry && this.#isHeld(current, entry, now))) {",
    to: "if (entry && this.#isHeld(current, entry, now)) {",
    likely: "order",
  },
  {
    name: "older-one-of-a-group-beside-one-that-is-held",
    breaks: "Q3",
    file: SCHEDULE,
    from:
      "if (current < number || (entry && this.#isHeld(current, entry, now))) {",
    to: "if (entry && current < number) {",
    likely: "order",
  },
  {
    name: "held-one-of-a-group-not-known-again",
    breaks: "Q3",
    file: SCHEDULE,
    from: "      ) lane.current = number;\n    }\n",
    to: "      ) lane.numbers.push(number, number);\n    }\n",
    likely: "order",
  },
  {
    name: "held-one-of-a-group-behind-one-whose-lease-is-over",
    breaks: "Q3",
    file: SCHEDULE,
    from: "(lane.current === undefined || this.#isHeld(number, entry, now))",
    to: "lane.current === undefined",
    likely: "queue_mutants",
  },
  {
    name: "lease-over-in-the-place-of-the-held-one-of-its-group",
    breaks: "Q3",
    file: SCHEDULE,
    from: "(lane.current === undefined || this.#isHeld(number, entry, now))",
    to: "lane.current !== number",
    likely: "order",
  },
  {
    name: "given-back-in-front-of-its-group",
    breaks: "Q3",
    file: SCHEDULE,
    from:
      "    if (lane) this.#passOn(lane, now);\n    else this.#offer(number, entry, now);\n  }\n\n  /**\n   * A message has a lease",
    to:
      "    if (!lane || lane) this.#offer(number, entry, now);\n  }\n\n  /**\n   * A message has a lease",
    likely: "order",
  },
  {
    name: "lease-over-in-front-of-its-group",
    breaks: "Q3",
    file: SCHEDULE,
    from:
      "    if (!lane) this.putBack(number, entry);\n    else if (lane.current === number) this.#passOn(lane, now);",
    to: "    this.putBack(number, entry);",
    likely: "order",
  },
  {
    name: "group-ends-with-its-first-message",
    breaks: "Q1",
    file: SCHEDULE,
    from:
      "    this.#passOn(lane, now);\n    if (lane.current === undefined) this.#lanes.delete(group);",
    to: "    if (lane.current === undefined) this.#lanes.delete(group);",
    likely: "order",
  },
  {
    name: "group-waits-for-who-is-gone",
    breaks: "Q1",
    file: SCHEDULE,
    from: "    lane.current = undefined;\n    for (;;) {",
    to: "    for (;;) {",
    likely: "order",
  },
  {
    name: "group-not-told-of-an-acknowledgement",
    breaks: "Q1",
    file: CORE,
    from:
      "    batch.staged.push(() => this.schedule.remove(number, entry, batch.now));\n",
    to: "",
    likely: "order",
  },
  {
    name: "group-not-told-of-a-dead-letter",
    breaks: "Q1",
    file: CORE,
    from:
      "      batch.staged.push(() => this.schedule.remove(number, entry, now));\n",
    to: "",
    likely: "order",
  },
  {
    name: "held-message-taken",
    breaks: "Q3",
    file: SCHEDULE,
    from: "if (!entry || this.#isHeld(number, entry, now)) continue;",
    to: "if (!entry) continue;",
    likely: "queue_mutants",
  },
  {
    name: "taken-past-its-group",
    breaks: "Q3",
    file: SCHEDULE,
    from:
      "      if (!this.#isThrough(number, entry)) continue; // its turn comes\n",
    to: "",
    likely: "queue_mutants",
  },
  {
    name: "delayed-message-taken",
    breaks: "Q3",
    file: SCHEDULE,
    from:
      "      if (notBefore > now) this.#delayed.push(number, notBefore);\n      else return number;",
    to: "      if (notBefore > 0 || notBefore <= 0) return number;",
    likely: "queue_mutants",
  },
  {
    name: "peek-takes",
    breaks: "Q1",
    file: SCHEDULE,
    from:
      "      if (entry) this.putBack(number, entry);\n    }\n    return found;",
    to: "    }\n    return found;",
    likely: "inspect",
  },
  {
    name: "peek-ends-at-what-is-not-durable",
    breaks: "M2",
    file: MINI_QUEUE,
    from: "return entry !== undefined && core.doom(entry, now) === undefined;",
    to: "return !entry || core.doom(entry, now) === undefined;",
    likely: "inspect",
  },
  {
    name: "delay-that-never-ends",
    breaks: "Q1",
    file: SCHEDULE,
    from:
      "        if (this.#isThrough(number, entry)) this.putBack(number, entry);\n",
    to: "",
    likely: "timers",
  },
  {
    name: "lease-that-is-over-not-given-back",
    breaks: "Q4",
    file: SCHEDULE,
    from: "        this.#letBack(number, entry, now);\n",
    to: "",
    likely: "leases",
  },
  {
    name: "extended-lease-never-over",
    breaks: "Q4",
    file: SCHEDULE,
    from: "if (end > now) this.#ends.push(number, end);",
    to: "if (end > now) continue;",
    likely: "leases",
  },
];
