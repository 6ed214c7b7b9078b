/**
 * What a queue is on disk: the records of its log, and the state they lead to.
 *
 * Each operation is a record. A message has the sequence number of its `enqueue`
 * record for its number, and a lease that of its `claim` record for its token:
 * neither is ever given twice. All times are milliseconds since 1970; `at` is when
 * the operation was asked for.
 *
 * ```
 * {"enqueue":{"at":1000,"priority":5,"payload":{"to":"ann@example.org"}}}
 * {"claim":{"at":1001,"messages":[1],"until":31001}}
 * {"ack":{"message":1,"lease":2}}
 * ```
 *
 * The state holds everything about messages but their payloads, which stay in the
 * log: {@linkcode Entry.record} tells where, if a compaction has moved one. What
 * depends on the time is no part of the state: whether a lease has run out, whether
 * a delay is over, is seen when messages are asked for. What follows from that is a
 * record: a claim, or a `bury`. So a replay needs no clock.
 *
 * @module
 */

import { mutators } from "../state/mutators.ts";
import type { Reduce } from "../state/tree.ts";
import type { Backoff } from "./backoff.ts";

/** The right to work on a message. */
export interface LeaseEntry {
  /** The sequence number of the claim. */
  readonly token: number;
  /** When it was decided to give it, or to extend it. */
  at: number;
  /** When it runs out after a restart; in the process that gave it, its time begins later. */
  until: number;
}

/** What was asked for with a message. */
export interface Wishes {
  /** The caller's own id. */
  readonly id?: string | undefined;
  readonly priority?: number | undefined;
  readonly group?: string | undefined;
  readonly expiresAt?: number | undefined;
  readonly maxAttempts?: number | undefined;
  readonly backoff?: Backoff | undefined;
}

/** A message, without its payload. */
export interface Entry extends Wishes {
  /** When it was enqueued. */
  readonly at: number;
  /** It is not handed out before. */
  notBefore?: number | undefined;
  expiresAt?: number | undefined;
  /** How often it was handed out; nothing for never. */
  attempts?: number | undefined;
  lease?: LeaseEntry | undefined;
  /** Why it failed the last time. */
  reason?: string | undefined;
  /** When it became a dead letter. */
  diedAt?: number | undefined;
  /** The record that holds its payload, if it is not its first one. */
  record?: number | undefined;
}

/** What a dedupe key stands for. */
export interface KeyEntry {
  /** The number of the message. */
  readonly message: number;
  /** The id of the message, if the caller gave it one. */
  readonly id?: string | undefined;
  /** When the key is free again. */
  readonly until: number;
}

/** How often something was done since the queue was made. */
export interface Totals {
  /** Messages that were enqueued. */
  enqueued: number;
  /** Messages that were handed out, each time counted. */
  delivered: number;
  /** Messages that were acknowledged. */
  acknowledged: number;
  /** Messages that were given back, to be tried again. */
  retried: number;
  /** Messages that became dead letters. */
  buried: number;
  /** Dead letters that were put back into the queue. */
  redriven: number;
  /** Messages that `clear` removed. */
  cleared: number;
  /** Dead letters that were removed. */
  purged: number;
}

/** The state of a queue. */
export interface Root {
  /** Messages by their numbers. */
  messages: Record<string, Entry>;
  /** Dead letters by their numbers. */
  dead: Record<string, Entry>;
  /** Dedupe keys, as `key:…`, and the callers' ids, as `id:…`. */
  keys: Record<string, KeyEntry>;
  totals: Totals;
  /** The state that shares the log, if there is one. */
  state?: unknown;
}

/** The payload of an `enqueue` record; the message's own is `payload`. */
export interface EnqueueRecord extends Wishes {
  readonly at: number;
  readonly notBefore?: number | undefined;
  readonly key?: string | undefined;
  readonly keyUntil?: number | undefined;
  readonly idUntil?: number | undefined;
  readonly payload?: unknown;
}

/** A record of the log. */
export type QueueRecord =
  | { readonly enqueue: EnqueueRecord }
  | {
    readonly claim: {
      readonly at: number;
      readonly messages: readonly number[];
      readonly until: number;
    };
  }
  | { readonly ack: Held }
  | { readonly retry: RetryRecord }
  | { readonly extend: Held & { readonly at: number; readonly until: number } }
  | { readonly bury: BuryRecord }
  | {
    readonly redrive: { readonly messages: readonly number[] };
  }
  | { readonly clear: { readonly messages: readonly number[] } }
  | { readonly purge: { readonly messages: readonly number[] } }
  | { readonly forget: { readonly keys: readonly string[] } }
  | {
    readonly carry: { readonly message: number; readonly payload?: unknown };
  }
  | { readonly apply: unknown };

/** A message and the lease under which something is done with it. */
export interface Held {
  readonly message: number;
  readonly lease: number;
}

interface RetryRecord extends Held {
  readonly notBefore?: number | undefined;
  readonly reason?: string | undefined;
  /** Whether the attempt does not count. */
  readonly free?: true | undefined;
}

interface BuryRecord {
  readonly at: number;
  readonly messages: readonly number[];
  readonly reason: string;
}

/** A queue that was never used. */
export function emptyRoot(): Root {
  return {
    messages: {},
    dead: {},
    keys: {},
    totals: {
      enqueued: 0,
      delivered: 0,
      acknowledged: 0,
      retried: 0,
      buried: 0,
      redriven: 0,
      cleared: 0,
      purged: 0,
    },
  };
}

/** What the record of each operation does. That it may be done was decided before it was written. */
const OPERATIONS = {
  enqueue(root: Root, record: EnqueueRecord, number: number): void {
    const { payload: _, key, keyUntil, idUntil, ...entry } = record;
    root.messages[number] = entry;
    const { id } = record;
    if (id !== undefined && idUntil !== undefined) {
      root.keys[idKey(id)] = { message: number, until: idUntil };
    }
    if (key !== undefined && keyUntil !== undefined) {
      root.keys[dedupeKey(key)] = id === undefined
        ? { message: number, until: keyUntil }
        : { message: number, id, until: keyUntil };
    }
    root.totals.enqueued++;
  },
  claim(
    root: Root,
    { at, messages, until }: {
      at: number;
      messages: number[];
      until: number;
    },
    number: number,
  ): void {
    for (const message of messages) {
      const entry = present(root.messages, message);
      entry.attempts = (entry.attempts ?? 0) + 1;
      if (entry.notBefore !== undefined) delete entry.notBefore;
      entry.lease = { token: number, at, until };
    }
    root.totals.delivered += messages.length;
  },
  ack(root: Root, { message, lease }: Held): void {
    leased(root, message, lease);
    delete root.messages[message];
    root.totals.acknowledged++;
  },
  retry(
    root: Root,
    { message, lease, notBefore, reason, free }: RetryRecord,
  ): void {
    const entry = leased(root, message, lease);
    delete entry.lease;
    if (notBefore !== undefined) entry.notBefore = notBefore;
    if (reason !== undefined) entry.reason = reason;
    if (free) entry.attempts = (entry.attempts ?? 1) - 1;
    root.totals.retried++;
  },
  extend(
    root: Root,
    { message, lease, at, until }: Held & { at: number; until: number },
  ): void {
    leased(root, message, lease).lease = { token: lease, at, until };
  },
  bury(root: Root, { at, messages, reason }: BuryRecord): void {
    for (const message of messages) {
      const { lease: _, ...entry } = present(root.messages, message);
      delete root.messages[message];
      root.dead[message] = { ...entry, reason, diedAt: at };
    }
    root.totals.buried += messages.length;
  },
  redrive(root: Root, { messages }: { messages: number[] }): void {
    for (const message of messages) {
      const {
        attempts: _,
        notBefore: _n,
        expiresAt: _e,
        diedAt: _d,
        ...entry
      } = present(root.dead, message);
      delete root.dead[message];
      root.messages[message] = entry;
    }
    root.totals.redriven += messages.length;
  },
  clear(root: Root, { messages }: { messages: number[] }): void {
    for (const message of messages) {
      present(root.messages, message);
      delete root.messages[message];
    }
    root.totals.cleared += messages.length;
  },
  purge(root: Root, { messages }: { messages: number[] }): void {
    for (const message of messages) {
      present(root.dead, message);
      delete root.dead[message];
    }
    root.totals.purged += messages.length;
  },
  forget(root: Root, { keys }: { keys: string[] }): void {
    for (const key of keys) delete root.keys[key];
  },
  carry(root: Root, { message }: { message: number }, number: number): void {
    const entry = root.messages[message] ?? present(root.dead, message);
    entry.record = number;
  },
};

/** The reducer of a queue that shares its log with a state, or with none. */
export function reduceWith(
  apply?: (root: Root, mutation: unknown, number: number) => void,
): Reduce<Root, QueueRecord> {
  return mutators(apply ? { ...OPERATIONS, apply } : OPERATIONS) as Reduce<
    Root,
    QueueRecord
  >;
}

/** The name of a dedupe key among the keys. */
export function dedupeKey(key: string): string {
  return `key:${key}`;
}

/** The name of a caller's id among the keys. */
export function idKey(id: string): string {
  return `id:${id}`;
}

function present(messages: Record<string, Entry>, message: number): Entry {
  const entry = messages[message];
  if (entry !== undefined) return entry;
  throw new Error(`there is no message ${message}`);
}

function leased(root: Root, message: number, lease: number): Entry {
  const entry = present(root.messages, message);
  if (entry.lease?.token === lease) return entry;
  throw new Error(`message ${message} is not held by lease ${lease}`);
}
