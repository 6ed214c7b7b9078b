/** States that write snapshots automatically, and what is seen of that. */

import {
  type FileSystem,
  SnapStore,
  type StateManager,
  type StateManagerOptions,
} from "../../mod.ts";
import type { SimulatedFileSystem } from "../../src/testing/mod.ts";
import { turn } from "./queues_b.ts";
import { DIR, type Order, type Shop } from "./states.ts";

/** The line that says which snapshot counts. */
export const META: string = `${DIR}/snapshot.meta.json`;
/** The file that a snapshot is written to. */
export const NEW: string = `${DIR}/snapshot.json.new`;

/** Options of the state. */
export type Options = Partial<StateManagerOptions<Shop, Order>>;

/** A mutation of about so many bytes; the state has ten members, whatever comes. */
export function put(n: number, bytes = 100): Order {
  const text = "x".repeat(Math.max(1, bytes - 60));
  return { put: { key: `k${n % 10}`, count: n, tags: [text] } };
}

/** Applies mutations one after the other. */
export async function fill(
  shop: StateManager<Shop, Order>,
  count: number,
  bytes?: number,
): Promise<void> {
  for (let n = 0; n < count; n++) await shop.apply(put(n, bytes));
  await turn();
}

/** The number of the snapshot that is there; 0 for none. */
export async function snapshotOf(fileSystem: FileSystem): Promise<number> {
  const store = new SnapStore(DIR, { fileSystem });
  return await store.exists() ? (await store.restore()).sequence : 0;
}

/** Counts the snapshots that are committed, and the bytes that are written to them and to the log. */
export function watch(fileSystem: SimulatedFileSystem): {
  snapshots: number;
  attempts: number;
  last: number;
  written: number;
  logged: number;
} {
  const seen = { snapshots: 0, attempts: 0, last: 0, written: 0, logged: 0 };
  fileSystem.onOperation = ({ kind, path, to, bytes }) => {
    const { length } = bytes ?? "";
    if (kind === "rename" && to === META) seen.snapshots++;
    if (kind === "create" && path === NEW) {
      seen.attempts++;
      seen.last = 0;
    }
    if (path === NEW) {
      seen.last += length;
      seen.written += length;
    } else if (path.includes("journal.jsonl")) seen.logged += length;
  };
  return seen;
}

/** A file system that counts the bytes that are read. */
export function counting(fileSystem: FileSystem): { read: number } {
  const counter = { read: 0 };
  const open = fileSystem.open.bind(fileSystem);
  fileSystem.open = async (path, options) => {
    const handle = await open(path, options);
    const read = handle.read.bind(handle);
    return Object.assign(handle, {
      read: async (buffer: Uint8Array, offset: number) => {
        const count = await read(buffer, offset);
        counter.read += count;
        return count;
      },
    });
  };
  return counter;
}
