/**
 * Differences between what is tested and plain JavaScript, and how some are found.
 */

/** What kind of difference there is. */
export type DifferenceKind =
  | "state"
  | "log"
  | "refused"
  | "not refused"
  | "trace"
  | "value"
  | "leak"
  | "error";

/** What is tested differs from plain JavaScript. */
export class Difference extends Error {
  readonly kind: DifferenceKind;
  readonly expected: string;
  readonly actual: string;
  /** The number of the step, from 0. */
  step = 0;

  constructor(
    kind: DifferenceKind,
    where: string,
    expected: string,
    actual: string,
  ) {
    super(`${kind}: ${where}`);
    this.kind = kind;
    this.expected = expected;
    this.actual = actual;
  }
}

/** Changes a payload that was submitted. */
export function scramble(p: unknown): void {
  if (typeof p !== "object" || p === null) return;
  for (const value of Object.values(p)) scramble(value);
  Object.assign(p, { scrambled: true });
}

/** Whether an object can be changed. */
export function changes(object: object): boolean {
  return succeeds(() => Reflect.set(object, "hacked", 1)) ||
    succeeds(() => {
      const [key] = Object.keys(object);
      return key !== undefined && Reflect.deleteProperty(object, key);
    });
}

/** Whether an object can be read. */
export function reads(object: object): boolean {
  return succeeds(() => [Reflect.get(object, "n")]) ||
    succeeds(() => Object.keys(object)) || succeeds(() => ["n" in object]);
}

/** Whether something neither throws a `TypeError` nor gives `false`. */
function succeeds(run: () => unknown): boolean {
  try {
    return run() !== false;
  } catch (error) {
    return !(error instanceof TypeError);
  }
}

/** An error with its code, and where what caused it was thrown. */
export function show(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code = "" } = error as { code?: unknown };
  const origin = error.cause instanceof Error ? error.cause : error;
  const places = origin.stack?.match(/^.*[@(].*:\d+:\d+\)?$/gm) ?? [];
  const where = places.slice(0, 3).map((place) => `\n  ${place.trim()}`);
  return `${code} ${error.message}${where.join("")}`;
}
