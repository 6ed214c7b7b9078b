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
 * - `D2`: the first ones. `D3`: the first ones and a part of the next write, cut
 *   at every byte. `D4`: the same, cut where a sector ends.
 * - `D5`: any subset of the sectors; in a missing one the old bytes are old, and
 *   those that the file was extended by, or that were cut off before, are zeros.
 *   `D6`: the same with garbage. `D7`: the new size, and none of the new bytes:
 *   zeros or garbage.
 * - `D8`: nothing beyond the old size.
 * - `D9`: as `D5`, with the bytes of a deleted file, or of an end that was cut
 *   off, in the place of zeros: where they stood, or behind the old bytes.
 * - `D11`: a truncation is lost, or overtakes the writes, or is overtaken.
 *
 * The states of a file of a few hundred bytes are complete; of the very many of
 * a larger one the seed chooses some.
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

/** What the models need to know of the disk, and which are wanted. */
export interface DataContext {
  readonly models: ReadonlySet<DataModel>;
  /** Size of a sector in bytes. */
  readonly sectorSize: number;
  readonly random: SeededRandom;
  /** Bytes whose blocks are free. */
  readonly stale: readonly StaleBytes[];
}

/** Bytes of a deleted file, or of an end that was cut off. */
export interface StaleBytes {
  /** Where in that file they stood. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Up to this many places to cut, all are tried. */
const CUTS = 1024;
/** Up to this many sectors, every subset is tried. */
const ALL_SUBSETS = 5;
/** How many subsets are tried where there are more, besides the simple ones. */
const SOME_SUBSETS = 16;
/** Up to this many sectors, the simple subsets of all are tried. */
const SECTORS = 64;

/** All states that a power cut can leave of a file, some of them more than once. */
export function* dataVariants(
  file: SimulatedFile,
  context: DataContext,
): Generator<DataVariant> {
  const { durable, pending } = file;
  const { models, sectorSize, random } = context;
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
  yield* some("D2", () => prefixes(durable, pending, random));
  yield* some("D3", () => bytePrefixes(durable, pending, 1, random));
  yield* some("D4", () => bytePrefixes(durable, pending, sectorSize, random));
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
    yield patched(patch, () => true, () => random.below(256));
  });
  for (const [model, fillings] of sectorFillings(context, floor)) {
    yield* some(model, function* () {
      const dirty = dirtySectors(patch);
      for (const missing of subsets(dirty, random)) {
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
  floor: number,
): readonly (readonly [DataModel, readonly Fill[]])[] {
  return [
    ["D5", [() => 0]],
    ["D6", [() => random.below(256)]],
    // Where freed blocks come back: at their old place, or behind the old bytes.
    [
      "D9",
      stale.flatMap(({ offset, bytes }) => [
        (n) => bytes[n - offset] ?? 0,
        (n) => bytes[n - floor] ?? 0,
      ]),
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
  random: SeededRandom,
): Generator<Uint8Array> {
  for (const n of random.some([...pending.keys()], CUTS)) {
    if (n > 0) yield applied(durable, pending.slice(0, n));
  }
}

function* bytePrefixes(
  durable: Contents,
  pending: readonly DataChange[],
  step: number,
  random: SeededRandom,
): Generator<Uint8Array> {
  const cuts: { n: number; offset: number; bytes: Uint8Array }[] = [];
  for (const [n, change] of pending.entries()) {
    if (change.kind === "truncate") continue;
    const { offset, bytes } = change;
    for (let cut = step - (offset % step); cut < bytes.length; cut += step) {
      cuts.push({ n, offset, bytes: bytes.subarray(0, cut) });
    }
  }
  const before = new Contents(durable.snapshot());
  let done = 0;
  for (const { n, offset, bytes } of random.some(cuts, CUTS)) {
    for (; done < n; done++) before.apply(pending[done]);
    yield applied(before, [{ kind: "write", offset, bytes }]);
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

/** Subsets of the sectors, without the empty one. */
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
  for (const [n, sector] of random.some([...sectors.entries()], SECTORS)) {
    yield new Set([sector]);
    yield new Set(sectors.filter((other) => other !== sector));
    yield new Set(sectors.slice(n));
  }
  for (let n = 0; n < SOME_SUBSETS; n++) {
    yield new Set(sectors.filter(() => random.below(2) === 0));
  }
}
