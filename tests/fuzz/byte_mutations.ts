/** Damage that knows nothing of lines. */

import { concat } from "../support/journals.ts";
import { latin1 } from "./lineage.ts";
import {
  type Mutation,
  pickDonor,
  pickFile,
  pickOffset,
  pickRange,
  type Scene,
  spliced,
} from "./mutations.ts";

/** Puts changed bytes in the place of a file's. */
function change(
  what: string,
  edit: (bytes: Uint8Array, scene: Scene) => Uint8Array | undefined,
): Mutation {
  return (scene) => {
    const file = pickFile(scene);
    if (file === undefined || file.bytes.length === 0) return undefined;
    const bytes = edit(file.bytes, scene);
    if (bytes === undefined) return undefined;
    scene.files.set(file.name, bytes);
    const same = file.bytes.findIndex((byte, n) => byte !== bytes[n]);
    return `${what} ${file.name} at ${same}, ${file.bytes.length} to ${bytes.length} bytes`;
  };
}

function withByte(
  bytes: Uint8Array,
  at: number,
  value: number,
): Uint8Array | undefined {
  if (at >= bytes.length) return undefined;
  const copy = bytes.slice();
  copy[at] = value;
  return copy;
}

/** Bytes that mean something somewhere, and some that never may stand in UTF-8. */
const BYTES = [0, 9, 10, 13, 32, 34, 47, 48, 57, 92, 97, 102, 0x80, 0xc3, 0xff];
const BAD_UTF8 = [
  [0xff, 0xfe],
  [0xc3, 0x28],
  [0xed, 0xa0, 0x80],
  [0xef, 0xbb, 0xbf],
  [0xf0, 0x9f],
  [0xc0, 0x80],
];

/** Flips, cuts, runs and copies of bytes. */
export const byteDamage: readonly Mutation[] = [
  change("flip in", (bytes, scene) => {
    const at = pickOffset(scene, bytes);
    return withByte(bytes, at, bytes[at] ^ (1 << scene.random.below(8)));
  }),
  change("flip in", (bytes, scene) => {
    const at = pickOffset(scene, bytes);
    return withByte(bytes, at, bytes[at] ^ scene.random.between(1, 255));
  }),
  change("flip in a mark of", (bytes, { random }) => {
    const marks = latin1(bytes).matchAll(/^\/\/ .*\n/gm);
    const mark = [...marks].at(-1 - random.below(4));
    if (mark === undefined) return undefined;
    // With the LF in front of it.
    const at = Math.max(0, mark.index - 1 + random.below(mark[0].length + 1));
    return withByte(bytes, at, bytes[at] ^ (1 << random.below(8)));
  }),
  change(
    "set a byte of",
    (bytes, scene) =>
      withByte(bytes, pickOffset(scene, bytes), scene.random.pick(BYTES)),
  ),
  change("insert into", (bytes, scene) => {
    const at = pickOffset(scene, bytes);
    const count = scene.random.oneIn(2) ? 1 : scene.random.between(1, 60);
    const some = Uint8Array.from(
      { length: count },
      () =>
        scene.random.oneIn(2)
          ? scene.random.pick(BYTES)
          : scene.random.below(256),
    );
    return spliced(bytes, at, at, some);
  }),
  change("delete from", (bytes, scene) => {
    const [from, to] = pickRange(scene, bytes);
    return spliced(bytes, from, scene.random.oneIn(2) ? from + 1 : to);
  }),
  change("repeat a range of", (bytes, scene) => {
    const [from, to] = pickRange(scene, bytes);
    const at = pickOffset(scene, bytes);
    return spliced(bytes, at, at, bytes.slice(from, to));
  }),
  change("swap ranges of", (bytes, scene) => {
    const [a, b] = pickRange(scene, bytes);
    const [c, d] = pickRange(scene, bytes.subarray(b)).map((at) => b + at);
    return concat(
      bytes.subarray(0, a),
      bytes.subarray(c, d),
      bytes.subarray(b, c),
      bytes.subarray(a, b),
      bytes.subarray(d),
    );
  }),
  change("NUL bytes into", (bytes, scene) => {
    const [from, to] = pickRange(scene, bytes);
    return bytes.slice().fill(0, from, to);
  }),
  change(
    "NUL bytes behind",
    (bytes, { random }) =>
      concat(bytes, new Uint8Array(random.between(1, 5000))),
  ),
  change("cut", (bytes, scene) => bytes.slice(0, pickOffset(scene, bytes))),
  change(
    "cut",
    (bytes, scene) => bytes.slice(0, bytes.length - scene.random.below(80)),
  ),
  change("cut and fill with NUL", (bytes, scene) => {
    const at = pickOffset(scene, bytes);
    return bytes.slice().fill(0, at);
  }),
  change("bad UTF-8 into", (bytes, scene) => {
    const at = scene.random.oneIn(4) ? 0 : pickOffset(scene, bytes);
    const bad = Uint8Array.from(scene.random.pick(BAD_UTF8));
    return spliced(bytes, at, scene.random.oneIn(2) ? at : at + 1, bad);
  }),
  change("copy another file into", (bytes, scene) => {
    const donor = pickDonor(scene);
    const [from, to] = pickRange(scene, donor.bytes);
    const some = donor.bytes.slice(from, to);
    const at = scene.random.oneIn(2) ? from : pickOffset(scene, bytes);
    const over = scene.random.oneIn(2) ? some.length : 0;
    return spliced(bytes, Math.min(at, bytes.length), at + over, some);
  }),
  change("the rest of another file behind", (bytes, scene) => {
    const { bytes: donor } = pickDonor(scene);
    const at = scene.random.oneIn(2) ? bytes.length : pickOffset(scene, bytes);
    return concat(bytes.subarray(0, at), donor.subarray(at));
  }),
];
