/**
 * A campaign on several processors: pieces are given to shards as these become
 * free, and what they find is put together by the numbers of the pieces, so that
 * neither their number nor their speed changes the result.
 */

import { Worker } from "node:worker_threads";
import type { Part } from "./campaign.ts";
import type { PieceResult, Pieces } from "./pieces.ts";
import type { EffortChange, SubjectName } from "./subjects.ts";

/** One that runs pieces. */
export interface Shard {
  /** Runs a piece; a violation is thrown. */
  run(number: number): Promise<PieceResult>;
  /** Ends it, also while it runs a piece. */
  end(): Promise<unknown>;
}

/** How many pieces each shard may be ahead of the first that has not ended: they may come to nothing. */
const AHEAD = 16;

/** When a campaign ends. */
export interface End {
  /** Before what the effort plans has been run, or not. */
  readonly early: boolean;
  /** How many distinct states there are to be. */
  readonly states: number;
  /** Whether there is no time left. */
  readonly isOver: () => boolean;
}

/** What has been found so far. */
export class Findings {
  /** The distinct states. */
  readonly states: StateSet = new StateSet();
  /** States of each model that gave them first; one that several pieces came to counts in each. */
  readonly byModel: Map<string, number> = new Map();
  /** How many units of each part have been run. */
  readonly done: Map<Part, number> = new Map();
  histories = 0;
  faults = 0;
  /** How many states were checked; one that several pieces came to more than once. */
  checked = 0;

  /** Adds what a piece has found. */
  add(result: PieceResult): void {
    for (const state of result.states) this.states.add(state);
    for (const [model, count] of result.byModel) {
      this.byModel.set(model, (this.byModel.get(model) ?? 0) + count);
    }
    const { part, units } = result;
    this.done.set(part, (this.done.get(part) ?? 0) + units);
    this.histories += result.histories;
    this.faults += result.faults;
    this.checked += result.states.length;
  }
}

/**
 * Runs pieces until the end: the plan, and the states that are wanted, or the time.
 * The pieces that count are the first ones up to the end; after the time, all that
 * were begun.
 *
 * @throws The first violation; nothing runs any more then.
 */
export async function runPieces(
  { planned }: Pick<Pieces, "planned">,
  shards: readonly Shard[],
  { early, states, isOver }: End,
  findings: Findings,
): Promise<void> {
  const waiting = new Map<number, PieceResult>();
  const most = AHEAD * shards.length;
  let next = 0;
  let merged = 0;
  let isStopped = false;
  let progress = Promise.withResolvers<void>();
  const hasEnded = () =>
    (early || merged >= planned) && findings.states.size >= states;
  const work = async (shard: Shard) => {
    while (!isStopped && !hasEnded() && !isOver()) {
      if (next >= merged + most) {
        await progress.promise;
        continue;
      }
      const result = await shard.run(next++).catch((error) => {
        if (error instanceof ShardEnded && hasEnded()) return undefined;
        throw error;
      });
      if (!result || hasEnded()) return; // others have come to the end before
      waiting.set(result.number, result);
      for (let it; !hasEnded() && (it = waiting.get(merged)); merged++) {
        waiting.delete(merged);
        findings.add(it);
      }
      progress.resolve();
      progress = Promise.withResolvers();
    }
    // Others may be in the midst of pieces that do not count any more.
    if (hasEnded()) await Promise.all(shards.map((shard) => shard.end()));
  };
  const working = shards.map(work);
  try {
    await Promise.all(working);
    if (!hasEnded()) { for (const it of waiting.values()) findings.add(it); }
  } finally {
    isStopped = true;
    progress.resolve();
    await Promise.all(shards.map((shard) => shard.end()));
    await Promise.allSettled(working);
  }
}

/** A shard in a thread of its own. */
export class Thread implements Shard {
  readonly #worker: Worker;
  #answer: PromiseWithResolvers<PieceResult> | undefined;
  #hasEnded = false;

  constructor(subject: SubjectName, change: EffortChange) {
    const workerData = { subject, change };
    const url = new URL("./shard_worker.ts", import.meta.url);
    this.#worker = new Worker(url, { workerData });
    this.#worker.on("message", (message: PieceResult | string) => {
      if (typeof message === "string") {
        this.#answer?.reject(new Error(message));
      } else this.#answer?.resolve(message);
    });
    this.#worker.on("error", (error) => this.#answer?.reject(error));
    this.#worker.on("exit", () => {
      this.#hasEnded = true;
      this.#answer?.reject(new ShardEnded());
    });
  }

  /** Runs a piece. */
  run(number: number): Promise<PieceResult> {
    if (this.#hasEnded) return Promise.reject(new ShardEnded());
    this.#answer = Promise.withResolvers();
    this.#worker.postMessage(number);
    return this.#answer.promise;
  }

  /** Ends the thread. */
  end(): Promise<unknown> {
    return this.#worker.terminate();
  }
}

/** A shard was ended while it ran a piece. */
export class ShardEnded extends Error {
  override readonly name = "ShardEnded";
}

/** Numbers, as many as there is memory for: one `Set` holds 16 million at most. */
export class StateSet {
  readonly #sets: readonly Set<number>[] = Array.from(
    { length: 64 },
    () => new Set(),
  );
  #size = 0;
  #low = 0;
  #high = 0;

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /** Adds a number, if it is not there. */
  add(state: number): void {
    const set = this.#sets[state % this.#sets.length];
    const { size } = set;
    if (set.add(state).size === size) return;
    this.#size++;
    this.#low = (this.#low + state % 2 ** 32) >>> 0;
    this.#high = (this.#high + Math.floor(state / 2 ** 21)) >>> 0;
  }

  /** What tells sets apart, whatever the order in which they came to be: two sums, as hexadecimal digits. */
  get hash(): string {
    return [this.#low, this.#high].map((sum) =>
      sum.toString(16).padStart(8, "0")
    ).join("");
  }
}
