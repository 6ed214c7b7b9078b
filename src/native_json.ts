/**
 * `JSON.parse`, with a fault of V8 kept away.
 *
 * V8 guesses a key by the objects it has parsed before, and compares the guess
 * with the text before it resolves escapes: once an object had the key `\`, the
 * key `"`, which is written `\"`, can come back as `\` too
 * (https://github.com/nodejs/node/issues/63785). Then a key with an escape is
 * replaced by a name that needs none, and put back when the text is parsed.
 *
 * @module
 */

/** A string that has an escape and may be a key. */
const SUSPECT = /[{,]\s*"[^"\\]*\\/;
const STRINGS = /"(?:[^"\\]|\\[^])*"(\s*:)?/g;

let faulty: boolean | undefined;

/**
 * What `JSON.parse` gives, or should give.
 *
 * @param text JSON text.
 * @param careful Whether keys with escapes are kept from `JSON.parse`. @default where the engine has the fault
 * @throws {SyntaxError} If the text is no JSON.
 */
export function parseJson(
  text: string,
  careful: boolean = faulty ??= isFaulty(),
): unknown {
  if (!careful || !text.includes("\\") || !SUSPECT.test(text)) {
    return JSON.parse(text);
  }
  let prefix = "@";
  while (text.includes(`"${prefix}`)) prefix += "@";
  const keys: string[] = [];
  const plain = text.replace(STRINGS, (token, colon?: string) => {
    if (colon === undefined || !token.includes("\\")) return token;
    keys.push(JSON.parse(token.slice(0, -colon.length)));
    return `"${prefix}${keys.length - 1}"${colon}`;
  });
  const value = JSON.parse(plain);
  return keys.length === 0 ? value : withKeys(value, prefix, keys);
}

/** The value with its keys put back. */
function withKeys(
  value: unknown,
  prefix: string,
  keys: readonly string[],
): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    for (let n = 0; n < value.length; n++) {
      value[n] = withKeys(value[n], prefix, keys);
    }
    return value;
  }
  const object: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) {
    const key = name.startsWith(prefix)
      ? keys[Number(name.slice(prefix.length))]
      : name;
    setOwn(object, key, withKeys(member, prefix, keys));
  }
  return object;
}

/** Sets a property of the object's own, also one that is named `__proto__`. */
export function setOwn(object: object, key: string, value: unknown): void {
  // Assigned, it might call a setter of the prototype, or become the prototype.
  if (!(key in Object.prototype)) {
    (object as Record<string, unknown>)[key] = value;
    return;
  }
  Object.defineProperty(object, key, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}

/** Whether the engine has the fault; the first key is one that nobody else has. */
function isFaulty(): boolean {
  JSON.parse(String.raw`{"is JSON.parse right?":[],"\\":0}`);
  const text = String.raw`{"is JSON.parse right?":0,"\"":0}`;
  return !Object.hasOwn(JSON.parse(text), '"');
}
