/**
 * Faults to inject into the calls of a workload.
 */

import { DurableError, type DurableErrorCode } from "../../mod.ts";
import type { Errno, Fault, OperationKind } from "../../src/testing/mod.ts";
import type { Call } from "./workload.ts";

/** Ways in which calls of some kinds fail. */
export interface Injection {
  readonly kinds: readonly OperationKind[];
  readonly errnos: readonly Errno[];
  /** Whether the call alone fails, or all changes (all looks) from it on. @default both */
  readonly lasting?: boolean | undefined;
  /** Parts of its bytes that a write takes before it fails; 0 is one byte. @default no byte */
  readonly parts?: readonly number[] | undefined;
  /** How a sync that fails leaves things. */
  readonly sync?: Fault["sync"];
}

/** The code of the error that a fault becomes. */
export const CODES: Readonly<Record<Errno, DurableErrorCode>> = {
  EIO: "IO",
  EBUSY: "IO",
  ENOSPC: "NO_SPACE",
  EDQUOT: "NO_SPACE",
  EROFS: "READ_ONLY",
  EMFILE: "TOO_MANY_FILES",
  EACCES: "PERMISSION",
  EPERM: "PERMISSION",
};

/** The faults that a call can meet. */
export function* faultsAt(
  { kind, among, at, length }: Call,
  injections: readonly Injection[],
): Generator<Fault> {
  for (const { kinds, errnos, lasting, parts, sync } of injections) {
    if (!kinds.includes(kind)) continue;
    const sizes = parts?.map((part) => Math.max(1, Math.floor(part * length)));
    for (const errno of errnos) {
      for (const written of new Set(sizes ?? [undefined])) {
        for (const lasts of lasting === undefined ? [false, true] : [lasting]) {
          yield { kinds: among, at, errno, lasting: lasts, written, sync };
        }
      }
    }
  }
}

/** The code of an error; `undefined` for any other value. */
export function codeOf(error: unknown): DurableErrorCode | undefined {
  return error instanceof DurableError ? error.code : undefined;
}
