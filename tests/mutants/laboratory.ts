/** Mutants of the exported laboratory: what testCrashes() would no longer find. */

import type { Mutant } from "./mutant.ts";

const CONFLICTS = "src/testing/conflicts.ts";
const CRASHES = "src/testing/crashes.ts";
const HANDLE = "src/testing/file_handle.ts";
const RECORDER = "src/testing/recorder.ts";
const SCHEDULE = "src/testing/call_schedule.ts";

export const MUTANTS: readonly Mutant[] = [
  {
    name: "sync-and-write-only-in-one-order",
    breaks: "T1",
    file: CONFLICTS,
    from:
      '    case "dataSync":\n    case "sync":\n      return { reads: [], changes: [file] };',
    to:
      '      return { reads: [], changes: [file] };\n    case "dataSync":\n    case "sync":\n      return { reads: [], changes: [] };',
    likely: "conflicts",
  },
  {
    name: "calls-in-one-order",
    breaks: "T1",
    file: SCHEDULE,
    from: "    for (const other of others) {\n",
    to: "    for (const other of others.slice(0, 0)) {\n",
    likely: "orders",
  },
  {
    name: "overtaken-call-comes-next",
    breaks: "T1",
    file: SCHEDULE,
    from: "      if (isBefore(call, chosen)) this.#overtaken.add(call);",
    to: "      if (isBefore(chosen, call)) this.#overtaken.add(call);",
    likely: "call_schedule",
  },
  {
    name: "call-asleep-for-good",
    breaks: "T1",
    file: SCHEDULE,
    from: "      call !== chosen && !conflict(call.effects, chosen.effects)",
    to: "      call !== chosen",
    likely: "call_schedule",
  },
  {
    name: "blocking-call-waits-for-all",
    breaks: "T1",
    file: SCHEDULE,
    from: "        ? this.#choose([...before, blocking])",
    to: "        ? before[0]",
    likely: "call_schedule",
  },
  {
    name: "overtaken-without-end",
    breaks: "T1",
    file: SCHEDULE,
    from: "const PATIENCE = 100;",
    to: "const PATIENCE = 100_000;",
    likely: "call_schedule",
  },
  {
    name: "nothing-crashes-while-calls-are-under-way",
    breaks: "T1",
    file: RECORDER,
    from:
      "    if (schedule) schedule.onMoment = () => this.#collect(undefined);\n",
    to: "",
    likely: "call_schedule",
  },
  {
    name: "syncs-never-fail",
    breaks: "T1",
    file: CRASHES,
    from: "this.#test.faults ?? FAILING_SYNCS",
    to: "this.#test.faults ?? []",
    likely: "orders",
  },
  {
    name: "checks-in-one-order",
    breaks: "T1",
    file: CRASHES,
    from: "    if (this.#maxOrders === 0 || !this.#isNew(operations)) return;",
    to: "    if (operations.length >= 0) return;",
    likely: "call_schedule",
  },
  {
    name: "close-forgets-what-was-called-before",
    breaks: "T1",
    file: HANDLE,
    from: "      if (closed) {",
    to: "      if (this.#closed) {",
    likely: "call_schedule",
  },
];
