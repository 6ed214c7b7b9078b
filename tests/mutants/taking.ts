/** Mutants of how the next state is made of what a reducer leaves behind. */

import type { Mutant } from "./mutant.ts";

const TAKE = "src/state/take.ts";

/** All of them. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: "nan-stored",
    breaks: "M1",
    file: TAKE,
    from:
      "    const problem = leafProblem(value);\n    if (problem !== undefined) throw",
    to:
      '    const problem = leafProblem(value);\n    if (problem === "") throw',
    likely: "tree",
  },
  {
    name: "negative-zero-stored",
    breaks: "M4",
    file: TAKE,
    from: "return value === 0 ? 0 : value; // JSON has no -0",
    to: "return value;",
    likely: "tree",
  },
  {
    name: "class-instance-stored",
    breaks: "M1",
    file: TAKE,
    from:
      "    const problem = containerProblem(value);\n    if (problem !== undefined) throw",
    to:
      '    const problem = containerProblem(value);\n    if (problem === "") throw',
    likely: "tree",
  },
  {
    name: "named-members-of-an-array-dropped",
    breaks: "M1",
    file: TAKE,
    from: 'if (Reflect.ownKeys(array).at(-1) !== "length") {',
    to: "if (array.length < 0) {",
    likely: "state_shown",
  },
  {
    name: "hole-of-a-new-array-made-null",
    breaks: "M4",
    file: TAKE,
    from:
      '      if (!(n in array)) throw refused("a hole", `${n}`, place);\n      items.push(this.#take(array[n], ',
    to: "      items.push(this.#take(n in array ? array[n] : null, ",
    likely: "tree",
  },
  {
    name: "undefined-in-a-new-array-made-null",
    breaks: "M4",
    file: TAKE,
    from: "items.push(this.#take(array[n], ",
    to: "items.push(this.#take(array[n] ?? null, ",
    likely: "tree",
  },
  {
    name: "removed-element-made-null",
    breaks: "M4",
    file: TAKE,
    from:
      '      if (note.value === ABSENT) throw refused("a hole", step, place);\n',
    to: "      if (note.value === ABSENT) note.value = null;\n",
    likely: "tree",
  },
  {
    name: "hole-of-a-longer-array-left",
    breaks: "M4",
    file: TAKE,
    from:
      '      if (!findNote(draft, index)) throw refused("a hole", `${index}`, place);\n',
    to: "",
    likely: "tree",
  },
  {
    name: "undefined-member-refused",
    breaks: "M1",
    file: TAKE,
    from: "return value === ABSENT || value === undefined;",
    to: "return value === ABSENT;",
    likely: "tree",
  },
  {
    name: "undefined-member-kept",
    breaks: "M4",
    file: TAKE,
    from: "    if (absent > 0) {\n",
    to: "    if (absent < 0) {\n",
    likely: "state_rules",
  },
  {
    name: "stored-object-not-copied",
    breaks: "M1",
    file: TAKE,
    from: "    let copy: Record<string, unknown> = { ...value };\n",
    to: "    let copy = value as Record<string, unknown>;\n",
    likely: "tree",
  },
  {
    name: "moved-back-member-keeps-its-place",
    breaks: "M1",
    file: TAKE,
    from: "    if (note.before === undefined || !isRemoval(note)) continue;\n",
    to:
      "    if (note.before === undefined || !isRemoval(note) || note.next?.key === note.key) continue;\n",
    likely: "tree",
  },
  {
    name: "unchanged-part-copied",
    breaks: "M5",
    file: TAKE,
    from:
      "      if (isSame(value, before)) continue;\n      if (before === undefined) resized",
    to: "      if (before === undefined) resized",
    likely: "state_rules",
  },
  {
    name: "part-changed-in-place",
    breaks: "M1",
    file: TAKE,
    from: "      copy ??= { ...part };\n",
    to: "      copy ??= part as Record<string, unknown>;\n",
    likely: "tree",
  },
  {
    name: "changed-part-not-frozen",
    breaks: "M2",
    file: TAKE,
    from: "    return Object.freeze(copy);\n",
    to: "    return copy;\n",
    likely: "state_rules",
  },
  {
    name: "new-part-not-frozen",
    breaks: "M2",
    file: TAKE,
    from: "      : Object.freeze(copy);\n",
    to: "      : copy;\n",
    likely: "state_rules",
  },
  {
    name: "removed-member-comes-back",
    breaks: "M1",
    file: TAKE,
    from: "if (!removed.has(key)) setOwn(copy, key, part[key]);",
    to: "setOwn(copy, key, part[key]);",
    likely: "tree",
  },
  {
    name: "proto-lost-by-a-removal",
    breaks: "M1",
    file: TAKE,
    from: "if (!removed.has(key)) setOwn(copy, key, part[key]);",
    to:
      "if (!removed.has(key)) (copy as Record<string, unknown>)[key] = part[key];",
    likely: "state_rules",
  },
  {
    name: "proto-lost-by-an-assignment",
    breaks: "M1",
    file: TAKE,
    from: "      setOwn(copy, key, value);\n",
    to: "      copy[key] = value;\n",
    likely: "tree",
  },
  {
    name: "version-of-a-table-changed-twice-at-once",
    breaks: "M1",
    file: TAKE,
    from: "    if (table.newest !== from) return",
    to: "    if (table.newest.tick < 0) return",
    likely: "state_places",
  },
  {
    name: "table-changed-under-an-older-state",
    breaks: "M1",
    file: TAKE,
    from: "if (from.tick === tick) return from;",
    to: "if (from.tick <= tick) return from;",
    likely: "state_shown",
  },
  {
    name: "changes-of-a-copied-table-lost",
    breaks: "M1",
    file: TAKE,
    from: "      changes.push(to.table.set(key, value, tick, slot));\n",
    to:
      "      if (to.table === from.table) changes.push(to.table.set(key, value, tick, slot));\n",
    likely: "state_places",
  },
  {
    name: "vector-forgets-new-tables",
    breaks: "M1",
    file: TAKE,
    from: "return vector.with(changed, length, tables).shown;",
    to: "return vector.with(changed, length, tables && false).shown;",
    likely: "state_places",
  },
  {
    name: "shorter-array-not-noticed",
    breaks: "M1",
    file: TAKE,
    from:
      "      if (length === (vector ?? part).length) return part;\n      changed = new Map();\n",
    to: "      return part;\n",
    likely: "state_shown",
  },
  {
    name: "stored-draft-not-said-to-have-ended",
    breaks: "E1",
    file: TAKE,
    from: "      draft.run.check();\n      throw",
    to: "      throw",
    likely: "state_attacks",
  },
  {
    name: "member-of-a-prototype-stored",
    breaks: "M1",
    file: TAKE,
    from: "else if (Object.hasOwn(copy, name)) {",
    to: "else {",
    likely: "state_attacks",
  },
];
