/**
 * The queue of the two programs: mails that are to be sent. Each opens the same
 * directory, one after the other, and so they agree on how it is opened.
 */

import { DeadLetter, type Message, MiniQueue } from "@mini-ts/durable";

/** A mail that is to be sent. */
export interface Mail {
  readonly to: string;
  readonly text: string;
}

/** What sends a mail; it rejects if that is not possible now. */
export type Send = (mail: Mail) => Promise<void>;

const DAY = 24 * 60 * 60 * 1000;

/** Opens the queue of mails. */
export function openMails(directory: string): Promise<MiniQueue<Mail>> {
  return MiniQueue.open(`${directory}/queue`, {
    validate: checkMail,
    // What a killed process was sending comes back after so long; `process` asks
    // for more time by itself where sending takes longer.
    visibilityTimeout: 5000,
    backoff: { base: 100 },
    // For so long a client may repeat a request of which it has not heard.
    dedupeWindow: DAY,
  });
}

/** Sends the mail of a message; what can never be sent becomes a dead letter. */
export async function sendMail(
  { payload }: Message<Mail>,
  send: Send,
): Promise<void> {
  if (!payload.to.includes("@")) {
    throw new DeadLetter(`"${payload.to}" is no address`);
  }
  await send(payload); // if it rejects, it is tried again, later and later
}

function checkMail(value: unknown): void {
  const { to, text } = (value ?? {}) as Partial<Record<keyof Mail, unknown>>;
  if (typeof to !== "string" || typeof text !== "string") {
    throw new TypeError("a mail has the texts to and text");
  }
}
