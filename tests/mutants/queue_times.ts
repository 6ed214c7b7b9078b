/** Mutants of times: alarms, delays, backoff, and clocks that are set. */

import type { Mutant } from "./mutant.ts";

const HINTS = "src/queue/hints.ts";
const HEAP = "src/queue/heap.ts";
const ALARMS = "src/queue/alarms.ts";
const BACKOFF = "src/queue/backoff.ts";
const LETTER = "src/queue/letter.ts";
const LEDGER = "src/queue/ledger.ts";

/** All of them. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: "later-time-in-front-of-an-earlier-one",
    breaks: "Q4",
    file: HINTS,
    from: "if ((this.#times.get(number) ?? Infinity) <= time) return;",
    to: "if (this.#times.has(number)) return;",
    likely: "hints",
  },
  {
    name: "hints-swept-that-are-needed",
    breaks: "Q4",
    file: HINTS,
    from: "      if (this.#isNeeded(number)) return true;\n",
    to: "",
    likely: "hints",
  },
  {
    name: "looked-at-one-millisecond-late",
    breaks: "Q4",
    file: HINTS,
    from: "this.#heap.least <= now",
    to: "this.#heap.least < now",
    likely: "hints",
  },
  {
    name: "heap-compares-with-one-child",
    breaks: "Q3",
    file: HEAP,
    from:
      "      if (child + 1 < size && keys[child + 1] < keys[child]) child++;\n",
    to: "",
    likely: "heap",
  },
  {
    name: "heap-forgets-its-order-when-sifting",
    breaks: "Q3",
    file: HEAP,
    from: "if (keys[parent] <= key) break;",
    to: "if (keys[parent] !== key) break;",
    likely: "heap",
  },
  {
    name: "timer-as-long-as-the-wait",
    breaks: "Q4",
    file: ALARMS,
    from: "Math.min(Math.max(at - now, 0), LONGEST_TIMER)",
    to: "Math.max(at - now, 0)",
    likely: "alarms",
  },
  {
    name: "earlier-alarm-behind-a-later-timer",
    breaks: "Q4",
    file: ALARMS,
    from: "if (this.#timer && this.#timer.at <= at && at < Infinity) return;",
    to: "if (this.#timer && at < Infinity) return;",
    likely: "alarms",
  },
  {
    name: "one-ring-and-no-more",
    breaks: "Q4",
    file: ALARMS,
    from: "      run?.();\n    }\n    this.#arm();\n",
    to: "      run?.();\n    }\n",
    likely: "alarms",
  },
  {
    name: "alarms-not-shifted",
    breaks: "Q4",
    file: ALARMS,
    from: "    this.#alarms.shift(time);\n",
    to: "",
    likely: "alarms",
  },
  {
    name: "alarms-taken-when-closed",
    breaks: "Q4",
    file: ALARMS,
    from: "    if (this.#isClosed) return () => {};\n",
    to: "",
    likely: "alarms",
  },
  {
    name: "backoff-behind-the-end-of-its-list",
    breaks: "Q3",
    file: BACKOFF,
    from: "backoff[Math.min(attempt, backoff.length) - 1]",
    to: "backoff[attempt - 1]",
    likely: "backoff",
  },
  {
    name: "backoff-without-an-end",
    breaks: "Q3",
    file: BACKOFF,
    from: "Math.min(base * factor ** (attempt - 1), max)",
    to: "base * factor ** (attempt - 1)",
    likely: "backoff",
  },
  {
    name: "backoff-of-nothing-times-infinity",
    breaks: "Q3",
    file: BACKOFF,
    from:
      "  if (base === 0) return 0; // nothing grows to nothing, not to more than there are numbers\n",
    to: "",
    likely: "backoff",
  },
  {
    name: "delay-not-written",
    breaks: "Q3",
    file: LETTER,
    from: "    if (time > now) entry.notBefore = Math.ceil(time);\n",
    to: "",
    likely: "timers",
  },
  {
    name: "delay-rounded-down",
    breaks: "Q3",
    file: LETTER,
    from: "entry.notBefore = Math.ceil(time)",
    to: "entry.notBefore = Math.floor(time)",
    likely: "delays",
  },
  {
    name: "clock-set-back-not-noticed",
    breaks: "Q4",
    file: LEDGER,
    from: "      this.#rebuild();\n      this.alarms.shift(-back);\n",
    to: "      this.alarms.shift(-back);\n",
    likely: "clock",
  },
  {
    name: "alarms-not-told-of-a-clock-set-back",
    breaks: "Q4",
    file: LEDGER,
    from: "      this.alarms.shift(-back);\n",
    to: "",
    likely: "timers",
  },
  {
    name: "clock-that-steps-back-a-little-followed",
    breaks: "Q4",
    file: LEDGER,
    from: "    if (back > 0 && back < SMALL_STEP) return this.#last;\n",
    to: "",
    likely: "clock",
  },
];
