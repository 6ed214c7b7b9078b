/**
 * How large containers of a state are seen: as ordinary read-only objects and
 * arrays.
 *
 * Small parts of a state are plain frozen data. A large one is a proxy, whose
 * handler keeps the members. The target of the proxy knows the handler, because
 * the target is what some runtimes look at when they print a proxy.
 *
 * @module
 */

/** A type with everything in it made read-only. */
export type DeepReadonly<T> = T extends (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
  : T;

/** What a view answers with its handler to; ordinary data has no such member. */
export const HANDLER: unique symbol = Symbol("handler");

/** The target of an array's proxy; that of an object's proxy is its handler. */
export class ArrayTarget extends Array<unknown> {
  /** The proxy. */
  shown: readonly unknown[] = [];
}

/** What can be printed as an ordinary object. */
export interface Printable {
  /** Its members, in order. */
  printed(): Iterable<readonly [string, unknown]>;
}

/** The symbol by which Node.js, and others after it, ask a value how to print it: some call the function on the proxy, others on its target. */
const INSPECT = Symbol.for("nodejs.util.inspect.custom");
Object.defineProperty(ArrayTarget.prototype, INSPECT, {
  value(this: ArrayTarget): unknown {
    return Array.from(HANDLER in this ? this : this.shown);
  },
});

/** Makes handlers that are the targets of their own proxies print as what they show. */
export function printAsShown(prototype: Printable): void {
  Object.defineProperty(prototype, INSPECT, {
    value(this: Printable & { [HANDLER]?: Printable }): unknown {
      return Object.fromEntries((this[HANDLER] ?? this).printed());
    },
  });
}

/** Answers every attempt to change the state with a `TypeError`. */
export abstract class ReadOnlyHandler implements ProxyHandler<object> {
  set(_: object, key: string | symbol): boolean {
    return refuse(`set ${nameOf(key)}`);
  }

  deleteProperty(_: object, key: string | symbol): boolean {
    return refuse(`delete ${nameOf(key)}`);
  }

  defineProperty(_: object, key: string | symbol): boolean {
    return refuse(`define ${nameOf(key)}`);
  }

  setPrototypeOf(): boolean {
    return refuse("set a prototype");
  }

  preventExtensions(): boolean {
    return refuse("freeze a part of it");
  }
}

function refuse(action: string): never {
  throw new TypeError(
    `Cannot change the state (${action}): it is read-only, and changes only by mutations`,
  );
}

function nameOf(key: string | symbol): string {
  return typeof key === "string" ? JSON.stringify(key) : String(key);
}

/** The descriptor of a member that can be read only. */
export function readOnlyMember(value: unknown): PropertyDescriptor {
  return { value, writable: false, enumerable: true, configurable: true };
}

/** The descriptor of an array's length, which that of the proxy's target must agree with. */
export function lengthMember(
  target: object,
  length: number,
): PropertyDescriptor {
  const own = Reflect.getOwnPropertyDescriptor(target, "length");
  return { ...own, value: length };
}

/** What an ordinary object answers for a key that is not its own. */
export function inherited(key: string): unknown {
  return key === "__proto__"
    ? undefined
    : (Object.prototype as unknown as Record<string, unknown>)[key];
}

/** What an ordinary array answers for a key that is not its own. */
export function inheritedByArrays(key: string): unknown {
  // The prototype itself is nothing that a program should get hold of here.
  return key === "__proto__" ? undefined : Reflect.get(Array.prototype, key);
}

/** A key as an index, if it is one. */
export function indexOf(key: string): number | undefined {
  const first = key.charCodeAt(0);
  if (!(first >= 48 && first <= 57)) return undefined;
  const index = Number(key);
  return `${index}` === key && index < 2 ** 32 - 1 && Number.isInteger(index)
    ? index
    : undefined;
}

/** Keys in the order in which objects list them. */
export function inObjectOrder(keys: string[]): string[] {
  const numbers = keys.filter((key) => indexOf(key) !== undefined);
  if (numbers.length === 0) return keys;
  numbers.sort((a, b) => Number(a) - Number(b));
  if (numbers.length === keys.length) return numbers;
  return [...numbers, ...keys.filter((key) => indexOf(key) === undefined)];
}
