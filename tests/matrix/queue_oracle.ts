/**
 * What a queue owes, told of each call.
 */

import type { MiniQueue, QueuedMessage } from "../../mod.ts";
import { FakeClock } from "../../src/testing/mod.ts";
import { expect } from "./cells.ts";
import {
  EMPTY,
  isHeld,
  type Item,
  payloadAt,
  type QueueModel,
} from "./queue_model.ts";

/** The directory of the queue. */
export const QUEUE_DIR = "q";
/** The path of its log. */
export const QUEUE_LOG = "q/queue.jsonl";

/** How the queue is written. */
export interface QueueSettings {
  readonly maxSegmentBytes?: number;
}

/** What must come back of a queue after a crash. */
export interface QueueOwed {
  readonly settings: QueueSettings;
  /** What it may be; the first is what was acknowledged, or shown. */
  readonly ends: readonly QueueModel[];
  /** The ids that `enqueue` gave, by message. */
  readonly ids: Readonly<Record<string, string>>;
  /** The receipts of messages that were handed out, with the lease they are of. */
  readonly receipts: Readonly<Record<string, { turn: number; text: string }>>;
  /** How many messages there were. */
  readonly count: number;
  /** What the clock shows. */
  readonly now: number;
}

const NOTHING: QueueOwed = {
  settings: {},
  ends: [EMPTY],
  ids: {},
  receipts: {},
  count: 0,
  now: 1_000_000_000_000,
};

/** Told of each call, it says what is owed. */
export class QueueOracle {
  readonly clock: FakeClock;
  /** All that was handed in. */
  readonly history: QueueModel[] = [];
  #owed: QueueOwed;
  /** How many of the ends were left behind. */
  #behind = 0;

  constructor(known: Partial<QueueOwed> = {}) {
    this.#owed = { ...NOTHING, ...known };
    this.clock = new FakeClock(this.#owed.now);
    this.history.push(...this.#owed.ends);
  }

  get owed(): QueueOwed {
    return { ...this.#owed, now: this.now };
  }

  get now(): number {
    return this.clock.now();
  }

  /** The queue behind all that was handed in. */
  get model(): QueueModel {
    return this.#owed.ends.at(-1) ?? EMPTY;
  }

  /** The number of a new message. */
  next(): number {
    const count = this.#owed.count + 1;
    this.#owed = { ...this.#owed, count };
    return count;
  }

  /** An operation was handed in; what is returned acknowledges it. */
  submit(...steps: readonly QueueModel[]): () => void {
    this.history.push(...steps);
    const ends = [...this.#owed.ends, ...steps];
    this.#owed = { ...this.#owed, ends };
    const place = this.#behind + ends.length - 1;
    return () => this.#reach(place);
  }

  #reach(place: number): void {
    if (place <= this.#behind) return; // one behind it was acknowledged already
    const ends = this.#owed.ends.slice(place - this.#behind);
    this.#owed = { ...this.#owed, ends };
    this.#behind = place;
  }

  /** A message was given an id. */
  named(n: number, id: string): void {
    const { ids } = this.#owed;
    const same = ids[n] === undefined || ids[n] === id;
    expect(same, `Q5: message ${n} is ${id}, and was ${ids[n]}`);
    this.#owed = { ...this.#owed, ids: { ...ids, [n]: id } };
  }

  /** A message was handed out. */
  given(n: number, turn: number, text: string): void {
    const receipts = { ...this.#owed.receipts, [n]: { turn, text } };
    this.#owed = { ...this.#owed, receipts };
  }

  /** The receipt of a message that is held, if it was handed out to somebody. */
  receiptOf({ n, lease }: Item): string | undefined {
    const receipt = this.#owed.receipts[n];
    return lease && receipt?.turn === lease.turn ? receipt.text : undefined;
  }

  /**
   * M1, M2: what the counts show is one of the ends, and the ones in front of it
   * are owed no more.
   */
  sees(queue: MiniQueue<string>): void {
    const text = countsOf(queue);
    const { ends } = this.#owed;
    const at = ends.findIndex((end) => countsIn(end, this.now) === text);
    expect(at >= 0, `M1: ${text} is counted, not ${this.#wanted(countsIn)}`);
    this.#reach(this.#behind + at);
  }

  /**
   * M1, M2, Q1, Q2: the messages that are listed, with their payloads, are those of
   * one of the ends.
   *
   * @param isLast Whether it must be the last one.
   */
  async lists(queue: MiniQueue<string>, isLast: boolean): Promise<void> {
    const listed = [
      ...await Array.fromAsync(queue.list()),
      ...await Array.fromAsync(queue.deadLetters.list()),
    ];
    const texts = listed.map((message) => textOfListed(message, this.now));
    const text = `${countsOf(queue)} ${texts.join(" ")}`;
    const { ends, ids } = this.#owed;
    const at = ends.findLastIndex((end) => textIn(end, this.now) === text);
    expect(at >= 0, `Q1, Q2: it shows ${text}, not ${this.#wanted(textIn)}`);
    const last = !isLast || at === ends.length - 1;
    expect(last, `Q1: it shows ${text}, not ${textIn(this.model, this.now)}`);
    for (const { payload, id } of listed) {
      const n = Number.parseInt(payload.slice(1));
      expect((ids[n] ?? id) === id, `Q5: message ${n} is ${id}, not ${ids[n]}`);
    }
    this.#reach(this.#behind + at);
  }

  /** The queue was opened again: what it shows is all there is. */
  isOpened(): void {
    const [first] = this.#owed.ends;
    this.#owed = { ...this.#owed, ends: [first] };
  }

  #wanted(text: (model: QueueModel, now: number) => string): string {
    const wanted = this.#owed.ends.map((end) => text(end, this.now));
    return [...new Set(wanted)].join("\n or ");
  }
}

/** What a queue counts. */
export function countsOf(queue: MiniQueue<string>): string {
  const { ready, delayed, leased, dead, totals, oldestAge } = queue.stats();
  const counts = [queue.size, ready, delayed, leased, dead, oldestAge];
  return `${counts} ${JSON.stringify(totals)}`;
}

function countsIn({ items, dead, totals }: QueueModel, now: number): string {
  const count = (state: string) =>
    items.filter((item) => stateOf(item, now) === state).length;
  const oldestAge = items.length > 0 ? now - items[0].at : 0;
  const counts = [
    items.length,
    count("ready"),
    count("delayed"),
    count("leased"),
    dead.length,
    oldestAge,
  ];
  return `${counts} ${JSON.stringify(totals)}`;
}

function textIn(model: QueueModel, now: number): string {
  const all = [...model.items, ...model.dead];
  const texts = all.map((item) => {
    const { n, at, attempts, priority, group, reason } = item;
    const { expiresAt, diedAt, lease } = item;
    const state = stateOf(item, now);
    const [notBefore, until] = coming(now, item.notBefore, lease?.until);
    const times = [at, notBefore, expiresAt, until, diedAt];
    return line(payloadAt(n), state, attempts, priority, group, reason, times);
  });
  return `${countsIn(model, now)} ${texts.join(" ")}`;
}

function textOfListed(message: QueuedMessage<string>, now: number): string {
  const { payload, state, attempts, priority, group, reason } = message;
  const { enqueuedAt, expiresAt, diedAt } = message;
  const [notBefore, until] = coming(
    now,
    message.notBefore?.getTime(),
    message.leasedUntil?.getTime(),
  );
  const [at, end, died] = [enqueuedAt, expiresAt, diedAt].map((time) =>
    time?.getTime()
  );
  const times = [at, notBefore, end, until, died];
  return line(payload, state, attempts, priority, group, reason, times);
}

/** Those times that have not come yet: the others mean nothing any more. */
function coming(
  now: number,
  ...times: readonly (number | undefined)[]
): readonly (number | undefined)[] {
  return times.map((time = 0) => time > now ? time : undefined);
}

function line(...parts: readonly unknown[]): string {
  return JSON.stringify(parts);
}

function stateOf(item: Item, now: number): string {
  if (item.diedAt !== undefined) return "dead";
  if (isHeld(item, now)) return "leased";
  return (item.notBefore ?? 0) > now ? "delayed" : "ready";
}
