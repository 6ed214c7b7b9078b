/** Mutants of what drafts do as JavaScript does, where programs are far from usual. */

import type { Mutant } from "./mutant.ts";

const DRAFT = "src/state/draft.ts";
const ARRAY = "src/state/array_draft.ts";
const TAKE = "src/state/take.ts";
const VALUES = "src/state/values.ts";
const COMMITS = "src/state/commits.ts";
const LIKELY = "state_hostile";

/** All of them. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: "moved-part-as-deep-as-it-likes",
    breaks: "M1",
    file: TAKE,
    from: "        checkDepth(this.#depth - 1 + depthOf(draft.taken));\n",
    to: "",
    likely: LIKELY,
  },
  {
    name: "depth-of-a-moved-part-one-too-low",
    breaks: "M1",
    file: TAKE,
    from: "checkDepth(this.#depth - 1 + depthOf",
    to: "checkDepth(this.#depth - 2 + depthOf",
    likely: LIKELY,
  },
  {
    name: "moved-part-at-its-level-checked-only",
    breaks: "M1",
    file: TAKE,
    from: "if (this.#depth > levelOf(draft)) {",
    to: "if (this.#depth === levelOf(draft)) {",
    likely: LIKELY,
  },
  {
    name: "depth-noted-one-too-low",
    breaks: "M1",
    file: VALUES,
    from: "DEPTHS.set(value, inner + 1)",
    to: "DEPTHS.set(value, inner)",
    likely: LIKELY,
  },
  {
    name: "length-defined-like-a-member",
    breaks: "M1",
    file: ARRAY,
    from: "if (configurable || enumerable || isAccessor) return false;",
    to: "if (isAccessor) return false;",
    likely: LIKELY,
  },
  {
    name: "accessor-as-length-taken",
    breaks: "M1",
    file: ARRAY,
    from: "if (configurable || enumerable || isAccessor) return false;",
    to: "if (configurable || enumerable) return false;",
    likely: LIKELY,
  },
  {
    name: "fixed-length-left-open",
    breaks: "M1",
    file: ARRAY,
    from: '    if (writable === false) refuse(this, "fix the length of");\n',
    to: "",
    likely: LIKELY,
  },
  {
    name: "negative-zero-as-length",
    breaks: "M1",
    file: ARRAY,
    from: "Number(length) + 0;",
    to: "Number(length);",
    likely: LIKELY,
  },
  {
    name: "accessor-of-an-heir-replaced",
    breaks: "M1",
    file: DRAFT,
    from: "  return own.writable === true && Reflect",
    to: "  return Reflect",
    likely: LIKELY,
  },
  {
    name: "member-of-an-heir-made-ordinary",
    breaks: "M1",
    file: DRAFT,
    from: "Reflect.defineProperty(heir, key, { value });",
    to: "Reflect.defineProperty(heir, key, ordinary(value));",
    likely: LIKELY,
  },
  {
    name: "transaction-upon-an-older-state",
    breaks: "M2",
    file: COMMITS,
    from: "this.apply(mutations, { expectedSequence })",
    to: "this.apply(mutations)",
    likely: LIKELY,
  },
  {
    name: "outbox-decides-upon-an-older-state",
    breaks: "M2",
    file: "src/queue/outbox.ts",
    from: "    core.state.commits.expect(expected);\n",
    to: "",
    likely: "outbox",
  },
];
