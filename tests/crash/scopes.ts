/**
 * What histories of logs, of states and of queues are made of.
 */

import { DATA_MODELS, type DataModel } from "../../src/testing/mod.ts";
import { ALPHABET } from "./alphabet.ts";
import type { Scope } from "./campaign.ts";
import type { Settings } from "./oracle.ts";
import { QUEUE_ALPHABET } from "./queue_alphabet.ts";
import type { QueueSettings } from "./queue_oracle.ts";
import { STATE_ALPHABET } from "./state_alphabet.ts";
import type { StateSettings } from "./state_oracle.ts";

const SETTINGS: readonly Settings[] = [
  {},
  { maxSegmentBytes: 1 }, // every group has a segment of its own
  { maxSegmentBytes: 1, retain: 1 },
];
/** Without checksums a hole in a batch cannot be told from damage, nor garbage from a record. */
const LEGACY_MODELS: readonly DataModel[] = DATA_MODELS.filter((model) =>
  !["D5", "D6", "D7", "D9"].includes(model)
);

/** Histories of logs. */
export const LOG_SCOPE: Scope<Settings> = {
  letters: "abcsSrtxk",
  settings: SETTINGS,
  short: 3,
  faultSettings: SETTINGS.slice(0, 2),
  randomLetters: Object.keys(ALPHABET).join("").replace("u", ""),
  randomSettings: SETTINGS,
  longest: 200,
  legacy: {
    letters: "abrxkut",
    settings: { format: "v0.1" },
    without: /^[^u]*t/, // records of v0.1 have no numbers of their own to truncate by
    data: LEGACY_MODELS,
    upgraded: /u./, // the upgrade itself may come upon what v0.1 left
  },
};

const STATE_SETTINGS: readonly StateSettings[] = [
  {},
  { maxSegmentBytes: 1 },
  { snapshotAfter: 1 }, // a snapshot is due when as much was logged as the last one has
  { snapshotAfter: 1, keepHistory: false, maxSegmentBytes: 1 },
];

/** Histories of states. */
export const STATE_SCOPE: Scope<StateSettings> = {
  letters: "abctnNpPxkvw",
  settings: STATE_SETTINGS,
  short: 1,
  faultSettings: STATE_SETTINGS,
  randomLetters: Object.keys(STATE_ALPHABET).join(""),
  randomSettings: [
    ...STATE_SETTINGS,
    { width: 1 },
    { width: 1, maxSegmentBytes: 1 },
    { width: 3, maxSegmentBytes: 1, slice: 1 },
    { width: 3, slice: 1, snapshotAfter: 400 },
    { maxSegmentBytes: 1, snapshotAfter: 100, keepHistory: false },
  ],
  longest: 60,
};

const PROGRAM_SETTINGS: readonly StateSettings[] = [
  {},
  { maxSegmentBytes: 1 },
  { large: true },
  { large: true, maxSegmentBytes: 1, slice: 1 },
];

/** Histories of states that generated programs change, other ones in each history. */
export const PROGRAM_SCOPE: Scope<StateSettings> = {
  letters: "abcgtnNpPxkv",
  settings: PROGRAM_SETTINGS,
  short: 0,
  faultSettings: PROGRAM_SETTINGS.slice(0, 3),
  seeded: (settings, programs) => ({ ...settings, programs }),
  randomLetters: Object.keys(STATE_ALPHABET).join(""),
  randomSettings: [{}, ...PROGRAM_SETTINGS],
  sectorSize: 512, // their files are large
  longest: 24,
};

const QUEUE_SETTINGS: readonly QueueSettings[] = [
  {},
  { maxSegmentBytes: 1, payloadMemory: 0 },
  { payloadMemory: 0, snapshotAfter: 1 }, // a compaction is due after each commit
];

/** Histories of queues. */
export const QUEUE_SCOPE: Scope<QueueSettings> = {
  letters: "egducarfTBnkZ",
  settings: QUEUE_SETTINGS,
  short: 1,
  faultSettings: QUEUE_SETTINGS.slice(1),
  randomLetters: Object.keys(QUEUE_ALPHABET).join(""),
  randomSettings: [
    ...QUEUE_SETTINGS,
    { maxSegmentBytes: 1, snapshotAfter: 300 },
    { maxSegmentBytes: 400, payloadMemory: 0, outbox: true },
    { outbox: true },
    { maxSegmentBytes: 400, payloadMemory: 0, keys: 70 },
  ],
  longest: 200,
};
