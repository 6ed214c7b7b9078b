/**
 * Queues on a disk that is slower than their leases, seen as consumers see them. What
 * must hold is written down here in plain JavaScript, without the code of the queue:
 *
 * 1. attempts of a message that consumers see count up by one, without gaps;
 * 2. a message becomes a dead letter only after `maxAttempts` hand-outs were seen;
 * 3. a message is handed out again only when its consumer had it for the whole
 *    visibility timeout, or has given it back;
 * 4. of a group, one message is with a consumer at a time;
 * 5. everything that was enqueued ends: acknowledged once, or dead.
 */

import { assert, assertEquals } from "@std/assert";
import type { Message } from "../mod.ts";
import { SeededRandom } from "../src/testing/random.ts";
import { test } from "./support/harness.ts";
import {
  assertCounts,
  type Jobs as Open,
  openJobs,
} from "./support/queues_b.ts";
import { SlowDisk } from "./support/slow_disk.ts";

const LEASE = 100;
const MAX_ATTEMPTS = 3;
const MESSAGES = 40;
/** More steps than any history needs. */
const MOST = 20_000;

/** What consumers have seen of a message. */
interface Seen {
  attempts: number;
  /** Until when whoever has it may keep it at least; nothing if it was given back. */
  heldUntil: number | undefined;
  end: "acked" | "dead" | undefined;
  /** Whether its last consumer has failed it. */
  failed: boolean;
}

/** A queue in use, and what must hold of it. */
class Watched {
  readonly #jobs: Open<string>;
  readonly #disk: SlowDisk;
  readonly #random: SeededRandom;
  readonly #seen = new Map<string, Seen>();
  readonly #stop = new AbortController();
  readonly #problems: string[] = [];

  constructor(jobs: Open<string>, random: SeededRandom) {
    this.#jobs = jobs;
    this.#random = random;
    this.#disk = new SlowDisk(jobs.fileSystem, jobs.clock);
    this.#disk.nextSync = () => this.#stall();
  }

  /** Lets consumers of all kinds work off what producers enqueue. */
  async run(): Promise<void> {
    const { queue, clock } = this.#jobs;
    const work = [
      ...["poll", "wait", "wait", "claim", "give up"].map((how) =>
        this.#consume(how)
      ),
      this.#iterate(),
      queue.process((message) => this.#handle(message, true), {
        concurrency: 4,
        signal: this.#stop.signal,
      }),
      queue.process((message) => this.#handle(message), {
        concurrency: 2,
        signal: this.#stop.signal,
        autoExtend: false,
      }),
    ];
    const produced = this.#produce();
    for (let step = 0; this.#left(queue.size) > 0; step++) {
      assert(step < MOST, `${queue.size} messages are left`);
      await this.#disk.quiet();
      clock.advance(1 + this.#random.below(LEASE / 4));
    }
    await produced;
    this.#disk.takes(0);
    this.#stop.abort();
    await this.#checkDead();
    await queue.close();
    let isOver = false;
    const ended = Promise.allSettled(work).finally(() => isOver = true);
    for (let step = 0; !isOver; step++) {
      assert(step < MOST, "consumers do not end");
      await this.#disk.quiet();
      clock.advance(LEASE);
    }
    for (const end of await ended) {
      const { reason } = end as PromiseRejectedResult;
      const code = reason?.code ?? "none";
      if (!["none", "CLOSED"].includes(code)) this.#problems.push(`${reason}`);
    }
    assertEquals(this.#problems, []);
  }

  #left(size: number): number {
    return this.#seen.size < MESSAGES ? 1 : size;
  }

  /** Most syncs are fast, some take longer than a lease, and some much longer. */
  #stall(): number {
    const roll = this.#random.below(100);
    if (roll < 70) return 0;
    if (roll < 85) return this.#random.below(LEASE);
    return roll < 97 ? LEASE + this.#random.below(LEASE) : 10 * LEASE;
  }

  async #produce(): Promise<void> {
    const random = this.#random;
    for (let n = 0; n < MESSAGES; n++) {
      const seen = { attempts: 0, heldUntil: undefined, failed: false };
      this.#seen.set(`m${n}`, { ...seen, end: undefined });
      await this.#jobs.queue.enqueue(`m${n}`, {
        group: random.pick([undefined, undefined, "g", "h"]),
        priority: random.below(3),
      });
    }
  }

  async #consume(how: string): Promise<void> {
    const { queue } = this.#jobs;
    while (!this.#stop.signal.aborted) {
      for (const message of await this.#take(how)) {
        await this.#use(message).catch(() => {}); // it was lost, and that is right
      }
      await this.#pass(1 + this.#random.below(LEASE));
    }
    assertEquals(queue.isPaused, false);
  }

  async #take(how: string): Promise<Message<string>[]> {
    const { queue, clock } = this.#jobs;
    if (how === "claim") return this.#got(await queue.claim(3));
    if (how === "poll") {
      const message = await queue.tryDequeue();
      return this.#got(message ? [message] : []);
    }
    const stop = new AbortController();
    const time = how === "wait" ? 1000 * LEASE : this.#random.below(LEASE);
    const cancel = clock.setTimer(() => stop.abort(), time);
    const signal = AbortSignal.any([stop.signal, this.#stop.signal]);
    const message = await queue.dequeue({ signal }).catch((error) => {
      if (error !== signal.reason) throw error;
    });
    cancel();
    return this.#got(message ? [message] : []);
  }

  async #iterate(): Promise<void> {
    for await (const message of this.#jobs.queue) {
      this.#got([message]);
      await this.#use(message).catch(() => {});
    }
  }

  async #handle(message: Message<string>, isExtended = false): Promise<void> {
    this.#got([message]);
    const seen = this.#of(message);
    const { attempts } = message;
    await this.#pass(this.#random.below(LEASE * 3));
    // If it was lost meanwhile, what happens here changes nothing.
    if (seen.attempts !== attempts) {
      if (isExtended) {
        this.#problems.push(`${message.payload} was not extended`);
      }
      return;
    }
    seen.heldUntil = undefined;
    if (this.#random.below(4) > 0) return;
    seen.failed = true;
    throw new Error("busy");
  }

  /** Works on a message for a while, and settles it in one of the ways there are. */
  async #use(message: Message<string>): Promise<void> {
    const random = this.#random;
    const { clock } = this.#jobs;
    const seen = this.#of(message);
    const { attempts } = message;
    await this.#pass(random.below(LEASE * 1.2));
    if (seen.attempts !== attempts) return;
    if (random.below(3) === 0) {
      // While it is written the lease does not run; it is ours until it is known to be lost.
      const held = seen.heldUntil;
      seen.heldUntil = Infinity;
      await message.extend(LEASE).then(
        () => seen.heldUntil = clock.now() + LEASE,
        (error) => {
          if (seen.attempts === attempts) seen.heldUntil = held;
          throw error;
        },
      );
      await this.#pass(random.below(LEASE));
      if (seen.attempts !== attempts) return;
    }
    const roll = random.below(10);
    const isOurs = (seen.heldUntil ?? 0) > clock.now();
    const done = roll < 6
      ? message.ack()
      : roll < 8
      ? message.retry({ reason: "back" })
      : roll < 9
      ? message.release()
      : message.fail("no");
    if (isOurs) {
      seen.heldUntil = undefined;
      if (roll >= 9) seen.failed = true;
      if (roll === 8) seen.attempts--;
    }
    await done.then(
      () => {
        if (roll < 6) this.#ends(message.payload, "acked");
      },
      (error) => {
        if (isOurs) {
          this.#problems.push(`${message.payload} was lost early: ${error}`);
        }
        throw error;
      },
    );
  }

  #of({ payload }: { readonly payload: string }): Seen {
    const seen = this.#seen.get(payload);
    assert(seen, `${payload} was never enqueued`);
    return seen;
  }

  /** Rules 1, 3 and 4, when messages are handed out. */
  #got(messages: Message<string>[]): Message<string>[] {
    const now = this.#jobs.clock.now();
    for (const message of messages) {
      const { payload, attempts, group } = message;
      const seen = this.#of(message);
      const what = `${payload}, attempt ${attempts}`;
      if (seen.end) this.#problems.push(`${what}: it is ${seen.end}`);
      if (attempts !== seen.attempts + 1) {
        this.#problems.push(`${what} after attempt ${seen.attempts}`);
      }
      if ((seen.heldUntil ?? 0) > now) {
        this.#problems.push(`${what} while it is held`);
      }
      for (const [other, { heldUntil = 0 }] of this.#seen) {
        if (group === undefined || other === payload || heldUntil <= now) {
          continue;
        }
        if (this.#groups.get(other) === group) {
          this.#problems.push(`${what} beside ${other} of its group`);
        }
      }
      if (group !== undefined) this.#groups.set(payload, group);
      seen.attempts = attempts;
      seen.failed = false;
      // A handler with autoExtend may keep it for longer; nobody may have it sooner.
      seen.heldUntil = now + LEASE;
    }
    return messages;
  }

  readonly #groups = new Map<string, string>();

  #ends(payload: string, end: "acked" | "dead"): void {
    const seen = this.#of({ payload });
    if (seen.end) this.#problems.push(`${payload} is ${seen.end} and ${end}`);
    seen.end = end;
  }

  /** Rules 2 and 5, when everything is over. */
  async #checkDead(): Promise<void> {
    const { queue } = this.#jobs;
    for await (const { payload, reason } of queue.deadLetters.list()) {
      const { attempts, failed } = this.#of({ payload });
      if (attempts < MAX_ATTEMPTS && !failed) {
        this.#problems.push(
          `${payload} is dead after ${attempts} hand-outs: ${reason}`,
        );
      }
      this.#ends(payload, "dead");
    }
    const { dead, totals } = queue.stats();
    assertCounts(queue, { dead });
    assertEquals(totals.acknowledged + dead, MESSAGES);
  }

  /** Waits by the clock of the queue. */
  #pass(time: number): Promise<void> {
    return new Promise((resolve) =>
      void this.#jobs.clock.setTimer(resolve, time)
    );
  }
}

test("MiniQueue on a disk slower than its leases counts no attempt and buries no message that no consumer has had", async () => {
  for (let seed = 1; seed <= 12; seed++) {
    const jobs = await openJobs<string>({
      visibilityTimeout: LEASE,
      maxAttempts: MAX_ATTEMPTS,
      backoff: LEASE / 2,
      payloadMemory: seed % 2 === 0 ? 0 : undefined,
    });
    const watched = new Watched(jobs, new SeededRandom(seed));
    await watched.run().catch((error) => {
      throw new Error(`seed ${seed}`, { cause: error });
    });
  }
});
