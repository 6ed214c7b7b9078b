/**
 * What a queue owes, known without looking at its files.
 */

import {
  type Item,
  type Model,
  type Moment,
  nameOf,
  NEW,
  type Span,
} from "./queue_items.ts";

/** How a queue is kept. */
export interface QueueSettings {
  readonly maxSegmentBytes?: number | undefined;
  readonly payloadMemory?: number | undefined;
  readonly snapshotAfter?: number | undefined;
  /** It begins with so many dedupe keys, and without messages. @default none */
  readonly keys?: number | undefined;
  /** It is that of an outbox. @default no */
  readonly outbox?: boolean | undefined;
}

/** A lease that somebody was given. */
export interface Receipt {
  readonly n: number;
  readonly token: number;
  /** What the queue calls it. */
  readonly receipt: string;
}

/** What must come back after a crash. */
export interface QueueOwed {
  readonly settings: QueueSettings;
  /** What the clock shows. */
  readonly now: number;
  /** What was durable for certain, and what each operation makes of it that was handed in behind that. */
  readonly models: readonly [Model, ...Model[]];
  /** The number of the next message. */
  readonly next: number;
  /** The number of the next claim. */
  readonly token: number;
  /** The last leases that were given. */
  readonly receipts: readonly Receipt[];
  /** Ids by the numbers of messages, as far as they were told. */
  readonly ids: Readonly<Record<number, string>>;
  /** Whether a sync reported success and had lost what it was to save: then a refusal is right too. */
  readonly lied: boolean;
}

/** A clock that is set back by less stands still instead, in milliseconds. */
const SMALL_STEP = 1000;
/** How many leases are remembered. */
const RECEIPTS = 6;

const NOTHING: QueueOwed = {
  settings: {},
  now: 1_000_000_000_000,
  models: [NEW],
  next: 1,
  token: 1,
  receipts: [],
  ids: {},
  lied: false,
};

/** The oracle of a queue: told of each call, it says what is owed. */
export class QueueOracle {
  #owed: QueueOwed;
  /** The number of the first model that is owed. */
  #base = 0;
  #last = -Infinity;
  #ends: ReadonlyMap<string, Span> = new Map();

  constructor(known: Partial<QueueOwed>) {
    this.#owed = { ...NOTHING, ...known };
  }

  get owed(): QueueOwed {
    return this.#owed;
  }

  /** What the queue is when everything is durable that was handed in. */
  get newest(): Model {
    const { models } = this.#owed;
    return models[models.length - 1];
  }

  /** The number of the newest model. */
  get end(): number {
    return this.#base + this.#owed.models.length - 1;
  }

  /** The moment when the clock shows this. */
  at(clock: number): Moment {
    const back = this.#last - clock;
    if (back <= 0 || back >= SMALL_STEP) {
      this.#last = clock;
      if (back > 0) this.#ends = endsOf(this.newest, clock, this.#ends);
    }
    return { now: this.#last, ends: this.#ends };
  }

  /** Hands operations in, one after the other; gives the number of what they come to. */
  submit(models: readonly Model[]): number {
    this.#now({ models: [...this.#owed.models, ...models] as never });
    return this.end;
  }

  /** Takes numbers for messages that are about to be enqueued. */
  takes(count: number): void {
    this.#now({ next: this.#owed.next + count });
  }

  /** Messages are being handed out: until that is done no lease of theirs runs. */
  handsOut(items: readonly Item[]): void {
    this.#runs(items, { at: Infinity, until: Infinity, end: Infinity });
  }

  /** Messages were handed out, or their leases extended, and that is durable: from now on they are held for so long. */
  begins(items: readonly Item[], time: number, clock: number): void {
    const { now: at } = this.at(clock);
    this.#runs(items, { at, until: at + time, end: at + time });
  }

  /** Nothing can be written any more: what is on disk of a lease that was never begun counts. */
  fails(): void {
    const begun = [...this.#ends].filter(([, { at }]) => at < Infinity);
    this.#ends = new Map(begun);
  }

  #runs(items: readonly Item[], span: Span): void {
    const ends = new Map(this.#ends);
    for (const { n, hold } of items) if (hold) ends.set(nameOf(n, hold), span);
    this.#ends = ends;
  }

  /** Takes a number for a claim. */
  takesToken(): number {
    const { token } = this.#owed;
    this.#now({ token: token + 1 });
    return token;
  }

  /** What a number stands for is durable. */
  acknowledge(number: number): void {
    if (this.#owed.lied || number <= this.#base) return;
    const models = this.#owed.models.slice(number - this.#base);
    this.#base = number;
    this.#now({ models: models as never });
  }

  /** The queue was seen so; gives whether it may be. */
  shows(isSeen: (model: Model) => boolean): boolean {
    const n = this.#owed.models.findIndex(isSeen);
    if (n > 0) this.acknowledge(this.#base + n);
    return n >= 0;
  }

  /** The queue was opened, and is one of those that were owed. */
  opens(model: Model, { now, ends }: Moment): void {
    this.#last = now;
    this.#ends = ends;
    this.#base = 0;
    this.#now({ models: [model] });
  }

  /** What it is called by the queue; throws if that is not right. */
  learns(n: number, { id: own }: Pick<Item, "id">, id: string): void {
    const { ids, lied } = this.#owed;
    const known = ids[n] ?? own;
    if (known !== undefined ? id !== known : !/^[1-9]\d*$/.test(id)) {
      throw new Error(`Q5: message ${n} has the id ${id}, and not ${known}`);
    }
    if (ids[n] !== undefined) return;
    const other = Object.entries(ids).find(([, taken]) => taken === id);
    if (other !== undefined && own === undefined && !lied) {
      throw new Error(
        `Q5: the messages ${n} and ${other[0]} have the id ${id}`,
      );
    }
    this.#now({ ids: { ...ids, [n]: id } });
  }

  /** Somebody was given a lease. */
  gives(receipt: Receipt): void {
    const receipts = [...this.#owed.receipts, receipt].slice(-RECEIPTS);
    this.#now({ receipts });
  }

  /** What comes now is acknowledged by syncs that lie. */
  lies(): void {
    this.#now({ lied: true });
  }

  #now(change: Partial<QueueOwed>): void {
    this.#owed = { ...this.#owed, ...change };
  }
}

/** The moment when a queue is opened. */
export function momentOf(model: Model, now: number): Moment {
  return { now, ends: endsOf(model, now, new Map()) };
}

/**
 * When leases run out by a clock that was set back: one that began later than now
 * runs from now on. Of a group only the last one that was given goes on.
 */
function endsOf(
  { messages }: Model,
  now: number,
  before: ReadonlyMap<string, Span>,
): Map<string, Span> {
  const ends = new Map(before);
  for (const { n, group, hold } of messages) {
    if (!hold) continue;
    const name = nameOf(n, hold);
    const { at, until } = before.get(name) ?? hold;
    if (at === Infinity) continue; // nobody has it yet
    const isOver = messages.some((other) =>
      group !== undefined && other.group === group &&
      (other.hold?.token ?? 0) > hold.token
    );
    const running = at > now ? now + until - at : until;
    const end = isOver ? Math.min(until, now) : running;
    ends.set(name, { at, until, end });
  }
  return ends;
}
