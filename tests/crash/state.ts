/**
 * A state, as the lab tries it out.
 */

import { checkState } from "./check_state.ts";
import type { Subject } from "./explore.ts";
import type { StateOwed } from "./state_oracle.ts";
import { useState } from "./state_usage.ts";
import { type StateSettings, worldOf } from "./state_world.ts";

/** States with a snapshot and a log: `StateManager`. */
export const STATE: Subject<StateSettings, StateOwed> = {
  begin: (fileSystem, settings) => {
    const usage = useState(fileSystem, { settings });
    const explained = (work: Promise<void>) =>
      work.catch((error) => explain(error, usage.run.oracle.owed));
    return {
      get owed() {
        return usage.owed;
      },
      open: () => explained(usage.open()),
      play: (history) => explained(usage.play(history)),
      lies: usage.lies,
      checkFailed: (failure) => explained(usage.checkFailed(failure)),
    };
  },
  check: (fileSystem, owed, watch) =>
    checkState(fileSystem, owed, watch).catch((error) => explain(error, owed)),
};

/** Programs are shown for so many mutations more than were submitted: those of the recovery, and refused ones. */
const AHEAD = 3;

/** Throws what was thrown, with what the mutations were: the same object, for what was thrown may be expected. */
function explain(error: unknown, { settings, submitted }: StateOwed): never {
  const what = worldOf(settings).describe?.(submitted + AHEAD);
  if (error instanceof Error && what && !error.message.includes(what)) {
    error.message += `\n${what}`;
  }
  throw error;
}
