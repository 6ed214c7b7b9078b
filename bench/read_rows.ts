/**
 * Rows for reads of `StateManager.state`: the number in the entry of a key, for
 * one key after the other in an order without a pattern.
 *
 * @module
 */

import { rm } from "node:fs/promises";
import { ENTRIES, SQLITE_MODULES } from "./apply_rows.ts";
import {
  type Bench,
  freshDirectory,
  type Heading,
  measure,
  openPeer,
} from "./bench.ts";
import { type Entry, keyOf, type Put, puts, scattered } from "./entries.ts";
import { blocking, type Side } from "./measure.ts";
import type { Keyed, KeyedPeer } from "./peers/keyed.ts";
import { lmdbKeyed } from "./peers/lmdb_keyed.ts";
import { sqliteKeyed } from "./peers/sqlite_keyed.ts";
import { stateManager } from "./peers/state_manager.ts";

/** Reads between two looks at the clock. */
const PASS = 1000;
/** Mutations that wait while the state is read. */
const WAITING = 64;

const plainObject: KeyedPeer = {
  writes: "nothing",
  reads: "a plain object",
  open(_, puts) {
    const entries: Record<string, Entry> = {};
    for (const { put: { key, n, text } } of puts) entries[key] = { n, text };
    return Promise.resolve({
      put: () => Promise.reject(new Error("nothing of it is durable")),
      get: (key) => entries[key].n,
      close: () => Promise.resolve(),
    });
  },
};

/** All rows for reads. */
export async function readRows(bench: Bench): Promise<void> {
  const entries = [...puts(ENTRIES)];
  const keys = scattered(ENTRIES).map(keyOf);
  const rivals = [...SQLITE_MODULES.map(sqliteKeyed), lmdbKeyed, plainObject];
  for (const peer of rivals) {
    const heading: Heading = {
      what: "read state.entries[key].n",
      peer: peer.reads,
      unit: "reads/s",
    };
    const directory = await freshDirectory(bench);
    const other = await openPeer(
      bench,
      heading,
      () => peer.open(directory, entries),
    );
    if (other !== undefined) {
      const own = await stateManager.open(directory, entries);
      await measure(bench, heading, sideOf(own, keys), sideOf(other, keys));
      await own.close();
      await other.close();
    }
    await rm(directory, { recursive: true });
  }
  await waitingRow(bench, entries, keys);
}

/** What it costs to keep back what is not durable yet. */
async function waitingRow(
  bench: Bench,
  entries: readonly Put[],
  keys: readonly string[],
): Promise<void> {
  const directory = await freshDirectory(bench);
  const own = await stateManager.open(directory, entries);
  const read = sideOf(own, keys);
  await measure(
    bench,
    {
      what: `read while ${WAITING} mutations wait`,
      peer: "while none waits",
      unit: "reads/s",
    },
    async (milliseconds) => {
      const waiting = entries.slice(0, WAITING).map((put) => own.put(put));
      // It blocks, so that none of them becomes durable meanwhile.
      const rate = await read(milliseconds);
      await Promise.all(waiting);
      return rate;
    },
    read,
  );
  await own.close();
  await rm(directory, { recursive: true });
}

function sideOf(keyed: Keyed, keys: readonly string[]): Side {
  let next = 0;
  let sum = 0;
  const pass = () => {
    for (let n = 0; n < PASS; n++) {
      sum += keyed.get(keys[next]);
      next = (next + 1) % keys.length;
    }
  };
  return (milliseconds) => {
    const rate = blocking(milliseconds, pass) * PASS;
    // Also so that the reads are not left out as unused.
    if (!(sum > 0)) throw new Error("The entries were not read");
    return rate;
  };
}
