/**
 * An object of the state in the hands of a reducer.
 *
 * @module
 */

import {
  define,
  type Draft,
  ordinary,
  refuse,
  type Run,
  setOnHeir,
} from "./draft.ts";
import { ABSENT, addNote, findNote, type Note, type Noted } from "./notes.ts";
import { type Slot, type TableVersion, valueAt } from "./table.ts";
import { isContainer, type Members } from "./values.ts";
import {
  HANDLER,
  inherited,
  inObjectOrder,
  type Printable,
  printAsShown,
} from "./view.ts";

/** The draft of an object: the handler of its proxy, and the target of it too. */
export class ObjectDraft
  implements Noted<string>, ProxyHandler<object>, Printable {
  readonly run: Run;
  /** The draft of the part that it was met in; `undefined` for the state itself. */
  readonly outer: Draft | undefined;
  /** Its key there. */
  readonly key: string;
  /** The part of the state, as it was before. */
  readonly part: object;
  /** Its table, if it is a large one. */
  readonly table: TableVersion | undefined;
  /** What the reducer has. */
  readonly proxy: object;
  firstNote: Note<string> | undefined = undefined;
  lastNote: Note<string> | undefined = undefined;
  noteByKey: Map<string, Note<string>> | undefined = undefined;
  /** What became of it when the reducer returned. */
  taken: object | undefined = undefined;

  constructor(
    run: Run,
    part: object,
    table: TableVersion | undefined,
    outer: Draft | undefined,
    key: string,
  ) {
    this.run = run;
    this.outer = outer;
    this.key = key;
    this.part = part;
    this.table = table;
    this.proxy = new Proxy<object>(this, this);
  }

  /** What has the members, as for every place in a state that is being taken. */
  get source(): object {
    return this;
  }

  /** The value of a member of its own, or {@linkcode ABSENT}. */
  own(key: string): unknown {
    const note = findNote(this, key);
    if (note) return note.value;
    const slot = this.table?.table.slot(key);
    const value = this.valueBefore(key, slot);
    if (!isContainer(value)) return value === undefined ? ABSENT : value;
    const draft = this.run.draft(value, this, key);
    addNote(this, key, value, slot, draft, draft.proxy);
    return draft.proxy;
  }

  /** The keys of its members, in the order in which objects list them. */
  keys(): string[] {
    const before = this.table?.keys() ?? Object.keys(this.part);
    if (!this.firstNote) return before;
    const keys = before.filter((key) => {
      const note = findNote(this, key);
      return !note || note.before !== undefined && note.value !== ABSENT;
    });
    const kept = keys.length;
    let note: Note<string> | undefined = this.firstNote;
    for (; note; note = note.next) {
      if (note.before === undefined && note.value !== ABSENT) {
        keys.push(note.key);
      }
    }
    return keys.length > kept ? inObjectOrder(keys) : keys;
  }

  set(
    _: object,
    key: string | symbol,
    value: unknown,
    receiver: unknown = this.proxy,
  ): boolean {
    this.run.check();
    if (receiver !== this.proxy) return setOnHeir(receiver, key, value);
    this.run.changes++;
    if (typeof key === "symbol") refuse(this, `use ${String(key)} as a key of`);
    const known = findNote(this, key);
    if (!known) this.noteFirst(key, value);
    else if (known.value !== ABSENT) known.value = value;
    else addNote(this, key, undefined, undefined, undefined, value);
    return true;
  }

  defineProperty(
    _: object,
    key: string | symbol,
    descriptor: PropertyDescriptor,
  ): boolean {
    return define(this, key, descriptor);
  }

  setPrototypeOf(): boolean {
    return refuse(this, "set the prototype of");
  }

  preventExtensions(): boolean {
    return refuse(this, "freeze, seal, or prevent extensions of");
  }

  printed(): [string, unknown][] {
    this.run.check();
    return this.keys().map((key) => [key, this.own(key)]);
  }

  /** Whether it has a member of its own. */
  private hasOwn(key: string): boolean {
    const note = findNote(this, key);
    if (note) return note.value !== ABSENT;
    return this.valueBefore(key, this.table?.table.slot(key)) !== undefined;
  }

  /** Notes what becomes of a member of which there is no note. */
  private noteFirst(key: string, value: unknown): void {
    const slot = this.table?.table.slot(key);
    const before = this.valueBefore(key, slot);
    addNote(this, key, before, slot, undefined, value);
  }

  /** The value of a member before the reducer ran, if it was there. */
  private valueBefore(key: string, slot: Slot | undefined): unknown {
    if (this.table) return slot ? valueAt(slot, this.table.tick) : undefined;
    return Object.hasOwn(this.part, key)
      ? (this.part as Members)[key]
      : undefined;
  }

  get(_: object, key: string | symbol): unknown {
    if (key === HANDLER) return this;
    this.run.check();
    if (typeof key === "symbol") return Reflect.get(Object.prototype, key);
    const value = this.own(key);
    return value === ABSENT ? inherited(key) : value;
  }

  has(_: object, key: string | symbol): boolean {
    this.run.check();
    return (typeof key === "string" && this.hasOwn(key)) ||
      key in Object.prototype;
  }

  deleteProperty(_: object, key: string | symbol): boolean {
    this.run.check();
    if (typeof key === "symbol" || !this.hasOwn(key)) return true;
    const known = findNote(this, key);
    if (known) known.value = ABSENT;
    else this.noteFirst(key, ABSENT);
    this.run.changes++;
    return true;
  }

  ownKeys(): string[] {
    this.run.check();
    return this.keys();
  }

  getPrototypeOf(): object {
    return Object.prototype;
  }

  getOwnPropertyDescriptor(
    _: object,
    key: string | symbol,
  ): PropertyDescriptor | undefined {
    this.run.check();
    const value = typeof key === "string" ? this.own(key) : ABSENT;
    return value === ABSENT ? undefined : ordinary(value);
  }
}

printAsShown(ObjectDraft.prototype);
