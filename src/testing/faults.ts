/**
 * Faults to inject.
 *
 * @module
 */

import { type DurableError, fileSystemError } from "../errors.ts";
import type { SimulatedDirectory, SimulatedFile, SyncFailure } from "./disk.ts";

/** A kind of call. */
export type OperationKind =
  | "open-read"
  | "open-write"
  | "create"
  | "mkdir"
  | "rename"
  | "remove"
  | "stat"
  | "readDir"
  | "syncDir"
  | "lock"
  | "read"
  | "write"
  | "truncate"
  | "size"
  | "dataSync"
  | "sync"
  | "close";

/** The kinds that change what is on disk, or make it durable. */
export const CHANGES: readonly OperationKind[] = [
  "create",
  "mkdir",
  "rename",
  "remove",
  "syncDir",
  "write",
  "truncate",
  "dataSync",
  "sync",
];

/** A call that was made. */
export interface Operation {
  /** Its number, from 1. */
  readonly number: number;
  /** What was called. */
  readonly kind: OperationKind;
  /** The path as it was given. */
  readonly path: string;
  /** The new name, of a rename. */
  readonly to?: string | undefined;
  /** Where it reads or writes, in bytes. */
  readonly offset?: number | undefined;
  /** What it writes. */
  readonly bytes?: Uint8Array | undefined;
  /** The size that a truncation asks for, in bytes. */
  readonly size?: number | undefined;
  /** The fault that was injected into it. */
  fault?: Fault | undefined;
}

/** The POSIX name of an error. */
export type Errno =
  | "EIO"
  | "ENOSPC"
  | "EDQUOT"
  | "EROFS"
  | "EMFILE"
  | "EACCES"
  | "EPERM"
  | "EBUSY";

/** A failure of a call. */
export interface Fault {
  /** Which calls count. @default those of {@linkcode CHANGES} */
  readonly kinds?: readonly OperationKind[] | undefined;
  /** Which of them fails, counted from 1 and from when the fault is injected. @default 1 */
  readonly at?: number | undefined;
  /** Whether all of them fail from there on. @default false */
  readonly lasting?: boolean | undefined;
  /** What it says. */
  readonly errno: Errno;
  /** How many bytes a write takes before it fails. @default 0 */
  readonly written?: number | undefined;
  /** Whether the call takes effect in full, and is reported as failed all the same; a sync does so as `"F6"`. @default false */
  readonly persisted?: boolean | undefined;
  /** How a failing sync leaves things. @default `"F0"` */
  readonly sync?: SyncFailure | undefined;
}

/** The faults that wait for their call. */
export class FaultInjector {
  readonly #waiting: { fault: Fault; left: number }[] = [];

  add(fault: Fault): void {
    this.#waiting.push({ fault, left: fault.at ?? 1 });
  }

  /** Counts a call; the fault that hits it, if one does. */
  hit(kind: OperationKind): Fault | undefined {
    let found: Fault | undefined;
    for (const waiting of this.#waiting) {
      const { fault } = waiting;
      if (!(fault.kinds ?? CHANGES).includes(kind)) continue;
      waiting.left--;
      if (waiting.left === 0 || (waiting.left < 0 && fault.lasting)) {
        found ??= fault;
      }
    }
    return found;
  }
}

/** The error that a runtime would have thrown. */
export function injected(
  action: string,
  path: string,
  errno: Errno,
): DurableError {
  const cause = Object.assign(new Error(`${errno}: injected`), { code: errno });
  return fileSystemError(action, path, errno, cause);
}

/** How a fault leaves things if it hits a sync. */
export function syncFailureOf({ persisted, sync }: Fault): SyncFailure {
  return persisted ? "F6" : sync ?? "F0";
}

/**
 * Syncs a file or a directory, or lets that fail; the caller reports it.
 *
 * @returns Whether the file system is read-only from here on.
 */
export function syncNode(
  node: SimulatedFile | SimulatedDirectory,
  path: string,
  fault: Fault | undefined,
): boolean {
  if (fault) {
    const how = syncFailureOf(fault);
    node.failSync(how);
    node.failsLate = how === "F4";
    return how === "F3";
  }
  if (node.failsLate) {
    node.failsLate = false;
    node.failSync("F1");
    throw injected("sync", path, "EIO");
  }
  node.sync();
  return false;
}

/** A call as text, such as `12 write a.jsonl at 97, 33 bytes`. */
export function operationText(operation: Operation): string {
  const { number, kind, path, to, offset, bytes, size, fault } = operation;
  let text = `${number} ${kind} ${path}`;
  if (to !== undefined) text += ` to ${to}`;
  if (bytes !== undefined) text += ` at ${offset}, ${bytes.length} bytes`;
  else if (offset !== undefined) text += ` at ${offset}`;
  if (size !== undefined) text += ` to ${size} bytes`;
  if (fault) text += `: ${fault.errno}`;
  if (fault?.sync) text += ` (${fault.sync})`;
  if (fault?.written) text += ` after ${fault.written} bytes`;
  if (fault?.persisted) text += " (done all the same)";
  return text;
}
