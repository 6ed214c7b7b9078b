/** Damage: to bytes, to lines, to files. Each is a function of a seed, so that it can be repeated. */

import { concat, type Files, PATH } from "../support/journals.ts";
import { byteDamage } from "./byte_mutations.ts";
import { fileDamage } from "./file_mutations.ts";
import type { World } from "./journals.ts";
import { lineDamage } from "./line_mutations.ts";
import type { Random } from "./random.ts";

/** What a mutation works with. */
export interface Scene {
  readonly random: Random;
  readonly world: World;
  /** The files; mutations change them. */
  readonly files: Map<string, Uint8Array>;
}

/** Changes the files, and says what it did; `undefined` if there was nothing to do. */
export type Mutation = (scene: Scene) => string | undefined;

/** Damages the files once. */
export function mutate(scene: Scene): string {
  for (let attempt = 0; attempt < 8; attempt++) {
    const kind = scene.random.below(10);
    const list = kind < 5 ? byteDamage : kind < 8 ? lineDamage : fileDamage;
    const said = scene.random.pick(list)(scene);
    if (said !== undefined) return said;
  }
  return "nothing";
}

/** A file of the log, most often the active one; `undefined` if there is none. */
export function pickFile(
  { random, files }: Scene,
): { name: string; bytes: Uint8Array } | undefined {
  const names = [...files.keys()];
  if (names.length === 0) return undefined;
  const active = files.has(PATH) && random.oneIn(2);
  const name = active ? PATH : random.pick(names);
  return { name, bytes: files.get(name) ?? new Uint8Array() };
}

/** A file of another state or another log. */
export function pickDonor(
  { random, world }: Scene,
): { name: string; bytes: Uint8Array } {
  const donor: Files = random.pick(world.donors);
  const [name, bytes] = random.pick([...donor]);
  return { name, bytes };
}

/** An offset in a file, more often where a line begins or ends. */
export function pickOffset({ random }: Scene, bytes: Uint8Array): number {
  const at = random.below(bytes.length + 1);
  if (random.oneIn(2)) return at;
  const line = bytes.indexOf(10, at) + 1 || bytes.length;
  const near = line + random.between(-10, 12);
  return Math.min(Math.max(near, 0), bytes.length);
}

/** Two offsets in a file, most often near each other, the lower one first. */
export function pickRange(scene: Scene, bytes: Uint8Array): [number, number] {
  const from = pickOffset(scene, bytes);
  const to = scene.random.oneIn(3)
    ? pickOffset(scene, bytes)
    : Math.min(bytes.length, from + scene.random.between(1, 90));
  return from < to ? [from, to] : [to, from];
}

/** Bytes with a range of them replaced. */
export function spliced(
  bytes: Uint8Array,
  from: number,
  to: number,
  instead: Uint8Array | string = "",
): Uint8Array {
  return concat(bytes.subarray(0, from), instead, bytes.subarray(to));
}
