/**
 * An array of the state in the hands of a reducer.
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
import { isContainer } from "./values.ts";
import { type Vector, vectorOf } from "./vector.ts";
import {
  ArrayTarget,
  HANDLER,
  indexOf,
  inheritedByArrays,
  lengthMember,
} from "./view.ts";

/** So many elements that are cut off are looked up one by one. */
const FEW = 64;

/** The draft of an array. */
export class ArrayDraft implements Noted<number>, ProxyHandler<object> {
  readonly run: Run;
  /** The draft of the part that it was met in; `undefined` for the state itself. */
  readonly outer: Draft | undefined;
  /** Its key there. */
  readonly key: string;
  /** The part of the state, as it was before. */
  readonly part: readonly unknown[];
  /** Its vector, if it is a large one. */
  readonly vector: Vector | undefined;
  /** What the reducer has. */
  readonly proxy: object;
  firstNote: Note<number> | undefined = undefined;
  lastNote: Note<number> | undefined = undefined;
  noteByKey: Map<number, Note<number>> | undefined = undefined;
  /** What became of it when the reducer returned. */
  taken: object | undefined = undefined;
  length: number;
  /** Elements from here on are not those of the part any more. */
  end: number;

  constructor(
    run: Run,
    part: readonly unknown[],
    outer: Draft | undefined,
    key: string,
  ) {
    this.run = run;
    this.outer = outer;
    this.key = key;
    this.part = part;
    this.vector = vectorOf(part);
    this.length = this.end = (this.vector ?? part).length;
    const target = new ArrayTarget();
    this.proxy = target.shown = new Proxy(target, this) as unknown[];
  }

  /** The value of an element before the reducer ran, if it was there. */
  before(index: number): unknown {
    if (index >= (this.vector ?? this.part).length) return undefined;
    return this.vector ? this.vector.at(index) : this.part[index];
  }

  /** The value of an element, or {@linkcode ABSENT}. */
  at(index: number): unknown {
    const note = findNote(this, index);
    if (note) return note.value;
    const value = index < this.end ? this.before(index) : undefined;
    if (!isContainer(value)) return value === undefined ? ABSENT : value;
    const draft = this.run.draft(value, this, `${index}`);
    addNote(this, index, value, undefined, draft, draft.proxy);
    return draft.proxy;
  }

  /** Whether there is an element. */
  private hasAt(index: number): boolean {
    const note = findNote(this, index);
    return note ? note.value !== ABSENT : index < this.end;
  }

  /** What has the members, as for every place in a state that is being taken. */
  get source(): object {
    return this;
  }

  /** The value of a member of its own, or {@linkcode ABSENT}. */
  own(key: string): unknown {
    const index = indexOf(key);
    if (index !== undefined) return this.at(index);
    return key === "length" ? this.length : ABSENT;
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
    const index = typeof key === "string" ? indexOf(key) : undefined;
    if (index !== undefined) {
      this.note(index, value);
      if (index >= this.length) this.length = index + 1;
    } else if (key === "length") this.cut(value);
    else refuse(this, `set ${String(key)}, which JSON has no place for, of`);
    return true;
  }

  defineProperty(
    _: object,
    key: string | symbol,
    descriptor: PropertyDescriptor,
  ): boolean {
    return key === "length"
      ? this.defineLength(descriptor)
      : define(this, key, descriptor);
  }

  setPrototypeOf(): boolean {
    return refuse(this, "set the prototype of");
  }

  preventExtensions(): boolean {
    return refuse(this, "freeze, seal, or prevent extensions of");
  }

  get(target: object, key: string | symbol): unknown {
    if (key === HANDLER) return this;
    this.run.check();
    if (typeof key === "symbol") return Reflect.get(target, key);
    const value = this.own(key);
    return value === ABSENT ? inheritedByArrays(key) : value;
  }

  has(_: object, key: string | symbol): boolean {
    if (key === HANDLER) return true;
    this.run.check();
    const index = typeof key === "string" ? indexOf(key) : undefined;
    return index === undefined ? key in Array.prototype : this.hasAt(index);
  }

  deleteProperty(_: object, key: string | symbol): boolean {
    this.run.check();
    if (key === "length") return false;
    const index = typeof key === "string" ? indexOf(key) : undefined;
    if (index === undefined || !this.hasAt(index)) return true;
    this.note(index, ABSENT);
    this.run.changes++;
    return true;
  }

  ownKeys(): string[] {
    this.run.check();
    const keys: string[] = [];
    for (let index = 0; index < this.length; index++) {
      if (this.hasAt(index)) keys.push(`${index}`);
    }
    keys.push("length");
    return keys;
  }

  getPrototypeOf(): object {
    return Array.prototype;
  }

  getOwnPropertyDescriptor(
    target: object,
    key: string | symbol,
  ): PropertyDescriptor | undefined {
    this.run.check();
    if (key === "length") return lengthMember(target, this.length);
    const value = typeof key === "string" ? this.own(key) : ABSENT;
    return value === ABSENT ? undefined : ordinary(value);
  }

  /** Defines the length: it is no ordinary member, and cannot become one. */
  private defineLength(descriptor: PropertyDescriptor): boolean {
    this.run.check();
    const { configurable, enumerable, writable } = descriptor;
    const isAccessor = "get" in descriptor || "set" in descriptor;
    if (configurable || enumerable || isAccessor) return false;
    if (writable === false) refuse(this, "fix the length of");
    return !("value" in descriptor) ||
      this.set(this, "length", descriptor.value);
  }

  private cut(length: unknown): void {
    if (typeof length === "bigint") {
      throw new TypeError("Cannot convert a bigint to the length of an array");
    }
    const end = Number(length) + 0; // -0 becomes 0
    if (!Number.isInteger(end) || end < 0 || end >= 2 ** 32) {
      throw new RangeError(`Invalid array length: ${String(length)}`);
    }
    if (this.length - end < FEW) {
      for (let index = end; index < this.length; index++) {
        if (findNote(this, index)) this.note(index, ABSENT);
      }
    } else {
      for (let note = this.firstNote; note; note = note.next) {
        if (note.key >= end) note.value = ABSENT;
      }
    }
    this.length = end;
    this.end = Math.min(this.end, end);
  }

  private note(index: number, value: unknown): void {
    const note = findNote(this, index);
    if (note) {
      note.value = value;
      return;
    }
    const before = this.before(index);
    addNote(this, index, before, undefined, undefined, value);
  }
}
