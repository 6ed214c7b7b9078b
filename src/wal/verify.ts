/**
 * Reads a whole log for a report.
 *
 * @module
 */

import type { DurableError, DurableErrorCode } from "../errors.ts";
import { readLog, type TornTail } from "./reader.ts";
import type { LogSource } from "./segment_reader.ts";

/** What a log is made of, and what is wrong with it. */
export interface VerifyReport {
  /** Whether every byte is accounted for; a torn tail, which the next open cuts off, does not count against it. */
  readonly ok: boolean;
  /** Segments that were read to their end. */
  readonly segments: number;
  /** Records that are intact, up to the first damage. */
  readonly records: number;
  /** Bytes of the segments that were read to their end. */
  readonly bytes: number;
  /** Sequence number of the first record; `undefined` if there is none. */
  readonly firstSequence: number | undefined;
  /** Sequence number of the last intact record; 0 if there is none. */
  readonly lastSequence: number;
  /** Whether the last writer closed the log. */
  readonly closed: boolean;
  /** What a crash left at the end of the newest segment. */
  readonly torn: TornTail | undefined;
  /** The first damage: `CORRUPT` or another code, with file, offset, line and sequence. */
  readonly damage: DurableError | undefined;
}

/** Errors that say something about the log, and not about the way to it. */
const DAMAGE: readonly DurableErrorCode[] = [
  "CORRUPT",
  "NOT_A_JOURNAL",
  "UNSUPPORTED_VERSION",
  "INVALID_RECORD",
];

/** Reads a whole log and reports what it found. */
export async function verifyLog<R>(
  source: LogSource<R>,
): Promise<VerifyReport> {
  let segments = 0;
  let bytes = 0;
  let records = 0;
  let firstSequence: number | undefined;
  let lastSequence = 0;
  let closed = false;
  let torn: TornTail | undefined;
  let damage: DurableError | undefined;
  const onSegment = (_: unknown, __: unknown, size: number) => {
    segments++;
    bytes += size;
  };
  const reader = readLog({ ...source, onSegment, mustExist: true });
  try {
    let batch = await reader.next();
    for (; !batch.done; batch = await reader.next()) {
      records += batch.value.records.length;
      lastSequence = batch.value.last;
      if (records > 0) firstSequence ??= batch.value.first;
    }
    ({ closed, torn, sequence: lastSequence } = batch.value);
  } catch (error) {
    if (!DAMAGE.includes((error as DurableError).code)) throw error;
    damage = error as DurableError;
  }
  return {
    ok: damage === undefined,
    segments,
    records,
    bytes,
    firstSequence,
    lastSequence,
    closed,
    torn,
    damage,
  };
}
