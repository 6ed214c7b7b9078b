/**
 * Pretty JSON in pieces, so that a state of any size becomes text in bounded
 * memory, and never more than V8's longest string at a time.
 *
 * All pieces together are what `JSON.stringify(value, null, 2)` would give. Runs
 * of small members are put into one container each, nested as deep as they stand,
 * and written by `JSON.stringify` itself, which is several times as fast as
 * code around it; what the nesting adds in front and behind is cut off. Only
 * members that are too large for that are opened.
 *
 * @module
 */

import { memberStep, toJson, UnfaithfulError } from "../exact_json.ts";

/** What {@linkcode JsonSource.small} returns for a value that is too large. */
export const LARGE: unique symbol = Symbol("large");

/** A container that is opened. */
export interface JsonContainer {
  /** What it is in JSON. */
  readonly kind: "array" | "object";
  /** Its members, in order; the key of an array's item is not looked at. Members that are `undefined` are not among them. */
  readonly members: Iterator<readonly [key: string, value: unknown]>;
}

/** Says what values look like in JSON; `plainSource` for ordinary ones. */
export interface JsonSource {
  /** The members of a container; `undefined` for a leaf. */
  open(value: unknown): JsonContainer | undefined;
  /**
   * The value as plain data that `JSON.stringify` takes as it is, if it has at
   * most `limit` parts, else {@linkcode LARGE}. Containers and leaves are parts;
   * a string counts as one more for every 64 characters, and so does a key. With
   * a limit of `Infinity` it is asked for leaves only.
   */
  small(value: unknown, limit: number): unknown;
}

/** The bounds of a piece. */
export interface PieceLimits {
  /** The most weight of the members in a piece. */
  readonly weight: number;
  /** The most parts of a member that weighs 1. */
  readonly light: number;
  /** The most parts of a member that is not opened; it weighs as many times more. */
  readonly parts: number;
}

const LIMITS: PieceLimits = { weight: 128, light: 16, parts: 256 };

interface Frame extends JsonContainer {
  readonly value: unknown;
  /** The line end in front of its members, and in front of its end. */
  readonly inner: string;
  readonly outer: string;
  /** How many members were taken; in an array, the number of the current one. */
  count: number;
  /** The key of the member that was taken last. */
  key: string;
  /** Whether a member was written, so that the next one follows a comma. */
  begun: boolean;
}

/**
 * A value as JSON text, in pieces.
 *
 * The text is that of `JSON.stringify(value, null, 2)`, byte for byte. One thing
 * can differ: a source that hands out keys which look like array indices behind
 * others gets them sorted to the front of their piece, not of the whole object.
 * A string is never cut; it is one piece, however long.
 *
 * @param value The value.
 * @param source Says what the value looks like.
 * @param limits How large a piece may be.
 * @throws {TypeError} If the source says that JSON would change a value, or a value contains itself.
 */
export function* prettyPieces(
  value: unknown,
  source: JsonSource,
  limits: PieceLimits = LIMITS,
): Generator<string> {
  const stack: Frame[] = [];
  try {
    const root = source.small(value, limits.parts);
    if (root !== LARGE) {
      yield textOf(root);
      return;
    }
    const opened = openFrame(value, source, stack);
    if (!opened) {
      yield textOf(source.small(value, Infinity));
      return;
    }
    yield opened.kind === "array" ? "[" : "{";
    while (stack.length > 0) yield* nextPieces(stack, source, limits);
  } catch (error) {
    if (!(error instanceof UnfaithfulError)) throw error;
    const path = stack.map(stepOf).join("") + error.where;
    throw new TypeError(
      `Cannot encode the state: JSON would change state${path}, which is ${error.what}`,
    );
  }
}

/** A run of small members, with what follows it: a large member or the end. */
function* nextPieces(
  stack: Frame[],
  source: JsonSource,
  limits: PieceLimits,
): Generator<string> {
  const frame = stack[stack.length - 1];
  while (true) {
    const chunk = new Chunk(frame.kind);
    let large: unknown = LARGE;
    let ended = false;
    for (let weight = 0; weight < limits.weight;) {
      const next = frame.members.next();
      if (next.done) {
        ended = true;
        break;
      }
      frame.key = next.value[0];
      frame.count++;
      weight++;
      let member = source.small(next.value[1], limits.light);
      if (member === LARGE) {
        weight += limits.parts / limits.light - 1;
        member = source.small(next.value[1], limits.parts);
      }
      if (member === LARGE) {
        large = next.value[1];
        break;
      }
      chunk.add(frame.key, member);
    }
    if (chunk.size > 0) {
      const text = chunk.text(stack.length);
      yield frame.begun ? `,${text}` : text;
      frame.begun = true;
    }
    if (ended) {
      stack.pop();
      const end = frame.kind === "array" ? "]" : "}";
      yield frame.begun ? frame.outer + end : end;
      return;
    }
    if (large === LARGE) continue;
    const key = frame.kind === "array" ? "" : `${textOf(frame.key)}: `;
    const head = `${frame.begun ? "," : ""}${frame.inner}${key}`;
    frame.begun = true;
    const opened = openFrame(large, source, stack);
    if (opened) {
      yield head + (opened.kind === "array" ? "[" : "{");
      return;
    }
    yield head;
    yield textOf(source.small(large, Infinity));
  }
}

/** Opens a container and puts it on the stack; a leaf gives nothing. */
function openFrame(
  value: unknown,
  source: JsonSource,
  stack: Frame[],
): Frame | undefined {
  const container = source.open(value);
  if (!container) return undefined;
  if (stack.some((outer) => outer.value === value)) {
    throw new UnfaithfulError("", "a part of itself");
  }
  const outer = stack.at(-1)?.inner ?? "\n";
  const frame: Frame = {
    kind: container.kind,
    members: container.members,
    value,
    inner: `${outer}  `,
    outer,
    count: 0,
    key: "",
    begun: false,
  };
  stack.push(frame);
  return frame;
}

/** The step from a container to its current member. */
function stepOf({ kind, count, key }: Frame): string {
  if (count === 0) return "";
  return kind === "array" ? `[${count - 1}]` : memberStep(key);
}

function textOf(value: unknown): string {
  const text: string | undefined = toJson(value, 2);
  if (text === undefined) throw new UnfaithfulError("", typeof value);
  return text;
}

/** Some small members of one container. */
class Chunk {
  size = 0;
  readonly #items: unknown[] | undefined;
  // No prototype, so that "__proto__" is a key like any other.
  readonly #object: Record<string, unknown> = Object.create(null);

  constructor(kind: "array" | "object") {
    if (kind === "array") this.#items = [];
  }

  add(key: string, member: unknown): void {
    this.size++;
    if (this.#items) this.#items.push(member);
    else this.#object[key] = member;
  }

  /** The members' text, each on lines of its own, in a container that is `depth` containers deep. */
  text(depth: number): string {
    let nested: unknown = this.#items ?? this.#object;
    for (let n = 1; n < depth; n++) nested = [nested];
    const text = toJson(nested, 2);
    // In front a bracket, a line end and 2n spaces for each outer container, and
    // a bracket; behind the same without the innermost line end's two spaces.
    const outer = depth - 1;
    const front = outer * 2 + outer * (outer + 1) + 1;
    const back = outer * 2 + outer * (outer + 1) + 2;
    return text.slice(front, text.length - back);
  }
}
