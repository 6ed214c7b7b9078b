/**
 * What a power cut can leave of the names in directories.
 *
 * Names given and taken away since the last sync of their directory may have
 * reached the disk or not. Changes of one name keep their order, and a rename
 * never leaves a file without any name; apart from that any subset survives.
 *
 * @module
 */

import {
  type NameChange,
  setName,
  type SimulatedDirectory,
  type SimulatedNode,
} from "./disk.ts";
import type { SeededRandom } from "./random.ts";

/**
 * A model of what survives of unsynced changes of names.
 *
 * - `N0`: none of them. `N1`: the first ones, or all.
 * - `N2`: any subset in which the changes of one name keep their order.
 * - `N3`: a rename leaves the old name, the new one, or both.
 * - `N4`: a file that was synced has no name, as its directory was not synced.
 * - `N5`: a file that was removed is back.
 * - `N6`: a new directory is lost, with all that is in it.
 *
 * In the last four, anything can have become of the other changes. Up to eight
 * pending changes, the subsets are complete; of more the seed chooses some.
 */
export type NameModel = "N0" | "N1" | "N2" | "N3" | "N4" | "N5" | "N6";

/** All name models. */
export const NAME_MODELS: readonly NameModel[] = [
  "N0",
  "N1",
  "N2",
  "N3",
  "N4",
  "N5",
  "N6",
];

/** Which changes of names reached the disk. */
export interface NameVariant {
  readonly model: NameModel;
  readonly survivors: ReadonlySet<NameChange>;
}

/** Up to this many pending changes, every subset is tried. */
const ALL_SUBSETS = 8;
/** How many subsets are tried where there are more, besides the first ones. */
const SOME_SUBSETS = 64;

/** All that a power cut can leave of the names below a directory. */
export function* nameVariants(
  root: SimulatedDirectory,
  models: ReadonlySet<NameModel>,
  random: SeededRandom,
): Generator<NameVariant> {
  const pending = pendingNames(root);
  for (const survivors of subsets(pending, random)) {
    const all = modelsOf(pending, survivors);
    const model = all.find((model) => models.has(model));
    if (model) yield { model, survivors };
  }
}

/** The names of a directory after a power cut. */
export function survivingNames(
  directory: SimulatedDirectory,
  survivors: ReadonlySet<NameChange>,
): ReadonlyMap<string, SimulatedNode> {
  const names = new Map(directory.durable);
  for (const change of directory.pending) {
    if (survivors.has(change)) setName(names, change.name, change.node);
  }
  return names;
}

function pendingNames(root: SimulatedDirectory): NameChange[] {
  const all: NameChange[] = [];
  const seen = new Set<SimulatedDirectory>();
  const visit = (directory: SimulatedDirectory) => {
    if (seen.has(directory)) return;
    seen.add(directory);
    all.push(...directory.pending);
    const nodes = [
      ...directory.durable.values(),
      ...directory.pending.map(({ node }) => node),
    ];
    for (const node of nodes) if (node?.kind === "directory") visit(node);
  };
  visit(root);
  return all.sort((a, b) => a.order - b.order);
}

function* subsets(
  pending: readonly NameChange[],
  random: SeededRandom,
): Generator<ReadonlySet<NameChange>> {
  if (pending.length <= ALL_SUBSETS) {
    for (let mask = 0; mask < 1 << pending.length; mask++) {
      const wanted = pending.filter((_, n) => mask & (1 << n));
      const chosen = possible(pending, (change) => wanted.includes(change));
      if (chosen.size === wanted.length) yield chosen;
    }
    return;
  }
  for (let n = 0; n <= pending.length; n++) yield new Set(pending.slice(0, n));
  for (const lost of random.some(pending, SOME_SUBSETS)) {
    yield possible(pending, (change) => change !== lost);
  }
  for (let n = 0; n < SOME_SUBSETS; n++) {
    const oneIn = 2 + random.below(4);
    yield possible(pending, () => random.below(oneIn) > 0);
  }
}

/**
 * What survives if these changes do not get lost: without those of a name of
 * which an earlier one was lost, and those that take the old name of a file
 * whose new one was lost.
 */
function possible(
  pending: readonly NameChange[],
  isWanted: (change: NameChange) => boolean,
): ReadonlySet<NameChange> {
  const chosen = new Set<NameChange>();
  const lost: NameChange[] = [];
  for (const change of pending) {
    if (
      isWanted(change) &&
      !lost.some((other) => isSameName(change, other) || change.with === other)
    ) chosen.add(change);
    else lost.push(change);
  }
  return chosen;
}

function isSameName(a: NameChange, b: NameChange): boolean {
  return a.directory === b.directory && a.name === b.name;
}

/** The models that allow a subset, the simplest first. */
function modelsOf(
  pending: readonly NameChange[],
  chosen: ReadonlySet<NameChange>,
): NameModel[] {
  const models: NameModel[] = [];
  if (chosen.size === 0) models.push("N0");
  const lost = pending.filter((change) => !chosen.has(change));
  if (pending.slice(0, chosen.size).every((change) => chosen.has(change))) {
    models.push("N1");
  }
  for (const change of lost) {
    if (change.with && chosen.has(change.with)) models.push("N3");
    else if (change.node === undefined && !change.with) models.push("N5");
    else if (change.node?.kind === "directory") models.push("N6");
    else if (change.node?.kind === "file" && change.node.pending.length === 0) {
      models.push("N4");
    }
  }
  models.push("N2");
  // Asked for alone, N3 has the renames that are lost or whole too.
  if (pending.some(({ with: given }) => given)) models.push("N3");
  return models;
}
