/**
 * One run of a reducer.
 *
 * @module
 */

import { ArrayDraft } from "./array_draft.ts";
import type { Draft, Run } from "./draft.ts";
import { ObjectDraft } from "./object_draft.ts";
import { tableOf } from "./table.ts";
import { HANDLER } from "./view.ts";

/** A run of a reducer: makes its drafts, which are of use until it ends. */
export class ReducerRun implements Run {
  changes = 0;
  refusal: TypeError | undefined;
  // Not a private name: engines are slow to make objects that have some, and this is made for each mutation.
  private isOpen = true;

  /** Ends it: drafts are of no use any more. */
  end(): void {
    this.isOpen = false;
  }

  check(): void {
    if (this.isOpen) return;
    throw new TypeError(
      "Cannot use a part of the state: the reducer that it was given to has ended",
    );
  }

  draft(part: object, outer: Draft | undefined, key: string): Draft {
    const table = tableOf(part);
    // A large object is a proxy, of which engines are slow to tell that it is no array.
    return !table && Array.isArray(part)
      ? new ArrayDraft(this, part, outer, key)
      : new ObjectDraft(this, part, table, outer, key);
  }
}

/** Whether a value is a draft itself, which no reducer ever has. */
export function isDraft(value: unknown): value is Draft {
  return value instanceof ObjectDraft || value instanceof ArrayDraft;
}

/** The draft that a value is the proxy of; not that of an object which inherits from it, or of another proxy around it. */
export function draftOf(value: object): Draft | undefined {
  const handler = (value as { [HANDLER]?: unknown })[HANDLER];
  return isDraft(handler) && handler.proxy === value ? handler : undefined;
}
