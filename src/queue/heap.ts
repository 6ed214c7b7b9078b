/**
 * A binary heap: the least key first.
 *
 * @module
 */

/** Values by number keys, of which the least can be had at any time. */
export class Heap<T> {
  readonly #keys: number[] = [];
  readonly #values: T[] = [];

  /** How many values there are. */
  get size(): number {
    return this.#keys.length;
  }

  /** The least key; `Infinity` if it is empty. */
  get least(): number {
    return this.#keys.length > 0 ? this.#keys[0] : Infinity;
  }

  /** The value of the least key. */
  get first(): T | undefined {
    return this.#values[0];
  }

  /** Adds a value. */
  push(key: number, value: T): void {
    const keys = this.#keys;
    let at = keys.length;
    keys.push(key);
    this.#values.push(value);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (keys[parent] <= key) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#put(at, key, value);
  }

  /** Takes the value of the least key out. */
  pop(): T | undefined {
    const first = this.#values[0];
    const key = this.#keys.pop();
    const value = this.#values.pop();
    const size = this.#keys.length;
    if (key === undefined || size === 0) return first;
    const keys = this.#keys;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && keys[child + 1] < keys[child]) child++;
      if (keys[child] >= key) break;
      this.#move(child, at);
      at = child;
    }
    this.#put(at, key, value as T);
    return first;
  }

  /** Adds something to all keys. */
  shift(by: number): void {
    for (let at = 0; at < this.#keys.length; at++) this.#keys[at] += by;
  }

  /** Removes the values that are not wanted any more. */
  keep(isWanted: (value: T, key: number) => boolean): void {
    const all = this.#values.map((value, n) => ({ key: this.#keys[n], value }));
    this.clear();
    for (const { key, value } of all) {
      if (isWanted(value, key)) this.push(key, value);
    }
  }

  /** Removes everything. */
  clear(): void {
    this.#keys.length = this.#values.length = 0;
  }

  #move(from: number, to: number): void {
    this.#keys[to] = this.#keys[from];
    this.#values[to] = this.#values[from];
  }

  #put(at: number, key: number, value: T): void {
    this.#keys[at] = key;
    this.#values[at] = value;
  }
}
