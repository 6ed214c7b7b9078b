/** Mutants of the state in memory: what it holds, what of it is seen, who is told. */

import type { Mutant } from "./mutant.ts";

const COPY = "src/state/copy.ts";
const EDIT = "src/state/edit.ts";
const HISTORY = "src/state/history.ts";
const VIEW = "src/state/view.ts";
const SERIAL = "src/state/serial.ts";
const FEED = "src/state/feed.ts";
const FOLLOWER = "src/state/follower.ts";

/** What is stored, undone and seen. */
const MEMORY: readonly Mutant[] = [
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
    from: "this.#take(result, this.#history.end > before);",
    to: "this.#take(result, this.#history.end < before);",
    likely: "tree",
  },
  {
    name: "asynchronous-reducer-taken",
    breaks: "M1",
    file: EDIT,
    from: "if (result instanceof Promise) {",
    to: "if (false as boolean) {",
    likely: "tree",
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
    likely: "tree",
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
    likely: "tree",
  },
  {
    name: "removal-not-noted",
    breaks: "M1",
    file: EDIT,
    from: "      this.#note(part, key, old, undefined, Object.keys(object));\n",
    to: "",
    likely: "tree",
  },
  {
    name: "key-order-lost-by-an-undo",
    breaks: "M1",
    file: HISTORY,
    from: "keys.slice(keys.indexOf(key) + 1)",
    to: "keys.slice(keys.length)",
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
    likely: "tree_random",
  },
  {
    name: "history-dropped-that-a-capture-needs",
    breaks: "S2",
    file: HISTORY,
    from: "needed = Math.min(needed, point);",
    to: "needed = Math.max(needed === Infinity ? 0 : needed, point);",
    likely: "tree",
  },
  {
    name: "history-never-dropped",
    breaks: "M5",
    file: HISTORY,
    from: "changes[this.#head].sequence <= needed",
    to: "changes[this.#head].sequence < 0",
    likely: "tree",
  },
  {
    name: "capture-sees-later-changes",
    breaks: "S2",
    file: HISTORY,
    from: "list?.find(({ sequence }) => sequence > this.#point)",
    to: "list?.find(({ sequence }) => sequence > this.#point + 1)",
    likely: "tree_random",
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
    file: HISTORY,
    from: 'if (key !== "__proto__") object[key] = value;',
    to: 'if (key !== "") object[key] = value;',
    likely: "tree",
  },
  {
    name: "dead-slots-shown",
    breaks: "M1",
    file: HISTORY,
    from: "slotValue: (slot) => slot.dead ? ABSENT : slot.value,",
    to: "slotValue: (slot) => slot.value,",
    likely: "tree",
  },
  {
    name: "view-can-be-assigned",
    breaks: "M2",
    file: VIEW,
    from: "  set(): boolean {\n    throw new TypeError(READ_ONLY);\n  }\n",
    to: "",
    likely: "tree",
  },
  {
    name: "view-can-be-deleted-from",
    breaks: "M2",
    file: VIEW,
    from:
      "  deleteProperty(): boolean {\n    throw new TypeError(READ_ONLY);\n  }\n",
    to: "",
    likely: "tree",
  },
  {
    name: "view-can-be-defined-upon",
    breaks: "M2",
    file: VIEW,
    from:
      "  defineProperty(): boolean {\n    throw new TypeError(READ_ONLY);\n  }\n",
    to: "",
    likely: "tree",
  },
  {
    name: "view-can-be-given-a-prototype",
    breaks: "M2",
    file: VIEW,
    from:
      "  setPrototypeOf(): boolean {\n    throw new TypeError(READ_ONLY);\n  }\n",
    to: "",
    likely: "tree",
  },
  {
    name: "view-can-be-frozen",
    breaks: "M2",
    file: VIEW,
    from:
      "  preventExtensions(): boolean {\n    throw new TypeError(READ_ONLY);\n  }\n",
    to: "",
    likely: "tree",
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

/** Who follows. */
const TELLING: readonly Mutant[] = [
  {
    name: "change-told-twice",
    breaks: "M1",
    file: FEED,
    from: "follower.waiting.length > 0 && follower.waiting[0].sequence < next",
    to: "follower.waiting.length < 0",
    likely: "feed",
  },
  {
    name: "change-missed-by-a-slow-reader",
    breaks: "M1",
    file: FEED,
    from: "if (follower.waiting[0]?.sequence === next) {",
    to: "if (follower.waiting[0]?.sequence >= next) {",
    likely: "feed",
  },
  {
    name: "slow-reader-kept-in-memory",
    breaks: "M5",
    file: FEED,
    from:
      "      if (follower.waiting.length === MAX_WAITING) follower.waiting = [];\n",
    to: "",
    likely: "feed",
  },
  {
    name: "listener-stops-the-others",
    breaks: "M3",
    file: FEED,
    from:
      "        call(change);\n      } catch (error) {\n        queueMicrotask(() => {\n          throw error;\n        });\n",
    to:
      "        call(change);\n      } catch (error) {\n        throw error;\n",
    likely: "feed",
  },
  {
    name: "listener-added-while-told",
    breaks: "M1",
    file: FEED,
    from: "of [...this.#listeners]) {",
    to: "of this.#listeners) {",
    likely: "feed",
  },
  {
    name: "changes-end-without-their-error",
    breaks: "M3",
    file: FEED,
    from:
      "          if (this.#end.error !== undefined) throw this.#end.error;\n",
    to: "",
    likely: "feed",
  },
  {
    name: "aborted-reader-not-woken",
    breaks: "M3",
    file: FEED,
    from: '    signal?.addEventListener("abort", onAbort);\n',
    to: "",
    likely: "feed",
  },
  {
    name: "reader-not-forgotten",
    breaks: "M5",
    file: FEED,
    from: "      this.#followers.delete(follower);\n",
    to: "",
    likely: "feed",
  },
  {
    name: "follower-stops-at-a-compaction",
    breaks: "M5",
    file: FOLLOWER,
    from: 'if ((error as DurableError).code !== "TRUNCATED") throw error;',
    to: 'if ((error as DurableError).code !== "LOCKED") throw error;',
    likely: "state_open",
  },
  {
    name: "follower-goes-back",
    breaks: "M1",
    file: FOLLOWER,
    from: "if (position.sequence > this.sequence) {",
    to: "if (position.sequence >= 0) {",
    likely: "state_open",
  },
  {
    name: "follower-jumps-without-a-word",
    breaks: "M1",
    file: FOLLOWER,
    from:
      "      this.#feed.publish({ sequence: position.sequence, mutation: undefined });\n",
    to: "",
    likely: "state_open",
  },
  {
    name: "follower-reads-twice-at-once",
    breaks: "M1",
    file: FOLLOWER,
    from: "    this.#looking ??= this.#look().finally(() => {",
    to: "    this.#looking = this.#look().finally(() => {",
    likely: "state_open",
  },
  {
    name: "follower-keeps-its-timer",
    breaks: "L3",
    file: FOLLOWER,
    from: "    clearTimeout(this.#timer);\n",
    to: "",
    likely: "state_open",
  },
  {
    name: "follower-takes-a-newer-version",
    breaks: "M1",
    file: FOLLOWER,
    from: "maxSchema: version }, sequence + 1)",
    to: "maxSchema: Infinity }, sequence + 1)",
    likely: "state_open",
  },
];

/** All of them. */
export const MUTANTS: readonly Mutant[] = [...MEMORY, ...TELLING];
