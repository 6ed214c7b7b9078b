/** Mutants of where a part is found when the next state is made: in itself, too deep, in two places, in another state. */

import type { Mutant } from "./mutant.ts";

const TAKE = "src/state/take.ts";
const PLACE = "src/state/place.ts";

/** All of them. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: "cycle-not-named",
    breaks: "E1",
    file: PLACE,
    from: "    if (place.source === source) throw",
    to: "    if (place.source === place) throw",
    likely: "tree",
  },
  {
    name: "data-too-deep-stored",
    breaks: "M4",
    file: PLACE,
    from: "  if (depth <= MAX_DEPTH) return;",
    to: "  if (depth > 0) return;",
    likely: "state_rules",
  },
  {
    name: "breadth-taken-for-depth",
    breaks: "M1",
    file: TAKE,
    from: "    this.#depth--;\n    return copy;\n",
    to: "    return copy;\n",
    likely: "state_rules",
  },
  {
    name: "depth-of-a-refused-mutation-kept",
    breaks: "M1",
    file: TAKE,
    from: "    this.#depth = 0;\n",
    to: "",
    likely: "state_rules",
  },
  {
    name: "moved-part-taken-for-in-place",
    breaks: "M1",
    file: TAKE,
    from: "outer === draft.outer && key === draft.key",
    to: "outer === draft.outer",
    likely: "state_groups",
  },
  {
    name: "table-in-two-places-not-noticed",
    breaks: "M1",
    file: TAKE,
    from: "      this.mayAlias ||= mayHaveTables(draft.taken);\n",
    to: "",
    likely: "state_places",
  },
  {
    name: "table-in-two-places-of-one-name-not-noticed",
    breaks: "M1",
    file: PLACE,
    from: "  return one === at; // both are undefined\n",
    to: "  return true;\n",
    likely: "state_places",
  },
  {
    name: "path-of-an-element-wrong",
    breaks: "E1",
    file: PLACE,
    from: "(isItem ? `[${name}]` : memberStep(name))",
    to: "memberStep(isItem ? name : name)",
    likely: "state_shown",
  },
  {
    name: "path-of-a-member-that-was-there-wrong",
    breaks: "E1",
    file: PLACE,
    from: "source instanceof ArrayDraft || Array.isArray(source)",
    to: "Array.isArray(source)",
    likely: "state_shown",
  },
  {
    name: "draft-of-another-run-stored",
    breaks: "M1",
    file: TAKE,
    from:
      '    if (draft.run !== this.#run) {\n      draft.run.check();\n      throw refused("a part of another state", key, outer);\n    }\n',
    to: "",
    likely: "state_attacks",
  },
  {
    name: "draft-of-an-open-run-of-another-state-stored",
    breaks: "M1",
    file: TAKE,
    from: '      throw refused("a part of another state", key, outer);\n',
    to: "",
    likely: "state_releases",
  },
];
