/**
 * A message that is about to be enqueued: checked, and its payload as text.
 *
 * @module
 */

import { dedupeKey, type EnqueueRecord, idKey } from "./model.ts";
import {
  encodePayload,
  type EnqueueOptions,
  type EnqueueRequest,
  type QueueSettings,
  resolveEnqueue,
} from "./options.ts";

/** A record with what may still be added to it. */
type Growing = { -readonly [Key in keyof EnqueueRecord]: EnqueueRecord[Key] };

/** What a letter becomes when it is enqueued. */
export interface Enqueued {
  /** The record, without the payload. */
  readonly entry: EnqueueRecord;
  /** The record as text, with the payload. */
  readonly text: string;
}

/** A message that is about to be enqueued. */
export class Letter {
  /** How long its key and its id are remembered, in milliseconds. */
  readonly window: number;
  /** What it is known by among the keys, its id first. */
  readonly names: readonly string[];
  readonly #options: EnqueueOptions;
  readonly #payload: string;

  /**
   * @throws {TypeError | RangeError | DurableError} If it may not be enqueued.
   */
  constructor(
    payload: unknown,
    options: EnqueueOptions,
    settings: QueueSettings<unknown>,
  ) {
    this.#options = resolveEnqueue(options);
    this.#payload = encodePayload(payload, settings);
    const { id, dedupeKey: key } = this.#options;
    this.names = [
      ...(id === undefined ? [] : [idKey(id)]),
      ...(key === undefined ? [] : [dedupeKey(key)]),
    ];
    this.window = Math.ceil(
      this.#options.dedupeWindow ?? settings.dedupeWindow,
    );
  }

  /** The caller's id. */
  get id(): string | undefined {
    return this.#options.id;
  }

  /** The record that it becomes at a time. What was not asked for does not stand in it. */
  at(now: number): Enqueued {
    const entry: Growing = { at: now };
    const { delay, notBefore, expiresIn, priority } = this.#options;
    const { maxAttempts, backoff, dedupeKey, group, id } = this.#options;
    if (id !== undefined) {
      entry.id = id;
      entry.idUntil = now + this.window;
    }
    if (dedupeKey !== undefined) {
      entry.key = dedupeKey;
      entry.keyUntil = now + this.window;
    }
    if (group !== undefined) entry.group = group;
    if (priority) entry.priority = priority;
    const time = notBefore === undefined ? now + (delay ?? 0) : +notBefore;
    if (time > now) entry.notBefore = Math.ceil(time);
    if (expiresIn !== undefined) entry.expiresAt = Math.ceil(now + expiresIn);
    if (maxAttempts !== undefined) entry.maxAttempts = maxAttempts;
    if (backoff !== undefined) entry.backoff = backoff;
    const head = JSON.stringify(entry).slice(0, -1);
    const text = `{"enqueue":${head},"payload":${this.#payload}}}`;
    return { entry, text };
  }
}

/** Checks a message that is to be enqueued with others. */
export function letterOf<P>(
  request: EnqueueRequest<P>,
  settings: QueueSettings<unknown>,
): Letter {
  if (
    typeof request !== "object" || request === null || !("payload" in request)
  ) {
    throw new TypeError(
      "Cannot enqueue: each message of a batch must be an object with a payload, such as { payload, delay }",
    );
  }
  const { payload, ...options } = request;
  return new Letter(payload, options, settings);
}
