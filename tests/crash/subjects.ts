/**
 * What `npm run crash` tries: logs, states, programs that change states, queues.
 */

import type { Effort } from "./campaign.ts";
import { DEEP, PROGRAM_DEEP, QUEUE_DEEP, STATE_DEEP } from "./efforts.ts";
import { LOG } from "./log.ts";
import { cut, type Pieces } from "./pieces.ts";
import { QUEUE } from "./queue.ts";
import {
  LOG_SCOPE,
  PROGRAM_SCOPE,
  QUEUE_SCOPE,
  STATE_SCOPE,
} from "./scopes.ts";
import { STATE } from "./state.ts";

/** The names, in the order in which they run. */
export const SUBJECTS = ["logs", "states", "programs", "queues"] as const;
/** One of them. */
export type SubjectName = (typeof SUBJECTS)[number];

/** What is changed of an effort. */
export type EffortChange = Partial<Effort>;

/** The pieces of a subject's deep run. */
export function piecesOf(name: SubjectName, change: EffortChange): Pieces {
  switch (name) {
    case "logs":
      return cut(LOG, LOG_SCOPE, { ...DEEP, ...change });
    case "states":
      return cut(STATE, STATE_SCOPE, { ...STATE_DEEP, ...change });
    case "programs":
      return cut(STATE, PROGRAM_SCOPE, { ...PROGRAM_DEEP, ...change });
    case "queues":
      return cut(QUEUE, QUEUE_SCOPE, { ...QUEUE_DEEP, ...change });
  }
}
