/**
 * Many kills, on many queues: a few side by side, each through some tens of turns.
 *
 * @module
 */

import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "@std/path";
import { Random } from "../fuzz/random.ts";
import type { Runtime } from "../support/processes.ts";
import { History } from "./history.ts";
import { Worker } from "./worker.ts";

/** The most turns of a queue, before another one is begun. */
const TURNS = 40;
/** After how many turns at most a queue is drained. */
const UNCHECKED = 10;
/** After so many there is enough to look at. */
const MOST_KEPT = 10;

/** How much is done. */
export interface Effort {
  /** Where all choices begin. */
  readonly seed: number;
  /** How many kills there are to be on each runtime. */
  readonly kills: number;
  /** Which runtimes take turns. */
  readonly runtimes: readonly Runtime[];
  /** How many queues there are at a time. */
  readonly lanes: number;
  /** Where the queues are. */
  readonly directory: string;
}

/** What came of it. */
export interface Outcome {
  /** How many processes were killed on each runtime. */
  readonly kills: Record<Runtime, number>;
  /** Turns of processes that came to their end, and closed the queue. */
  closed: number;
  /** How often a queue was drained and compared. */
  checks: number;
  queues: number;
  /** What the processes were heard to have done. */
  readonly counts: Record<"sent" | "got" | "acked" | "compacted", number>;
  /** What is wrong, with the seed of the queue, and where its files are kept. */
  readonly violations: string[];
}

/** Kills. */
export class Campaign {
  readonly outcome: Outcome = {
    kills: { deno: 0, bun: 0, node: 0 },
    closed: 0,
    checks: 0,
    queues: 0,
    counts: { sent: 0, got: 0, acked: 0, compacted: 0 },
    violations: [],
  };
  readonly #effort: Effort;
  readonly #random: Random;

  constructor(effort: Effort) {
    this.#effort = effort;
    this.#random = new Random(effort.seed);
  }

  /** Works until every runtime has had its kills, or enough is wrong. */
  async run(): Promise<Outcome> {
    // One that ends by itself: only then Node keeps what it has compiled.
    const { directory } = this.#effort;
    await Promise.all(
      this.#effort.runtimes.map((runtime) =>
        new Worker(runtime, directory).dismiss()
      ),
    );
    const lanes = Array.from({ length: this.#effort.lanes }, async () => {
      while (this.#isToGoOn()) await this.#history(this.#random.below(1e9));
    });
    await Promise.all(lanes);
    return this.outcome;
  }

  #isToGoOn(): boolean {
    return this.outcome.violations.length < MOST_KEPT &&
      this.#left().length > 0;
  }

  /** The runtimes that have not had their kills. */
  #left(): Runtime[] {
    const { runtimes, kills } = this.#effort;
    return runtimes.filter((runtime) => this.outcome.kills[runtime] < kills);
  }

  /** One queue, from its beginning to its last check. */
  async #history(seed: number): Promise<void> {
    const { outcome } = this;
    const { directory } = this.#effort;
    const random = new Random(seed, 1);
    const history = new History(directory, seed);
    const start = () => {
      const left = this.#left();
      return left.length > 0
        ? new Worker(random.pick(left), directory)
        : undefined;
    };
    outcome.queues++;
    let next = start();
    let untilCheck = random.between(1, UNCHECKED);
    try {
      for (let turn = 0; turn < TURNS && next; turn++) {
        const worker = next;
        next = turn + 1 < TURNS ? start() : undefined; // it starts while this one works
        if (await history.turn(worker)) outcome.kills[worker.runtime]++;
        else outcome.closed++;
        if (--untilCheck > 0 && next) continue;
        await history.check();
        outcome.checks++;
        untilCheck = random.between(1, UNCHECKED);
        if (history.problems.length > 0) break;
      }
    } catch (error) {
      history.note(`wrong: the queue cannot be drained: ${error}`);
    } finally {
      await next?.dismiss();
    }
    if (history.problems.length > 0) await this.#violation(history, seed);
    for (const [name, count] of Object.entries(history.counts)) {
      outcome.counts[name as keyof Outcome["counts"]] += count;
    }
    await rm(history.directory, { recursive: true, force: true });
  }

  async #violation(
    { directory, problems, story }: History,
    seed: number,
  ): Promise<void> {
    const kept = await mkdtemp(join(tmpdir(), "kills-kept-"));
    await cp(directory, join(kept, "queue"), { recursive: true });
    await writeFile(join(kept, "story.txt"), `${story.join("\n")}\n`);
    const shown = problems.slice(0, 5).map((problem) => `  ${problem}`);
    this.outcome.violations.push(
      [`queue ${seed}, kept in ${kept}`, ...shown].join("\n"),
    );
  }
}
