/**
 * What a queue is: messages, leases and keys, as plainly as can be, without the code
 * of the queue.
 */

/** The right to work on a message. */
export interface Hold {
  /** Counts claims; the queue's own name for it is in the receipt. */
  readonly token: number;
  readonly at: number;
  readonly until: number;
}

/** A message; its number says what it carries, and when it came. */
export interface Item {
  readonly n: number;
  readonly at: number;
  readonly id?: string | undefined;
  readonly priority: number;
  readonly group?: string | undefined;
  readonly notBefore?: number | undefined;
  readonly expiresAt?: number | undefined;
  readonly attempts: number;
  readonly hold?: Hold | undefined;
  readonly reason?: string | undefined;
  readonly diedAt?: number | undefined;
}

/** What a dedupe key or an id stands for. */
export interface Key {
  readonly n: number;
  readonly until: number;
}

/** How often something was done. */
export type Count =
  | "enqueued"
  | "delivered"
  | "acknowledged"
  | "retried"
  | "buried"
  | "redriven"
  | "cleared"
  | "purged";

/** A queue. Nothing in it is ever changed. */
export interface Model {
  /** In the order in which they came. */
  readonly messages: readonly Item[];
  readonly dead: readonly Item[];
  readonly keys: Readonly<Record<string, Key>>;
  readonly totals: Readonly<Record<Count, number>>;
  /** What the state beside the queue holds. */
  readonly applied: readonly number[];
}

/** What is asked for with a message. */
export interface Wish {
  readonly delay?: number | undefined;
  readonly expiresIn?: number | undefined;
  readonly group?: string | undefined;
  readonly id?: string | undefined;
  readonly dedupeKey?: string | undefined;
  readonly dedupeWindow?: number | undefined;
}

/** The time, as the queue sees it. */
export interface Moment {
  readonly now: number;
  /** Leases that run otherwise than their records say, by {@linkcode nameOf} them. */
  readonly ends: ReadonlyMap<string, Span>;
}

/** How a lease runs in the program that gave it. */
export interface Span {
  /** When it was handed out, or its extension was durable. */
  readonly at: number;
  readonly until: number;
  /** When it runs out by the clock as it is now, which may have been set back. */
  readonly end: number;
}

/** Tells a lease, and each extension of it, from all others. */
export function nameOf(n: number, { token, at }: Pick<Hold, "token" | "at">) {
  return `${n}.${token}.${at}`;
}

/** How every queue of the lab is opened. */
export const RULES = {
  visibilityTimeout: 1000,
  maxAttempts: 2,
  backoff: 50,
  dedupeWindow: 3000,
} as const;

/** A reason that the queue makes up itself; any text will do. */
export const SOME_REASON = "*";

/** A queue that was never used. */
export const NEW: Model = {
  messages: [],
  dead: [],
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
  applied: [],
};

/** Texts that a log, a chain or a reader of lines might stumble upon. */
const TEXTS = [
  "plain",
  "// commit 2 00000000",
  'é\u2028"\\\n☃',
  "x".repeat(70),
  '{"carry":{"message":1,"payload":0}}',
];

/** What the message with a number carries. */
export function payloadOf(n: number): { n: number; text: string } {
  return { n, text: TEXTS[n % TEXTS.length] };
}

/** Higher numbers come first, some of the time. */
export function priorityOf(n: number): number {
  return n % 3 === 0 ? 5 : 0;
}
