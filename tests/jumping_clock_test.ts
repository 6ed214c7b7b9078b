import { assertEquals } from "@std/assert";
import type { Message } from "../mod.ts";
import { SeededRandom } from "../src/testing/random.ts";
import { codeOf } from "./support/queues_b.ts";
import { test } from "./support/harness.ts";
import { Jobs, LEASE, START } from "./support/queues.ts";

const GROUPS = ["g", "h"];
const MINUTE = 60_000;

/** A queue of groups whose clock jumps, seen as its consumers see it. */
class JumpyGroups {
  readonly #jobs: Jobs;
  readonly #random: SeededRandom;
  #held: Message<string>[] = [];
  #added = 0;
  #time = START;

  constructor(jobs: Jobs, random: SeededRandom) {
    this.#jobs = jobs;
    this.#random = random;
  }

  async step(): Promise<void> {
    const random = this.#random;
    const { clock } = this.#jobs;
    const roll = random.below(100);
    if (roll < 20) await this.#enqueue();
    else if (roll < 45) await this.#take();
    else if (roll < 60) await this.#settle();
    else if (roll < 70) clock.advance(random.below(2 * LEASE));
    else if (roll < 86) this.#jump();
    else if (roll < 94) await this.#jobs.queue.deadLetters.redrive();
    else if (roll < 97) await this.#restart(() => this.#jobs.reopen());
    else await this.#restart(() => this.#jobs.kill());
    await this.#check();
  }

  /** By far, to a time that the clock has shown before, or to about now. */
  #jump(): void {
    const { clock } = this.#jobs;
    const random = this.#random;
    const now = clock.now();
    const before = this.#time;
    this.#time = now;
    clock.set(
      random.pick([
        now - random.below(3 * LEASE),
        now - 1000 - random.below(10 * LEASE),
        now + random.below(20 * LEASE),
        now - MINUTE,
        before,
      ]),
    );
  }

  async #enqueue(): Promise<void> {
    const random = this.#random;
    await this.#jobs.queue.enqueue(`t${++this.#added}`, {
      group: random.pick(GROUPS),
      priority: random.below(3),
      maxAttempts: 1 + random.below(3),
    });
  }

  async #take(): Promise<void> {
    const random = this.#random;
    const visibilityTimeout = random.pick([LEASE, 10 * LEASE, 30 * LEASE]);
    const { queue } = this.#jobs;
    this.#held.push(...await queue.claim(3, { visibilityTimeout }));
  }

  async #settle(): Promise<void> {
    if (this.#held.length === 0) return;
    const message = this.#random.pick(this.#held);
    const lease = this.#jobs.queue.lease(message.receipt);
    const code = await codeOf(
      this.#random.pick([
        () => lease.fail("no"),
        () => lease.fail("no"),
        () => lease.retry(),
        () => lease.ack(),
        () => lease.extend(5 * LEASE),
        () => lease.extend(20 * LEASE),
      ])(),
    );
    assertEquals(["none", "LEASE_LOST"].includes(code), true, code);
  }

  async #restart(how: () => Promise<unknown>): Promise<void> {
    await how();
    this.#held = this.#held.slice(-6);
  }

  /** Of a group one message is held at most, by what is shown and by what is accepted. */
  async #check(): Promise<void> {
    const { queue } = this.#jobs;
    const leased = await Array.fromAsync(queue.list({ state: "leased" }));
    assertEquals(queue.stats().leased, leased.length);
    for (const group of GROUPS) {
      const out = leased.filter((one) => one.group === group);
      const ids = out.map(({ id }) => id);
      assertEquals(ids.length <= 1, true, `out together: ${ids}`);
    }
  }
}

test("MiniQueue holds one message of a group at a time, however the clock is set, in random histories", async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const jobs = await Jobs.open();
    const random = new JumpyGroups(jobs, new SeededRandom(seed));
    for (let step = 1; step <= 80; step++) {
      await random.step().catch((error) => {
        throw new Error(`seed ${seed}, step ${step}`, { cause: error });
      });
    }
    await jobs.queue.close();
  }
});
