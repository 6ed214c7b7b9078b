/** Damage to the set of files. */

import { concat, PATH } from "../support/journals.ts";
import { type Mutation, pickDonor, pickFile, type Scene } from "./mutations.ts";

/** Names that a file of the log, or a stranger, may have. */
function pickName({ random, files }: Scene): string {
  const number = random.between(1, 6);
  const digits = String(number).padStart(6, "0");
  return random.pick([
    PATH,
    `${PATH}.${digits}`,
    `${PATH}.${digits}`,
    `${PATH}.new-${digits}`,
    `${PATH}.new-${digits}`,
    random.pick([...files.keys(), PATH]),
    `${PATH}.${digits.slice(3)}`,
    `${PATH}.2026112${number}`,
    `${PATH}.torn-${number}-x`,
    `${PATH}.lock`,
    `${PATH}.lock-journal`,
    `${PATH}.${digits}.gz`,
    `${PATH}.00000${number}0000`,
    `${PATH}.000000`,
    `${PATH}~`,
  ]);
}

/** Content for a file that should not be there. */
function pickContent(scene: Scene): Uint8Array {
  const { random } = scene;
  const { bytes } = pickDonor(scene);
  const header = bytes.subarray(0, bytes.indexOf(10) + 1);
  return random.pick([
    new Uint8Array(),
    new Uint8Array(random.below(300)),
    concat("garbage\n"),
    header,
    header.subarray(0, random.below(header.length)),
    bytes,
    bytes.subarray(0, random.below(bytes.length)),
    concat("// MINISTORE JOURNAL v0.1.4\n"),
  ]);
}

/** Files dropped, renamed, swapped, cut to nothing, copied, put back and made up. */
export const fileDamage: readonly Mutation[] = [
  (scene) => {
    const file = pickFile(scene);
    if (file === undefined) return undefined;
    scene.files.delete(file.name);
    return `drop ${file.name}`;
  },
  (scene) => {
    const file = pickFile(scene);
    if (file === undefined) return undefined;
    const name = pickName(scene);
    scene.files.delete(file.name);
    scene.files.set(name, file.bytes);
    return `rename ${file.name} to ${name}`;
  },
  (scene) => {
    const file = pickFile(scene);
    if (file === undefined) return undefined;
    const name = pickName(scene);
    scene.files.set(name, file.bytes);
    return `copy ${file.name} to ${name}`;
  },
  (scene) => {
    const [a, b] = [pickFile(scene), pickFile(scene)];
    if (a === undefined || b === undefined) return undefined;
    scene.files.set(a.name, b.bytes);
    scene.files.set(b.name, a.bytes);
    return `swap ${a.name} and ${b.name}`;
  },
  (scene) => {
    const file = pickFile(scene);
    if (file === undefined) return undefined;
    const size = scene.random.pick([0, 0, 1, 10, 23, 24, 26, 27, 60]);
    scene.files.set(file.name, file.bytes.slice(0, size));
    return `cut ${file.name} to ${size} bytes`;
  },
  (scene) => {
    const { name, bytes } = pickDonor(scene);
    scene.files.set(name, bytes);
    return `put ${name} of another state or log back, ${bytes.length} bytes`;
  },
  (scene) => {
    const { random, world, files } = scene;
    for (const [name, bytes] of random.pick(world.donors)) {
      if (random.oneIn(4)) continue;
      files.set(name, bytes);
    }
    return "put most files of another state or log back";
  },
  (scene) => {
    const [name, bytes] = [pickName(scene), pickContent(scene)];
    scene.files.set(name, bytes);
    return `make up ${name} with ${bytes.length} bytes`;
  },
  (scene) => {
    // What a rename that a power cut left under both names looks like.
    const active = scene.files.get(PATH);
    if (active === undefined) return undefined;
    const sealed = scene.files.keys().filter((name) => /\.\d{6}$/.test(name));
    const number = [...sealed].length + 1;
    const names = [number, number + 1].map((n) => String(n).padStart(6, "0"));
    scene.files.set(`${PATH}.${names[0]}`, active);
    scene.files.set(`${PATH}.new-${names[1]}`, pickContent(scene));
    if (scene.random.oneIn(2)) scene.files.delete(PATH);
    return `${PATH} as ${names[0]}, and ${names[1]} prepared`;
  },
];
