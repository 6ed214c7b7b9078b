/**
 * What JSON would change: one rule for records, snapshots, initial states and
 * what reducers store.
 *
 * Evened out:
 *
 * 1. A member of an object whose value is `undefined` is left out.
 * 2. `-0` becomes `0`.
 * 3. A getter is read once, and the value that it gave is stored.
 * 4. An array is its items: whatever else it has is left out. To look for it
 *    would take longer than to write the array; only `toJSON` is refused.
 *
 * Refused:
 *
 * 5. `NaN`, `Infinity` and `-Infinity`; functions, symbols and bigints;
 *    `undefined` or a hole in an array.
 * 6. Objects that are not plain: a plain one has no prototype, or that of an
 *    object literal or an array, of this realm or another. So no `Map`, `Date`,
 *    typed array, boxed primitive or instance of a class; and no `JSON.rawJSON`.
 *    A proxy is what it shows.
 * 7. Symbol keys, and members of an object that are not enumerable.
 * 8. A value that contains itself.
 * 9. Every object and array, while `Object.prototype` or `Array.prototype` has
 *    `toJSON`.
 *
 * The rule is applied by making an exact copy, for which each member is read
 * once, and writing the copy.
 *
 * @module
 */

import { setOwn } from "./native_json.ts";

const { getOwnPropertyNames, getOwnPropertySymbols, getPrototypeOf } = Object;

/** Thrown for a value that JSON would change. */
export class UnfaithfulError extends TypeError {
  /** Always `"UnfaithfulError"`. */
  override readonly name = "UnfaithfulError";
  /** Where it is, seen from the value that was checked, such as `.a[0]["b c"]`. */
  readonly where: string;
  /** What it is, such as `NaN` or `an instance of Date`. */
  readonly what: string;

  constructor(where: string, what: string) {
    super(`JSON would change ${what}`);
    this.where = where;
    this.what = what;
  }
}

/**
 * Says why JSON would change a value without members.
 *
 * @param value The value; not an object.
 * @returns What it is; `undefined` if JSON keeps it.
 */
export function leafProblem(value: unknown): string | undefined {
  switch (typeof value) {
    case "number":
      // x - x is 0 for every finite x.
      return value - value === 0 ? undefined : String(value);
    case "undefined":
      return "undefined";
    case "bigint":
    case "function":
    case "symbol":
      return `a ${typeof value}`;
    default:
      return undefined;
  }
}

/**
 * Says why JSON would change an object or array, whatever its members are. None
 * of them is read.
 *
 * @param value The object or array.
 * @param keys Its `Object.keys`, if they are known.
 * @returns What it is; `undefined` if its members decide.
 */
export function containerProblem(
  value: object,
  keys?: readonly string[],
): string | undefined {
  const problem = prototypeProblem(value, getPrototypeOf(value));
  if (problem !== undefined) return problem;
  if (Array.isArray(value)) {
    return "toJSON" in value ? "an array with toJSON" : undefined;
  }
  return hiddenProblem(value, keys ?? Object.keys(value));
}

/**
 * The step from an object to a member, as source code has it; the step to an
 * item of an array is `[n]`.
 *
 * @param key The key.
 */
export function memberStep(key: string): string {
  return /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(key)
    ? `.${key}`
    : `[${JSON.stringify(key)}]`;
}

/**
 * What is thrown for a container, given what was thrown for its member.
 *
 * @param error What was thrown.
 * @param step The step to the member.
 */
export function atStep(error: unknown, step: string): unknown {
  if (!(error instanceof UnfaithfulError)) return error;
  return new UnfaithfulError(step + error.where, error.what);
}

/**
 * An exact copy: equal to what `JSON.parse` gives for its text, and holding
 * nothing that a caller holds. Each member is read once.
 *
 * @param value The value.
 * @returns The copy.
 * @throws {UnfaithfulError} If JSON would change the value.
 * @throws {RangeError} If it is nested too deeply.
 */
export function copyExactly(value: unknown): unknown {
  return copyValue(value, undefined, true);
}

/**
 * The JSON text of a value, each member of which is read once.
 *
 * @param value The value.
 * @throws {UnfaithfulError} If JSON would change the value.
 * @throws {RangeError} If it is nested too deeply.
 */
export function exactJson(value: unknown): string {
  // JSON leaves `undefined` out itself, and faster.
  return toJson(copyValue(value, undefined, false));
}

/**
 * The JSON text of an exact copy.
 *
 * @param copy The copy.
 * @param indent Spaces for each level of nesting. @default none, in one line
 * @throws {UnfaithfulError} If `Object.prototype` or `Array.prototype` has `toJSON`.
 */
export function toJson(copy: unknown, indent?: number): string {
  // What Object.prototype has, Array.prototype has too.
  if ("toJSON" in Array.prototype && typeof copy === "object" && copy) {
    const owner = ownerOfToJson(Array.prototype);
    throw new UnfaithfulError("", `data with toJSON from ${owner}`);
  }
  // V8 is half as fast when it is given more arguments.
  return indent === undefined
    ? JSON.stringify(copy)
    : JSON.stringify(copy, null, indent);
}

/** Whether a prototype is that of plain objects or arrays, of this realm or another. */
export function isPlain(prototype: object): boolean {
  if (prototype === Object.prototype || prototype === Array.prototype) {
    return true;
  }
  const parent = getPrototypeOf(prototype);
  return parent === null
    ? Object.hasOwn(prototype, "hasOwnProperty")
    : Array.isArray(prototype) && getPrototypeOf(parent) === null;
}

/** The containers that a container is in. */
interface Outer {
  readonly value: object;
  readonly outer: Outer | undefined;
}

/** Copies a value; `tidy` says whether to leave `undefined` out. */
function copyValue(
  value: unknown,
  outer: Outer | undefined,
  tidy: boolean,
): unknown {
  if (typeof value === "object" && value !== null) {
    for (let one = outer; one !== undefined; one = one.outer) {
      if (one.value === value) {
        throw new UnfaithfulError("", "a part of itself");
      }
    }
    return Array.isArray(value)
      ? copyItems(value, outer, tidy)
      : copyMembers(value, outer, tidy);
  }
  refuse(leafProblem(value));
  return value === 0 ? 0 : value;
}

function copyItems(
  array: readonly unknown[],
  outer: Outer | undefined,
  tidy: boolean,
): unknown[] {
  checkPrototype(array, Array.prototype);
  if ("toJSON" in array) refuse(containerProblem(array));
  const copy: unknown[] = [];
  let here: Outer | undefined;
  let n = 0;
  try {
    for (; n < array.length; n++) {
      const item = array[n];
      copy.push(
        isKept(item)
          ? item
          : copyValue(item, here ??= { value: array, outer }, tidy),
      );
    }
  } catch (error) {
    throw atStep(error, `[${n}]`);
  }
  return copy;
}

function copyMembers(
  value: object,
  outer: Outer | undefined,
  tidy: boolean,
): object {
  checkPrototype(value, Object.prototype);
  // Before they are read: a getter may change the object.
  refuse(hiddenProblem(value, Object.keys(value)));
  const copy = cloneMembers(value as Members, outer);
  let here: Outer | undefined;
  let absent = 0;
  let key = "";
  try {
    for (key in copy) {
      const member = copy[key];
      if (isKept(member)) continue;
      if (member === undefined) absent++;
      else if (Object.hasOwn(copy, key)) { // Object.prototype's are listed too
        copy[key] = copyValue(member, here ??= { value, outer }, tidy);
      }
    }
  } catch (error) {
    throw atStep(error, memberStep(key));
  }
  return absent > 0 && tidy ? withoutUndefined(copy) : copy;
}

type Members = Record<string, unknown>;

/**
 * Copies an object and reads each member once. V8 copies an object by its shape
 * where a line of code sees few shapes, in a quarter of the time that it takes
 * otherwise: hence a line for each level of nesting.
 */
function cloneMembers(value: Members, outer: Outer | undefined): Members {
  if (outer === undefined) return { ...value };
  if (outer.outer === undefined) return { ...value };
  if (outer.outer.outer === undefined) return { ...value };
  if (outer.outer.outer.outer === undefined) return { ...value };
  return { ...value };
}

/** Whether a value without members is the same in JSON; of every kind that is frequent. */
export function isKept(value: unknown): boolean {
  return typeof value === "string" || typeof value === "boolean" ||
    value === null ||
    // x - x is 0 for every finite x; 1 / -0 is negative.
    typeof value === "number" && value - value === 0 &&
      (value !== 0 || 1 / value > 0);
}

function withoutUndefined(copy: Members): object {
  // Quicker than `delete`, which makes engines give up the object's shape.
  const kept = {};
  for (const key of Object.keys(copy)) {
    if (copy[key] !== undefined) setOwn(kept, key, copy[key]);
  }
  return kept;
}

function checkPrototype(value: object, usual: object): void {
  const prototype = getPrototypeOf(value);
  if (prototype !== usual) refuse(prototypeProblem(value, prototype));
}

function refuse(problem: string | undefined): void {
  if (problem !== undefined) throw new UnfaithfulError("", problem);
}

function prototypeProblem(
  value: object,
  prototype: object | null,
): string | undefined {
  if (prototype === null) return isRawJson(value) ? "raw JSON text" : undefined;
  if (isPlain(prototype)) {
    if (!("toJSON" in prototype)) return undefined;
    const kind = Array.isArray(value) ? "an array" : "an object";
    return `${kind} with toJSON from ${ownerOfToJson(prototype)}`;
  }
  const { constructor } = prototype as { constructor?: { name?: unknown } };
  const name = constructor?.name;
  return typeof name === "string" && name !== ""
    ? `an instance of ${name}`
    : "an object that is not plain";
}

/** Why JSON would change an object because of members that it does not see, given the keys of those that it does. */
function hiddenProblem(
  value: object,
  { length }: readonly string[],
): string | undefined {
  if (getOwnPropertySymbols(value).length > 0) {
    return "an object with symbol keys";
  }
  return getOwnPropertyNames(value).length === length
    ? undefined
    : "an object with a member that is not enumerable";
}

/** Whether `JSON.rawJSON` made a value: text that JSON takes as it is. */
function isRawJson(value: object): boolean {
  const { isRawJSON } = JSON as { isRawJSON?: (value: object) => boolean };
  return isRawJSON?.(value) ?? false;
}

/** Which prototype `toJSON` is from, given one that has it. */
function ownerOfToJson(prototype: object): string {
  return Array.isArray(prototype) && Object.hasOwn(prototype, "toJSON")
    ? "Array.prototype"
    : "Object.prototype";
}
