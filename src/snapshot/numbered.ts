/**
 * The files of minisnap 0.1.3: `snapshot_00000000000000000042.json` holds
 * `{"seq":42,"state":…}`, and the one with the highest number counts.
 *
 * @module
 */

import type { DurableError } from "../errors.ts";
import { corrupt, pathOf, type SnapshotPlace } from "./meta.ts";
import { parseFile, type ParseLimits, UnreadableError } from "./json_file.ts";
import { adopt, type JsonBuilder } from "./plain.ts";

/** A file with a number in its name. */
export interface Numbered {
  /** Its name. */
  readonly name: string;
  /** The number. */
  readonly sequence: number;
}

/** The file with the highest number; `undefined` if there is none. */
export async function latestNumbered(
  place: SnapshotPlace,
): Promise<Numbered | undefined> {
  let names: string[];
  try {
    names = await place.fileSystem.readDir(place.dir);
  } catch (error) {
    if ((error as DurableError).code === "NOT_FOUND") return undefined;
    throw error;
  }
  let latest: Numbered | undefined;
  for (const name of names) {
    const digits = /^snapshot_(\d+)\.json$/.exec(name)?.[1];
    if (digits === undefined) continue;
    const sequence = Number(digits);
    if (!latest || sequence > latest.sequence) latest = { name, sequence };
  }
  return latest;
}

/**
 * The state in a numbered file.
 *
 * @throws {DurableError} `CORRUPT` if it is damaged.
 */
export async function readNumbered(
  place: SnapshotPlace,
  { name, sequence }: Numbered,
  builder: JsonBuilder,
  limits: ParseLimits | undefined,
): Promise<unknown> {
  const { fileSystem } = place;
  const path = pathOf(place, name);
  const handle = await fileSystem.open(path, { mode: "read" });
  const envelope = new EnvelopeBuilder(builder);
  try {
    await parseFile(fileSystem, handle, envelope, limits);
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    const { message, offset } = error;
    throw corrupt(place, name, `"${name}" is damaged: ${message}`, {
      offset,
      sequence,
      cause: error,
    });
  } finally {
    await handle.close();
  }
  const { seq, state } = envelope.members;
  if (
    !Number.isSafeInteger(sequence) || seq !== sequence || state === undefined
  ) {
    const reason = `"${name}" does not hold a state and the number in its name`;
    throw corrupt(place, name, reason, { sequence });
  }
  return state;
}

/** Lets a builder make the state, and keeps what stands around it. */
class EnvelopeBuilder implements JsonBuilder {
  /** What the outermost object holds. */
  readonly members: { seq?: unknown; state?: unknown } = {};
  readonly #inner: JsonBuilder;
  #begun = false;

  constructor(inner: JsonBuilder) {
    this.#inner = inner;
  }

  object(): unknown {
    if (this.#begun) return this.#inner.object();
    this.#begun = true;
    return this.members;
  }

  array(): unknown {
    this.#begun = true;
    return this.#inner.array();
  }

  addMembers(object: unknown, members: Record<string, unknown>): void {
    if (object !== this.members) this.#inner.addMembers(object, members);
    else {
      for (const key of Object.keys(members)) {
        this.set(object, key, adopt(members[key], this.#inner));
      }
    }
  }

  addItems(array: unknown, items: unknown[]): void {
    this.#inner.addItems(array, items);
  }

  set(object: unknown, key: string, value: unknown): void {
    if (object !== this.members) this.#inner.set(object, key, value);
    else if (key === "seq" || key === "state") this.members[key] = value;
  }

  push(array: unknown, value: unknown): void {
    this.#inner.push(array, value);
  }
}
