/**
 * What everybody but a reducer is given: the state, to be read.
 *
 * A view is a proxy that answers as its reader sees the state, gives views of the
 * parts, and refuses every change with a `TypeError`.
 *
 * @module
 */

import { inherited, inObjectOrder, member } from "./draft.ts";
import { ABSENT, type Reader } from "./history.ts";
import { type Container, isContainer, Table } from "./table.ts";

/** A type with everything in it made read-only. */
export type DeepReadonly<T> = T extends (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
  : T;

/** Views are made anew when there are this many: they must not outweigh the state. */
const MAX_VIEWS = 10_000;

/** Makes views for one reader; the same part has the same view. */
export class Views {
  readonly reader: Reader;
  #views = new WeakMap<Container, object>();
  #count = 0;

  constructor(reader: Reader) {
    this.reader = reader;
  }

  /** A value of the state as anybody may have it. */
  of(value: unknown): unknown {
    if (!isContainer(value)) return value;
    const known = this.#views.get(value);
    if (known) return known;
    if (++this.#count > MAX_VIEWS) {
      this.#views = new WeakMap();
      this.#count = 0;
    }
    const Kind = Array.isArray(value) ? ArrayView : ObjectView;
    const view = new Proxy(value, new Kind(this, value));
    this.#views.set(value, view);
    return view;
  }
}

class View implements ProxyHandler<object> {
  protected readonly views: Views;
  readonly #part: Container;

  constructor(views: Views, part: Container) {
    this.views = views;
    this.#part = part;
  }

  /** What it shows. */
  protected get part(): Container {
    return this.views.reader.current(this.#part);
  }

  /** The value of a member, or {@linkcode ABSENT}. */
  protected member(key: string): unknown {
    return this.views.reader.member(this.part, key);
  }

  set(): boolean {
    throw new TypeError(READ_ONLY);
  }

  deleteProperty(): boolean {
    throw new TypeError(READ_ONLY);
  }

  defineProperty(): boolean {
    throw new TypeError(READ_ONLY);
  }

  setPrototypeOf(): boolean {
    throw new TypeError(READ_ONLY);
  }

  preventExtensions(): boolean {
    throw new TypeError(READ_ONLY);
  }
}

const READ_ONLY =
  "Cannot change the state: it is read-only, and changes by mutations only";

class ObjectView extends View {
  get(_: object, key: string | symbol): unknown {
    if (typeof key === "symbol") return undefined;
    const value = this.member(key);
    if (value !== ABSENT) return this.views.of(value);
    return key === "__proto__" ? undefined : inherited(key);
  }

  has(_: object, key: string | symbol): boolean {
    return (typeof key === "string" && this.member(key) !== ABSENT) ||
      key in Object.prototype;
  }

  ownKeys(): string[] {
    const { part, views: { reader } } = this;
    if (!(part instanceof Table)) {
      return [...reader.keys(part as Record<string, unknown>)];
    }
    const keys: string[] = [];
    for (const slot of part.slots()) {
      if (reader.slotValue(slot) !== ABSENT) keys.push(slot.key);
    }
    return inObjectOrder(keys);
  }

  getPrototypeOf(): object {
    return Object.prototype;
  }

  getOwnPropertyDescriptor(
    _: object,
    key: string | symbol,
  ): PropertyDescriptor | undefined {
    if (typeof key === "symbol") return undefined;
    const value = this.member(key);
    return value === ABSENT ? undefined : member(this.views.of(value));
  }
}

class ArrayView extends View {
  get(target: object, key: string | symbol): unknown {
    if (typeof key === "symbol") return Reflect.get(target, key);
    if (key === "length") return this.#length;
    const value = this.member(key);
    if (value !== ABSENT) return this.views.of(value);
    return (Array.prototype as unknown as Record<string, unknown>)[key];
  }

  has(target: object, key: string | symbol): boolean {
    return typeof key === "symbol"
      ? Reflect.has(target, key)
      : this.member(key) !== ABSENT || key in Array.prototype;
  }

  ownKeys(): string[] {
    return [
      ...Array.from({ length: this.#length }, (_, i) => `${i}`),
      "length",
    ];
  }

  getOwnPropertyDescriptor(
    target: object,
    key: string | symbol,
  ): PropertyDescriptor | undefined {
    if (typeof key === "symbol") return undefined;
    if (key === "length") {
      const length = Reflect.getOwnPropertyDescriptor(target, key);
      return { ...length, value: this.#length };
    }
    const value = this.member(key);
    return value === ABSENT ? undefined : member(this.views.of(value));
  }

  get #length(): number {
    return this.views.reader.lengthOf(this.part as unknown[]);
  }
}
