/**
 * Walks through an object of a state without copying it.
 *
 * @module
 */

import { ABSENT, NEWEST, type Reader } from "./history.ts";
import { type Container, Table } from "./table.ts";

/**
 * The members of an object as a reader sees them, in order. The state may change
 * between two of them: what is there all the time is met once.
 */
export function* membersOf(
  part: Container,
  reader: Reader = NEWEST,
): Generator<[string, unknown]> {
  if (part instanceof Table) {
    for (const slot of part.slots()) {
      const value = reader.slotValue(slot);
      if (value !== ABSENT) yield [slot.key, value];
    }
    return;
  }
  if (Array.isArray(part)) return;
  for (const key of reader.keys(part)) {
    const value = reader.member(part, key);
    if (value !== ABSENT) yield [key, value];
  }
}
