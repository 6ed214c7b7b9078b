/**
 * Looks into a queue: what is durable, message by message, and counted.
 *
 * @module
 */

import { parseJson } from "../native_json.ts";
import type { Core } from "./core.ts";
import type { Entry, Root, Totals } from "./model.ts";

/**
 * What a message is waiting for: `ready` to be handed out, `delayed`, `leased` by
 * somebody who works on it, or `dead`. A message that waits for others of its group
 * counts as ready.
 */
export type MessageState = "ready" | "delayed" | "leased" | "dead";

/**
 * A message as it is listed; nothing can be done with it.
 *
 * @typeParam P The type of the payload.
 */
export interface QueuedMessage<P> {
  /** Its id. */
  readonly id: string;
  /** What it carries. */
  readonly payload: P;
  /** What it is waiting for. */
  readonly state: MessageState;
  /** How often it was handed out; one that is on its way to a consumer counts until it is given back. */
  readonly attempts: number;
  /** When it was enqueued. */
  readonly enqueuedAt: Date;
  /** Its priority. */
  readonly priority: number;
  /** Its group. */
  readonly group: string | undefined;
  /** It is not handed out before. */
  readonly notBefore: Date | undefined;
  /** When it is not worth working on any more. */
  readonly expiresAt: Date | undefined;
  /**
   * Until when it is held. While it is on its way to a consumer, or its lease is
   * being extended, it is held for longer: until that is done its lease does not run.
   */
  readonly leasedUntil: Date | undefined;
  /** Why it failed the last time. */
  readonly reason: string | undefined;
  /** When it became a dead letter. */
  readonly diedAt: Date | undefined;
}

/** How a queue is doing. All figures are of what is durable. */
export interface QueueStats {
  /** How many messages can be handed out, or wait for others of their group. */
  readonly ready: number;
  /** How many wait for their time. */
  readonly delayed: number;
  /** How many are being worked on. */
  readonly leased: number;
  /** How many dead letters there are. */
  readonly dead: number;
  /** How long ago the oldest message was enqueued that is not dead, in milliseconds; 0 for none. */
  readonly oldestAge: number;
  /** Counted since the queue was made. */
  readonly totals: Readonly<Totals>;
  /** Why the last automatic compaction has failed; `undefined` if it has not. */
  readonly compactionError: unknown;
}

/** Which messages are wanted. */
export interface ListOptions {
  /** Those of one state. @default {all but dead letters} */
  readonly state?: MessageState | undefined;
}

/** For how long a list holds the event loop at a time, in milliseconds. */
const SLICE = 5;

/** How many messages there are that are not dead letters. */
export function sizeOf({ state: { tree } }: Core): number {
  const { enqueued, redriven, acknowledged, buried, cleared } =
    (tree.durableRoot as Root).totals;
  return enqueued + redriven - acknowledged - buried - cleared;
}

/** Counts. */
export function statsOf(core: Core, compactionError: unknown): QueueStats {
  const { schedule } = core;
  core.fallBack();
  const now = core.time();
  schedule.advance(now);
  const totals: Totals = { ...(core.state.tree.durableRoot as Root).totals };
  const { delayed, leased } = schedule;
  const number = core.oldest();
  const oldest = number === undefined ? undefined : core.durable(number);
  return {
    ready: sizeOf(core) - delayed - leased,
    delayed,
    leased,
    dead: totals.buried - totals.redriven - totals.purged,
    oldestAge: oldest ? Math.max(0, now - oldest.at) : 0,
    totals,
    compactionError,
  };
}

/** Lists messages. */
export async function* listOf(
  core: Core,
  state: MessageState | undefined,
): AsyncGenerator<QueuedMessage<unknown>, void, undefined> {
  core.fallBack();
  const part = state === "dead" ? "dead" : "messages";
  let began = performance.now();
  for (const number of core.durableNumbers(part)) {
    if (performance.now() - began > SLICE) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      began = performance.now();
    }
    const entry = core.durable(number, [part]);
    if (
      !entry || (state !== undefined && stateOf(core, number, entry) !== state)
    ) {
      continue;
    }
    const message = await shown(core, number, entry);
    if (message) yield message;
  }
}

/** A message as it is listed; `undefined` if it is gone meanwhile. */
export async function shown(
  core: Core,
  number: number,
  entry: Entry,
): Promise<QueuedMessage<unknown> | undefined> {
  const text = await core.payload(number);
  if (text === undefined) return undefined;
  const payload = parseJson(text);
  const date = (time: number | undefined) =>
    time === undefined ? undefined : new Date(time);
  return {
    id: entry.id ?? String(number),
    payload,
    state: stateOf(core, number, entry),
    attempts: entry.attempts ?? 0,
    enqueuedAt: new Date(entry.at),
    priority: entry.priority ?? 0,
    group: entry.group,
    notBefore: date(entry.notBefore),
    expiresAt: date(entry.expiresAt),
    leasedUntil: date(
      entry.lease && core.schedule.shownEnd(number, entry.lease),
    ),
    reason: entry.reason,
    diedAt: date(entry.diedAt),
  };
}

function stateOf(core: Core, number: number, entry: Entry): MessageState {
  const { diedAt, lease, notBefore = 0 } = entry;
  const now = core.time();
  if (diedAt !== undefined) return "dead";
  if (lease && core.schedule.runsOut(number, lease, now) > now) return "leased";
  return notBefore > now ? "delayed" : "ready";
}
