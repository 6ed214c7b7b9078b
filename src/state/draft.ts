/**
 * What a reducer is given: the state, to be read and changed in place.
 *
 * A draft is a proxy. Reads go to the state itself, and give drafts of its parts;
 * changes go through the {@linkcode Editor}, which notes what was there before. A
 * draft can be changed while its reducer runs, and not afterwards.
 *
 * @module
 */

import { ABSENT, ownMember } from "./history.ts";
import { type Container, isContainer, Table } from "./table.ts";

/** What carries out the changes that a draft is asked for. */
export interface Editor {
  /** The draft of a part of the state, which was met as a member of another. */
  draftOf(part: Container, parent: Container, key: string): object;
  /** Sets a member; `undefined` removes it. */
  setMember(draft: Draft, key: string, value: unknown): void;
  /** Removes a member. */
  removeMember(draft: Draft, key: string): void;
  /** Sets an element of an array. */
  setItem(draft: Draft, index: number, value: unknown): void;
  /** Leaves an element of an array empty; the reducer must fill it, or cut it off. */
  removeItem(draft: Draft, index: number): void;
  /** Cuts an array, or makes it longer by elements that the reducer must fill. */
  setLength(draft: Draft, length: number): void;
}

/** A proxy for a part of the state, with where it was met. */
export abstract class Draft implements ProxyHandler<object> {
  readonly editor: Editor;
  readonly part: Container;
  /** What the part was last met in. */
  parent: Container;
  /** Its key there. */
  key: string;
  readonly proxy: object;

  constructor(
    editor: Editor,
    part: Container,
    parent: Container,
    key: string,
  ) {
    this.editor = editor;
    this.part = part;
    this.parent = parent;
    this.key = key;
    this.proxy = new Proxy(part, this);
  }

  abstract get(target: object, key: string | symbol): unknown;
  abstract set(target: object, key: string | symbol, value: unknown): boolean;
  abstract deleteProperty(target: object, key: string | symbol): boolean;

  /** A value of the state as a reducer may have it. */
  protected give(value: unknown, key: string): unknown {
    return isContainer(value)
      ? this.editor.draftOf(value, this.part, key)
      : value;
  }

  getOwnPropertyDescriptor(
    target: object,
    key: string | symbol,
  ): PropertyDescriptor | undefined {
    const descriptor = Reflect.getOwnPropertyDescriptor(target, key);
    if (descriptor && typeof key === "string") {
      descriptor.value = this.give(descriptor.value, key);
    }
    return descriptor;
  }

  defineProperty(): boolean {
    throw new TypeError("Cannot define a property of the state: assign to it");
  }

  setPrototypeOf(): boolean {
    throw new TypeError("Cannot change the prototype of a part of the state");
  }

  preventExtensions(): boolean {
    throw new TypeError("Cannot freeze a part of the state");
  }
}

/** Members of the state have text for keys. */
function textKey(key: string | symbol): string {
  if (typeof key === "string") return key;
  throw new TypeError(
    `Cannot use ${String(key)} as a key in the state: JSON has none such`,
  );
}

class ObjectDraft extends Draft {
  override get(target: Record<string | symbol, unknown>, key: string | symbol) {
    const value = target[key];
    if (!isContainer(value) || typeof key === "symbol") return value;
    // The prototype is no part of the state.
    if (key === "__proto__" && !Object.hasOwn(target, key)) return undefined;
    return this.editor.draftOf(value, target, key);
  }

  override set(_: object, key: string | symbol, value: unknown): boolean {
    this.editor.setMember(this, textKey(key), value);
    return true;
  }

  override deleteProperty(_: object, key: string | symbol): boolean {
    if (typeof key === "string") this.editor.removeMember(this, key);
    return true;
  }
}

class TableDraft extends ObjectDraft {
  override get(_: object, key: string | symbol): unknown {
    if (typeof key === "symbol") return undefined;
    const value = ownMember(this.part, key);
    if (value !== ABSENT) return this.give(value, key);
    return key === "__proto__" ? undefined : inherited(key);
  }

  has(_: object, key: string | symbol): boolean {
    return ownMember(this.part, String(key)) !== ABSENT ||
      key in Object.prototype;
  }

  ownKeys(): string[] {
    const keys: string[] = [];
    for (const { key, dead } of (this.part as Table).slots()) {
      if (!dead) keys.push(key);
    }
    return inObjectOrder(keys);
  }

  getPrototypeOf(): object {
    return Object.prototype;
  }

  override getOwnPropertyDescriptor(
    _: object,
    key: string | symbol,
  ): PropertyDescriptor | undefined {
    if (typeof key === "symbol") return undefined;
    const value = ownMember(this.part, key);
    return value === ABSENT ? undefined : member(this.give(value, key));
  }
}

class ArrayDraft extends Draft {
  override get(target: unknown[], key: string | symbol): unknown {
    const value = Reflect.get(target, key);
    return isContainer(value) && typeof key === "string"
      ? this.editor.draftOf(value, target, key)
      : value;
  }

  override set(_: object, key: string | symbol, value: unknown): boolean {
    const name = textKey(key);
    if (name === "length") this.editor.setLength(this, value as number);
    else this.editor.setItem(this, indexOf(name), value);
    return true;
  }

  override deleteProperty(_: object, key: string | symbol): boolean {
    if (typeof key === "string") this.editor.removeItem(this, indexOf(key));
    return true;
  }
}

/** The descriptor of a member. */
export function member(value: unknown): PropertyDescriptor {
  return { value, writable: true, enumerable: true, configurable: true };
}

/** What an ordinary object answers for a key that is not its own. */
export function inherited(key: string): unknown {
  return (Object.prototype as unknown as Record<string, unknown>)[key];
}

/** An index of an array as a number. */
function indexOf(key: string): number {
  if (isArrayIndex(key)) return Number(key);
  throw new TypeError(
    `Cannot set ${
      JSON.stringify(key)
    } of an array in the state: JSON has no such members`,
  );
}

const INDEX = /^(?:0|[1-9]\d{0,15})$/;

/** Keys in the order in which objects list them: whole numbers first, by size. */
export function inObjectOrder(keys: string[]): string[] {
  const numbers = keys.filter(isArrayIndex);
  if (numbers.length === 0) return keys;
  numbers.sort((a, b) => Number(a) - Number(b));
  return [...numbers, ...keys.filter((key) => !isArrayIndex(key))];
}

function isArrayIndex(key: string): boolean {
  const first = key.charCodeAt(0);
  return first >= 48 && first <= 57 && INDEX.test(key) &&
    Number(key) < 2 ** 32 - 1;
}

/** Makes the draft of a part. */
export function makeDraft(
  editor: Editor,
  part: Container,
  parent: Container,
  key: string,
): Draft {
  const Kind = Array.isArray(part)
    ? ArrayDraft
    : part instanceof Table
    ? TableDraft
    : ObjectDraft;
  return new Kind(editor, part, parent, key);
}
