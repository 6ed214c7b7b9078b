/**
 * What a queue owes, known without looking at its files.
 */

import {
  type Hold,
  type Item,
  type Model,
  type Moment,
  NEW,
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
  #ends: ReadonlyMap<number, Hold> = new Map();

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
      if (back > 0) this.#ends = endsOf(this.newest, clock);
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
  return { now, ends: endsOf(model, now) };
}

/** A lease that begins later than now runs from now on, as the clock was set back. */
function endsOf({ messages }: Model, now: number): Map<number, Hold> {
  const ends = new Map<number, Hold>();
  for (const { n, hold } of messages) {
    if (hold && hold.at > now) {
      ends.set(n, { ...hold, until: now + hold.until - hold.at });
    }
  }
  return ends;
}
