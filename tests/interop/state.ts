// The state of the interop checks and the mutations that make it, as in
// src/state.rs.
import { DIFFERING, MINUS_ZERO, type Op, ops, ROUNDED, text } from "./ops.ts";

/** The state. */
export interface State {
  count: number;
  last: string | null;
  entries: Record<string, Op>;
}

/** A mutation; the variants of the enum in Rust. */
export type Mutation =
  | { Set: { key: string; value: Op } }
  | { Remove: { key: string } }
  | { Inc: { by: number } }
  | "Clear";

/** A state and the sequence number of the last mutation in it. */
export interface Numbered {
  readonly sequence: number;
  readonly state: State;
}

/** A state as this library opened it. */
export interface Opened extends Numbered {
  /** The sequence number of the snapshot that was used; none for a whole replay. */
  readonly snapshot?: number | undefined;
  /** The code of what is wrong with a snapshot that was not used. */
  readonly damage?: string | undefined;
}

/** What the mutations do, by name. */
export const MUTATORS = {
  Set: (state: State, { key, value }: { key: string; value: Op }): void => {
    state.entries[key] = value;
    state.last = key;
  },
  Remove: (state: State, { key }: { key: string }): void => {
    delete state.entries[key];
    state.last = null;
  },
  Inc: (state: State, { by }: { by: number }): void => {
    state.count += by;
  },
  Clear: (state: State): void => {
    state.entries = {};
  },
};

/** The state before the first mutation. */
export function initial(): State {
  return { count: 0, last: null, entries: {} };
}

/** The mutation with the given index, which has the sequence number behind it. */
export function mutation(index: number): Mutation {
  switch (index % 4) {
    case 0:
    case 1: {
      const [value] = ops(index, index + 1);
      return { Set: { key: key(Math.floor(index / 4)), value } };
    }
    case 2:
      return { Inc: { by: (index - 100) * 1_000_000_007 } };
    default:
      if (index % 64 === 63) return "Clear";
      return { Remove: { key: key(Math.floor(index / 8)) } };
  }
}

/** The mutations from one index up to, not including, another. */
export function mutations(from: number, to: number): Mutation[] {
  return Array.from({ length: to - from }, (_, n) => mutation(from + n));
}

/** The state behind so many mutations, on ordinary data. */
export function after(count: number): Numbered {
  const state = initial();
  for (const mutation of mutations(0, count)) {
    if (mutation === "Clear") MUTATORS.Clear(state);
    else if ("Set" in mutation) MUTATORS.Set(state, mutation.Set);
    else if ("Remove" in mutation) MUTATORS.Remove(state, mutation.Remove);
    else MUTATORS.Inc(state, mutation.Inc);
  }
  return { sequence: count, state };
}

/** What the other side makes by `create DIR COUNT BYTES`. */
export function padded(count: number, bytes: number): Numbered {
  const { sequence, state } = after(count);
  state.entries.padding = { Note: { text: "x".repeat(bytes) } };
  return { sequence, state };
}

/** Entries whose keys are the numbers from 0. */
export function byIndex(values: readonly Op[]): Record<string, Op> {
  return Object.fromEntries(values.entries());
}

/** What the other side makes by `create DIR differing`. */
export function differing(): Numbered {
  const values = [...DIFFERING];
  values.splice(7, 0, MINUS_ZERO);
  values.push(ROUNDED);
  return { sequence: 1, state: { ...initial(), entries: byIndex(values) } };
}

/** Keys that look like whole numbers stand in front of all others here. */
function key(n: number): string {
  return n % 3 === 0 ? String(40 - n % 40) : text(n);
}
