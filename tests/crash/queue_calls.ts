/**
 * A queue in use: each call is told to the oracle first, and its outcome held
 * against what the oracle says.
 */

import type { DurableError, Lease, Message, MiniQueue } from "../../mod.ts";
import {
  type Item,
  type Model,
  type Moment,
  payloadOf,
  priorityOf,
  RULES,
  type Wish,
} from "./queue_items.ts";
import {
  claim,
  clear,
  enqueue,
  itemOf,
  purge,
  redrive,
  settle,
  type Settlement,
} from "./queue_model.ts";
import type { QueueRun } from "./queue_run.ts";
import type { Receipt } from "./queue_oracle.ts";
import { different, differentReason, type Payload } from "./queue_view.ts";

/** The number of messages that are not to be taken. */
const NOWHERE = 1_000_000;

/** The queue that is open, and the moment. */
function now(run: QueueRun): {
  queue: MiniQueue<Payload>;
  moment: Moment;
} {
  if (!run.queue) throw new Error("The queue is not open");
  return { queue: run.queue, moment: run.oracle.at(run.clock.now()) };
}

/** Enqueues messages: one by `enqueue`, several by `enqueueAll`, or with a mutation. */
export async function put(
  run: QueueRun,
  wishes: readonly Wish[],
  mutates = false,
): Promise<void> {
  const { queue, moment } = now(run);
  const { oracle, outbox } = run;
  const first = oracle.owed.next;
  const { model, given } = enqueue(oracle.newest, wishes, first, moment);
  oracle.takes(wishes.length);
  const applied = mutates && outbox ? [...model.applied, first] : model.applied;
  const isSame = model === oracle.newest && applied === model.applied;
  const end = isSame ? oracle.end : oracle.submit([{ ...model, applied }]);
  const requests = wishes.map((wish, n) => {
    // What is not to be taken must not be seen anywhere.
    const isNew = given[n] >= first && !given.slice(0, n).includes(given[n]);
    const number = isNew ? given[n] : NOWHERE;
    const priority = priorityOf(number);
    return { payload: payloadOf(number), priority, ...wish };
  });
  let ids: string[];
  if (outbox && mutates) {
    ids = await outbox.commit({ apply: [first], enqueue: requests });
  } else if (requests.length === 1) {
    const [{ payload, ...options }] = requests;
    ids = [await queue.enqueue(payload, options)];
  } else ids = await queue.enqueueAll(requests);
  oracle.acknowledge(end);
  for (const [n, id] of ids.entries()) {
    oracle.learns(given[n], wishes[n], id);
  }
}

/** Takes messages by `claim`, and holds them against what the oracle says. */
export async function take(run: QueueRun, count: number): Promise<void> {
  const { queue } = now(run);
  const awaited = expectClaim(run, count);
  awaited.check(await queue.claim(count));
}

/** What a claim that is decided now must give; the oracle counts with it. */
export function expectClaim(
  run: QueueRun,
  count: number,
  clock: number = run.clock.now(),
): {
  readonly items: readonly Item[];
  check(messages: readonly Message<Payload>[]): void;
} {
  const { oracle } = run;
  const moment = oracle.at(clock);
  const token = oracle.takesToken();
  const { models, items } = claim(oracle.newest, count, token, moment);
  const end = oracle.submit(models);
  oracle.handsOut(items);
  return {
    items,
    check(messages) {
      // Where nothing was found, nothing is waited for.
      if (models.length > 0) oracle.acknowledge(end);
      oracle.begins(items, RULES.visibilityTimeout, run.clock.now());
      const wrong = different(
        "Q3: handed out were",
        messages.map(({ payload }) => payload?.n),
        items.map(({ n }) => n),
      ) ?? items.map((item, n) => differentMessage(messages[n], item))
        .find((text) => text !== undefined);
      if (wrong !== undefined) throw new Error(wrong);
      for (const [n, item] of items.entries()) {
        const message = messages[n];
        oracle.learns(item.n, item, message.id);
        oracle.gives({ n: item.n, token, receipt: message.receipt });
        run.atHand.set(message.receipt, message);
      }
    },
  };
}

function differentMessage(
  message: Message<Payload>,
  item: Item,
): string | undefined {
  const { n, attempts, priority, group, at } = item;
  const { payload, reason } = message;
  const what = `message ${n} was handed out: its`;
  return different(`Q1: ${what} payload`, payload, payloadOf(n)) ??
    different(`Q3: ${what} attempts`, message.attempts, attempts) ??
    differentReason(`Q3: ${what} reason`, reason, item.reason) ??
    different(
      `Q3: ${what} wishes`,
      [message.priority, message.group, message.enqueuedAt.getTime()],
      [priority, group, at],
    );
}

/** Leases that are there, oldest first. */
export function heldOf({ oracle }: QueueRun): readonly Receipt[] {
  const { newest, owed } = oracle;
  return owed.receipts.filter(({ n, token }) =>
    itemOf(newest, n)?.hold?.token === token
  );
}

/** Settles a message, by itself or by its receipt; with a lease that is lost, that must be refused. */
export async function finish(
  run: QueueRun,
  { n, token, receipt }: Receipt,
  what: Settlement,
  mutates = false,
): Promise<void> {
  const { queue, moment } = now(run);
  const { oracle, outbox } = run;
  const settled = settle(oracle.newest, n, token, what, moment);
  const lease = (n + token) % 2 === 0
    ? run.atHand.get(receipt) ?? queue.lease(receipt)
    : queue.lease(receipt);
  const call = () =>
    mutates && outbox && what.kind === "ack"
      ? outbox.commit({ apply: [n], ack: [lease] }).then(() => {})
      : settleBy(lease, what);
  if (!settled) return await expectLost(`${what.kind} of message ${n}`, call);
  const applied = mutates && outbox && what.kind === "ack"
    ? [...settled.applied, n]
    : settled.applied;
  const end = oracle.submit([{ ...settled, applied }]);
  await rename("Q4", `${what.kind} of message ${n}, which is held`, call);
  oracle.acknowledge(end);
  if (what.kind !== "extend") return;
  const item = itemOf(settled, n);
  if (item) oracle.begins([item], what.time, run.clock.now());
}

function settleBy(lease: Lease, what: Settlement): Promise<void> {
  switch (what.kind) {
    case "ack":
      return lease.ack();
    case "retry":
      return lease.retry({ delay: what.delay, reason: what.reason });
    case "release":
      return lease.release(what.delay);
    case "fail":
      return lease.fail(what.reason);
    case "extend":
      return lease.extend(what.time);
  }
}

async function expectLost(
  what: string,
  call: () => Promise<void>,
): Promise<void> {
  try {
    await call();
  } catch (error) {
    if ((error as DurableError).code === "LEASE_LOST") return;
    throw error;
  }
  throw new Error(`Q2: ${what}, which is not held, was taken`);
}

/** A lease that is there must not be refused. */
async function rename(
  invariant: string,
  what: string,
  call: () => Promise<void>,
): Promise<void> {
  try {
    await call();
  } catch (error) {
    const { code, message } = error as DurableError;
    if (code !== "LEASE_LOST") throw error;
    throw new Error(`${invariant}: ${what}, was refused: ${message}`);
  }
}

/** Does something with many messages, and holds their number against what the oracle says. */
export async function sweep(
  run: QueueRun,
  what: "redrive" | "purge" | "clear",
): Promise<void> {
  const { queue, moment } = now(run);
  const { oracle } = run;
  const before = oracle.newest;
  const after: Model = what === "clear"
    ? clear(before, moment)
    : (what === "redrive" ? redrive : purge)(before);
  const count = what === "clear"
    ? after.totals.cleared - before.totals.cleared
    : before.dead.length;
  const end = count > 0 ? oracle.submit([after]) : undefined;
  const done =
    await (what === "clear" ? queue.clear() : queue.deadLetters[what]());
  if (end !== undefined) oracle.acknowledge(end);
  const wrong = different(`Q2: ${what} counted`, done, count);
  if (wrong !== undefined) throw new Error(wrong);
}
