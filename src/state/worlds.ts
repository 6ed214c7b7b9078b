/**
 * Two worlds that differ in what a deterministic function must not look at: the
 * time, and random numbers.
 *
 * @module
 */

/** More than a year, with another month, day, hour, minute, second and millisecond. */
const SHIFT = 34_567_891_234;

/** The worlds. */
export type World = "one" | "other";

/**
 * Calls a synchronous function in one of two worlds. In the other one the clock
 * shows another year, and each random number is 1 less that of the first world: a
 * function that looks at the time, or tosses a coin, gives something else there.
 */
export function inWorld<T>(world: World, call: () => T): T {
  const undo = [replace(Math, "random", randomIn(world))];
  if (world === "other") {
    const shifted = shiftedDate(globalThis.Date);
    undo.push(
      replace<{ constructor: unknown }>(
        shifted.prototype,
        "constructor",
        shifted,
      ),
      replace(globalThis, "Date", shifted),
      replace(performance, "now", later(performance)),
    );
  }
  try {
    return call();
  } finally {
    for (const restore of undo) restore();
  }
}

function shiftedDate(date: DateConstructor): DateConstructor {
  const now = () => date.now() + SHIFT;
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

/** Numbers spread evenly, never 0, 0.5, or 1: multiples of the golden section. */
function randomIn(world: World): () => number {
  let sum = 0;
  return () => {
    sum = (sum + 0.618_033_988_749_894_9) % 1;
    return world === "one" ? sum : 1 - sum;
  };
}

function later(clock: { now(): number }): () => number {
  const now = clock.now.bind(clock);
  return () => now() + SHIFT;
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
