/**
 * Whether snapshot and log tell the same story, and a reducer tells it twice.
 *
 * @module
 */

import type { DurableError, DurableErrorCode } from "../errors.ts";
import { NAMES, readSmall } from "../snapshot/meta.ts";
import { readLog } from "../wal/reader.ts";
import { verifyLog, type VerifyReport } from "../wal/verify.ts";
import { applyOne, loadOrigin, mutationOf, type Origin } from "./load.ts";
import { type Plan, stateError } from "./options.ts";
import { adoptState } from "./take.ts";
import { isSameStep, type Step } from "./trace.ts";
import { Tree } from "./tree.ts";
import { copyOut } from "./values.ts";
import { inWorlds } from "./worlds.ts";

/** Two states that must be the same, and are not. */
export interface StateDifference {
  /** Which two: two replays of the same records, or a replay and the snapshot with what follows it. */
  readonly between: "replays" | "replay and snapshot";
  /** Sequence number of the mutation behind which they differ. */
  readonly sequence: number;
  /** Where in the state, such as `entries.a[0]`; empty for all of it. */
  readonly path: string;
  /** What the first has there; `undefined` for nothing. */
  readonly left: unknown;
  /** What the second has there; `undefined` for nothing. */
  readonly right: unknown;
}

/** What a state is made of, and what is wrong with it. */
export interface StateReport {
  /** Whether nothing is wrong. */
  readonly ok: boolean;
  /** What the log is made of. */
  readonly log: VerifyReport;
  /** Sequence number of the last mutation that was applied. */
  readonly sequence: number;
  /** Sequence number of the snapshot; `undefined` for none. */
  readonly snapshot: number | undefined;
  /** Whether the log reaches back to its first record, so that it could be compared with the snapshot. */
  readonly fromScratch: boolean;
  /** The first difference. */
  readonly difference: StateDifference | undefined;
  /** The first damage of the snapshot, of the log, or between them. */
  readonly damage: DurableError | undefined;
}

/** How often everything is read that a writer overtakes. */
const ATTEMPTS = 10;

/** Reads everything and reports what was found. */
export async function verifyState<S, M>(
  plan: Plan<S, M>,
): Promise<StateReport> {
  for (let attempt = 1;; attempt++) {
    const before = await readSmall(plan.place, NAMES.meta);
    const report = await verifyOnce(plan);
    // What does not fit may be of two moments, if the snapshot was replaced.
    const isStill = before === await readSmall(plan.place, NAMES.meta);
    if (report.ok || isStill || attempt === ATTEMPTS) return report;
  }
}

async function verifyOnce<S, M>(plan: Plan<S, M>): Promise<StateReport> {
  const { log: { fileSystem, path }, reading } = plan;
  const log = await verifyLog({ fileSystem, path, reading });
  const fromScratch = log.firstSequence === 1 || log.lastSequence === 0;
  const report = {
    log,
    sequence: 0,
    snapshot: undefined,
    fromScratch,
    difference: undefined,
    damage: log.damage,
  };
  if (log.damage) return { ok: false, ...report };
  try {
    const origin = await loadOrigin(plan);
    const damage = origin.damage ?? gap(plan, origin, log, fromScratch);
    if (damage && !fromScratch) return { ...report, ok: false, damage };
    const { sequence, difference } = await compare(plan, origin, fromScratch);
    return {
      ...report,
      ok: difference === undefined && damage === undefined,
      sequence,
      snapshot: origin.sequence || undefined,
      difference,
      damage,
    };
  } catch (error) {
    if (!DAMAGE.includes((error as DurableError).code)) throw error;
    return { ...report, ok: false, damage: error as DurableError };
  }
}

/** Errors that say something about the state, and not about the way to it. */
const DAMAGE: readonly DurableErrorCode[] = [
  "CORRUPT",
  "TRUNCATED",
  "REJECTED",
  "INVALID_RECORD",
  "UNSUPPORTED_VERSION",
];

/** Whether records are missing between the snapshot and the log. */
function gap<S, M>(
  { log }: Plan<S, M>,
  { sequence }: Origin,
  { lastSequence }: VerifyReport,
  fromScratch: boolean,
): DurableError | undefined {
  if (lastSequence >= sequence && (fromScratch || sequence > 0)) {
    return undefined;
  }
  const what = lastSequence < sequence
    ? `it ends with record ${lastSequence}, and the snapshot holds ${sequence}`
    : "its first records were removed, and there is no snapshot";
  return stateError("CORRUPT", log, `${what}: records are missing`, {
    sequence: lastSequence + 1,
  });
}

/** Replays the log twice, step by step, the second time in another world, and once more from the snapshot. */
async function compare<S, M>(
  plan: Plan<S, M>,
  origin: Origin,
  fromScratch: boolean,
): Promise<{ sequence: number; difference: StateDifference | undefined }> {
  // Two replays must not share what they change.
  const start = () =>
    adoptState(fromScratch ? plan.initial : copyOut(origin.state));
  let sequence = fromScratch ? 0 : origin.sequence;
  const left = new Tree<S>(start(), sequence);
  const right = new Tree<S>(start(), sequence);
  let third: Tree<S> | undefined;
  const join = () => {
    if (!fromScratch || origin.sequence !== sequence || sequence === 0) return;
    third = new Tree<S>(origin.state, sequence);
    return differ("replay and snapshot", sequence, left, third);
  };
  const source = {
    ...plan.log,
    reading: { ...plan.reading, decode: (text: string): unknown => text },
    from: sequence + 1,
    maxSchema: plan.version,
  };
  for await (const { first, records, schema } of readLog(source)) {
    sequence = first - 1;
    const found = inWorlds((enter) => {
      for (const record of records) {
        sequence++;
        const step = (tree: Tree<S>) => {
          // Each replay has a mutation of its own, which its reducer may change.
          const decoded = plan.reading.decode(record as string);
          const mutation = mutationOf(plan, decoded, schema, sequence);
          applyOne(plan, tree, mutation, sequence);
        };
        const traced = (tree: Tree<S>): Step => {
          const before = tree.newestRoot;
          step(tree);
          return { before, after: tree.newestRoot, changes: tree.lastChanges };
        };
        enter("one");
        const one = traced(left);
        enter("other");
        const other = traced(right);
        enter("own");
        if (third) step(third);
        const difference = isSameStep(one, other)
          ? join()
          : differ("replays", sequence, left, right) ?? join();
        if (difference) return difference;
      }
      return undefined;
    });
    if (found) return { sequence, difference: found };
  }
  const difference = differ("replays", sequence, left, right) ??
    (third && differ("replay and snapshot", sequence, left, third));
  return { sequence, difference };
}

function differ<S>(
  between: StateDifference["between"],
  sequence: number,
  one: Tree<S>,
  other: Tree<S>,
): StateDifference | undefined {
  const difference = firstDifference(one.copy(), other.copy());
  return difference && { between, sequence, ...difference };
}

/** Where two values differ first, walking in the order of the first one's members. */
function firstDifference(
  left: unknown,
  right: unknown,
  path: string = "",
): { path: string; left: unknown; right: unknown } | undefined {
  if (Object.is(left, right)) return undefined;
  if (
    typeof left !== "object" || typeof right !== "object" || left === null ||
    right === null || Array.isArray(left) !== Array.isArray(right)
  ) return { path, left, right };
  const [a, b] = [left, right] as Record<string, unknown>[];
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const step = Array.isArray(left)
      ? `[${key}]`
      : path === ""
      ? key
      : `.${key}`;
    const difference = firstDifference(
      Object.hasOwn(a, key) ? a[key] : undefined,
      Object.hasOwn(b, key) ? b[key] : undefined,
      path + step,
    );
    if (difference) return difference;
  }
  return undefined;
}
