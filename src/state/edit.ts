/**
 * One run of a reducer: carries out what the drafts are asked for, and sees to it
 * that the state stays a tree of JSON data.
 *
 * @module
 */

import { setOwn } from "../native_json.ts";
import { adopt, duplicate, MAX_PLAIN, type Resolve, toTable } from "./copy.ts";
import { type Draft, type Editor, makeDraft } from "./draft.ts";
import { ABSENT, type History, ownMember } from "./history.ts";
import { type Container, isContainer, type Slot, Table } from "./table.ts";

/** Where a part of the state stands. */
interface Place {
  readonly parent: Container;
  readonly key: string;
}

/** The key of the state itself in the object that holds it. */
export const ROOT = "state";

/** Drafts are made anew when there are this many: they must not outweigh the state. */
const MAX_DRAFTS = 64;

/** Carries out changes of one state. */
export class Editing implements Editor {
  readonly #history: History;
  readonly #holder: Record<string, unknown>;
  #sequence = 0;
  /** Whether a reducer is running; drafts cannot be changed at any other time. */
  #isOpen = false;
  readonly #drafts = new Map<object, Draft>();
  readonly #byProxy = new Map<object, Draft>();
  /** Parts that were stored in a second place, with all the places. */
  #moved: Map<Container, Place[]> | undefined;
  /** Arrays that may have an element missing. */
  #gaping: Set<unknown[]> | undefined;
  /** Objects that have many members, to become tables. */
  #large: Set<Draft> | undefined;
  /** Objects of which this commit has noted the keys. */
  readonly #listed = new Set<Container>();

  /**
   * @param history Where changes are noted.
   * @param holder Holds the state under the key {@linkcode ROOT}.
   */
  constructor(history: History, holder: Record<string, unknown>) {
    this.#history = history;
    this.#holder = holder;
  }

  /**
   * Runs a reducer.
   *
   * @param sequence The sequence number that its changes are noted with.
   * @param reduce The reducer.
   * @param mutation What it is given.
   * @param number The sequence number of the mutation itself.
   * @throws What the reducer throws, and a `TypeError` for what the state cannot
   * hold; what was changed so far is then for the caller to undo.
   */
  run<S, M>(
    sequence: number,
    reduce: (state: S, mutation: M, number: number) => S | void,
    mutation: M,
    number: number,
  ): void {
    if (this.#isOpen) {
      throw new TypeError("Cannot change the state from within a reducer");
    }
    if (this.#drafts.size > MAX_DRAFTS) {
      // Not while a reducer runs: it may compare what it was given.
      this.#drafts.clear();
      this.#byProxy.clear();
    }
    if (this.#sequence !== sequence && this.#listed.size > 0) {
      this.#listed.clear();
    }
    this.#sequence = sequence;
    const before = this.#history.end;
    const state = this.#holder[ROOT];
    this.#isOpen = true;
    try {
      const draft = isContainer(state)
        ? this.draftOf(state, this.#holder, ROOT)
        : state;
      const result: unknown = reduce(draft as S, mutation, number);
      if (result !== undefined && result !== draft) {
        this.#take(result, state, this.#history.end > before);
      }
      if (this.#moved) this.#partAliases(this.#moved);
      if (this.#gaping) checkDense(this.#gaping);
      if (this.#large) this.#makeTables(this.#large);
    } catch (error) {
      this.#listed.clear(); // all of the commit is undone
      throw error;
    } finally {
      this.#isOpen = false;
      this.#moved = this.#gaping = this.#large = undefined;
    }
  }

  /** Takes a state that a reducer has returned. */
  #take(result: unknown, state: unknown, hasChanged: boolean): void {
    refuseAsync(result);
    if (hasChanged) {
      throw new TypeError(
        "The reducer changed the state and returned a value: it must do one of both",
      );
    }
    refuseChance(state, result);
    const taken = adopt(result, this.#resolve, this.#holder, ROOT);
    this.#store(this.#holder, ROOT, taken);
  }

  draftOf(part: Container, parent: Container, key: string): object {
    let draft = this.#drafts.get(part);
    if (draft) {
      draft.parent = parent;
      draft.key = key;
    } else {
      draft = makeDraft(this, part, parent, key);
      this.#drafts.set(part, draft);
      this.#byProxy.set(draft.proxy, draft);
    }
    return draft.proxy;
  }

  setMember(draft: Draft, key: string, value: unknown): void {
    this.#check();
    if (value === undefined) return this.removeMember(draft, key);
    const target = draft.part;
    const stored = adopt(value, this.#resolve, target, key);
    if (
      !(target instanceof Table) && !this.#large?.has(draft) &&
      !Object.hasOwn(target, key)
    ) {
      let count = 0;
      for (const _ in target) count++;
      if (count >= MAX_PLAIN) this.#mayBeTable(draft);
    }
    this.#store(target, key, stored);
  }

  removeMember(draft: Draft, key: string): void {
    this.#check();
    const { part } = draft;
    const old = ownMember(part, key);
    if (old === ABSENT) return;
    if (part instanceof Table) {
      const slot = part.slot(key);
      if (!slot) return;
      this.#note(part, key, old, slot, []);
      part.bury(slot);
    } else {
      const object = part as Record<string, unknown>;
      let keys: readonly string[] | undefined;
      // Once for a commit: it is undone as a whole.
      if (!this.#listed.has(part)) {
        this.#listed.add(part);
        keys = Object.keys(object);
        if (keys.length > MAX_PLAIN) this.#mayBeTable(draft);
      }
      this.#note(part, key, old, undefined, keys);
      delete object[key];
    }
  }

  setItem(draft: Draft, index: number, value: unknown): void {
    this.#check();
    const target = draft.part as unknown[];
    const key = String(index);
    if (value === undefined) {
      throw new TypeError(
        `Cannot store undefined as element ${key} of an array in the state: JSON has no such value`,
      );
    }
    const stored = adopt(value, this.#resolve, target, key);
    if (index >= target.length) {
      if (index > target.length) this.#mayGape(target);
      this.#note(target, "length", target.length);
    }
    this.#note(target, key, ownMember(target, key));
    target[index] = stored;
  }

  removeItem({ part }: Draft, index: number): void {
    this.#check();
    const target = part as unknown[];
    if (!(index in target)) return;
    this.#mayGape(target);
    this.#note(target, String(index), target[index]);
    delete target[index];
  }

  setLength({ part }: Draft, length: number): void {
    this.#check();
    const target = part as unknown[];
    if (length === target.length) return;
    if (!Number.isInteger(length) || length < 0 || length >= 2 ** 32) {
      throw new RangeError(`Cannot make an array ${length} elements long`);
    }
    if (length > target.length) this.#mayGape(target);
    for (let index = length; index < target.length; index++) {
      this.#note(target, String(index), ownMember(target, String(index)));
    }
    this.#note(target, "length", target.length);
    target.length = length;
  }

  /** What is stored is a copy, but for parts of the state: they are moved. */
  readonly #resolve: Resolve = (value, parent, key) => {
    const draft = this.#byProxy.get(value);
    if (!draft) return undefined;
    this.#moved ??= new Map();
    const place: Place = { parent: draft.parent, key: draft.key };
    const places = this.#moved.get(draft.part);
    if (places) places.push(place, { parent, key });
    else this.#moved.set(draft.part, [place, { parent, key }]);
    return draft.part;
  };

  #store(target: Container, key: string, value: unknown): void {
    if (target instanceof Table) {
      const slot = target.slot(key);
      if (slot) {
        this.#note(target, key, slot.value, slot);
        slot.value = value;
      } else this.#note(target, key, ABSENT, target.add(key, value));
    } else {
      this.#note(target, key, ownMember(target, key));
      if (Array.isArray(target)) target[Number(key)] = value;
      else setOwn(target, key, value);
    }
  }

  #note(
    target: Container,
    key: string,
    old: unknown,
    slot?: Slot,
    keys?: readonly string[],
  ): void {
    const sequence = this.#sequence;
    this.#history.push({ target, key, old, sequence, keys, slot });
  }

  #mayBeTable(draft: Draft): void {
    (this.#large ??= new Set()).add(draft);
  }

  #mayGape(target: unknown[]): void {
    (this.#gaping ??= new Set()).add(target);
  }

  #check(): void {
    if (this.#isOpen) return;
    throw new TypeError(
      "Cannot change the state: the reducer that this draft was given to has ended",
    );
  }

  /** What stands in several places stays in the first, and is copied to the others. */
  #partAliases(moved: ReadonlyMap<Container, readonly Place[]>): void {
    for (const [part, places] of moved) {
      let kept: Place | undefined = part === this.#holder[ROOT]
        ? { parent: this.#holder, key: ROOT }
        : undefined;
      for (const place of places) {
        const { parent, key } = place;
        if (ownMember(parent, key) !== part || !this.#isIn(parent)) continue;
        kept ??= place;
        if (parent !== kept.parent || key !== kept.key) {
          this.#store(parent, key, duplicate(part));
        }
      }
    }
  }

  /** Whether a part is still in the state, and not in what has left it. */
  #isIn(part: Container, seen: Set<Container> = new Set()): boolean {
    const draft = this.#drafts.get(part);
    if (part === this.#holder || !draft) return true; // the latter is new
    if (seen.has(part)) return false;
    seen.add(part);
    return [draft, ...this.#moved?.get(part) ?? []].some(({ parent, key }) =>
      ownMember(parent, key) === part && this.#isIn(parent, seen)
    );
  }

  #makeTables(large: ReadonlySet<Draft>): void {
    const tables = new Map<Container, Table>();
    for (const { part, parent, key } of large) {
      const owner = tables.get(parent) ?? parent;
      // One that was moved meanwhile has its turn at the next change.
      if (ownMember(owner, key) !== part) continue;
      const table = toTable(part as Record<string, unknown>);
      tables.set(part, table);
      this.#store(owner, key, table);
      this.#history.replaced(part, table);
    }
  }
}

/** Refuses what an asynchronous reducer returns. */
export function refuseAsync(result: unknown): void {
  if (!(result instanceof Promise)) return;
  result.catch(() => {}); // its drafts are not valid any more
  throw new TypeError("The reducer is asynchronous");
}

/** Refuses what an expression gave by chance, such as `delete` or `push`: it is no state. */
export function refuseChance(state: unknown, result: unknown): void {
  if (!isContainer(state) || isContainer(result)) return;
  throw new TypeError(
    `The reducer returned ${result}, which cannot take the place of an object`,
  );
}

function checkDense(arrays: ReadonlySet<unknown[]>): void {
  for (const array of arrays) {
    for (let index = 0; index < array.length; index++) {
      if (index in array) continue;
      throw new TypeError(
        `Cannot leave element ${index} of an array in the state empty: JSON has no such arrays`,
      );
    }
  }
}
