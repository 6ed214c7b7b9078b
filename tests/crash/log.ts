/**
 * A log, as the lab tries it out.
 */

import { checkPoison, open, play, type Run } from "./alphabet.ts";
import { checkLog } from "./check_log.ts";
import type { Subject } from "./explore.ts";
import { Oracle, type Owed, type Settings } from "./oracle.ts";

/** Logs of texts: `MiniStore<string>`. */
export const LOG: Subject<Settings, Owed> = {
  begin: (fileSystem, settings) => {
    const oracle = new Oracle(settings);
    const run: Run = { fileSystem, oracle, store: undefined };
    return {
      get owed() {
        return oracle.owed;
      },
      open: () => open(run),
      play: (history) => play(run, history),
      lies: () => oracle.lies(),
      checkFailed: (failure) => checkPoison(run, failure),
    };
  },
  check: checkLog,
};
