/** Damage that keeps lines whole. */

import { concat } from "../support/journals.ts";
import { type Mutation, pickDonor, pickFile, type Scene } from "./mutations.ts";

/** The lines of a file, each with its LF. */
function linesOf(bytes: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(10, at) + 1 || bytes.length;
    lines.push(bytes.slice(at, end));
    at = end;
  }
  return lines;
}

/** The lines of a file in groups: each up to a line that begins with `//`. */
function groupsOf(bytes: Uint8Array): Uint8Array[] {
  const groups: Uint8Array[] = [];
  let group: Uint8Array = new Uint8Array();
  for (const line of linesOf(bytes)) {
    group = concat(group, line);
    if (line[0] !== 47 || line[1] !== 47) continue;
    groups.push(group);
    group = new Uint8Array();
  }
  return group.length > 0 ? [...groups, group] : groups;
}

type Edit = (lines: Uint8Array[], at: number, scene: Scene) => void;

function edit(what: string, change: Edit, split = linesOf): Mutation {
  return (scene) => {
    const file = pickFile(scene);
    if (file === undefined || file.bytes.length === 0) return undefined;
    const parts = split(file.bytes);
    const at = scene.random.below(parts.length);
    change(parts, at, scene);
    scene.files.set(file.name, concat(...parts));
    return `${what} ${at + 1} of ${file.name}`;
  };
}

/** Drops, repeats or moves a part. */
const drop: Edit = (parts, at) => void parts.splice(at, 1);
const repeat: Edit = (parts, at, { random }) =>
  void parts.splice(random.below(parts.length + 1), 0, parts[at]);
const swap: Edit = (parts, at, { random }) => {
  const other = random.below(parts.length);
  [parts[at], parts[other]] = [parts[other], parts[at]];
};
const borrow =
  (split: (bytes: Uint8Array) => Uint8Array[]): Edit => (parts, at, scene) => {
    const donor = split(pickDonor(scene).bytes);
    const [part] = donor.splice(scene.random.below(donor.length), 1);
    parts.splice(at, scene.random.below(2), part ?? new Uint8Array());
  };

const encoder = new TextEncoder();

/** A mark with numbers that stand in the file or near them. */
function forgedMark({ random }: Scene, lines: readonly Uint8Array[]): string {
  const text = new TextDecoder().decode(concat(...lines));
  const sums = [...text.matchAll(/[0-9a-f]{8}(?=\n)/g), ["00000000"]];
  const [sum] = random.pick(sums);
  const numbers = [...text.matchAll(/(?<=\/\/ \w+ )\d+/g), ["1"]];
  const sequence = Number(random.pick(numbers)[0]) + random.between(-1, 2);
  const kind = random.oneIn(4) ? "closed" : "commit";
  return `// ${kind} ${sequence} ${sum}\n`;
}

const LINES = [
  "\n",
  "\r\n",
  "1\n",
  '{"op":"forged"}\n',
  "12345678\n",
  "//\n",
  "// a comment\n",
  "// commit 1\n",
  "// commit 1 0000000\n",
  "// COMMIT 1 00000000\n",
  "// MINISTORE JOURNAL v0.1.4\n",
  "// MINISTORE JOURNAL v0.3.0 {} 00000000\n",
  "\ufeff1\n",
];

/** Lines and groups dropped, repeated, swapped, borrowed and forged. */
export const lineDamage: readonly Mutation[] = [
  edit("drop line", drop),
  edit("repeat line", repeat),
  edit("swap line", swap),
  edit("borrow line", borrow(linesOf)),
  edit("drop group", drop, groupsOf),
  edit("repeat group", repeat, groupsOf),
  edit("swap group", swap, groupsOf),
  edit("borrow group", borrow(groupsOf), groupsOf),
  edit("forge a mark at line", (lines, at, scene) => {
    const mark = encoder.encode(forgedMark(scene, lines));
    lines.splice(at + 1, scene.random.below(2), mark);
  }),
  edit("forge a mark behind line", (lines, _, scene) => {
    const record = scene.random.oneIn(2) ? '{"op":"forged"}\n' : "";
    lines.push(encoder.encode(record + forgedMark(scene, lines)));
  }),
  edit("insert at line", (lines, at, { random }) => {
    lines.splice(at + 1, random.below(2), encoder.encode(random.pick(LINES)));
  }),
  edit("CRLF at line", (lines, at, { random }) => {
    const all = random.oneIn(3);
    for (const [n, line] of lines.entries()) {
      if (line.at(-1) !== 10 || (n !== at && !all)) continue;
      lines[n] = concat(line.subarray(0, -1), "\r\n");
    }
  }),
  edit("join line", (lines, at) => {
    if (lines[at].at(-1) === 10) lines[at] = lines[at].subarray(0, -1);
  }),
  edit("cut behind line", (lines, at) => void lines.splice(at + 1)),
  edit("repeat all in front of line", (lines, at) => {
    lines.push(...lines.slice(0, at + 1));
  }),
];
