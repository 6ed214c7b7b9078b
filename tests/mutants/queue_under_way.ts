/** Mutants of when a lease begins and ends: what is under way to a consumer or to the disk, and clocks that are set back. */

import type { Mutant } from "./mutant.ts";

const CORE = "src/queue/core.ts";
const CONSUMERS = "src/queue/consumers.ts";
const INSPECT = "src/queue/inspect.ts";
const LEASES = "src/queue/leases.ts";
const LEDGER = "src/queue/ledger.ts";
const SCHEDULE = "src/queue/schedule.ts";

/** All of them. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: "lease-runs-while-it-is-under-way",
    breaks: "Q3",
    file: LEASES,
    from: "    return this.#underWay.get(number)?.token === lease.token\n",
    to: "    return this.#underWay.get(number)?.token === -now\n",
    likely: "slow_disk",
  },
  {
    name: "lease-begins-as-it-was-decided",
    breaks: "Q4",
    file: LEASES,
    from: "const until = now + lease.until - at;",
    to: "const until = at > now ? now : lease.until;",
    likely: "slow_disk",
  },
  {
    name: "lease-never-begins",
    breaks: "Q4",
    file: CORE,
    from: "    this.schedule.begin(message, lease, this.time());\n",
    to: "    void [message, lease];\n",
    likely: "leases",
  },
  {
    name: "lease-runs-while-others-of-its-claim-are-read",
    breaks: "Q4",
    file: CONSUMERS,
    from: "        take: (message) => messages.push(message),\n",
    to:
      "        take: (message) => {\n          messages.push(message);\n          this.#core.handOut(reveal(message).held);\n        },\n",
    likely: "slow_disk",
  },
  {
    name: "extended-lease-runs-while-that-is-written",
    breaks: "Q4",
    file: CORE,
    from: "    return done.then((sequence) => (begin(), sequence));\n",
    to: "    begin();\n    return done;\n",
    likely: "slow_disk",
  },
  {
    name: "lease-begins-with-an-extension-that-is-not-the-last",
    breaks: "Q4",
    file: LEASES,
    from: "if (this.#underWay.get(number)?.record !== record) return false;",
    to: "if (this.#underWay.get(number) === undefined) return false;",
    likely: "slow_disk",
  },
  {
    name: "extended-lease-ends-by-the-old-clock",
    breaks: "Q4",
    file: LEASES,
    from:
      "    if (until === lease.until) this.#running.delete(number);\n    else ",
    to: "    if (until !== lease.until) ",
    likely: "clock",
  },
  {
    name: "lease-under-way-for-good-when-writing-has-failed",
    breaks: "M3",
    file: LEDGER,
    from: "    this.schedule.fail();\n",
    to: "",
    likely: "slow_disk",
  },
  {
    name: "lease-dropped-before-it-began-is-kept",
    breaks: "Q4",
    file: SCHEDULE,
    from: "    this.#leases.drop(number);\n    // Another one",
    to: "    // Another one",
    likely: "schedule",
  },
  {
    name: "lease-of-before-is-kept",
    breaks: "Q4",
    file: SCHEDULE,
    from: "    this.#leases.keep(number, lease);\n",
    to: "",
    likely: "schedule",
  },
  {
    name: "lease-of-the-future-kept",
    breaks: "Q4",
    file: LEASES,
    from: "        ? now + until - at\n        : until;\n",
    to: "        ? until + 0 * at\n        : until;\n",
    likely: "clock",
  },
  {
    name: "lease-that-was-over-in-its-group-lives-again",
    breaks: "Q3",
    file: LEASES,
    from: "const isOver = group !== undefined && last.get(group) !== token;",
    to: "const isOver = group !== undefined && !last.has(group);",
    likely: "jumping_clock",
  },
  {
    name: "end-of-a-lease-shown-as-it-was-decided",
    breaks: "Q4",
    file: INSPECT,
    from: "entry.lease && core.schedule.shownEnd(number, entry.lease),",
    to: "entry.lease && entry.lease.until,",
    likely: "slow_disk",
  },
  {
    name: "nothing-is-ready-before-what-was-buried-is-durable",
    breaks: "M2",
    file: CORE,
    from: "return done && { messages: [], done, isLast: true };",
    to: "return undefined;",
    likely: "inspect_durable",
  },
];
