import { assert, assertEquals } from "@std/assert";
import type { Message, MiniQueue } from "../mod.ts";
import { SeededRandom } from "../src/testing/random.ts";
import { test } from "./support/harness.ts";
import { all, type Jobs, openJobs, reopen } from "./support/queues_b.ts";

const LEASE = 1000;

/** A message as a plain model sees it. */
interface Known {
  notBefore: number;
  until: number;
  isDead: boolean;
}

/** Asserts that the queue shows what the model says. */
async function assertAlike(
  queue: MiniQueue<number>,
  known: ReadonlyMap<number, Known>,
  now: number,
  seed: number,
): Promise<void> {
  const counts = { ready: 0, delayed: 0, leased: 0, dead: 0 };
  const states = new Map<number, string>();
  for (const [payload, { notBefore, until, isDead }] of known) {
    const state = isDead
      ? "dead"
      : until > now
      ? "leased"
      : notBefore > now && until === 0
      ? "delayed"
      : "ready";
    counts[state]++;
    states.set(payload, state);
  }
  const what = `seed ${seed}`;
  const { ready, delayed, leased, dead, totals } = queue.stats();
  assertEquals({ ready, delayed, leased, dead }, counts, what);
  assertEquals(queue.size, known.size - dead, what);
  assertEquals(
    totals.enqueued - totals.acknowledged - totals.cleared - totals.purged,
    known.size,
    what,
  );
  assertEquals(totals.buried - totals.redriven - totals.purged, dead, what);
  const listed = [
    ...await all(queue.list()),
    ...await all(queue.deadLetters.list()),
  ];
  assertEquals(
    new Map(listed.map(({ payload, state }) => [payload, state])),
    states,
    what,
  );
}

test("MiniQueue.stats() and list() agree with a plain model over random histories, with restarts and compactions", async () => {
  for (let seed = 1; seed <= 12; seed++) {
    const random = new SeededRandom(seed);
    const options = {
      visibilityTimeout: LEASE,
      maxAttempts: 1_000_000,
      maxSegmentBytes: 2000,
      payloadMemory: seed % 3 * 500,
    };
    let jobs: Jobs<number> = await openJobs<number>(options);
    const known = new Map<number, Known>();
    let held: Message<number>[] = [];
    let last = 0;
    const { clock } = jobs;
    const waiting = () =>
      [...known.values()].filter(({ isDead, until }) =>
        !isDead && until <= clock.now()
      ).length;
    for (let step = 0; step < 150; step++) {
      const { queue } = jobs;
      const now = clock.now();
      held = held.filter(({ payload, signal }) =>
        known.has(payload) && !signal.aborted
      );
      const kind = random.below(14);
      const message = held.length > 0 ? random.pick(held) : undefined;
      const entry = message && known.get(message.payload);
      if (kind >= 7 && kind <= 9) {
        held = held.filter((other) => other !== message);
      }
      if (kind < 3) {
        const payload = ++last;
        const delay = random.below(3) * 400;
        await queue.enqueue(payload, {
          delay,
          priority: random.below(3),
          ...(random.below(3) === 0 ? { group: `g${random.below(2)}` } : {}),
        });
        known.set(payload, { notBefore: now + delay, until: 0, isDead: false });
      } else if (kind < 6) {
        for (const one of await queue.claim(1 + random.below(3))) {
          held.push(one);
          const entry = known.get(one.payload);
          assert(entry && entry.until <= now && entry.notBefore <= now);
          entry.until = now + LEASE;
        }
      } else if (kind === 6) clock.advance(random.below(3) * 300);
      else if (kind === 7 && message) {
        await message.ack();
        known.delete(message.payload);
      } else if (kind === 8 && message && entry) {
        const delay = random.below(2) * 700;
        await message.retry({ delay, reason: "again" });
        Object.assign(entry, { notBefore: now + delay, until: 0 });
      } else if (kind === 9 && message && entry) {
        await message.fail("bad");
        entry.isDead = true;
      } else if (kind === 10 && message && entry) {
        await message.extend(2 * LEASE);
        entry.until = now + 2 * LEASE;
      } else if (kind === 11) {
        if (random.below(3) > 0) {
          await queue.deadLetters.redrive();
          for (const one of known.values()) {
            if (one.isDead) {
              Object.assign(one, { isDead: false, until: 0, notBefore: 0 });
            }
          }
        } else {
          await queue.deadLetters.purge();
          for (const [payload, { isDead }] of [...known]) {
            if (isDead) known.delete(payload);
          }
        }
      } else if (kind === 12 && random.below(5) === 0) {
        assertEquals(await queue.clear(), waiting(), `seed ${seed}`);
        for (const [payload, { isDead, until }] of [...known]) {
          if (!isDead && until <= now) known.delete(payload);
        }
      } else if (kind === 13) {
        if (random.below(2)) await queue.compact().catch(() => {});
        else {
          await queue.close();
          jobs = await reopen(jobs, options);
          held = [];
        }
      }
      await assertAlike(jobs.queue, known, clock.now(), seed);
    }
    await jobs.queue.close();
  }
});
