/**
 * JSON text in windows, parsed in pieces.
 *
 * A pretty text says by its indentation where members begin and containers end.
 * So, in the container that is open, a run of whole members is found by two
 * searches, and `JSON.parse` reads it, put into a container of its own; a member
 * that is larger than the window is opened in its turn.
 *
 * Nothing relies on the indentation but the cutting: what is cut out is parsed as
 * members of the container that is open, so a text that is laid out in another
 * way fails, or gives what `JSON.parse` would give for the whole.
 *
 * @module
 */

import { parseJson } from "../native_json.ts";
import type { JsonBuilder } from "./plain.ts";

/** Text that is read in windows. */
export interface TextWindows {
  /** Some more text, of at least one character; `undefined` at the end. */
  next(): Promise<string | undefined>;
}

/** An open container. */
interface Frame {
  readonly node: unknown;
  /** In the container around it. */
  readonly key: string;
  readonly open: "{" | "[";
  readonly close: "}" | "]";
  /** The line end and indentation in front of its members. */
  readonly inner: string;
  /** The same in front of its end, with the bracket. */
  readonly end: string;
  /** Whether nothing was read of it, a member, or a comma. */
  behind: "start" | "member" | "comma";
}

/**
 * Parses a pretty text in pieces.
 *
 * @param windows The text.
 * @param builder Makes the values.
 * @param window How many characters are looked at together; a member that is longer is opened.
 * @returns What the builder made.
 * @throws {SyntaxError} If the text is no JSON, or is laid out in another way.
 */
export async function parsePieces(
  windows: TextWindows,
  builder: JsonBuilder,
  window: number,
): Promise<unknown> {
  const parser = new Parser(builder, window);
  let wanted = window;
  let waiting = "";
  while (true) {
    const text = await windows.next();
    waiting += text ?? "";
    if (text !== undefined && waiting.length < wanted) continue;
    const last = text === undefined;
    const taken = parser.take(waiting, last);
    waiting = waiting.slice(taken);
    // A string that is longer than the window is looked at anew only when twice
    // as much of it is there.
    wanted = Math.max(window, waiting.length * 2);
    if (last) return parser.finish(waiting);
  }
}

class Parser {
  readonly #builder: JsonBuilder;
  readonly #window: number;
  readonly #stack: Frame[] = [];
  #root: unknown;
  #begun = false;

  constructor(builder: JsonBuilder, window: number) {
    this.#builder = builder;
    this.#window = window;
  }

  /** Reads what it can of a text; how many characters it took. */
  take(text: string, last: boolean): number {
    let at = 0;
    if (!this.#begun) {
      if (text.length < 2 && !last) return 0;
      const open = text[0];
      if ((open !== "{" && open !== "[") || text[1] !== "\n") {
        throw new SyntaxError("the text does not begin with a container");
      }
      this.#begun = true;
      this.#root = this.#push(open, "", "\n");
      at = 1;
    }
    while (this.#stack.length > 0) {
      const next = this.#step(text, at, last);
      if (next === at) break;
      at = next;
    }
    return at;
  }

  /** What was made, when all is read. */
  finish(rest: string): unknown {
    if (this.#stack.length > 0 || /[^ \t\r\n]/.test(rest)) {
      throw new SyntaxError("the text does not end where its containers do");
    }
    return this.#root;
  }

  #step(text: string, at: number, last: boolean): number {
    const frame = this.#stack[this.#stack.length - 1];
    if (frame.behind === "member") return this.#separator(frame, text, at);
    const end = text.indexOf(frame.end, at);
    // A bracket in the last line of the window may be a longer line's beginning.
    if (end >= 0) return this.#close(frame, text, at, end);
    const comma = lastBoundary(frame, text, at);
    if (comma >= 0) {
      this.#run(frame, text.slice(at, comma));
      frame.behind = "comma";
      return comma + 1;
    }
    if (text.length - at < this.#window && !last) return at;
    return this.#enter(frame, text, at);
  }

  /** Behind a container that was opened comes a comma or the end. */
  #separator(frame: Frame, text: string, at: number): number {
    if (text[at] === ",") {
      frame.behind = "comma";
      return at + 1;
    }
    const { end } = frame;
    if (text.startsWith(end, at)) {
      this.#pop();
      return at + end.length;
    }
    if (text.length - at < end.length) return at;
    throw new SyntaxError("a member is not followed by a comma or the end");
  }

  /** The last members, and the end of the container. */
  #close(frame: Frame, text: string, at: number, end: number): number {
    const run = text.slice(at, end);
    if (/[^ \t\r\n]/.test(run)) this.#run(frame, run);
    else if (frame.behind === "comma") {
      throw new SyntaxError("a comma is not followed by a member");
    }
    this.#pop();
    return end + frame.end.length;
  }

  /** A run of whole members. */
  #run(frame: Frame, run: string): void {
    if (!/[^ \t\r\n]/.test(run)) throw new SyntaxError("a member is missing");
    const members = parseJson(frame.open + run + frame.close);
    if (Array.isArray(members)) this.#builder.addItems(frame.node, members);
    else {
      const object = members as Record<string, unknown>;
      this.#builder.addMembers(frame.node, object);
    }
  }

  /** Opens the member that begins here, if it is a container. */
  #enter(frame: Frame, text: string, at: number): number {
    const { inner } = frame;
    const start = at + inner.length;
    const end = text.indexOf("\n", start);
    if (end < 0 || !text.startsWith(inner, at)) return at;
    const open = text[end - 1];
    if (open !== "{" && open !== "[") return at;
    let key = "";
    if (frame.open === "[") {
      if (end - 1 !== start) return at;
    } else {
      if (text.slice(end - 3, end - 1) !== ": ") return at;
      const name: unknown = JSON.parse(text.slice(start, end - 3));
      if (typeof name !== "string") {
        throw new SyntaxError("a key is not a string");
      }
      key = name;
    }
    this.#push(open, key, inner);
    return end;
  }

  #push(open: "{" | "[", key: string, outer: string): unknown {
    const builder = this.#builder;
    const object = open === "{";
    const node = object ? builder.object() : builder.array();
    const close = object ? "}" : "]";
    this.#stack.push({
      node,
      key,
      open,
      close,
      inner: `${outer}  `,
      end: outer + close,
      behind: "start",
    });
    return node;
  }

  #pop(): void {
    const { node, key } = this.#stack[this.#stack.length - 1];
    this.#stack.pop();
    const outer = this.#stack.at(-1);
    if (!outer) return;
    if (outer.open === "[") this.#builder.push(outer.node, node);
    else this.#builder.set(outer.node, key, node);
    outer.behind = "member";
  }
}

/** The last comma in a text behind which a member of the container begins; -1 if there is none. */
function lastBoundary(frame: Frame, text: string, from: number): number {
  const object = frame.open === "{";
  const mark = `,${frame.inner}${object ? '"' : ""}`;
  let at = text.lastIndexOf(mark);
  // A deeper line has more spaces there; of an array's items the next character is not known.
  while (!object && at >= from && !begins(text[at + mark.length])) {
    at = at === 0 ? -1 : text.lastIndexOf(mark, at - 1);
  }
  return at >= from ? at : -1;
}

function begins(character: string | undefined): boolean {
  return character !== undefined && character !== " ";
}
