/** Data whose writes are noticed, whatever the program that writes makes of them. */

/** What a program has written. */
export interface Writes {
  /** Whether it has assigned, defined, or deleted anything. */
  writes: boolean;
  /** Whether it has given an array a member that is no item. */
  namesItems: boolean;
}

/** Ordinary data that notes what is written to it, or to its parts. */
export function watched(data: unknown, seen: Writes): unknown {
  const proxies = new WeakMap<object, object>();
  const note = (target: object, key: string | symbol) => {
    seen.writes = true;
    const isItem = typeof key === "string" && /^(?:\d+|length)$/.test(key);
    if (Array.isArray(target) && !isItem) seen.namesItems = true;
  };
  const watch = (value: unknown): unknown => {
    if (typeof value !== "object" || value === null) return value;
    const known = proxies.get(value);
    if (known) return known;
    const proxy: object = new Proxy(value, {
      get: (target, key) => watch(Reflect.get(target, key)),
      set(target, key, to) {
        note(target, key);
        return Reflect.set(target, key, to);
      },
      defineProperty(target, key, descriptor) {
        note(target, key);
        return Reflect.defineProperty(target, key, descriptor);
      },
      deleteProperty(target, key) {
        note(target, key);
        return Reflect.deleteProperty(target, key);
      },
    });
    proxies.set(value, proxy);
    proxies.set(proxy, proxy);
    return proxy;
  };
  return watch(data);
}
