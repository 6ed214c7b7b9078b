/**
 * The states that may be read: the newest, those that are not durable yet,
 * the durable one, those that snapshots are being made of, and those that a
 * program has read and still holds.
 *
 * A state is a reference to a value that never changes, so keeping one is no work.
 * Only tables are changed in place; what a slot held before is kept while one of
 * these states shows it. A program that holds an old state is found out by weak
 * references to the versions of tables in it.
 *
 * Changes are counted by _ticks_: what happens within one tick is seen as a whole.
 *
 * @module
 */

import { type Change, forget, type TableVersion } from "./table.ts";

/** How many settled changes are between two looks at what programs still hold. */
const LOOK_EVERY = 4096;

/** A state as of a commit, or of the last one of a group of commits that become durable together. */
export interface Moment {
  /** The first sequence number of the commits. */
  readonly first: number;
  /** The last sequence number of them. */
  sequence: number;
  /** The number of the last change that made it. */
  tick: number;
  /** The state. */
  root: unknown;
  /** What it changed in tables. */
  readonly changes: Change[];
  /** The versions of tables that it has made others of. */
  readonly replaced: TableVersion[];
}

/** A version of a table that a program may hold. */
interface Lent {
  readonly tick: number;
  readonly version: WeakRef<TableVersion>;
}

/** The states that may be read, oldest first, and what is kept for them. */
export class Timeline {
  #durable: Moment;
  /** Commits that are not durable yet, from `#head` on. */
  #pending: Moment[] = [];
  #head = 0;
  /** The highest tick as of which a program has read the state. */
  #seen = -1;
  /** Whether a version of a table may be in the state twice. */
  #mayAlias = false;
  readonly #captured: Moment[] = [];
  /** By their ticks. */
  #lent: Lent[] = [];
  #settled = 0;
  /** Changes of which the value before is kept for captured or lent states. */
  #kept: Change[] = [];

  constructor(root: unknown, sequence: number) {
    this.#durable = {
      first: sequence,
      sequence,
      tick: 0,
      root,
      changes: [],
      replaced: [],
    };
  }

  /** The state that is durable. */
  get durable(): Moment {
    return this.#durable;
  }

  /** The state with all changes. */
  get newest(): Moment {
    return this.#pending.at(-1) ?? this.#durable;
  }

  /** Adds a state. */
  push(moment: Moment): void {
    this.#pending.push(moment);
  }

  /** The newest state, if it is not durable yet and was never shown: it may still be changed. */
  get open(): Moment | undefined {
    const moment = this.#pending.at(-1);
    return moment && moment.tick > this.#seen && !this.#mayAlias
      ? moment
      : undefined;
  }

  /** A program is given a state, and may hold it for as long as it likes. */
  lend({ tick, root }: Moment): unknown {
    if (tick > this.#seen) this.#seen = tick;
    return root;
  }

  /** Whether a version of a table may be in the state twice. */
  get mayAlias(): boolean {
    return this.#mayAlias;
  }

  /** From here on a version of a table may be in the state twice. */
  alias(): void {
    this.#mayAlias = true;
  }

  /** Keeps the durable state until {@linkcode Timeline.release}. */
  capture(): Moment {
    this.#captured.push(this.#durable);
    return this.#durable;
  }

  /** Ends {@linkcode Timeline.capture}. */
  release(moment: Moment): void {
    this.#captured.splice(this.#captured.indexOf(moment), 1);
    this.#releaseKept();
  }

  /** The commits of the state with this sequence number are durable, and all before. */
  settle(sequence: number): void {
    const pending = this.#pending;
    const first = this.#head;
    if (first === pending.length || pending[first].first > sequence) return;
    while (
      this.#head < pending.length && pending[this.#head].first <= sequence
    ) this.#durable = pending[this.#head++];
    for (let n = first; n < this.#head; n++) {
      for (const version of pending[n].replaced) {
        if (this.#mayAlias || version.tick <= this.#seen) {
          this.#lendOut(version);
        }
      }
    }
    for (let n = first; n < this.#head; n++) {
      for (const change of pending[n].changes) this.#release(change);
      this.#settled += pending[n].changes.length;
    }
    if (this.#head === pending.length) pending.length = this.#head = 0;
    else if (this.#head > 1024 && this.#head * 2 > pending.length) {
      this.#pending = pending.slice(this.#head);
      this.#head = 0;
    }
    if (this.#settled >= Math.max(LOOK_EVERY, this.#lent.length)) this.#look();
  }

  /** Notes a version that is not the newest any more, and may be held. */
  #lendOut(version: TableVersion): void {
    const { tick } = version;
    const at = this.#firstLent(tick);
    const lent = { tick, version: new WeakRef(version) };
    if (at === this.#lent.length) this.#lent.push(lent);
    else this.#lent.splice(at, 0, lent);
  }

  /** The place of the first version that was lent with this tick or a later one. */
  #firstLent(tick: number): number {
    let low = 0;
    let high = this.#lent.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#lent[middle].tick < tick) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Looks which versions are still held, and forgets what was kept for the others. */
  #look(): void {
    this.#settled = 0;
    if (this.#lent.length === 0) return;
    const held = this.#lent.filter(({ version }) => version.deref());
    if (held.length === this.#lent.length) return;
    this.#lent = held;
    this.#releaseKept();
  }

  #releaseKept(): void {
    const kept = this.#kept;
    this.#kept = [];
    for (const change of kept) this.#release(change);
  }

  /** Forgets what a durable change has replaced, if no state shows that, and its slot if it is empty then. */
  #release(change: Change): void {
    const { table, slot, since, newer } = change;
    if (newer) {
      if (this.#isNeeded(since, newer.since)) {
        this.#kept.push(change);
        return;
      }
      forget(change);
    }
    const isEmpty = slot.value === undefined && slot.older === undefined;
    if (isEmpty && slot.since <= this.#durable.tick) table.drop(slot);
  }

  /** Whether a state from one tick up to another one may be read. */
  #isNeeded(from: number, until: number): boolean {
    for (const { tick } of this.#captured) {
      if (from <= tick && tick < until) return true;
    }
    const first = this.#lent[this.#firstLent(from)];
    return first !== undefined && first.tick < until;
  }
}
