/** A small state to try faults on: mutations are counted, and kept. */

import { StateManager, type StateOptions } from "../../mod.ts";
import { SimulatedFileSystem } from "../../src/testing/mod.ts";

/** Its directory. */
export const DIR = "d";
/** Its log. */
export const JOURNAL: string = `${DIR}/journal.jsonl`;

/** A state in which mutations are counted, and kept. */
export interface Sum {
  total: number;
  readonly all: number[];
}

/** What it is made of. */
export const OPTIONS: StateOptions<Sum, number> = {
  initial: { total: 0, all: [] } as Sum,
  apply: (state: Sum, by: number): void => {
    state.total += by;
    state.all.push(by);
  },
};

/** Opens it. */
export function open(
  fileSystem: SimulatedFileSystem,
): Promise<StateManager<Sum, number>> {
  return StateManager.open(DIR, { ...OPTIONS, fileSystem });
}

/** A state in use. */
export interface Begun {
  readonly fileSystem: SimulatedFileSystem;
  readonly manager: StateManager<Sum, number>;
}

/** A state with mutations 1, 2 and 3. */
export async function begun(): Promise<Begun> {
  const fileSystem = new SimulatedFileSystem();
  const manager = await open(fileSystem);
  for (const by of [1, 2, 3]) await manager.apply(by);
  return { fileSystem, manager };
}
