/**
 * What happens to one queue: processes that take turns on it and are killed, and
 * between them somebody who drains it and compares.
 *
 * @module
 */

import { join } from "@std/path";
import type { Message, MiniQueue } from "../../mod.ts";
import { Random } from "../fuzz/random.ts";
import { HELD, type Job, openFor, ROLES } from "./job.ts";
import { Judge } from "./judge.ts";
import { type Call, type Payload, requestOf, requestsOf } from "./messages.ts";
import type { Moment, Worker } from "./worker.ts";

/** How many messages are drained in one claim; all that are ready in one round, nearly always. */
const PORTION = 1000;
/** How long a process is left alone at most, in milliseconds; some of them have nothing to do. */
const LONG = 100;
/** How long one is left alone that is to close the queue. */
const UNTIL_CLOSED = 400;
/** Calls that may be under way when a process is killed. */
const UNDER_WAY = 6;
/** The most calls that are made again by one process. */
const MOST_AGAIN = 20;

/** A queue, and all that happened to it. */
export class History {
  readonly #seed: number;
  readonly #base: string;
  readonly #judge: Judge;
  readonly #random: Random;
  /** All lines of all processes, for whoever looks into a violation. */
  readonly story: string[] = [];
  #round = 0;
  #ahead = 0;
  #unsent: Call[] = [];

  /**
   * @param base The directory that processes may touch.
   * @param seed Makes all choices.
   */
  constructor(base: string, seed: number) {
    this.#base = base;
    this.#seed = seed;
    this.#judge = new Judge(seed);
    this.#random = new Random(seed, 0);
  }

  /** The directory of the queue. */
  get directory(): string {
    return join(this.#base, `queue-${this.#seed}`);
  }

  /** What is wrong; empty if nothing is. */
  get problems(): readonly string[] {
    return this.#judge.problems;
  }

  /** How much was heard. */
  get counts(): Judge["counts"] {
    return this.#judge.counts;
  }

  /** Lets a process have its turn; tells whether it was killed. */
  async turn(worker: Worker): Promise<boolean> {
    const random = this.#random;
    // In the past of most leases, or behind the end of all of them.
    if (random.oneIn(3)) this.#ahead += HELD;
    const job: Job = {
      ...this.#next(),
      role: random.pick([...ROLES, "mix"] as const),
      again: this.#unsent,
      ...(random.oneIn(8) ? { closeAfter: random.below(60) + 1 } : {}),
    };
    const moment = this.#moment(job);
    const killed = await worker.run(job, moment);
    this.story.push(
      `# ${worker.runtime} ${JSON.stringify(job)} ${JSON.stringify(moment)}`,
    );
    for (const line of worker.lines) this.note(line);
    if (job.role !== "consume") this.#collectUnsent(job, worker.lines);
    return killed;
  }

  /** Takes note of a line: of a process, or of what was drained. */
  note(line: string): void {
    this.story.push(line);
    this.#judge.hear(line);
  }

  /** Drains the queue, and holds what is there against what is owed. */
  async check(): Promise<void> {
    this.#ahead += HELD; // leases that are left end here
    const job = this.#next();
    this.note(`begin ${Date.now() + job.ahead}`);
    const queue = await openFor(job);
    try {
      if (this.#random.oneIn(2)) await queue.compact(); // with payloads to be moved
      const dead = await this.#list(queue);
      await this.#drain(queue);
      for (const id of this.#judge.drained()) {
        if (!dead.has(id)) this.note(`wrong: ${id} is no dead letter (Q1)`);
      }
      if (queue.size > 0) this.note(`wrong size: ${queue.size}`);
      if (this.#random.oneIn(2)) await queue.compact();
    } finally {
      await queue.close();
    }
  }

  #next(): Pick<Job, "directory" | "seed" | "round" | "ahead"> {
    return {
      directory: this.directory,
      seed: this.#seed,
      round: ++this.#round,
      ahead: this.#ahead,
    };
  }

  #moment({ closeAfter }: Job): Moment {
    const random = this.#random;
    const fromOpen = !random.oneIn(4);
    if (closeAfter !== undefined && random.oneIn(2)) {
      return { time: UNTIL_CLOSED, fromOpen: true };
    }
    if (!fromOpen || random.oneIn(4)) {
      return { time: random.below(LONG), fromOpen };
    }
    const lines = random.below(random.pick([10, 100, 300]));
    return { lines, time: LONG, fromOpen };
  }

  /** Messages that were not acknowledged are enqueued again; not those of a group, whose order that would change. */
  #collectUnsent({ again, round }: Job, lines: readonly string[]): void {
    const sent = new Set(
      lines.flatMap((line) => /^sent (\d+ \d+) /.exec(line)?.[1] ?? []),
    );
    const last = Math.max(
      0,
      ...Array.from(sent, (name) => {
        const [of, n] = name.split(" ").map(Number);
        return of === round ? n : 0;
      }),
    );
    const own = Array.from(
      { length: last + UNDER_WAY },
      (_, n) => ({ round, n: n + 1 }),
    );
    this.#unsent = [...again, ...own].filter((call) =>
      !sent.has(`${call.round} ${call.n}`) &&
      requestsOf(this.#seed, call).every(({ group }) => group === undefined)
    ).slice(-MOST_AGAIN);
  }

  /** Lists what is there; gives the ids of the dead letters. */
  async #list(queue: MiniQueue<Payload>): Promise<Set<string>> {
    const dead = new Set<string>();
    let waiting = 0;
    for await (const { id, attempts, payload } of queue.list()) {
      waiting++;
      this.#judge.listed(id, attempts, false);
      this.#compare(id, payload);
    }
    for await (
      const { id, attempts, payload } of queue.list({ state: "dead" })
    ) {
      dead.add(id);
      this.#judge.listed(id, attempts, true);
      this.#compare(id, payload);
    }
    const stats = queue.stats();
    if (stats.ready !== waiting || queue.size !== waiting) {
      this.note(`wrong: ${waiting} wait, not ${stats.ready} or ${queue.size}`);
    }
    if (stats.dead !== dead.size) {
      this.note(`wrong: ${dead.size} are dead, not ${stats.dead}`);
    }
    return dead;
  }

  async #drain(queue: MiniQueue<Payload>): Promise<void> {
    for (;;) {
      const messages = await queue.claim(PORTION);
      if (messages.length === 0) return;
      this.#compareOrder(messages);
      for (const { id, attempts, payload, receipt } of messages) {
        const now = Date.now() + this.#ahead;
        this.note(`got ${id} ${attempts} ${receipt.split(".")[0]} ${now}`);
        this.#compare(id, payload);
        this.note(`will ack ${id}`);
      }
      await Promise.all(messages.map((message) => message.ack()));
      for (const { id } of messages) this.note(`did ack ${id}`);
    }
  }

  /** Nothing is enqueued meanwhile, so what has no group comes by its priority, and by its number. */
  #compareOrder(messages: readonly Message<Payload>[]): void {
    const free = messages.filter(({ group }) => group === undefined);
    for (const [n, { id, priority, receipt }] of free.entries()) {
      if (n === 0) continue;
      const before = free[n - 1];
      const isLater = parseInt(receipt) > parseInt(before.receipt);
      if (
        priority < before.priority || (priority === before.priority && isLater)
      ) continue;
      this.note(`wrong order: ${id} was drained behind ${before.id} (Q3)`);
    }
  }

  #compare(id: string, payload: Payload): void {
    const want = requestOf(this.#seed, id).payload;
    if (JSON.stringify(payload) === JSON.stringify(want)) return;
    this.note(`wrong payload of ${id}`);
  }
}
