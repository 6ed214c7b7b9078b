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
 *    been accepted.
 *
 * @module
 */

import { DurableError, messageOf } from "../errors.ts";
import { type ReadSnapshot, readSnapshot } from "../snapshot/read.ts";
import type { LogFiles } from "../wal/active.ts";
import type { Decoded } from "../wal/decode.ts";
import { planLog } from "../wal/plan.ts";
import { type LogEnd, readLog } from "../wal/reader.ts";
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
  if (migrate) {
    const migrated = migrate(copyOut(state), from);
    return { state: adoptState(migrated), sequence, bytes, damage: undefined };
  }
  const damage = new DurableError(
    "UNSUPPORTED_VERSION",
    `Cannot use the snapshot in "${place.dir}": it is of version ${from}, this program writes ${version}, and there is no migrate`,
    { path: place.dir, sequence },
  );
  return { ...start, damage };
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
    `the log begins with segment ${first.number}: mini-rs has deleted the records in front of it, so that those that are left have no numbers`,
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
      `it ends with record ${end.sequence}, and the snapshot holds ${origin.sequence}: records that were durable are missing`,
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
        `${damage.message}; the log begins with record ${first}, so it cannot take the place of the snapshot`,
        { path: damage.path, offset: damage.offset, sequence, cause: damage },
      );
    }
    const what = sequence === 0
      ? "there is no snapshot"
      : `the snapshot holds those up to ${sequence}`;
    throw stateError(
      "CORRUPT",
      log,
      `it begins with record ${first}, and ${what}: records are missing`,
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
  { log, version, upcast, check }: Plan<S, M>,
  record: unknown,
  schema: number,
  sequence: number,
): M {
  const isOld = schema < version;
  if (isOld && !upcast) {
    throw stateError(
      "UNSUPPORTED_VERSION",
      log,
      `record ${sequence} is of version ${schema}, this program writes ${version}, and there is no upcast`,
      { sequence },
    );
  }
  try {
    return check(isOld && upcast ? upcast(record, schema) : record);
  } catch (cause) {
    throw stateError(
      "INVALID_RECORD",
      log,
      `record ${sequence} is not a valid mutation: ${messageOf(cause)}`,
      { sequence, cause },
    );
  }
}
