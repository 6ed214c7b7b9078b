/**
 * The past of a state, read from the log.
 *
 * @module
 */

import { DurableError } from "../errors.ts";
import { readLog } from "../wal/reader.ts";
import type { StateChange } from "./feed.ts";
import { loadOrigin, loadState, mutationOf, type Origin } from "./load.ts";
import type { Plan } from "./options.ts";
import { adoptState } from "./take.ts";

/** Reads the mutations from one sequence number to another. */
export async function* readChanges<S, M>(
  plan: Plan<S, M>,
  from: number,
  to: number,
): AsyncGenerator<StateChange<M>, void, undefined> {
  const { log, reading, version } = plan;
  const source = { ...log, reading, from, maxSchema: version };
  for await (const { first, records, schema } of readLog(source)) {
    let sequence = first - 1;
    for (const record of records) {
      if (++sequence > to) return;
      const mutation = mutationOf(plan, record, schema, sequence);
      yield { sequence, mutation };
    }
  }
}

/** The state as it was behind a mutation. */
export async function stateAt<S, M>(
  plan: Plan<S, M>,
  sequence: number,
): Promise<S> {
  if (!Number.isSafeInteger(sequence) || sequence < 0) {
    throw new RangeError(
      `Cannot read the state as of ${sequence}: it is not a whole number from 0`,
    );
  }
  const origin = await originFor(plan, sequence);
  const loaded = await loadState(plan, origin, sequence);
  if (loaded.sequence === sequence) return loaded.tree.copy();
  throw new RangeError(
    `Cannot read the state as of ${sequence}: "${plan.log.path}" ends with record ${loaded.sequence}`,
  );
}

/** The newest state at hand that is not newer than wanted. */
async function originFor<S, M>(
  plan: Plan<S, M>,
  wanted: number,
): Promise<Origin> {
  const origin = await loadOrigin(plan);
  if (origin.sequence <= wanted) return origin;
  const damage = new DurableError(
    "TRUNCATED",
    `Cannot read the state as of ${wanted}: the snapshot is as of ${origin.sequence}`,
    { path: plan.log.path, sequence: wanted },
  );
  return { state: adoptState(plan.initial), sequence: 0, bytes: 0, damage };
}
