/**
 * What each operation makes of a queue: written down a second time, without the code
 * of the queue.
 */

import {
  type Count,
  type Item,
  type Model,
  type Moment,
  nameOf,
  priorityOf,
  RULES,
  SOME_REASON,
  type Wish,
} from "./queue_items.ts";

/** Puts messages in, together. */
export function enqueue(
  model: Model,
  wishes: readonly Wish[],
  first: number,
  { now }: Moment,
): { model: Model; given: number[] } {
  let n = first;
  const given: number[] = [];
  for (const wish of wishes) {
    const { id, dedupeKey, dedupeWindow = RULES.dedupeWindow } = wish;
    const names = namesOf(id, dedupeKey);
    const taken = names.map((name) => takenBy(model, name, now))
      .find((other) => other !== undefined);
    given.push(taken ?? n);
    if (taken !== undefined) continue;
    const { delay = 0, expiresIn, group } = wish;
    const item: Item = {
      n,
      at: now,
      id,
      priority: priorityOf(n),
      group,
      notBefore: delay > 0 ? now + delay : undefined,
      expiresAt: expiresIn === undefined ? undefined : now + expiresIn,
      attempts: 0,
    };
    const keys = { ...model.keys };
    for (const name of names) keys[name] = { n, until: now + dedupeWindow };
    const messages = [...model.messages, item];
    model = counted({ ...model, messages, keys }, "enqueued", 1);
    n++;
  }
  return { model, given };
}

/** The message that a key or an id is taken by. */
export function takenBy(
  { keys, messages, dead }: Model,
  name: string,
  now: number,
): number | undefined {
  const key = keys[name];
  if (key === undefined) return undefined;
  const isThere = ({ n }: Item) => n === key.n;
  const isNeeded = name.startsWith("id:") &&
    (messages.some(isThere) || dead.some(isThere));
  return key.until > now || isNeeded ? key.n : undefined;
}

function namesOf(id: string | undefined, key: string | undefined): string[] {
  return [
    ...(id === undefined ? [] : [`id:${id}`]),
    ...(key === undefined ? [] : [`key:${key}`]),
  ];
}

/**
 * Hands out what is next.
 *
 * @returns What was handed out, and the queue step by step: what cannot be handed
 * out any more is removed first.
 */
export function claim(
  model: Model,
  count: number,
  token: number,
  moment: Moment,
): { models: Model[]; items: Item[] } {
  const { now } = moment;
  const models: Model[] = [];
  let items: Item[];
  for (;;) {
    items = [];
    const doomed: [Item, string][] = [];
    while (items.length < count) {
      const beside = [...items, ...doomed.map(([item]) => item)];
      const next = nextOf(model, moment, beside);
      if (next === undefined) break;
      const doom = doomOf(next, now);
      if (doom === undefined) items.push(next);
      else doomed.push([next, doom]);
    }
    if (doomed.length === 0) break;
    // What they let through may come before what was found.
    for (const [item, doom] of doomed) {
      models.push(model = buried(model, item, doom, now));
    }
  }
  if (items.length === 0) return { models, items };
  const until = now + RULES.visibilityTimeout;
  const hold = { token, at: now, until };
  for (const item of items) {
    const attempts = item.attempts + 1;
    // A delay is over for good, wherever the clock is set to.
    model = changed(model, { ...item, attempts, hold, notBefore: undefined });
  }
  models.push(counted(model, "delivered", items.length));
  return { models, items: items.map(({ n }) => itemOf(model, n) as Item) };
}

/** The message whose turn it is. */
export function nextOf(
  model: Model,
  moment: Moment,
  beside: readonly Item[] = [],
): Item | undefined {
  let best: Item | undefined;
  for (const item of model.messages) {
    const { n, priority, notBefore = 0 } = item;
    if (notBefore > moment.now || isHeld(item, moment)) continue;
    if (beside.some((other) => other.n === n)) continue;
    if (!isThrough(model, item, moment)) continue;
    if (best === undefined || priority > best.priority) best = item;
  }
  return best;
}

/** Of a group the one goes that somebody works on; else the first. */
function isThrough(
  { messages }: Model,
  { n, group }: Item,
  moment: Moment,
): boolean {
  if (group === undefined) return true;
  const all = messages.filter((item) => item.group === group);
  return (all.find((item) => isHeld(item, moment)) ?? all[0]).n === n;
}

/** Why a message is not handed out though its turn has come. */
export function doomOf(
  { expiresAt = Infinity, attempts }: Item,
  now: number,
): string | undefined {
  if (expiresAt <= now) return "expired";
  return attempts >= RULES.maxAttempts ? SOME_REASON : undefined;
}

/** When a lease runs out; before all times if there is none. */
export function heldUntil({ n, hold }: Item, { ends }: Moment): number {
  if (hold === undefined) return -Infinity;
  return ends.get(nameOf(n, hold))?.end ?? hold.until;
}

/** Whether somebody works on a message. */
export function isHeld(item: Item, moment: Moment): boolean {
  return heldUntil(item, moment) > moment.now;
}

/** What is done with a message that is held. */
export type Settlement =
  | { readonly kind: "ack" }
  | { readonly kind: "retry"; readonly delay?: number; readonly reason: string }
  | { readonly kind: "release"; readonly delay: number }
  | { readonly kind: "fail"; readonly reason: string }
  | { readonly kind: "extend"; readonly time: number };

/** Settles a message; nothing if the lease is lost. */
export function settle(
  model: Model,
  n: number,
  token: number,
  what: Settlement,
  moment: Moment,
): Model | undefined {
  const { now } = moment;
  const item = itemOf(model, n);
  if (item?.hold?.token !== token || !isHeld(item, moment)) return undefined;
  const { attempts } = item;
  switch (what.kind) {
    case "ack":
      return counted(without(model, [n]), "acknowledged", 1);
    case "fail":
      return buried(model, item, what.reason, now);
    case "extend": {
      const hold = { token, at: now, until: now + what.time };
      return changed(model, { ...item, hold });
    }
    case "release": {
      const back = { ...item, hold: undefined, attempts: attempts - 1 };
      const notBefore = what.delay > 0 ? now + what.delay : undefined;
      return counted(changed(model, { ...back, notBefore }), "retried", 1);
    }
    case "retry": {
      const { reason, delay = RULES.backoff } = what;
      if (attempts >= RULES.maxAttempts) {
        return buried(model, item, reason, now);
      }
      const notBefore = delay > 0 ? now + delay : undefined;
      const back = { ...item, hold: undefined, notBefore, reason };
      return counted(changed(model, back), "retried", 1);
    }
  }
}

/** Puts all dead letters back. */
export function redrive(model: Model): Model {
  const back = model.dead.map(({ n, at, id, priority, group, reason }) => {
    return { n, at, id, priority, group, reason, attempts: 0 };
  });
  const messages = [...model.messages, ...back].sort((a, b) => a.n - b.n);
  return counted({ ...model, messages, dead: [] }, "redriven", back.length);
}

/** Removes all dead letters. */
export function purge(model: Model): Model {
  return counted({ ...model, dead: [] }, "purged", model.dead.length);
}

/** Removes all messages that nobody works on. */
export function clear(model: Model, moment: Moment): Model {
  const waiting = model.messages.filter((item) => !isHeld(item, moment));
  const numbers = waiting.map(({ n }) => n);
  return counted(without(model, numbers), "cleared", numbers.length);
}

/** The message with a number. */
export function itemOf({ messages }: Model, n: number): Item | undefined {
  return messages.find((item) => item.n === n);
}

function buried(model: Model, item: Item, reason: string, now: number): Model {
  const { hold: _, ...rest } = item;
  const letter = { ...rest, reason, diedAt: now };
  const dead = [...model.dead, letter].sort((a, b) => a.n - b.n);
  return counted({ ...without(model, [item.n]), dead }, "buried", 1);
}

function changed(model: Model, item: Item): Model {
  const messages = model.messages.map((old) => old.n === item.n ? item : old);
  return { ...model, messages };
}

function without(model: Model, numbers: readonly number[]): Model {
  const messages = model.messages.filter(({ n }) => !numbers.includes(n));
  return { ...model, messages };
}

function counted(model: Model, what: Count, by: number): Model {
  const { totals } = model;
  return { ...model, totals: { ...totals, [what]: totals[what] + by } };
}
