import { assert, assertEquals } from "@std/assert";
import type { EnqueueOptions } from "../mod.ts";
import { SeededRandom } from "../src/testing/random.ts";
import { test } from "./support/harness.ts";
import { Jobs, JOURNAL } from "./support/queues.ts";
import { readText } from "./support/text.ts";

const WINDOW = 1000;
/** How many keys there must be before any is forgotten, and more. */
const MANY = 200;

/** A queue that remembers keys for {@linkcode WINDOW}. */
function open(): Promise<Jobs> {
  return Jobs.open({ dedupeWindow: WINDOW });
}

/** Both ways to name a message. */
const NAMES: readonly [string, (name: string) => EnqueueOptions][] = [
  ["dedupeKey", (name) => ({ dedupeKey: name })],
  ["id", (name) => ({ id: name })],
];

/** What is done between two calls. */
const BETWEEN: readonly [string, (jobs: Jobs) => Promise<unknown>][] = [
  ["at once", () => Promise.resolve()],
  ["over a restart", (jobs) => jobs.reopen()],
  ["over a kill", (jobs) => jobs.kill()],
  ["over a compaction", async (jobs) => {
    await jobs.queue.enqueue("so that the queue is not empty", { delay: 1e6 });
    await jobs.queue.compact();
    await jobs.reopen();
  }],
];

for (const [kind, named] of NAMES) {
  for (const [how, between] of BETWEEN) {
    test(`MiniQueue.enqueue() takes a message with a known ${kind} up to the end of the window only once, ${how}`, async () => {
      const jobs = await open();
      const first = await jobs.queue.enqueue("first", named("k"));
      assertEquals(first, kind === "id" ? "k" : "1");
      await (await jobs.take()).ack();
      await between(jobs);
      const { size } = jobs.queue;
      assertEquals(await jobs.queue.enqueue("again", named("k")), first);
      jobs.clock.advance(WINDOW - 1);
      await between(jobs);
      assertEquals(await jobs.queue.enqueue("again", named("k")), first);
      assertEquals(jobs.queue.stats().totals.acknowledged, 1);
      const { enqueued } = jobs.queue.stats().totals;
      jobs.clock.advance(1);
      await between(jobs);
      const next = await jobs.queue.enqueue("next", named("k"));
      assertEquals(next === first, kind === "id");
      assert(jobs.queue.stats().totals.enqueued > enqueued);
      assert(jobs.queue.size > size);
      assertEquals((await jobs.drain()).filter((p) => !p.startsWith("so ")), [
        "next",
      ]);
      await jobs.queue.close();
    });
  }

  test(`MiniQueue.enqueue() writes nothing for a message whose ${kind} is known`, async () => {
    const jobs = await open();
    await jobs.queue.enqueue("a", named("k"));
    const before = await readText(jobs.fileSystem, JOURNAL);
    await Promise.all([
      jobs.queue.enqueue("b", named("k")),
      jobs.queue.enqueueAll([
        { payload: "c", ...named("k") },
        { payload: "d", ...named("k") },
      ]),
    ]);
    assertEquals(await readText(jobs.fileSystem, JOURNAL), before);
    await jobs.queue.close();
  });

  test(`MiniQueue.enqueue() with a known ${kind} resolves when the first message is on disk`, async () => {
    const jobs = await open();
    const gate = Promise.withResolvers<void>();
    let isHeld = false;
    jobs.fileSystem.onOperation = ({ kind }) => {
      if (kind !== "dataSync") return undefined;
      isHeld = true;
      return gate.promise;
    };
    const ended: string[] = [];
    const first = jobs.queue.enqueue("a", named("k")).then((id) => {
      ended.push("first");
      return id;
    });
    const second = jobs.queue.enqueue("b", named("k")).then((id) => {
      ended.push("second");
      return id;
    });
    while (!isHeld) await Promise.resolve();
    assertEquals(ended, []);
    gate.resolve();
    assertEquals(await first, await second);
    assertEquals([ended.length, jobs.queue.size], [2, 1]);
    jobs.fileSystem.onOperation = () => {};
    await jobs.queue.close();
  });

  test(`MiniQueue.enqueueAll() takes one message of each ${kind}`, async () => {
    const jobs = await open();
    const texts = ["a", "b", "a", "c", "b", "a"];
    const ids = await jobs.queue.enqueueAll(
      texts.map((text) => ({ payload: text, ...named(text) })),
    );
    assertEquals(
      ids,
      kind === "id" ? texts : ["1", "2", "1", "3", "2", "1"],
    );
    assertEquals(await jobs.drain(), ["a", "b", "c"]);
    await jobs.queue.close();
  });

  test(`MiniQueue remembers each ${kind} for its window, among many that are over`, async () => {
    const jobs = await open();
    const { clock } = jobs;
    const enqueue = (name: string) => jobs.queue.enqueue(name, named(name));
    for (let n = 0; n < MANY; n++) await enqueue(`old ${n}`);
    await jobs.drain();
    clock.advance(WINDOW);
    // Among those that are over is the one that is taken anew.
    const first = await enqueue("old 0");
    assertEquals(await enqueue("old 0"), first);
    await jobs.reopen();
    assertEquals(await enqueue("old 0"), first);
    clock.advance(WINDOW - 1);
    for (let n = 1; n < MANY; n++) await enqueue(`old ${n}`);
    assertEquals(await enqueue("old 0"), first);
    assertEquals(jobs.queue.size, MANY);
    assertEquals((await jobs.drain()).length, MANY);
    clock.advance(1);
    await enqueue("old 0");
    assertEquals(jobs.queue.size, 1);
    await jobs.queue.close();
  });

  test(`MiniQueue forgets each ${kind} that is over: the state does not grow`, async () => {
    const jobs = await open();
    for (let round = 0; round < 10; round++) {
      await jobs.queue.enqueueAll(Array.from({ length: MANY }, (_, n) => ({
        payload: "x",
        ...named(`${round}.${n}`),
      })));
      await jobs.drain();
      jobs.clock.advance(WINDOW);
    }
    await jobs.queue.enqueue("last", named("last"));
    await jobs.queue.compact();
    const text = await readText(jobs.fileSystem, "jobs/snapshot.json");
    const { keys } = JSON.parse(text) as { keys: Record<string, unknown> };
    assert(Object.keys(keys).length < MANY, String(Object.keys(keys).length));
    await jobs.queue.close();
  });

  test(`MiniQueue.enqueue() takes any text for ${kind}`, async () => {
    const jobs = await open();
    const names = ["__proto__", "constructor", " ", "id:x", "key:x", "x", "é"];
    names.push("0x10", "1.5", "-1", "x".repeat(1024));
    for (let round = 1; round <= 2; round++) {
      for (const name of names) await jobs.queue.enqueue(name, named(name));
      await jobs.reopen();
    }
    assertEquals(await jobs.drain(), names);
    await jobs.queue.close();
  });

  test(`MiniQueue remembers each ${kind} for as long as a simple model does, in random histories`, async () => {
    for (let seed = 1; seed <= 15; seed++) {
      const random = new SeededRandom(seed);
      const jobs = await open();
      /** Until when a name is taken, and the message that has it. */
      const known = new Map<string, { until: number; id: string }>();
      const there = new Set<string>();
      let texts = 0;
      for (let step = 1; step <= 250; step++) {
        const where = `seed ${seed}, step ${step}`;
        const roll = random.below(100);
        const now = jobs.clock.now();
        if (roll < 70) {
          const requests = Array.from({ length: 1 + random.below(9) }, () => {
            const name = `n${random.below(100)}`;
            const dedupeWindow = random.pick([undefined, WINDOW, 300, 2500]);
            return {
              payload: `${++texts}`,
              ...named(name),
              dedupeWindow,
              name,
            };
          });
          const ids = await jobs.queue.enqueueAll(
            requests.map(({ name: _, ...request }) => request),
          );
          for (
            const [n, { name, payload, dedupeWindow }] of requests.entries()
          ) {
            const old = known.get(name);
            const isTaken = old !== undefined &&
              (old.until > now || (kind === "id" && there.has(old.id)));
            if (isTaken) assertEquals(ids[n], old.id, where);
            else {
              const until = now + (dedupeWindow ?? WINDOW);
              known.set(name, { until, id: ids[n] });
              there.add(ids[n]);
            }
            assert(Number(payload) <= texts);
          }
        } else if (roll < 80) jobs.clock.advance(random.below(WINDOW));
        else if (roll < 95) {
          for (const message of await jobs.queue.claim(30)) {
            await message.ack();
            assert(there.delete(message.id), where);
          }
        } else if (roll < 97) await jobs.kill();
        else await jobs.reopen();
        assertEquals(jobs.queue.size, there.size, where);
      }
      await jobs.queue.close();
    }
  });
}
