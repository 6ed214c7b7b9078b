/**
 * Two worlds that differ in what a deterministic function must not look at: the
 * time, and random numbers.
 *
 * @module
 */

/** More than a year, with another month, day, hour, minute, second and millisecond. */
const SHIFT = 34_567_891_234;

/** The worlds; `"own"` is the one that the program lives in. */
export type World = "one" | "other" | "own";

/**
 * Runs a synchronous function that calls others in different worlds. Outside of its
 * own world the program sees random numbers that begin anew whenever a world is
 * entered. In the other one the clock shows another year, and each random number is
 * 1 less that of the first world: a function that looks at the time, or tosses a
 * coin, gives something else there.
 *
 * The globals are replaced once for all that `run` calls: each replacement makes the
 * engine give up what it had compiled for them.
 *
 * @param run Is given a function that enters a world; it begins in its own.
 * @returns What `run` returns; the globals are what they were then.
 */
export function inWorlds<T>(run: (enter: (world: World) => void) => T): T {
  const worlds = new Worlds();
  const shifted = worlds.date();
  const { prototype } = shifted;
  const undo = [
    replace(Math, "random", worlds.random()),
    replace<{ constructor: unknown }>(prototype, "constructor", shifted),
    replace(globalThis, "Date", shifted),
    replace(performance, "now", worlds.now()),
  ];
  try {
    return run((world) => worlds.enter(world));
  } finally {
    for (const restore of undo) restore();
  }
}

/** What stands in for the globals. */
class Worlds {
  #world: World = "own";
  /** By how much the clock is ahead. */
  #ahead = 0;
  /** Numbers spread evenly, never 0, 0.5, or 1: multiples of the golden section. */
  #sum = 0;

  enter(world: World): void {
    this.#world = world;
    this.#ahead = world === "other" ? SHIFT : 0;
    this.#sum = 0;
  }

  random(): () => number {
    const own = Math.random;
    return () => {
      if (this.#world === "own") return own();
      this.#sum = (this.#sum + 0.618_033_988_749_894_9) % 1;
      return this.#world === "one" ? this.#sum : 1 - this.#sum;
    };
  }

  date(): DateConstructor {
    const date = globalThis.Date;
    const now = () => date.now() + this.#ahead;
    return new Proxy(date, {
      get: (target, key) => key === "now" ? now : Reflect.get(target, key),
      apply: () => new date(now()).toString(),
      construct: (target, given, newTarget) =>
        Reflect.construct(
          target,
          given.length === 0 ? [now()] : given,
          newTarget,
        ),
    });
  }

  now(): () => number {
    const own = performance.now.bind(performance);
    return () => own() + this.#ahead;
  }
}

/** Sets a member of a global object; a host that has frozen it keeps its own. */
function replace<T extends object>(
  target: T,
  key: keyof T,
  value: T[keyof T],
): () => void {
  const before = Object.getOwnPropertyDescriptor(target, key);
  if (!Reflect.set(target, key, value)) return () => {};
  return () => {
    if (before) Object.defineProperty(target, key, before);
    else Reflect.deleteProperty(target, key);
  };
}
