/**
 * Whether one commit has changed the same in two runs of a reducer.
 *
 * @module
 */

import { type Change, type Table, tableOf } from "./table.ts";
import { isContainer, memberOf, type Members, membersOf } from "./values.ts";
import { vectorOf } from "./vector.ts";

/** The way from one state to the next. */
export interface Step {
  /** The state before. */
  readonly before: unknown;
  /** The state after. */
  readonly after: unknown;
  /** What was changed in tables. */
  readonly changes: readonly Change[];
}

/**
 * Compares two steps from equal states; costs time by what was changed.
 *
 * @returns Whether they have led to equal states for certain; if not, the states
 * must be compared as a whole.
 */
export function isSameStep(left: Step, right: Step): boolean {
  const compare = (
    before: unknown,
    after: unknown,
    otherBefore: unknown,
    otherAfter: unknown,
  ): boolean => {
    const isStill = before === after;
    if (isStill || otherBefore === otherAfter) {
      return isStill && otherBefore === otherAfter;
    }
    if (
      !isContainer(before) || !isContainer(after) ||
      !isContainer(otherBefore) || !isContainer(otherAfter)
    ) return isSame(after, otherAfter);
    const [vector, other] = [vectorOf(after), vectorOf(otherAfter)];
    const [old, otherOld] = [vectorOf(before), vectorOf(otherBefore)];
    if (vector && other && old && otherOld) {
      return vector.length === other.length &&
        isSame([...vector.changedFrom(old)], [...other.changedFrom(otherOld)]);
    }
    const [table, otherTable] = [after, otherAfter].map((value) =>
      tableOf(value)?.table
    );
    if (
      table && otherTable && table === tableOf(before)?.table &&
      otherTable === tableOf(otherBefore)?.table
    ) {
      const slots = changesOf(left, table);
      const others = changesOf(right, otherTable);
      return slots.length === others.length &&
        slots.every(({ slot: { key, value } }, n) =>
          key === others[n].slot.key && isSame(value, others[n].slot.value)
        );
    }
    if (![before, after, otherBefore, otherAfter].every(isPlain)) {
      return isSame(after, otherAfter);
    }
    const keys = Object.keys(after);
    return keys.length === Object.keys(otherAfter).length &&
      keys.every((key) =>
        compare(
          ownMember(before, key),
          ownMember(after, key),
          ownMember(otherBefore, key),
          ownMember(otherAfter, key),
        )
      );
  };
  return compare(left.before, left.after, right.before, right.after);
}

function changesOf({ changes }: Step, table: Table): readonly Change[] {
  return changes.filter((change) => change.table === table);
}

/** Whether an object is ordinary data, seen as what it is. */
function isPlain(value: object): boolean {
  return !Array.isArray(value) && tableOf(value) === undefined;
}

/** A member of an ordinary object; no value of a state is `undefined`. */
function ownMember(object: object, key: string): unknown {
  return Object.hasOwn(object, key) ? (object as Members)[key] : undefined;
}

/** Whether two values of states are equal, whatever the order of their members. */
function isSame(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (!isContainer(left) || !isContainer(right)) return false;
  if (Array.isArray(left) || Array.isArray(right)) {
    if (!Array.isArray(left) || !Array.isArray(right)) return false;
    const others = itemsOf(right);
    return left.length === right.length &&
      itemsOf(left).every((item, n) => isSame(item, others[n]));
  }
  let count = 0;
  for (const [key, member] of membersOf(left)) {
    const other = memberOf(right, key);
    if (other === undefined || !isSame(member, other)) return false;
    count++;
  }
  for (const _ of membersOf(right)) count--;
  return count === 0;
}

function itemsOf(array: readonly unknown[]): readonly unknown[] {
  const vector = vectorOf(array);
  return vector === undefined ? array : [...vector.items()];
}
