/**
 * From data of an older version to data of this one, by the caller's `upcast` and
 * `migrate`.
 *
 * @module
 */

import { messageOf } from "../errors.ts";

/** The caller gave no function for data that is older. */
export class NotGiven extends Error {}

/** The caller's function did not give data of this version. The cause is what was thrown. */
export class NotConverted extends Error {}

/** How older data becomes data of this version. */
export interface Conversion<T> {
  /** The name of the option. */
  readonly name: "upcast" | "migrate";
  /** The function, if the caller gave one. */
  readonly run: ((data: unknown, from: number) => unknown) | undefined;
  /** What it has to return, as a message says it. */
  readonly what: string;
  /** Takes what it returned; throws if that is not data. */
  readonly take: (returned: unknown) => T;
}

/**
 * Makes data of this version of older data.
 *
 * @param conversion How.
 * @param data The data.
 * @param from Its version.
 * @throws {NotGiven | NotConverted} If that cannot be done.
 */
export function convert<T>(
  { name, run, what, take }: Conversion<T>,
  data: unknown,
  from: number,
): T {
  if (run === undefined) throw new NotGiven();
  let returned: unknown;
  try {
    returned = run(data, from);
  } catch (cause) {
    if (cause instanceof NotGiven) throw cause;
    throw new NotConverted(`${name} throws: ${messageOf(cause)}`, { cause });
  }
  try {
    if (returned instanceof Promise) {
      returned.catch(() => {}); // it comes too late
      throw new TypeError(`a promise: ${name} must be synchronous`);
    }
    return take(returned);
  } catch (cause) {
    const wrong = `${name} returns what is not a ${what}`;
    throw new NotConverted(`${wrong}: ${messageOf(cause)}`, { cause });
  }
}
