/**
 * What the crash lab tries: which histories, settings and failing syncs.
 */

import type {
  CrashStateOptions,
  DataModel,
  Fault,
  SyncFailure,
} from "../../src/testing/mod.ts";
import { SeededRandom } from "../../src/testing/random.ts";
import type { Case, Tally } from "./explore.ts";

/** How much is tried. */
export interface Effort {
  /** Up to this length all histories are tried. */
  readonly length: number;
  /** States of each crash point, for histories of each length; beyond, the last number. */
  readonly limits: readonly number[];
  /** States of each step of the recovery, for a second crash. */
  readonly again: number;
  /** One in so many states is crashed a second time. */
  readonly oneIn: number;
  /** Up to this length all histories are tried with each sync failing in each way. */
  readonly faultLength: number;
  /** States of each crash point, where a sync fails. */
  readonly faultLimit: number;
  /** How many histories are made by chance. */
  readonly random: number;
  /** Chooses the random histories, and what is left out. */
  readonly seed: number;
}

/** What histories of a subject are made of. */
export interface Scope<S> {
  /** The letters of which all histories are tried. */
  readonly letters: string;
  /** Each is tried with each short history; the long ones take them in turn. */
  readonly settings: readonly S[];
  /** How long a history is at the most that is tried with all settings. */
  readonly short: number;
  /** Tried with failing syncs. */
  readonly faultSettings: readonly S[];
  /** Settings with what is drawn for each history: here by its seed. @default none */
  readonly seeded?: ((settings: S, seed: number) => S) | undefined;
  /** The letters of histories by chance. */
  readonly randomLetters: string;
  /** Settings of histories by chance. */
  readonly randomSettings: readonly S[];
  /** Files are cut at multiples of so many bytes. @default fewer than a disk's sectors have */
  readonly sectorSize?: number | undefined;
  /** The most steps of a history by chance. */
  readonly longest: number;
  /** Histories that begin in format v0.1. */
  readonly legacy?: Legacy<S> | undefined;
}

/** Histories that begin in format v0.1. */
export interface Legacy<S> {
  readonly letters: string;
  readonly settings: S;
  /** Which histories make no sense in this format. */
  readonly without: RegExp;
  /** What the format can tell from damage. */
  readonly data: readonly DataModel[];
  /** Which histories left the format before their last step; then all models are tried. */
  readonly upgraded: RegExp;
}

/** Cases one after the other; the answer to each is whether its fault has hit. */
export type Cases<S> = Generator<Case<S>, void, boolean>;

/** Files are cut in more places than a disk's sectors would cut them. */
const SECTOR = 32;
const SYNC_FAILURES: readonly SyncFailure[] = [
  "F0",
  "F1",
  "F2",
  "F3",
  "F4",
  "F5",
  "F6",
];
/** Names are journaled: a file system does not forget them and go on. */
const OF_DIRECTORIES: readonly SyncFailure[] = ["F0", "F3", "F6"];
/** In a history by chance one of so many syncs fails. */
const EARLY = 4;

/** Each way in which a sync of a file or of a directory can fail. */
export const SYNC_FAULTS: readonly Fault[] = SYNC_FAILURES.flatMap(faultsOf);

/** All histories of a length. */
export function* histories(length: number, letters: string): Generator<string> {
  if (length === 0) yield "";
  else {
    for (const front of histories(length - 1, letters)) {
      for (const letter of letters) yield front + letter;
    }
  }
}

/** Runs all that the effort allows; a violation is thrown. */
export async function campaign<S, T>(
  tally: Tally<S, T>,
  scope: Scope<S>,
  effort: Effort,
): Promise<void> {
  for (const { cases } of units(scope, effort)) await runCases(tally, cases());
}

/** Runs cases one after the other. */
export async function runCases<S, T>(
  tally: Tally<S, T>,
  cases: Cases<S>,
): Promise<void> {
  for (let next = cases.next(); !next.done;) {
    next = cases.next(await tally.run(next.value));
  }
}

/** The parts of a campaign, in the order in which they run. */
export const PARTS = [
  "all histories",
  "all histories of format v0.1",
  "all syncs that fail",
  "random histories",
] as const;
/** One of them. */
export type Part = (typeof PARTS)[number];

/** The least that can be run without the rest: a history, or a failing sync of one in each way. */
export interface Unit<S> {
  readonly part: Part;
  readonly cases: () => Cases<S>;
}

/** All that the effort allows; with `endless`, random histories go on with the seeds that follow. */
export function* units<S>(
  scope: Scope<S>,
  effort: Effort,
  { endless = false }: { readonly endless?: boolean } = {},
): Generator<Unit<S>, void, void> {
  const [all, legacy, failing, random] = PARTS;
  for (const it of sequences(scope, effort)) {
    yield { part: all, cases: () => only(it) };
  }
  for (const it of legacySequences(scope, effort)) {
    yield { part: legacy, cases: () => only(it) };
  }
  for (const it of historiesToFail(scope, effort)) {
    yield { part: failing, cases: () => failingSyncs(it) };
  }
  for (let n = 0; endless || n < effort.random; n++) {
    yield {
      part: random,
      cases: () => only(randomHistory(scope, effort, effort.seed + n)),
    };
  }
}

function* only<S>(it: Case<S>): Cases<S> {
  yield it;
}

/** Every history, without faults. */
function* sequences<S>(scope: Scope<S>, effort: Effort): Generator<Case<S>> {
  const { letters, settings: all, short, seeded = unseeded } = scope;
  let { seed } = effort;
  for (let length = 0; length <= effort.length; length++) {
    let turn = 0;
    for (const history of histories(length, letters)) {
      const some = length <= short ? all : [all[turn++ % all.length]];
      for (const given of some) {
        const settings = seeded(given, seed++);
        yield { history, settings, ...crashes(scope, effort, length) };
      }
    }
  }
}

function* legacySequences<S>(
  scope: Scope<S>,
  effort: Effort,
): Generator<Case<S>> {
  const { legacy } = scope;
  if (!legacy) return;
  const { letters, settings, without, upgraded } = legacy;
  for (let length = 0; length <= effort.length - 1; length++) {
    for (const history of histories(length, letters)) {
      if (without.test(history)) continue;
      const { states, again, chooseAgain } = crashes(scope, effort, length);
      const data = upgraded.test(history) ? undefined : legacy.data;
      yield {
        history,
        settings,
        states: { ...states, data },
        again: { ...again, data },
        chooseAgain,
      };
    }
  }
}

/** Every history of which syncs are to fail. */
function* historiesToFail<S>(
  scope: Scope<S>,
  effort: Effort,
): Generator<Case<S>> {
  const { faultSettings, letters, seeded = unseeded } = scope;
  let { seed } = effort;
  for (let length = 0; length <= effort.faultLength; length++) {
    for (const given of faultSettings) {
      for (const history of histories(length, letters)) {
        const settings = seeded(given, seed++);
        // What fails is not seen before the second crash.
        const { states, again } = crashes(scope, effort, length);
        const some = { ...states, limit: effort.faultLimit };
        yield { history, settings, states: some, again };
      }
    }
  }
}

/** Each of the syncs in the last step, failing in each way. */
function* failingSyncs<S>(it: Case<S>): Cases<S> {
  for (const faults of SYNC_FAULTS) {
    for (let at = 1; yield { ...it, fault: { ...faults, at } }; at++);
  }
}

function faultsOf(sync: SyncFailure): Fault[] {
  const ofFiles: Fault = { kinds: ["dataSync", "sync"], errno: "EIO", sync };
  return OF_DIRECTORIES.includes(sync)
    ? [ofFiles, { ...ofFiles, kinds: ["syncDir"] }]
    : [ofFiles];
}

/** A long history by chance, with the crash in the last step. */
function randomHistory<S>(
  scope: Scope<S>,
  effort: Effort,
  seed: number,
): Case<S> {
  const random = new SeededRandom(seed);
  const { longest } = scope;
  const letters = [...scope.randomLetters];
  const length = effort.length + 1 + random.below(longest - effort.length);
  const steps = Array.from({ length }, () => random.pick(letters));
  const history = steps.join("");
  const given = { ...random.pick(scope.randomSettings) };
  const settings = scope.seeded?.(given, seed) ?? given;
  const fault = random.below(2) === 0 ? undefined : {
    ...random.pick(SYNC_FAULTS),
    at: 1 + random.below(EARLY),
  };
  return { history, settings, seed, fault, ...crashes(scope, effort, length) };
}

function unseeded<S>(settings: S): S {
  return settings;
}

function crashes<S>(scope: Scope<S>, effort: Effort, length: number) {
  const limit = effort.limits[Math.min(length, effort.limits.length - 1)];
  const states: CrashStateOptions = {
    sectorSize: scope.sectorSize ?? SECTOR,
    limit,
    seed: effort.seed,
  };
  return {
    states,
    again: { ...states, limit: effort.again },
    chooseAgain: (fingerprint: number) => fingerprint % effort.oneIn === 0,
  };
}
