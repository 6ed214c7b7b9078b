/**
 * What a power cut can leave of a file's bytes.
 *
 * The disk held `durable`; the changes since the last successful sync may have
 * reached it or not, in whole or in part, in any order. A sector is written or
 * not, never half of it; where a file became longer, a sector that was not
 * written holds zeros, garbage, or what a deleted file left there.
 *
 * The models and their names are those of the literature on crash consistency
 * (ALICE, CrashMonkey), and of what ext4 and XFS were seen to do.
 *
 * @module
 */

import { Contents, type DataChange, type SimulatedFile } from "./disk.ts";
import type { SeededRandom } from "./random.ts";

/**
 * A model of what survives of a file's unsynced changes.
 *
 * - `D0`: none of them. `D1`: all of them.
 * - `D2`: the first ones. `D3`: the first bytes, cut at every byte. `D4`: the
 *   same, cut where a sector ends.
 * - `D5`: any subset of the sectors; a missing one holds zeros. `D6`: the same
 *   with garbage. `D7`: the new size, and none of the new bytes: zeros or garbage.
 * - `D8`: nothing beyond the old size.
 * - `D9`: as `D5`, and a missing sector holds bytes of a deleted file.
 * - `D11`: a truncation is lost, or overtakes the writes, or is overtaken.
 */
export type DataModel =
  | "D0"
  | "D1"
  | "D2"
  | "D3"
  | "D4"
  | "D5"
  | "D6"
  | "D7"
  | "D8"
  | "D9"
  | "D11";

/** All data models. */
export const DATA_MODELS: readonly DataModel[] = [
  "D0",
  "D1",
  "D2",
  "D3",
  "D4",
  "D5",
  "D6",
  "D7",
  "D8",
  "D9",
  "D11",
];

/** A possible state of a file on the disk. */
export interface DataVariant {
  readonly model: DataModel;
  readonly bytes: Uint8Array;
}

/** What the models need to know. */
export interface DataContext {
  readonly models: ReadonlySet<DataModel>;
  /** Size of a sector in bytes. */
  readonly sectorSize: number;
  readonly random: SeededRandom;
  /** Bytes of deleted files. */
  readonly stale: readonly Uint8Array[];
}

/** Up to this many sectors, every subset is tried. */
const ALL_SUBSETS = 5;
/** How many subsets are tried where there are more, besides the simple ones. */
const SOME_SUBSETS = 16;

/** All states that a power cut can leave of a file, some of them more than once. */
export function* dataVariants(
  file: SimulatedFile,
  context: DataContext,
): Generator<DataVariant> {
  const { durable, pending } = file;
  const { models, sectorSize } = context;
  const some = function* (
    model: DataModel,
    make: () => Iterable<Uint8Array>,
  ): Generator<DataVariant> {
    if (!models.has(model)) return;
    for (const bytes of make()) yield { model, bytes };
  };
  const old = durable.snapshot();
  yield* some("D0", () => [old]);
  if (pending.length === 0) return;
  const target = applied(durable, pending);
  yield* some("D1", () => [target]);
  yield* some("D2", () => prefixes(durable, pending));
  yield* some("D3", () => bytePrefixes(durable, pending, 1));
  yield* some("D4", () => bytePrefixes(durable, pending, sectorSize));
  yield* some(
    "D8",
    () => [target.slice(0, Math.min(old.length, target.length))],
  );
  yield* some("D11", () => truncations(durable, pending));
  // Bytes below have held their old value all the time; those above are new.
  const floor = pending.reduce(
    (least, change) =>
      change.kind === "truncate" ? Math.min(least, change.size) : least,
    old.length,
  );
  const patch = { old, target, floor, sectorSize };
  yield* some("D7", function* () {
    yield patched(patch, () => true, () => 0);
    yield patched(patch, () => true, () => context.random.below(256));
  });
  for (const [model, fillings] of sectorFillings(context)) {
    yield* some(model, function* () {
      const dirty = dirtySectors(patch);
      for (const missing of subsets(dirty, context.random)) {
        for (const fill of fillings) {
          yield patched(patch, (sector) => missing.has(sector), fill);
        }
      }
    });
  }
}

type Fill = (offset: number) => number;

function sectorFillings(
  { random, stale }: DataContext,
): readonly (readonly [DataModel, readonly Fill[]])[] {
  return [
    ["D5", [() => 0]],
    ["D6", [() => random.below(256)]],
    // Where the freed blocks come back: at their old place, or at the file's end.
    [
      "D9",
      stale.map((bytes) => (offset) =>
        bytes.length === 0 ? 0 : bytes[offset % bytes.length]
      ),
    ],
  ];
}

function applied(
  durable: Contents,
  changes: readonly DataChange[],
): Uint8Array {
  const contents = new Contents(durable.snapshot());
  for (const change of changes) contents.apply(change);
  return contents.snapshot();
}

function* prefixes(
  durable: Contents,
  pending: readonly DataChange[],
): Generator<Uint8Array> {
  for (let n = 1; n < pending.length; n++) {
    yield applied(durable, pending.slice(0, n));
  }
}

function* bytePrefixes(
  durable: Contents,
  pending: readonly DataChange[],
  step: number,
): Generator<Uint8Array> {
  for (const [n, change] of pending.entries()) {
    if (change.kind === "truncate") continue;
    const before = applied(durable, pending.slice(0, n));
    const { offset, bytes } = change;
    const first = step - (offset % step);
    for (let cut = first; cut < bytes.length; cut += step) {
      const part = { ...change, bytes: bytes.subarray(0, cut) };
      yield applied(new Contents(before), [part]);
    }
  }
}

function* truncations(
  durable: Contents,
  pending: readonly DataChange[],
): Generator<Uint8Array> {
  const cuts = pending.filter(({ kind }) => kind === "truncate");
  if (cuts.length === 0) return;
  const writes = pending.filter(({ kind }) => kind === "write");
  yield applied(durable, writes);
  yield applied(durable, cuts);
  yield applied(durable, [...cuts, ...writes]);
  yield applied(durable, [...writes, ...cuts]);
  for (const cut of cuts) {
    yield applied(durable, pending.filter((change) => change !== cut));
  }
}

interface Patch {
  readonly old: Uint8Array;
  readonly target: Uint8Array;
  readonly floor: number;
  readonly sectorSize: number;
}

function dirtySectors({ old, target, floor, sectorSize }: Patch): number[] {
  const dirty: number[] = [];
  for (let start = 0; start < target.length; start += sectorSize) {
    const end = Math.min(start + sectorSize, target.length);
    let isDirty = end > floor;
    for (let n = start; n < end && !isDirty; n++) {
      isDirty = old[n] !== target[n];
    }
    if (isDirty) dirty.push(start / sectorSize);
  }
  return dirty;
}

/** The new bytes, but for the sectors that are missing. */
function patched(
  { old, target, floor, sectorSize }: Patch,
  isMissing: (sector: number) => boolean,
  fill: Fill,
): Uint8Array {
  const bytes = target.slice();
  for (let start = 0; start < bytes.length; start += sectorSize) {
    if (!isMissing(start / sectorSize)) continue;
    const end = Math.min(start + sectorSize, bytes.length);
    for (let n = start; n < end; n++) bytes[n] = n < floor ? old[n] : fill(n);
  }
  return bytes;
}

/** Subsets of the sectors, none and all left out. */
function* subsets(
  sectors: readonly number[],
  random: SeededRandom,
): Generator<ReadonlySet<number>> {
  if (sectors.length <= ALL_SUBSETS) {
    for (let mask = 1; mask < 1 << sectors.length; mask++) {
      yield new Set(sectors.filter((_, n) => mask & (1 << n)));
    }
    return;
  }
  for (const [n, sector] of sectors.entries()) {
    yield new Set([sector]);
    yield new Set(sectors.filter((other) => other !== sector));
    yield new Set(sectors.slice(n));
  }
  for (let n = 0; n < SOME_SUBSETS; n++) {
    yield new Set(sectors.filter(() => random.below(2) === 0));
  }
}
