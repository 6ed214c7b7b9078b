/** Mutants of the state in memory: what is stored, undone and seen. */

import type { Mutant } from "./mutant.ts";

const COPY = "src/state/copy.ts";
const EDIT = "src/state/edit.ts";
const HISTORY = "src/state/history.ts";
const VIEW = "src/state/view.ts";
const SERIAL = "src/state/serial.ts";
const NATIVE_JSON = "src/native_json.ts";

/** All of them. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: "payload-not-copied",
    breaks: "M1",
    file: COPY,
    from:
      "  const copy = Array.isArray(value)\n    ? takeItems(value, taking)\n    : takeMembers(value, taking, key);\n  taking.depth--;\n",
    to: "  const copy = value;\n  taking.depth--;\n",
    likely: "tree",
  },
  {
    name: "nan-stored",
    breaks: "M1",
    file: COPY,
    from: "    throw refused(String(value), key);\n",
    to: "    return value;\n",
    likely: "tree",
  },
  {
    name: "class-instance-stored",
    breaks: "M1",
    file: COPY,
    from: "if (prototype !== null && !isPlain(prototype)) {",
    to: "if (prototype === undefined) {",
    likely: "tree",
  },
  {
    name: "negative-zero-stored",
    breaks: "M4",
    file: COPY,
    from: "return value === 0 ? 0 : value; // JSON has no -0",
    to: "return value;",
    likely: "tree",
  },
  {
    name: "symbol-keys-dropped",
    breaks: "M1",
    file: COPY,
    from: "if (Object.getOwnPropertySymbols(value).length > 0) {",
    to: "if (Object.getOwnPropertySymbols(value).length < 0) {",
    likely: "tree",
  },
  {
    name: "aliases-left-in-two-places",
    breaks: "M4",
    file: EDIT,
    from: "this.#store(parent, key, duplicate(part));",
    to: "this.#store(parent, key, part);",
    likely: "tree",
  },
  {
    name: "alias-copied-over-its-first-place",
    breaks: "M1",
    file: EDIT,
    from: "        kept ??= place;\n",
    to: "        kept = place;\n",
    likely: "tree",
  },
  {
    name: "draft-changed-behind-its-reducer",
    breaks: "M1",
    file: EDIT,
    from: "    if (this.#isOpen) return;\n",
    to: "    if (this.#isOpen || !this.#isOpen) return;\n",
    likely: "tree",
  },
  {
    name: "reducer-changes-and-returns",
    breaks: "M1",
    file: EDIT,
    from: "this.#take(result, state, this.#history.end > before);",
    to: "this.#take(result, state, this.#history.end < before);",
    likely: "tree",
  },
  {
    name: "asynchronous-reducer-left-alone",
    breaks: "E1",
    file: EDIT,
    from: "  result.catch(() => {}); // its drafts are not valid any more\n",
    to: "",
    likely: "state_faults",
  },
  {
    name: "asynchronous-reducer-taken",
    breaks: "M1",
    file: EDIT,
    from: "    refuseAsync(result);\n",
    to: "    if (result instanceof Promise) return;\n",
    likely: "tree",
  },
  {
    name: "state-changed-from-within-a-reducer",
    breaks: "M1",
    file: EDIT,
    from:
      '    if (this.#isOpen) {\n      throw new TypeError("Cannot change the state from within a reducer");\n    }\n',
    to: "",
    likely: "state_faults",
  },
  {
    name: "holes-left-in-arrays",
    breaks: "M4",
    file: EDIT,
    from: "      if (index in array) continue;\n",
    to: "      if (index >= 0) continue;\n",
    likely: "tree",
  },
  {
    name: "undefined-stored-in-an-array",
    breaks: "M4",
    file: EDIT,
    from:
      "    if (value === undefined) {\n      throw new TypeError(\n        `Cannot store undefined as element",
    to:
      "    if (value === null) {\n      throw new TypeError(\n        `Cannot store undefined as element",
    likely: "tree_random",
  },
  {
    name: "array-length-not-noted",
    breaks: "M1",
    file: EDIT,
    from:
      '    this.#note(target, "length", target.length);\n    target.length = length;',
    to: "    target.length = length;",
    likely: "tree",
  },
  {
    name: "cut-elements-not-noted",
    breaks: "M1",
    file: EDIT,
    from:
      "      this.#note(target, String(index), ownMember(target, String(index)));\n",
    to: "",
    likely: "tree_random",
  },
  {
    name: "removal-not-noted",
    breaks: "M1",
    file: EDIT,
    from: "      this.#note(part, key, old, undefined, keys);\n",
    to: "",
    likely: "tree",
  },
  {
    name: "key-order-lost-by-an-undo",
    breaks: "M1",
    file: HISTORY,
    from: "for (const name of keys ?? [])",
    to: "for (const name of keys?.slice(keys.length) ?? [])",
    likely: "tree",
  },
  {
    name: "undone-oldest-first",
    breaks: "M1",
    file: HISTORY,
    from: "const change = this.#changes.pop();",
    to:
      "const change = this.#changes.splice(end - this.#dropped + this.#head, 1)[0];",
    likely: "tree",
  },
  {
    name: "changes-remembered-that-were-undone",
    breaks: "M2",
    file: HISTORY,
    from: "    for (const reader of this.#readers) reader.forget(end);\n",
    to: "",
    likely: "state_faults",
  },
  {
    name: "history-dropped-that-a-capture-needs",
    breaks: "S2",
    file: HISTORY,
    from: "needed = Math.min(needed, point);",
    to: "needed = Math.max(needed === Infinity ? 0 : needed, point);",
    likely: "upkeep",
  },
  {
    name: "history-never-dropped",
    breaks: "M5",
    file: HISTORY,
    from: "changes[this.#head].sequence <= needed",
    to: "changes[this.#head].sequence < 0",
    likely: "state_faults",
  },
  {
    name: "capture-sees-later-changes",
    breaks: "S2",
    file: HISTORY,
    from: "while (changes[queue.head]?.sequence <= this.#point) queue.head++;",
    to:
      "while (changes[queue.head]?.sequence <= this.#point + 1) queue.head++;",
    likely: "tree_random",
  },
  {
    name: "keys-noted-for-a-commit-that-was-undone",
    breaks: "M1",
    file: EDIT,
    from: "      this.#listed.clear(); // all of the commit is undone\n",
    to: "",
    likely: "tree_random",
  },
  {
    name: "held-view-left-behind-by-a-table",
    breaks: "M1",
    file: EDIT,
    from: "      this.#history.replaced(part, table);\n",
    to: "",
    likely: "attacks",
  },
  {
    name: "held-view-ahead-of-the-disk",
    breaks: "M2",
    file: HISTORY,
    from: "successor && successor.sequence <= point",
    to: "successor",
    likely: "attacks",
  },
  {
    name: "chance-value-taken-for-a-state",
    breaks: "M1",
    file: EDIT,
    from: "!isContainer(state) || isContainer(result)",
    to: "state",
    likely: "attacks",
  },
  {
    name: "key-order-of-a-capture-lost",
    breaks: "S2",
    file: HISTORY,
    from: "const keys = removal?.keys ?? Object.keys(target);",
    to: "const keys = Object.keys(target);",
    likely: "tree",
  },
  {
    name: "proto-taken-for-the-prototype",
    breaks: "M1",
    file: NATIVE_JSON,
    from: 'if (key !== "__proto__") {',
    to: 'if (key !== "") {',
    likely: "tree",
  },
  {
    name: "dead-slots-shown",
    breaks: "M1",
    file: HISTORY,
    from: "slotValue: (slot) => slot.dead ? ABSENT : slot.value,",
    to: "slotValue: (slot) => slot.value,",
    likely: "state_crash",
  },
  {
    name: "view-can-be-deleted-from",
    breaks: "M2",
    file: VIEW,
    from:
      "  deleteProperty(): boolean {\n    throw new TypeError(READ_ONLY);\n  }\n",
    to: "",
    likely: "state_manager",
  },
  {
    name: "view-can-be-defined-upon",
    breaks: "M2",
    file: VIEW,
    from:
      "  defineProperty(): boolean {\n    throw new TypeError(READ_ONLY);\n  }\n",
    to: "",
    likely: "state_manager",
  },
  {
    name: "view-can-be-given-a-prototype",
    breaks: "M2",
    file: VIEW,
    from:
      "  setPrototypeOf(): boolean {\n    throw new TypeError(READ_ONLY);\n  }\n",
    to: "",
    likely: "state_manager",
  },
  {
    name: "view-can-be-frozen",
    breaks: "M2",
    file: VIEW,
    from:
      "  preventExtensions(): boolean {\n    throw new TypeError(READ_ONLY);\n  }\n",
    to: "",
    likely: "state_faults",
  },
  {
    name: "snapshot-of-elements-as-they-are-now",
    breaks: "S2",
    file: SERIAL,
    from:
      "  return reader.isChanged(array)\n    ? reader.member(array, String(index))\n    : array[index];",
    to: "  return array[index];",
    likely: "tree_random",
  },
  {
    name: "snapshot-of-small-parts-as-they-are-now",
    breaks: "S2",
    file: SERIAL,
    from: "if (value instanceof Table || reader.isChanged(value)) {",
    to: "if (value instanceof Table) {",
    likely: "tree_random",
  },
];
