/**
 * Where a part is found while the next state is made: its path, how deep it is,
 * and whether it was there before.
 *
 * @module
 */

import { memberStep } from "../exact_json.ts";
import { ArrayDraft } from "./array_draft.ts";
import type { Draft } from "./draft.ts";

/** Deeper data is refused; engines have a limit of their own not far beyond. */
const MAX_DEPTH = 1000;

/** A container that is being taken, and the one that it is in; a draft itself, if it is where its part was before. */
export interface Place {
  /** What has the members: a draft, or data. */
  readonly source: object;
  readonly key: string;
  readonly outer: Place | undefined;
}

/** In how many containers a part was before the reducer ran, itself included. */
export function levelOf(draft: Draft): number {
  let level = 0;
  for (let one: Draft | undefined = draft; one; one = one.outer) level++;
  return level;
}

/** Refuses what is nested too deeply. */
export function checkDepth(depth: number): void {
  if (depth <= MAX_DEPTH) return;
  throw new TypeError(
    `Cannot store a value in the state: it is nested more than ${MAX_DEPTH} levels deep`,
  );
}

/** The place of a container that is found in another one. */
export function placeOf(
  source: object,
  key: string,
  outer: Place | undefined,
): Place {
  for (let place = outer; place; place = place.outer) {
    if (place.source === source) throw refused("a part of itself", key, outer);
  }
  return { source, key, outer };
}

/** Whether a draft is where its part was before. */
export function isInPlace(draft: Draft, place: Place): boolean {
  let one: Draft | undefined = draft;
  let at: Place | undefined = place;
  for (; one && at; one = one.outer, at = at.outer) {
    if (one.key !== at.key) return false;
  }
  return one === at; // both are undefined
}

/** Refuses a member with a key. */
export function refused(
  what: string,
  key: string,
  outer: Place | undefined,
): TypeError {
  let path = "";
  let name = key;
  for (let place = outer; place; place = place.outer) {
    const { source } = place;
    const isItem = source instanceof ArrayDraft || Array.isArray(source);
    path = (isItem ? `[${name}]` : memberStep(name)) + path;
    name = place.key;
  }
  return new TypeError(
    `Cannot store ${what} as ${name}${path}: JSON would change it`,
  );
}
