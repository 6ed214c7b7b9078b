/**
 * What a queue must be, made without any of the code that is tested: messages in a
 * list, looked through from the front.
 */

/** How often something was done. */
export interface Totals {
  enqueued: number;
  delivered: number;
  acknowledged: number;
  retried: number;
  buried: number;
  redriven: number;
  cleared: number;
  purged: number;
}

/** A message. */
export interface Item {
  /** Its place in the order in which messages came; says what its payload is. */
  readonly n: number;
  readonly id?: string | undefined;
  readonly at: number;
  readonly priority: number;
  readonly group?: string | undefined;
  notBefore?: number | undefined;
  expiresAt?: number | undefined;
  attempts: number;
  lease?: Lease | undefined;
  reason?: string | undefined;
  diedAt?: number | undefined;
}

/** Who holds a message: `turn` tells one lease of it from the others. */
export interface Lease {
  readonly turn: number;
  until: number;
}

/** A queue: data, which is never changed. */
export interface QueueModel {
  readonly items: readonly Item[];
  readonly dead: readonly Item[];
  /** Messages by the keys that they have taken. */
  readonly keys: Readonly<Record<string, { n: number; until: number }>>;
  readonly totals: Totals;
}

/** A message that is to be enqueued. */
export interface Wish {
  readonly n: number;
  readonly delay?: number;
  readonly expiresIn?: number;
  readonly priority?: number;
  readonly group?: string;
  readonly id?: string;
  readonly dedupeKey?: string;
}

/** How the queue is opened. */
export const QUEUE = {
  visibilityTimeout: 300,
  maxAttempts: 2,
  backoff: 100,
  dedupeWindow: 1500,
  maxPayloadBytes: 1000,
  payloadMemory: 0,
} as const;

/** A queue that was never used. */
export const EMPTY: QueueModel = {
  items: [],
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
};

/** The payload of a message; some are long. */
export function payloadAt(n: number): string {
  return `p${n}${n % 3 === 0 ? "=".repeat(90) : ""}`;
}

/** Enqueues messages; those that have a key which is taken are not. */
export function enqueued(
  model: QueueModel,
  now: number,
  wishes: readonly Wish[],
): { model: QueueModel; given: readonly number[] } {
  const items = [...model.items];
  const keys = { ...model.keys };
  const totals = { ...model.totals };
  const given = wishes.map((wish) => {
    const { n, id, dedupeKey, delay = 0, expiresIn, priority = 0 } = wish;
    const names = [
      ...(id === undefined ? [] : [`id:${id}`]),
      ...(dedupeKey === undefined ? [] : [`key:${dedupeKey}`]),
    ];
    for (const name of names) {
      const key = keys[name];
      if (!key) continue;
      const isThere = [...items, ...model.dead].some(({ n }) => n === key.n);
      if (key.until > now || (name.startsWith("id:") && isThere)) return key.n;
    }
    for (const name of names) {
      keys[name] = { n, until: now + QUEUE.dedupeWindow };
    }
    items.push({
      n,
      id,
      at: now,
      priority,
      group: wish.group,
      notBefore: delay > 0 ? now + delay : undefined,
      expiresAt: expiresIn === undefined ? undefined : now + expiresIn,
      attempts: 0,
    });
    totals.enqueued++;
    return n;
  });
  return { model: { ...model, items, keys, totals }, given };
}

/** Whether somebody holds a message. */
export function isHeld({ lease }: Item, now: number): boolean {
  return lease !== undefined && lease.until > now;
}

/** What may be handed out, in its order. */
function ready({ items }: QueueModel, now: number): readonly Item[] {
  const free = items.filter((item) => {
    if (isHeld(item, now) || (item.notBefore ?? 0) > now) return false;
    const { group } = item;
    if (group === undefined) return true;
    const lane = items.filter((other) => other.group === group);
    return lane[0] === item && !lane.some((other) => isHeld(other, now));
  });
  return free.sort((a, b) => b.priority - a.priority || a.n - b.n);
}

/**
 * Hands messages out.
 *
 * @returns What the queue is in between, and in the end, and who is handed out.
 */
export function claimed(
  model: QueueModel,
  now: number,
  count: number,
): { steps: readonly QueueModel[]; given: readonly number[] } {
  const steps: QueueModel[] = [];
  const given: number[] = [];
  let last = model;
  for (;;) {
    const doomed = new Map<number, string>();
    for (const item of ready(last, now)) {
      if (given.length === count) break;
      if (given.includes(item.n)) continue;
      const reason = doom(item, now);
      if (reason === undefined) given.push(item.n);
      else doomed.set(item.n, reason);
    }
    if (doomed.size === 0) break;
    last = buried(last, now, doomed);
    steps.push(last);
  }
  if (given.length > 0) {
    const turn = last.totals.delivered;
    const until = now + QUEUE.visibilityTimeout;
    const items = last.items.map((item) =>
      given.includes(item.n)
        ? { ...item, attempts: item.attempts + 1, lease: { turn, until } }
        : item
    );
    const delivered = turn + given.length;
    last = { ...last, items, totals: { ...last.totals, delivered } };
    steps.push(last);
  }
  return { steps, given };
}

function doom(
  { expiresAt = Infinity, attempts, lease, reason }: Item,
  now: number,
): string | undefined {
  if (expiresAt <= now) return "expired";
  if (attempts < QUEUE.maxAttempts) return undefined;
  return lease
    ? `the lease of attempt ${attempts} ran out`
    : reason ?? "no attempt is left";
}

/** Makes messages dead letters, with their reasons. */
export function buried(
  model: QueueModel,
  now: number,
  doomed: ReadonlyMap<number, string>,
): QueueModel {
  const { totals } = model;
  const dead = model.items.filter(({ n }) => doomed.has(n)).map((item) => {
    const reason = doomed.get(item.n);
    return { ...item, lease: undefined, reason, diedAt: now };
  });
  return {
    ...model,
    items: model.items.filter(({ n }) => !doomed.has(n)),
    dead: [...model.dead, ...dead].sort((a, b) => a.n - b.n),
    totals: { ...totals, buried: totals.buried + dead.length },
  };
}

/** Acknowledges a message. */
export function acknowledged(model: QueueModel, n: number): QueueModel {
  const { totals } = model;
  return {
    ...model,
    items: model.items.filter((item) => item.n !== n),
    totals: { ...totals, acknowledged: totals.acknowledged + 1 },
  };
}

/** Gives a message back. */
export function retried(
  model: QueueModel,
  now: number,
  n: number,
  reason: string,
): QueueModel {
  const { attempts = 0 } = model.items.find((item) => item.n === n) ?? {};
  if (attempts >= QUEUE.maxAttempts) {
    return buried(model, now, new Map([[n, reason]]));
  }
  const notBefore = now + QUEUE.backoff;
  return {
    ...changed(model, n, { lease: undefined, notBefore, reason }),
    totals: { ...model.totals, retried: model.totals.retried + 1 },
  };
}

/** Gives a message back whose payload could not be read: that is no attempt. */
export function freed(model: QueueModel, now: number, n: number): QueueModel {
  const { attempts = 1 } = model.items.find((item) => item.n === n) ?? {};
  const notBefore = now + QUEUE.backoff;
  const change = { lease: undefined, notBefore, attempts: attempts - 1 };
  const { totals } = model;
  return {
    ...changed(model, n, change),
    totals: { ...totals, retried: totals.retried + 1 },
  };
}

/** Changes something of a message. */
export function changed(
  model: QueueModel,
  n: number,
  change: Partial<Item>,
): QueueModel {
  const items = model.items.map((item) =>
    item.n === n ? { ...item, ...change } : item
  );
  return { ...model, items };
}

/** Puts all dead letters back. */
export function redriven(model: QueueModel): QueueModel {
  const { items, dead, totals } = model;
  const back = dead.map(({ n, id, at, priority, group, reason }): Item => {
    return { n, id, at, priority, group, reason, attempts: 0 };
  });
  return {
    ...model,
    items: [...items, ...back].sort((a, b) => a.n - b.n),
    dead: [],
    totals: { ...totals, redriven: totals.redriven + back.length },
  };
}

/** Removes all dead letters. */
export function purged(model: QueueModel): QueueModel {
  const { dead, totals } = model;
  const purged = totals.purged + dead.length;
  return { ...model, dead: [], totals: { ...totals, purged } };
}

/** Removes all messages that wait. */
export function cleared(model: QueueModel, now: number): QueueModel {
  const { totals } = model;
  const items = model.items.filter((item) => isHeld(item, now));
  const cleared = totals.cleared + model.items.length - items.length;
  return { ...model, items, totals: { ...totals, cleared } };
}
