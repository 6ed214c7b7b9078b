/**
 * What can be seen of a queue, held against what it must be.
 */

import type {
  DurableError,
  MessageState,
  MiniQueue,
  QueuedMessage,
  QueueStats,
} from "../../mod.ts";
import {
  type Item,
  type Model,
  type Moment,
  payloadOf,
  SOME_REASON,
} from "./queue_items.ts";
import { doomOf, heldUntil, isHeld, nextOf } from "./queue_model.ts";

/** What messages of the lab carry. */
export type Payload = ReturnType<typeof payloadOf>;

type Listed = QueuedMessage<Payload>;

/** What was seen of a queue. */
export interface View {
  readonly size: number;
  readonly stats: QueueStats;
  readonly messages: readonly Listed[];
  readonly dead: readonly Listed[];
  /** Who is next; behind a failure that may be refused. */
  readonly next: Listed | undefined | "refused";
  readonly applied: readonly number[] | undefined;
}

/** Looks at a queue of which nobody makes use meanwhile; what is on its way to the disk is waited for. */
export async function viewOf(
  queue: MiniQueue<Payload>,
  applied: () => readonly number[] | undefined,
): Promise<View> {
  const before = JSON.stringify(queue.stats());
  const messages = await Array.fromAsync(queue.list());
  const dead = await Array.fromAsync(queue.deadLetters.list());
  const next = await queue.peek().catch((error: DurableError) => {
    if (error.code !== "FAILED") throw error;
    return "refused" as const;
  });
  const { size } = queue;
  const stats = queue.stats();
  if (JSON.stringify(stats) !== before) return await viewOf(queue, applied);
  return { size, stats, messages, dead, next, applied: applied() };
}

/** In what a queue is not what it must be; nothing if it is. */
export function difference(
  view: View,
  model: Model,
  moment: Moment,
): string | undefined {
  const { messages, dead } = model;
  return differentTotals(view.stats, model) ??
    differentList("messages", view.messages, messages, moment) ??
    differentList("dead letters", view.dead, dead, moment) ??
    differentCounts(view, model, moment) ??
    differentNext(view.next, model, moment) ??
    different("M1: the state", view.applied ?? [], model.applied);
}

/** Whether a queue that shows these totals may be what a model says. */
export function hasTotals(stats: QueueStats, { totals }: Model): boolean {
  return JSON.stringify(stats.totals) === JSON.stringify(totals);
}

function differentTotals(
  { totals: seen }: QueueStats,
  { totals }: Model,
): string | undefined {
  const kinds = Object.keys(totals) as (keyof typeof totals)[];
  const kind = kinds.find((name) => seen[name] !== totals[name]);
  if (kind === undefined) return undefined;
  const invariant = kind === "enqueued"
    ? "Q1"
    : kind === "delivered"
    ? "Q3"
    : "Q2";
  return `${invariant}: ${seen[kind]} were ${kind}, and not ${totals[kind]}`;
}

function differentList(
  what: string,
  seen: readonly Listed[],
  items: readonly Item[],
  moment: Moment,
): string | undefined {
  const numbers = seen.map(({ payload }) => payload?.n);
  const wanted = items.map(({ n }) => n);
  const lost = wanted.find((n) => !numbers.includes(n));
  if (lost !== undefined) return `Q1: message ${lost} is not among the ${what}`;
  const back = numbers.find((n) => !wanted.includes(n));
  if (back !== undefined) return `Q2: message ${back} is among the ${what}`;
  return different(`Q3: the order of ${what}`, numbers, wanted) ??
    seen.map((one, n) => differentItem(one, items[n], moment))
      .find((text) => text !== undefined);
}

function differentItem(
  seen: Listed,
  item: Item,
  moment: Moment,
): string | undefined {
  const { n, priority, group, attempts, id, reason } = item;
  const what = `message ${n}: its`;
  return different(`Q1: ${what} payload`, seen.payload, payloadOf(n)) ??
    (id === undefined ? undefined : different(`Q5: ${what} id`, seen.id, id)) ??
    different(`Q3: ${what} attempts`, seen.attempts, attempts) ??
    different(`Q4: ${what} state`, seen.state, stateOf(item, moment)) ??
    different(
      `Q4: ${what} lease`,
      seen.leasedUntil?.getTime(),
      item.hold && heldUntil(item, moment),
    ) ??
    differentReason(`Q3: ${what} reason`, seen.reason, reason) ??
    different(`Q3: what was asked for with message ${n}`, {
      priority: seen.priority,
      group: seen.group,
      enqueuedAt: seen.enqueuedAt.getTime(),
      notBefore: item.hold ? undefined : seen.notBefore?.getTime(),
      expiresAt: seen.expiresAt?.getTime(),
      diedAt: seen.diedAt?.getTime(),
    }, {
      priority,
      group,
      enqueuedAt: item.at,
      notBefore: item.notBefore,
      expiresAt: item.expiresAt,
      diedAt: item.diedAt,
    });
}

/** Holds a reason against the one that it must be. */
export function differentReason(
  what: string,
  seen: string | undefined,
  wanted: string | undefined,
): string | undefined {
  if (wanted === SOME_REASON && seen !== undefined && seen !== "") {
    return undefined;
  }
  return different(what, seen, wanted);
}

function differentCounts(
  { size, stats }: View,
  { messages, dead }: Model,
  moment: Moment,
): string | undefined {
  const { ready, delayed, leased, oldestAge } = stats;
  const count = (state: MessageState) =>
    messages.filter((item) => stateOf(item, moment) === state).length;
  const oldest = messages[0]?.at ?? moment.now;
  return different("M2: the counts", {
    size,
    ready,
    delayed,
    leased,
    dead: stats.dead,
    oldestAge,
  }, {
    size: messages.length,
    ready: count("ready"),
    delayed: count("delayed"),
    leased: count("leased"),
    dead: dead.length,
    oldestAge: Math.max(0, moment.now - oldest),
  });
}

/** Who is next is told, unless it is one that cannot be handed out any more. */
function differentNext(
  seen: View["next"],
  model: Model,
  moment: Moment,
): string | undefined {
  if (seen === "refused") return undefined;
  const next = nextOf(model, moment);
  if (next && doomOf(next, moment.now) !== undefined) return undefined;
  return different("Q3: the next message", seen?.payload.n, next?.n);
}

function stateOf(item: Item, moment: Moment): MessageState {
  const { diedAt, notBefore = 0 } = item;
  if (diedAt !== undefined) return "dead";
  if (isHeld(item, moment)) return "leased";
  return notBefore > moment.now ? "delayed" : "ready";
}

/** Says so if two things are not the same. */
export function different(
  what: string,
  seen: unknown,
  wanted: unknown,
): string | undefined {
  const [a, b] = [JSON.stringify(seen), JSON.stringify(wanted)];
  return a === b ? undefined : `${what}: ${a}, and not ${b}`;
}
