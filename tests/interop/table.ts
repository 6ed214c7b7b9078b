// How the tables of checks are made.

/** A check gets the path of a journal, in a folder of its own. */
export type Check = (path: string) => Promise<void> | void;

/** Checks by name. */
export type Checks = Readonly<Record<string, Check>>;

/** The checks that are made for each entry of a table. */
export function forEach<T>(
  table: Readonly<Record<string, T>>,
  make: (name: string, value: T) => Checks,
): Checks {
  return Object.assign(
    {},
    ...Object.entries(table).map(([name, value]) => make(name, value)),
  );
}
