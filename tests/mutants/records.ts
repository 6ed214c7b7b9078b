/** Mutants of what a record may be, and of the options. */

import type { Mutant } from "./mutant.ts";

const CODEC = "src/wal/codec.ts";
const EXACT = "src/exact_json.ts";
const OPTIONS = "src/wal/options.ts";
const SCHEMA = "src/wal/schema.ts";

/** What JSON would change. */
const FAITHFUL: readonly Mutant[] = [
  {
    name: "unfaithful-records-written",
    breaks: "W1",
    file: EXACT,
    from: "  refuse(leafProblem(value));\n",
    to: "",
    likely: "codec",
  },
  {
    name: "nan-becomes-null",
    breaks: "W1",
    file: EXACT,
    from: "      return value - value === 0 ? undefined : String(value);\n",
    to: "      return undefined;\n",
    likely: "codec",
  },
  {
    name: "finite-numbers-not-told-from-nan",
    breaks: "W1",
    file: EXACT,
    from: 'typeof value === "number" && value - value === 0 &&',
    to: 'typeof value === "number" &&',
    likely: "codec",
  },
  {
    name: "minus-zero-kept",
    breaks: "W1",
    file: EXACT,
    from: "return value === 0 ? 0 : value;",
    to: "return value;",
    likely: "exact_json",
  },
  {
    name: "instances-become-plain-objects",
    breaks: "W1",
    file: EXACT,
    from:
      "  if (prototype !== usual) refuse(prototypeProblem(value, prototype));\n",
    to: "",
    likely: "codec",
  },
  {
    name: "raw-json-as-it-is",
    breaks: "W1",
    file: EXACT,
    from: 'return isRawJson(value) ? "raw JSON text" : undefined;',
    to: "return undefined;",
    likely: "codec",
  },
  {
    name: "array-with-to-json",
    breaks: "W1",
    file: EXACT,
    from: '  if ("toJSON" in array) refuse(containerProblem(array));\n',
    to: "",
    likely: "codec",
  },
  {
    name: "members-of-arrays-not-looked-at",
    breaks: "W1",
    file: EXACT,
    from: "copyValue(item, here ??= { value: array, outer }, tidy)",
    to: "item",
    likely: "codec",
  },
  {
    name: "members-of-objects-not-looked-at",
    breaks: "W1",
    file: EXACT,
    from:
      "        copy[key] = copyValue(member, here ??= { value, outer }, tidy);\n",
    to: "",
    likely: "codec",
  },
  {
    name: "symbol-keys-lost",
    breaks: "W1",
    file: EXACT,
    from: "  if (getOwnPropertySymbols(value).length > 0) {",
    to: "  if (getOwnPropertySymbols(value).length < 0) {",
    likely: "codec",
  },
  {
    name: "hidden-members-lost",
    breaks: "W1",
    file: EXACT,
    from: '    : "an object with a member that is not enumerable";',
    to: "    : undefined;",
    likely: "codec",
  },
  {
    name: "undefined-members-in-a-copy",
    breaks: "W1",
    file: EXACT,
    from: "return absent > 0 && tidy ? withoutUndefined(copy) : copy;",
    to: "return copy;",
    likely: "exact_json",
  },
  {
    name: "cycles-not-found",
    breaks: "W1",
    file: EXACT,
    from: "      if (one.value === value) {",
    to: "      if (one.value === outer) {",
    likely: "codec",
  },
  {
    name: "members-of-object-prototype-copied",
    breaks: "W1",
    file: EXACT,
    from: "else if (Object.hasOwn(copy, key)) {",
    to: "else {",
    likely: "exact_json",
  },
  {
    name: "getters-read-twice",
    breaks: "W1",
    file: EXACT,
    from: "      const member = copy[key];\n",
    to: "      const member = (value as Members)[key];\n",
    likely: "exact_json",
  },
  {
    name: "polluted-prototype-obeyed",
    breaks: "W1",
    file: EXACT,
    from:
      '  if ("toJSON" in Array.prototype && typeof copy === "object" && copy) {',
    to: '  if ("toJSON" in Array.prototype && typeof copy === "undefined") {',
    likely: "exact_json",
  },
  {
    name: "polluted-prototype-not-told",
    breaks: "W1",
    file: EXACT,
    from: '    if (!("toJSON" in prototype)) return undefined;\n',
    to: "    if (prototype !== value) return undefined;\n",
    likely: "exact_json",
  },
];

/** What a codec of the caller's own may return. */
const LINES: readonly Mutant[] = [
  {
    name: "text-of-a-codec-not-checked",
    breaks: "W1",
    file: OPTIONS,
    from: "    if (codec !== undefined) checkLine(text);\n",
    to: "",
    likely: "codec",
  },
  {
    name: "line-ends-in-a-record",
    breaks: "W12",
    file: CODEC,
    from: '  if (CONTROL.test(text)) problem = "a',
    to: '  if (text === "\\0") problem = "a',
    likely: "codec",
  },
  {
    name: "lone-surrogates-in-a-record",
    breaks: "W1",
    file: CODEC,
    from: "else if (!text.isWellFormed()) problem",
    to: 'else if (text === "\\ud800") problem',
    likely: "codec",
  },
  {
    name: "text-that-is-not-json",
    breaks: "W12",
    file: CODEC,
    from: "  else {\n    try {\n      JSON.parse(text);",
    to: "  else {\n    try {\n      JSON.stringify(text);",
    likely: "codec",
  },
  {
    name: "records-that-mini-rs-cannot-read",
    breaks: "W1",
    file: OPTIONS,
    from: '    if (format === "v0.1") checkForRust(text);\n',
    to: "",
    likely: "legacy",
  },
  {
    name: "lone-surrogates-for-mini-rs",
    breaks: "W1",
    file: CODEC,
    from: 'text.includes("\\\\u") && hasLoneEscape(text)',
    to: 'text.includes("\\\\u") && text === ""',
    likely: "legacy",
  },
  {
    name: "deep-records-for-mini-rs",
    breaks: "W1",
    file: CODEC,
    from: "if (depth > MAX_RUST_DEPTH) refuse",
    to: "if (depth > MAX_RUST_DEPTH + 1) refuse",
    likely: "codec",
  },
  {
    name: "numbers-beyond-a-double-for-mini-rs",
    breaks: "W1",
    file: CODEC,
    from: "!Number.isFinite(Number(token))",
    to: "Number.isNaN(Number(token))",
    likely: "codec",
  },
];

/** Options, and the caller's own rules. */
const RULES: readonly Mutant[] = [
  {
    name: "records-of-any-length",
    breaks: "W1",
    file: OPTIONS,
    from: "      text.length * 3 > maxRecordBytes &&",
    to: "      text.length < 0 &&",
    likely: "options",
  },
  {
    name: "length-counted-in-utf16",
    breaks: "W1",
    file: OPTIONS,
    from: "encoder.encode(text).length > maxRecordBytes)",
    to: "text.length > maxRecordBytes)",
    likely: "options",
  },
  {
    name: "directory-as-a-log",
    breaks: "W4",
    file: OPTIONS,
    from: "if (/(?:^|[/\\\\])\\.{0,2}$/.test(path)) {",
    to: 'if (path === "..") {',
    likely: "options",
  },
  {
    name: "misspelled-options-ignored",
    breaks: "W1",
    file: OPTIONS,
    from: "    if (!known.includes(key)) {",
    to: '    if (key === "") {',
    likely: "options",
  },
  {
    name: "rule-not-applied-before-writing",
    breaks: "W1",
    file: OPTIONS,
    from: "checkToAppend(reading.check, value)",
    to: "value as R",
    likely: "schema",
  },
  {
    name: "rule-not-applied-on-reading",
    breaks: "W1",
    file: "src/wal/decode.ts",
    from: "records.push(check(decode(line)))",
    to: "records.push(decode(line))",
    likely: "schema",
  },
  {
    name: "false-of-a-rule-ignored",
    breaks: "W1",
    file: SCHEMA,
    from:
      '      if (accepted === false) throw new Refusal("validate returned false");\n',
    to: "",
    likely: "schema",
  },
  {
    name: "rule-that-answers-later-accepted",
    breaks: "W1",
    file: SCHEMA,
    from: "      if ((accepted as unknown) instanceof Promise) {",
    to: "      if ((accepted as unknown) === validate) {",
    likely: "schema",
  },
];

/** All of them. */
export const MUTANTS: readonly Mutant[] = [...FAITHFUL, ...LINES, ...RULES];
