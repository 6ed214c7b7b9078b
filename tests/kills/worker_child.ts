/**
 * Does a job on a queue until it is killed, or has done enough. Each line it prints
 * is handed to the kernel before the next call of the queue, so it outlives the
 * process; whoever reads it knows:
 *
 * - `begin TIME`, `open`: the queue is about to be opened, and is open;
 * - `sent ROUND N IDS`: the messages of a call are durable, under these ids;
 * - `got ID ATTEMPTS NUMBER TIME`: a message was handed out, as it was enqueued;
 *   this line is all the effect that working on it has;
 * - `will HOW ID`, `did HOW ID`: it is about to be settled, and that is durable;
 * - `lost HOW ID TIME`: it was not held any more;
 * - `compacting`, `compacted`, `closed`: what is done with the queue as a whole;
 * - `wrong …`: something that must not be.
 *
 * The job is read from the standard input.
 *
 * @module
 */

import { writeSync } from "node:fs";
import process from "node:process";
import type { DurableError, Message, MiniQueue } from "../../mod.ts";
import { Random } from "../fuzz/random.ts";
import { clockAhead, type Job, openFor } from "./job.ts";
import { type Call, type Payload, requestOf, requestsOf } from "./messages.ts";

/** How many calls a process makes: what it leaves must be worked off by another one. */
const MOST_CALLS = 120;
/** How long it lives if nobody kills it, in milliseconds. */
const LONGEST = 30_000;

/** How long it may take to work on a message, in milliseconds. */
const LONG_WORK = 20;

const pause = (time: number) =>
  new Promise<void>((resolve) => setTimeout(resolve, time));
const say = (line: string) => writeSync(1, `${line}\n`);

/** One job on an open queue. */
class Worker {
  readonly #job: Job;
  readonly #queue: MiniQueue<Payload>;
  readonly #random: Random;
  readonly #stop = new AbortController();
  readonly #now: () => number;
  #calls = 0;
  #done = 0;

  constructor(job: Job, queue: MiniQueue<Payload>) {
    this.#job = job;
    this.#queue = queue;
    this.#random = new Random(job.seed, job.round, 7);
    this.#now = clockAhead(job.ahead).now;
  }

  /** Works until enough is done. */
  async run(): Promise<void> {
    const { role, again } = this.#job;
    await Promise.all([
      role === "consume" ? undefined : this.#produce(again),
      role === "produce" ? undefined : this.#consume(),
      role === "produce" ? undefined : this.#compact(),
    ]);
    const { signal } = this.#stop;
    if (signal.aborted) return;
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  }

  async #produce(again: readonly Call[]): Promise<void> {
    for (const call of again) await this.#send(call);
    const writer = async () => {
      const { round } = this.#job;
      while (this.#calls < MOST_CALLS && !this.#stop.signal.aborted) {
        await this.#send({ round, n: ++this.#calls });
      }
    };
    const writers = this.#random.between(1, 6);
    await Promise.all(Array.from({ length: writers }, writer));
  }

  async #send(call: Call): Promise<void> {
    const requests = requestsOf(this.#job.seed, call);
    const [{ payload, ...options }] = requests;
    const ids = requests.length > 1
      ? await this.#queue.enqueueAll(requests)
      : [await this.#queue.enqueue(payload, options)];
    say(`sent ${call.round} ${call.n} ${ids.join(",")}`);
    this.#progress();
  }

  async #consume(): Promise<void> {
    const random = this.#random;
    const { signal } = this.#stop;
    const manner = random.pick(["claim", "dequeue", "process"] as const);
    const concurrency = random.between(1, 6);
    if (manner === "process") {
      const handler = (message: Message<Payload>) => this.#handle(message);
      await this.#queue.process(handler, { concurrency, signal });
      return;
    }
    while (!signal.aborted) {
      const ready = manner === "claim"
        ? await this.#queue.claim(concurrency)
        : [];
      const messages = ready.length > 0 ? ready : await this.#wait();
      await Promise.all(messages.map((message) => this.#takeUp(message)));
    }
  }

  /** The next message; none if enough is done before it comes. */
  async #wait(): Promise<Message<Payload>[]> {
    const { signal } = this.#stop;
    try {
      return [await this.#queue.dequeue({ signal })];
    } catch (error) {
      if (signal.aborted) return [];
      throw error;
    }
  }

  /** As a handler of `process`: some are settled by it, others by their end, which tells nobody. */
  async #handle(message: Message<Payload>): Promise<void> {
    if (this.#random.oneIn(2)) return await this.#takeUp(message);
    await this.#workOn(message);
    const how = this.#random.oneIn(8) ? "retry" : "ack";
    say(`will ${how} ${message.id}`);
    if (how === "retry") throw new Error("not now");
  }

  async #takeUp(message: Message<Payload>): Promise<void> {
    await this.#workOn(message);
    const { id } = message;
    const random = this.#random;
    const how = random.oneIn(10) ? "retry" : random.oneIn(20) ? "fail" : "ack";
    say(`will ${how} ${id}`);
    try {
      if (how === "ack") await message.ack();
      else if (how === "fail") await message.fail("no use");
      else await message.retry();
    } catch (error) {
      if ((error as DurableError).code !== "LEASE_LOST") throw error;
      return void say(`lost ${how} ${id} ${this.#now()}`);
    }
    say(`did ${how} ${id}`);
    this.#progress();
  }

  async #workOn(
    { id, payload, attempts, receipt }: Message<Payload>,
  ): Promise<void> {
    const want = JSON.stringify(requestOf(this.#job.seed, id).payload);
    const got = JSON.stringify(payload);
    if (got !== want) say(`wrong payload of ${id}: ${got.slice(0, 80)}`);
    const [number] = receipt.split(".");
    say(`got ${id} ${attempts} ${number} ${this.#now()}`);
    if (this.#random.oneIn(3)) await pause(this.#random.below(LONG_WORK));
  }

  async #compact(): Promise<void> {
    const step = this.#random.between(2, 12);
    for (
      let next = this.#random.below(step);
      !this.#stop.signal.aborted;
      next += step
    ) {
      while (this.#done < next && !this.#stop.signal.aborted) {
        await pause(1);
      }
      say("compacting"); // so that it can be killed in the middle of that
      await this.#queue.compact();
      say("compacted");
    }
  }

  #progress(): void {
    const { closeAfter = Infinity } = this.#job;
    if (++this.#done >= closeAfter) this.#stop.abort();
  }
}

async function main(): Promise<void> {
  say("ready");
  let input = "";
  for await (const chunk of process.stdin) input += chunk;
  if (input === "") return; // there is nothing to do any more
  const job = JSON.parse(input) as Job;
  // Whoever was to kill it may be gone; until then it does not end by itself.
  setTimeout(() => process.exit(), LONGEST);
  say(`begin ${clockAhead(job.ahead).now()}`);
  const queue = await openFor(job);
  say("open");
  await new Worker(job, queue).run();
  const { compactionError } = queue.stats();
  if (compactionError) say(`wrong compaction: ${compactionError}`);
  await queue.close();
  say("closed");
  process.exit();
}

main().catch((error) => {
  say(`wrong ${String(error).replaceAll("\n", " ")}`);
  process.exit(1);
});
