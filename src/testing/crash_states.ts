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
  type StaleBytes,
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
  /** Which models leave bytes so: one for each file that had unsynced changes. A file that none of the wanted models says anything about has lost them. */
  readonly data: readonly DataModel[];
  /** What the disk holds. */
  readonly image: DiskImage;
  /** A number that tells images apart. */
  readonly fingerprint: number;
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

/** Up to this many combinations of several files' variants, all are tried. */
const COMBINATIONS = 4096;

/** The states that a power cut can leave of a tree, each once. */
export function* crashStatesOf(
  root: SimulatedDirectory,
  stale: readonly StaleBytes[],
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
      file.pending.length > 0 && variantsOf(file).length > 0
    );
    for (const choice of combinations(dirty.map(variantsOf), random)) {
      states.push(() => {
        const image = imageOf(tree, dirty, choice);
        return {
          names: name.model,
          data: choice.map(({ model }) => model),
          image,
          fingerprint: hashImage(image),
        };
      });
    }
  }
  const { limit = Infinity } = options;
  const seen = new Set<number>();
  for (const make of random.some(states, limit)) {
    const state = make();
    if (seen.has(state.fingerprint)) continue;
    seen.add(state.fingerprint);
    yield state;
  }
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
export function fingerprintOf(root: SimulatedDirectory, seed: number): number {
  const numbers = new Map<SimulatedNode, number>();
  let hash = seed;
  const visit = (node: SimulatedNode | undefined) => {
    const known = node && numbers.get(node);
    if (known !== undefined || !node) {
      hash = hashUnits(1, () => known ?? -1, hash);
      return;
    }
    numbers.set(node, numbers.size);
    const { kind, pending, failsLate } = node;
    hash = hashText(`${kind} ${pending.length} ${failsLate}`, hash);
    if (node.kind === "file") visitBytes(node);
    else visitNames(node);
  };
  const visitBytes = (file: SimulatedFile) => {
    if (file.lostFrom < Infinity) hash = hashText(`${file.lostFrom}`, hash);
    hash = hashBytes(file.visible.snapshot(), hash);
    hash = hashBytes(file.durable.snapshot(), hash);
    for (const change of file.pending) {
      hash = change.kind === "write"
        ? hashBytes(change.bytes, hash + change.offset)
        : hashText(`to ${change.size}`, hash);
    }
  };
  const visitNames = ({ visible, durable, pending }: SimulatedDirectory) => {
    for (const names of [visible, durable]) {
      hash = hashUnits(1, () => names.size, hash);
      for (const [name, node] of names) {
        hash = hashText(name, hash);
        visit(node);
      }
    }
    for (const { name, node } of pending) {
      hash = hashText(name, hash);
      visit(node);
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

/**
 * One variant of each file: all combinations; where there are too many, the
 * first variant of each file and the second (none and all of its changes, if
 * all models are wanted) with each variant of each other one, and some by chance.
 */
function* combinations(
  variants: readonly (readonly DataVariant[])[],
  random: SeededRandom,
): Generator<readonly DataVariant[]> {
  const total = variants.reduce((n, { length }) => n * length, 1);
  if (total > COMBINATIONS) {
    yield* someCombinations(variants, random);
    return;
  }
  for (let n = 0; n < total; n++) {
    let rest = n;
    yield variants.map((some) => {
      const variant = some[rest % some.length];
      rest = Math.floor(rest / some.length);
      return variant;
    });
  }
}

function* someCombinations(
  variants: readonly (readonly DataVariant[])[],
  random: SeededRandom,
): Generator<readonly DataVariant[]> {
  for (const [n, one] of variants.entries()) {
    for (const variant of random.some(one, COMBINATIONS / 4)) {
      for (const other of [0, 1]) {
        yield variants.map((some, m) => {
          return m === n ? variant : some[Math.min(other, some.length - 1)];
        });
      }
    }
  }
  for (let n = 0; n < COMBINATIONS; n++) {
    yield variants.map((some) => random.pick(some));
  }
}

/** A number that tells images apart: equal for equal ones, and by chance once in 2^53 for others. */
export function hashImage({ files, directories }: DiskImage, seed = 0): number {
  let hash = hashText(`${directories.length} ${files.size}`, seed);
  for (const path of [...directories].sort()) hash = hashText(path, hash);
  const paths = [...files.keys()].sort();
  const first = new Map<Uint8Array, number>();
  for (const [n, path] of paths.entries()) {
    hash = hashText(path, hash);
    const bytes = files.get(path) ?? new Uint8Array(0);
    const same = bytes.length === 0 ? undefined : first.get(bytes);
    // No byte has a number as large as the arrow's.
    if (same !== undefined) hash = hashText(`→ ${same}`, hash);
    else {
      first.set(bytes, n);
      hash = hashBytes(bytes, hash);
    }
  }
  return hash;
}

/** A number that tells texts apart, continued from another one. */
export function hashText(text: string, seed: number): number {
  return hashUnits(text.length, (n) => text.charCodeAt(n), seed);
}

function hashBytes(bytes: Uint8Array, seed: number): number {
  return hashUnits(bytes.length, (n) => bytes[n], seed);
}

/** 53 bits from two interleaved multiplicative hashes (FNV-1a's prime, and the golden ratio's). */
function hashUnits(
  length: number,
  unitAt: (n: number) => number,
  seed: number,
): number {
  let low = (seed ^ length) | 0;
  let high = (Math.floor(seed / 0x100000000) ^ 0x811c9dc5) | 0;
  for (let n = 0; n < length; n++) {
    const unit = unitAt(n);
    low = Math.imul(low ^ unit, 0x01000193);
    high = Math.imul(high ^ unit ^ (low >>> 15), 0x9e3779b1);
  }
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b);
  high = Math.imul(high ^ (high >>> 13) ^ low, 0xc2b2ae35);
  return ((high >>> 11) * 0x100000000) + (low >>> 0);
}
