/** Mutants of how a state is verified: two replays in two worlds, compared change by change. */

import type { Mutant } from "./mutant.ts";

const VERIFY = "src/state/verify.ts";
const TRACE = "src/state/trace.ts";
const WORLDS = "src/state/worlds.ts";

/** All of them. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: "verify-in-one-world",
    breaks: "M1",
    file: VERIFY,
    from: 'inWorld("other", () => traced(right))',
    to: 'inWorld("one", () => traced(right))',
    likely: "state_verify",
  },
  {
    name: "clock-not-shifted",
    breaks: "M1",
    file: WORLDS,
    from: "const SHIFT = 34_567_891_234;",
    to: "const SHIFT = 0;",
    likely: "state_verify",
  },
  {
    name: "random-numbers-not-changed",
    breaks: "M1",
    file: WORLDS,
    from: 'world === "one" ? sum : 1 - sum',
    to: 'world === "one" ? sum : sum',
    likely: "state_verify",
  },
  {
    name: "time-of-new-dates-not-shifted",
    breaks: "M1",
    file: WORLDS,
    from: "given.length === 0 ? [now()] : given",
    to: "given",
    likely: "state_verify",
  },
  {
    name: "given-times-shifted",
    breaks: "M1",
    file: WORLDS,
    from: "given.length === 0 ? [now()] : given",
    to: "[now()]",
    likely: "state_verify",
  },
  {
    name: "date-as-text-not-shifted",
    breaks: "M1",
    file: WORLDS,
    from: "apply: () => new date(now()).toString()",
    to: "apply: () => date()",
    likely: "state_verify",
  },
  {
    name: "date-now-not-shifted",
    breaks: "M1",
    file: WORLDS,
    from: 'key === "now" ? now : Reflect',
    to: 'key === "" ? now : Reflect',
    likely: "state_replays",
  },
  {
    name: "performance-not-shifted",
    breaks: "M1",
    file: WORLDS,
    from: "return () => now() + SHIFT;",
    to: "return now;",
    likely: "state_verify",
  },
  {
    name: "worlds-not-left",
    breaks: "M1",
    file: WORLDS,
    from: "    for (const restore of undo) restore();\n",
    to: "",
    likely: "state_verify",
  },
  {
    name: "worlds-left-only-in-peace",
    breaks: "M1",
    file: WORLDS,
    from:
      "  try {\n    return call();\n  } finally {\n    for (const restore of undo) restore();\n  }\n",
    to:
      "  const result = call();\n  for (const restore of undo) restore();\n  return result;\n",
    likely: "state_verify",
  },
  {
    name: "trace-ignores-tables",
    breaks: "M1",
    file: TRACE,
    from: "changes.filter((change) => change.table === table)",
    to: "changes.filter((change) => change.table !== table)",
    likely: "state_replays",
  },
  {
    name: "trace-ignores-values-in-tables",
    breaks: "M1",
    file: TRACE,
    from: "`${slot.key}=${textOf(slot.value)}`",
    to: "`${slot.key}`",
    likely: "state_replays",
  },
  {
    name: "trace-ignores-vectors",
    breaks: "M1",
    file: TRACE,
    from: "return `[${vector.length}:${items}]`;",
    to: "return items ? `[]` : ``;",
    likely: "state_replays",
  },
  {
    name: "trace-ignores-members",
    breaks: "M1",
    file: TRACE,
    from: "return `${JSON.stringify(key)}:${traceOf(was, value, changes)}`;",
    to: "return JSON.stringify(key);",
    likely: "state_verify",
  },
  {
    name: "trace-ignores-parts-that-were-replaced",
    breaks: "M1",
    file: TRACE,
    from: "    return textOf(after);\n  }\n",
    to: '    return "";\n  }\n',
    likely: "state_replays",
  },
  {
    name: "replays-share-the-state",
    breaks: "M1",
    file: VERIFY,
    from: "adoptState(fromScratch ? plan.initial : copyOut(origin.state))",
    to: "fromScratch ? adoptState(plan.initial) : origin.state",
    likely: "state_replays",
  },
  {
    name: "replays-share-a-mutation",
    breaks: "M1",
    file: VERIFY,
    from:
      "      const step = (tree: Tree<S>) => {\n        // Each replay has a mutation of its own, which its reducer may change.\n        const decoded = plan.reading.decode(record as string);\n        const mutation = mutationOf(plan, decoded, schema, sequence);\n",
    to:
      "      const decoded = plan.reading.decode(record as string);\n      const mutation = mutationOf(plan, decoded, schema, sequence);\n      const step = (tree: Tree<S>) => {\n",
    likely: "state_attacks",
  },
  {
    name: "snapshot-compared-at-the-end-only",
    breaks: "E1",
    file: VERIFY,
    from: 'return differ("replay and snapshot", sequence, left, third);\n  };',
    to: "return undefined;\n  };",
    likely: "state_verify",
  },
  {
    name: "snapshot-not-compared",
    breaks: "M4",
    file: VERIFY,
    from: "    third = new Tree<S>(origin.state, sequence);\n",
    to: "    third = left;\n",
    likely: "state_verify",
  },
  {
    name: "verify-mixes-two-moments",
    breaks: "M5",
    file: VERIFY,
    from: "if (report.ok || isStill || attempt === ATTEMPTS) return report;",
    to: "if (report || isStill || attempt === ATTEMPTS) return report;",
    likely: "state_replays",
  },
  {
    name: "missing-records-not-noticed-by-verify",
    breaks: "S5",
    file: VERIFY,
    from: "origin.damage ?? gap(plan, origin, log, fromScratch)",
    to: "origin.damage",
    likely: "state_verify",
  },
];
