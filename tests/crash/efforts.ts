/**
 * How much the crash lab tries: on every change, and when it is asked to.
 */

import type { Effort } from "./campaign.ts";

const ALL = Infinity;

/** What `npm test` tries of logs on one runtime. */
export const EVERYDAY: Effort = {
  length: 3,
  limits: [ALL, ALL, 10, 1],
  again: 2,
  oneIn: 32,
  faultLength: 1,
  faultLimit: 10,
  random: 40,
  seed: 1,
};

/** What `npm test` tries of logs on the other runtimes. */
export const SHORT: Effort = {
  length: 2,
  limits: [ALL, 50, 4],
  again: 2,
  oneIn: 16,
  faultLength: 0,
  faultLimit: 10,
  random: 20,
  seed: 2,
};

/** What `npm run crash` tries of logs. */
export const DEEP: Effort = {
  length: 5,
  limits: [ALL, ALL, ALL, 60, 5, 1],
  again: 3,
  oneIn: 12,
  faultLength: 2,
  faultLimit: 10,
  random: 3000,
  seed: 1,
};

/** What `npm test` tries of states on one runtime; failing syncs have a test of their own. */
export const STATE_EVERYDAY: Effort = {
  length: 2,
  limits: [ALL, 30, 2],
  again: 2,
  oneIn: 256,
  faultLength: -1,
  faultLimit: 0,
  random: 16,
  seed: 1,
};

/** What `npm test` tries of states on the other runtimes. */
export const STATE_SHORT: Effort = {
  length: 1,
  limits: [40, 4],
  again: 2,
  oneIn: 256,
  faultLength: -1,
  faultLimit: 0,
  random: 6,
  seed: 3,
};

/** What `npm run crash` tries of states. */
export const STATE_DEEP: Effort = {
  length: 3,
  limits: [ALL, ALL, 20, 6, 1],
  again: 3,
  oneIn: 48,
  faultLength: 1,
  faultLimit: 2,
  random: 600,
  seed: 1,
};

/** What `npm test` tries of states that generated programs change. */
export const PROGRAM_SHORT: Effort = {
  length: 0,
  limits: [1],
  again: 1,
  oneIn: 64,
  faultLength: -1,
  faultLimit: 0,
  random: 5,
  seed: 3,
};

/** What `npm run crash` tries of states that generated programs change. */
export const PROGRAM_DEEP: Effort = {
  length: 2,
  limits: [ALL, 20, 3, 1],
  again: 2,
  oneIn: 48,
  faultLength: 1,
  faultLimit: 2,
  random: 400,
  seed: 1,
};

/** What `npm test` tries of queues on one runtime; failing syncs have a test of their own. */
export const QUEUE_EVERYDAY: Effort = {
  length: 2,
  limits: [1, 2, 1],
  again: 1,
  oneIn: 256,
  faultLength: -1,
  faultLimit: 0,
  random: 6,
  seed: 1,
};

/** What `npm test` tries of queues on the other runtimes. */
export const QUEUE_SHORT: Effort = {
  length: 1,
  limits: [1],
  again: 1,
  oneIn: 64,
  faultLength: -1,
  faultLimit: 0,
  random: 3,
  seed: 2,
};

/** What `npm run crash` tries of queues. */
export const QUEUE_DEEP: Effort = {
  length: 3,
  limits: [ALL, 60, 8, 2, 1],
  again: 3,
  oneIn: 48,
  faultLength: 1,
  faultLimit: 2,
  random: 400,
  seed: 1,
};
