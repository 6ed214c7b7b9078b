// States and snapshots by this library, as src/managers.rs by the crates.
import {
  mutators,
  SnapStore,
  StateManager,
  type StateOptions,
} from "../../mod.ts";
import {
  initial,
  type Mutation,
  mutation,
  MUTATORS,
  type Numbered,
  type Opened,
  type State,
} from "./state.ts";

/** The format of the journal. */
export type Format = "v0.1" | "v0.2";

/** What the calls of the class take. */
export const RULES: StateOptions<State, Mutation> = {
  initial: initial(),
  apply: mutators(MUTATORS),
};

/** Opens a directory with ordinary options. */
export function open(
  dir: string,
  format: Format = "v0.2",
): Promise<StateManager<State, Mutation>> {
  return StateManager.open<State, Mutation>(dir, { ...RULES, format });
}

/**
 * Opens a directory, applies so many mutations more, and makes a snapshot at each
 * of the sequence numbers given.
 */
export async function manage(
  dir: string,
  format: Format,
  count: number,
  ...snapshots: readonly number[]
): Promise<Opened> {
  const manager = await open(dir, format);
  try {
    const last = manager.sequence + count;
    for (;;) {
      const { sequence } = manager;
      if (snapshots.includes(sequence)) await manager.createSnapshot();
      if (sequence === last) return report(manager);
      await manager.apply(mutation(sequence));
    }
  } finally {
    await manager.close();
  }
}

/** Opens a directory and removes what its snapshot makes superfluous. */
export async function compact(dir: string): Promise<Opened> {
  const manager = await open(dir);
  try {
    await manager.compact();
    return report(manager);
  } finally {
    await manager.close();
  }
}

/** Makes a snapshot. */
export async function create(
  dir: string,
  { sequence, state }: Numbered,
): Promise<void> {
  await new SnapStore<State>(dir).create(state, sequence);
}

/** Reads a snapshot. */
export async function restore(dir: string): Promise<Numbered> {
  const { sequence, state } = await new SnapStore<State>(dir).restore();
  return { sequence, state };
}

function report(manager: StateManager<State, Mutation>): Opened {
  const { sequence, recovery: { snapshot, damage } } = manager;
  const state = manager.snapshot();
  return { sequence, state, snapshot, damage: damage?.code };
}
