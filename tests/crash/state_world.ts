/**
 * What the lab's states are made of, and what changes them: a shelf with
 * mutations written by hand, or generated programs.
 */

import {
  initialOf,
  migrate,
  type Mutation as ShelfMutation,
  mutationOf,
  reducerOf,
  refusedOf,
  type Shelf,
  textAt,
  upcast,
} from "./state_model.ts";
import { programWorld } from "./state_programs.ts";

/** A mutation; `version` is in those of version 2 and up. */
export interface Mutation {
  readonly n: number;
  readonly version?: number;
}

/** How a mutation changes a state. */
export type Reduce = (state: object, mutation: Mutation) => object | void;

/** How a state is kept. */
export interface StateSettings {
  readonly maxSegmentBytes?: number | undefined;
  readonly slice?: number | undefined;
  /** As the option: with 1 a snapshot is due when as much was logged as the last one has. @default no automatic snapshots */
  readonly snapshotAfter?: number | undefined;
  /** As the option: with `false` automatic snapshots compact. @default true */
  readonly keepHistory?: boolean | undefined;
  /** It begins with many members of this width: with 1 they are a table in memory, with 3 a snapshot writes several pieces. @default no members */
  readonly width?: number | undefined;
  /** Mutations are generated programs, and this is their seed. @default mutations of a shelf */
  readonly programs?: number | undefined;
  /** Whether programs work on containers with more than 16, 64 and 600 members. @default false */
  readonly large?: boolean | undefined;
  /** Replaces the reducer, to plant a defect. */
  readonly plant?: ((reduce: Reduce) => Reduce) | undefined;
}

/** Mutations and the states that they give; the number of a mutation decides what it is, so that equal histories give equal files. */
export interface World {
  /** The state before the first mutation. */
  initial(version: number): object;
  mutation(n: number, version: number): Mutation;
  /** A mutation that the reducer refuses in the place of `n`. */
  refused(n: number, version: number): Mutation;
  /** What the state must be after a mutation, as JSON. */
  text(n: number, version: number): string;
  reducer(version: number): Reduce;
  /** A mutation of an older version, in this one. */
  upcast(mutation: unknown, to: number): Mutation;
  /** A state of an older version, in this one. */
  migrate(state: unknown, from: number, to: number): object;
  /** What the first mutations are, in words, if their numbers do not say it. */
  describe?(count: number): string;
}

function shelves(width: number): World {
  return {
    initial: (version) => initialOf(width, version),
    mutation: mutationOf,
    refused: refusedOf,
    text: (n, version) => textAt(n, width, version),
    reducer: (version) => {
      const reduce = reducerOf(version);
      return (state, given) => reduce(state as Shelf, given as ShelfMutation);
    },
    upcast,
    migrate,
  };
}

/** Programs are compiled once for a history and its crash states, not for all of them. */
const MOST_WORLDS = 8;
const worlds = new Map<string, World>();

/** The world that settings ask for. */
export function worldOf({ width = 0, programs, large }: StateSettings): World {
  const key = `${width} ${programs} ${large}`;
  let world = worlds.get(key);
  if (!world) {
    world = programs === undefined
      ? shelves(width)
      : programWorld(programs, large ?? false);
    const [oldest] = worlds.keys();
    if (worlds.size >= MOST_WORLDS) worlds.delete(oldest);
    worlds.set(key, world);
  }
  return world;
}
