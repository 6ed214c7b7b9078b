/**
 * What a reducer leaves behind becomes the next state.
 *
 * It is taken as JSON takes data: a member that is `undefined` is left out, `-0` is
 * `0`, a getter is its value; an object in two places becomes two equal ones. All
 * else that JSON would change is refused, with its path. What is taken is a copy
 * that nobody else holds, but for parts of the state that were not changed: they
 * are values already.
 *
 * @module
 */

import { containerProblem, leafProblem, memberStep } from "../exact_json.ts";
import { setOwn } from "../native_json.ts";
import { ArrayDraft } from "./array_draft.ts";
import { type Draft, ROOT, type Run } from "./draft.ts";
import { ObjectDraft } from "./object_draft.ts";
import { draftOf } from "./run.ts";
import { type Slot, TableVersion } from "./table.ts";
import {
  arrayValue,
  hasTables,
  isContainer,
  MAX_GROWN,
  MAX_OBJECT,
  type Members,
  tableOfMembers,
} from "./values.ts";
import { ABSENT } from "./view.ts";

/** Deeper data is refused; engines have a limit of their own not far beyond. */
const MAX_DEPTH = 1000;

/** A member that is to be changed. */
interface Update {
  readonly key: string;
  /** Its slot in the table that it was read from. */
  readonly slot: Slot | undefined;
  /** Its new value; {@linkcode ABSENT} removes it. */
  readonly value: unknown;
}

/** What is to be changed in a table. */
export interface TableUpdate {
  /** The version before; `undefined` if the table was copied for the changes. */
  readonly from: TableVersion | undefined;
  /** The version that will show the changes. */
  readonly to: TableVersion;
  /** The members that change, in order. */
  readonly members: readonly Update[];
}

/** Makes values of what a reducer, or a caller, gave. */
export class Taking {
  /** Changes of tables, to be made when all was taken. */
  updates: TableUpdate[] | undefined;
  /** Whether a table may be in two places now. */
  mayAlias = false;
  #tick = 0;
  #run: Run | undefined;
  /** The parts that are being taken, from the outermost one on, and the keys that lead there. */
  readonly #sources: object[] = [];
  readonly #keys: string[] = [];

  /**
   * Takes a state.
   *
   * @param state Data, or drafts.
   * @param tick The change that it belongs to.
   * @param run The run that the drafts are of; `undefined` for data alone.
   * @param mayAlias Whether a table may be in two places already.
   */
  take(
    state: unknown,
    tick: number,
    run: Run | undefined,
    mayAlias: boolean,
  ): unknown {
    this.updates = undefined;
    this.mayAlias = mayAlias;
    this.#tick = tick;
    this.#run = run;
    if (this.#sources.length > 0) { // what was taken before was refused
      this.#sources.length = this.#keys.length = 0;
    }
    return this.#take(state, ROOT);
  }

  #take(value: unknown, key: string): unknown {
    if (isContainer(value)) return this.#container(value, key);
    const problem = leafProblem(value);
    if (problem !== undefined) throw this.#refused(problem, key);
    return value === 0 ? 0 : value; // JSON has no -0
  }

  #container(value: object, key: string): unknown {
    const draft = draftOf(value);
    if (draft && draft.run !== this.#run) {
      draft.run.check();
      throw this.#refused("a part of another state", key);
    }
    const source = draft ?? value;
    if (this.#sources.includes(source)) {
      throw this.#refused("a part of itself", key);
    }
    if (this.#sources.length >= MAX_DEPTH) {
      throw new TypeError(
        `Cannot store a value in the state: it is nested more than ${MAX_DEPTH} levels deep`,
      );
    }
    this.#sources.push(source);
    this.#keys.push(key);
    let taken: unknown;
    if (!draft) taken = this.#fresh(value);
    else {
      taken = draft.taken ??= draft instanceof ObjectDraft
        ? this.#object(draft)
        : this.#array(draft);
      this.mayAlias ||= !this.#isInPlace(draft) && mayHaveTables(taken);
    }
    this.#sources.pop();
    this.#keys.pop();
    return taken;
  }

  /** What a draft becomes: the part itself, if it was not changed. */
  #object(draft: ObjectDraft): unknown {
    const { part, table, notes } = draft;
    let members: Update[] | undefined;
    let [grown, removed] = [false, false];
    for (let note = notes.first; note; note = note.next) {
      const { key, before, slot } = note;
      const value = note.value === undefined || note.value === ABSENT
        ? ABSENT
        : this.#take(note.value, key);
      if (isSame(value, before)) continue;
      if (before === ABSENT) grown = true;
      else if (value === ABSENT) removed = true;
      members = added(members, { key, slot, value });
    }
    if (!members) return part;
    if (table) return this.#update(table, members);
    return this.#copy(part as Members, members, removed, grown);
  }

  /** A small object with other members. */
  #copy(
    part: Members,
    members: readonly Update[],
    removed: boolean,
    grown: boolean,
  ): Members {
    let copy: Record<string, unknown>;
    if (removed) {
      // Without the removed ones from the start: engines make an object slow for good when members are deleted.
      const gone = new Set<string>();
      for (const { key, value } of members) if (value === ABSENT) gone.add(key);
      copy = {};
      for (const key of Object.keys(part)) {
        if (!gone.has(key)) setOwn(copy, key, part[key]);
      }
    } else copy = { ...part };
    for (const { key, value } of members) {
      if (value !== ABSENT) setOwn(copy, key, value);
    }
    if (removed || grown) {
      const entries = Object.entries(copy);
      if (entries.length > MAX_GROWN) {
        return tableOfMembers(entries, this.#tick).shown;
      }
    }
    return Object.freeze(copy);
  }

  /** The next version of a table; if others have changed that one, the first of a table of its own. */
  #update(from: TableVersion, members: readonly Update[]): Members {
    const { table } = from;
    const isNewest = table.newest === from && table.changedBy !== this.#run;
    table.changedBy = this.#run;
    let to = from; // no other state shows it yet
    if (!isNewest) to = tableOfMembers(from.members(), this.#tick);
    else if (from.tick !== this.#tick) to = new TableVersion(table, this.#tick);
    const update = { from: isNewest ? from : undefined, to, members };
    this.updates = added(this.updates, update);
    return to.shown;
  }

  #array(draft: ArrayDraft): readonly unknown[] {
    const { part, vector, notes, length } = draft;
    let changed: Map<number, unknown> | undefined;
    for (let note = notes.first; note; note = note.next) {
      const { key, before } = note;
      if (key >= length) continue;
      const value = this.#item(note.value, key);
      if (!isSame(value, before)) (changed ??= new Map()).set(key, value);
    }
    for (let index = draft.end; index < length; index++) {
      if (!notes.find(index)) throw this.#refused("a hole", `${index}`);
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
  #fresh(value: object): unknown {
    const problem = containerProblem(value);
    if (problem !== undefined) throw this.#refused(problem);
    if (Array.isArray(value)) {
      // Indices come first, then the length.
      if (Reflect.ownKeys(value).at(-1) !== "length") {
        throw this.#refused("an array with named members");
      }
      const items: unknown[] = [];
      for (let n = 0; n < value.length; n++) {
        items.push(this.#item(n in value ? value[n] : ABSENT, n));
      }
      return arrayValue(items);
    }
    // Engines copy a small object by its shape, faster than member by member.
    let copy: Record<string, unknown> = { ...value };
    let [count, absent] = [0, 0];
    for (const key in copy) {
      const member = copy[key];
      if (typeof member === "string") {
        count++;
        continue;
      }
      if (!Object.hasOwn(copy, key)) continue; // of a prototype that was tampered with
      count++;
      if (member === undefined) absent++;
      else {
        const taken = this.#take(member, key);
        if (!Object.is(taken, member)) setOwn(copy, key, taken);
      }
    }
    if (absent > 0) {
      copy = Object.fromEntries(
        Object.entries(copy).filter(([, member]) => member !== undefined),
      );
    }
    return count - absent > MAX_OBJECT
      ? tableOfMembers(Object.entries(copy), this.#tick).shown
      : Object.freeze(copy);
  }

  #item(value: unknown, index: number): unknown {
    if (value === ABSENT) throw this.#refused("a hole", `${index}`);
    return this.#take(value, `${index}`);
  }

  /** Whether the draft that is being taken is where its part was before. */
  #isInPlace(draft: Draft): boolean {
    const keys = this.#keys;
    let one: Draft | undefined = draft;
    for (let n = keys.length - 1; n >= 0; n--, one = one.parent) {
      if (one?.key !== keys[n]) return false;
    }
    return one === undefined;
  }

  /** Refuses the part that is being taken, or its member with a key. */
  #refused(what: string, key?: string): TypeError {
    const keys = key === undefined ? this.#keys : [...this.#keys, key];
    const steps = keys.map((step, n) => {
      if (n === 0) return step;
      const outer = this.#sources[n - 1];
      const isItem = outer instanceof ArrayDraft || Array.isArray(outer);
      return isItem ? `[${step}]` : memberStep(step);
    });
    const path = steps.join("");
    return new TypeError(
      `Cannot store ${what} as ${path}: JSON would change it`,
    );
  }
}

/** Parts without tables that were moved before: they do not change, and may be moved again. */
const WITHOUT_TABLES = new WeakSet<object>();

function mayHaveTables(value: unknown): boolean {
  if (!isContainer(value) || WITHOUT_TABLES.has(value)) return false;
  if (hasTables(value)) return true;
  WITHOUT_TABLES.add(value);
  return false;
}

/** Whether two values are one; to look at the one before takes time where it is not in the cache. */
function isSame(value: unknown, before: unknown): boolean {
  return isContainer(value) ? value === before : Object.is(value, before);
}

/** Adds to a list that may be none yet; engines make room for many in one that was empty. */
function added<T>(list: T[] | undefined, item: T): T[] {
  if (!list) return [item];
  list.push(item);
  return list;
}

/**
 * Makes a value of data that a caller gave as a state of its own.
 *
 * @throws {TypeError} If JSON would change it.
 */
export function adoptState(state: unknown): unknown {
  if (state === undefined) {
    throw new TypeError(
      "Cannot use undefined as a state: JSON has no such value",
    );
  }
  return new Taking().take(state, 0, undefined, false);
}
