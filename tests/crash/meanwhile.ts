/**
 * What happens while something else is under way.
 */

import type { Operation, SimulatedFileSystem } from "../../src/testing/mod.ts";

/** Whether a call is the one that is waited for. */
export type When = (operation: Operation) => boolean;

/** The next sync of data. */
export const DATA_SYNC: When = ({ kind }) => kind === "dataSync";

/**
 * Runs something when a call has begun, and before it is seen to end; once for
 * each of `whens`, in their order.
 *
 * @returns Ends that, and waits for what was run.
 */
export function meanwhile(
  fileSystem: SimulatedFileSystem,
  whens: readonly When[],
  run: () => unknown,
): () => Promise<void> {
  const { onOperation } = fileSystem;
  const late: Promise<unknown>[] = [];
  const left = [...whens];
  fileSystem.onOperation = (operation) => {
    if (left[0]?.(operation)) {
      left.shift();
      const running = Promise.resolve().then(run);
      running.catch(() => {}); // the end tells
      late.push(running);
    }
    return onOperation(operation);
  };
  return () => {
    fileSystem.onOperation = onOperation;
    return settled(late);
  };
}

/** Waits for all, also where one fails. */
export async function settled(
  promises: readonly Promise<unknown>[],
): Promise<void> {
  for (const result of await Promise.allSettled(promises)) {
    if (result.status === "rejected") throw result.reason;
  }
}

/** Lets everything come to its end that waits for nothing but other promises, as all that simulated file systems do. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
