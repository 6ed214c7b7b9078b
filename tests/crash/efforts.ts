/**
 * How much the crash lab tries: on every change, and when it is asked to.
 */

import type { Effort } from "./campaign.ts";

const ALL = Infinity;

/** What `npm test` tries on one runtime. */
export const EVERYDAY: Effort = {
  length: 4,
  limits: [ALL, ALL, 36, 5, 1],
  again: 2,
  oneIn: 32,
  faultLength: 1,
  faultLimit: 10,
  random: 60,
  seed: 1,
};

/** What `npm test` tries on the other runtimes. */
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

/** What `npm run crash` tries. */
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
