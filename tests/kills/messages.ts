/**
 * What is enqueued, as a function of a seed: the process that is killed and the one
 * that judges compute it apart, so that nobody has to be told what was submitted.
 *
 * A call is the `n`-th of a round. It enqueues one message, or several as a batch,
 * whose ids are `round-n` and `round-n.member`.
 *
 * @module
 */

import type { EnqueueRequest } from "../../mod.ts";
import { Random } from "../fuzz/random.ts";

/** What the messages carry. */
export interface Payload {
  readonly id: string;
  readonly text: string;
}

/** A message, as it is enqueued. */
export type Request = EnqueueRequest<Payload> & { readonly id: string };

/** Which call of which round. */
export interface Call {
  readonly round: number;
  readonly n: number;
}

/** Rounds that share their dedupe keys, so that a key is used on both sides of a kill. */
const SHARED_BY = 4;
const PIECES = ["// commit 1 00000000", "\n// closed 1 0\n", "ä☃𝄞", "\\", "\0"];

/** The messages of a call: one, or a batch. */
export function requestsOf(seed: number, { round, n }: Call): Request[] {
  const random = new Random(seed, round, n);
  const kind = random.pick(["group", "group", "key", "plain"] as const);
  const name = `${round}-${n}`;
  const isBatch = kind !== "key" && random.oneIn(4);
  const ids = isBatch
    ? Array.from({ length: random.between(2, 6) }, (_, i) => `${name}.${i}`)
    : [name];
  return ids.map((id) => {
    const payload = { id, text: textOf(random) };
    if (kind === "group") {
      return { id, payload, group: `group ${random.below(4)}` };
    }
    const priority = random.oneIn(3) ? random.between(-2, 2) : 0;
    if (kind === "plain") return { id, payload, priority };
    const key = `${Math.floor(round / SHARED_BY)}.${random.below(8)}`;
    return { id, payload, priority, dedupeKey: key };
  });
}

/** The call that an id is of; throws for what is no id of ours. */
export function callOf(id: string): Call {
  const [, round, n] = /^(\d+)-(\d+)(?:\.\d+)?$/.exec(id) ?? [];
  if (round === undefined) throw new RangeError(`"${id}" is no id of a call`);
  return { round: Number(round), n: Number(n) };
}

/** The message with an id. */
export function requestOf(seed: number, id: string): Request {
  const found = requestsOf(seed, callOf(id)).find((one) => one.id === id);
  if (found) return found;
  throw new RangeError(`No call enqueues "${id}"`);
}

/** Text that looks like what it must not be taken for; one in 30 is longer than a segment. */
function textOf(random: Random): string {
  const length = random.oneIn(30) ? 6000 : random.below(200);
  return random.pick(PIECES) + random.below(36).toString(36).repeat(length);
}
