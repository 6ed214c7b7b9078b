/**
 * What may be in a state: strict JSON, checked without the help of the library.
 */

/** Why a value cannot be in a state. */
export class NotJson extends Error {}

/**
 * Checks a value, and gives how deep it is nested.
 *
 * Passes what `JSON.stringify` writes as it is, and by rule: members that are
 * `undefined` (left out), `-0` (written as 0), getters (their values).
 *
 * @throws {NotJson} If it is anything else; and what a getter throws.
 */
export function checkJson(value: unknown): number {
  return depthOf(value, []);
}

function depthOf(value: unknown, above: object[]): number {
  switch (typeof value) {
    case "string":
    case "boolean":
      return above.length;
    case "number":
      if (Number.isFinite(value)) return above.length;
      throw new NotJson(String(value));
    case "object":
      break;
    default:
      throw new NotJson(typeof value);
  }
  if (value === null) return above.length;
  if (above.includes(value)) throw new NotJson("a cycle");
  above.push(value);
  const depth = Array.isArray(value)
    ? depthOfItems(value, above)
    : depthOfMembers(value, above);
  above.pop();
  return depth;
}

function depthOfItems(array: readonly unknown[], above: object[]): number {
  if (Object.getPrototypeOf(array) !== Array.prototype) {
    throw new NotJson("an array of a class");
  }
  // Its items and its length: more are named members, fewer are holes.
  if (Reflect.ownKeys(array).length !== array.length + 1) {
    throw new NotJson("an array with holes or named members");
  }
  let depth = above.length;
  for (let n = 0; n < array.length; n++) {
    const item = array[n];
    // Of a named member and a hole, each may hide the other.
    if (item === undefined) throw new NotJson("an item that is undefined");
    depth = Math.max(depth, depthOf(item, above));
  }
  return depth;
}

function depthOfMembers(object: object, above: object[]): number {
  const prototype = Object.getPrototypeOf(object);
  if (prototype !== null && prototype !== Object.prototype) {
    throw new NotJson("an object of a class");
  }
  let depth = above.length;
  const keys = Reflect.ownKeys(object);
  if (keys.length !== Object.keys(object).length) {
    throw new NotJson("a symbol key, or a member that is not enumerable");
  }
  for (const key of keys) {
    const member = (object as Record<PropertyKey, unknown>)[key];
    if (member === undefined) continue;
    depth = Math.max(depth, depthOf(member, above));
  }
  return depth;
}
