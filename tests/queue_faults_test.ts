import { assert, assertEquals } from "@std/assert";
import type { DurableError, Message, MiniQueue } from "../mod.ts";
import {
  FakeClock,
  type Fault,
  type OperationKind,
  SimulatedFileSystem,
} from "../src/testing/mod.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import {
  all,
  Gate,
  isPending,
  type Jobs,
  openJobs,
  turn,
} from "./support/queues_b.ts";

const OPTIONS = { maxSegmentBytes: 400, payloadMemory: 300, backoff: 0 };

/** What a caller knows of the messages it has dealt with. */
class Ledger {
  /** Enqueued, as `enqueue` has said. */
  readonly sure: Set<string> = new Set();
  /** Handed in. */
  readonly tried: Set<string> = new Set();
  /** Acknowledged, or purged, as the queue has said. */
  readonly gone: Set<string> = new Set();
  /** Asked for to be acknowledged. */
  readonly going: Set<string> = new Set();
  /** The attempts that handlers have seen. */
  readonly attempts: Map<string, number> = new Map();

  /** Asserts that a queue holds what was promised. */
  async check(queue: MiniQueue<string>, what: string): Promise<void> {
    const listed = [
      ...await all(queue.list()),
      ...await all(queue.deadLetters.list()),
    ];
    const found = new Map(listed.map((one) => [one.payload, one]));
    assertEquals(found.size, listed.length, `${what}: one is there twice`);
    for (const payload of found.keys()) {
      assert(this.tried.has(payload), `${what}: ${payload} was never enqueued`);
      assert(!this.gone.has(payload), `${what}: ${payload} is back`);
    }
    for (const payload of this.sure) {
      if (this.going.has(payload)) continue;
      assert(found.has(payload), `${what}: ${payload} is lost`);
    }
    for (const [payload, attempts] of this.attempts) {
      const counted = found.get(payload)?.attempts ?? Infinity;
      assert(
        counted >= attempts,
        `${what}: ${payload} was handed out ${attempts} times, and ${counted} are counted`,
      );
    }
  }
}

/** Everything that can be seen of a queue. */
async function seen(queue: MiniQueue<string>): Promise<unknown> {
  const { compactionError: _, ...stats } = queue.stats();
  return {
    size: queue.size,
    stats,
    listed: await all(queue.list()),
    dead: await all(queue.deadLetters.list()),
  };
}

/** The operations of a small history; each is awaited before the next. */
function history(
  queue: MiniQueue<string>,
  ledger: Ledger,
): readonly (() => Promise<unknown>)[] {
  let held: Message<string>[] = [];
  const enqueue = async (...names: string[]) => {
    for (const name of names) ledger.tried.add(name);
    await queue.enqueueAll(names.map((payload) => ({ payload })));
    for (const name of names) ledger.sure.add(name);
  };
  const take = async (count: number) => {
    held = await queue.claim(count);
    for (const { payload, attempts } of held) {
      ledger.attempts.set(payload, attempts);
    }
  };
  const leave = async (run: () => Promise<unknown>, ...names: string[]) => {
    for (const name of names) ledger.going.add(name);
    await run();
    for (const name of names) ledger.gone.add(name);
  };
  return [
    () => enqueue("a"),
    () => enqueue("b", "c", "d"),
    () => take(3),
    () => leave(() => held[0].ack(), "a"),
    () => held[1].extend(60_000),
    () => held[2].fail("bad"),
    () => enqueue("e".repeat(200)),
    () => held[1].retry(),
    () => queue.compact(),
    () => take(2),
    () => leave(() => held[0].ack(), "b"),
    () => queue.compact(),
    () => {
      ledger.attempts.delete("c"); // it is as if it had never been handed out
      return queue.deadLetters.redrive();
    },
    () => enqueue("f"),
    () => take(3),
    () => held[0].fail("worse"),
    () => leave(() => queue.deadLetters.purge(), held[0].payload),
    () => queue.compact(),
  ];
}

/** Ways to fail, the first call that does, and how many are left out: one way is tried at every call. */
const FAULTS: Record<string, readonly [Partial<Fault>, number, number]> = {
  "call that fails": [{}, 1, 1],
  "call that fails, and is done all the same": [{ persisted: true }, 1, 7],
  "sync whose data is seen but not on disk (F1)": [{ sync: "F1" }, 2, 7],
  "sync whose data is given up (F2)": [{ sync: "F2" }, 3, 7],
  "sync that leaves the disk read-only (F3)": [{ sync: "F3" }, 4, 7],
};
const KINDS: readonly OperationKind[] = [
  "write",
  "dataSync",
  "sync",
  "syncDir",
  "create",
  "rename",
  "remove",
  "truncate",
];

for (const [name, [fault, first, step]] of Object.entries(FAULTS)) {
  test(`MiniQueue keeps its promises behind any ${name}`, async () => {
    let hits = 0;
    let failures = 0;
    for (let at = first;; at += step) {
      const what = `call ${at} ${name}`;
      const clock = new FakeClock();
      const fileSystem = new SimulatedFileSystem();
      const ledger = new Ledger();
      const { queue } = await openJobs<string>(OPTIONS, fileSystem, clock);
      fileSystem.inject({ kinds: KINDS, errno: "EIO", at, ...fault });
      let failure: DurableError | undefined;
      let shown = await seen(queue);
      for (const operate of history(queue, ledger)) {
        const code = await operate().then(() => "none", (error) => {
          if (error.code === "FAILED") failure ??= error;
          return error.code ?? String(error);
        });
        if (code === "none") {
          shown = await seen(queue);
          continue;
        }
        // What is shown stays where it was when all was well.
        assertEquals(await seen(queue), shown, `${what}: ${code}`);
        if (!failure) continue; // a compaction: nothing is lost by that
        break;
      }
      const wasHit = fileSystem.operations.some(({ fault }) => fault);
      if (failure) {
        failures++;
        for (
          const call of [
            () => queue.enqueue("late"),
            () => queue.dequeue(),
            () => queue.claim(1),
            () => queue.clear(),
            () => queue.compact(),
            () => queue.idle(),
            () => queue.process(() => {}),
          ]
        ) {
          assertEquals(await call().catch((error) => error), failure, what);
        }
      }
      await queue.close().catch(() => {});
      // The program ends, and begins again; or the power is cut.
      const disks = [new SimulatedFileSystem({ image: fileSystem.visible })];
      for (const { image } of fileSystem.crashStates({ limit: 1 })) {
        disks.push(new SimulatedFileSystem({ image }));
      }
      for (const disk of disks) {
        const again = await openJobs<string>(OPTIONS, disk, clock);
        await ledger.check(again.queue, what);
        await again.queue.enqueue("next");
        await again.queue.close();
      }
      if (!wasHit) break;
      hits++;
    }
    assert(hits * step > 100, `${hits} calls`);
    assert(failures * step > 40, `${failures} failures`);
  });
}

/** A queue in which everything that can be under way is under way, with a sync that is held. */
async function busy(): Promise<
  Jobs<string> & {
    readonly gate: Gate;
    readonly running: Record<string, Promise<unknown>>;
  }
> {
  const jobs = await openJobs<string>();
  const { fileSystem, queue } = jobs;
  for (let n = 0; n < 6; n++) await queue.enqueue(`${n}`);
  const held = await queue.claim(6);
  await held[5].fail("bad");
  const gate = new Gate(fileSystem);
  const running: Record<string, Promise<unknown>> = {
    waiting: queue.dequeue(),
    idle: queue.idle(),
    process: queue.process(() => {}),
    ack: held[0].ack(),
    retry: held[1].retry({ delay: 5 }),
    release: held[2].release(5),
    fail: held[3].fail("bad"),
    extend: held[4].extend(50),
    redrive: queue.deadLetters.redrive(),
    enqueue: queue.enqueue("x"),
    enqueueAll: queue.enqueueAll([{ payload: "y" }, { payload: "z" }]),
    claim: queue.claim(2),
    "enqueueAll() of nothing": queue.enqueueAll([]),
    iteration: queue[Symbol.asyncIterator]().next(),
  };
  for (const one of Object.values(running)) one.catch(() => {});
  await turn();
  return { ...jobs, gate, running };
}

for (const kind of ["dataSync", "write"] as const) {
  test(`MiniQueue tells everything that is under way when a ${kind} fails, with one error, and goes on with nothing`, async () => {
    const { fileSystem, queue, clock, gate, running } = await busy();
    const before = await seen(queue);
    for (const [name, one] of Object.entries(running)) {
      assert(await isPending(one), `${name} is done before the sync`);
    }
    fileSystem.inject({ kinds: [kind], errno: "ENOSPC" });
    gate.open();
    await turn();
    const errors = new Set<unknown>();
    let resolved = 0;
    for (const [name, one] of Object.entries(running)) {
      assert(!await isPending(one), `${name} waits on`);
      await one.then(() => resolved++, (error) => errors.add(error));
    }
    const [error] = errors;
    assertEquals(errors.size, 1, [...errors].join("\n"));
    assertEquals((error as DurableError).code, "FAILED");
    if (kind === "dataSync") {
      assertEquals(resolved, 0);
      assertEquals(await seen(queue), before);
    }
    assertEquals(await queue.enqueue("late").catch((error) => error), error);
    await queue.close(); // in silence: it was said already
    assertEquals(clock.timers, 0);
  });
}

test("Message.ack() behind a failure rejects with it, whatever became of the lease", async () => {
  const { fileSystem, clock, queue } = await openJobs<string>();
  await queue.enqueueAll([{ payload: "a" }, { payload: "b" }]);
  const [one, two] = await queue.claim(2);
  fileSystem.inject({ kinds: ["dataSync"], errno: "EIO" });
  const error = await assertCode(() => one.ack(), "FAILED");
  for (
    const call of [
      () => one.ack(),
      () => one.retry(),
      () => two.ack(),
      () => two.extend(50),
      () => two.fail("bad"),
      () => two.release(),
    ]
  ) assertEquals(await call().catch((error) => error), error);
  clock.advance(90_000);
  assertEquals(await two.ack().catch((error) => error), error);
  await queue.close().catch(() => {});
});

test("MiniQueue.list() and peek() go on behind a failure, with what is durable", async () => {
  const { fileSystem, queue } = await openJobs<string>({ payloadMemory: 0 });
  await queue.enqueue("a");
  fileSystem.inject({ kinds: ["dataSync"], errno: "EIO", sync: "F1" });
  await assertCode(() => queue.enqueue("b", { priority: 1 }), "FAILED");
  assertEquals(queue.size, 1);
  assertEquals((await all(queue.list())).map(({ payload }) => payload), ["a"]);
  assertEquals((await queue.peek())?.payload, "a");
  await queue.close().catch(() => {});
});

test("MiniQueue.open() that fails at any call leaves the queue as it was, for the next one", async () => {
  const first = await openJobs<string>(OPTIONS);
  const ledger = new Ledger();
  const steps = history(first.queue, ledger);
  for (const operate of steps.slice(0, 12)) await operate();
  // It was killed: the log is not marked as closed.
  const killed = first.fileSystem.clone();
  await first.queue.close();
  const closed = first.fileSystem;
  closed.restart();
  for (const origin of [killed, closed]) {
    let hits = 0;
    for (let at = 1;; at++) {
      const disk = origin.clone();
      disk.inject({
        kinds: [...KINDS, "open-read", "open-write", "read", "stat", "lock"],
        errno: "EIO",
        at,
      });
      const outcome = await openJobs<string>(OPTIONS, disk, first.clock).then(
        ({ queue }) => queue.close().then(() => "open", () => "open"),
        (error) => error.code,
      );
      const wasHit = disk.operations.some(({ fault }) => fault);
      if (!wasHit) {
        assertEquals(outcome, "open");
        break;
      }
      hits++;
      disk.restart();
      const again = await openJobs<string>(OPTIONS, disk, first.clock);
      await ledger.check(again.queue, `call ${at}: ${outcome}`);
      await again.queue.close();
    }
    assert(hits > 15, `${hits} calls`);
  }
});
