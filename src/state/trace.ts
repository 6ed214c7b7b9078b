/**
 * What one commit has changed, as text, to compare two runs of a reducer.
 *
 * @module
 */

import { type Change, tableOf } from "./table.ts";
import { copyOut, isContainer, type Members } from "./values.ts";
import { vectorOf } from "./vector.ts";

/**
 * Describes the way from one state to the next; costs time by what was changed.
 *
 * @param before The state before.
 * @param after The state after.
 * @param changes What was changed in tables.
 * @returns The same text for the same change of the same state.
 */
export function traceOf(
  before: unknown,
  after: unknown,
  changes: readonly Change[],
): string {
  if (before === after) return "=";
  if (!isContainer(before) || !isContainer(after)) return textOf(after);
  const [vector, old] = [vectorOf(after), vectorOf(before)];
  if (vector && old) {
    const items = Array.from(
      vector.changedFrom(old),
      ([index, value]) => `${index}=${textOf(value)}`,
    );
    return `[${vector.length}:${items}]`;
  }
  const table = tableOf(after)?.table;
  if (table && table === tableOf(before)?.table) {
    const slots = changes.filter((change) => change.table === table);
    return `{${slots.map(({ slot }) => `${slot.key}=${textOf(slot.value)}`)}}`;
  }
  if (table || vector || Array.isArray(after) || Array.isArray(before)) {
    return textOf(after);
  }
  const members = Object.entries(after).map(([key, value]) => {
    const was = Object.hasOwn(before, key) ? (before as Members)[key] : "";
    return `${JSON.stringify(key)}:${traceOf(was, value, changes)}`;
  });
  return `{${members}}`;
}

function textOf(value: unknown): string {
  return String(JSON.stringify(copyOut(value)));
}
