/**
 * The disks that a power cut can leave.
 *
 * @module
 */

import {
  DATA_MODELS,
  type DataContext,
  type DataModel,
  type DataVariant,
  dataVariants,
} from "./data_models.ts";
import type {
  NameChange,
  SimulatedDirectory,
  SimulatedFile,
  SimulatedNode,
} from "./disk.ts";
import {
  NAME_MODELS,
  type NameModel,
  nameVariants,
  survivingNames,
} from "./name_models.ts";
import { SeededRandom } from "./random.ts";

/** All that a disk holds. */
export interface DiskImage {
  /** The files by their paths, without a slash in front. Two names for the same array are two names of one file. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** The directories by their paths, without the top one. */
  readonly directories: readonly string[];
}

/** A disk that a power cut can leave. */
export interface CrashState {
  /** Which model leaves names so. */
  readonly names: NameModel;
  /** Which models leave bytes so: one for each file that had unsynced changes. */
  readonly data: readonly DataModel[];
  /** What the disk holds. */
  readonly image: DiskImage;
}

/** Which states are wanted. */
export interface CrashStateOptions {
  /** Data models. @default all */
  readonly data?: readonly DataModel[] | undefined;
  /** Name models. @default all */
  readonly names?: readonly NameModel[] | undefined;
  /** Size of a sector in bytes; a small one cuts small files in more places. @default 512 */
  readonly sectorSize?: number | undefined;
  /** At most so many states, chosen by the seed. @default all */
  readonly limit?: number | undefined;
  /** Chooses garbage, and what is left out. @default 1 */
  readonly seed?: number | undefined;
}

/** Combinations of several files' variants that are tried at the most. */
const COMBINATIONS = 4096;

/** The states that a power cut can leave of a tree, each once. */
export function* crashStatesOf(
  root: SimulatedDirectory,
  stale: readonly Uint8Array[],
  options: CrashStateOptions,
): Generator<CrashState> {
  const { data = DATA_MODELS, names = NAME_MODELS, seed = 1 } = options;
  const random = new SeededRandom(seed);
  const context: DataContext = {
    models: new Set(data),
    sectorSize: options.sectorSize ?? 512,
    random,
    stale,
  };
  const variants = new Map<SimulatedFile, readonly DataVariant[]>();
  const variantsOf = (file: SimulatedFile) => {
    let known = variants.get(file);
    if (!known) variants.set(file, known = distinct(file, context));
    return known;
  };
  const states: (() => CrashState)[] = [];
  for (const name of nameVariants(root, new Set(names), random)) {
    const tree = survivingTree(root, name.survivors);
    const dirty = [...new Set(tree.files.values())].filter((file) =>
      file.pending.length > 0
    );
    for (const choice of combinations(dirty.map(variantsOf), random)) {
      states.push(() => ({
        names: name.model,
        data: choice.map(({ model }) => model),
        image: imageOf(tree, dirty, choice),
      }));
    }
  }
  const { limit = Infinity } = options;
  for (const make of random.some(states, limit)) yield make();
}

/** What is visible, as an image. */
export function visibleImage(root: SimulatedDirectory): DiskImage {
  const tree = treeOf(root, (directory) => directory.visible);
  const files = new Map<string, Uint8Array>();
  for (const [path, file] of tree.files) {
    files.set(path, file.visible.snapshot());
  }
  return { files, directories: tree.directories };
}

/** A number that tells states of a tree apart: what is visible, durable and pending. */
export function fingerprintOf(root: SimulatedDirectory): number {
  let hash = hashImage(visibleImage(root));
  const visit = (directory: SimulatedDirectory) => {
    for (const change of directory.pending) {
      const what = change.node === undefined ? "-" : "+";
      hash = hashText(what + change.name, hash);
    }
    for (const [name, node] of directory.durable) {
      hash = hashText(name, hash);
      if (node.kind === "directory") visit(node);
    }
    for (
      const node of new Set([
        ...directory.durable.values(),
        ...directory.visible.values(),
      ])
    ) {
      if (node.kind === "directory") continue;
      hash = hashBytes(node.durable.snapshot(), hash);
      for (const change of node.pending) {
        hash = change.kind === "write"
          ? hashBytes(change.bytes, hash + change.offset)
          : hashText(`to ${change.size}`, hash);
      }
    }
  };
  visit(root);
  return hash;
}

interface Tree {
  readonly files: ReadonlyMap<string, SimulatedFile>;
  readonly directories: readonly string[];
}

function survivingTree(
  root: SimulatedDirectory,
  survivors: ReadonlySet<NameChange>,
): Tree {
  return treeOf(root, (directory) => survivingNames(directory, survivors));
}

function treeOf(
  root: SimulatedDirectory,
  namesOf: (
    directory: SimulatedDirectory,
  ) => ReadonlyMap<string, SimulatedNode>,
): Tree {
  const files = new Map<string, SimulatedFile>();
  const directories: string[] = [];
  const visit = (directory: SimulatedDirectory, prefix: string) => {
    for (const [name, node] of namesOf(directory)) {
      const path = prefix + name;
      if (node.kind === "file") files.set(path, node);
      else {
        directories.push(path);
        visit(node, `${path}/`);
      }
    }
  };
  visit(root, "");
  return { files, directories };
}

function imageOf(
  tree: Tree,
  dirty: readonly SimulatedFile[],
  choice: readonly DataVariant[],
): DiskImage {
  const files = new Map<string, Uint8Array>();
  for (const [path, file] of tree.files) {
    const n = dirty.indexOf(file);
    files.set(path, n < 0 ? file.durable.snapshot() : choice[n].bytes);
  }
  return { files, directories: tree.directories };
}

function distinct(
  file: SimulatedFile,
  context: DataContext,
): readonly DataVariant[] {
  const seen = new Set<number>();
  const found: DataVariant[] = [];
  for (const variant of dataVariants(file, context)) {
    const key = hashBytes(variant.bytes, variant.bytes.length);
    if (seen.has(key)) continue;
    seen.add(key);
    found.push(variant);
  }
  return found;
}

/** One variant of each file: all combinations, or some where there are too many. */
function* combinations(
  variants: readonly (readonly DataVariant[])[],
  random: SeededRandom,
): Generator<readonly DataVariant[]> {
  const total = variants.reduce((n, { length }) => n * length, 1);
  for (let n = 0; n < Math.min(total, COMBINATIONS); n++) {
    if (total > COMBINATIONS) {
      yield variants.map((some) => random.pick(some));
      continue;
    }
    let rest = n;
    yield variants.map((some) => {
      const variant = some[rest % some.length];
      rest = Math.floor(rest / some.length);
      return variant;
    });
  }
}

const encoder = new TextEncoder();

/** A number that tells images apart: equal for equal ones, and by chance once in 2^53 for others. */
export function hashImage({ files, directories }: DiskImage): number {
  let hash = files.size;
  for (const path of [...directories].sort()) hash = hashText(path, hash);
  const paths = [...files.keys()].sort();
  const first = new Map<Uint8Array, number>();
  for (const [n, path] of paths.entries()) {
    hash = hashText(path, hash);
    const bytes = files.get(path) ?? new Uint8Array(0);
    const same = bytes.length === 0 ? undefined : first.get(bytes);
    if (same !== undefined) hash = hashText(`= ${same}`, hash);
    else {
      first.set(bytes, n);
      hash = hashBytes(bytes, hash);
    }
  }
  return hash;
}

/** A number that tells texts apart, continued from another one. */
export function hashText(text: string, seed: number): number {
  return hashBytes(encoder.encode(text), seed);
}

/** 53 bits from two interleaved multiplicative hashes (FNV-1a's prime, and the golden ratio's). */
function hashBytes(bytes: Uint8Array, seed: number): number {
  let low = (seed ^ bytes.length) | 0;
  let high = (Math.floor(seed / 0x100000000) ^ 0x811c9dc5) | 0;
  for (const byte of bytes) {
    low = Math.imul(low ^ byte, 0x01000193);
    high = Math.imul(high ^ byte ^ (low >>> 15), 0x9e3779b1);
  }
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b);
  high = Math.imul(high ^ (high >>> 13) ^ low, 0xc2b2ae35);
  return ((high >>> 11) * 0x100000000) + (low >>> 0);
}
