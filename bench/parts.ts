/**
 * What can be measured by itself. On two cores with nothing else to do, each
 * runtime takes about two minutes for `log`, two for `state` and eight for `queue`,
 * with `--quick` less than one for each of the first two and two for the last; a run
 * ends with what each part took.
 *
 * @module
 */

/** The parts of each brick, in the order in which they run. */
export const PARTS = {
  log: ["append", "replay", "memory", "growth"],
  state: ["apply", "read", "open", "snapshot", "auto"],
  queue: ["enqueue", "work", "reopen", "backlog", "latency"],
} as const;

type Brick = keyof typeof PARTS;

/** The name of a part. */
export type Part = typeof PARTS[Brick][number];

/**
 * The parts that are meant: by their names, or by that of a brick for all of its.
 *
 * @param names What is wanted; all, if it is empty.
 * @throws {RangeError} If a name is neither.
 */
export function partsOf(names: readonly string[]): Part[] {
  const all = Object.values(PARTS).flat();
  for (const name of names) {
    if (name in PARTS || all.some((part) => part === name)) continue;
    const known = [...Object.keys(PARTS), ...all].join(", ");
    throw new RangeError(`Cannot run "${name}": it is not one of ${known}`);
  }
  const wanted = new Set<string>(names.length > 0 ? names : all);
  const bricks = Object.entries(PARTS);
  return bricks.flatMap(([brick, parts]) =>
    wanted.has(brick) ? [...parts] : parts.filter((part) => wanted.has(part))
  );
}
