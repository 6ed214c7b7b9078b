/**
 * From what a reducer has done to the next state.
 *
 * It is taken as JSON takes data: a member that is `undefined` is left out, `-0` is
 * `0`, a getter is its value; an object in two places becomes two equal ones. All
 * else that JSON would change is refused, with its path. What is taken is a copy
 * that no program holds; parts of the state that were not changed are values
 * already, and are taken as they are.
 *
 * @module
 */

import { containerProblem, isKept, leafProblem } from "../exact_json.ts";
import { setOwn } from "../native_json.ts";
import { ArrayDraft } from "./array_draft.ts";
import { type Draft, ROOT, type Run } from "./draft.ts";
import { ABSENT, findNote, type Note } from "./notes.ts";
import type { ObjectDraft } from "./object_draft.ts";
import {
  checkDepth,
  isInPlace,
  levelOf,
  type Place,
  placeOf,
  refused,
} from "./place.ts";
import { draftOf, isDraft } from "./run.ts";
import { type Change, TableVersion } from "./table.ts";
import {
  arrayValue,
  depthOf,
  hasTables,
  isContainer,
  MAX_GROWN,
  MAX_OBJECT,
  mayHaveTables,
  type Members,
  tableOfMembers,
} from "./values.ts";

/** What a state that is being made changes in tables. */
export interface TableChanges {
  /** The change of the state that they belong to. */
  readonly tick: number;
  readonly changes: Change[];
  /** The versions that others took the place of. */
  readonly replaced: TableVersion[];
}

/** Makes values of what a reducer, or a caller, gave. */
export class Taking {
  /** Whether a table may be in two places now. */
  mayAlias = false;
  #made: TableChanges = { tick: 0, changes: [], replaced: [] };
  #run: Run | undefined;
  /** How many containers the one is in that is being taken, itself included. */
  #depth = 0;

  /**
   * Takes the state that a reducer has left.
   *
   * @param state The draft of the state, or what the reducer returned.
   * @param made What is changed in tables is added to it, even if the state is refused.
   * @param run The run that the drafts are of.
   * @param mayAlias Whether a table may be in two places already.
   */
  take(
    state: unknown,
    made: TableChanges,
    run: Run,
    mayAlias: boolean,
  ): unknown {
    this.mayAlias = mayAlias;
    this.#made = made;
    this.#run = run;
    this.#depth = 0;
    return isDraft(state)
      ? this.#draft(state, ROOT, undefined)
      : this.#take(state, ROOT, undefined);
  }

  /** Takes data that a caller gave. */
  adopt(data: unknown): unknown {
    return this.#take(data, ROOT, undefined);
  }

  #take(value: unknown, key: string, outer: Place | undefined): unknown {
    if (isContainer(value)) {
      const draft = draftOf(value);
      return draft
        ? this.#draft(draft, key, outer)
        : this.#fresh(value, key, outer);
    }
    const problem = leafProblem(value);
    if (problem !== undefined) throw refused(problem, key, outer);
    return value === 0 ? 0 : value; // JSON has no -0
  }

  /** What became of a member. */
  #noted(note: Note<unknown>, key: string, outer: Place): unknown {
    const { draft, value } = note;
    return draft && draft.proxy === value
      ? this.#draft(draft, key, outer)
      : this.#take(value, key, outer);
  }

  /** What a draft becomes: the part itself, if it was not changed. */
  #draft(draft: Draft, key: string, outer: Place | undefined): object {
    if (draft.run !== this.#run) {
      draft.run.check();
      throw refused("a part of another state", key, outer);
    }
    this.#enter();
    const place = outer === draft.outer && key === draft.key
      ? draft
      : placeOf(draft, key, outer);
    if (draft.taken === undefined) {
      if (draft instanceof ArrayDraft) draft.taken = this.#array(draft, place);
      else if (draft.table) {
        draft.taken = this.#members(draft, draft.table, place);
      } else draft.taken = this.#object(draft, place);
    }
    if (place !== draft && !isInPlace(draft, place)) {
      // Parts of it that were not changed were not walked through.
      if (this.#depth > levelOf(draft)) {
        checkDepth(this.#depth - 1 + depthOf(draft.taken));
      }
      this.mayAlias ||= mayHaveTables(draft.taken);
    }
    this.#depth--;
    return draft.taken;
  }

  #enter(): void {
    checkDepth(++this.#depth);
  }

  #object(draft: ObjectDraft, place: Place): object {
    const part = draft.part as Members;
    let copy = withoutRemoved(part, draft.firstNote);
    let resized = copy !== undefined;
    for (let note = draft.firstNote; note; note = note.next) {
      const { key, before } = note;
      if (isRemoval(note)) continue;
      const value = this.#noted(note, key, place);
      if (isSame(value, before)) continue;
      if (before === undefined) resized = true;
      copy ??= { ...part };
      setOwn(copy, key, value);
    }
    if (!copy) return part;
    if (resized) {
      const entries = Object.entries(copy);
      if (entries.length > MAX_GROWN) {
        return tableOfMembers(entries, this.#made.tick).shown;
      }
    }
    return Object.freeze(copy);
  }

  /** What becomes of a table. */
  #members(draft: ObjectDraft, from: TableVersion, place: Place): object {
    const { tick, changes } = this.#made;
    let to: TableVersion | undefined;
    for (let note = draft.firstNote; note; note = note.next) {
      const { key, before } = note;
      const value = isRemoval(note) ? undefined : this.#noted(note, key, place);
      if (isSame(value, before)) continue;
      to ??= this.#next(from);
      const slot = to.table === from.table ? note.slot : undefined;
      changes.push(to.table.set(key, value, tick, slot));
    }
    return (to ?? from).shown;
  }

  /** The next version of a table; if others have changed that one, the first of a table of its own. */
  #next(from: TableVersion): TableVersion {
    const { table } = from;
    const { tick, replaced } = this.#made;
    if (table.newest !== from) return tableOfMembers(from.members(), tick);
    if (from.tick === tick) return from; // no other state shows it yet
    replaced.push(from);
    return table.newest = new TableVersion(table, tick);
  }

  #array(draft: ArrayDraft, place: Place): readonly unknown[] {
    const { part, vector, length } = draft;
    let changed: Map<number, unknown> | undefined;
    for (let note = draft.firstNote; note; note = note.next) {
      const { key, before } = note;
      if (key >= length) continue;
      const step = `${key}`;
      if (note.value === ABSENT) throw refused("a hole", step, place);
      const value = this.#noted(note, step, place);
      if (!isSame(value, before)) (changed ??= new Map()).set(key, value);
    }
    for (let index = draft.end; index < length; index++) {
      if (!findNote(draft, index)) throw refused("a hole", `${index}`, place);
    }
    if (!changed) {
      if (length === (vector ?? part).length) return part;
      changed = new Map();
    }
    if (vector) {
      const tables = [...changed.values()].some(hasTables);
      return vector.with(changed, length, tables).shown;
    }
    const copy = part.slice(0, length);
    for (const [index, value] of changed) copy[index] = value;
    return arrayValue(copy);
  }

  /** A copy of what was not in the state before. */
  #fresh(value: object, key: string, outer: Place | undefined): object {
    this.#enter();
    const problem = containerProblem(value);
    if (problem !== undefined) throw refused(problem, key, outer);
    const copy = Array.isArray(value)
      ? this.#items(value, key, outer)
      : this.#copy(value, key, outer);
    this.#depth--;
    return copy;
  }

  #copy(value: object, key: string, outer: Place | undefined): object {
    // Engines copy a small object by its shape, faster than member by member.
    let copy: Record<string, unknown> = { ...value };
    let count = 0;
    let absent = 0;
    let place: Place | undefined;
    for (const name in copy) {
      count++;
      const member = copy[name];
      if (isKept(member)) continue;
      if (member === undefined) absent++;
      else if (Object.hasOwn(copy, name)) { // Object.prototype's are listed too
        place ??= placeOf(value, key, outer);
        setOwn(copy, name, this.#take(member, name, place));
      }
    }
    if (absent > 0) {
      copy = Object.fromEntries(
        Object.entries(copy).filter(([, member]) => member !== undefined),
      );
    }
    return count - absent > MAX_OBJECT
      ? tableOfMembers(Object.entries(copy), this.#made.tick).shown
      : Object.freeze(copy);
  }

  #items(
    array: readonly unknown[],
    key: string,
    outer: Place | undefined,
  ): readonly unknown[] {
    // Indices come first, then the length.
    if (Reflect.ownKeys(array).at(-1) !== "length") {
      throw refused("an array with named members", key, outer);
    }
    const place = placeOf(array, key, outer);
    const items: unknown[] = [];
    for (let n = 0; n < array.length; n++) {
      if (!(n in array)) throw refused("a hole", `${n}`, place);
      items.push(this.#take(array[n], `${n}`, place));
    }
    return arrayValue(items);
  }
}

/** Whether a member is removed, or left out. */
function isRemoval({ value }: Note<unknown>): boolean {
  return value === ABSENT || value === undefined;
}

/**
 * A copy of an object without the members that were removed, if there are some;
 * engines make an object slow for good when members are deleted.
 */
function withoutRemoved(
  part: Members,
  first: Note<string> | undefined,
): Record<string, unknown> | undefined {
  let removed: Set<string> | undefined;
  for (let note = first; note; note = note.next) {
    if (note.before === undefined || !isRemoval(note)) continue;
    (removed ??= new Set()).add(note.key);
  }
  if (!removed) return undefined;
  const copy = {};
  for (const key of Object.keys(part)) {
    if (!removed.has(key)) setOwn(copy, key, part[key]);
  }
  return copy;
}

/** Whether two values are one; to look at the one before takes time where it is not in the cache. */
function isSame(value: unknown, before: unknown): boolean {
  return isContainer(value) ? value === before : Object.is(value, before);
}

/**
 * Makes a value of data that a caller gave as a state of its own.
 *
 * @throws {TypeError} If JSON would change it.
 */
export function adoptState(state: unknown): unknown {
  return new Taking().adopt(state);
}
