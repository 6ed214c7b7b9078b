/**
 * What the crash lab tries: which histories, settings, models and faults.
 */

import {
  type CrashStateOptions,
  DATA_MODELS,
  type DataModel,
  type Fault,
  type SyncFailure,
} from "../../src/testing/mod.ts";
import { SeededRandom } from "../../src/testing/random.ts";
import { ALPHABET } from "./alphabet.ts";
import type { Case, Tally } from "./explore.ts";
import type { Settings } from "./oracle.ts";

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

/** Files are cut in more places than a disk's sectors would cut them. */
const SECTOR = 32;
const SETTINGS: readonly Settings[] = [
  {},
  { maxSegmentBytes: 1 }, // every group has a segment of its own
  { maxSegmentBytes: 1, retain: 1 },
];
const LETTERS = "abcsSrtxk";
/** Without checksums a hole in a batch cannot be told from damage, nor garbage from a record. */
const LEGACY_MODELS: readonly DataModel[] = DATA_MODELS.filter((model) =>
  !["D5", "D6", "D7", "D9"].includes(model)
);
const LEGACY_LETTERS = "abrxkut";
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
const LONGEST = 200;

/** All histories of a length. */
export function* histories(length: number, letters: string): Generator<string> {
  if (length === 0) yield "";
  else {
    for (const front of histories(length - 1, letters)) {
      for (const letter of letters) yield front + letter;
    }
  }
}

const PARTS: readonly ((effort: Effort) => Iterable<Case>)[] = [
  sequences,
  legacySequences,
  failingSyncs,
  randomHistories,
];

/** Runs all that the effort allows; a violation is thrown. */
export async function campaign(
  tally: Tally,
  effort: Effort,
  onProgress: (part: string) => void = () => {},
): Promise<void> {
  for (const part of PARTS) {
    for (const it of part(effort)) {
      await tally.run(it);
      onProgress(part.name);
    }
  }
}

/** Every history, without faults; the long ones take the settings in turn. */
function* sequences(effort: Effort): Generator<Case> {
  for (let length = 0; length <= effort.length; length++) {
    let turn = 0;
    for (const history of histories(length, LETTERS)) {
      const settings = length < 4
        ? SETTINGS
        : [SETTINGS[turn++ % SETTINGS.length]];
      for (const some of settings) {
        yield { history, settings: some, ...crashes(effort, length) };
      }
    }
  }
}

/** Histories that begin in format v0.1. */
function* legacySequences(effort: Effort): Generator<Case> {
  const settings: Settings = { format: "v0.1" };
  for (let length = 0; length <= effort.length - 1; length++) {
    for (const history of histories(length, LEGACY_LETTERS)) {
      // Records of v0.1 have no numbers of their own to truncate by.
      if (/^[^u]*t/.test(history)) continue;
      const { states, again, chooseAgain } = crashes(effort, length);
      // The upgrade itself may come upon what v0.1 left.
      const isUpgraded = history.slice(0, -1).includes("u");
      const data = isUpgraded ? DATA_MODELS : LEGACY_MODELS;
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

/** Every history, each of its syncs failing in each way. */
function* failingSyncs(effort: Effort): Generator<Case> {
  for (let length = 0; length <= effort.faultLength; length++) {
    for (const settings of SETTINGS.slice(0, 2)) {
      for (const history of histories(length, LETTERS)) {
        for (const sync of SYNC_FAILURES) {
          for (const fault of faultsOf(sync)) {
            // What fails is not seen before the second crash.
            const { states, again } = crashes(effort, length);
            const some = { ...states, limit: effort.faultLimit };
            yield { history, settings, states: some, again, fault };
          }
        }
      }
    }
  }
}

/** How many syncs a step makes at the most; one that is not reached costs a run. */
const SYNCS = 12;

function* faultsOf(sync: SyncFailure): Generator<Fault> {
  for (let at = 1; at <= SYNCS; at++) {
    yield { kinds: ["dataSync", "sync"], at, errno: "EIO", sync };
    if (OF_DIRECTORIES.includes(sync)) {
      yield { kinds: ["syncDir"], at, errno: "EIO", sync };
    }
  }
}

/** Long histories by chance, with the crash in the last step. */
function* randomHistories(effort: Effort): Generator<Case> {
  const letters = Object.keys(ALPHABET).filter((letter) => letter !== "u");
  for (let n = 0; n < effort.random; n++) {
    const seed = effort.seed + n;
    const random = new SeededRandom(seed);
    const length = effort.length + 1 + random.below(LONGEST - effort.length);
    const steps = Array.from({ length }, () => random.pick(letters));
    const history = steps.join("");
    const settings = { ...random.pick(SETTINGS) };
    const fault = random.below(2) === 0
      ? undefined
      : random.pick([...faultsOf(random.pick(SYNC_FAILURES))].slice(0, 4));
    yield { history, settings, seed, fault, ...crashes(effort, length) };
  }
}

function crashes(effort: Effort, length: number) {
  const limit = effort.limits[Math.min(length, effort.limits.length - 1)];
  const states: CrashStateOptions = {
    sectorSize: SECTOR,
    limit,
    seed: effort.seed,
  };
  return {
    states,
    again: { ...states, limit: effort.again },
    chooseAgain: (fingerprint: number) => fingerprint % effort.oneIn === 0,
  };
}
