/**
 * What drafts of objects and of arrays have in common.
 *
 * A draft stands for a part of the state in the hands of a reducer, which reads and
 * changes it like ordinary data; it notes what becomes of the part. What a reducer
 * stores stays its own object until the reducer returns: it reads back the very
 * object, and changes it under either name. Nothing of the state itself is changed;
 * `Taking` makes the next state of what the drafts have noted, if the reducer
 * returns.
 *
 * A part has one draft for each place in the state, so that `state.a === state.a`.
 * When the reducer has ended, its drafts can be neither changed nor read.
 *
 * @module
 */

import { memberStep } from "../exact_json.ts";
import type { ArrayDraft } from "./array_draft.ts";
import type { ObjectDraft } from "./object_draft.ts";
import { ABSENT } from "./notes.ts";

/** The name of the state itself, in paths. */
export const ROOT = "state";

/** One run of a reducer, as its drafts see it. */
export interface Run {
  /** How often drafts were changed. */
  changes: number;
  /** Why the reducer cannot be carried out as written, even if it has caught that. */
  refusal: TypeError | undefined;
  /** Throws if it has ended. */
  check(): void;
  /** Makes the draft of a part of the state. */
  draft(part: object, outer: Draft | undefined, key: string): Draft;
}

/** The draft of a part of the state: the handler of the proxy that a reducer has. */
export type Draft = ObjectDraft | ArrayDraft;

/** Where a part was before the reducer ran, such as `state.users["a b"][0]`. */
function pathOf({ outer, key }: Draft): string {
  if (!outer) return key;
  return pathOf(outer) +
    (Array.isArray(outer.part) ? `[${key}]` : memberStep(key));
}

/** Refuses what cannot be done with a part of the state, and with it all of the run. */
export function refuse(draft: Draft, action: string): never {
  draft.run.refusal ??= new TypeError(`Cannot ${action} ${pathOf(draft)}`);
  throw draft.run.refusal;
}

/** Defines a member, if it becomes an ordinary one. */
export function define(
  draft: Draft,
  key: string | symbol,
  descriptor: PropertyDescriptor,
): boolean {
  draft.run.check();
  const isThere = typeof key === "string" && draft.own(key) !== ABSENT;
  const { enumerable, writable, configurable } = descriptor;
  const isOrdinary = !("get" in descriptor) && !("set" in descriptor) &&
    [enumerable, writable, configurable].every((is) => is ?? isThere);
  if (!isOrdinary) refuse(draft, `define ${String(key)} of`);
  return !Object.hasOwn(descriptor, "value") && isThere ||
    draft.set(draft, key, descriptor.value);
}

/** Assigns to what inherits from a draft, or is a proxy of one, as JavaScript does: to a member of its own. */
export function setOnHeir(
  heir: unknown,
  key: string | symbol,
  value: unknown,
): boolean {
  if (typeof heir !== "object" || heir === null) return false;
  const own = Reflect.getOwnPropertyDescriptor(heir, key);
  if (!own) return Reflect.defineProperty(heir, key, ordinary(value));
  return own.writable === true && Reflect.defineProperty(heir, key, { value });
}

/** The descriptor of a member that was assigned. */
export function ordinary(value: unknown): PropertyDescriptor {
  return { value, writable: true, enumerable: true, configurable: true };
}
