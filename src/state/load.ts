/**
 * From the disk to a state: the snapshot, and the records behind it. Changes
 * nothing.
 *
 * What must fit together, and what happens if it does not:
 *
 * 1. A snapshot at S, a log that has the records from S + 1 on: they are applied
 *    to the snapshot.
 * 2. No snapshot, a log from record 1 on: all of it is applied.
 * 3. A snapshot that is damaged, or older with no `migrate`, and a log from record
 *    1 on: as 2, and reported. If the log begins later: refused.
 * 4. No snapshot, and a log that begins later: refused.
 * 5. A log that ends in front of S, or begins behind S + 1: refused, for records
 *    are missing that were durable, and their numbers would be given again.
 * 6. A snapshot or a record of a newer version: refused.
 * 7. A record that `validate`, `upcast` or the reducer refuses: refused, as it had
 *    been accepted. A snapshot that `migrate` refuses: likewise.
 *
 * @module
 */

import { DurableError, messageOf } from "../errors.ts";
import { type ReadSnapshot, readSnapshot } from "../snapshot/read.ts";
import type { LogFiles } from "../wal/active.ts";
import type { Decoded } from "../wal/decode.ts";
import { encodeExactly } from "../wal/codec.ts";
import { planLog } from "../wal/plan.ts";
import { type LogEnd, readLog } from "../wal/reader.ts";
import { convert, NotConverted, NotGiven } from "./convert.ts";
import { type Plan, stateError } from "./options.ts";
import { finished, treeBuilder } from "./serial.ts";
import { adoptState } from "./take.ts";
import { Tree } from "./tree.ts";
import { copyOut } from "./values.ts";

/** Where a state began that was read. */
export interface Origin {
  /** The state as a value. */
  readonly state: unknown;
  /** Sequence number of the last mutation in it; 0 for the initial state. */
  readonly sequence: number;
  /** Size of the snapshot in bytes; 0 for none, or if another program wrote it. */
  readonly bytes: number;
  /** Why a snapshot that is there was not used. */
  readonly damage: DurableError | undefined;
}

/** A state that was read. */
export interface Loaded<S> {
  /** The state. */
  readonly tree: Tree<S>;
  /** Sequence number of the last mutation in it. */
  readonly sequence: number;
  /** Sequence number of the snapshot it began with; 0 for none. */
  readonly origin: number;
  /** Size of that snapshot in bytes; 0 for none, or if another program wrote it. */
  readonly snapshotBytes: number;
  /** How many bytes of the log were applied to it, give or take a few lines. */
  readonly tailBytes: number;
  /** Why a snapshot that is there was not used. */
  readonly damage: DurableError | undefined;
}

/** Reads the snapshot, if it can be used, else takes the initial state. */
export async function loadOrigin<S, M>(plan: Plan<S, M>): Promise<Origin> {
  const { place, version, migrate } = plan;
  const start = { state: adoptState(plan.initial), sequence: 0, bytes: 0 };
  let found: ReadSnapshot;
  try {
    found = await readSnapshot(place, { version }, treeBuilder);
  } catch (error) {
    const { code } = error as DurableError;
    if (code === "NOT_FOUND") return { ...start, damage: undefined };
    if (code === "CORRUPT") return { ...start, damage: error as DurableError };
    throw error;
  }
  const { sequence, bytes, version: from } = found;
  const state = finished(found.state);
  if (from === version) return { state, sequence, bytes, damage: undefined };
  const about =
    `Cannot use the snapshot in "${place.dir}": it is of version ${from}`;
  const at = { path: place.dir, sequence };
  try {
    const conversion = {
      name: "migrate",
      run: migrate,
      what: "state",
      take: adoptState,
    } as const;
    const migrated = convert(conversion, copyOut(state), from);
    return { state: migrated, sequence, bytes, damage: undefined };
  } catch (error) {
    if (error instanceof NotConverted) {
      const { message, cause } = error;
      throw new DurableError(
        "REJECTED",
        `${about}, and ${message}; correct migrate and try again, nothing was changed`,
        { ...at, cause },
      );
    }
    if (!(error instanceof NotGiven)) throw error;
    const damage = new DurableError(
      "UNSUPPORTED_VERSION",
      `${about}, this program writes version ${version}, and the option migrate is missing`,
      at,
    );
    return { ...start, damage };
  }
}

/** Refuses a log of which mini-rs has deleted the beginning: it no longer tells its numbers. */
export async function refuseShortened(log: LogFiles): Promise<void> {
  const { fileSystem, path } = log;
  const [first] = (await planLog(fileSystem, path)).segments;
  if (
    first?.head.kind !== "v0.1" || first.number === 1 || first.path === path ||
    (first.first ?? 1) > 1
  ) return;
  throw stateError(
    "CORRUPT",
    log,
    `the log begins with segment ${first.number}: mini-rs has deleted the segments before it, so the numbers of the remaining records are unknown`,
  );
}

/**
 * Reads a state.
 *
 * @param plan What it is made of.
 * @param origin Where to begin.
 * @param to The last mutation wanted; all by default.
 */
export async function loadState<S, M>(
  plan: Plan<S, M>,
  origin: Origin,
  to: number = Infinity,
): Promise<Loaded<S>> {
  const tree = new Tree<S>(origin.state, origin.sequence);
  let { sequence } = origin;
  let tailBytes = 0;
  const end = await replay(plan, origin, (batch) => {
    if (batch.records.length > 0) tailBytes += batch.bytes;
    sequence = applyBatch(plan, tree, batch, to);
    return sequence < to;
  });
  if (end !== undefined && end.sequence < origin.sequence) {
    throw stateError(
      "CORRUPT",
      plan.log,
      `it ends with record ${end.sequence}, and the snapshot with record ${origin.sequence}: records that were durable are missing from the log; restore the snapshot and the log from one backup`,
      { sequence: end.sequence + 1 },
    );
  }
  return {
    tree,
    sequence,
    origin: origin.sequence,
    snapshotBytes: origin.bytes,
    tailBytes,
    damage: origin.damage,
  };
}

/**
 * Reads the records behind a state, until `take` says no.
 *
 * @returns What the log ends with; `undefined` if `take` said no.
 */
async function replay<S, M>(
  plan: Plan<S, M>,
  { sequence, damage }: Origin,
  take: (batch: Decoded<unknown>) => boolean,
): Promise<LogEnd | undefined> {
  const { log, reading, version } = plan;
  const from = sequence + 1;
  try {
    const batches = readLog({ ...log, reading, from, maxSchema: version });
    let next = await batches.next();
    for (; !next.done; next = await batches.next()) {
      if (take(next.value)) continue;
      await batches.return(undefined as never);
      return undefined;
    }
    return next.value;
  } catch (error) {
    const { code, sequence: first } = error as DurableError;
    if (code !== "TRUNCATED") throw error;
    if (damage) {
      throw new DurableError(
        damage.code,
        `${damage.message}; the log cannot replace the snapshot, because it begins with record ${first}`,
        { path: damage.path, offset: damage.offset, sequence, cause: damage },
      );
    }
    const what = sequence === 0
      ? "there is no snapshot: the records before it were removed, as compact() does when a snapshot holds them, and the files of that snapshot are gone; restore snapshot.json and snapshot.meta.json from a backup"
      : `the snapshot ends with record ${sequence}: the records between them are missing; restore the snapshot and the log from one backup`;
    throw stateError(
      "CORRUPT",
      log,
      `it begins with record ${first}, and ${what}`,
      { sequence: from, cause: error },
    );
  }
}

/**
 * Applies the records of a batch up to `to`.
 *
 * @returns The sequence number of the last one that was applied.
 */
export function applyBatch<S, M>(
  plan: Plan<S, M>,
  tree: Tree<S>,
  { first, records, schema }: Decoded<unknown>,
  to: number = Infinity,
  onMutation?: (sequence: number, mutation: M) => void,
): number {
  let sequence = first - 1;
  for (const record of records) {
    if (sequence >= to) break;
    sequence++;
    const mutation = mutationOf(plan, record, schema, sequence);
    // A reducer may change what it receives; listeners must not see that.
    const given = onMutation && !plan.codec ? copyOut(mutation) as M : mutation;
    applyOne(plan, tree, given, sequence);
    onMutation?.(sequence, mutation);
  }
  return sequence;
}

/** Applies the mutation of a record, which the reducer had accepted when it was written. */
export function applyOne<S, M>(
  { apply, log }: Plan<S, M>,
  tree: Tree<S>,
  mutation: M,
  sequence: number,
): void {
  try {
    tree.change(sequence, apply, [mutation]);
  } catch (cause) {
    throw stateError(
      "REJECTED",
      log,
      `the reducer refuses record ${sequence}, which it had accepted: ${
        messageOf(cause)
      }`,
      { sequence, cause },
    );
  }
}

/** The mutation that a record stands for, in the version of this program. */
export function mutationOf<S, M>(
  { log, version, upcast, codec, check }: Plan<S, M>,
  record: unknown,
  schema: number,
  sequence: number,
): M {
  try {
    if (schema >= version) return check(record);
    const conversion = {
      name: "upcast",
      run: upcast,
      what: "mutation",
      // What a codec decodes need not be JSON data.
      take: (data: unknown) => codec ? data : encodeExactly(data).exact,
    } as const;
    return check(convert(conversion, record, schema));
  } catch (cause) {
    const about = `record ${sequence} is of version ${schema}`;
    if (cause instanceof NotGiven) {
      throw stateError(
        "UNSUPPORTED_VERSION",
        log,
        `${about}, this program writes version ${version}, and the option upcast is missing`,
        { sequence },
      );
    }
    if (cause instanceof NotConverted) {
      throw stateError(
        "INVALID_RECORD",
        log,
        `${about}, and ${cause.message}; correct upcast and try again, nothing was changed`,
        { sequence, cause: cause.cause },
      );
    }
    throw stateError(
      "INVALID_RECORD",
      log,
      `record ${sequence} is not a valid mutation: ${messageOf(cause)}`,
      { sequence, cause },
    );
  }
}
