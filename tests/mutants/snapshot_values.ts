/** Mutants of what a snapshot is written of: values that are checked, and read once. */

import type { Mutant } from "./mutant.ts";

const PLAIN = "src/snapshot/plain.ts";

/** All of them. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: "snapshot-reads-a-large-object-again",
    breaks: "S1",
    file: PLAIN,
    from: "    if (budget.left < 0) this.#begun.set(object, copy);\n",
    to: "",
    likely: "pretty",
  },
  {
    name: "snapshot-reads-a-large-array-again",
    breaks: "S1",
    file: PLAIN,
    from: "    if (budget.left < 0) this.#begun.set(array, copy);\n",
    to: "",
    likely: "pretty",
  },
  {
    name: "snapshot-not-of-what-was-checked",
    breaks: "S1",
    file: PLAIN,
    from: "    return budget.left < 0 ? LARGE : copy;\n",
    to: "    return budget.left < 0 ? LARGE : value;\n",
    likely: "pretty",
  },
  {
    name: "snapshot-of-values-that-json-changes",
    breaks: "S1",
    file: PLAIN,
    from: "      check(leafProblem(value));\n",
    to: "",
    likely: "pretty",
  },
  {
    name: "snapshot-of-objects-that-json-changes",
    breaks: "S1",
    file: PLAIN,
    from: "    check(containerProblem(object, keys));\n",
    to: "",
    likely: "pretty",
  },
  {
    name: "snapshot-of-large-objects-that-json-changes",
    breaks: "S1",
    file: PLAIN,
    from: "    check(containerProblem(value, keys));\n",
    to: "",
    likely: "pretty",
  },
  {
    name: "snapshot-of-arrays-that-json-changes",
    breaks: "S1",
    file: PLAIN,
    from: "    check(containerProblem(array));\n",
    to: "",
    likely: "pretty",
  },
];
