/**
 * A state, as the lab tries it out.
 */

import { checkState } from "./check_state.ts";
import type { Subject } from "./explore.ts";
import type { StateOwed, StateSettings } from "./state_oracle.ts";
import { useState } from "./state_usage.ts";

/** States with a snapshot and a log: `StateManager`. */
export const STATE: Subject<StateSettings, StateOwed> = {
  begin: (fileSystem, settings) => useState(fileSystem, { settings }),
  check: checkState,
};
