/**
 * A file of JSON, read into values.
 *
 * @module
 */

import { messageOf } from "../errors.ts";
import type { FileHandle, FileSystem } from "../file_system.ts";
import { parseJson } from "../native_json.ts";
import { parsePieces, type TextWindows } from "./parse.ts";
import { adopt, type JsonBuilder } from "./plain.ts";

/** Bounds of memory, in bytes. */
export interface ParseLimits {
  /** How much is read at a time. */
  readonly window: number;
  /** Files up to this size are parsed at once. */
  readonly whole: number;
  /** Files up to this size can be one string: V8's longest has 2^29 - 24 units. */
  readonly longest: number;
}

/** The bounds that are used if none are given. */
export const PARSE_LIMITS: ParseLimits = {
  window: 1 << 18,
  whole: 1 << 22,
  longest: 2 ** 29 - 24,
};

/** What a file holds. */
export interface ParsedFile {
  /** What the builder made. */
  readonly value: unknown;
  /** CRC-32 of all its bytes. */
  readonly crc32: number;
}

/** A file does not hold JSON. */
export class UnreadableError extends Error {
  /** Always `"UnreadableError"`. */
  override readonly name = "UnreadableError";
  /** Where, in bytes, if that is known. */
  readonly offset: number | undefined;

  constructor(reason: string, offset?: number, options?: ErrorOptions) {
    super(reason, options);
    this.offset = offset;
  }
}

/**
 * Reads a file of JSON: in pieces, if it is large and laid out as ours are, else
 * at once.
 *
 * @throws {UnreadableError} If it holds no JSON, or too much to be read at once.
 */
export async function parseFile(
  fileSystem: FileSystem,
  handle: FileHandle,
  builder: JsonBuilder,
  limits: ParseLimits = PARSE_LIMITS,
): Promise<ParsedFile> {
  const size = await handle.size();
  if (size > limits.whole) {
    const windows = new FileWindows(fileSystem, handle, limits.window);
    try {
      const value = await parsePieces(windows, builder, limits.window);
      return { value, crc32: windows.crc32 };
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      if (size > limits.longest) {
        const reason =
          "it is not laid out as JSON.stringify(state, null, 2) does, and is too long to be parsed in one piece";
        throw new UnreadableError(reason, undefined, { cause: error });
      }
    }
  }
  const windows = new FileWindows(fileSystem, handle, Math.max(1, size));
  let text = "";
  let next = await windows.next();
  for (; next !== undefined; next = await windows.next()) text += next;
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    throw new UnreadableError(messageOf(error), undefined, { cause: error });
  }
  return { value: adopt(value, builder), crc32: windows.crc32 };
}

/** The text of a file, with its checksum on the way. */
class FileWindows implements TextWindows {
  /** CRC-32 of what was read. */
  crc32 = 0;
  readonly #fileSystem: FileSystem;
  readonly #handle: FileHandle;
  readonly #buffer: Uint8Array;
  // The byte order mark is kept, because no JSON begins with one.
  readonly #decoder = new TextDecoder("utf-8", {
    fatal: true,
    ignoreBOM: true,
  });
  #offset = 0;
  #ended = false;

  constructor(fileSystem: FileSystem, handle: FileHandle, window: number) {
    this.#fileSystem = fileSystem;
    this.#handle = handle;
    this.#buffer = new Uint8Array(window);
  }

  async next(): Promise<string | undefined> {
    while (!this.#ended) {
      const count = await this.#handle.read(this.#buffer, this.#offset);
      const bytes = this.#buffer.subarray(0, count);
      this.#ended = count < this.#buffer.length;
      this.crc32 = this.#fileSystem.crc32(bytes, this.crc32);
      const text = this.#decode(bytes);
      this.#offset += count;
      if (text !== "") return text;
    }
    return undefined;
  }

  #decode(bytes: Uint8Array): string {
    try {
      return this.#decoder.decode(bytes, { stream: !this.#ended });
    } catch (error) {
      const reason = "its text is not UTF-8";
      throw new UnreadableError(reason, this.#offset, { cause: error });
    }
  }
}
