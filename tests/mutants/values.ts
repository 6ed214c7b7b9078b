/** Mutants of what states are made of. */

import type { Mutant } from "./mutant.ts";

const VALUES = "src/state/values.ts";
const NATIVE_JSON = "src/native_json.ts";

/** All of them. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: "array-not-frozen",
    breaks: "M2",
    file: VALUES,
    from: "    : Object.freeze(items);\n",
    to: "    : items;\n",
    likely: "state_rules",
  },
  {
    name: "vector-made-without-its-tables",
    breaks: "M1",
    file: VALUES,
    from: "Vector.from(items, items.some(hasTables))",
    to: "Vector.from(items, false)",
    likely: "state_places",
  },
  {
    name: "tables-in-arrays-not-noticed",
    breaks: "M1",
    file: VALUES,
    from: "return vectorOf(value)?.hasTables ?? value.some(hasTables);",
    to: "return vectorOf(value)?.hasTables ?? false;",
    likely: "state_places",
  },
  {
    name: "tables-in-vectors-not-noticed",
    breaks: "M1",
    file: VALUES,
    from: "return vectorOf(value)?.hasTables ?? value.some(hasTables);",
    to: "return vectorOf(value) ? false : value.some(hasTables);",
    likely: "state_places",
  },
  {
    name: "tables-in-objects-not-noticed",
    breaks: "M1",
    file: VALUES,
    from:
      "tableOf(value) !== undefined || Object.values(value).some(hasTables)",
    to: "tableOf(value) !== undefined",
    likely: "state_places",
  },
  {
    name: "parsed-object-not-frozen",
    breaks: "M2",
    file: VALUES,
    from: "    : Object.freeze(object);\n",
    to: "    : object;\n",
    likely: "state_rules",
  },
  {
    name: "large-part-of-a-parsed-object-left-as-it-is",
    breaks: "M2",
    file: VALUES,
    from: "    if (value !== member) setOwn(object, key, value);\n",
    to: "",
    likely: "state_rules",
  },
  {
    name: "copy-shares-members",
    breaks: "M1",
    file: VALUES,
    from: "    setOwn(copy, key, copyOut(member));\n",
    to: "    setOwn(copy, key, member);\n",
    likely: "state_shown",
  },
  {
    name: "proto-taken-for-the-prototype",
    breaks: "M1",
    file: NATIVE_JSON,
    from: "if (!(key in Object.prototype)) {",
    to: 'if (key === "__proto__" || !(key in Object.prototype)) {',
    likely: "tree",
  },
  {
    name: "setter-of-a-prototype-called",
    breaks: "M1",
    file: NATIVE_JSON,
    from: "if (!(key in Object.prototype)) {",
    to: 'if (key !== "__proto__") {',
    likely: "state_attacks",
  },
];
