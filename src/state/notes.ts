/**
 * What a reducer has done to the members of one part of the state.
 *
 * @module
 */

import type { Slot } from "./table.ts";

/** What has become of a member. */
export class Note<K> {
  readonly key: K;
  /** Its value before the reducer ran; `ABSENT` if it was added, or added again: it comes last then. */
  readonly before: unknown;
  /** Its slot in a table, if it was there before. */
  readonly slot: Slot | undefined;
  /** The proxy of its draft, what was assigned, or `ABSENT` if it was removed. */
  value: unknown;
  /** The next note. */
  next: Note<K> | undefined;

  constructor(
    key: K,
    before: unknown,
    slot: Slot | undefined,
    value: unknown,
  ) {
    this.key = key;
    this.before = before;
    this.slot = slot;
    this.value = value;
  }
}

/** So many notes are searched one by one: most reducers touch few members, and a map is expensive to make. */
const FEW = 8;

/** Notes by the keys of members, in the order in which the members were first touched, or added. */
export class Notes<K> {
  /** The first one. */
  first: Note<K> | undefined;
  // Not private names: engines are slow to make objects that have some, and these are made for each mutation.
  private last: Note<K> | undefined;
  private count = 0;
  private byKey: Map<K, Note<K>> | undefined;

  /** The last note of a member. */
  find(key: K): Note<K> | undefined {
    if (this.byKey) return this.byKey.get(key);
    let found: Note<K> | undefined;
    for (let note = this.first; note; note = note.next) {
      if (note.key === key) found = note;
    }
    return found;
  }

  /** Adds a note at the end. */
  add(note: Note<K>): void {
    if (this.last) this.last.next = note;
    else this.first = note;
    this.last = note;
    if (this.byKey) this.byKey.set(note.key, note);
    else if (++this.count === FEW) this.byKey = this.index();
  }

  private index(): Map<K, Note<K>> {
    const byKey = new Map<K, Note<K>>();
    for (let note = this.first; note; note = note.next) {
      byKey.set(note.key, note);
    }
    return byKey;
  }
}
