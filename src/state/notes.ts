/**
 * What a reducer has done to the members of one part of the state.
 *
 * @module
 */

import type { ArrayDraft } from "./array_draft.ts";
import type { ObjectDraft } from "./object_draft.ts";
import type { Slot } from "./table.ts";

/** Stands for a member that is not there. */
export const ABSENT: unique symbol = Symbol("absent");

/** What has become of a member. */
export interface Note<K> {
  readonly key: K;
  /** Its value before the reducer ran; `undefined` if it was added, or added again: it comes last then. */
  readonly before: unknown;
  /** Its slot in a table, if it was there before. */
  readonly slot: Slot | undefined;
  /** The draft of its value before, if the reducer was given that. */
  readonly draft: ObjectDraft | ArrayDraft | undefined;
  /** The proxy of its draft, what was assigned, or {@linkcode ABSENT} if it was removed. */
  value: unknown;
  /** The next note. */
  next: Note<K> | undefined;
}

/**
 * A part of the state with the notes of its members, in the order in which these
 * were first touched, or added. Drafts have them in themselves: an object more for
 * each would cost every mutation.
 */
export interface Noted<K> {
  firstNote: Note<K> | undefined;
  lastNote: Note<K> | undefined;
  /** The last note of each member, if there are many. */
  noteByKey: Map<K, Note<K>> | undefined;
}

/** So many notes are searched one by one: most reducers touch few members, and a map is expensive to make. */
const FEW = 8;

/** The last note of a member. */
export function findNote<K>(part: Noted<K>, key: K): Note<K> | undefined {
  if (part.noteByKey) return part.noteByKey.get(key);
  let found: Note<K> | undefined;
  let count = 0;
  for (let note = part.firstNote; note; note = note.next) {
    if (note.key === key) found = note;
    count++;
  }
  if (count > FEW) part.noteByKey = indexOf(part);
  return found;
}

/** Adds a note at the end. */
export function addNote<K>(
  part: Noted<K>,
  key: K,
  before: unknown,
  slot: Slot | undefined,
  draft: ObjectDraft | ArrayDraft | undefined,
  value: unknown,
): void {
  const note = { key, before, slot, draft, value, next: undefined };
  if (part.lastNote) part.lastNote.next = note;
  else part.firstNote = note;
  part.lastNote = note;
  part.noteByKey?.set(note.key, note);
}

function indexOf<K>(part: Noted<K>): Map<K, Note<K>> {
  const byKey = new Map<K, Note<K>>();
  for (let note = part.firstNote; note; note = note.next) {
    byKey.set(note.key, note);
  }
  return byKey;
}
