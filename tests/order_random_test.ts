import { assertEquals } from "@std/assert";
import type { Message } from "../mod.ts";
import { SeededRandom } from "../src/testing/random.ts";
import { test } from "./support/harness.ts";
import { type Job, QueueModel, type Wish } from "./support/queue_model.ts";
import { Jobs, LEASE } from "./support/queues.ts";

/** One queue, one model, and what was handed out and not settled. */
class Random {
  readonly #jobs: Jobs;
  readonly #model = new QueueModel(LEASE);
  readonly #random: SeededRandom;
  #held: { readonly receipt: string; readonly job: Job; token: number }[] = [];
  #added = 0;

  constructor(jobs: Jobs, random: SeededRandom) {
    this.#jobs = jobs;
    this.#random = random;
  }

  /** Does something, on both. */
  async step(): Promise<void> {
    const random = this.#random;
    const { clock } = this.#jobs;
    const roll = random.below(100);
    if (roll < 30) await this.#enqueue();
    else if (roll < 55) await this.#take();
    else if (roll < 80) await this.#settle();
    else if (roll < 90) clock.advance(random.below(LEASE));
    else if (roll < 94) await this.#redrive();
    else if (roll < 96) await this.#jobs.reopen();
    else if (roll < 98) await this.#jobs.kill();
    else await this.#jobs.queue.compact();
  }

  /** Takes all that is left. */
  async end(): Promise<void> {
    this.#jobs.clock.advance(1_000_000);
    while (await this.#take());
    const dead = this.#model.dead.map(({ text, reason }) => [text, reason]);
    assertEquals<unknown>(await this.#jobs.dead(), dead);
    assertEquals(this.#jobs.queue.size, this.#model.jobs.length);
  }

  async #enqueue(): Promise<void> {
    const random = this.#random;
    const wish: Wish = {
      text: `t${++this.#added}`,
      priority: random.below(3) - 1,
      group: random.pick([undefined, undefined, "g", "h"]),
      delay: random.pick([0, 0, 0, random.below(2 * LEASE)]),
      maxAttempts: 1 + random.below(3),
      ...(random.below(6) > 0 ? {} : { expiresIn: random.below(LEASE) }),
    };
    const { queue, clock } = this.#jobs;
    const { text, ...options } = wish;
    const id = await queue.enqueue(text, options);
    this.#model.add(Number(id), wish, clock.now());
  }

  async #take(): Promise<boolean> {
    const { queue, clock } = this.#jobs;
    const message: Message<string> | undefined = await queue.tryDequeue();
    const job = this.#model.take(clock.now());
    assertEquals(
      message && [message.payload, message.attempts, message.reason],
      job && [job.text, job.attempts, job.reason],
    );
    if (!message || !job) return false;
    const { receipt } = message;
    this.#held.push({ receipt, job, token: job.token });
    return true;
  }

  async #settle(): Promise<void> {
    if (this.#held.length === 0) return;
    const random = this.#random;
    const { queue, clock } = this.#jobs;
    const one = random.pick(this.#held);
    this.#held = this.#held.filter((other) => other !== one);
    const now = clock.now();
    const { job, token } = one;
    const isHeld = this.#model.isHeld(job, token, now);
    const lease = queue.lease(one.receipt);
    const roll = random.below(4);
    const delay = random.pick([0, random.below(LEASE)]);
    const done = roll === 0
      ? lease.ack()
      : roll === 1
      ? lease.retry({ delay, reason: "back" })
      : roll === 2
      ? lease.fail("failed")
      : lease.extend(delay + 1);
    const end = await done.then(() => "done", ({ code }) => code);
    assertEquals(end, isHeld ? "done" : "LEASE_LOST");
    if (!isHeld) return;
    if (roll === 0) this.#model.remove(job);
    else if (roll === 2) this.#model.bury(job, "failed");
    else if (roll === 3) job.leasedUntil = now + delay + 1;
    else if (job.attempts >= job.maxAttempts) this.#model.bury(job, "back");
    else {
      job.reason = "back";
      this.#model.giveBack(job, now + delay);
    }
  }

  async #redrive(): Promise<void> {
    const model = this.#model;
    const numbers = model.dead.map(({ number }) => number);
    const chosen = this.#random.some(numbers, 2);
    const { deadLetters } = this.#jobs.queue;
    assertEquals(await deadLetters.redrive(chosen.map(String)), chosen.length);
    model.redrive(chosen);
  }
}

test("MiniQueue does what a simple model does, in random histories", async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const jobs = await Jobs.open();
    const random = new Random(jobs, new SeededRandom(seed));
    for (let step = 1; step <= 120; step++) {
      await random.step().catch((error) => {
        throw new Error(`seed ${seed}, step ${step}`, { cause: error });
      });
    }
    await random.end().catch((error) => {
      throw new Error(`seed ${seed}, end`, { cause: error });
    });
    await jobs.queue.close();
  }
});
